//! What a shell knows while it runs a script: variables, functions, words and
//! the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::analysis::Word;
use crate::syntax::Command;

/// A variable may have this many values before it is unknown.
const MOST_VALUES: usize = 8;

/// Longer values are not followed.
const LONGEST: usize = 16 * 1024;

/// What is known at one place of a script.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Env {
    variables: Rc<BTreeMap<Rc<str>, Rc<Variable>>>,
    /// The functions, each with every body that it may have.
    functions: Rc<BTreeMap<Rc<str>, Vec<Body>>>,
    /// The words of the script or function, where they are known.
    pub(crate) words: Option<Rc<[Word]>>,
    /// Its name: `$0`.
    pub(crate) zero: Option<Word>,
    /// The directory, as [`crate::Simple::directory`] has it.
    pub(crate) directory: Option<Rc<str>>,
    /// How much of the text on standard input has been read, where that is
    /// known.
    pub(crate) read: Option<usize>,
    /// Variables that change behind the script's back.
    wild: Rc<BTreeSet<Rc<str>>>,
}

/// A body of a function: equal only to itself.
#[derive(Clone, Debug)]
pub(crate) struct Body(pub(crate) Rc<Command>);

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A variable that the script has set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    exported: bool,
    readonly: bool,
}

impl Variable {
    /// A variable of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            value: Value::Unknown,
            exported: false,
            readonly: false,
        }
    }
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing in the script sets it: it may have a value or none.
    Open,
    /// It has been unset.
    Unset,
    /// One of these.
    Scalar(Vec<Word>),
    /// The elements of an array, in order and without gaps.
    Array(Rc<[Word]>),
    /// It may be either: open, or one of these.
    Either(Vec<Word>),
    /// It is set to something unknown.
    Unknown,
}

impl Value {
    pub(crate) fn of(word: Word) -> Self {
        match &word {
            Word::Known(text) if text.len() > LONGEST => Self::Unknown,
            _ => Self::Scalar(vec![word]),
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::of(Word::Known(text.to_owned()))
    }

    /// What it may be where it may be either this or `other`.
    fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let open = |value: &Self| matches!(value, Self::Open | Self::Either(_));
        let is_open = open(&self) || open(&other);
        let mut words = Vec::new();
        for value in [self, other] {
            match value {
                Self::Open => {}
                Self::Unset => push(&mut words, Word::Known(String::new())),
                Self::Scalar(more) | Self::Either(more) => {
                    for word in more {
                        push(&mut words, word);
                    }
                }
                Self::Array(_) | Self::Unknown => return Self::Unknown,
            }
        }
        if words.len() > MOST_VALUES {
            Self::Unknown
        } else if is_open {
            Self::Either(words)
        } else {
            Self::Scalar(words)
        }
    }
}

fn push(words: &mut Vec<Word>, word: Word) {
    if !words.contains(&word) {
        words.push(word);
    }
}

impl Env {
    /// What a shell knows that has just been started with these words.
    pub(crate) fn outermost() -> Self {
        Self {
            directory: Some(Rc::from("")),
            ..Self::default()
        }
    }

    /// The same functions, and nothing else known.
    pub(crate) fn anew(&self) -> Self {
        Self {
            functions: Rc::clone(&self.functions),
            ..Self::default()
        }
    }

    /// The value of a variable.
    pub(crate) fn value(&self, name: &str) -> Value {
        if is_special(name) || self.wild.contains(name) {
            return Value::Unknown;
        }
        match self.variables.get(name) {
            Some(variable) => variable.value.clone(),
            None if name == "IFS" => Value::text(" \t\n"),
            None => Value::Open,
        }
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        let mut variable = match self.variables.get(name) {
            Some(variable) if variable.value == value => return,
            Some(variable) => Variable::clone(variable),
            None => Variable {
                value: Value::Open,
                exported: false,
                readonly: false,
            },
        };
        variable.value = if variable.readonly {
            variable.value.or(value)
        } else {
            value
        };
        self.keep(name, variable);
    }

    fn keep(&mut self, name: &str, variable: Variable) {
        Rc::make_mut(&mut self.variables).insert(Rc::from(name), Rc::new(variable));
    }

    /// Puts back what a variable was before.
    pub(crate) fn restore(&mut self, name: &str, variable: Option<Variable>) {
        match variable {
            Some(variable) => {
                self.keep(name, variable);
            }
            None => {
                Rc::make_mut(&mut self.variables).remove(name);
            }
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        self.variables.get(name).map(|found| Variable::clone(found))
    }

    pub(crate) fn export(&mut self, name: &str) {
        if let Some(variable) = self.variable(name) {
            let exported = true;
            self.keep(
                name,
                Variable {
                    exported,
                    ..variable
                },
            );
        }
    }

    pub(crate) fn make_readonly(&mut self, name: &str) {
        if let Some(variable) = self.variable(name) {
            let readonly = true;
            self.keep(
                name,
                Variable {
                    readonly,
                    ..variable
                },
            );
        }
    }

    /// All variables may have any value.
    pub(crate) fn forget(&mut self) {
        let names: Vec<Rc<str>> = self.variables.keys().cloned().collect();
        for name in names {
            self.set(&name, Value::Unknown);
        }
        self.set("IFS", Value::Unknown);
        self.words = None;
        self.directory = None;
    }

    /// What a script sets that starts with nothing known, as `after` says,
    /// changes behind the back of this one from now on.
    pub(crate) fn let_run_wild(&mut self, after: &Self) {
        Rc::make_mut(&mut self.wild).extend(after.variables.keys().cloned());
        if after.directory.is_some() || after.words.is_some() {
            self.directory = None;
            self.words = None;
        }
    }

    pub(crate) fn define(&mut self, name: &str, body: Rc<Command>) {
        Rc::make_mut(&mut self.functions).insert(Rc::from(name), vec![Body(body)]);
    }

    pub(crate) fn bodies(&self, name: &str) -> Vec<Body> {
        self.functions.get(name).cloned().unwrap_or_default()
    }

    /// What is known where either this or `other` holds.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        let names: BTreeSet<Rc<str>> = if Rc::ptr_eq(&self.variables, &other.variables) {
            BTreeSet::new()
        } else {
            let all = self.variables.keys().chain(other.variables.keys());
            all.cloned().collect()
        };
        for name in names {
            let [one, two] = [&self, other].map(|env| env.variable(&name));
            if one == two {
                continue;
            }
            let exported = [&one, &two]
                .iter()
                .any(|v| v.as_ref().is_some_and(|v| v.exported));
            let readonly = [&one, &two]
                .iter()
                .any(|v| v.as_ref().is_some_and(|v| v.readonly));
            let default = || {
                if &*name == "IFS" {
                    Value::text(" \t\n")
                } else {
                    Value::Open
                }
            };
            let value = |found: Option<Variable>| found.map_or_else(default, |v| v.value);
            let both = value(one).or(value(two));
            let variable = Variable {
                value: both,
                exported,
                readonly,
            };
            self.keep(&name, variable);
        }
        for (name, bodies) in other.functions.iter() {
            if self.functions.get(name) == Some(bodies) {
                continue;
            }
            let known = Rc::make_mut(&mut self.functions)
                .entry(Rc::clone(name))
                .or_default();
            for body in bodies {
                if !known.contains(body) {
                    known.push(body.clone());
                }
            }
        }
        if self.words != other.words {
            self.words = None;
        }
        if self.zero != other.zero {
            self.zero = None;
        }
        if self.directory != other.directory {
            self.directory = None;
        }
        if self.read != other.read {
            self.read = None;
        }
        if self.wild != other.wild {
            Rc::make_mut(&mut self.wild).extend(other.wild.iter().cloned());
        }
        self
    }

    /// What a shell knows that this one starts. `certain`: whether it is
    /// certain that the variables are handed on.
    pub(crate) fn child(&self, words: Option<Vec<Word>>, certain: bool) -> Self {
        let mut child = Self {
            zero: self.zero.clone(),
            words: words.map(Rc::from),
            directory: self.directory.clone(),
            read: self.read,
            wild: Rc::clone(&self.wild),
            ..Self::default()
        };
        for (name, variable) in self.variables.iter() {
            if &**name == "IFS" {
                continue;
            }
            let value = match (&variable.value, variable.exported && certain) {
                (Value::Array(_), _) => Value::Open,
                (value, true) => value.clone(),
                (value, false) => value.clone().or(Value::Open),
            };
            let variable = Variable {
                value,
                exported: true,
                readonly: false,
            };
            child.keep(name, variable);
        }
        child
    }
}

/// Variables that the shell itself sets, or reads in ways of its own.
fn is_special(name: &str) -> bool {
    matches!(
        name,
        "RANDOM"
            | "SRANDOM"
            | "SECONDS"
            | "LINENO"
            | "UID"
            | "EUID"
            | "PPID"
            | "PWD"
            | "OLDPWD"
            | "OPTARG"
            | "OPTIND"
            | "PIPESTATUS"
            | "FUNCNAME"
            | "DIRSTACK"
            | "GROUPS"
            | "HISTCMD"
            | "SHELLOPTS"
            | "HOSTNAME"
            | "EPOCHSECONDS"
            | "EPOCHREALTIME"
            | "_"
    ) || name.starts_with("BASH")
        || name.starts_with("COMP_")
}

impl Env {
    /// Variables that differ from `other` may have any value.
    pub(crate) fn widen(&mut self, other: &Self) {
        let names: Vec<Rc<str>> = self
            .variables
            .iter()
            .filter(|(name, variable)| other.variables.get(*name) != Some(variable))
            .map(|(name, _)| Rc::clone(name))
            .collect();
        for name in names {
            self.set(&name, Value::Unknown);
        }
    }
}
