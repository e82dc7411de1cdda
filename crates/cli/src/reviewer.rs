//! Who answers questions: the person at the terminal, or the person who typed
//! the command.

use std::io::{self, BufRead, Write};

use dam_gate::{Answer, Question, Reviewer};

/// The person at the terminal is shown the question on standard error and
/// answers on standard input. Anything but a clear yes is a no.
pub struct AtTerminal;

impl Reviewer for AtTerminal {
    fn review(&mut self, question: &Question) -> Answer {
        let stdin = io::stdin();
        // What was typed before the question was there is no answer to it. A
        // terminal that cannot forget it is not asked.
        if rustix::termios::tcflush(&stdin, rustix::termios::QueueSelector::IFlush).is_err() {
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
