//! Examples in a rule: commands that it must match, and that it must not.

use dam_policy::{CommandClass, CommandRules, HostExecutable, PrefixRule, Started, Token};

/// A command in an example, as words.
pub(super) type Example = Vec<String>;

/// The words of an example that is one string, as a shell takes them apart;
/// `None` where a quotation has no end.
pub(super) fn words(text: &str) -> Option<Example> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let into = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        c => into.push(c),
                    }
                }
            }
            '"' => {
                let into = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => match letters.next()? {
                            c @ ('"' | '\\' | '$' | '`') => into.push(c),
                            c => into.extend(['\\', c]),
                        },
                        c => into.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Whether a rule matches an example.
pub(super) fn matches(
    rule: &PrefixRule,
    executables: &[HostExecutable],
    example: &Example,
) -> bool {
    let rules = CommandRules {
        prefixes: vec![rule.clone()],
        executables: executables.to_vec(),
        ..CommandRules::default()
    };
    let start = Started {
        words: example.iter().cloned().map(Token::Known).collect(),
        class: CommandClass::Ordinary,
        decided_by: 0,
        carries: false,
    };
    !rules.matching(0, &start).is_empty()
}

/// An example as it is shown.
pub(super) fn shown(example: &Example) -> String {
    let quoted = |word: &String| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    example.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_taken_apart_as_a_shell_does() {
        for (text, wanted) in [
            ("git  push", Some(vec!["git", "push"])),
            ("a 'b c'd \"e \\\" f\"", Some(vec!["a", "b cd", "e \" f"])),
            ("a\\ b \"\"", Some(vec!["a b", ""])),
            ("'x", None),
            ("x\\", None),
            (" ", Some(vec![])),
        ] {
            let found = words(text);
            let found = found
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(found, wanted, "{text}");
        }
    }
}
