//! `-c key=value`: the value as TOML, and what is no TOML as a string.

use std::path::Path;

use dam_policy::Layer;
use toml::de::{DeTable, DeValue};

use crate::ConfigError;
use crate::merged::{KeyPath, Leaf};
use crate::source::{Source, visible};
use crate::value::quoted;
use crate::walk::{Reading, leaves};

/// Reads every `-c` of a command line. None may say what another has said:
/// of two contradicting wishes of the same moment neither is the real one.
pub(crate) fn read(
    texts: &[String],
    home: Option<&Path>,
) -> Result<Vec<(KeyPath, Leaf)>, ConfigError> {
    let mut all: Vec<(KeyPath, Leaf)> = Vec::new();
    for text in texts {
        let source = source(text)?;
        let reading = Reading {
            source: &source,
            home,
            base: None,
        };
        for (path, leaf) in leaves(&reading)? {
            if all.iter().any(|(present, _)| *present == path) {
                return Err(leaf
                    .spot
                    .wrong(format!("`{path}` is set by another -c, too")));
            }
            all.push((path, leaf));
        }
    }
    Ok(all)
}

fn source(text: &str) -> Result<Source, ConfigError> {
    let Some((key, value)) = split(text).filter(|(key, _)| key_parts(key).is_some()) else {
        return Err(ConfigError::Flags(format!(
            "`-c {}` is not of the form KEY=VALUE",
            visible(text)
        )));
    };
    let text = if DeValue::parse(value.trim()).is_ok() {
        format!("{key} = {}", value.trim())
    } else {
        format!("{key} = {}", quoted(value.trim()))
    };
    Ok(Source {
        layer: Layer::CommandLine,
        file: None,
        text,
    })
}

/// At the first `=` that is not inside a quoted name.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '=') => return Some((text[..at].trim(), &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The names of one dotted key that stands alone: no comment, no second line,
/// no header.
pub(crate) fn key_parts(key: &str) -> Option<Vec<String>> {
    if key.contains('\n') || key.starts_with('[') {
        return None;
    }
    let text = format!("{key} = 0");
    let document = DeTable::parse(&text).ok()?;
    let mut table = document.get_ref();
    let mut parts = Vec::new();
    loop {
        let mut entries = table.iter();
        let (name, value) = entries.next()?;
        parts.push(name.get_ref().to_string());
        match (value.get_ref(), entries.next()) {
            (DeValue::Integer(_), None) => return Some(parts),
            (DeValue::Table(inner), None) => table = inner,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> (String, String) {
        let found = read(&[text.to_owned()], None).expect("it can be read");
        let [(path, leaf)] = found.as_slice() else {
            panic!("{found:?}");
        };
        (path.to_string(), leaf.value.to_string())
    }

    #[test]
    fn what_is_no_toml_is_a_string() {
        for (text, path, value) in [
            ("model=gpt-5", "model", "\"gpt-5\""),
            ("model = \"gpt-5\"", "model", "\"gpt-5\""),
            ("model=a=b", "model", "\"a=b\""),
            ("model=a # b", "model", "\"a # b\""),
            ("model=say \"x\" \\", "model", "\"say \\\"x\\\" \\\\\""),
            ("shell_environment_policy.set.A=1\nB=2", "", ""),
            (
                "projects.\"/a=b\".trust_level=trusted",
                "projects.\"/a=b\".trust_level",
                "\"trusted\"",
            ),
            (
                "sandbox_workspace_write.exclude_slash_tmp=true",
                "sandbox_workspace_write.exclude_slash_tmp",
                "true",
            ),
        ] {
            if path.is_empty() {
                // A second line is part of the value, never a second setting.
                let (_, value) = one(text);
                assert_eq!(value, "\"1\\u000AB=2\"");
                continue;
            }
            assert_eq!(one(text), (path.to_owned(), value.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "model",
            "=x",
            "#model=x",
            "[profiles]\nmodel=x",
            "a b=1",
            "\"a=1",
        ] {
            let error = read(&[text.to_owned()], None).expect_err(text);
            assert!(matches!(error, ConfigError::Flags(_)), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused(text in ".*", key in "[a-z_.\"']{1,20}") {
            let _either = read(std::slice::from_ref(&text), None);
            let _either = read(&[format!("{key}={text}")], None);
        }

        #[test]
        fn any_text_can_be_a_value(value in "[^\\p{Cc}]*[^\\p{Cc}\\s'\"0-9a-z\\[{+.-][^\\p{Cc}]*") {
            prop_assume!(!value.trim().is_empty() && DeValue::parse(value.trim()).is_err());
            let (_, text) = one(&format!("model={value}"));
            prop_assert_eq!(text, quoted(value.trim()));
        }
    }
}
