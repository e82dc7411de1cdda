//! Rules for secrets in gitleaks' form.

use dam_scan::{Detector, Secrets, SourceFile};

use crate::Target;

/// Any text as a file of rules gives rules or an error, and what they find is
/// within the text.
pub(crate) const GITLEAKS: Target = Target {
    name: "gitleaks",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        let Ok(secrets) = Secrets::default().with_rules(&text) else {
            return;
        };
        // The rules' own text is as good as another to be searched.
        let file = SourceFile::of_text("rules.toml", &text);
        for found in secrets.file(&file).findings {
            let sound = found.line >= 1 && found.end_line >= found.line;
            assert!(sound, "a line that is none");
        }
    },
    seeds: &[
        "[[rules]]\nid = \"a\"\nregex = '''(?i)key[\\s:=]{1,5}([a-z0-9]{8,20})'''\nsecretGroup = 1\nentropy = 2.5\nkeywords = [\"key\"]\n# key = a8k2m9x4q7\n",
        "[allowlist]\npaths = ['''x$''']\nregexes = ['''^\\$(?:\\d+|{\\d+})$''']\nstopwords = [\"abc\"]\n[[rules]]\nid = \"b\"\nregex = '''[[:alnum:]_[&-]+'''\npath = '''toml'''\n[[rules.allowlists]]\ncondition = \"AND\"\nregexTarget = \"line\"\nregexes = ['''z''']\n",
    ],
};
