//! `{{name}}` in the texts of a recording, both ways.
//!
//! Only names that the recording declares are special. Where a model really
//! wrote `{{name}}`, the recording has `{{!name}}`, and one `!` more for each
//! that the model wrote, so that every text can be recorded.

use serde_json::Value;

use super::Variables;

/// Says why a name or a value cannot be used.
pub(super) fn check(variables: &Variables) -> Result<(), String> {
    let bad_name = |name: &str| {
        name.is_empty()
            || !name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let bad_value = |value: &str| {
        value.is_empty() || value.contains(['"', '\\']) || value.contains(char::is_control)
    };
    if let Some(name) = variables.keys().find(|name| bad_name(name)) {
        return Err(format!(
            "`{}` is not a variable's name: small letters, digits and `_` only",
            name.escape_debug()
        ));
    }
    match variables.iter().find(|(_, value)| bad_value(value)) {
        Some((name, _)) => Err(format!(
            "the value of the variable `{name}` is empty, or has a quotation mark, a backslash or a control character"
        )),
        None => Ok(()),
    }
}

/// `text` with markers in place of values.
pub(super) fn insert_markers(text: &str, variables: &Variables) -> String {
    rewrite(text, |rest| {
        if let Some((bangs, name, length)) = marker(rest, variables) {
            return Some((format!("{{{{!{}{name}}}}}", "!".repeat(bangs)), length));
        }
        // The longest value wins: a workspace lies in a home directory.
        let values = variables
            .iter()
            .filter(|(_, value)| rest.starts_with(value.as_str()));
        let (name, value) = values.max_by_key(|(_, value)| value.len())?;
        Some((format!("{{{{{name}}}}}"), value.len()))
    })
}

/// `text` with values in place of markers.
pub(super) fn fill_in(text: &str, variables: &Variables) -> String {
    rewrite(text, |rest| {
        let (bangs, name, length) = marker(rest, variables)?;
        let filled = match bangs {
            0 => variables.get(name)?.clone(),
            more => format!("{{{{{}{name}}}}}", "!".repeat(more - 1)),
        };
        Some((filled, length))
    })
}

/// Applies `change` to every text in `value`, but not to the keys.
pub(super) fn in_every_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| in_every_text(value, change)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| in_every_text(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Copies `text`; where `replace` gives a replacement for the beginning of the
/// rest and the length of what it stands for, that is put there.
fn rewrite(text: &str, replace: impl Fn(&str) -> Option<(String, usize)>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((replacement, length)) = replace(rest) {
            written.push_str(&replacement);
            rest = &rest[length..];
        } else {
            written.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    written
}

/// The marker that `text` starts with: its `!`s, its name, its whole length.
fn marker<'t>(text: &'t str, variables: &Variables) -> Option<(usize, &'t str, usize)> {
    let (inside, _) = text.strip_prefix("{{")?.split_once("}}")?;
    let name = inside.trim_start_matches('!');
    variables
        .contains_key(name)
        .then(|| (inside.len() - name.len(), name, inside.len() + 4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn values_become_markers_and_come_back() {
        let here = variables(&[("home", "/home/a"), ("workspace", "/home/a/work")]);
        let there = variables(&[("home", "/root"), ("workspace", "/tmp/x")]);

        let marked = insert_markers("cd /home/a/work && ls /home/a {{other}}", &here);

        assert_eq!(marked, "cd {{workspace}} && ls {{home}} {{other}}");
        assert_eq!(fill_in(&marked, &there), "cd /tmp/x && ls /root {{other}}");
    }

    #[test]
    fn a_marker_that_the_model_wrote_survives() {
        let variables = variables(&[("workspace", "/w")]);

        assert_eq!(
            insert_markers("{{workspace}} /w {{!workspace}}", &variables),
            "{{!workspace}} {{workspace}} {{!!workspace}}"
        );
    }

    #[test]
    fn values_that_would_break_json_are_refused() {
        for value in ["", "a\"b", "a\\b", "a\nb"] {
            assert!(check(&variables(&[("x", value)])).is_err(), "{value:?}");
        }
        assert!(check(&variables(&[("Work Space", "/w")])).is_err());
        assert_eq!(check(&variables(&[("workspace_2", "/w w")])), Ok(()));
    }

    proptest! {
        #[test]
        fn any_text_survives_both_ways(
            text in "([{}!/ab]|\\{\\{|\\}\\}|ä|\\{\\{!?a\\}\\}){0,20}",
            first in "[ab/{}!]{1,4}",
            second in "[ab/{}!]{1,4}",
        ) {
            let variables = variables(&[("a", &first), ("b", &second)]);

            prop_assert_eq!(fill_in(&insert_markers(&text, &variables), &variables), text);
        }
    }
}
