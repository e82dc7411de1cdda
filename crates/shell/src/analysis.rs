//! The types that an analysis is made of.

use std::fmt;
use std::sync::Arc;

/// Everything that a command would run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Analysis {
    /// The simple commands, in the order in which they are written. What runs
    /// inside a substitution comes before what uses it.
    pub commands: Vec<Simple>,
    /// Why part of it cannot be known, if so: then it may run anything.
    pub opaque: Option<String>,
}

/// One program, builtin or function call with its words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Simple {
    /// The words, the program first. Empty when there is no program: a bare
    /// assignment or redirection, or those of a whole group of commands.
    pub argv: Vec<Word>,
    /// Variables set for it, or by it.
    pub assignments: Vec<Assignment>,
    /// Its redirections.
    pub redirects: Vec<Redirect>,
    /// The wrappers that start it, the outermost first: `sudo`, `xargs`, …
    pub through: Vec<Arc<Wrapper>>,
    /// Where its standard input comes from.
    pub input: Input,
    /// The directory it runs in, as far as `cd` says: relative to the one in
    /// which everything starts, absolute, or below `~`. `None` where that
    /// cannot be known.
    pub directory: Option<String>,
    /// Whether it is a function that starts itself beside itself.
    pub calls_itself: bool,
}

/// A program or builtin that starts another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wrapper {
    /// Its name, without a directory.
    pub name: String,
    /// All its words, those of what it starts included.
    pub words: Vec<Word>,
}

/// A word after expansion, as far as that can be known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word {
    /// Exactly this.
    Known(String),
    /// Not known: it may be anything that its fields leave open.
    Unknown {
        /// As it is written in the script, shortened.
        written: String,
        /// What it starts with for certain.
        prefix: String,
        /// How many words it may become.
        spread: Spread,
        /// Whether a program that downloads gives it its value.
        downloaded: bool,
        /// What it is if no variable in it that the script leaves open has a
        /// value, where nothing else in it is unknown.
        bare: Option<String>,
        /// The file name pattern that it is, where nothing else in it is
        /// unknown. A backslash stands before what is meant as it is.
        pattern: Option<String>,
        /// The text that is read from it, where it is a pipe that holds
        /// nothing else.
        holds: Option<String>,
    },
}

/// How many words an unknown word may become. The order is how little is
/// known.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Spread {
    /// Exactly one.
    One,
    /// Any number, all with the same prefix: a file name pattern.
    Pattern,
    /// Any number, and only the first has the prefix.
    Any,
}

/// A variable that is set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Word,
}

/// A redirection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redirect {
    /// What it does.
    pub kind: RedirectKind,
    /// The file or descriptor, or the text of a here-document.
    pub target: Word,
    /// The descriptor before the sign, where one is named.
    pub descriptor: Option<u32>,
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RedirectKind {
    /// Reads a file.
    Read,
    /// Creates, truncates, appends to or opens a file for writing.
    Write,
    /// Copies or closes a descriptor.
    Duplicate,
    /// Reads text that stands in the script.
    Text,
}

/// Where a command's standard input comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Input {
    /// From where the whole script has it.
    #[default]
    Inherited,
    /// From the commands before it in a pipe.
    Pipe {
        /// Whether one of those downloads.
        downloaded: bool,
    },
    /// From text that stands in the script.
    Text(String),
    /// From a file.
    File(Word),
}

impl Default for Simple {
    fn default() -> Self {
        Self {
            argv: Vec::new(),
            assignments: Vec::new(),
            redirects: Vec::new(),
            through: Vec::new(),
            input: Input::default(),
            directory: Some(String::new()),
            calls_itself: false,
        }
    }
}

impl Simple {
    /// A command with these words and nothing else.
    pub fn of(argv: Vec<Word>) -> Self {
        Self {
            argv,
            ..Self::default()
        }
    }

    /// The program as it is written, where it is known.
    pub fn program(&self) -> Option<&str> {
        self.argv.first().and_then(Word::known)
    }

    /// The program without its directory, where it is known.
    pub fn name(&self) -> Option<&str> {
        self.program().map(base_name)
    }

    /// The words after the program.
    pub fn arguments(&self) -> &[Word] {
        self.argv.get(1..).unwrap_or_default()
    }
}

impl Word {
    /// The text, where it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown { .. } => None,
        }
    }

    /// A word of which nothing is known, not even how many it becomes.
    pub fn anything(written: &str) -> Self {
        Self::Unknown {
            written: written.to_owned(),
            prefix: String::new(),
            spread: Spread::Any,
            downloaded: false,
            bare: None,
            pattern: None,
            holds: None,
        }
    }

    /// What it starts with for certain.
    pub fn prefix(&self) -> &str {
        match self {
            Self::Known(text) => text,
            Self::Unknown { prefix, .. } => prefix,
        }
    }

    /// As it is written in the script, or the text itself.
    pub fn written(&self) -> &str {
        match self {
            Self::Known(text) => text,
            Self::Unknown { written, .. } => written,
        }
    }

    /// How many words it may become.
    pub const fn spread(&self) -> Spread {
        match self {
            Self::Known(_) => Spread::One,
            Self::Unknown { spread, .. } => *spread,
        }
    }

    /// Whether a program that downloads gives it its value.
    pub const fn is_downloaded(&self) -> bool {
        matches!(
            self,
            Self::Unknown {
                downloaded: true,
                ..
            }
        )
    }

    /// Whether some word that it may become could start with a dash.
    pub fn may_be_option(&self) -> bool {
        match self {
            Self::Known(text) => text.starts_with('-'),
            Self::Unknown { prefix, spread, .. } => {
                *spread == Spread::Any || prefix.is_empty() || prefix.starts_with('-')
            }
        }
    }
}

/// For a message: short, on one line, nothing invisible.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        let text = self.written();
        for shown in text.chars().take(LONGEST).map(visible) {
            f.write_str(&shown)?;
        }
        if text.chars().nth(LONGEST).is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

/// A character as it may be shown: ASCII as it is, the rest escaped where a
/// terminal would not show it.
fn visible(c: char) -> String {
    if c == ' ' || c.is_ascii_graphic() {
        c.to_string()
    } else {
        c.escape_debug().to_string()
    }
}

/// The last component of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
