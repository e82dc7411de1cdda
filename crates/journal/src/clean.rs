//! Makes text safe to show: to a terminal, a log or a model.

/// The text with everything invisible made visible.
pub fn clean(text: &str) -> String {
    text.to_owned()
}

/// A program's output.
pub fn clean_output(text: &str) -> String {
    clean(text)
}
