//! Lists, pipelines and simple commands.

use std::rc::Rc;

use super::cursor::{Parser, is_meta, is_name, is_name_start};
use super::{
    After, Assignment, Command, Dialect, GaveUp, Item, Kind, Part, RawWord, Redirect, Result,
    Script, Value,
};

/// Builtins whose words may assign arrays.
const DECLARING: &[&str] = &["declare", "typeset", "local", "export", "readonly"];

impl Parser<'_> {
    /// A list of commands, up to what closes it.
    pub(super) fn list(&mut self) -> Result<Script> {
        self.deeper(|parser| {
            let mut items = Vec::new();
            let documents = parser.documents;
            parser.items(&mut items, &mut 0)?;
            // Some versions of bash lose the `;` between what follows.
            if parser.substitutions > 0 && parser.documents > documents && items.len() > 1 {
                return Err(GaveUp(
                    "bash misreads what follows a here-document in `$(…)`".to_owned(),
                ));
            }
            Ok(Script { items })
        })
    }

    /// A list that may not be empty, as in all compound commands.
    pub(super) fn full_list(&mut self) -> Result<Script> {
        let script = self.list()?;
        if script.items.is_empty() {
            return Err(self.unexpected());
        }
        Ok(script)
    }

    /// The items of a list. Those before a failure stay in `items`, and
    /// `understood` is how far they go.
    pub(super) fn items(&mut self, items: &mut Vec<Item>, understood: &mut usize) -> Result<()> {
        loop {
            self.lines()?;
            *understood = self.at;
            if self.list_ends() {
                return Ok(());
            }
            let mut found = self.and_or()?;
            self.blanks()?;
            let more = match self.peek() {
                Some(';') if !matches!(self.second(), Some(';' | '&' | '|')) => self.eat(';'),
                Some('&') => {
                    for item in &mut found {
                        item.background = true;
                    }
                    self.eat('&')
                }
                Some('\n') => true,
                None | Some(')' | ';') => false,
                Some(_) => return Err(self.unexpected()),
            };
            items.append(&mut found);
            if !more {
                *understood = self.at;
                return Ok(());
            }
        }
    }

    fn list_ends(&mut self) -> bool {
        matches!(self.peek(), None | Some(')'))
            || matches!(
                self.reserved(),
                Some("then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}")
            )
            || self.sees(";;")
            || self.sees(";&")
    }

    pub(super) fn second(&mut self) -> Option<char> {
        let start = self.at;
        self.take();
        let second = self.peek();
        self.at = start;
        second
    }

    fn and_or(&mut self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut after = After::Always;
        loop {
            let (stages, negated) = self.pipeline()?;
            items.push(Item {
                stages,
                background: false,
                after,
                negated,
            });
            self.blanks()?;
            after = if self.eat_all("&&") {
                After::Success
            } else if self.eat_all("||") {
                After::Failure
            } else {
                return Ok(items);
            };
            self.lines()?;
        }
    }

    /// The stages, and whether the status is turned around.
    fn pipeline(&mut self) -> Result<(Vec<Command>, bool)> {
        let mut stages = Vec::new();
        let mut negated = false;
        loop {
            negated ^= self.pipeline_prefix()?;
            stages.push(self.deeper(Self::command)?);
            self.blanks()?;
            if self.sees("||") || !self.eat('|') {
                return Ok((stages, negated));
            }
            self.eat('&');
            self.lines()?;
        }
    }

    /// `!` and `time`.
    fn pipeline_prefix(&mut self) -> Result<bool> {
        let mut negated = false;
        loop {
            self.blanks()?;
            let start = self.at;
            if self.eat_reserved("!") {
                negated = !negated;
                continue;
            }
            if self.eat_reserved("time") {
                self.blanks()?;
                if self.dialect == Dialect::Zsh {
                    return Err(GaveUp("zsh runs apart what it times".to_owned()));
                }
                // With options it is a program of that name.
                if self.eat_all("-p ") || self.peek() != Some('-') {
                    continue;
                }
                self.at = start;
            }
            return Ok(negated);
        }
    }

    pub(super) fn command(&mut self) -> Result<Command> {
        self.blanks()?;
        match self.compound()? {
            Some(kind) => {
                let mut redirects = Vec::new();
                loop {
                    self.blanks()?;
                    match self.redirect()? {
                        Some(redirect) => redirects.push(redirect),
                        None => return Ok(Command { kind, redirects }),
                    }
                }
            }
            None => self.simple(),
        }
    }

    fn simple(&mut self) -> Result<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<RawWord> = Vec::new();
        let mut redirects: Vec<Redirect> = Vec::new();
        loop {
            self.blanks()?;
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if self.peek() == Some('(') {
                return self.function_after(&words, &assignments, &redirects);
            }
            let Some(word) = self.word()? else { break };
            let declares = words
                .first()
                .and_then(RawWord::plain)
                .is_some_and(|name| DECLARING.contains(&name));
            let (word, assignment) = if words.is_empty() || declares {
                self.assignment(word)?
            } else {
                (Some(word), None)
            };
            match (word, assignment) {
                (Some(word), _) => words.push(word),
                (None, assignment) => assignments.extend(assignment),
            }
        }
        if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command {
            kind: Kind::Simple { assignments, words },
            redirects,
        })
    }

    /// `name()` and the body of the function.
    fn function_after(
        &mut self,
        words: &[RawWord],
        assignments: &[Assignment],
        redirects: &[Redirect],
    ) -> Result<Command> {
        let [name] = words else {
            return Err(self.unexpected());
        };
        let Some(name) = name.plain() else {
            return Err(self.unexpected());
        };
        if !assignments.is_empty() || !redirects.is_empty() {
            return Err(self.unexpected());
        }
        self.eat('(');
        self.blanks()?;
        if !self.eat(')') {
            return Err(self.unexpected());
        }
        self.function_body(name.to_owned())
    }

    pub(super) fn function_body(&mut self, name: String) -> Result<Command> {
        self.lines()?;
        let body = Rc::new(self.deeper(Self::command)?);
        Ok(Command {
            kind: Kind::Function { name, body },
            redirects: Vec::new(),
        })
    }

    /// Whether a word assigns a variable, where it can.
    fn assignment(&mut self, mut word: RawWord) -> Result<(Option<RawWord>, Option<Assignment>)> {
        if has_open_index(&word) {
            return Err(GaveUp("an index goes on after its word".to_owned()));
        }
        let Some((name, rest, append)) = assigned(&word) else {
            return Ok((Some(word), None));
        };
        if append && self.dialect == Dialect::Posix {
            return Err(GaveUp("not every shell has `+=`".to_owned()));
        }
        if rest.is_empty() && word.parts.len() == 1 && self.raw() == Some('(') {
            if self.dialect == Dialect::Posix {
                return Err(GaveUp("not every shell has arrays".to_owned()));
            }
            let elements = Some(self.array()?);
            let value = RawWord {
                parts: vec![Part::Expansion {
                    value: Value::Elsewhere(Vec::new()),
                    quoted: true,
                    many: true,
                }],
                written: "(…)".to_owned(),
            };
            return Ok((
                None,
                Some(Assignment {
                    name,
                    append,
                    index: false,
                    elements,
                    value,
                }),
            ));
        }
        let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let is_number = index.is_some_and(|(index, _)| index.chars().all(|c| c.is_ascii_digit()));
        if rest.starts_with('[') && !is_number {
            word.parts.push(Part::Expansion {
                value: Value::Arithmetic {
                    text: RawWord::default(),
                    computes: true,
                },
                quoted: true,
                many: false,
            });
            if word.parts.iter().any(Part::holds_code) {
                return Err(GaveUp("an index may run what stands in it".to_owned()));
            }
        }
        let index = rest.starts_with('[') && index.is_some();
        if let Some(Part::Text { text, .. }) = word.parts.first_mut() {
            *text = rest;
        }
        Ok((
            None,
            Some(Assignment {
                name,
                append,
                index,
                elements: None,
                value: word,
            }),
        ))
    }

    /// The elements of `name=(…)`.
    fn array(&mut self) -> Result<Vec<RawWord>> {
        self.eat('(');
        let mut words = Vec::new();
        loop {
            self.lines()?;
            if self.eat(')') {
                return match self.peek() {
                    Some(c) if !is_meta(c) => Err(GaveUp("a word goes on after `(…)`".to_owned())),
                    _ => Ok(words),
                };
            }
            let word = self.word()?.ok_or_else(|| self.unexpected())?;
            if word.parts.iter().any(Part::holds_code) {
                return Err(GaveUp("an index may run what stands in it".to_owned()));
            }
            words.push(word);
        }
    }
}

/// The name that a word assigns, the unquoted text that its value starts with,
/// and whether it is appended.
fn assigned(word: &RawWord) -> Option<(String, String, bool)> {
    let Some(Part::Text {
        text,
        quoted: false,
    }) = word.parts.first()
    else {
        return None;
    };
    if !text.starts_with(is_name_start) {
        return None;
    }
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let value = rest.strip_prefix("+=").or_else(|| rest.strip_prefix('='));
    match value {
        Some(value) => Some((name.to_owned(), value.to_owned(), rest.starts_with('+'))),
        // An element of an array: its index may hold expansions.
        None if rest.starts_with('[') && closes_with_equals(word) => {
            Some((name.to_owned(), rest.to_owned(), false))
        }
        None => None,
    }
}

/// Whether a word starts like `name[` and the index is not closed in it. bash
/// then reads on across blanks.
fn has_open_index(word: &RawWord) -> bool {
    let Some(Part::Text {
        text,
        quoted: false,
    }) = word.parts.first()
    else {
        return false;
    };
    let name = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let count = |wanted: char| -> usize {
        word.parts
            .iter()
            .map(|part| match part {
                Part::Text {
                    text,
                    quoted: false,
                } => text.matches(wanted).count(),
                _ => 0,
            })
            .sum()
    };
    name > 0 && text[name..].starts_with('[') && count('[') != count(']')
}

fn closes_with_equals(word: &RawWord) -> bool {
    word.parts.iter().any(|part| match part {
        Part::Text { text, .. } => text.contains("]=") || text.contains("]+="),
        _ => false,
    })
}
