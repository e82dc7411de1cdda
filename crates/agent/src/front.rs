//! The way from a session to whoever shows it.

use dam_journal::{clean, mask};

use crate::events::{AgentEvent, Item};

/// Where events go.
pub(crate) struct Front<'a>(pub &'a mut dyn FnMut(&AgentEvent));

impl Front<'_> {
    pub fn tell(&mut self, event: &AgentEvent) {
        (self.0)(event);
    }

    pub fn started(&mut self, item: Item) {
        self.tell(&AgentEvent::ItemStarted { item });
    }

    pub fn updated(&mut self, item: Item) {
        self.tell(&AgentEvent::ItemUpdated { item });
    }

    pub fn completed(&mut self, item: Item) {
        self.tell(&AgentEvent::ItemCompleted { item });
    }
}

/// Text as it may be shown.
pub(crate) fn shown(text: &str) -> String {
    mask(&clean(text))
}

/// Text as it arrives, given on by whole lines: half a line could be half an
/// escape sequence or half a secret.
#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    /// Takes more text and gives the lines that are complete by now.
    pub fn push(&mut self, text: &str) -> Option<String> {
        self.0.push_str(text);
        let end = self.0.rfind('\n')? + 1;
        let rest = self.0.split_off(end);
        Some(shown(&std::mem::replace(&mut self.0, rest)))
    }

    /// Gives what is left.
    pub fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.0);
        (!rest.is_empty()).then(|| shown(&rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_given_on_by_whole_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.push("one \x1b"), None);
        assert_eq!(lines.push("[31mtwo\nthr").unwrap(), "one <ESC[31m>two\n");
        assert_eq!(lines.push("ee\nfour"), Some("three\n".to_owned()));
        assert_eq!(lines.rest(), Some("four".to_owned()));
        assert_eq!(lines.rest(), None);
    }
}
