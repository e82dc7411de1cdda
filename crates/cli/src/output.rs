//! What the program says and where: data on standard output, everything else
//! on standard error, colour only where it is wanted.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use crate::error::CommandError;
use crate::variables::{CLICOLOR_FORCE, NO_COLOR, TERM, Variables};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// What it comes to for one stream.
    pub fn choice(self, variables: &Variables, terminal: bool) -> anstream::ColorChoice {
        let wanted = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if variables.text(NO_COLOR).is_some() => false,
            Self::Auto if variables.text(CLICOLOR_FORCE).is_some_and(|set| set != "0") => true,
            Self::Auto => terminal && variables.text(TERM).is_some_and(|term| term != "dumb"),
        };
        if wanted {
            anstream::ColorChoice::Always
        } else {
            anstream::ColorChoice::Never
        }
    }

    /// The wish on a command line that does not parse.
    pub fn of_words(words: impl Iterator<Item = String>) -> Self {
        let mut words = words.skip(1).take_while(|word| word != "--");
        while let Some(word) = words.next() {
            let value = match word.split_once('=') {
                Some(("--color", value)) => Some(value.to_owned()),
                _ if word == "--color" => words.next(),
                _ => None,
            };
            if let Some(color) = value.and_then(|name| Self::from_str(&name, false).ok()) {
                return color;
            }
        }
        Self::Auto
    }
}

/// Bold red.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Bold yellow.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Bold cyan.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Bold green.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Bold.
pub const STRONG: Style = Style::new().bold();
/// Dimmed.
pub const FAINT: Style = Style::new().dimmed();

/// The two streams.
pub struct Output {
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
    /// Whether data goes to people, because it is not what was asked for.
    is_aside: bool,
}

impl Output {
    /// The process's own streams.
    pub fn new(color: Color, variables: &Variables) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let for_out = color.choice(variables, out.is_terminal());
        let for_err = color.choice(variables, err.is_terminal());
        Self {
            out: AutoStream::new(out, for_out),
            err: AutoStream::new(err, for_err),
            is_aside: false,
        }
    }

    /// Does something whose data is for people, beside what was asked for.
    pub fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_aside, true);
        let done = work(self);
        self.is_aside = before;
        done
    }

    /// One line of data.
    pub fn data(&mut self, line: &str) -> Result<(), CommandError> {
        if self.is_aside {
            self.note(line);
            return Ok(());
        }
        writeln!(self.out, "{line}").map_err(|error| CommandError::output(&error))
    }

    /// One value of data, as indented JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(value).map_err(CommandError::internal)?;
        self.data(&text)
    }

    /// Writes data that was put together elsewhere.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.out
            .write_all(bytes)
            .map_err(|error| CommandError::output(&error))
    }

    /// Makes sure that the data has left.
    pub fn flush(&mut self) -> Result<(), CommandError> {
        self.out
            .flush()
            .map_err(|error| CommandError::output(&error))
    }

    /// One line for people. Where standard error is closed, nobody misses it.
    pub fn note(&mut self, line: &str) {
        let _closed = writeln!(self.err, "{line}");
    }

    /// A line for people with a coloured first word, such as `hint: …`.
    pub fn labelled(&mut self, style: Style, label: &str, text: &str) {
        self.note(&format!("{style}{label}:{style:#} {text}"));
    }

    /// An error with its causes and hints.
    pub fn error(&mut self, error: &CommandError) {
        self.labelled(ERROR, "error", &error.message());
        for hint in error.hints() {
            self.labelled(HINT, "hint", hint);
        }
    }
}

/// One line for people from wherever the program ends at once.
pub fn last_words(line: &str) {
    let line = dam_journal::clean(line);
    let _closed = writeln!(io::stderr(), "{line}");
}

/// One line on a terminal that the next one replaces. Where standard error is no
/// terminal, there is no such line.
pub fn progress(line: &str) {
    const CLEAR: &str = "\r\x1b[K";
    let mut err = io::stderr();
    if err.is_terminal() {
        let short: String = line.chars().take(78).collect();
        // Not through the colour stream, which might take the sequence away.
        let _closed = write!(err, "{CLEAR}{short}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_flag_environment_and_terminal_in_this_order() {
        use anstream::ColorChoice::{Always, Never};
        let with = |pairs: &[(&str, &str)]| Variables::of(pairs);
        let xterm = with(&[("TERM", "xterm")]);
        let never = with(&[
            ("TERM", "xterm"),
            ("NO_COLOR", "1"),
            ("CLICOLOR_FORCE", "1"),
        ]);
        let force = with(&[("CLICOLOR_FORCE", "1")]);
        let unforced = with(&[("TERM", "xterm"), ("CLICOLOR_FORCE", "0")]);
        let dumb = with(&[("TERM", "dumb")]);
        for (color, variables, terminal, choice) in [
            (Color::Auto, &xterm, true, Always),
            (Color::Auto, &xterm, false, Never),
            (Color::Auto, &never, true, Never),
            (Color::Always, &never, false, Always),
            (Color::Auto, &force, false, Always),
            (Color::Never, &force, true, Never),
            (Color::Auto, &unforced, false, Never),
            (Color::Auto, &dumb, true, Never),
        ] {
            assert_eq!(color.choice(variables, terminal), choice);
        }
    }
}
