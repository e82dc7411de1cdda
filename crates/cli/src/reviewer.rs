//! Who answers questions: the person at the terminal, or the person who typed
//! the command.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;

use dam_gate::{Answer, Question, Reviewer};
use dam_sandbox::Meanwhile;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};

/// The person at the terminal is shown the question on standard error and
/// answers on standard input. Anything but a clear yes is a no.
pub struct AtTerminal;

impl Reviewer for AtTerminal {
    fn review(&mut self, question: &Question) -> Answer {
        let stdin = io::stdin();
        // What was typed before the question was there is no answer to it. A
        // terminal that cannot forget it is not asked.
        if tcflush(&stdin, QueueSelector::IFlush).is_err() {
            return Answer::NobodyToAsk;
        }
        ask(question, &mut stdin.lock(), &mut io::stderr())
    }
}

/// Whoever types `dam run -- COMMAND` has answered the question whether it
/// should run. What the policy denies stays denied.
pub struct WhoTypedIt;

impl Reviewer for WhoTypedIt {
    fn review(&mut self, _question: &Question) -> Answer {
        Answer::Once
    }
}

/// The terminal of a person, whatever the standard streams are.
pub struct Terminal(File);

impl Terminal {
    /// None where nobody would see a question.
    pub fn open() -> Option<Self> {
        let seen = io::IsTerminal::is_terminal(&io::stderr());
        let terminal = File::options().read(true).write(true).open("/dev/tty");
        terminal.ok().filter(|_| seen).map(Self)
    }

    /// Whether it is this program's turn to read: in the background, a question
    /// would only stop it.
    fn is_ours(&self) -> bool {
        tcgetpgrp(&self.0).is_ok_and(|group| group == rustix::process::getpgrp())
    }
}

/// The same person, asked while a command runs and waits. The question ends
/// when nobody waits for it any more.
pub struct Interrupting<'a, 'b> {
    /// Where it is asked.
    pub terminal: &'a Terminal,
    /// What happens until the answer comes.
    pub meanwhile: &'a mut Meanwhile<'b>,
}

impl Reviewer for Interrupting<'_, '_> {
    fn review(&mut self, question: &Question) -> Answer {
        let Terminal(file) = self.terminal;
        if !self.terminal.is_ours() || tcflush(file, QueueSelector::IFlush).is_err() {
            return Answer::NobodyToAsk;
        }
        let mut output = file;
        let mut input = Awaited {
            file,
            meanwhile: &mut *self.meanwhile,
            over: false,
        };
        let answer = ask(question, &mut BufReader::new(&mut input), &mut output);
        if input.over {
            // No answer came; what follows begins on a line of its own.
            let _ = output.write_all(b"\n");
            return Answer::NobodyToAsk;
        }
        answer
    }
}

/// A terminal that is read as long as somebody waits for it.
struct Awaited<'a, 'b> {
    file: &'a File,
    meanwhile: &'a mut Meanwhile<'b>,
    over: bool,
}

impl Read for Awaited<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meanwhile.wait_readable(self.file.as_fd()) {
            return self.file.read(buffer);
        }
        self.over = true;
        Ok(0)
    }
}

fn ask(
    question: &impl std::fmt::Display,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Answer {
    let shown = write!(
        output,
        "\n{question}\nAllow it? [y] once, [s] for this session, [N] no: "
    )
    .and_then(|()| output.flush());
    if shown.is_err() {
        return Answer::NobodyToAsk;
    }
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(0) | Err(_) => Answer::Declined("nobody answered".to_owned()),
        Ok(_) => match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Answer::Once,
            "s" | "session" => Answer::Session,
            _ => Answer::Declined("the user said no".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> (Answer, String) {
        let mut output = Vec::new();
        let answer = ask(&"run `make`", &mut text.as_bytes(), &mut output);
        (answer, String::from_utf8(output).expect("text"))
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (text, once, session) in [
            ("y\n", true, false),
            ("YES\n", true, false),
            ("s\n", false, true),
            ("\n", false, false),
            ("", false, false),
            ("n\n", false, false),
            ("yolo\n", false, false),
        ] {
            let (answer, _) = answered(text);
            assert_eq!(matches!(answer, Answer::Once), once, "{text:?}");
            assert_eq!(matches!(answer, Answer::Session), session, "{text:?}");
        }
    }

    #[test]
    fn the_question_comes_before_the_choices() {
        let (_, shown) = answered("");
        assert_eq!(
            shown,
            "\nrun `make`\nAllow it? [y] once, [s] for this session, [N] no: "
        );
    }
}
