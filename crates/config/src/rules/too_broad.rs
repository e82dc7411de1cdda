//! Prefixes that say too little of what they allow to be remembered.

/// Programs that run what they are given.
const RUNNERS: &[&str] = &[
    "bash",
    "bun",
    "csh",
    "dash",
    "deno",
    "fish",
    "ksh",
    "lua",
    "node",
    "osascript",
    "perl",
    "php",
    "pwsh",
    "python",
    "python2",
    "python3",
    "ruby",
    "sh",
    "tclsh",
    "tsx",
    "zsh",
];

/// Programs that start another command.
const WRAPPERS: &[&str] = &[
    "builtin", "busybox", "chroot", "command", "doas", "env", "eval", "exec", "find", "flock",
    "ionice", "nice", "nohup", "nsenter", "parallel", "pkexec", "run0", "runuser", "setsid",
    "source", "ssh", "stdbuf", "su", "sudo", "time", "timeout", "toybox", "unshare", "watch",
    "xargs", ".",
];

/// Programs of which the first word says nothing yet.
const MANY: &[&str] = &[
    "apt",
    "apt-get",
    "aws",
    "az",
    "brew",
    "cargo",
    "chmod",
    "chown",
    "conda",
    "cp",
    "crontab",
    "curl",
    "dd",
    "dnf",
    "docker",
    "gcloud",
    "gh",
    "git",
    "glab",
    "go",
    "helm",
    "kill",
    "kubectl",
    "mv",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pkill",
    "pnpm",
    "podman",
    "poetry",
    "psql",
    "rm",
    "rsync",
    "rustup",
    "scp",
    "sed",
    "systemctl",
    "tar",
    "tee",
    "terraform",
    "uv",
    "uvx",
    "wget",
    "yarn",
    "yum",
];

/// Why a prefix is too broad to be remembered as allowed, if it is. `leaves`:
/// it would be allowed outside of the boundary.
pub fn too_broad(words: &[String], leaves: bool) -> Option<String> {
    let (program, rest) = match words.split_first() {
        Some((program, rest)) if !program.is_empty() => (program, rest),
        _ => return Some("it names no program".to_owned()),
    };
    if program.contains('/') && !program.starts_with('/') {
        return Some(format!("what `{program}` is depends on the directory"));
    }
    let name = program.rsplit('/').next().unwrap_or(program);
    if WRAPPERS.contains(&name) {
        return Some(format!("`{name}` starts any other command"));
    }
    let says = rest.iter().any(|word| !word.starts_with('-'));
    if is_runner(name) && !says {
        return Some(format!("`{name}` runs any code that it is given"));
    }
    if MANY.contains(&name) && !says {
        return Some(format!(
            "`{name}` does many things, and this does not say which"
        ));
    }
    if leaves && rest.is_empty() {
        return Some(format!(
            "outside of the boundary, `{name}` with any words is too much"
        ));
    }
    None
}

/// Versions are in the name, too: `python3.12`.
fn is_runner(name: &str) -> bool {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    RUNNERS.contains(&name) || RUNNERS.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_too_little_is_known() {
        let is_broad = |text: &str, leaves| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            too_broad(&words, leaves).is_some()
        };
        for text in [
            "",
            "git",
            "git -c",
            "sudo",
            "sudo apt install x",
            "env A=1 make",
            "bash",
            "bash -c",
            "python3.12",
            "node -e",
            "/usr/bin/python3",
            "./run",
            "npm",
            "xargs rm",
            "find . -name x",
            "rm -rf",
            "time make",
        ] {
            assert!(is_broad(text, false), "{text}");
        }
        for text in [
            "git status",
            "npm test",
            "make",
            "python3 -m pytest",
            "/usr/bin/make",
            "ls",
        ] {
            assert!(!is_broad(text, false), "{text}");
        }
        assert!(is_broad("make", true));
        assert!(!is_broad("make install", true));
    }
}
