//! The grammar of POSIX shells and bash: text in, a tree out.
//!
//! The tree keeps what decides which commands run: words with what can be
//! known of them, redirections, and every list of commands wherever it
//! stands. Where shells read a text differently, or where this grammar ends,
//! parsing gives up with a reason instead of guessing.

mod compound;
mod cursor;
mod expansion;
mod list;
mod parameter;
mod redirect;
mod rough;
mod word;

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

pub(crate) use cursor::Parser;
pub(crate) use parameter::{Form, Parameter, Subscript, Which};
pub(crate) use rough::rough;

/// Longer scripts are not read: one argument of a process cannot be longer.
const LONGEST: usize = 256 * 1024;

/// Deeper nesting is not read. It counts everything that nests, also scripts
/// inside of scripts, and bounds the stack.
pub(crate) const DEEPEST: usize = 100;

/// How much work one analysis may be. Going back over text is rare, but its
/// cost multiplies where it nests.
pub(crate) const FUEL: usize = 4_000_000;

/// Whose grammar it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    /// A shell that may or may not know more than POSIX: `sh`, `dash`, `ksh`.
    /// What those read differently is given up on.
    Posix,
    /// bash.
    Bash,
    /// zsh, as far as it agrees with bash.
    Zsh,
}

/// A list of commands.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) items: Vec<Item>,
}

/// A pipeline of a list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) stages: Vec<Command>,
    pub(crate) background: bool,
    /// What decides whether it runs at all.
    pub(crate) after: After,
    /// Whether `!` turns its status around.
    pub(crate) negated: bool,
}

/// How a pipeline follows on the one before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum After {
    /// In any case.
    Always,
    /// `&&`.
    Success,
    /// `||`.
    Failure,
}

/// A command of a pipeline.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) kind: Kind,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// Words, and variables set before them.
    Simple {
        assignments: Vec<Assignment>,
        words: Vec<RawWord>,
    },
    /// `{ … }` or `( … )`.
    Group {
        body: Script,
        apart: bool,
    },
    /// `if`, with its conditions and what follows each, and `else`.
    If {
        arms: Vec<(Script, Script)>,
        otherwise: Option<Script>,
    },
    /// `while` and `until`.
    While {
        condition: Script,
        body: Script,
    },
    /// `for name in words` and `select`.
    For {
        name: String,
        /// Those of the script or function where there are none.
        words: Option<Vec<RawWord>>,
        body: Script,
        select: bool,
    },
    /// `case`: its word, and the patterns and list of each clause.
    Case {
        word: RawWord,
        clauses: Vec<(Vec<RawWord>, Script)>,
    },
    /// `((…))`, and `for ((…))` with its body.
    Arithmetic {
        inner: RawWord,
        body: Option<Script>,
    },
    /// `[[ … ]]`, with its words.
    Test(Vec<RawWord>),
    Function {
        name: String,
        body: Rc<Command>,
    },
    /// `coproc`, beside what follows.
    Coprocess {
        name: String,
        body: Box<Command>,
    },
}

#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    /// `+=`.
    pub(crate) append: bool,
    /// One element of an array is set.
    pub(crate) index: bool,
    /// The elements of an array.
    pub(crate) elements: Option<Vec<RawWord>>,
    pub(crate) value: RawWord,
}

#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) kind: RawRedirect,
    /// The variable that is set to the descriptor: `{name}>file`.
    pub(crate) binds: Option<String>,
    /// The descriptor, where it is named.
    pub(crate) descriptor: Option<u32>,
    /// Empty for a here-document.
    pub(crate) target: RawWord,
}

#[derive(Clone, Debug)]
pub(crate) enum RawRedirect {
    Read,
    Write,
    Duplicate,
    /// `<<<`.
    HereString,
    /// `<<`: the text follows after the line, so it is filled in later.
    HereDocument(Rc<OnceCell<RawWord>>),
}

/// A word before expansion.
#[derive(Debug, Default)]
pub(crate) struct RawWord {
    pub(crate) parts: Vec<Part>,
    pub(crate) written: String,
}

#[derive(Debug)]
pub(crate) enum Part {
    /// Text. Unquoted, its braces, patterns and tildes still mean something.
    Text { text: String, quoted: bool },
    /// A value that is found when the word is expanded.
    Expansion {
        value: Value,
        quoted: bool,
        /// Whether it becomes several words even if quoted.
        many: bool,
    },
    /// `<(…)` or `>(…)`.
    Process(Script),
}

/// Where the value of an expansion comes from.
#[derive(Debug)]
pub(crate) enum Value {
    /// From somewhere that is not read; what is expanded on the way.
    Elsewhere(Vec<Part>),
    /// From what commands print.
    Output(Script),
    /// From a variable.
    Parameter(Box<Parameter>),
    /// From arithmetic.
    Arithmetic {
        /// The expression, its expansions included.
        text: RawWord,
        /// Whether values decide that are not seen in it. Shells read such a
        /// value as an expression again, and run what an index in it holds.
        computes: bool,
    },
}

impl Part {
    /// Whether it is text that would be a command if it were read again, as
    /// an index or an expression is.
    pub(crate) fn holds_code(&self) -> bool {
        matches!(self, Self::Text { text, .. } if text.contains(['$', '`']))
    }
}

/// Why parsing stopped.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct GaveUp(pub(crate) String);

pub(crate) type Result<T> = std::result::Result<T, GaveUp>;

/// As much of a script as could be read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) script: Script,
    /// Why reading stopped, and the text from the last place at which
    /// everything was understood.
    pub(crate) gave_up: Option<(GaveUp, String)>,
}

/// Reads a script. `depth` is how deep its place is already nested, `fuel` is
/// shared by everything that is read for one analysis.
pub(crate) fn parse(source: &str, dialect: Dialect, depth: usize, fuel: &Cell<usize>) -> Parsed {
    let stopped = |reason: &str, rest: &str| Parsed {
        script: Script::default(),
        gave_up: Some((GaveUp(reason.to_owned()), rest.to_owned())),
    };
    if source.len() > LONGEST {
        return stopped("the script is too long to be read", "");
    }
    if source.contains('\0') {
        return stopped("the script holds a zero character", source);
    }
    let chars: Vec<char> = source.chars().collect();
    Parser::new(&chars, dialect, depth, fuel).script()
}

impl RawWord {
    /// The text of a word that has no expansion and no quoting at all.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [
                Part::Text {
                    text,
                    quoted: false,
                },
            ] => Some(text),
            _ => None,
        }
    }

    /// Adds text, joined to the part before it where that is of its kind.
    pub(crate) fn push(&mut self, c: char, is_quoted: bool) {
        if let Some(Part::Text { text, quoted }) = self.parts.last_mut()
            && *quoted == is_quoted
        {
            text.push(c);
        } else {
            self.parts.push(Part::Text {
                text: c.to_string(),
                quoted: is_quoted,
            });
        }
    }

    /// Marks a quotation, which makes a word even if it is empty.
    pub(crate) fn quotation(&mut self) {
        if !matches!(self.parts.last(), Some(Part::Text { quoted: true, .. })) {
            self.parts.push(Part::Text {
                text: String::new(),
                quoted: true,
            });
        }
    }

    /// A word that stands for a value, and has no text.
    pub(crate) fn of(value: Value) -> Self {
        Self {
            parts: vec![Part::Expansion {
                value,
                quoted: true,
                many: false,
            }],
            written: String::new(),
        }
    }
}
