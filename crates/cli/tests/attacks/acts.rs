//! What builds and tests do all day, which must work inside.

use std::fs;
use std::path::Path;

use crate::attempt::attempt;
use crate::boundary::{self, Boundary, User};
use crate::scene::Scene;

/// An everyday act: a name, and the attacker's step or a shell's script.
pub struct Act {
    pub what: &'static str,
    pub how: How,
    /// Whether it writes, and so is for the writing mode only.
    pub writes: bool,
}

pub enum How {
    Step(&'static str),
    Script(&'static str),
}

const fn step(what: &'static str, step: &'static str) -> Act {
    Act {
        what,
        how: How::Step(step),
        writes: false,
    }
}

const fn script(what: &'static str, script: &'static str) -> Act {
    Act {
        what,
        how: How::Script(script),
        writes: false,
    }
}

impl Act {
    const fn writing(mut self) -> Self {
        self.writes = true;
        self
    }
}

pub const ACTS: &[Act] = &[
    step("write a file", "write {ws}/new").writing(),
    step("append to a file", "append {ws}/README").writing(),
    step("map a file and change it", "mmap-write {ws}/README").writing(),
    step("make a directory", "mkdir {ws}/new").writing(),
    step("rename a file", "rename {ws}/README {ws}/READ").writing(),
    step("rename a directory", "rename {ws}/a {ws}/z").writing(),
    step("exchange two files", "exchange {ws}/README {ws}/src/main.c").writing(),
    step("make a symbolic link", "symlink README {ws}/new").writing(),
    step("make a hard link", "link {ws}/README {ws}/new").writing(),
    step("remove a file", "unlink {ws}/README").writing(),
    step("remove a directory", "rmdir {ws}/empty").writing(),
    step("change a mode", "chmod {ws}/README").writing(),
    step("change times", "utimes {ws}/README").writing(),
    step("set an attribute", "setxattr {ws}/README").writing(),
    step("truncate a file", "truncate {ws}/README").writing(),
    step("make an unnamed file and name it", "tmpfile-link {ws} {ws}/new").writing(),
    step("make a pipe with a name", "mkfifo {ws}/new").writing(),
    step("write a file further down", "write {ws}/a/b/c/d/e/f/new").writing(),
    step("talk over a socket of its own in the workspace", "own-unix {ws}/own").writing(),
    step("talk over TCP on its own loopback", "own-tcp"),
    step("talk over a pair of sockets", "own-pair"),
    step("trace its own child", "own-trace"),
    step("open a terminal of its own", "own-terminal"),
    step("share memory by name", "own-shm /own-{id}").writing(),
    step("make code at run time", "own-map"),
    step("start a hundred processes", "fork-many 100"),
    step("start a hundred threads", "threads 100"),
    step("read a system file", "read /etc/passwd"),
    step("read its own status", "read /proc/self/status"),
    step("read the processors", "read /proc/cpuinfo"),
    step("read random bytes", "open-read /dev/urandom"),
    step("write to nowhere", "append /dev/null"),
    script("pipes and redirections", "printf 'b\\na\\n' | sort | head -1 | grep -q a && echo x 2>&1 >/dev/null"),
    script("standard output by name", "(echo hello > /dev/stdout) | grep -q hello && (echo hello >> /dev/stderr) 2>&1 | grep -q hello"),
    script("a here-document", "cat <<END | grep -q hello\nhello\nEND"),
    script("process substitution", "bash -c 'cat <(echo hello) | grep -q hello'"),
    script("a temporary file", "f=$(mktemp) && echo x > $f && rm $f && d=$(mktemp -d /tmp/{id}.XXXX) && rmdir $d").writing(),
    script("a script with a first line", "printf '#!/bin/sh\\nexit 0\\n' > s && chmod +x s && ./s").writing(),
    script("copy, pack, find and remove a tree", "cp -r src copy && tar cf t.tar copy && rm -r copy && tar xf t.tar && find copy -name main.c | grep -q main").writing(),
    script("edit in place", "sed -i s/project/thing/ README && grep -q thing README").writing(),
    script("many files", "mkdir many && for i in $(seq 300); do echo $i > many/$i; done && rm -r many").writing(),
    script("a job in the background", "sleep 0.05 & wait $!"),
    script("end its own child", "sleep 10 & kill $! ; ! wait $!"),
    script("names that git has, too", "mkdir -p app/hooks app/objects app/refs app/info && echo x > app/config && echo x > app/hooks/use && mv app/config app/index && echo x > app/gitdir && mv app app2 && rm -r app2").writing(),
    script("a head and settings in one directory", "mkdir d && echo x > d/HEAD && echo x > d/config && mkdir d/refs && mv d e && rm -r e").writing(),
    script("the state of the repository", "git status --porcelain"),
    script("make and test a program", "cc -o prog src/main.c && ./prog").writing(),
    script("ask who it is", "id -u >/dev/null && ps >/dev/null && ls /proc >/dev/null && date >/dev/null && uname -a >/dev/null"),
    script("Python", "python3 -c 'import json, subprocess, tempfile, threading; subprocess.run([\"true\"], check=True)'"),
    script("Python's pool of processes", "python3 -c 'import multiprocessing as m; assert m.Pool(2).map(abs, [-1]) == [1]'").writing(),
    script("Perl", "perl -e 'print 1' >/dev/null"),
    script("limits of its own", "ulimit -n 64 && nice -n 5 true && timeout 5 true"),
];

/// Whether it works behind this, with what it said.
pub fn does(act: &Act, user: &User, boundary: Boundary) -> (bool, String) {
    let scene = Scene::new(user);
    scene.settle(&attempt("", "", &[]));
    let attacker = scene.attacker().to_string_lossy().into_owned();
    let script;
    let words: Vec<&str> = match act.how {
        How::Step(step) => [attacker.as_str()]
            .into_iter()
            .chain(step.split_whitespace())
            .collect(),
        How::Script(text) => {
            script = format!("{text}\ncode=$?; echo ended: ok; exit $code");
            vec!["/bin/bash", "-c", &script]
        }
    };
    let run = boundary::run_words(&scene, &words, boundary);
    // A launcher that starts nothing may well say that all is fine.
    let ran = run.status.is_some_and(|status| status.success()) && run.output.contains(": ok");
    let worked = ran && left_something(&scene, act);
    (worked, format!("{} {}", run.ending(), run.output))
}

/// What was written inside must be there outside.
fn left_something(scene: &Scene, act: &Act) -> bool {
    match act.how {
        How::Step(step) => step
            .strip_prefix("write ")
            .is_none_or(|path| fs::metadata(scene.fill(path)).is_ok()),
        How::Script(script) if script.starts_with("cc ") => {
            Path::new(&scene.fill("{ws}/prog")).exists()
        }
        How::Script(_) => true,
    }
}
