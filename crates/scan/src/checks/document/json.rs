//! Reads JSON, with the comments and commas that people put into it.

use super::{DEEPEST, Key, MOST, Node, Unreadable, Value};

/// The tree of a JSON text.
pub(in crate::checks) fn json(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        nodes: 0,
    };
    let node = reader.node(0)?;
    reader.blanks()?;
    match reader.rest().chars().next() {
        None => Ok(node),
        Some(_) => Err(reader.fails("there is more after its end")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fails(&self, why: &str) -> Unreadable {
        Unreadable::new(self.line, why)
    }

    fn node(&mut self, depth: usize) -> Result<Node, Unreadable> {
        self.blanks()?;
        self.nodes += 1;
        if depth > DEEPEST {
            return Err(Unreadable::too_deep(self.line));
        }
        if self.nodes > MOST {
            return Err(Unreadable::too_much(self.line));
        }
        let line = self.line;
        let value = match self.rest().bytes().next() {
            Some(b'{') => Value::Map(self.map(depth)?),
            Some(b'[') => Value::List(self.list(depth)?),
            Some(b'"') => Value::Scalar(self.string()?),
            Some(_) => Value::Scalar(self.word()?),
            None => return Err(self.fails("it ends too soon")),
        };
        Ok(Node { line, value })
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Unreadable> {
        let mut entries = Vec::new();
        self.at += 1;
        while !self.ends(b'}')? {
            let line = self.line;
            let name = if self.rest().starts_with('"') {
                self.string()?
            } else {
                self.word()?
            };
            self.blanks()?;
            if !self.rest().starts_with(':') {
                return Err(self.fails("a name without `:`"));
            }
            self.at += 1;
            entries.push((Key { line, name }, self.node(depth + 1)?));
            self.comma(b'}')?;
        }
        Ok(entries)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Unreadable> {
        let mut items = Vec::new();
        self.at += 1;
        while !self.ends(b']')? {
            items.push(self.node(depth + 1)?);
            self.comma(b']')?;
        }
        Ok(items)
    }

    /// Whether the end is here; goes past it.
    fn ends(&mut self, end: u8) -> Result<bool, Unreadable> {
        self.blanks()?;
        let ends = self.rest().as_bytes().first() == Some(&end);
        self.at += usize::from(ends);
        Ok(ends)
    }

    fn comma(&mut self, end: u8) -> Result<(), Unreadable> {
        self.blanks()?;
        match self.rest().as_bytes().first() {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(byte) if *byte == end => Ok(()),
            _ => Err(self.fails("a comma is missing")),
        }
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        let mut text = String::new();
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\n' => break,
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('u') => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let code = u32::from_str_radix(&digits, 16).ok();
                        text.push(
                            code.and_then(char::from_u32)
                                .unwrap_or(char::REPLACEMENT_CHARACTER),
                        );
                    }
                    Some(c) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self.fails("a quote is never closed"))
    }

    fn word(&mut self) -> Result<String, Unreadable> {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.' | '_' | '$');
        let rest = self.rest();
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.fails("a sign that is no part of JSON"));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    /// Goes past blanks and comments.
    fn blanks(&mut self) -> Result<(), Unreadable> {
        loop {
            let rest = self.rest();
            let length = match rest.as_bytes() {
                [b'\n', ..] => {
                    self.line += 1;
                    1
                }
                [b' ' | b'\t' | b'\r', ..] => 1,
                [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => {
                    let end = rest
                        .find("*/")
                        .ok_or_else(|| self.fails("a comment is never closed"))?;
                    self.line += u32::try_from(rest[..end].matches('\n').count()).unwrap_or(0);
                    end + 2
                }
                _ => return Ok(()),
            };
            self.at += length;
        }
    }
}
