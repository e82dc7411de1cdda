//! What starts with `$` or a backtick.

use super::cursor::{Parser, is_name, is_name_start};
use super::{Dialect, GaveUp, Inner, Part, RawWord, Result, Script};

impl Parser<'_> {
    /// The expansion that starts here, added to `word`.
    pub(super) fn expansion(&mut self, word: &mut RawWord, quoted: bool) -> Result<()> {
        self.deeper(|parser| {
            if parser.peek() == Some('`') {
                let inner = vec![Inner::Script(parser.backticks(quoted)?)];
                word.parts.push(value(inner, quoted, false));
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
                value(text.into_inner(), true, false)
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
    fn parenthesis(&mut self) -> Result<Vec<Inner>> {
        let start = self.at;
        if self.eat_all("((") {
            if let Some(inner) = self.arithmetic()? {
                return Ok(inner);
            }
            if self.dialect == Dialect::Posix {
                return Err(GaveUp("shells disagree on what `$((` starts".to_owned()));
            }
            self.at = start;
        }
        self.take();
        Ok(vec![Inner::Script(self.substitution()?)])
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
        let outline = self.parameter_body(&mut inner, quoted)?;
        if inner.parts.iter().any(Part::holds_code) {
            return Err(GaveUp(
                "text inside `${…}` looks like a command to be run later".to_owned(),
            ));
        }
        if outline.ends_with("@P") {
            return Err(GaveUp("`${…@P}` runs what a variable holds".to_owned()));
        }
        let many = outline.contains('@') || self.dialect == Dialect::Zsh;
        let mut happens = inner.into_inner();
        happens.extend(sets(&outline).map(|name| Inner::Assigns(name.to_owned())));
        if computes(&outline) {
            happens.push(Inner::Computes);
        }
        Ok(value(happens, quoted, many))
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
            self.at += 1;
        }
        Ok(value(computed(inner, known), quoted, false))
    }

    /// What happens in arithmetic, after its two parentheses and up to its
    /// end. Nothing if it is none.
    pub(super) fn arithmetic(&mut self) -> Result<Option<Vec<Inner>>> {
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
            self.at += 1;
        }
    }
}

/// What happens in arithmetic.
fn computed(inner: RawWord, known: bool) -> Vec<Inner> {
    let mut inner = inner.into_inner();
    if !known {
        inner.push(Inner::Computes);
    }
    inner
}

/// The variable that `${name:=…}` or `${name=…}` sets.
fn sets(outline: &str) -> Option<&str> {
    let (name, rest) = named(outline);
    (rest.starts_with('=') || rest.starts_with(":=")).then_some(name)
}

/// Whether `${…}` computes an index, an offset, or a name.
fn computes(outline: &str) -> bool {
    let (name, rest) = named(outline);
    let is_number = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | ':'))
    };
    if let Some(index) = rest.strip_prefix('[') {
        let index = index.rsplit_once(']').map_or(index, |(index, _)| index);
        return !matches!(index, "@" | "*") && !is_number(index);
    }
    // `${!x}` is the variable that `$x` names, with an index if it likes.
    let indirect = name.is_empty() && rest.starts_with('!') && rest.len() > 1;
    let offset = rest
        .strip_prefix(':')
        .is_some_and(|rest| !rest.starts_with(['-', '=', '?', '+']) && !is_number(rest));
    indirect || offset
}

/// The name at the start of `${…}`, and the rest.
fn named(outline: &str) -> (&str, &str) {
    let outline = outline
        .strip_prefix('#')
        .filter(|rest| !rest.is_empty())
        .unwrap_or(outline);
    let end = outline.find(|c| !is_name(c)).unwrap_or(outline.len());
    match end {
        // `${@:1}` and its kind.
        0 if outline.starts_with(['@', '*', '?', '$']) => outline.split_at(1),
        _ => outline.split_at(end),
    }
}

fn value(inner: Vec<Inner>, quoted: bool, many: bool) -> Part {
    Part::Expansion {
        inner,
        quoted,
        many,
    }
}
