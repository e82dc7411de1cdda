//! Values: what an expansion becomes, as far as that can be known, and what is
//! run on the way.

use crate::analysis::{Simple, Spread, Word};
use crate::arithmetic;
use crate::edit::{cased, replaced, sliced, trimmed};
use crate::env;
use crate::expand::{self, Piece, Text};
use crate::pattern::{self, Glob};
use crate::syntax::{Dialect, Form, Parameter, Part, RawWord, Script, Subscript, Value};

use super::{MOST_TEXT, Surroundings, Walker};

/// Longer values are not followed.
const LONGEST: usize = 64 * 1024;

/// What a variable holds.
enum Found {
    /// Nothing in the script sets it.
    Open,
    /// Surely nothing.
    Unset,
    One(Word),
    List(Vec<Word>),
    Unknown,
}

/// How an expansion stands in its word.
#[derive(Clone, Copy)]
struct Stance {
    quoted: bool,
    /// Whether it becomes several words even if quoted.
    many: bool,
}

impl Walker {
    pub(super) fn fields(&mut self, word: &RawWord, around: &Surroundings) -> Vec<Word> {
        if let [Part::Process(script)] = word.parts.as_slice() {
            return vec![self.process(script, &word.written, around)];
        }
        let pieces = self.pieces(word, around);
        let splits = match self.env.value("IFS") {
            env::Value::Scalar(words) => match words.as_slice() {
                [Word::Known(text)] => Some(text.clone()),
                _ => None,
            },
            env::Value::Unset => Some(" \t\n".to_owned()),
            _ => None,
        };
        let words = expand::fields(pieces, &word.written, around.dialect, splits.as_deref());
        self.note_unknown(&words, word);
        words
    }

    pub(super) fn single(&mut self, word: &RawWord, around: &Surroundings) -> Word {
        if let [Part::Process(script)] = word.parts.as_slice() {
            return self.process(script, &word.written, around);
        }
        let pieces = self.pieces(word, around);
        let words = [expand::single(&pieces, &word.written)];
        self.note_unknown(&words, word);
        let [word] = words;
        word
    }

    /// What is put in the place of a `<(…)`.
    fn process(&mut self, script: &Script, written: &str, around: &Surroundings) -> Word {
        let start = self.analysis.commands.len();
        let done = self.apart(|walker| walker.script(script, around));
        Word::Unknown {
            written: written.to_owned(),
            prefix: "/".to_owned(),
            spread: Spread::One,
            downloaded: self.downloads_since(start),
            bare: None,
            pattern: None,
            holds: done.printed,
        }
    }

    /// The pieces of a word, its values looked up.
    fn pieces(&mut self, word: &RawWord, around: &Surroundings) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(word.written.len());
        if self.text > MOST_TEXT {
            self.opaque("it puts together more text than is followed");
            return vec![unknown(Spread::Any, false, false)];
        }
        for part in &word.parts {
            match part {
                Part::Text { text, quoted } => {
                    let kind = if *quoted { Text::Quoted } else { Text::Plain };
                    if *quoted && text.is_empty() {
                        pieces.push(Piece::Quotes);
                    }
                    pieces.extend(text.chars().map(|c| Piece::Char { c, kind }));
                }
                Part::Process(script) => {
                    let word = self.process(script, "", around);
                    pieces.push(Piece::Value {
                        spread: Spread::One,
                        downloaded: word.is_downloaded(),
                        prefix: "/".to_owned(),
                        open: false,
                    });
                }
                Part::Expansion {
                    value,
                    quoted,
                    many,
                } => {
                    let stance = Stance {
                        quoted: *quoted,
                        many: *many,
                    };
                    self.expansion(value, stance, &mut pieces, around);
                }
            }
            if pieces.len() > LONGEST {
                self.opaque("a word is longer than is followed");
                return vec![unknown(Spread::Any, false, false)];
            }
        }
        self.text += pieces.len();
        pieces
    }

    fn expansion(
        &mut self,
        value: &Value,
        stance: Stance,
        pieces: &mut Vec<Piece>,
        around: &Surroundings,
    ) {
        let start = self.analysis.commands.len();
        match value {
            Value::Elsewhere(parts) => {
                for part in parts {
                    self.happen(part, around);
                }
                pieces.push(stance.unknown(self.downloads_since(start)));
            }
            Value::Output(script) => {
                let done = self.apart(|walker| walker.script(script, around));
                match done.printed {
                    Some(text) => stance.text(text.trim_end_matches('\n'), pieces, around),
                    None => pieces.push(stance.unknown(self.downloads_since(start))),
                }
            }
            Value::Parameter(parameter) => {
                self.parameter(parameter, stance, pieces, around);
                if self.downloads_since(start) {
                    for piece in pieces {
                        if let Piece::Value { downloaded, .. } = piece {
                            *downloaded = true;
                        }
                    }
                }
            }
            Value::Arithmetic { text, computes } => {
                match self.arithmetic(text, *computes, around) {
                    Some(number) => stance.text(&number.to_string(), pieces, around),
                    None => pieces.push(stance.unknown(self.downloads_since(start))),
                }
            }
        }
    }

    /// What is run to expand a part whose value does not matter.
    fn happen(&mut self, part: &Part, around: &Surroundings) {
        match part {
            Part::Text { .. } => {}
            Part::Process(script) => {
                self.process(script, "", around);
            }
            Part::Expansion { value, .. } => {
                let stance = Stance {
                    quoted: true,
                    many: false,
                };
                self.expansion(value, stance, &mut Vec::new(), around);
            }
        }
    }

    pub(super) fn arithmetic(
        &mut self,
        text: &RawWord,
        computes: bool,
        around: &Surroundings,
    ) -> Option<i64> {
        let pieces = self.pieces(text, around);
        let known: Option<String> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Char { c, .. } => Some(*c),
                _ => None,
            })
            .collect();
        let variable = |name: &str| match self.env.value(name) {
            env::Value::Scalar(words) => match words.as_slice() {
                [Word::Known(text)] => arithmetic::number(text),
                _ => None,
            },
            _ => None,
        };
        let value = known
            .as_deref()
            .filter(|_| around.dialect != Dialect::Zsh)
            .and_then(|text| arithmetic::value(text, &variable));
        if value.is_some() {
            return value;
        }
        if computes {
            self.emit(Simple {
                through: around.through.clone(),
                ..Simple::of(vec![Word::Known("((".to_owned()), Word::anything("…")])
            });
        }
        self.assigned_in(known.as_deref(), around);
        None
    }

    /// Arithmetic may set the variables in it, and those that their values
    /// name.
    fn assigned_in(&mut self, text: Option<&str>, around: &Surroundings) {
        let Some(text) = text else {
            return self.env.forget();
        };
        let names = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        let sets = text.contains('=') || text.contains("++") || text.contains("--");
        let mut other = false;
        for name in names {
            other |= match self.env.value(name) {
                env::Value::Scalar(words) | env::Value::Either(words) => words
                    .iter()
                    .filter_map(Word::known)
                    .any(|text| arithmetic::number(text).is_none() && !text.is_empty()),
                _ => false,
            };
            // One that programs may go by is listed.
            if sets && name.contains(char::is_uppercase) {
                self.emit_assigned(name, around);
            } else if sets {
                self.env.set(name, env::Value::Unknown);
            }
        }
        if other {
            self.env.forget();
        }
    }

    fn look_up(&mut self, name: &str, subscript: Subscript) -> Found {
        if let Some(found) = self.positional(name) {
            return found;
        }
        match (self.env.value(name), subscript) {
            (env::Value::Open, _) => Found::Open,
            (env::Value::Unset, _) => Found::Unset,
            (env::Value::Unknown, _) => Found::Unknown,
            (env::Value::Array(words), Subscript::All) => Found::List(words.to_vec()),
            (env::Value::Array(words), Subscript::None) => element(&words, 0),
            (env::Value::Array(words), Subscript::Number(at)) => element(&words, at),
            (env::Value::Scalar(_) | env::Value::Either(_), Subscript::Number(at)) if at > 0 => {
                Found::Unknown
            }
            (env::Value::Scalar(mut words), _) => {
                let chosen = match words.len() {
                    1 => Some(0),
                    many => self.choose(many),
                };
                let Some(chosen) = chosen else {
                    return Found::Unknown;
                };
                let word = words.swap_remove(chosen);
                self.env.set(name, env::Value::of(word.clone()));
                Found::One(word)
            }
            (env::Value::Either(mut words), _) => match self.choose(words.len() + 1) {
                None => Found::Open,
                Some(0) => {
                    self.env.set(name, env::Value::Open);
                    Found::Open
                }
                Some(chosen) => {
                    let word = words.swap_remove(chosen - 1);
                    self.env.set(name, env::Value::of(word.clone()));
                    Found::One(word)
                }
            },
        }
    }

    /// The words that a script or function was started with.
    fn positional(&mut self, name: &str) -> Option<Found> {
        let words = self.env.words.clone();
        Some(match (name, words) {
            ("0", _) => match &self.env.zero {
                Some(word) => Found::One(word.clone()),
                None => Found::Unknown,
            },
            ("?" | "$" | "!" | "-", _) | ("#", None) => Found::Unknown,
            ("@" | "*", Some(words)) => Found::List(words.to_vec()),
            ("@" | "*", None) => Found::Open,
            ("#", Some(words)) => Found::One(Word::Known(words.len().to_string())),
            (name, words) => match (name.parse::<usize>(), words) {
                (Err(_), _) => return None,
                (Ok(_), None) => Found::Open,
                (Ok(at), Some(words)) => element(&words, at.saturating_sub(1)),
            },
        })
    }

    fn parameter(
        &mut self,
        parameter: &Parameter,
        stance: Stance,
        pieces: &mut Vec<Piece>,
        around: &Surroundings,
    ) {
        if parameter.computes {
            self.emit(Simple {
                through: around.through.clone(),
                ..Simple::of(vec![Word::Known("((".to_owned()), Word::anything("…")])
            });
        }
        let name = parameter.name.as_str();
        if let Form::Other(body) = &parameter.form {
            return self.other(body, stance, pieces, around);
        }
        if name == "HOME"
            && matches!(parameter.form, Form::Plain)
            && self.env.value(name) == env::Value::Open
        {
            pieces.push(Piece::Home);
            return;
        }
        let found = self.look_up(name, parameter.subscript);
        let listed = matches!(name, "@" | "*") || parameter.subscript == Subscript::All;
        match &parameter.form {
            Form::Plain => self.put(found, name, stance, pieces, around),
            Form::Default(word, empty) => {
                if self.is_missing(&found, *empty) {
                    return self.operand(word, stance, pieces, around);
                }
                let found = sure(found);
                self.put(found, name, stance, pieces, around);
            }
            Form::Assign(word, empty) => {
                if !self.is_missing(&found, *empty) {
                    let found = sure(found);
                    return self.put(found, name, stance, pieces, around);
                }
                let value = self.single(word, around);
                self.emit_assigned(name, around);
                self.env.set(name, env::Value::of(value.clone()));
                stance.word(&value, pieces, around);
            }
            Form::Alternative(word, empty) => {
                if !self.is_missing(&found, *empty) {
                    self.operand(word, stance, pieces, around);
                }
            }
            Form::Error(word) => {
                self.single(word, around);
                self.put(found, name, stance, pieces, around);
            }
            _ if listed => {
                self.pattern_parts(&parameter.form, around);
                match (&parameter.form, found) {
                    (Form::Slice { offset, length }, Found::List(words)) if name == "@" => {
                        match listed_slice(&words, *offset, *length) {
                            Some(words) => {
                                self.put(Found::List(words), name, stance, pieces, around);
                            }
                            None => pieces.push(stance.unknown(false)),
                        }
                    }
                    _ => pieces.push(stance.unknown(false)),
                }
            }
            form => {
                let text = match &found {
                    Found::One(Word::Known(text)) => Some(text.as_str()),
                    Found::Unset => Some(""),
                    _ => None,
                };
                if let Some(text) = self.changed(form, text, around) {
                    stance.text(&text, pieces, around);
                } else {
                    let open = matches!(found, Found::Open);
                    pieces.push(unknown(stance.spread(), false, open));
                }
            }
        }
    }

    /// An operation that is not read, and `${!x}`.
    fn other(
        &mut self,
        body: &RawWord,
        stance: Stance,
        pieces: &mut Vec<Piece>,
        around: &Surroundings,
    ) {
        if let [Part::Text { text, .. }] = body.parts.as_slice()
            && let Some(name) = text.strip_prefix('!')
            && around.dialect == Dialect::Bash
            && let Found::One(Word::Known(target)) = self.look_up(name, Subscript::None)
            && target
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            let found = self.look_up(&target, Subscript::None);
            return self.put(found, &target, stance, pieces, around);
        }
        for part in &body.parts {
            self.happen(part, around);
        }
        pieces.push(stance.unknown(false));
    }

    /// Whether the word of `${x:-word}` counts. Where it may, that is a
    /// choice.
    fn is_missing(&mut self, found: &Found, empty: bool) -> bool {
        let may = match found {
            Found::Unset => return true,
            Found::List(words) => return words.is_empty(),
            Found::One(Word::Known(text)) => return empty && text.is_empty(),
            Found::One(Word::Unknown { prefix, .. }) => empty && prefix.is_empty(),
            Found::Open | Found::Unknown => true,
        };
        may && self.choose(2) == Some(1)
    }

    fn operand(
        &mut self,
        word: &RawWord,
        stance: Stance,
        pieces: &mut Vec<Piece>,
        around: &Surroundings,
    ) {
        let kind = |kind| match (kind, stance.quoted) {
            (Text::Plain, false) => Text::Expanded,
            (Text::Plain, true) => Text::Quoted,
            (kind, _) => kind,
        };
        for (index, piece) in self.pieces(word, around).into_iter().enumerate() {
            pieces.push(match piece {
                Piece::Char {
                    c: '~',
                    kind: Text::Plain,
                } if index == 0 && !stance.quoted => Piece::Home,
                Piece::Char { c, kind: old } => Piece::Char { c, kind: kind(old) },
                other => other,
            });
        }
    }

    fn put(
        &mut self,
        found: Found,
        name: &str,
        stance: Stance,
        pieces: &mut Vec<Piece>,
        around: &Surroundings,
    ) {
        match found {
            Found::Open => pieces.push(unknown(stance.spread(), false, true)),
            Found::Unset => {}
            Found::Unknown => pieces.push(stance.unknown(false)),
            Found::One(word) => stance.word(&word, pieces, around),
            Found::List(words) => {
                let apart = stance.many || !stance.quoted;
                if words.is_empty() && stance.quoted {
                    if stance.many && matches!(pieces.last(), Some(Piece::Quotes)) {
                        pieces.pop();
                    }
                    return;
                }
                if !apart && self.env.variable("IFS").is_some() {
                    pieces.push(stance.unknown(false));
                    return;
                }
                // `${x[*]}` in quotes is one word, and so is `$*`.
                let join = !apart || (stance.quoted && name == "*");
                for (index, word) in words.iter().enumerate() {
                    if index > 0 && join {
                        pieces.push(Piece::Char {
                            c: ' ',
                            kind: Text::Quoted,
                        });
                    } else if index > 0 {
                        pieces.push(Piece::Break);
                    }
                    if stance.quoted && apart {
                        pieces.push(Piece::Quotes);
                    }
                    stance.word(word, pieces, around);
                }
            }
        }
    }

    /// What an operation makes of a value.
    fn changed(
        &mut self,
        form: &Form,
        text: Option<&str>,
        around: &Surroundings,
    ) -> Option<String> {
        match form {
            Form::Length => Some(text?.chars().count().to_string()),
            Form::Trim {
                pattern,
                front,
                longest,
            } => {
                let globs = self.globs(pattern, around)?;
                trimmed(text?, &globs, *front, *longest)
            }
            Form::Slice { offset, length } => sliced(text?, *offset, *length),
            Form::Replace {
                pattern,
                with,
                which,
            } => {
                let globs = self.globs(pattern, around);
                let with = self.single(with, around);
                let with = with.known().filter(|text| !text.contains('&'))?;
                replaced(text?, &globs?, with, *which)
            }
            Form::Case { upper, all } => Some(cased(text?, *upper, *all)),
            _ => None,
        }
    }

    /// What is run in the operands of an operation.
    fn pattern_parts(&mut self, form: &Form, around: &Surroundings) {
        if let Form::Trim { pattern, .. } | Form::Replace { pattern, .. } = form {
            self.globs(pattern, around);
        }
        if let Form::Replace { with, .. } = form {
            self.single(with, around);
        }
    }

    fn globs(&mut self, word: &RawWord, around: &Surroundings) -> Option<Vec<Glob>> {
        let mut chars = Vec::new();
        let mut known = true;
        for piece in self.pieces(word, around) {
            match piece {
                Piece::Char { c, kind } => chars.push((c, kind == Text::Quoted)),
                Piece::Quotes => {}
                _ => known = false,
            }
        }
        // Patterns such as `@(a|b)` need an option that may be set.
        known &= !chars.iter().any(|(c, literal)| *c == '(' && !literal);
        (known && chars.len() < 256).then(|| pattern::parse(&chars))
    }
}

impl Stance {
    fn spread(self) -> Spread {
        if self.quoted && !self.many {
            Spread::One
        } else {
            Spread::Any
        }
    }

    fn unknown(self, downloaded: bool) -> Piece {
        unknown(self.spread(), downloaded, false)
    }

    /// Adds a value that is known.
    fn text(self, text: &str, pieces: &mut Vec<Piece>, around: &Surroundings) {
        if around.dialect == Dialect::Zsh
            && !self.quoted
            && text.contains(|c: char| !c.is_ascii_alphanumeric() && !"/._-".contains(c))
        {
            pieces.push(self.unknown(false));
            return;
        }
        let kind = if self.quoted {
            Text::Quoted
        } else {
            Text::Expanded
        };
        pieces.extend(text.chars().map(|c| Piece::Char { c, kind }));
    }

    fn word(self, word: &Word, pieces: &mut Vec<Piece>, around: &Surroundings) {
        match word {
            Word::Known(text) => self.text(text, pieces, around),
            Word::Unknown {
                written,
                prefix,
                downloaded,
                pattern,
                ..
            } => {
                let below = written.strip_prefix('~').filter(|rest| {
                    prefix == "/"
                        && pattern.is_none()
                        && (rest.is_empty() || rest.starts_with('/'))
                        && !rest.contains(['$', '`', '*', '?', '\\', '"', '\''])
                });
                if let Some(rest) = below {
                    pieces.push(Piece::Home);
                    self.text(rest, pieces, around);
                    return;
                }
                pieces.push(Piece::Value {
                    spread: self.spread(),
                    downloaded: *downloaded,
                    prefix: prefix.clone(),
                    open: false,
                });
            }
        }
    }
}

/// The same, where it is certain that there is a value.
fn sure(found: Found) -> Found {
    match found {
        Found::Open => Found::Unknown,
        found => found,
    }
}

fn element(words: &[Word], at: usize) -> Found {
    words.get(at).cloned().map_or(Found::Unset, Found::One)
}

fn unknown(spread: Spread, downloaded: bool, open: bool) -> Piece {
    Piece::Value {
        spread,
        downloaded,
        prefix: String::new(),
        open,
    }
}

fn listed_slice(words: &[Word], offset: i64, length: Option<i64>) -> Option<Vec<Word>> {
    let from = usize::try_from(offset.checked_sub(1)?).ok()?;
    let count = length.map_or(Some(usize::MAX), |length| usize::try_from(length).ok())?;
    Some(words.iter().skip(from).take(count).cloned().collect())
}
