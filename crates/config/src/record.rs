//! What is kept of sessions, and for how long: `[history]` and `[journal]`.

use std::path::PathBuf;
use std::time::Duration;

use crate::merged::Merged;
use crate::places::{Dirs, settled};
use crate::value::Value;

/// The words for what is kept.
pub(crate) const PERSISTENCE: &[(&str, &str)] = &[("save-all", "save-all"), ("none", "none")];

/// What is kept of sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Whether anything is written down at all.
    pub kept: bool,
    /// How much room all journals may take, in bytes.
    pub max_bytes: Option<u64>,
    /// How old a session may get.
    pub max_age: Option<Duration>,
    /// The directory of the key that signs journals.
    pub keys: PathBuf,
}

impl Record {
    pub(crate) fn read(merged: &Merged, dirs: &Dirs) -> Self {
        let value = |path: [&str; 2]| merged.get(path).map(|leaf| &leaf.value);
        let number = |path| match value(path) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        let text = |path| match value(path) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let sizes = [["history", "max_bytes"], ["journal", "max_bytes"]];
        Self {
            kept: text(["history", "persistence"]) != Some("none"),
            // Where both say something, the smaller counts.
            max_bytes: sizes.into_iter().filter_map(number).min(),
            max_age: number(["journal", "max_age"]).map(Duration::from_secs),
            keys: settled(
                &text(["journal", "key"]).map_or_else(|| dirs.state.join("keys"), PathBuf::from),
            ),
        }
    }

    /// What a person should know.
    pub(crate) fn notice(&self) -> Option<String> {
        (!self.kept).then(|| {
            "nothing of this session is written down: `[history]` has `persistence = \"none\"`"
                .to_owned()
        })
    }
}

/// An age as people write it: `90d`, `12h`, `2w`; a number alone is days.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    const DAY: u64 = 24 * 60 * 60;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "h" => 60 * 60,
        "" | "d" => DAY,
        "w" => 7 * DAY,
        _ => return None,
    };
    let number: u64 = digits.parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_numbers_with_a_unit() {
        assert_eq!(seconds("2h"), Some(7200));
        assert_eq!(seconds("1"), Some(86400));
        assert_eq!(seconds("1d"), Some(86400));
        assert_eq!(seconds("1w"), Some(7 * 86400));
        for bad in [
            "",
            "0",
            "0d",
            "-1d",
            "1y",
            "d",
            "1 d",
            "99999999999999999999d",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
