//! Names that turn into code or instructions later, protected in any
//! directory, whether or not they exist yet.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

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

/// The protected name that `path` is or lies below, if any.
///
/// Components are compared without regard to case and after compatibility
/// normalisation with invisible characters removed, because some file systems
/// compare that way (`.GIT`, `.g\u{200c}it`).
pub fn protected_name(path: &Path) -> Option<&'static ProtectedName> {
    let parts: Vec<String> = path
        .components()
        .map(|part| fold(&part.as_os_str().to_string_lossy()))
        .collect();
    PROTECTED_NAMES.iter().find(|protected| {
        parts
            .windows(protected.components.len())
            .any(|window| window.iter().zip(protected.components).all(|(a, b)| a == b))
    })
}

/// Whether `leaf` alone, in a directory of any name, begins a protected
/// sequence: what must be looked at again when a directory is renamed.
pub fn protected_component(leaf: &str) -> bool {
    let leaf = fold(leaf);
    PROTECTED_NAMES
        .iter()
        .any(|protected| protected.components[0] == leaf)
}

fn fold(component: &str) -> String {
    if component.is_ascii() {
        return component.to_ascii_lowercase();
    }
    component
        .nfkc()
        .filter(|c| !is_ignorable(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Characters that file systems such as HFS+ ignore when they compare names
/// (the list that git keeps for the same purpose), and other invisible ones.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
