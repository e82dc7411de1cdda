//! Any input gets an answer, in bounded space.

use dam_shell::{Class, analyse, class};
use proptest::prelude::*;

use crate::{class_of, script};

/// Pieces that shells give a meaning, to be put together at random.
const PIECES: &[&str] = &[
    "a",
    "b=",
    "ls",
    "rm -rf /",
    " ",
    "\t",
    "\n",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "(",
    ")",
    "((",
    "))",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "\\\n",
    "`",
    "$",
    "$(",
    "$((",
    "${",
    "${x:-",
    "$'",
    "$\"",
    "$[",
    "]",
    "[[ ",
    " ]]",
    "<",
    ">",
    "<<E\n",
    "<<'E'\n",
    "E\n",
    "<<<",
    "<(",
    ">&",
    "2>",
    "#",
    "!",
    "*",
    "?",
    "~",
    "{a,b}",
    "{1..9}",
    "if ",
    "then ",
    "fi ",
    "for x in ",
    "do ",
    "done ",
    "while ",
    "case x in ",
    "esac ",
    "f() ",
    "function f ",
    "time ",
    "eval ",
    "sh -c ",
    "xargs ",
    "env ",
    "find . -exec ",
    "git -c ",
    "é",
    "\u{202e}",
    "\r",
    "=(",
    "@P}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in ".*") {
        prop_assert!(!class_of(&text).1.is_empty());
    }

    #[test]
    fn any_soup_of_syntax_gets_an_answer(text in soup()) {
        prop_assert!(!class_of(&text).1.is_empty());
        for shell in ["sh", "zsh", "eval", "watch", "trap"] {
            let argv = [shell, "-c", &text].map(ToOwned::to_owned);
            class(&analyse(&argv));
        }
    }

    #[test]
    fn any_words_get_an_answer(argv in prop::collection::vec(soup(), 0..6)) {
        prop_assert!(!class(&analyse(&argv)).because.is_empty());
    }

    /// Putting a script after another never makes it safer.
    #[test]
    fn a_script_is_at_least_as_strict_as_its_parts(first in soup(), second in soup()) {
        let one = class_of(&first).0;
        let both = class_of(&format!("{first}\n{second}")).0;
        // What the first leaves open may swallow the second as text.
        prop_assert!(both >= one.min(Class::Opaque) || script(&first).opaque.is_some());
    }

    /// Quoting a text makes it a word, whatever it is.
    #[test]
    fn quoted_text_runs_nothing(text in soup()) {
        let quoted = text.replace('\'', r"'\''");
        let analysis = script(&format!("echo '{quoted}'"));
        prop_assert_eq!(analysis.opaque, None);
        prop_assert_eq!(analysis.commands.len(), 1);
        prop_assert_eq!(analysis.commands[0].argv[1].known(), Some(text.as_str()));
    }
}

/// Runs with the stack that a thread has by default, or half of it.
fn on_a_small_stack(act: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(act);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

#[test]
fn deep_nesting_is_opaque_and_does_not_overflow() {
    on_a_small_stack(|| {
        for open in [
            "$(", "`", "(", "{ ", "\"$(", "${x:-", "((", "$((", "if ", "! ", "a | ", "f() ", "<(",
            "\"${x:-",
        ] {
            let (class, because) = class_of(&open.repeat(4999));
            assert!(class >= Class::Opaque, "{open}: {class:?} {because}");
        }
        let mut argv = vec!["env".to_owned(); 5000];
        argv.push("ls".to_owned());
        assert_eq!(class(&analyse(&argv)).class, Class::Opaque);
        let mut text = "ls".to_owned();
        for _ in 0..12 {
            text = format!("eval '{}'", text.replace('\'', r"'\''"));
        }
        class_of(&text);
    });
}

#[test]
fn long_and_wide_scripts_are_bounded() {
    let many = script(&"ls;".repeat(10_000));
    assert!(many.opaque.is_some());
    assert!(many.commands.len() <= 2000);
    assert!(script(&"x".repeat(300 * 1024)).opaque.is_some());
    // Braces and retries multiply.
    assert_eq!(
        class_of(&format!("ls {}", "{a,b}".repeat(40))).0,
        Class::KnownSafe
    );
    assert_eq!(class_of(&"{a,b}".repeat(40)).0, Class::Opaque);
    class_of(&format!("ls {}", "{".repeat(100_000)));
    class_of(&format!("{}ls{}", "$((".repeat(30), ") )".repeat(30)));
    class_of(&format!("{}ls{}", "$( ( ".repeat(30), ") )".repeat(30)));
    class_of(&"cat <<E\n".repeat(10_000));
    class_of(&"$(a)".repeat(10_000));
}

/// What is followed multiplies, too: values, rounds, calls and choices.
#[test]
fn what_is_followed_is_bounded() {
    let each = |count: usize, piece: &dyn Fn(usize) -> String| -> String {
        (0..count).map(piece).collect::<Vec<_>>().concat()
    };
    class_of(&format!("x=aaaaaaaa; {}ls $x", "x=$x$x; ".repeat(40)));
    let input = format!(
        "printf %s {} | {{ {} }}",
        "a".repeat(60_000),
        "cat; ".repeat(500)
    );
    class_of(&input);
    class_of(&("while a; do x=$x$y; y=b$x; ".repeat(20) + "ls;" + &" done;".repeat(20)));
    class_of("f() { f $1 a; f b $2; f; }; f x y");
    class_of(&each(500, &|at| format!("v{at}=a$v{at}; ")));
    let calls = each(60, &|at| {
        format!("f{at}() {{ f{}; f{}; }}; ", at + 1, at + 1)
    });
    for endless in [
        format!("x={}; ls {}", "a".repeat(16_000), "\"$x\" ".repeat(1000)),
        "for i in 1 2 3 4 5 6 7 8; do ".repeat(12) + "ls;" + &" done;".repeat(12),
        format!("{calls} f0"),
        each(40, &|at| format!("${{v{at}:-a}} ")),
        "ssh --unheard bash ".repeat(80) + "ls",
    ] {
        assert!(script(&endless).opaque.is_some(), "{endless:.80}");
    }
}

#[test]
fn a_zero_character_is_opaque() {
    assert!(script("ls\0rm").opaque.is_some());
}
