//! From text to tokens, with indentation as tokens of its own.

use std::ops::Range;

use super::Fault;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(i64),
    Text(String),
    /// A string with names in it.
    Format(Vec<Piece>),
    Mark(&'static str),
    Newline,
    Indent,
    Dedent,
    End,
}

/// A part of a string with names in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Name(String),
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Lexed {
    pub token: Token,
    pub at: Range<usize>,
}

/// Longer ones first.
const MARKS: &[&str] = &[
    "//=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "%=", "//", "**", "(", ")", "[", "]", "{",
    "}", ",", ":", ".", "=", "<", ">", "+", "-", "*", "/", "%", "|", ";",
];

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Lexed>, Fault> {
    let mut lexer = Lexer {
        text,
        at: 0,
        found: Vec::new(),
        indents: vec![0],
        open: 0,
    };
    lexer.run()?;
    Ok(lexer.found)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Lexed>,
    indents: Vec<usize>,
    /// How many brackets are open: in them lines do not end.
    open: usize,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        self.indentation()?;
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' => self.at += 1,
                '#' => self.skip_comment(),
                '\\' if self.rest().starts_with("\\\n") => self.at += 2,
                '\n' => {
                    self.at += 1;
                    if self.open == 0 {
                        self.end_line();
                        self.indentation()?;
                    }
                }
                c if c.is_ascii_digit() => self.number()?,
                c if is_name(c) => self.word()?,
                '"' | '\'' => self.string(self.at, false, false)?,
                _ => self.mark()?,
            }
        }
        self.end_line();
        for _ in 1..self.indents.len() {
            self.push(Token::Dedent, self.at);
        }
        self.push(Token::End, self.at);
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, token: Token, start: usize) {
        let at = start..self.at;
        self.found.push(Lexed { token, at });
    }

    fn fault(&self, start: usize, text: impl Into<String>) -> Fault {
        Fault::new(start..self.at.max(start + 1), text.into())
    }

    fn skip_comment(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn end_line(&mut self) {
        let last = self.found.last().map(|last| &last.token);
        if !matches!(
            last,
            None | Some(Token::Newline | Token::Indent | Token::Dedent)
        ) {
            self.push(Token::Newline, self.at);
        }
    }

    /// The spaces at the start of a line that is not empty.
    fn indentation(&mut self) -> Result<(), Fault> {
        loop {
            let start = self.at;
            let spaces = self.rest().chars().take_while(|c| *c == ' ').count();
            self.at += spaces;
            match self.peek() {
                Some('\t') => return Err(self.fault(self.at, "a line is indented with spaces")),
                Some('#') => self.skip_comment(),
                Some('\r' | '\n') => self.at += 1,
                None => return Ok(()),
                Some(_) => return self.indent(start, spaces),
            }
        }
    }

    fn indent(&mut self, start: usize, spaces: usize) -> Result<(), Fault> {
        let current = |lexer: &Self| lexer.indents.last().copied().unwrap_or(0);
        if spaces > current(self) {
            self.indents.push(spaces);
            self.push(Token::Indent, start);
        }
        while spaces < current(self) {
            self.indents.pop();
            self.push(Token::Dedent, start);
        }
        if spaces == current(self) {
            Ok(())
        } else {
            Err(self.fault(start, "this line is indented as none before it"))
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let digits = self.rest().find(|c| !is_name(c));
        self.at += digits.unwrap_or(self.rest().len());
        let Ok(number) = self.text[start..self.at].parse() else {
            return Err(self.fault(start, "this is no whole number that can be used here"));
        };
        self.push(Token::Int(number), start);
        Ok(())
    }

    fn word(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let end = self.rest().find(|c| !is_name(c));
        self.at += end.unwrap_or(self.rest().len());
        let word = self.text[start..self.at].to_owned();
        if matches!(self.peek(), Some('"' | '\'')) {
            return match word.as_str() {
                "r" => self.string(start, true, false),
                "f" => self.string(start, false, true),
                _ => Err(self.fault(start, format!("a string cannot start with `{word}`"))),
            };
        }
        self.push(Token::Name(word), start);
        Ok(())
    }

    fn string(&mut self, start: usize, raw: bool, format: bool) -> Result<(), Fault> {
        let quote = &self.rest()[..1];
        let triple = quote.repeat(3);
        let end = if self.rest().starts_with(&triple) {
            triple
        } else {
            quote.to_owned()
        };
        self.at += end.len();
        let mut text = String::new();
        loop {
            if self.rest().starts_with(&end) {
                self.at += end.len();
                break;
            }
            match self.peek() {
                None => return Err(self.fault(start, "this string has no end")),
                Some('\n') if end.len() == 1 => {
                    return Err(self.fault(start, "this string has no end on its line"));
                }
                Some('\\') => self.escape(raw, &mut text)?,
                Some(c) => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
        let token = if format {
            Token::Format(self.pieces(start, &text)?)
        } else {
            Token::Text(text)
        };
        self.push(token, start);
        Ok(())
    }

    fn escape(&mut self, raw: bool, text: &mut String) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.peek() else {
            return Err(self.fault(start, "this string has no end"));
        };
        self.at += c.len_utf8();
        if raw {
            text.push('\\');
            text.push(c);
            return Ok(());
        }
        let digits = match c {
            '\n' => return Ok(()),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let plain = match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            '\\' | '"' | '\'' => Some(c),
            _ => None,
        };
        if let Some(c) = plain {
            text.push(c);
            return Ok(());
        }
        if digits == 0 {
            return Err(self.fault(start, format!("`\\{c}` means nothing in a string")));
        }
        let code = self.rest().get(..digits).unwrap_or_default();
        let value = u32::from_str_radix(code, 16).ok();
        self.at += code.len();
        let Some(c) = value.and_then(char::from_u32) else {
            return Err(self.fault(start, "this is no character"));
        };
        text.push(c);
        Ok(())
    }

    /// The parts of a string in which `{name}` stands for a value.
    fn pieces(&self, start: usize, text: &str) -> Result<Vec<Piece>, Fault> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            let name = after.split_once('}').filter(|_| brace == "{");
            let is_one = |name: &str| !name.is_empty() && name.chars().all(is_name);
            let Some((name, after)) = name.filter(|(name, _)| is_one(name)) else {
                return Err(self.fault(start, "in `f\"…\"` only a name stands between braces"));
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(pieces)
    }

    fn mark(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let Some(mark) = MARKS.iter().find(|mark| self.rest().starts_with(**mark)) else {
            let c = self.peek().unwrap_or_default();
            self.at += c.len_utf8();
            return Err(self.fault(start, format!("`{c}` means nothing here")));
        };
        self.at += mark.len();
        match *mark {
            "(" | "[" | "{" => self.open += 1,
            ")" | "]" | "}" => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.push(Token::Mark(mark), start);
        Ok(())
    }
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}
