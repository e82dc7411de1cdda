//! The patch language of the agent.

use std::path::Path;

use dam_agent::patch::{self, Change, Following};

use crate::Target;

/// Any text is a patch or an error, and so is a patch inside of a script; a
/// patch can be planned and its hunks tried on any file.
pub(crate) const PATCH: Target = Target {
    name: "patch",
    run: |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        let _ = patch::embedded(text);
        let (patch_text, file) = text.split_once('\0').unwrap_or((text, ""));
        let Ok(patch) = patch::parse(patch_text) else {
            return;
        };
        for change in &patch.changes {
            if let Change::Update { hunks, .. } = change {
                let _ = patch::apply_hunks(file.as_bytes(), hunks);
            }
        }
        // Somewhere that is not there: nothing is read.
        let _ = patch::plan(&patch, Path::new("/nonexistent/w"), Following::Links);
    },
    seeds: &[
        "*** Begin Patch\n*** Add File: a/b.txt\n+hello\n+world\n*** End Patch\n",
        "*** Begin Patch\n*** Update File: a\n*** Move to: b\n@@ fn x\n a\n-b\n+c\n*** End of File\n*** End Patch\n\0a\nb\n",
        "*** Begin Patch\n*** Delete File: a\n*** Update File: c\n@@\n-1\n+2\n@@\n x\n*** End Patch\0x\n1\nx\n",
        "cd x && apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\nEOF\n",
    ],
};
