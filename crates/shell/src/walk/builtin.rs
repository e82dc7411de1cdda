//! Builtins that change what the shell knows.

use crate::analysis::{Input, Spread, Word};
use crate::env::{Value, Variable};
use crate::print;
use crate::syntax::Dialect;
use crate::unwrap::Launch;

use super::{Done, Surroundings, Walker};

impl Walker {
    /// What a builtin does to the shell that runs it. Nothing where the
    /// program is none.
    pub(crate) fn builtin(
        &mut self,
        name: &str,
        launch: &Launch,
        around: &Surroundings,
    ) -> Option<Done> {
        let words = launch.words.get(1..).unwrap_or_default();
        match name {
            ":" | "true" => return Some(Done::quietly()),
            "false" => {
                return Some(Done {
                    succeeds: Some(false),
                    ..Done::silent()
                });
            }
            "cd" | "pushd" => self.change_directory(words),
            "popd" => self.env.directory = None,
            "declare" | "typeset" | "local" | "export" | "readonly" | "float" | "integer" => {
                self.declare(name, words, launch);
            }
            "unset" => self.unset(words),
            "set" => self.set_words(words),
            "shift" => self.shift(words),
            "read" => return Some(self.read(words, launch, around)),
            "mapfile" | "readarray" | "getopts" | "wait" | "vared" => self.bind_all(words),
            "printf" => return self.printf(words, around.dialect),
            "let" => {
                self.env.forget();
            }
            "break" | "continue" | "return" | "exit" => self.escapes.push(self.env.clone()),
            "hash" | "enable" | "bind" | "complete" | "compgen" | "builtin" | "zmodload"
                if words.iter().any(Word::may_be_option) =>
            {
                self.opaque(format!("`{name}` may change what words mean"));
            }
            "shopt" | "setopt" | "unsetopt" | "emulate"
                if words.iter().any(|word| {
                    word.known()
                        .is_none_or(|text| matches!(text, "expand_aliases" | "extglob"))
                }) =>
            {
                self.env.forget();
            }
            "source" | "." => self.env.forget(),
            _ => return None,
        }
        Some(Done::silent())
    }

    pub(crate) fn change_directory(&mut self, words: &[Word]) {
        let mut operands = words
            .iter()
            .filter(|word| !matches!(word.known(), Some("--" | "-P" | "-L" | "-e" | "-@")));
        let target = operands.next();
        let known = match target {
            None => Some("~".to_owned()),
            Some(Word::Known(text)) if text.starts_with(['-', '+']) => None,
            Some(Word::Known(text)) => Some(text.clone()),
            Some(word) => below_home(word),
        };
        let known = known.filter(|_| operands.next().is_none());
        self.env.directory = match (known, self.env.directory.as_deref()) {
            (Some(path), _) if path.starts_with(['/', '~']) => Some(path.into()),
            (Some(path), Some("")) => Some(path.into()),
            (Some(path), Some(before)) => Some(format!("{before}/{path}").into()),
            _ => None,
        };
    }

    /// Variables that are declared: set already where they have a value.
    fn declare(&mut self, name: &str, words: &[Word], launch: &Launch) {
        let flags: String = words
            .iter()
            .filter_map(Word::known)
            .filter_map(|text| text.strip_prefix('-'))
            .collect();
        if flags.contains('n') && name != "export" {
            self.opaque("a variable stands for another");
            self.env.forget();
        }
        // Values are changed as they are set: case, numbers.
        let changes = flags.contains(['i', 'l', 'u', 'c', 'a', 'A', 'E', 'F', 'L', 'R', 'Z'])
            || matches!(name, "float" | "integer");
        let global = flags.contains('g');
        let mut names: Vec<String> = launch
            .assignments
            .iter()
            .map(|assignment| assignment.name.clone())
            .collect();
        for word in words {
            match word.known() {
                Some(text) if text.starts_with(['-', '+']) => {}
                Some(text) => match text.split_once('=') {
                    Some((name, value)) => {
                        self.env.set(name.trim_end_matches('+'), Value::text(value));
                        names.push(name.trim_end_matches('+').to_owned());
                    }
                    None => names.push(text.to_owned()),
                },
                None if word.spread() == Spread::One && word.prefix().contains('=') => {
                    let name = word.prefix().split('=').next().unwrap_or_default();
                    self.env.set(name, Value::Unknown);
                    names.push(name.to_owned());
                }
                None => self.env.forget(),
            }
        }
        let is_local = !global && matches!(name, "local" | "declare" | "typeset");
        for name in &names {
            if is_local && let Some(locals) = self.locals.last_mut() {
                // What it was before cannot be told any more.
                locals.push((name.clone(), Some(Variable::unknown())));
            }
            let given = launch.assignments.iter().rfind(|given| given.name == *name);
            if let Some(given) = given {
                self.env.set(name, Value::of(given.value.clone()));
            }
            if changes || (is_local && self.env.variable(name).is_none()) {
                self.env.set(name, Value::Unknown);
            }
            if name_is(launch, "export") || flags.contains('x') {
                self.env.export(name);
            }
            if name_is(launch, "readonly") || flags.contains('r') {
                self.env.make_readonly(name);
            }
        }
    }

    fn unset(&mut self, words: &[Word]) {
        for word in words {
            match word.known() {
                Some(text) if text.starts_with('-') => {}
                Some(text) => {
                    let name = text.split('[').next().unwrap_or_default();
                    let value = if text == name {
                        Value::Unset
                    } else {
                        Value::Unknown
                    };
                    self.env.set(name, value);
                }
                None => self.env.forget(),
            }
        }
    }

    fn set_words(&mut self, words: &[Word]) {
        let mut words = words;
        loop {
            match words {
                [] => return,
                [Word::Known(text), rest @ ..] if text == "--" => {
                    words = rest;
                    break;
                }
                [Word::Known(flag), Word::Known(_), rest @ ..]
                    if matches!(flag.as_str(), "-o" | "+o") =>
                {
                    words = rest;
                }
                [Word::Known(text), rest @ ..]
                    if text.starts_with(['-', '+']) && text.len() > 1 =>
                {
                    if text.contains(['o', 'k', 'a']) {
                        self.env.forget();
                        return;
                    }
                    words = rest;
                }
                _ => break,
            }
        }
        if words.is_empty() {
            self.env.words = Some([].into());
            return;
        }
        let exact = words.iter().all(|word| word.spread() == Spread::One);
        self.env.words = exact.then(|| words.into());
    }

    fn shift(&mut self, words: &[Word]) {
        let count = match words {
            [] => Some(1),
            [Word::Known(text)] => text.parse::<usize>().ok(),
            _ => None,
        };
        self.env.words = match (&self.env.words, count) {
            (Some(words), Some(count)) => words.get(count..).map(Into::into),
            _ => None,
        };
    }

    fn bind_all(&mut self, words: &[Word]) {
        for word in words {
            match word.known() {
                Some(text) => self.env.set(text, Value::Unknown),
                None => self.env.forget(),
            }
        }
        for name in ["REPLY", "MAPFILE", "OPTARG"] {
            self.env.set(name, Value::Unknown);
        }
    }

    /// `read`, where the line that it reads is known.
    fn read(&mut self, words: &[Word], launch: &Launch, around: &Surroundings) -> Done {
        let line = self.next_line(around);
        let raw = words.first().is_some_and(|word| word.known() == Some("-r"));
        let names: Vec<&str> = words
            .iter()
            .skip(usize::from(raw))
            .filter_map(Word::known)
            .collect();
        let plain = names.len() + usize::from(raw) == words.len()
            && !names.iter().any(|name| name.starts_with('-'))
            && self.env.variable("IFS").is_none()
            && launch.assignments.iter().all(|given| given.name != "IFS");
        let own = launch
            .assignments
            .iter()
            .any(|given| given.name == "IFS" && given.value.known() == Some(""));
        let done = Done {
            succeeds: match &line {
                Line::Text(_) => Some(true),
                Line::End => Some(false),
                Line::Unknown => None,
            },
            ..Done::silent()
        };
        let text = match &line {
            Line::Text(text) if raw || !text.contains('\\') => Some(text.as_str()),
            _ => None,
        };
        match (text, names.as_slice()) {
            (Some(line), [name]) if own && !name.starts_with('-') => {
                self.env.set(name, Value::text(line));
            }
            (Some(line), [] | [_]) if plain => {
                let (name, line) = match names.first() {
                    Some(name) => (*name, line.trim_matches([' ', '\t'])),
                    None => ("REPLY", line),
                };
                self.env.set(name, Value::text(line));
            }
            (Some(line), [names @ .., last]) if plain => {
                let mut rest = line.trim_matches([' ', '\t']);
                for name in names {
                    let end = rest.find([' ', '\t']).unwrap_or(rest.len());
                    self.env.set(name, Value::text(&rest[..end]));
                    rest = rest[end..].trim_start_matches([' ', '\t']);
                }
                self.env.set(last, Value::text(rest));
            }
            _ => self.bind_all(words),
        }
        done
    }

    /// The next line of the input.
    fn next_line(&mut self, around: &Surroundings) -> Line {
        let (Input::Text(text), Some(at)) = (&around.input, self.env.read) else {
            return Line::Unknown;
        };
        let rest = text.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Line::End;
        }
        let Some((line, _)) = rest.split_once('\n') else {
            // The last line without its end is read, and counts as no success.
            self.env.read = None;
            return Line::Unknown;
        };
        self.env.read = Some(at + line.len() + 1);
        Line::Text(line.to_owned())
    }

    fn printf(&mut self, words: &[Word], dialect: Dialect) -> Option<Done> {
        let [Word::Known(flag), name, rest @ ..] = words else {
            return None;
        };
        if flag != "-v" {
            return None;
        }
        let known: Option<Vec<&str>> = rest.iter().map(Word::known).collect();
        let value = known.and_then(|words| print::format(&words, dialect));
        match (name.known(), value) {
            // Not every `sh` has `-v`.
            (Some(name), Some(text)) if !name.contains('[') && dialect != Dialect::Posix => {
                self.env.set(name, Value::text(&text));
            }
            (Some(name), _) => {
                let name = name.split('[').next().unwrap_or_default();
                self.env.set(name, Value::Unknown);
            }
            (None, _) => self.env.forget(),
        }
        Some(Done::silent())
    }
}

/// A line of the input.
enum Line {
    Text(String),
    End,
    Unknown,
}

fn name_is(launch: &Launch, name: &str) -> bool {
    launch.words.first().and_then(Word::known) == Some(name)
}

/// A path below the home directory, as it would be written.
fn below_home(word: &Word) -> Option<String> {
    match word {
        Word::Unknown {
            written,
            prefix,
            pattern: None,
            ..
        } if prefix == "/" && written.starts_with('~') => {
            (!written.contains(['$', '`', '"'])).then(|| written.clone())
        }
        _ => None,
    }
}
