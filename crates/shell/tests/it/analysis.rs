//! What an analysis lists, in detail.

use std::fmt::Write;

use dam_shell::{Analysis, Input, Spread, Word, analyse};

use crate::script;

/// An analysis as text: a line a command, unknown words as they are written,
/// in angle brackets.
fn shown(analysis: &Analysis) -> String {
    let mut text = String::new();
    for simple in &analysis.commands {
        for found in &simple.assignments {
            let _ = write!(text, "{}={} ", found.name, word(&found.value));
        }
        let words: Vec<String> = simple.argv.iter().map(word).collect();
        text.push_str(&words.join(" "));
        text.truncate(text.trim_end_matches(' ').len());
        for redirect in &simple.redirects {
            let _ = write!(text, " {:?}({})", redirect.kind, word(&redirect.target));
        }
        let through: Vec<&str> = simple.through.iter().map(|one| one.name.as_str()).collect();
        if through != ["bash"] {
            let _ = write!(text, "  through {}", through.join(" "));
        }
        if !matches!(simple.input, Input::Inherited) {
            let _ = write!(text, "  from {:?}", simple.input);
        }
        text.push('\n');
    }
    if let Some(reason) = &analysis.opaque {
        let _ = writeln!(text, "opaque: {reason}");
    }
    text
}

fn word(word: &Word) -> String {
    match word {
        Word::Known(text) => format!("[{}]", text.escape_debug()),
        Word::Unknown { .. } => format!("<{}>", word.written()),
    }
}

#[test]
fn words_are_expanded_as_far_as_they_are_known() {
    insta::assert_snapshot!(
        shown(&script(r#"a 'b c' "d $e f" g\ h i"j"'k' $'l\tm' n{1,2}o *.p ~/q $r "$@" '' {s}"#)),
        @r#"[a] [b c] <"d $e f"> [g h] [ijk] [l\tm] [n1o] [n2o] <*.p> <~/q> <$r> [] [{s}]"#
    );
}

#[test]
fn an_unknown_word_keeps_what_is_known_of_it() {
    let analysis = script(r#"x src/*.rs --f="$y" $z "$z" ~/a"#);
    let shapes: Vec<(&str, Spread)> = analysis.commands[0]
        .arguments()
        .iter()
        .map(|word| (word.prefix(), word.spread()))
        .collect();
    assert_eq!(
        shapes,
        [
            ("src/", Spread::Pattern),
            ("--f=", Spread::One),
            ("", Spread::Any),
            ("", Spread::One),
            ("/", Spread::One),
        ]
    );
}

#[test]
fn substitutions_come_before_what_uses_them() {
    insta::assert_snapshot!(
        shown(&script(r#"a "$(b | c `d`)" ${e:-$(f)} $((1 + $(g))) <(h) > "$(i)" <<< $(j)"#)),
        @r#"
    [b]
    [d]  from Pipe { downloaded: false }
    [c] <`d`>  from Pipe { downloaded: false }
    [g]
    [((] <…>
    [h]
    [i]
    [j]
    [a] <"$(b | c `d`)"> <${e:-$(f)}> <$((1 + $(g)))> <<(h)> Write(<"$(i)">) Text(<$(j)>)  from Pipe { downloaded: false }
    [f]
    "#
    );
}

#[test]
fn compound_commands_yield_what_is_inside() {
    insta::assert_snapshot!(
        shown(&script(
            "if a; then b; elif c; then d; else e; fi\n\
             for f in g $(h); do i; done\n\
             case j in k|$(l)) m ;; (n) o ;& *) p; esac\n\
             while q; do r; done > s\n\
             t() { u; }\n\
             [[ v == $(w) && -n x ]] && { y; } | ( z & )"
        )),
        @r"
    [a]
    [b]
    [c]
    [d]
    [e]
    [h]
    f=<…>
    [i]
    [l]
    [m]
    [o]
    [p]
     Write([s])
    [q]
    [r]
    [function] [t]
    [w]
    [[[] [v] [==] <$(w)> [&] [-n] [x]
    [y]
    [z]  from Pipe { downloaded: false }
    [u]
    "
    );
}

#[test]
fn here_documents_are_texts_with_expansions() {
    insta::assert_snapshot!(
        shown(&script("a <<X; b <<-'Y'\none $(c)\nX\n\ttwo $(d)\n\tY\ne")),
        @r#"
    [c]
    [a] Text(<>)  from Pipe { downloaded: false }
    [b] Text([two $(d)\n])  from Text("two $(d)\n")
    [e]
    "#
    );
}

#[test]
fn wrappers_are_taken_off() {
    insta::assert_snapshot!(
        shown(&script(
            "A=1 env -i B=2 nice -n 5 timeout -k 1 9 a b\n\
             sudo -u root -- c\n\
             d | xargs -n 1 -I % e x%y\n\
             find . -exec f {} \\; -o -execdir g {} +\n\
             sh -c 'h \"$1\"' i j\n\
             eval k 'l; m'\n\
             ./env n"
        )),
        @r#"
    A=[1] B=[2] [a] [b]  through bash env nice timeout
    [c]  through bash sudo
    [d]
    [e] <x%y>  through bash xargs
    [f] <{}>  through bash find
    [g] <{}>  through bash find
    [find] [.] [-exec] [f] [{}] [;] [-o] [-execdir] [g] [{}] [+]
    [h] [j]  through bash sh
    [k] [l]  through bash eval
    [m]  through bash eval
    [./env] [n]
    [n]  through bash env
    "#
    );
}

#[test]
fn assignments_are_told_from_words() {
    insta::assert_snapshot!(
        shown(&script("A=1 B+=$x c D=2\nE=3\nf[1]=g\nh=(i $(j))\nexport K=l m\n'N=o' p")),
        @r"
    A=[1] B=<B+=$x> [c] [D=2]
    E=[3]
    f=[[1]=g]
    [j]
    h=<(…)>
    K=[l] [export] [m]
    [N=o] [p]
    "
    );
}

#[test]
fn what_is_not_understood_is_said_and_not_dropped() {
    insta::assert_snapshot!(shown(&script("a; b $(c; d) (e); f")), @r"
    [a]
    [b] [$]
    [c]
    [d]
    [e]
    [f]
    opaque: `(` stands where no command can start
    ");
}

#[test]
fn the_words_of_a_command_are_taken_as_they_are() {
    let argv = ["ls", "$(rm)", "*.rs", "a b"].map(ToOwned::to_owned);
    insta::assert_snapshot!(shown(&analyse(&argv)).trim_end(), @"[ls] [$(rm)] [*.rs] [a b]  through");
}

#[test]
fn nothing_is_no_command() {
    assert!(analyse(&[]).opaque.is_some());
    assert!(script("").commands.is_empty());
    assert_eq!(script("").opaque, None);
}
