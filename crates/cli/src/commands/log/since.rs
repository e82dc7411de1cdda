//! `--since`: a time, a date, or an age.

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

/// From when on entries are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Since(Timestamp);

impl Since {
    /// The time.
    pub const fn time(self) -> Timestamp {
        self.0
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let date = || {
            let date: civil::Date = text.parse().ok()?;
            date.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
        };
        let found = age(text).or_else(|| text.parse().ok()).or_else(date);
        found.map(Self).ok_or_else(|| {
            "write a time as `2026-11-21T07:00:00Z`, a date as `2026-11-21` (UTC), or an age as `30m`, `2h` or `7d`".to_owned()
        })
    }
}

fn age(text: &str) -> Option<Timestamp> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    let age = SignedDuration::from_secs(i64::from(number).checked_mul(seconds)?);
    Timestamp::now().checked_sub(age).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_dates_and_ages_are_understood() {
        let since = |text: &str| text.parse::<Since>().map(Since::time);
        let day: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
        assert_eq!(since("2026-11-21"), Ok(day));
        assert_eq!(since("2026-11-21T01:00:00+01:00"), Ok(day));
        let ago = Timestamp::now().duration_since(since("2h").expect("an age"));
        assert!((7_190..7_260).contains(&ago.as_secs()), "{ago:?}");
        for text in ["", "h", "2x", "-2h", "yesterday", "99999999999d", "é"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
