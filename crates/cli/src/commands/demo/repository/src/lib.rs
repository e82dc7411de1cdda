//! Counts words.

/// How many words a text has. Words are separated by white space.
pub fn count(text: &str) -> usize {
    text.split(' ').count()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_words_and_not_the_gaps_between_them() {
        assert_eq!(count("one two"), 2);
        assert_eq!(count("  one\n\ttwo  three "), 3);
        assert_eq!(count(""), 0);
    }
}
