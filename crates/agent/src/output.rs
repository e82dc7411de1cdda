//! What a command writes: kept within bounds, and shortened for a model.

use std::collections::VecDeque;

use dam_journal::{clean_output, mask};

/// About how many bytes a token stands for.
const TOKEN: usize = 4;

/// The beginning and the end of a stream of bytes, whatever its length.
#[derive(Debug)]
pub(crate) struct Bounded {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much each of the two may hold.
    half: usize,
    total: u64,
}

impl Bounded {
    /// Keeps at most `most` bytes.
    pub const fn new(most: usize) -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            half: most / 2,
            total: 0,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How much was written, kept or not.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// What was kept, as text that is safe to show.
    pub fn text(&self) -> String {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let mut bytes = self.head.clone();
        if self.total > kept {
            bytes.extend(format!("\n[{} bytes left out]\n", self.total - kept).bytes());
        }
        bytes.extend(&self.tail);
        mask(&clean_output(&String::from_utf8_lossy(&bytes)))
    }

    /// What was kept, and starts anew.
    pub fn take(&mut self) -> Self {
        let empty = Self::new(self.half * 2);
        std::mem::replace(self, empty)
    }
}

/// The text within about `tokens`: its beginning and its end, with a line
/// between them that says how much is missing.
pub(crate) fn shorten(text: &str, tokens: usize) -> String {
    let most = tokens.saturating_mul(TOKEN);
    if text.len() <= most {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(most / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - most / 2)..];
    // Whole lines where that does not cost much.
    let head = head
        .rfind('\n')
        .filter(|end| *end > head.len() / 2)
        .map_or(head, |end| &head[..end]);
    let tail = tail
        .find('\n')
        .filter(|start| *start < tail.len() / 2)
        .map_or(tail, |start| &tail[start + 1..]);
    let missing = (text.len() - head.len() - tail.len()) / TOKEN;
    format!("{head}\n[about {missing} tokens left out]\n{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut output = Bounded::new(10);
        output.push(b"hello");
        output.push(b"world");
        assert_eq!(output.text(), "helloworld");
    }

    #[test]
    fn of_long_output_the_beginning_and_the_end_are_kept() {
        let mut output = Bounded::new(10);
        for byte in b'a'..=b'z' {
            output.push(&[byte]);
        }
        assert_eq!(output.text(), "abcde\n[16 bytes left out]\nvwxyz");
        assert_eq!(output.total(), 26);
    }

    #[test]
    fn taking_starts_anew() {
        let mut output = Bounded::new(10);
        output.push(b"one");
        assert_eq!(output.take().text(), "one");
        output.push(b"two");
        assert_eq!(output.text(), "two");
    }

    #[test]
    fn output_is_cleaned_and_masked() {
        let mut output = Bounded::new(1000);
        output.push(b"\x1b[31mred\x1b[0m \xff\x07 ");
        output.push("a\u{200b}b ghp_0123456789abcdefghijABCDEFGHIJ012345".as_bytes());
        let text = output.text();
        assert!(
            text.starts_with("red \u{fffd}<U+0007> a<U+200B>b [masked:"),
            "{text}"
        );
    }

    #[test]
    fn long_text_loses_its_middle_by_lines() {
        let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
        let text = lines.join("\n");
        insta::assert_snapshot!(shorten(&text, 12), @r"
        line 0
        line 1
        line 2
        [about 186 tokens left out]
        line 97
        line 98
        line 99
        ");
    }

    proptest! {
        #[test]
        fn no_more_than_the_bound_is_kept(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
        ) {
            let mut output = Bounded::new(64);
            for piece in &pieces {
                output.push(piece);
            }
            let all = pieces.concat();
            prop_assert_eq!(output.total(), all.len() as u64);
            prop_assert!(output.head.len() + output.tail.len() <= 64);
            prop_assert!(all.starts_with(&output.head));
            let tail: Vec<u8> = output.tail.iter().copied().collect();
            prop_assert!(all.ends_with(&tail));
            prop_assert_eq!(output.head.len() + tail.len(), all.len().min(64));
        }

        #[test]
        fn shortened_text_is_within_its_budget(text in "[a-zé\n]{0,300}", tokens in 0..40_usize) {
            let short = shorten(&text, tokens);
            prop_assert!(short == text || short.len() <= tokens * TOKEN + 40);
        }
    }
}
