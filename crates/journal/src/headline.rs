//! One line for each event, as `dam log` shows it.

use crate::Event;

impl Event {
    /// The event in one line of about 100 columns, cleaned.
    pub fn headline(&self) -> String {
        format!("{self:?}").chars().take(100).collect()
    }
}
