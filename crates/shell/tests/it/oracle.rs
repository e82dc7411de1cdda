//! The shells themselves as judges: whatever a shell runs, the analysis must
//! have listed, or have called the script opaque.
//!
//! Scripts are put together at random from pieces of syntax around marker
//! programs that write down how they were called. Nothing else can be run:
//! the search path holds only the markers.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use dam_shell::{Analysis, Class, Word, analyse, class};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How many scripts each shell is given. Whoever looks for more gives
/// `PROPTEST_CASES` a larger number than its default.
fn how_many() -> u32 {
    const USUAL: u32 = 60;
    match Config::default().cases {
        256 => USUAL,
        chosen => chosen,
    }
}

const PIECES: &[&str] = &[
    "m1",
    "m2",
    "m1 a",
    "m2 'b c'",
    "m3 \"d\" e",
    "m1;",
    "m2\n",
    "; m1",
    "&& m2",
    "|| m3",
    "| m1",
    "\nm2 x\n",
    " ",
    " ",
    " ",
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
    "{ ",
    "; }",
    "'",
    "\"",
    "\\",
    "\\\n",
    "`",
    "$",
    "$(",
    "$((",
    "${x:-",
    "${x#",
    "}",
    "$'",
    "\\'",
    "$\"",
    "$[",
    "]",
    "[[ ",
    " ]]",
    "< ",
    "> f ",
    "<<E\n",
    "<<'E'\n",
    "<<-E\n",
    "\nE\n",
    "<<<",
    "<(",
    ">&",
    "2>&1",
    "&> f ",
    " #",
    "# ",
    "!",
    "! ",
    "*",
    "~",
    "{m1,m2}",
    "{a,b}",
    "if m1; ",
    "then m2; ",
    "else m3; ",
    "fi\n",
    "for x in a b; ",
    "do m1; ",
    "done\n",
    "case a in ",
    "a) m1 ",
    "*) m2;; ",
    "esac\n",
    "f() ",
    "f\n",
    "function f ",
    "time ",
    "eval ",
    "sh -c ",
    "A=b ",
    "A=(",
    "$x",
    "${x@P}",
    "\t",
    "=",
    "x",
    "select x in a; ",
    "until m1; ",
    "command ",
    "exec ",
    "env ",
    "$((1+",
    "[[ a == ",
    "=~ ",
    "|&",
    ";&",
    "\r",
    "$(<f)",
    "m1\\\n",
    "\"$(m1)\"",
    "`m2`",
    "$(m3 $(m1))",
    "\"`m1`\"",
    "${x:-$(m2)}",
    "$(( $(m1) ))",
    "<(m2)",
    "$(case a in a) m1;; esac)",
    "a[$(m3)]=1 ",
];

/// Scripts that are whole: `@` and `%` stand for smaller ones.
const SHAPES: &[&str] = &[
    "@; %",
    "@ && %",
    "@ || %",
    "@ | %",
    "@ |& %",
    "@ & %",
    "@\n%",
    "( @ )",
    "{ @; }",
    "! @",
    "(@)|(%)",
    "m1 $(@)",
    "m1 \"$(@) x\"",
    "m1 `@`",
    "m1 $(@; `%`)",
    "m1 ${x:-$(@)}",
    "m1 \"${x:-$(@)}\"",
    "m1 $(( $(@) + 1 ))",
    "m1 <(@)",
    "m1 < <(@)",
    "m1 > >(@)",
    "m1 > $(@)",
    "x=$(@) m1",
    "x=$(@)",
    "a=( $(@) )",
    "a[$(@)]=1",
    "m1 $[ $(@) ]",
    "if @; then %; fi",
    "if m1; then @; else %; fi",
    "while @; do %; break; done",
    "until @; do %; break; done",
    "for i in x y; do @; done",
    "for i in $(@)\ndo %\ndone",
    "for ((i=0;i<1;i++)); do @; done",
    "case a in a) @;; *) %;; esac",
    "case $(@) in (a|b) m1;; *) %\nesac",
    "f() { @; }; f",
    "f() ( @ ); %; f",
    "function f { @; }; f",
    "m1 <<E\n@\nE\n%",
    "m1 <<E\n$(@)\nE\n%",
    "m1 <<'E'\n$(@)\nE\n%",
    "m1 <<-E | m2\n\t`@`\n\tE\n%",
    "m1 <<A; m2 <<B\n@\nA\n%\nB\n",
    "m1 <<< $(@)",
    "[[ -n $(@) ]] && %",
    "[[ x =~ ^(a|x)$ ]]; @",
    "(( $(@) )); %",
    "((1)) && @",
    "eval '@'",
    "eval m1 \"@\"",
    "command @",
    "time @",
    "A=1 @",
    "@ > f",
    "@ 2>&1",
    "@ >&2 < /dev/null",
    "@ # %\n",
    "@ # x \\\n%",
    "m1 \\\n x; @",
    "m1 '@'",
    "m1 \"'\" ; @",
    "m1 \\'; @",
    "m1 \\\"; @",
    "m1 $'a\\'; @'",
    "m1 \"a\\\\\"; @",
    "m1 {a,b}{1,2}; @",
    "{m1,@}",
    "m1 *; @",
    "m1 ~; @",
    "m1 \"$@\" $*; @",
    "m1 a#b; @",
    "m1 ${#x} $#; @",
    "m1 ${x#y}; @",
    "m1 ${x%'}'}; @",
    "m1 ${a[\\$(@)]}",
    "m1 ${a['$(@)']}",
    "m1 \"${a[$(@)]}\"",
    "m1 $((a[\\$(@)]))",
    ": ${x:='a[$(@)]'}; m1 $((x))",
    "x='a[$(@)]'; m1 $((x))",
    "x='a[$(@)]'; ((x))",
    "x='a[$(@)]'; m1 ${!x}",
    "x='a[$(@)]'; m1 ${y:x}",
    "[[ -v 'a[$(@)]' ]]",
    "[[ 'a[$(@)]' -eq 1 ]]",
    "test -v 'a[$(@)]'",
    "let 'a[$(@)]=1'",
    "unset 'a[$(@)]'",
    "printf -v 'a[$(@)]' x",
    "printf %d 'a[$(@)]'",
    "read 'a[$(@)]' <<< x",
    "declare 'a[$(@)]=1'",
    "export 'a[$(@)]=1'",
    "a['$(@)']=1",
    "a[\\$(@)]=1",
    "a=(['$(@)']=1)",
    "for x in 'a[$(@)]'; do m1 $((x)); done",
    "set -- 'a[$(@)]'; m1 $(($1))",
    "f() { m1 $(($1)); }; f 'a[$(@)]'",
    "x='$(@)'; m1 ${x@P}",
    "exit 'a[$(@)]'",
    "{x}>f @",
    "m1 >&'$(@)'",
    "m1 >&\"$(@)\"",
    "x='$(@)'; m1 >&$x",
    "m1 {x}<f; @",
    "case 'a[$(@)]' in $((1))) m1;; esac",
    "y='x[$(@)]'; m1 ${z[y]}",
    "x='a[`@`]'; m1 $[x]",
    "trap '@' EXIT",
    "alias m1='@'\nm1",
    "{ @; } | { %; }",
    "exec m1 $(@)",
    "m1 $(case x in x) @;; esac)",
    "m1 $(m2 <<E\n@\nE\n)",
    "select x in a; do @; done < /dev/null",
];

const COMMANDS: &[&str] = &[
    "m1",
    "m2 a",
    "m3 'b c' \"d\"",
    "m1 $x",
    "m2 $'t\\t'",
    "m3 \"$x\" e",
];

/// Whole scripts, some of them broken again.
fn scripts() -> impl Strategy<Value = String> {
    let whole = prop::sample::select(COMMANDS)
        .prop_map(ToOwned::to_owned)
        .prop_recursive(4, 12, 2, |inner| {
            (prop::sample::select(SHAPES), inner.clone(), inner)
                .prop_map(|(shape, one, two)| shape.replace('@', &one).replace('%', &two))
        });
    let breaks = prop::collection::vec(
        (any::<prop::sample::Index>(), prop::sample::select(PIECES)),
        0..3,
    );
    (whole, breaks).prop_map(|(script, breaks)| {
        breaks.iter().fold(script, |script, (index, piece)| {
            let mut chars: Vec<char> = script.chars().collect();
            let at = index.index(chars.len() + 1);
            chars.splice(at..at, piece.chars());
            chars.into_iter().collect()
        })
    })
}

/// A place to run scripts in, with the markers.
struct Ground {
    dir: tempfile::TempDir,
    runs: Cell<u32>,
}

/// What a marker does: writes its name and words where it is told to.
const MARKER: &str = r#"#!/bin/sh
call=${0##*/}
for word in "$@"; do call=$call$(printf '\037')$word; done
printf '%s\036' "$call" >> "$MARKER_LOG"
"#;

impl Ground {
    fn new() -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let bin = dir.path().join("bin");
        fs::create_dir(&bin)?;
        for name in ["m1", "m2", "m3"] {
            let marker = bin.join(name);
            fs::write(&marker, MARKER)?;
            fs::set_permissions(&marker, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self {
            dir,
            runs: Cell::new(0),
        })
    }

    /// The calls of markers that `shell` makes when it runs `script`.
    fn run(&self, shell: &Path, script: &str) -> io::Result<Vec<Vec<String>>> {
        // Each run has a place of its own: what a script leaves running in
        // the background must not be taken for the next one's.
        self.runs.set(self.runs.get() + 1);
        let here = self.dir.path().join(format!("run-{}", self.runs.get()));
        let log = self.dir.path().join(format!("log-{}", self.runs.get()));
        fs::create_dir(&here)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the shell is the judge of this test"
        )]
        let mut command = std::process::Command::new("/usr/bin/timeout");
        command
            .args(["-s", "KILL", "1"])
            .arg(shell)
            .args(["-c", script])
            .current_dir(&here)
            .env_clear()
            .env("PATH", self.dir.path().join("bin"))
            .env("MARKER_LOG", &log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        let text = fs::read(&log).unwrap_or_default();
        fs::remove_dir_all(&here)?;
        Ok(String::from_utf8_lossy(&text)
            .split_terminator('\u{1e}')
            .map(|call| call.split('\u{1f}').map(ToOwned::to_owned).collect())
            .collect())
    }
}

/// Whether the analysis foresees a call.
fn foresees(analysis: &Analysis, call: &[String]) -> bool {
    analysis
        .commands
        .iter()
        .any(|simple| matches_all(&simple.argv, call))
}

fn matches_all(words: &[Word], call: &[String]) -> bool {
    match words.split_first() {
        None => call.is_empty(),
        Some((Word::Known(text), rest)) => {
            call.first() == Some(text) && matches_all(rest, &call[1..])
        }
        // An unknown word may be any number of words.
        Some((Word::Unknown { .. }, rest)) => {
            (0..=call.len()).any(|taken| matches_all(rest, &call[taken..]))
        }
    }
}

#[expect(clippy::print_stdout, reason = "says what was not tested")]
fn agrees_with(name: &str) -> Outcome {
    let shell = PathBuf::from("/bin").join(name);
    if !shell.exists() || !Path::new("/usr/bin/timeout").exists() {
        println!("{name} is not here to judge");
        return Ok(());
    }
    let ground = Ground::new()?;
    let config = Config {
        failure_persistence: None,
        cases: how_many(),
        ..Config::default()
    };
    TestRunner::new(config).run(&scripts(), |script| {
        let analysis = analyse(&[name, "-c", &script].map(ToOwned::to_owned));
        if class(&analysis).class >= Class::Opaque {
            return Ok(());
        }
        let calls = ground.run(&shell, &script);
        prop_assert!(calls.is_ok(), "{name} does not start");
        for call in calls.unwrap_or_default() {
            prop_assert!(
                foresees(&analysis, &call),
                "{name} ran {call:?}, foreseen was {analysis:#?}"
            );
        }
        Ok(())
    })?;
    Ok(())
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn bash_runs_nothing_that_is_not_listed() -> Outcome {
    agrees_with("bash")
}

#[test]
fn sh_runs_nothing_that_is_not_listed() -> Outcome {
    agrees_with("sh")
}

#[test]
fn zsh_runs_nothing_that_is_not_listed() -> Outcome {
    agrees_with("zsh")
}

/// The judge can condemn: a marker that runs is seen.
#[test]
fn the_judge_sees_what_runs() -> Outcome {
    let ground = Ground::new()?;
    let calls = ground.run(Path::new("/bin/sh"), "m1 'a b' \"$(m2)\"")?;
    assert_eq!(calls, [vec!["m2"], vec!["m1", "a b", ""]]);
    let analysis = analyse(&["sh", "-c", "m1 x"].map(ToOwned::to_owned));
    assert!(!foresees(&analysis, &calls[0]));
    Ok(())
}
