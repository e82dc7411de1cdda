//! Days, for rules that expire.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A day, by UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Day(Date);

impl Day {
    /// Today, by the clock of the machine.
    pub fn today() -> Self {
        Self(Timestamp::now().to_zoned(TimeZone::UTC).date())
    }

    /// So many days later.
    #[must_use]
    pub fn later(self, days: u16) -> Self {
        Self(self.0.saturating_add(i64::from(days).days()))
    }
}

impl FromStr for Day {
    type Err = ();

    /// Reads `YYYY-MM-DD` and nothing else.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_plain = text.len() == 10 && text.chars().all(|c| c == '-' || c.is_ascii_digit());
        let date = Date::strptime("%Y-%m-%d", text).ok().filter(|_| is_plain);
        date.map(Self).ok_or(())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
