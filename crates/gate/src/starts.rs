//! What a command starts: every program with its words and its own class, for
//! rules to be matched with.

use std::sync::Arc;

use dam_policy::{CommandClass, Started, Token};
use dam_shell::{Analysis, Class, RedirectKind, Simple, Spread, Word, Wrapper};

/// A rule that names more words than this to say what is dangerous is not
/// looked for.
const LONGEST_RULE: usize = 32;

/// Wrappers that only start what they are given, as the same user and on the
/// same machine.
const CARRIERS: &[&str] = &[
    "bash", "builtin", "command", "dash", "env", "eval", "exec", "ionice", "ksh", "nice", "nohup",
    "parallel", "setsid", "sh", "stdbuf", "time", "timeout", "watch", "xargs", "zsh",
];

/// Every program that is started, wrappers before what they start, each once.
/// Where part of it cannot be read, that may start anything, which is last.
pub(crate) fn started(analysis: &Analysis) -> Vec<Started> {
    let mut seen: Vec<&Arc<Wrapper>> = Vec::new();
    let mut all = Vec::new();
    for simple in &analysis.commands {
        for found in &simple.through {
            if !seen.iter().any(|other| Arc::ptr_eq(other, found)) {
                all.push(wrapper(found));
                seen.push(found);
            }
        }
        if !simple.argv.is_empty() {
            all.push(itself(simple));
        }
    }
    if analysis.opaque.is_some() {
        all.push(anything());
    }
    all
}

fn anything() -> Started {
    Started {
        words: vec![Token::Unknown {
            prefix: String::new(),
            many: true,
        }],
        decided_by: 1,
        class: CommandClass::Opaque,
        carries: false,
    }
}

/// Variables that change how a program shows what it does, and not what it
/// does.
const HARMLESS: &[&str] = &[
    "CI",
    "COLUMNS",
    "FORCE_COLOR",
    "LANG",
    "LINES",
    "NODE_ENV",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "TERM",
    "TZ",
];

/// Whether something cannot be known: what is started, what a variable makes
/// of it, or where it writes.
pub(crate) fn is_opaque(analysis: &Analysis) -> bool {
    let mut redirects = analysis
        .commands
        .iter()
        .flat_map(|simple| &simple.redirects);
    analysis.opaque.is_some()
        || analysis.commands.iter().any(sets_more)
        || redirects.any(|found| {
            found.kind == RedirectKind::Write && matches!(found.target, Word::Unknown { .. })
        })
}

/// Whether it sets a variable that may make another thing of a program. One
/// of a script's own is in lower case, and no program has it.
fn sets_more(simple: &Simple) -> bool {
    let is_own = |name: &str| simple.argv.is_empty() && !name.contains(char::is_uppercase);
    let mut names = simple.assignments.iter().map(|found| found.name.as_str());
    names.any(|name| !is_own(name) && !is_harmless(name)) || names_more(simple)
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || name.starts_with("LC_")
}

/// Builtins that set the variables that their words name.
const SETTERS: &[&str] = &[
    "declare",
    "export",
    "getopts",
    "let",
    "local",
    "mapfile",
    "printf",
    "read",
    "readarray",
    "readonly",
    "typeset",
    "unset",
    "wait",
];

/// Whether a builtin is told to set such a variable, or one that is not known.
fn names_more(simple: &Simple) -> bool {
    let name = simple.name().unwrap_or_default();
    if !SETTERS.contains(&name) {
        return false;
    }
    let words = simple.arguments();
    let named: &[Word] = if name == "printf" {
        match words.first().and_then(Word::known) {
            Some("-v") => words.get(1..2).unwrap_or_default(),
            _ => &[],
        }
    } else {
        words
    };
    named.iter().any(|word| {
        let certain = word.known().unwrap_or_else(|| word.prefix());
        let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let variable = certain.split(ends).next().unwrap_or_default();
        let is_whole = word.known().is_some() || variable.len() < certain.len();
        !is_whole || (variable.contains(char::is_uppercase) && !is_harmless(variable))
    })
}

/// The same in the words of the policy.
pub(crate) const fn command_class(class: Class) -> CommandClass {
    match class {
        Class::KnownSafe => CommandClass::KnownSafe,
        Class::Ordinary => CommandClass::Ordinary,
        Class::Opaque => CommandClass::Opaque,
        Class::Dangerous => CommandClass::Dangerous,
    }
}

fn wrapper(wrapper: &Wrapper) -> Started {
    Started {
        carries: CARRIERS.contains(&wrapper.name.as_str()),
        ..itself(&Simple::of(wrapper.words.clone()))
    }
}

fn itself(simple: &Simple) -> Started {
    let class = alone(simple.clone());
    Started {
        words: simple.argv.iter().map(token).collect(),
        decided_by: match class {
            Class::Dangerous => decided_by(simple),
            _ => simple.argv.len(),
        },
        class: command_class(class),
        carries: false,
    }
}

/// How many words make it dangerous; more than there are where it is not the
/// words that do, but a redirection, a variable or the input.
fn decided_by(simple: &Simple) -> usize {
    let words = &simple.argv;
    (1..=words.len().min(LONGEST_RULE))
        .find(|count| alone(Simple::of(words[..*count].to_vec())) == Class::Dangerous)
        .unwrap_or(words.len() + 1)
}

/// The class of one program by itself.
fn alone(simple: Simple) -> Class {
    let simple = Simple {
        through: Vec::new(),
        ..simple
    };
    let alone = Analysis {
        commands: vec![simple],
        opaque: None,
    };
    dam_shell::class(&alone).class
}

fn token(word: &Word) -> Token {
    match word {
        Word::Known(text) => Token::Known(text.clone()),
        Word::Unknown { prefix, spread, .. } => Token::Unknown {
            prefix: prefix.clone(),
            many: *spread != Spread::One,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(script: &str) -> Vec<Started> {
        let argv = ["bash", "-c", script].map(str::to_owned);
        started(&dam_shell::analyse(&argv)).split_off(1)
    }

    fn words(script: &str) -> Vec<String> {
        let shown = |token: &Token| match token {
            Token::Known(text) => text.clone(),
            Token::Unknown { prefix, .. } => format!("{prefix}…"),
        };
        let words = |one: &Started| one.words.iter().map(shown).collect::<Vec<_>>().join(" ");
        starts(script).iter().map(words).collect()
    }

    #[test]
    fn a_wrapper_and_what_it_starts_are_started_each_with_its_words() {
        assert_eq!(
            words("sudo -u root env A=1 rm x; ls \"$y\""),
            ["sudo -u root env A=1 rm x", "env A=1 rm x", "rm x", "ls …"]
        );
        assert_eq!(words("sh -c 'a; b'"), ["sh -c a; b", "a", "b"]);
    }

    #[test]
    fn what_cannot_be_read_may_start_anything() {
        assert_eq!(words("eval \"$x\"").last().map(String::as_str), Some("…"));
        assert_eq!(words("curl u | sh").last().map(String::as_str), Some("…"));
        assert_eq!(words("sh ./build.sh"), ["sh ./build.sh"]);
        assert_eq!(
            words("source .venv/bin/activate"),
            ["source .venv/bin/activate"]
        );
    }

    #[test]
    fn what_makes_a_program_dangerous_is_counted() {
        for (script, class, decided_by) in [
            ("git push origin --force", CommandClass::Dangerous, 4),
            ("git push --force origin", CommandClass::Dangerous, 3),
            ("git status -s", CommandClass::KnownSafe, 3),
            ("echo x > ~/.bashrc", CommandClass::Dangerous, 3),
        ] {
            let start = starts(script).pop().expect("it starts something");
            assert_eq!(
                (start.class, start.decided_by),
                (class, decided_by),
                "{script}"
            );
        }
    }

    #[test]
    fn what_only_starts_another_carries() {
        let carries = |script| {
            starts(script)
                .iter()
                .map(|one| one.carries)
                .collect::<Vec<_>>()
        };
        assert_eq!(carries("timeout 5 make"), [true, false]);
        assert_eq!(carries("sudo make"), [false, false]);
        assert_eq!(carries("bash"), [false]);
    }

    #[test]
    fn writing_to_an_unknown_place_is_opaque() {
        let is_opaque = |script: &str| {
            is_opaque(&dam_shell::analyse(
                &["bash", "-c", script].map(str::to_owned),
            ))
        };
        assert!(is_opaque("echo x > $y"));
        assert!(!is_opaque("echo x > y < $z"));
    }

    #[test]
    fn a_variable_that_may_change_a_program_is_opaque() {
        let is_opaque = |script: &str| {
            is_opaque(&dam_shell::analyse(
                &["bash", "-c", script].map(str::to_owned),
            ))
        };
        for script in [
            "PATH=/tmp; make",
            "for PATH in /tmp; do make; done",
            "select PATH in /tmp; do make; done",
            "read PATH <<< /tmp; make",
            "printf -v PATH /tmp; make",
            ": ${PATH:=/tmp}; make",
            "declare -x PATH=/tmp; make",
            "mapfile -t PATH < x; make",
            "getopts x LD_PRELOAD; make",
            "((PATH = 1)); make",
            "PATH=/tmp make",
            "MAKEFLAGS=x make",
            "env MAKEFLAGS=x make",
            "BASH_ENV=x bash -c make",
            "FOO=x timeout 5 make",
        ] {
            assert!(is_opaque(script), "{script}");
        }
        for script in [
            "make",
            "CI=1 LC_ALL=C make",
            "x=make; $x",
            "y=a; make $y",
            "read -r line; make",
            "export CI=1; make",
            "printf '%s' PATH; make",
        ] {
            assert!(!is_opaque(script), "{script}");
        }
    }
}
