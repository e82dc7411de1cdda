//! What starts with `$` or a backtick.

use super::cursor::{Parser, is_name, is_name_start};
use super::{Dialect, GaveUp, Part, RawWord, Result, Script};

impl Parser<'_> {
    /// The expansion that starts here, added to `word`.
    pub(super) fn expansion(&mut self, word: &mut RawWord, quoted: bool) -> Result<()> {
        self.deeper(|parser| {
            if parser.peek() == Some('`') {
                let scripts = vec![parser.backticks(quoted)?];
                word.parts.push(value(scripts, quoted, false));
                return Ok(());
            }
            parser.at += 1;
            parser.after_dollar(word, quoted)
        })
    }

    fn after_dollar(&mut self, word: &mut RawWord, quoted: bool) -> Result<()> {
        let part = match self.peek() {
            Some('(') => value(self.parenthesis()?, quoted, false),
            Some('{') => self.parameter(quoted)?,
            Some('[') => self.bracket(quoted)?,
            Some('\'') if !quoted => return self.ansi_quotes(word),
            Some('"') if !quoted => {
                // A translation: what it becomes is decided elsewhere.
                let mut text = RawWord::default();
                self.double_quotes(&mut text)?;
                value(text.into_scripts(), true, false)
            }
            Some(c) if is_name_start(c) => {
                while self.peek().is_some_and(is_name) {
                    self.at += 1;
                }
                value(Vec::new(), quoted, self.dialect == Dialect::Zsh)
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 1;
                value(Vec::new(), quoted, c == '@')
            }
            Some('~' | '=' | '^' | '+' | ':') if self.dialect == Dialect::Zsh => {
                return Err(GaveUp("zsh gives this `$` a meaning of its own".to_owned()));
            }
            _ => {
                word.push('$', quoted);
                return Ok(());
            }
        };
        word.parts.push(part);
        Ok(())
    }

    /// `$(…)` and `$((…))`.
    fn parenthesis(&mut self) -> Result<Vec<Script>> {
        let start = self.at;
        if self.eat_all("((") {
            if let Some(scripts) = self.arithmetic()? {
                return Ok(scripts);
            }
            if self.dialect == Dialect::Posix {
                return Err(GaveUp("shells disagree on what `$((` starts".to_owned()));
            }
            self.at = start;
        }
        self.take();
        Ok(vec![self.substitution()?])
    }

    /// The commands of `$(…)` after its parenthesis.
    pub(super) fn substitution(&mut self) -> Result<Script> {
        let outer = std::mem::take(&mut self.pending);
        let first_line = self.at;
        let script = self.list()?;
        if !self.eat(')') {
            return Err(self.unexpected());
        }
        if !self.pending.is_empty() {
            return Err(GaveUp("a here-document has no text".to_owned()));
        }
        if !outer.is_empty() && self.chars[first_line..self.at].contains(&'\n') {
            return Err(GaveUp(
                "shells disagree on where a here-document starts".to_owned(),
            ));
        }
        self.pending = outer;
        Ok(script)
    }

    /// A backtick, its text with its escapes removed, read as a script.
    fn backticks(&mut self, quoted: bool) -> Result<Script> {
        self.take();
        let mut text = Vec::new();
        loop {
            self.work(1)?;
            match self.take_raw() {
                None => return Err(GaveUp("a backtick is not closed".to_owned())),
                Some('`') => break,
                Some('\\') => match self.raw() {
                    Some(c @ ('`' | '\\' | '$')) => {
                        self.at += 1;
                        text.push(c);
                    }
                    Some('"') if quoted => {
                        self.at += 1;
                        text.push('"');
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
            }
        }
        let mut nested = self.nested(&text);
        let script = nested.list()?;
        if nested.at < text.len() {
            return Err(nested.unexpected());
        }
        nested.documents_at_end()?;
        Ok(script)
    }

    /// `${…}`. Its value is not known; what it runs is.
    fn parameter(&mut self, quoted: bool) -> Result<Part> {
        self.take();
        match self.peek() {
            Some(' ' | '\t' | '\n' | '|') => {
                return Err(GaveUp("`${ …; }` runs commands in some shells".to_owned()));
            }
            Some('(') => return Err(GaveUp("`${(…)…}` runs commands in some shells".to_owned())),
            _ => {}
        }
        let mut inner = RawWord::default();
        let mut outline = String::new();
        loop {
            self.work(1)?;
            match self.peek() {
                None => return Err(GaveUp("a `${` is not closed".to_owned())),
                Some('}') => break,
                Some('\\') => {
                    self.at = (self.at + 2).min(self.chars.len());
                }
                Some('\'') if quoted => {
                    return Err(GaveUp(
                        "shells disagree on quotes inside `\"${…}\"`".to_owned(),
                    ));
                }
                Some('\'') => self.single_quotes(&mut inner)?,
                Some('"') if quoted && self.dialect == Dialect::Posix => {
                    return Err(GaveUp(
                        "shells disagree on quotes inside `\"${…}\"`".to_owned(),
                    ));
                }
                Some('"') => self.double_quotes(&mut inner)?,
                Some('<' | '>') if self.second() == Some('(') => {
                    let part = self.process()?;
                    inner.parts.push(part);
                }
                Some('`' | '$') => self.expansion(&mut inner, quoted)?,
                Some(c) => {
                    self.at += 1;
                    outline.push(c);
                }
            }
        }
        self.at += 1;
        if outline.ends_with("@P") {
            return Err(GaveUp("`${…@P}` runs what a variable holds".to_owned()));
        }
        let many = outline.contains('@') || self.dialect == Dialect::Zsh;
        Ok(value(inner.into_scripts(), quoted, many))
    }

    /// `$[…]`, the older arithmetic.
    fn bracket(&mut self, quoted: bool) -> Result<Part> {
        if self.dialect == Dialect::Posix {
            return Err(GaveUp("not every shell has `$[`".to_owned()));
        }
        self.take();
        let mut inner = RawWord::default();
        let mut open = 1;
        while open > 0 {
            self.work(1)?;
            match self.peek() {
                None | Some('\'' | '"' | '\\') => {
                    return Err(GaveUp("a `$[` is not read".to_owned()));
                }
                Some('`' | '$') => {
                    self.expansion(&mut inner, true)?;
                    continue;
                }
                Some('[') => open += 1,
                Some(']') => open -= 1,
                Some(_) => {}
            }
            self.at += 1;
        }
        Ok(value(inner.into_scripts(), quoted, false))
    }

    /// What arithmetic runs, after its two parentheses and up to its end.
    /// Nothing if it is none.
    pub(super) fn arithmetic(&mut self) -> Result<Option<Vec<Script>>> {
        let mut inner = RawWord::default();
        let mut open = 0;
        loop {
            self.work(1)?;
            match self.peek() {
                None => return Ok(None),
                Some(')') if open == 0 => {
                    if !self.eat_all("))") {
                        return Ok(None);
                    }
                    return Ok(Some(inner.into_scripts()));
                }
                Some('\'' | '"') => {
                    return Err(GaveUp("quotes in arithmetic are not read".to_owned()));
                }
                Some('`' | '$') => {
                    self.expansion(&mut inner, true)?;
                    continue;
                }
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some('\\') => {
                    self.at = (self.at + 1).min(self.chars.len());
                }
                Some('\n') if !self.pending.is_empty() => {
                    return Err(GaveUp(
                        "a here-document stands before arithmetic".to_owned(),
                    ));
                }
                Some(_) => {}
            }
            self.at = (self.at + 1).min(self.chars.len());
        }
    }
}

fn value(scripts: Vec<Script>, quoted: bool, many: bool) -> Part {
    Part::Expansion {
        scripts,
        quoted,
        many,
    }
}
