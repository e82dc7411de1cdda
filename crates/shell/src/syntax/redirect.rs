//! Redirections, and the texts of here-documents.

use std::cell::OnceCell;
use std::rc::Rc;

use super::compound::is_variable;
use super::cursor::{Parser, Pending, is_name};
use super::{Dialect, GaveUp, Part, RawRedirect, RawWord, Redirect, Result};

impl Parser<'_> {
    /// The redirection that starts here, if one does.
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>> {
        let start = self.at;
        let (binds, mut descriptor) = self.descriptor();
        let reads = self.peek() == Some('<');
        let kind = match self.peek() {
            Some('<') if self.second() != Some('(') => self.reading()?,
            Some('>') if self.second() != Some('(') => self.writing(),
            Some('&') if self.at == start && self.sees("&>") => {
                if self.dialect == Dialect::Posix {
                    return Err(GaveUp("shells disagree on what `&>` means".to_owned()));
                }
                self.eat_all("&>");
                self.eat('>');
                RawRedirect::Write
            }
            _ => {
                self.at = start;
                return Ok(None);
            }
        };
        if self.dialect == Dialect::Zsh && matches!(self.peek(), Some('!' | '|')) {
            return Err(GaveUp(
                "zsh gives this redirection a meaning of its own".to_owned(),
            ));
        }
        if reads && !matches!(kind, RawRedirect::Write) {
            descriptor.get_or_insert(0);
        }
        if let RawRedirect::HereDocument(text) = &kind {
            self.announce(Rc::clone(text))?;
            return Ok(Some(Redirect {
                kind,
                binds,
                descriptor,
                target: RawWord::default(),
            }));
        }
        self.blanks()?;
        let target = self.word()?.ok_or_else(|| self.unexpected())?;
        if binds.is_some() && self.dialect == Dialect::Posix {
            return Err(GaveUp("not every shell has `{name}>`".to_owned()));
        }
        if matches!(kind, RawRedirect::Duplicate) && target.parts.iter().any(is_expanded_again) {
            return Err(GaveUp("bash expands what follows `>&` twice".to_owned()));
        }
        Ok(Some(Redirect {
            kind: settled(kind, &target),
            binds,
            descriptor,
            target,
        }))
    }

    /// `2` or `{name}` right before the sign.
    fn descriptor(&mut self) -> (Option<String>, Option<u32>) {
        let start = self.at;
        let mut binds = None;
        let mut number = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            self.at += 1;
            number.push(c);
        }
        if self.at == start && self.raw() == Some('{') {
            let rest = &self.chars[self.at + 1..];
            let name: String = rest.iter().take_while(|c| is_name(**c)).collect();
            if is_variable(&name) && rest.get(name.chars().count()) == Some(&'}') {
                self.at += name.chars().count() + 2;
                binds = Some(name);
            }
        }
        if !matches!(self.peek(), Some('<' | '>')) {
            self.at = start;
            return (None, None);
        }
        // A number that is none of a descriptor's is an error of the shell.
        let descriptor = (!number.is_empty()).then(|| number.parse().unwrap_or(u32::MAX));
        (binds, descriptor)
    }

    fn reading(&mut self) -> Result<RawRedirect> {
        self.eat('<');
        if self.eat_all("<<") {
            return Ok(RawRedirect::HereString);
        }
        if self.eat('<') {
            return Ok(RawRedirect::HereDocument(Rc::new(OnceCell::new())));
        }
        if self.eat('>') {
            return Ok(RawRedirect::Write);
        }
        if self.eat('&') {
            return Ok(RawRedirect::Duplicate);
        }
        self.work(1)?;
        Ok(RawRedirect::Read)
    }

    fn writing(&mut self) -> RawRedirect {
        self.eat('>');
        if self.eat('&') {
            return RawRedirect::Duplicate;
        }
        if !self.eat('>') {
            self.eat('|');
        }
        RawRedirect::Write
    }

    /// The rest of `<<word`.
    fn announce(&mut self, text: Rc<OnceCell<RawWord>>) -> Result<()> {
        let strip_tabs = self.eat('-');
        self.blanks()?;
        let word = self.word()?.ok_or_else(|| self.unexpected())?;
        let mut delimiter = String::new();
        let mut literal = false;
        for part in &word.parts {
            let Part::Text { text, quoted } = part else {
                return Err(GaveUp("a here-document ends with an expansion".to_owned()));
            };
            delimiter.push_str(text);
            literal |= quoted;
        }
        self.pending.push(Pending {
            delimiter,
            literal,
            strip_tabs,
            text,
        });
        Ok(())
    }

    /// The here-documents that follow this end of a line.
    pub(super) fn documents(&mut self) -> Result<()> {
        for pending in std::mem::take(&mut self.pending) {
            self.documents += 1;
            self.document(&pending)?;
        }
        Ok(())
    }

    /// At the end of the text nothing can follow.
    pub(super) fn documents_at_end(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        Err(GaveUp("a here-document has no text".to_owned()))
    }

    fn document(&mut self, pending: &Pending) -> Result<()> {
        let mut text = String::new();
        let mut continued = false;
        let mut ever_continued = false;
        loop {
            if self.at >= self.chars.len() {
                return Err(GaveUp("a here-document does not end".to_owned()));
            }
            let rest = &self.chars[self.at..];
            let length = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            self.work(length + 1)?;
            let line: String = rest[..length].iter().collect();
            self.at = (self.at + length + 1).min(self.chars.len());
            let line = if pending.strip_tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if line == pending.delimiter {
                if continued {
                    return Err(GaveUp(
                        "shells disagree on where a here-document ends".to_owned(),
                    ));
                }
                break;
            }
            continued = !pending.literal && ends_in_continuation(line);
            ever_continued |= continued;
            text.push_str(line);
            text.push('\n');
        }
        if ever_continued && text.contains(['`', '$']) {
            return Err(GaveUp(
                "shells disagree on joined lines in a here-document".to_owned(),
            ));
        }
        // The end of the line before the delimiter was taken with the text;
        // what follows starts a line of its own.
        let word = if pending.literal {
            RawWord {
                written: String::new(),
                parts: vec![Part::Text { text, quoted: true }],
            }
        } else {
            let chars: Vec<char> = text.chars().collect();
            let mut nested = self.nested(&chars);
            nested.deeper(Parser::document_word)?
        };
        // Each document is announced once and read once.
        let _ = pending.text.set(word);
        Ok(())
    }
}

/// `>&` and `<&` copy a descriptor, unless what follows is none: then bash
/// opens a file.
fn settled(kind: RawRedirect, target: &RawWord) -> RawRedirect {
    match (&kind, target.plain()) {
        (RawRedirect::Duplicate, Some(text))
            if text.chars().all(|c| c.is_ascii_digit() || c == '-') =>
        {
            kind
        }
        (RawRedirect::Duplicate, _) => RawRedirect::Write,
        _ => kind,
    }
}

/// Whether expanding it again could run something.
fn is_expanded_again(part: &Part) -> bool {
    part.holds_code() || !matches!(part, Part::Text { .. })
}

fn ends_in_continuation(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}
