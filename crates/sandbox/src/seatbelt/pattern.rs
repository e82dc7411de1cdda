//! Paths as words of the policy language: strings, and regular expressions
//! that also match the other spellings that a file system takes for the same.

use std::path::{Component, Path};

use unicode_normalization::UnicodeNormalization;

use super::PolicyError;

/// Directories below `/` that are links into `/private`.
const PRIVATE: &[&str] = &["etc", "tmp", "var"];
/// Where the volume that `/` shows by firmlinks is mounted.
const DATA: &str = "/System/Volumes/Data";

/// What ends a name in a regular expression: its own end, or what is below it.
pub(super) const HERE_OR_BELOW: &str = "(/|$)";
/// Any number of directories.
pub(super) const DIRECTORIES: &str = "([^/]+/)*";

/// The one spelling of an absolute path that rules are compared by.
pub(super) fn canonical(path: &Path) -> Result<String, PolicyError> {
    let refuse = |why| {
        Err(PolicyError::Path {
            path: path.to_owned(),
            why,
        })
    };
    let mut text = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(name) => match name.to_str() {
                Some(name) if name.chars().any(char::is_control) => {
                    return refuse("it has control characters");
                }
                Some(name) => {
                    text.push('/');
                    text.push_str(name);
                }
                None => return refuse("it is not UTF-8"),
            },
            _ => return refuse("it is not canonical"),
        }
    }
    if !path.is_absolute() {
        return refuse("it is not absolute");
    }
    if let Some(below) = text.strip_prefix(DATA)
        && (below.is_empty() || below.starts_with('/'))
    {
        text = String::from(below);
    }
    if PRIVATE.contains(&components(&text).next().unwrap_or_default()) {
        text.insert_str(0, "/private");
    }
    Ok(if text.is_empty() { "/".into() } else { text })
}

/// The components of a canonical path.
pub(super) fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// The spellings of a canonical path that grants name: itself, and by the links
/// of `/`.
pub(super) fn spellings(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    if let Some(short) = path.strip_prefix("/private")
        && PRIVATE.contains(&components(short).next().unwrap_or_default())
    {
        all.push(short.to_owned());
    }
    all
}

/// The beginning of a regular expression that matches a canonical path in any
/// spelling, also where the volume itself is mounted.
pub(super) fn anywhere(path: &str) -> String {
    let (private, rest) = match spellings(path).get(1) {
        Some(short) => ("(/private)?", short.clone()),
        None => ("", path.to_owned()),
    };
    format!("^({DATA})?{private}{}", in_any_spelling(&rest))
}

/// A string of the policy language.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The filter of a path and everything below it.
pub(super) fn subpath(path: &str) -> String {
    format!("(subpath {})", string(path))
}

/// The filter of a path alone.
pub(super) fn literal(path: &str) -> String {
    format!("(literal {})", string(path))
}

/// The filter of what a regular expression matches.
pub(super) fn regex(expression: &str) -> String {
    format!("(regex {})", string(expression))
}

/// A regular expression that matches this text alone.
pub(super) fn exactly(text: &str) -> String {
    text.chars().map(escaped).collect()
}

/// A regular expression that matches this text and every other spelling that a
/// file system may take for the same: in capitals or not, composed or not, and
/// with the few letters beyond ASCII that fold to ASCII ones.
pub(super) fn in_any_spelling(text: &str) -> String {
    spelled(text, "")
}

/// The same for a name in ASCII that something else may be hidden in: also with
/// other characters in between, because HFS+ leaves some out when it compares.
pub(super) fn in_any_disguise(name: &str) -> String {
    const OTHERS: &str = "[^ -~]*";
    format!("{OTHERS}{}", spelled(name, OTHERS))
}

fn spelled(text: &str, between: &str) -> String {
    let composed: Vec<char> = text.nfc().collect();
    let mut expression = String::new();
    let mut rest = composed.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some((length, ligatures)) = ligature(rest) {
            let apart: Vec<String> = rest[..length].iter().copied().map(any_case).collect();
            expression.extend(["(", ligatures, "|", &apart.join(between), ")"]);
            rest = &rest[length..];
        } else {
            expression.push_str(&any_case(*first));
            rest = after;
        }
        expression.push_str(between);
    }
    expression
}

/// Letters that fold to the first two of `text`.
fn ligature(text: &[char]) -> Option<(usize, &'static str)> {
    let pair: String = text.iter().take(2).map(char::to_ascii_lowercase).collect();
    let letters = match pair.as_str() {
        "ff" => "\u{fb00}",
        "fi" => "\u{fb01}",
        "fl" => "\u{fb02}",
        "ss" => "\u{df}|\u{1e9e}",
        "st" => "\u{fb05}|\u{fb06}",
        _ => return None,
    };
    Some((2, letters))
}

fn any_case(c: char) -> String {
    match c {
        's' | 'S' => "([sS]|\u{17f})".to_owned(),
        'k' | 'K' => "([kK]|\u{212a})".to_owned(),
        c if c.is_ascii_alphabetic() => {
            format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase())
        }
        c if c.is_ascii() => escaped(c),
        c => beyond_ascii(c),
    }
}

fn beyond_ascii(c: char) -> String {
    let cases = [
        c.to_string(),
        c.to_lowercase().collect(),
        c.to_uppercase().collect(),
    ];
    let mut spellings: Vec<String> = cases
        .iter()
        .flat_map(|text| [text.nfc().collect::<String>(), text.nfd().collect()])
        .collect();
    spellings.sort();
    spellings.dedup();
    let spellings: Vec<String> = spellings.iter().map(|text| exactly(text)).collect();
    format!("({})", spellings.join("|"))
}

pub(super) fn escaped(c: char) -> String {
    if ".^$*+?()[]{}|\\".contains(c) {
        format!("\\{c}")
    } else {
        c.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_canonical_spelling() {
        for (path, expected) in [
            ("/", "/"),
            ("/tmp/x", "/private/tmp/x"),
            ("/private/tmp/x/", "/private/tmp/x"),
            ("/var", "/private/var"),
            ("/variable", "/variable"),
            ("/System/Volumes/Data/Users/a", "/Users/a"),
            ("/System/Volumes/Database", "/System/Volumes/Database"),
            ("/System/Volumes/Data", "/"),
            ("/System/Volumes/Data/private/var/x", "/private/var/x"),
        ] {
            assert_eq!(canonical(Path::new(path)).unwrap(), expected, "{path}");
        }
        assert_eq!(spellings("/private/tmp/x"), ["/private/tmp/x", "/tmp/x"]);
        assert_eq!(spellings("/private/x"), ["/private/x"]);
        assert_eq!(spellings("/"), ["/"]);
        assert_eq!(
            anywhere("/private/var/x"),
            "^(/System/Volumes/Data)?(/private)?/[vV][aA][rR]/[xX]"
        );
    }

    #[test]
    fn what_cannot_be_said_exactly_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let not_text = std::ffi::OsStr::from_bytes(b"/w/\xff");
        for path in [
            Path::new("w"),
            Path::new(""),
            Path::new("/w/../x"),
            Path::new("/w/a\nb"),
            Path::new("/w/a\u{7f}"),
            Path::new("/w/a\u{85}"),
            Path::new(not_text),
        ] {
            assert!(canonical(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn words_are_quoted() {
        assert_eq!(string(r#"/a "b" \c"#), r#""/a \"b\" \\c""#);
        assert_eq!(exactly("/a.b (c)+"), r"/a\.b \(c\)\+");
        assert_eq!(in_any_spelling(".git-1"), r"\.[gG][iI][tT]-1");
        assert_eq!(in_any_spelling("ask"), "[aA]([sS]|\u{17f})([kK]|\u{212a})");
        assert_eq!(
            in_any_disguise("fi-"),
            "[^ -~]*(\u{fb01}|[fF][^ -~]*[iI])[^ -~]*-[^ -~]*"
        );
        assert_eq!(in_any_spelling("fi"), "(\u{fb01}|[fF][iI])");
        let e = "(E\u{301}|e\u{301}|\u{c9}|\u{e9})";
        assert_eq!(in_any_spelling("\u{e9}"), e);
        assert_eq!(in_any_spelling("e\u{301}"), e);
    }
}
