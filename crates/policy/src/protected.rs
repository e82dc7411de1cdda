//! Names that turn into code or instructions later, protected in any
//! directory, whether or not they exist yet.

use std::path::{Path, PathBuf};

use crate::names::{is_same, names};

/// A protected name: one path component, or a few in sequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProtectedName {
    /// The components, in lower case. Everything at or below is protected.
    pub components: &'static [&'static str],
    /// What it would become, for the explanation.
    pub becomes: &'static str,
}

impl ProtectedName {
    /// The name as a path, spelled as programs write it: the files of
    /// instructions in capitals.
    pub fn usual_spelling(&self) -> PathBuf {
        let capitals = |name: &str| match name.strip_suffix(".md") {
            Some(stem) if !stem.contains('-') => format!("{}.md", stem.to_ascii_uppercase()),
            _ => name.to_owned(),
        };
        self.components.iter().map(|name| capitals(name)).collect()
    }
}

/// Every name that is protected by default.
///
/// The list is the design's rule 6. Longer entries protect only that sequence:
/// `.github` itself may be written, its workflows may not.
pub const PROTECTED_NAMES: &[ProtectedName] = &[
    name(
        &[".git"],
        "git configuration and hooks that run on the host",
    ),
    name(&[".gitmodules"], "repositories that git fetches and runs"),
    name(&[".cofferdam"], "settings of Cofferdam"),
    name(&[".codex"], "settings of a coding agent"),
    name(&[".claude"], "settings of a coding agent"),
    name(&[".agents"], "skills and settings of a coding agent"),
    name(&[".cursor"], "settings of a coding agent"),
    name(&[".windsurf"], "settings of a coding agent"),
    name(&[".gemini"], "settings of a coding agent"),
    name(&[".vscode"], "tasks that an editor runs"),
    name(&[".idea"], "tasks that an editor runs"),
    name(&[".mcp.json"], "servers that an agent starts"),
    name(
        &[".envrc"],
        "a script that the shell runs on entering the directory",
    ),
    name(&[".husky"], "hooks that git runs"),
    name(&[".github", "workflows"], "jobs that CI runs"),
    name(&[".github", "hooks"], "hooks that an agent runs"),
    name(
        &[".github", "copilot-instructions.md"],
        "instructions to a coding agent",
    ),
    name(&[".gitlab-ci.yml"], "jobs that CI runs"),
    name(&[".circleci"], "jobs that CI runs"),
    name(&["agents.md"], "instructions to a coding agent"),
    name(&["agents.override.md"], "instructions to a coding agent"),
    name(&["claude.md"], "instructions to a coding agent"),
    name(&["claude.local.md"], "instructions to a coding agent"),
    name(&["gemini.md"], "instructions to a coding agent"),
    name(&[".cursorrules"], "instructions to a coding agent"),
    name(&[".windsurfrules"], "instructions to a coding agent"),
    name(&[".bashrc"], "a script that the shell runs"),
    name(&[".bash_profile"], "a script that the shell runs"),
    name(&[".profile"], "a script that the shell runs"),
    name(&[".zshrc"], "a script that the shell runs"),
    name(&[".zshenv"], "a script that the shell runs"),
    name(&[".gitconfig"], "git configuration that runs on the host"),
];

const fn name(components: &'static [&'static str], becomes: &'static str) -> ProtectedName {
    ProtectedName {
        components,
        becomes,
    }
}

/// The protected name that `path` is or lies below, if any: the outermost.
///
/// Components are compared without regard to case and after compatibility
/// normalisation with invisible characters removed, because some file systems
/// compare that way (`.GIT`, `.g\u{200c}it`).
pub fn protected_name(path: &Path) -> Option<&'static ProtectedName> {
    protected_among(names(path))
}

/// As [`protected_name`], of the names in a path.
pub(crate) fn protected_among<'a>(
    mut names: impl Iterator<Item = &'a [u8]> + Clone,
) -> Option<&'static ProtectedName> {
    loop {
        let here = names.clone();
        if may_begin(names.next()?) {
            let is_here = |protected: &&ProtectedName| {
                let mut here = here.clone();
                let mut parts = protected.components.iter();
                parts.all(|part| here.next().is_some_and(|name| is_same(name, part)))
            };
            if let Some(found) = PROTECTED_NAMES.iter().find(is_here) {
                return Some(found);
            }
        }
    }
}

/// Whether `leaf` alone, in a directory of any name, begins a protected
/// sequence: what must be looked at again when a directory is renamed.
pub fn protected_component(leaf: &str) -> bool {
    PROTECTED_NAMES
        .iter()
        .any(|protected| is_same(leaf.as_bytes(), protected.components[0]))
}

/// Whether a name may begin a protected sequence, from its first character and
/// its length: most names are told apart by these already.
fn may_begin(name: &[u8]) -> bool {
    if !name.is_ascii() {
        return true;
    }
    let first = name.first().map_or(0, u8::to_ascii_lowercase);
    let lengths = BEGINNINGS.get(usize::from(first)).copied();
    name.len() < 64 && lengths.is_some_and(|lengths| lengths >> name.len() & 1 == 1)
}

/// For each first character of a protected sequence, how long its first name
/// may be: one bit for each length.
const BEGINNINGS: [u64; 128] = {
    let mut lengths = [0; 128];
    let mut at = 0;
    while at < PROTECTED_NAMES.len() {
        let name = PROTECTED_NAMES[at].components[0].as_bytes();
        lengths[name[0] as usize] |= 1 << name.len();
        at += 1;
    }
    lengths
};
