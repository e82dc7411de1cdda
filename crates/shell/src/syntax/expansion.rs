//! What starts with `$` or a backtick.

use super::cursor::{Parser, is_name, is_name_start};
use super::{Dialect, GaveUp, Parameter, Part, RawWord, Result, Script, Value};

impl Parser<'_> {
    /// The expansion that starts here, added to `word`.
    pub(super) fn expansion(&mut self, word: &mut RawWord, quoted: bool) -> Result<()> {
        self.deeper(|parser| {
            if parser.peek() == Some('`') {
                let output = Value::Output(parser.backticks(quoted)?);
                word.parts.push(value(output, quoted, false));
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
                value(Value::Elsewhere(text.parts), true, false)
            }
            Some(c) if is_name_start(c) => {
                let mut name = String::new();
                while let Some(c) = self.peek().filter(|c| is_name(*c)) {
                    self.at += 1;
                    name.push(c);
                }
                let many = self.dialect == Dialect::Zsh;
                value(named(name), quoted, many)
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 1;
                value(named(c.to_string()), quoted, c == '@')
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
    fn parenthesis(&mut self) -> Result<Value> {
        let start = self.at;
        if self.eat_all("((") {
            if let Some(value) = self.arithmetic()? {
                return Ok(value);
            }
            if self.dialect == Dialect::Posix {
                return Err(GaveUp("shells disagree on what `$((` starts".to_owned()));
            }
            self.at = start;
        }
        self.take();
        Ok(Value::Output(self.substitution()?))
    }

    /// The commands of `$(…)` after its parenthesis.
    pub(super) fn substitution(&mut self) -> Result<Script> {
        let outer = std::mem::take(&mut self.pending);
        let first_line = self.at;
        self.substitutions += 1;
        let script = self.list()?;
        self.substitutions -= 1;
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

    /// `${…}`.
    fn parameter(&mut self, quoted: bool) -> Result<Part> {
        self.take();
        match self.peek() {
            Some(' ' | '\t' | '\n' | '|') => {
                return Err(GaveUp("`${ …; }` runs commands in some shells".to_owned()));
            }
            Some('(') => return Err(GaveUp("`${(…)…}` runs commands in some shells".to_owned())),
            _ => {}
        }
        let mut body = RawWord::default();
        let outline = self.parameter_body(&mut body, quoted)?;
        if body.parts.iter().any(Part::holds_code) {
            return Err(GaveUp(
                "text inside `${…}` looks like a command to be run later".to_owned(),
            ));
        }
        if outline.ends_with("@P") {
            return Err(GaveUp("`${…@P}` runs what a variable holds".to_owned()));
        }
        let many = outline.contains('@') || self.dialect == Dialect::Zsh;
        let parameter = Parameter::braced(&outline, body, self.dialect)?;
        Ok(value(Value::Parameter(Box::new(parameter)), quoted, many))
    }

    /// The rest of `${…}`: what it expands goes to `inner`. Yields its other
    /// characters, with `$` for an expansion and `'` for a quotation.
    fn parameter_body(&mut self, inner: &mut RawWord, quoted: bool) -> Result<String> {
        let disagree = || GaveUp("shells disagree on quotes inside `\"${…}\"`".to_owned());
        let mut outline = String::new();
        loop {
            self.work(1)?;
            match self.peek() {
                None => return Err(GaveUp("a `${` is not closed".to_owned())),
                Some('}') => break,
                Some('\\') => {
                    self.at += 1;
                    if let Some(c) = self.take_raw() {
                        inner.push(c, true);
                    }
                    outline.push('\'');
                }
                Some('\'') if quoted => return Err(disagree()),
                Some('\'') => {
                    self.single_quotes(inner)?;
                    outline.push('\'');
                }
                Some('"') if quoted && self.dialect == Dialect::Posix => return Err(disagree()),
                Some('"') => {
                    self.double_quotes(inner)?;
                    outline.push('\'');
                }
                Some('<' | '>') if self.second() == Some('(') => {
                    let part = self.process()?;
                    inner.parts.push(part);
                }
                Some('`' | '$') => {
                    self.expansion(inner, quoted)?;
                    outline.push('$');
                }
                Some(c) => {
                    self.at += 1;
                    inner.push(c, false);
                    outline.push(c);
                }
            }
        }
        self.at += 1;
        Ok(outline)
    }

    /// `$[…]`, the older arithmetic.
    fn bracket(&mut self, quoted: bool) -> Result<Part> {
        if self.dialect == Dialect::Posix {
            return Err(GaveUp("not every shell has `$[`".to_owned()));
        }
        self.take();
        let mut inner = RawWord::default();
        let mut open = 1;
        let mut known = true;
        while open > 0 {
            self.work(1)?;
            match self.peek() {
                None | Some('\'' | '"' | '\\') => {
                    return Err(GaveUp("a `$[` is not read".to_owned()));
                }
                Some('`' | '$') => {
                    known = false;
                    self.expansion(&mut inner, true)?;
                    continue;
                }
                Some(c) if is_name_start(c) => known = false,
                Some('[') => open += 1,
                Some(']') => open -= 1,
                Some(_) => {}
            }
            if let Some(c) = self.take_raw().filter(|_| open > 0) {
                inner.push(c, false);
            }
        }
        Ok(value(computed(inner, known), quoted, false))
    }

    /// What happens in arithmetic, after its two parentheses and up to its
    /// end. Nothing if it is none.
    pub(super) fn arithmetic(&mut self) -> Result<Option<Value>> {
        let mut inner = RawWord::default();
        let mut open = 0;
        let mut known = true;
        loop {
            self.work(1)?;
            match self.peek() {
                None => return Ok(None),
                Some(')') if open == 0 => {
                    return Ok(self.eat_all("))").then(|| computed(inner, known)));
                }
                Some('\'' | '"' | '\\') => {
                    return Err(GaveUp("quotes in arithmetic are not read".to_owned()));
                }
                Some('`' | '$') => {
                    known = false;
                    self.expansion(&mut inner, true)?;
                    continue;
                }
                Some(c) if is_name_start(c) => known = false,
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some('\n') if !self.pending.is_empty() => {
                    return Err(GaveUp(
                        "a here-document stands before arithmetic".to_owned(),
                    ));
                }
                Some(_) => {}
            }
            if let Some(c) = self.take_raw() {
                inner.push(c, false);
            }
        }
    }
}

/// What happens in arithmetic.
fn computed(text: RawWord, known: bool) -> Value {
    Value::Arithmetic {
        text,
        computes: !known,
    }
}

fn named(name: String) -> Value {
    Value::Parameter(Box::new(Parameter::plain(name)))
}

fn value(value: Value, quoted: bool, many: bool) -> Part {
    Part::Expansion {
        value,
        quoted,
        many,
    }
}
