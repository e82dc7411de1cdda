//! Who answers questions: the person at the terminal, or the person who typed
//! the command.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use dam_config::rules::{Answer as Lasts, Day, Remember, Scope, remember, too_broad};
use dam_gate::{Answer, Question, Reviewer};
use dam_policy::RuleDecision;
use dam_sandbox::Meanwhile;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};

/// The person at the terminal is shown the question on standard error and
/// answers on standard input. Anything but a clear yes is a no.
pub struct AtTerminal {
    /// Where answers for a project are kept.
    pub memory: Memory,
}

/// Where answers for a project are kept: below the user's settings, not in the
/// project.
pub struct Memory {
    /// Where the user's `config.toml` is.
    pub config: PathBuf,
    /// The root of the project.
    pub project: PathBuf,
}

impl Memory {
    /// The words that would be remembered of a question, if they may be.
    fn words(question: &Question) -> Option<Vec<String>> {
        let words = question.rule_words()?;
        too_broad(&words, false).is_none().then_some(words)
    }

    /// Writes a rule. What cannot be written is still a yes for the session.
    fn keep(&self, question: &Question, words: &[String]) -> Answer {
        let kept = remember(&Remember {
            prefix: words,
            decision: RuleDecision::Allow,
            scope: Scope::Project,
            lasts: Lasts::Usual,
            question: &question.verdict.reason,
            by: "the user at the terminal",
            today: Day::today(),
            config: &self.config,
            project: &self.project,
        });
        match kept {
            Ok(kept) => {
                let until = kept.expires.unwrap_or_else(|| "it is taken out".to_owned());
                let file = kept.file.display();
                Answer::Project(format!("{} in {file} until {until}", kept.rule.trim()))
            }
            Err(error) => {
                let text = dam_journal::clean(&format!("not remembered: {error}"));
                let _closed = writeln!(io::stderr(), "{text}");
                Answer::Session
            }
        }
    }
}

impl Reviewer for AtTerminal {
    fn review(&mut self, question: &Question) -> Answer {
        let stdin = io::stdin();
        // What was typed before the question was there is no answer to it. A
        // terminal that cannot forget it is not asked.
        if tcflush(&stdin, QueueSelector::IFlush).is_err() {
            return Answer::NobodyToAsk;
        }
        let words = Memory::words(question);
        let said = ask(
            question,
            words.as_deref(),
            &mut stdin.lock(),
            &mut io::stderr(),
        );
        match (said, words) {
            (Said::Project, Some(words)) => self.memory.keep(question, &words),
            (said, _) => said.answer(),
        }
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
        let said = ask(question, None, &mut BufReader::new(&mut input), &mut output);
        if input.over {
            // No answer came; what follows begins on a line of its own.
            let _ = output.write_all(b"\n");
            return Answer::NobodyToAsk;
        }
        said.answer()
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

/// What a person typed.
#[derive(Debug, Eq, PartialEq)]
enum Said {
    Once,
    Session,
    Project,
    No(String),
    Unasked,
}

impl Said {
    /// The answer, where there is nothing to be remembered.
    fn answer(self) -> Answer {
        match self {
            Self::Once => Answer::Once,
            Self::Session => Answer::Session,
            Self::Project => Answer::Declined("the user said no".to_owned()),
            Self::No(words) => Answer::Declined(words),
            Self::Unasked => Answer::NobodyToAsk,
        }
    }
}

/// Asks, with what each answer writes down. `words` are those of the rule that
/// an answer for the project would be.
fn ask(
    question: &impl std::fmt::Display,
    words: Option<&[String]>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Said {
    if write!(output, "\n{question}{}", choices(words))
        .and_then(|()| output.flush())
        .is_err()
    {
        return Said::Unasked;
    }
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(0) | Err(_) => Said::No("nobody answered".to_owned()),
        Ok(_) => said(line.trim(), words.is_some()),
    }
}

fn choices(words: Option<&[String]>) -> String {
    let kept = words.map_or_else(String::new, |words| {
        let rule = dam_journal::clean(&words.join(" "));
        format!("\n  [p] writes a rule that allows `{rule}` in this project for 30 days")
    });
    let project = words.map_or("", |_| "[p] for this project, ");
    format!("{kept}\nAllow it? [y] once, [s] for this session, {project}[N] no, or say why not: ")
}

/// Whatever is no clear yes is a no, and what was typed is why.
fn said(typed: &str, remembers: bool) -> Said {
    match typed.to_ascii_lowercase().as_str() {
        "y" | "yes" => Said::Once,
        "s" | "session" => Said::Session,
        "p" | "project" if remembers => Said::Project,
        "" | "n" | "no" => Said::No("the user said no".to_owned()),
        _ => Said::No(typed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str, words: Option<&[String]>) -> (Said, String) {
        let mut output = Vec::new();
        let said = ask(&"run `make`", words, &mut text.as_bytes(), &mut output);
        (said, String::from_utf8(output).expect("text"))
    }

    fn no(words: &str) -> Said {
        Said::No(words.to_owned())
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        let words = ["make".to_owned()];
        for (text, said) in [
            ("y\n", Said::Once),
            ("YES\n", Said::Once),
            ("s\n", Said::Session),
            ("p\n", Said::Project),
            ("\n", no("the user said no")),
            ("", no("nobody answered")),
            ("n\n", no("the user said no")),
            ("yolo\n", no("yolo")),
            ("use the lock file\n", no("use the lock file")),
        ] {
            assert_eq!(answered(text, Some(&words)).0, said, "{text:?}");
        }
        // Where nothing can be remembered, it is no choice.
        assert_eq!(answered("p\n", None).0, no("p"));
    }

    #[test]
    fn the_question_comes_before_the_choices() {
        assert_eq!(
            answered("", None).1,
            "\nrun `make`\nAllow it? [y] once, [s] for this session, [N] no, or say why not: "
        );
        let words = ["make".to_owned(), "all".to_owned()];
        assert_eq!(
            answered("", Some(&words)).1,
            "\nrun `make`\n  [p] writes a rule that allows `make all` in this project for 30 days\n\
             Allow it? [y] once, [s] for this session, [p] for this project, [N] no, or say why not: "
        );
    }
}
