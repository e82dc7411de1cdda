//! `${…}`: which variable, and what is done to its value.

use super::cursor::is_name;
use super::{Dialect, GaveUp, Part, RawWord, Result};

/// A variable in an expansion.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its name, or its sign: `1`, `@`, `#`, …
    pub(crate) name: String,
    pub(crate) subscript: Subscript,
    pub(crate) form: Form,
    /// Whether an index, an offset or a name is computed.
    pub(crate) computes: bool,
}

/// Which element of an array is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subscript {
    None,
    All,
    Number(usize),
}

/// What is done to the value.
#[derive(Debug)]
pub(crate) enum Form {
    Plain,
    /// `${#x}`.
    Length,
    /// `${x:-word}`; with the colon also in place of an empty value.
    Default(RawWord, bool),
    /// `${x:=word}`.
    Assign(RawWord, bool),
    /// `${x:+word}`.
    Alternative(RawWord, bool),
    /// `${x:?word}`.
    Error(RawWord),
    /// `${x#word}` and its kind.
    Trim {
        pattern: RawWord,
        front: bool,
        longest: bool,
    },
    /// `${x:offset:length}`.
    Slice {
        offset: i64,
        length: Option<i64>,
    },
    /// `${x/pattern/with}` and its kind.
    Replace {
        pattern: RawWord,
        with: RawWord,
        which: Which,
    },
    /// `${x^^}` and its kind.
    Case {
        upper: bool,
        all: bool,
    },
    /// Anything else; what is expanded on the way.
    Other(RawWord),
}

/// What of a value is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    First,
    All,
    Front,
    Back,
}

impl Parameter {
    /// `$name`.
    pub(super) fn plain(name: String) -> Self {
        Self {
            name,
            subscript: Subscript::None,
            form: Form::Plain,
            computes: false,
        }
    }

    /// What stands between the braces: `body`, and its `outline` with `$` for
    /// an expansion and `'` for a quotation.
    pub(super) fn braced(outline: &str, body: RawWord, dialect: Dialect) -> Result<Self> {
        let computes = computes(outline);
        let mut parameter = Self {
            name: named(outline).0.to_owned(),
            subscript: Subscript::None,
            form: Form::Plain,
            computes,
        };
        // `${#}` is the number of words; `${!x}` is another variable's value.
        if outline.starts_with('#') && outline.len() > 1 {
            if outline[1..].chars().all(is_name) {
                parameter.form = Form::Length;
            } else {
                parameter.form = Form::Other(body);
            }
            return Ok(parameter);
        }
        let Some(head) = head(&body) else {
            parameter.form = Form::Other(body);
            return Ok(parameter);
        };
        let (name, rest) = named(head);
        let (name, mut skip) = match (name, rest.chars().next()) {
            ("", Some(sign)) if "#?$!-".contains(sign) && rest.len() == 1 => (&rest[..1], 1),
            (name, _) => (name, name.len()),
        };
        name.clone_into(&mut parameter.name);
        if name.is_empty() {
            parameter.form = Form::Other(body);
            return Ok(parameter);
        }
        let rest = &head[skip..];
        if let Some(rest) = rest.strip_prefix('[') {
            let Some((index, _)) = rest.split_once(']') else {
                parameter.form = Form::Other(body);
                return Ok(parameter);
            };
            parameter.subscript = match index {
                "@" | "*" => Subscript::All,
                number => match number.parse() {
                    Ok(number) if dialect == Dialect::Bash => Subscript::Number(number),
                    _ => {
                        parameter.form = Form::Other(body);
                        return Ok(parameter);
                    }
                },
            };
            skip += index.len() + 2;
        }
        parameter.form = form(body, skip, computes, dialect)?;
        Ok(parameter)
    }
}

/// The operation that starts `skip` bytes into the first text of `body`.
fn form(body: RawWord, skip: usize, computes: bool, dialect: Dialect) -> Result<Form> {
    let head = head(&body).unwrap_or_default();
    let rest = head.get(skip..).unwrap_or_default().to_owned();
    if rest.is_empty() && body.parts.len() == 1 {
        return Ok(Form::Plain);
    }
    let with = |taken: usize, body| without(body, skip + taken);
    // The words of these are split and quoted by rules of their own.
    let starts = |sign: &str| rest.starts_with(sign);
    Ok(match rest.chars().next() {
        Some(':') if starts(":-") => Form::Default(with(2, body), true),
        Some(':') if starts(":=") => Form::Assign(with(2, body), true),
        Some(':') if starts(":+") => Form::Alternative(with(2, body), true),
        Some(':') if starts(":?") => Form::Error(with(2, body)),
        Some('-') => Form::Default(with(1, body), false),
        Some('=') => Form::Assign(with(1, body), false),
        Some('+') => Form::Alternative(with(1, body), false),
        Some('?') => Form::Error(with(1, body)),
        Some(sign @ ('#' | '%')) => {
            let longest = rest[1..].starts_with(sign);
            Form::Trim {
                pattern: with(1 + usize::from(longest), body),
                front: sign == '#',
                longest,
            }
        }
        _ if dialect != Dialect::Bash => Form::Other(body),
        Some(':') if !computes && body.parts.len() == 1 => match slice(&rest[1..]) {
            Some(form) => form,
            None => Form::Other(body),
        },
        Some('/') => return replace(body, skip, &rest),
        Some(sign @ ('^' | ',')) if body.parts.len() == 1 => {
            let all = rest.len() == 2 && rest[1..].starts_with(sign);
            if all || rest.len() == 1 {
                let upper = sign == '^';
                Form::Case { upper, all }
            } else {
                Form::Other(body)
            }
        }
        _ => Form::Other(body),
    })
}

fn slice(text: &str) -> Option<Form> {
    let number = |text: &str| text.trim_matches(' ').parse().ok();
    let (offset, length) = match text.split_once(':') {
        Some((offset, length)) => (offset, Some(number(length)?)),
        None => (text, None),
    };
    Some(Form::Slice {
        offset: number(offset)?,
        length,
    })
}

/// `${x/pattern/with}`: where the first unquoted slash divides.
fn replace(body: RawWord, skip: usize, rest: &str) -> Result<Form> {
    let (which, taken) = match rest.as_bytes().get(1) {
        Some(b'/') => (Which::All, 2),
        Some(b'#') => (Which::Front, 2),
        Some(b'%') => (Which::Back, 2),
        _ => (Which::First, 1),
    };
    let operands = without(body, skip + taken);
    let mut pattern = RawWord::default();
    let mut with = RawWord::default();
    let mut divided = false;
    for part in operands.parts {
        match part {
            Part::Text {
                text,
                quoted: false,
            } if !divided && text.contains('/') => {
                let (before, after) = text.split_once('/').unwrap_or((&text, ""));
                before.chars().for_each(|c| pattern.push(c, false));
                after.chars().for_each(|c| with.push(c, false));
                divided = true;
            }
            part if divided => with.parts.push(part),
            part => pattern.parts.push(part),
        }
    }
    if !divided && pattern.parts.is_empty() {
        return Err(GaveUp("a `${…/…}` is not read".to_owned()));
    }
    Ok(Form::Replace {
        pattern,
        with,
        which,
    })
}

/// The unquoted text that a word starts with.
fn head(body: &RawWord) -> Option<&str> {
    match body.parts.first() {
        Some(Part::Text {
            text,
            quoted: false,
        }) => Some(text),
        _ => None,
    }
}

/// The word without the first `taken` bytes of its first text.
fn without(mut body: RawWord, taken: usize) -> RawWord {
    if let Some(Part::Text { text, .. }) = body.parts.first_mut() {
        *text = text.get(taken..).unwrap_or_default().to_owned();
        if text.is_empty() {
            body.parts.remove(0);
        }
    }
    body
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
