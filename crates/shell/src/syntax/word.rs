//! Words: quoting, and where they end.

use super::cursor::{Parser, is_meta};
use super::{Dialect, GaveUp, Part, RawWord, Result, Value};

impl Parser<'_> {
    /// The word that starts here, if one does.
    pub(super) fn word(&mut self) -> Result<Option<RawWord>> {
        self.peek();
        let start = self.at;
        let mut word = RawWord::default();
        while let Some(c) = self.peek() {
            self.work(1)?;
            match c {
                '<' | '>' if self.second() == Some('(') => {
                    let part = self.process()?;
                    word.parts.push(part);
                }
                c if is_meta(c) => break,
                '\'' => self.single_quotes(&mut word)?,
                '"' => self.double_quotes(&mut word)?,
                '\\' => {
                    self.at += 1;
                    let Some(c) = self.take_raw() else {
                        return Err(GaveUp("a backslash ends the script".to_owned()));
                    };
                    word.push(c, true);
                }
                '`' | '$' => self.expansion(&mut word, false)?,
                c => {
                    self.at += 1;
                    word.push(c, false);
                }
            }
        }
        word.written = self.written(start);
        self.zsh_braces(&word)?;
        Ok((!word.parts.is_empty()).then_some(word))
    }

    /// In zsh braces open and close groups also where they touch words.
    fn zsh_braces(&self, word: &RawWord) -> Result<()> {
        let mut open = 0;
        for part in &word.parts {
            if let Part::Text {
                text,
                quoted: false,
            } = part
            {
                for c in text.chars() {
                    open += i32::from(c == '{') - i32::from(c == '}');
                    if open < 0 && self.dialect == Dialect::Zsh {
                        return Err(GaveUp("zsh may close a group with this `}`".to_owned()));
                    }
                }
            }
        }
        Ok(())
    }

    /// `<(…)` or `>(…)`.
    pub(super) fn process(&mut self) -> Result<Part> {
        self.take();
        self.take();
        Ok(Part::Process(self.substitution()?))
    }

    /// `'…'`: everything as it stands.
    pub(super) fn single_quotes(&mut self, word: &mut RawWord) -> Result<()> {
        self.take();
        word.quotation();
        loop {
            self.work(1)?;
            match self.take_raw() {
                Some('\'') => return Ok(()),
                Some(c) => word.push(c, true),
                None => return Err(open("'")),
            }
        }
    }

    /// `"…"`: expansions still count.
    pub(super) fn double_quotes(&mut self, word: &mut RawWord) -> Result<()> {
        self.take();
        word.quotation();
        self.deeper(|parser| {
            while let Some(c) = parser.peek() {
                parser.work(1)?;
                match c {
                    '"' => {
                        parser.at += 1;
                        return Ok(());
                    }
                    '`' | '$' => parser.expansion(word, true)?,
                    _ => parser.quoted_character(word, "$`\"\\"),
                }
            }
            Err(open("\""))
        })
    }

    /// The text of a here-document: as in double quotes, but those mean
    /// nothing.
    pub(super) fn document_word(&mut self) -> Result<RawWord> {
        let mut word = RawWord::default();
        while let Some(c) = self.peek() {
            self.work(1)?;
            match c {
                '`' | '$' => self.expansion(&mut word, true)?,
                _ => self.quoted_character(&mut word, "$`\\"),
            }
        }
        Ok(word)
    }

    /// A character where a backslash escapes only some.
    fn quoted_character(&mut self, word: &mut RawWord, escapable: &str) {
        let Some(c) = self.take_raw() else { return };
        match (c, self.raw()) {
            ('\\', Some(next)) if escapable.contains(next) => {
                self.at += 1;
                word.push(next, true);
            }
            _ => word.push(c, true),
        }
    }

    /// `$'…'`, whose escapes not every shell knows.
    pub(super) fn ansi_quotes(&mut self, word: &mut RawWord) -> Result<()> {
        self.take();
        let mut text = RawWord::default();
        let mut known = self.dialect != Dialect::Posix;
        loop {
            self.work(1)?;
            match self.take_raw() {
                None => return Err(open("$'")),
                Some('\'') => break,
                Some('\\') if self.dialect == Dialect::Posix && self.raw() == Some('\'') => {
                    return Err(GaveUp("shells disagree on where `$'` ends".to_owned()));
                }
                Some('\\') => match self.ansi_escape() {
                    Some(c) => text.push(c, true),
                    None => known = false,
                },
                Some(c) => text.push(c, true),
            }
        }
        word.quotation();
        if known {
            word.parts.append(&mut text.parts);
        } else {
            word.parts.push(unknown());
        }
        Ok(())
    }

    /// The character that an escape stands for, if it can be known.
    fn ansi_escape(&mut self) -> Option<char> {
        let c = self.take_raw()?;
        Some(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '?' => c,
            '0'..='7' => {
                self.at -= 1;
                return self.code(8, 3).filter(char::is_ascii);
            }
            'x' => return self.code(16, 2).filter(char::is_ascii),
            'u' => return self.code(16, 4),
            'U' => return self.code(16, 8),
            _ => return None,
        })
    }

    fn code(&mut self, radix: u32, most: usize) -> Option<char> {
        let rest = &self.chars[self.at..];
        let digits: Vec<u32> = rest
            .iter()
            .take(most)
            .map_while(|c| c.to_digit(radix))
            .collect();
        self.at += digits.len();
        let code = digits.iter().try_fold(0u32, |code, digit| {
            code.checked_mul(radix)?.checked_add(*digit)
        })?;
        // A zero ends the string in some shells.
        char::from_u32(code).filter(|c| *c != '\0' && !digits.is_empty())
    }
}

fn open(quote: &str) -> GaveUp {
    GaveUp(format!("a {quote} is not closed"))
}

/// One word's worth of something unknown.
pub(super) fn unknown() -> Part {
    Part::Expansion {
        value: Value::Elsewhere(Vec::new()),
        quoted: true,
        many: false,
    }
}
