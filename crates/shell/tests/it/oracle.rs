//! The shells themselves as judges: whatever a shell runs, the analysis must
//! have listed, or have called the script opaque.
//!
//! Scripts are put together at random from pieces of syntax around marker
//! programs that write down how they were called. Nothing else can be run:
//! the search path holds only the markers, and what starts them.

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
    "env A=1 m1 a; @",
    "env -i PATH=\"$PATH\" m1; @",
    "env -S 'm1 a b'; @",
    "nice -n 5 m2 b; nohup m1; @",
    "timeout 1 m1 x; setsid -w m2; @",
    "echo a b | xargs m1; @",
    "echo m1 a | xargs -n1 m2; @",
    "printf 'a b\\nc\\n' | xargs -I% m1 %x; @",
    "xargs sh -c '@' < /dev/null",
    "echo 'm2 \"a b\"' | xargs env; @",
    "find . -maxdepth 0 -exec m1 {} \\; -exec sh -c 'm2 $0; @' {} +",
    "echo bTEgYTsgbTIK | base64 -d | sh; @",
    "echo 'a 1m' | rev | sh; sh -c \"$(echo 2m | rev)\"; @",
    "x=$(echo m2 | tr 2 1); env $x; command $x; @",
    "x=m1; $x a; @",
    "x='m2 b'; $x; \"$x\"",
    "a=m b=1; $a$b x",
    "if m1; then x=m2; else x=m3; fi; $x; @",
    "x=m1; if @; then x=m2; fi; $x",
    "@ && x=m1; ${x:-m2} q",
    "@ || x=m3; ${x-m1} \"${x}\"",
    "for p in m1 'm2 a'; do $p; @; done",
    "for p in m1 m2; do if @; then break; fi; x=$p; done; ${x:-m3}",
    "f() { $1 b; @; }; f m2 c",
    "f() { local x=m2; $x; @; }; x=m1; f; $x",
    "f() { @; if m1; then return; fi; x=m2; }; x=m3; f; $x",
    "f() { x=m2; }; x=m1; f | @; $x",
    "f() { $@; }; f m1 x; f m2",
    "f() { f2() { @; }; }; f; f2",
    "f() { m1; }; g() { f; }; f() { @; }; g",
    "set -- m1 m2; shift; $1; @",
    "set -- m1 'm2 a'; for x; do $x; done; \"$@\"; m3 $#",
    "while @; do x=m2; break; done; ${x:-m3}",
    "x=m1; while $x; do x=m2; @; break; done; $x",
    "for i in 1 2 3; do $x; x=m$i; done; $x",
    "x=m1; (x=m2; @); $x",
    "x=m1; @ | x=m2; $x",
    "x=m1; { x=m2; } & $x; @",
    "x=m1; @ && x=m2 & $x",
    "read x <<< 'm2 q'; $x; @",
    "echo m1 | { read x; $x; }",
    "printf 'm1 a\nm2\n' | while read -r l; do $l; @; done",
    "printf 'm1\nm2\n' | { read x; @; read y; $y $x; }",
    "printf -v x 'm%d' 2; $x; @",
    "x=am1b; ${x:1:2} c; @",
    "x=m1.sh.x; ${x%%.*} \"${x#*.}\" ${x%.*}; @",
    "x=m9m; ${x/9m/2} ${x//m/_}; @",
    "x=M1; ${x,,} ${x,} ${#x}; @",
    "x=(m1 m2 'a b'); ${x[1]} \"${x[@]}\" ${x[*]}; @",
    "IFS=,; x=m1,a,,b; $x; @",
    "x=m1; x+=' b'; $x; @",
    "unset x; ${x-m1}; ${x:+m2} m3; @",
    "y=m2; x=y; ${!x}; @",
    "trap 'x=m2' DEBUG; x=m1; $x; @",
    "x=m1; trap '$x; @' EXIT; x=m2",
    "x=m1; eval 'x=m2; @'; $x",
    "x=m1 eval '$x; @'",
    "x='m1; m2'; eval $x; eval \"$x\"; @",
    "export x=m1; y=m2; /bin/sh -c '$x; $y; @'",
    "x=m1 /bin/sh -c '$x \"$1\" $0' m2 m3; @",
    "/bin/bash -c '$0 $1; @' m1 m2",
    "echo 'm1; @' | /bin/sh",
    "/bin/bash <<E\nm1 $(@)\nE\n",
    "/bin/bash <<'E'\nx=m1; $x\n@\nE\n",
    "/bin/bash -s a <<< 'm1 $1; @'",
    ". /dev/stdin <<< 'm1; x=m2'; $x; @",
    "source <(echo m1; @); m3",
    "/bin/bash <(echo 'm1 a')",
    "$(echo m1) a; @",
    "$(echo m1; @) b",
    "$(printf 'm\\x31') c; @",
    "`echo m1 | tr 1 2`; @",
    "x=$(echo m3); $x; @",
    "x=$(@); $x m1",
    "$(if m1; then echo m2; else echo m3; fi); @",
    "$(true && echo m1) $(false || echo m2); @",
    "x=$((1+1)); m$x; m$((x+1)); @",
    "x=1; ((x++)); m$x; @",
    "x=1; m$((x=2)) $x; m$x",
    "let x=2; m$x; @",
    "case $x in a) y=m1;; *) y=m2;& b) y=m3; @;; esac; $y",
    "x=m1; unset x; $x m2; @",
    "readonly x=m1; x=m2; $x; @",
    "declare -n r=x; r=m1; $x; @",
    "declare -u x=m1; declare -l y=M2; $x $y; @",
    "m1{1,2} {m1,@} m{1..3}; m{2..1}",
    "m[12]* ; ./m?; @",
    "$x m1 a; \"$x\" m2; @",
    "m$x1 a; m$@1 b; $'m\\x32' c; @",
    "x='m1 *'; $x; \"$x\"; @",
    "x=~; y=$HOME; m1 $x $y; @",
    "cd /tmp; m1 a; @",
    "coproc m1 a; @",
    "coproc C { m2; @; }; m3",
    "command m1 a; command -p m2; builtin eval 'm3; @'",
    "f() { f a; m1; @; }; m2",
    "f() { if m1; then f m2; else $1; fi; }; f m3",
    "f() { $x; x=m2; if m1; then f; fi; }; x=m3; f",
    "x=m1; f() { x=$1; }; f m2; $x; @",
    "time -p m1; ! m2; time @",
    "x=m2 m1 $x; x=m2 $x m3; @",
    "x=; $x m1; x=\"\"; $x@",
    "select x in m1 m2; do $x; break; done <<< 2; @",
    "exec 3<<< 'm1'; /bin/sh <&3; @",
    "m1 ${x:-a b} \"${x:-c d}\" ${x:=m2}; $x; @",
    "getopts a x -a; m1 $x; @",
    "mapfile -t x <<< m1; $x; @",
    "x=a=m1; m2 ${x#*=}; export $x; $a; @",
    "alias q=m1; q; @",
    "/bin/sh -c \"/bin/sh -c 'm1; @'\"",
    "{ read x; @; } <<< m1; $x",
    "x=m1; until ! @; do x=m2; done; $x",
    "echo 'x=m2' > s; . ./s; $x; @",
    "set -- 'a b'; m1 \"$*\" \"$@\" $* ; @",
    "x=$'m1\\nm2'; $x; \"$x\"; eval \"$x\"; @",
    "while read -r x; do $x; done <<E\nm1\n@\nE\n",
    "printf 'm1 a' | { read -r x; $x; @; }",
    "m1 | { x=m2; @; $x; }; $x",
    "[[ $x ]] && x=m1; [ -z \"$x\" ] && x=m2; $x; @",
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
pub(crate) fn scripts() -> impl Strategy<Value = String> {
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
        // Programs that only start others, or print what they are given.
        for name in [
            "env", "nice", "nohup", "timeout", "setsid", "xargs", "find", "sh", "base64", "rev",
            "tr", "cat",
        ] {
            let program = Path::new("/usr/bin").join(name);
            if program.exists() {
                std::os::unix::fs::symlink(program, bin.join(name))?;
            }
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
