//! Who answers questions: the person at the terminal, or the person who typed
//! the command.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use dam_config::Settings;
use dam_config::rules::{
    Answer as Lasts, Day, Remember, RememberHost, Scope, Unremembered, remember, remember_host,
    too_broad,
};
use dam_gate::{Answer, Question, Reviewer};
use dam_policy::{Action, Host, RuleDecision};
use dam_sandbox::{Killer, Meanwhile as Following};
use rustix::event::{PollFd, PollFlags, Timespec};
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

/// What an answer for the project would be a rule about.
enum Offer {
    /// Commands that start with these words.
    Words(Vec<String>),
    /// A host at a port.
    Host(Host, u16),
}

impl Offer {
    /// What would be remembered of a question, if something may be.
    fn of(question: &Question) -> Option<Self> {
        if let Action::Reach { host, port, .. } = &question.action {
            // What a rule or the flow rule asks about is asked each time.
            let is_unlisted = question.verdict.rule.as_str() == "network.unlisted";
            let host = host.parse().ok().filter(|_| is_unlisted);
            return host.map(|host| Self::Host(host, *port));
        }
        let words = question.rule_words()?;
        too_broad(&words, false)
            .is_none()
            .then_some(Self::Words(words))
    }
}

impl Memory {
    /// Where answers for the project of these settings are kept.
    pub fn of(settings: &Settings) -> Self {
        let root = settings.project.root.clone();
        Self {
            config: settings.dirs.config.clone(),
            project: root.unwrap_or_else(|| settings.cwd.clone()),
        }
    }

    /// Writes a rule. What cannot be written is still a yes for the session.
    fn keep(&self, question: &Question, offer: &Offer) -> Answer {
        match self.write(question, offer, RuleDecision::Allow, Lasts::Usual) {
            Ok(kept) => Answer::Project(kept),
            Err(error) => {
                tell_unremembered(&error);
                Answer::Session
            }
        }
    }

    /// Writes a rule that says no. What cannot be written is still a no.
    fn keep_no(&self, question: &Question, offer: &Offer) -> Answer {
        let kept = self.write(question, offer, RuleDecision::Forbidden, Lasts::ForEver);
        Answer::Declined(match kept {
            Ok(kept) => format!("never: {kept}"),
            Err(error) => {
                tell_unremembered(&error);
                "never".to_owned()
            }
        })
    }

    fn write(
        &self,
        question: &Question,
        offer: &Offer,
        decision: RuleDecision,
        lasts: Lasts,
    ) -> Result<String, Unremembered> {
        let answer = Remember {
            prefix: match offer {
                Offer::Words(words) => words,
                Offer::Host(..) => &[],
            },
            decision,
            scope: Scope::Project,
            lasts,
            question: &question.verdict.reason,
            by: "the user at the terminal",
            today: Day::today(),
            config: &self.config,
            project: &self.project,
        };
        let kept = match offer {
            Offer::Words(_) => remember(&answer),
            Offer::Host(host, port) => remember_host(&RememberHost {
                host,
                port: *port,
                answer,
            }),
        }?;
        let until = kept.expires.unwrap_or_else(|| "it is taken out".to_owned());
        let file = kept.file.display();
        Ok(format!("{} in {file} until {until}", kept.rule.trim()))
    }
}

fn tell_unremembered(error: &Unremembered) {
    let text = dam_journal::clean(&format!("not remembered: {error}"));
    let _closed = writeln!(io::stderr(), "{text}");
}

/// Only one question is at the terminal at a time, whoever asks.
static AT_THE_TERMINAL: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    AT_THE_TERMINAL
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl Reviewer for AtTerminal {
    fn review(&mut self, question: &Question) -> Answer {
        let _alone = alone();
        let stdin = io::stdin();
        // What was typed before the question was there is no answer to it. A
        // terminal that cannot forget it is not asked.
        if tcflush(&stdin, QueueSelector::IFlush).is_err() {
            return Answer::NobodyToAsk;
        }
        let offer = Offer::of(question);
        let said = ask(
            question,
            offer.as_ref(),
            &mut stdin.lock(),
            &mut io::stderr(),
        );
        self.memory.answer(question, said, offer.as_ref())
    }
}

impl Memory {
    /// The answer, with what is to be remembered written down.
    fn answer(&self, question: &Question, said: Said, offer: Option<&Offer>) -> Answer {
        match (said, offer) {
            (Said::Project, Some(offer)) => self.keep(question, offer),
            (Said::Never, Some(offer)) => self.keep_no(question, offer),
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
    pub meanwhile: &'a mut Following<'b>,
}

impl Reviewer for Interrupting<'_, '_> {
    fn review(&mut self, question: &Question) -> Answer {
        let Terminal(file) = self.terminal;
        let _alone = alone();
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

/// The same person, asked about the network while a command runs: by another
/// thread than the one that follows it.
pub struct Meanwhile {
    /// Where it is asked.
    pub terminal: Terminal,
    /// Stops the command while it is asked.
    pub killer: Arc<OnceLock<Killer>>,
    /// Whether the command has ended.
    pub over: Arc<AtomicBool>,
    /// Where answers for a project are kept.
    pub memory: Memory,
}

impl Reviewer for Meanwhile {
    fn review(&mut self, question: &Question) -> Answer {
        let _alone = alone();
        let Terminal(file) = &self.terminal;
        if !self.terminal.is_ours() || tcflush(file, QueueSelector::IFlush).is_err() {
            return Answer::NobodyToAsk;
        }
        let paused = self.killer.get().map(Killer::pause);
        let mut output = file;
        let mut input = UntilOver {
            file,
            over: &self.over,
            until: Instant::now() + dam_sandbox::PATIENCE,
            missed: false,
        };
        let offer = Offer::of(question);
        let mut reader = BufReader::new(&mut input);
        let said = ask(question, offer.as_ref(), &mut reader, &mut output);
        drop(paused);
        if input.missed {
            let _ = output.write_all(b"\n");
            return Answer::NobodyToAsk;
        }
        self.memory.answer(question, said, offer.as_ref())
    }
}

/// A terminal that is read until the command has ended, or nobody answers.
struct UntilOver<'a> {
    file: &'a File,
    over: &'a AtomicBool,
    until: Instant,
    missed: bool,
}

impl Read for UntilOver<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const LOOK: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        while !self.over.load(Ordering::Acquire) && Instant::now() < self.until {
            let mut fds = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.file.read(buffer),
                Err(errno) => return Err(errno.into()),
            }
        }
        self.missed = true;
        Ok(0)
    }
}

/// A terminal that is read as long as somebody waits for it.
struct Awaited<'a, 'b> {
    file: &'a File,
    meanwhile: &'a mut Following<'b>,
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
    Never,
    No(String),
    Unasked,
}

impl Said {
    /// The answer, where there is nothing to be remembered.
    fn answer(self) -> Answer {
        match self {
            Self::Once => Answer::Once,
            Self::Session => Answer::Session,
            Self::Project | Self::Never => Answer::Declined("the user said no".to_owned()),
            Self::No(words) => Answer::Declined(words),
            Self::Unasked => Answer::NobodyToAsk,
        }
    }
}

/// Asks, with what each answer writes down. `offer` is the rule that an answer
/// for the project would be.
fn ask(
    question: &impl std::fmt::Display,
    offer: Option<&Offer>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Said {
    if write!(output, "\n{question}{}", choices(offer))
        .and_then(|()| output.flush())
        .is_err()
    {
        return Said::Unasked;
    }
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(0) | Err(_) => Said::No("nobody answered".to_owned()),
        Ok(_) => said(line.trim(), offer),
    }
}

fn choices(offer: Option<&Offer>) -> String {
    let rule = |rule: String| {
        let rule = dam_journal::clean(&rule);
        format!("\n  [p] writes a rule that allows `{rule}` in this project for 30 days")
    };
    let (kept, project) = match offer {
        None => (String::new(), ""),
        Some(Offer::Words(words)) => (rule(words.join(" ")), "[p] for this project, "),
        Some(Offer::Host(host, port)) => (
            rule(format!("{host}:{port}")) + "; [never] one that denies it",
            "[p] for this project, [never], ",
        ),
    };
    format!("{kept}\nAllow it? [y] once, [s] for this session, {project}[N] no, or say why not: ")
}

/// Whatever is no clear yes is a no, and what was typed is why.
fn said(typed: &str, offer: Option<&Offer>) -> Said {
    match typed.to_ascii_lowercase().as_str() {
        "y" | "yes" => Said::Once,
        "s" | "session" => Said::Session,
        "p" | "project" if offer.is_some() => Said::Project,
        "never" if matches!(offer, Some(Offer::Host(..))) => Said::Never,
        "" | "n" | "no" => Said::No("the user said no".to_owned()),
        _ => Said::No(typed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str, words: Option<&[String]>) -> (Said, String) {
        let mut output = Vec::new();
        let offer = words.map(|words| Offer::Words(words.to_vec()));
        let said = ask(
            &"run `make`",
            offer.as_ref(),
            &mut text.as_bytes(),
            &mut output,
        );
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
    fn a_host_may_be_refused_for_good() {
        let mut output = Vec::new();
        let offer = Offer::Host("example.com".parse().expect("a host"), 443);
        let said = ask(&"reach it", Some(&offer), &mut &b"never\n"[..], &mut output);
        assert_eq!(said, Said::Never);
        assert_eq!(
            String::from_utf8(output).expect("text"),
            "\nreach it\n  [p] writes a rule that allows `example.com:443` in this project for 30 days; [never] one that denies it\n\
             Allow it? [y] once, [s] for this session, [p] for this project, [never], [N] no, or say why not: "
        );
        assert_eq!(answered("never\n", None).0, no("never"));
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
