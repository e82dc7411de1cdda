//! Patches in shell scripts: some models write `apply_patch <<'EOF' …` as a
//! command. Only a script that does nothing else is taken for a patch.

/// A patch that a shell script would apply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Embedded {
    /// The directory that the script goes to first, as written.
    pub cd: Option<String>,
    /// The patch's text.
    pub patch: String,
}

/// The patch that `argv` would apply: `apply_patch PATCH`, or a shell with a
/// script as in [`embedded`].
pub(crate) fn embedded_in(argv: &[String]) -> Option<Embedded> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    match words[..] {
        [program, patch] if is_program(program) => Some(Embedded {
            cd: None,
            patch: patch.to_owned(),
        }),
        [_, "-c" | "-lc", script] => embedded(script),
        _ => None,
    }
}

/// The patch that `script` would apply, if it is `apply_patch` with a here
/// document, perhaps after a `cd`, and nothing else.
pub fn embedded(script: &str) -> Option<Embedded> {
    let (first, rest) = script.trim_start().split_once('\n')?;
    let (cd, command) = match first.split_once("&&") {
        Some((cd, command)) => (Some(directory(cd)?), command),
        None => (None, first),
    };
    let (program, word) = command.split_once("<<")?;
    if !is_program(program.trim()) {
        return None;
    }
    let (patch, after) = body(rest, end_word(word.trim())?)?;
    after.trim().is_empty().then_some(Embedded { cd, patch })
}

fn is_program(word: &str) -> bool {
    matches!(word, "apply_patch" | "applypatch")
}

/// The directory of `cd DIRECTORY`, where its word has nothing for the shell
/// to expand.
fn directory(command: &str) -> Option<String> {
    let word = command.trim().strip_prefix("cd ")?.trim();
    let quoted = ['\'', '"']
        .iter()
        .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote));
    let plain = quoted.unwrap_or(word);
    let harmless = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    let inside = |c: char| harmless(c) || quoted.is_some() && c == ' ';
    (!plain.is_empty() && !plain.starts_with('-') && plain.chars().all(inside))
        .then(|| plain.to_owned())
}

/// The word that ends the document, without its quotes.
fn end_word(word: &str) -> Option<&str> {
    let plain = ['\'', '"']
        .iter()
        .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(word);
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!plain.is_empty() && plain.chars().all(fine)).then_some(plain)
}

/// What stands before the line `end`, and what stands after it.
fn body<'a>(text: &'a str, end: &str) -> Option<(String, &'a str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end_matches(['\r', '\n']) == end {
            return Some((text[..start].to_owned(), &text[start + line.len()..]));
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Delete File: a\n*** End Patch\n";

    #[test]
    fn a_script_that_only_applies_a_patch_is_a_patch() {
        for (first, cd) in [
            ("apply_patch <<'EOF'", None),
            ("apply_patch << \"EOF\"", None),
            ("apply_patch <<EOF", None),
            ("  applypatch <<'EOF'", None),
            ("cd sub/dir && apply_patch <<'EOF'", Some("sub/dir")),
            ("cd 'my dir' && apply_patch <<'EOF'", Some("my dir")),
        ] {
            let found = embedded(&format!("{first}\n{PATCH}EOF\n"));
            let wanted = Embedded {
                cd: cd.map(str::to_owned),
                patch: PATCH.to_owned(),
            };
            assert_eq!(found, Some(wanted), "{first}");
        }
    }

    #[test]
    fn a_script_that_does_more_stays_a_script() {
        for script in [
            format!("apply_patch <<'EOF'\n{PATCH}EOF\nrm -rf /\n"),
            format!("rm x; apply_patch <<'EOF'\n{PATCH}EOF\n"),
            format!("rm x && apply_patch <<'EOF'\n{PATCH}EOF\n"),
            format!("cd $(rm x) && apply_patch <<'EOF'\n{PATCH}EOF\n"),
            format!("cd a && rm x && apply_patch <<'EOF'\n{PATCH}EOF\n"),
            format!("apply_patch <<'EOF' | sh\n{PATCH}EOF\n"),
            format!("apply_patch <<'EOF' > /etc/x\n{PATCH}EOF\n"),
            format!("apply_patch <<-EOF\n{PATCH}EOF\n"),
            format!("apply_patch <<'EOF'\n{PATCH}"),
            format!("echo <<'EOF'\n{PATCH}EOF\n"),
            "apply_patch".to_owned(),
            String::new(),
        ] {
            assert_eq!(embedded(&script), None, "{script}");
        }
    }

    #[test]
    fn words_may_hold_a_patch_too() {
        let words = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            embedded_in(&words)
        };
        assert!(words(&["apply_patch", PATCH]).is_some());
        let script = format!("apply_patch <<'EOF'\n{PATCH}EOF");
        assert!(words(&["bash", "-lc", &script]).is_some());
        assert!(words(&["bash", "-x", &script]).is_none());
        assert!(words(&["cat", PATCH]).is_none());
    }
}
