//! Wrapping a command in anything never lowers its class, and never loses a
//! program that it starts.

use dam_shell::{Analysis, Class, Simple, Word, class};
use proptest::prelude::*;

use crate::script;

/// Commands of every class.
const COMMANDS: &[&str] = &[
    "ls -l",
    "cat a b",
    "git status",
    "grep -r x .",
    "make all",
    "npm run build",
    "cargo test",
    "cp a b",
    "git commit -m x",
    "python3 script.py",
    "rm -rf /",
    "rm -rf \"$HOME\"",
    "git push --force",
    "git reset --hard",
    "chmod -R 777 /",
    "dd if=/dev/zero of=/dev/sda",
    "mkfs.ext4 /dev/sda1",
    "shutdown -h now",
    "kill -9 -1",
    "crontab -r",
    "python3 -c 'print(1)'",
    "perl -e 1",
    "$program -x",
    "\"$unset\" a",
    "find / -delete",
    "truncate -s 0 /etc/passwd",
];

/// Programs in front of a command's words.
const PREFIXES: &[&str] = &[
    "sudo",
    "sudo -u root --",
    "sudo -n -E",
    "doas",
    "env",
    "env -i A=b",
    "env -C /tmp -u X",
    "command",
    "command -p",
    "exec",
    "exec -a x",
    "nohup",
    "nice",
    "nice -n 5",
    "ionice -c 2 -n 7",
    "time",
    "/usr/bin/time -v",
    "timeout 5",
    "timeout -k 1 -s KILL 5s",
    "stdbuf -o0",
    "setsid -w",
    "chrt -b 0",
    "taskset -c 0",
    "xargs",
    "xargs -0 -n 1",
    "parallel",
    "find . -exec",
    "find . -execdir",
    "find . -ok",
    "fd -x",
    "fd --exec",
    "watch -n 1",
    "flock /tmp/lock",
    "busybox",
    "toybox",
    "ssh host",
    "ssh -p 22 -o A=b user@host --",
    "docker run --rm image",
    "docker run -it -v /:/h -e A=b image",
    "docker exec -u root box",
    "docker compose exec service",
    "podman run image",
    "kubectl exec pod --",
    "kubectl -n x exec -it pod -c y --",
    "runuser -u nobody --",
    "unshare -r",
    "nsenter -t 1 -m",
    "chroot /x",
    "strace -f -o log",
    "ltrace -f",
    "gdb --args",
    "npx",
    "npm exec --",
    "uv run",
    "poetry run",
    "bundle exec",
    "fakeroot",
    "setpriv --no-new-privs",
    "prlimit --nofile=5",
    "caffeinate -i",
    "proxychains4 -q",
    "git bisect run",
    "systemd-run",
    "\\env",
    "e'n'v",
    "/usr/bin/env",
    "A=b",
    "A=b C=\"$d\"",
    ">log",
    "2>/dev/null",
    "<in",
    "!",
    "coproc",
    "ls;",
    "ls |",
    "ls &&",
    "ls ||",
    "ls &",
    "true &&",
    "w='nice env'; $w",
    "f() { \"$@\"; }; f",
    "f() { g \"$@\"; }; g() { $*; }; f",
];

/// Scripts around a script, `{}`, or around its text in quotes, `[]`.
const AROUND: &[&str] = &[
    "({}\n)",
    "{ {}\n}",
    "{}\n",
    "ls\n{}",
    "{}\nls",
    "({}\n) &",
    "({}\n) | cat",
    "ls | ({}\n)",
    "! ({}\n)",
    "if a; then {}\nfi",
    "if ls; then a; else {}\nfi",
    "if {}\nthen b; fi",
    "while a; do {}\ndone",
    "while {}\ndo break; done",
    "until {}\ndo a; done",
    "for i in 1 2; do {}\ndone",
    "for ((;;)); do {}\ndone",
    "case x in y) {}\n;; esac",
    "f() { {}\n}; f",
    "f() { {}\n}",
    "function f { {}\n}; f x",
    "x=$({}\n)",
    "echo $({}\n)",
    "echo \"$({}\n)\"",
    "echo ${unset:-$({}\n)}",
    "echo <({}\n)",
    "ls > >({}\n)",
    "cat <<E\n$({}\n)\nE",
    "coproc X { {}\n}",
    "sh -c []",
    "bash -c []",
    "bash -lc []",
    "dash -c []",
    "ksh -c []",
    "sudo sh -c []",
    "eval []",
    "trap [] EXIT",
    "x=[]; eval \"$x\"",
    "x=[]; bash -c \"$x\"",
    "x=[] bash -c 'eval \"$x\"'",
    "echo [] | sh",
    "printf '%s\\n' [] | bash",
    "printf %s [] | sudo bash -s",
    "bash <<< []",
    "sh -s <<< []",
    "bash <(printf %s [])",
    "source <(printf %s [])",
    ". /dev/stdin <<< []",
    "bash -c 'eval \"$1\"' _ []",
    "set -- []; eval \"$1\"",
    "f() { eval \"$1\"; }; f []",
    "watch []",
    "ssh host []",
    "su -c []",
    "su root -c []",
    "runuser -l x -c []",
    "script -c [] log",
    "flock lock -c []",
    "sg group -c []",
    "find . -exec sh -c [] \\;",
    "xargs sh -c []",
    "docker run image sh -c []",
    "kubectl exec pod -- sh -c []",
    "npm exec -c []",
    "git submodule foreach []",
    "git rebase -x [] main",
    "tar cf x --to-command=[] .",
    "nix-shell --run []",
    "alias x=[]; x",
    "printf %s [] > w.sh; sh w.sh",
    "printf %s [] | tee w; chmod +x w; ./w",
    "cat <<'END OF FILE' > w.sh && bash w.sh x\n{}\nEND OF FILE\n",
    "echo [] > w; . ./w",
];

/// A command, wrapped in front and then around.
fn wrapped() -> impl Strategy<Value = (String, String)> {
    let command = prop::sample::select(COMMANDS);
    let prefixes = prop::collection::vec(prop::sample::select(PREFIXES), 0..3);
    let around = prop::collection::vec(prop::sample::select(AROUND), 0..3);
    (command, prefixes, around).prop_map(|(command, prefixes, around)| {
        let started = prefixes
            .iter()
            .fold(command.to_owned(), |script, prefix| before(prefix, &script));
        let script = around
            .iter()
            .fold(started, |script, shape| inside(shape, &script));
        (command.to_owned(), script)
    })
}

fn before(prefix: &str, script: &str) -> String {
    // The shell's own words cannot be started by a program.
    let end = if prefix.starts_with("find") {
        " \\;"
    } else {
        ""
    };
    let is_shell_syntax = |text: &str| text.contains(['=', '>', '<', ';', '|', '&', '!', '(']);
    let first = script.split(' ').next().unwrap_or_default();
    if is_shell_syntax(first)
        || script.starts_with("f()")
        || script.contains("; ")
        || first == "coproc"
    {
        return script.to_owned();
    }
    format!("{prefix} {script}{end}")
}

fn inside(shape: &str, script: &str) -> String {
    let quoted = format!("'{}'", script.replace('\'', r"'\''"));
    shape.replace("{}", script).replace("[]", &quoted)
}

/// Whether `outer` lists a command with these words.
fn lists(outer: &Analysis, simple: &Simple) -> bool {
    let known = |simple: &Simple| -> Vec<Option<String>> {
        let name = simple.name().map(ToOwned::to_owned);
        let rest = simple.arguments().iter().map(Word::known);
        std::iter::once(name)
            .chain(rest.map(|word| word.map(ToOwned::to_owned)))
            .collect()
    };
    let wanted = known(simple);
    outer
        .commands
        .iter()
        .any(|found| known(found).starts_with(&wanted))
}

fn check(command: &str, wrapped: &str) -> Result<(), TestCaseError> {
    let (inner, outer) = (script(command), script(wrapped));
    let [before, after] = [&inner, &outer].map(|analysis| class(analysis).class);
    prop_assert!(
        before <= after,
        "{command:?} is {before:?}, in {wrapped:?} {after:?}"
    );
    // What a shell or another user would make of an unknown word may differ.
    let all_known = |simple: &&Simple| simple.argv.iter().all(|word| word.known().is_some());
    for simple in inner.commands.iter().filter(all_known) {
        prop_assert!(
            after >= Class::Opaque || outer.opaque.is_some() || lists(&outer, simple),
            "{:?} is lost in {wrapped:?}: {outer:#?}",
            simple.argv.iter().map(Word::to_string).collect::<Vec<_>>()
        );
    }
    Ok(())
}

#[test]
fn one_wrapping_never_lowers_a_class_or_loses_a_program() -> Result<(), TestCaseError> {
    // The others are left to chance, below.
    for command in COMMANDS.iter().step_by(3) {
        for prefix in PREFIXES {
            check(command, &before(prefix, command))?;
        }
        for shape in AROUND {
            check(command, &inside(shape, command))?;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn wrappings_never_lower_a_class_or_lose_a_program((command, wrapped) in wrapped()) {
        check(&command, &wrapped)?;
    }
}

/// How a program's name may be spelled.
#[test]
fn quoting_never_lowers_a_class() -> Result<(), TestCaseError> {
    for command in COMMANDS.iter().filter(|command| !command.contains('$')) {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (first, last) = name.split_at(1);
        for spelled in [
            format!("\\{name}"),
            format!("'{name}'"),
            format!("\"{name}\""),
            format!("{first}''{last}"),
            format!("{first}\"{last}\""),
            format!("$'{name}'"),
            format!("/usr/bin/{name}"),
            format!("{first}$@{last}"),
            format!("{first}${{unset}}{last}"),
            format!("$(echo {name})"),
            format!("`printf %s {name}`"),
            format!("p={name}; $p"),
        ] {
            check(command, &format!("{spelled} {rest}"))?;
        }
    }
    Ok(())
}
