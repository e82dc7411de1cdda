//! A command line that was put together, as the words a shell makes of it.

use super::sql::Piece;

/// The words of a command.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Words {
    /// Each word's pieces.
    pub words: Vec<Vec<Piece>>,
    /// Whether a value stands without quotes: a shell makes several words of
    /// one with spaces.
    pub splits: bool,
}

/// Names that a shell does itself.
const BUILTINS: &[&str] = &[
    ".", "alias", "bg", "break", "case", "cd", "command", "continue", "eval", "exec", "exit",
    "export", "fg", "for", "function", "hash", "if", "jobs", "local", "read", "readonly", "return",
    "select", "set", "shift", "source", "time", "times", "trap", "type", "ulimit", "umask",
    "unalias", "unset", "until", "wait", "while",
];

/// The words, or why a shell is needed.
pub(super) fn words(pieces: &[Piece]) -> Result<Words, String> {
    let mut making = Making {
        done: Words {
            words: Vec::new(),
            splits: false,
        },
        word: None,
        quote: None,
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => making.text(text)?,
            Piece::Value { .. } => {
                making.done.splits |= making.quote.is_none();
                making.word.get_or_insert_default().push(piece.clone());
            }
        }
    }
    if making.quote.is_some() {
        return Err("a quote of the command is not closed".to_owned());
    }
    making.end();
    making.checked()
}

struct Making {
    done: Words,
    word: Option<Vec<Piece>>,
    quote: Option<char>,
}

impl Making {
    fn text(&mut self, text: &str) -> Result<(), String> {
        let mut signs = text.chars().peekable();
        while let Some(mut sign) = signs.next() {
            if sign == '\\' {
                // The source's own way to write a quote.
                match signs.next_if(|next| matches!(next, '"' | '\'')) {
                    Some(quote) => sign = quote,
                    None => return Err("the command has a backslash".to_owned()),
                }
            }
            match (self.quote, sign) {
                (Some(quote), sign) if quote == sign => self.quote = None,
                (Some('"'), '$' | '`') => return Err(needs_shell(sign)),
                (None, '"' | '\'') => {
                    self.quote = Some(sign);
                    self.word.get_or_insert_default();
                }
                (None, ' ' | '\t') => self.end(),
                (None, sign) if "|&;<>()$`*?[]{}~#!\n".contains(sign) => {
                    return Err(needs_shell(sign));
                }
                (_, sign) => self.push(sign),
            }
        }
        Ok(())
    }

    fn push(&mut self, sign: char) {
        let word = self.word.get_or_insert_default();
        match word.last_mut() {
            Some(Piece::Text(text)) => text.push(sign),
            _ => word.push(Piece::Text(sign.to_string())),
        }
    }

    fn end(&mut self) {
        if let Some(mut word) = self.word.take() {
            if word.is_empty() {
                word.push(Piece::Text(String::new()));
            }
            self.done.words.push(word);
        }
    }

    fn checked(self) -> Result<Words, String> {
        let Some([Piece::Text(program)]) = self.done.words.first().map(Vec::as_slice) else {
            return Err("which program is started is not written here".to_owned());
        };
        if BUILTINS.contains(&program.as_str()) || program.contains('=') {
            return Err(format!(
                "`{program}` is something that the shell does itself"
            ));
        }
        Ok(self.done)
    }
}

fn needs_shell(sign: char) -> String {
    format!("the command needs a shell, for `{}`", sign.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &str) -> Piece {
        Piece::Value {
            source: source.to_owned(),
            is_text: true,
        }
    }

    #[test]
    fn a_command_becomes_words_where_it_needs_no_shell() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let made = words(&[
            text("tar -f '"),
            value("x"),
            text(".tar' --to="),
            value("y"),
        ]);
        let made = made.expect("words");
        assert!(made.splits);
        let expected = [
            vec![text("tar")],
            vec![text("-f")],
            vec![value("x"), text(".tar")],
            vec![text("--to="), value("y")],
        ];
        assert_eq!(made.words, expected);
        for (before, after) in [
            ("cat ", " | wc"),
            ("cd ", ""),
            ("X=1 cat ", ""),
            ("", " -l"),
            ("cat '", ""),
            ("cat \"$HOME/", "\""),
        ] {
            assert!(
                words(&[text(before), value("x"), text(after)]).is_err(),
                "{before}"
            );
        }
    }
}
