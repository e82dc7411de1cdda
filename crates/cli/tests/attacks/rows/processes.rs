//! Other processes of the same user, what they share, and terminals.

use crate::attempt::{Attempt, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = others();
    rows.extend(shared());
    rows.extend(terminals());
    rows
}

fn others() -> Vec<Attempt> {
    vec![
        attempt("D01", "signal a process", &["kill {victim}"]),
        attempt(
            "D02",
            "signal a process by a descriptor",
            &["pidfd-signal {victim}"],
        ),
        attempt(
            "D03",
            "trace a process and read its memory",
            &["ptrace-read {victim} {memory}"],
        ),
        attempt(
            "D04",
            "read a process's memory",
            &["vm-read {victim} {memory}"],
        ),
        attempt(
            "D05",
            "read a process's memory as a file",
            &["mem-read {victim} {memory}"],
        ),
        attempt(
            "D06",
            "read a process's variables",
            &["read /proc/{victim}/environ"],
        ),
        attempt(
            "D07",
            "write a process's memory",
            &["vm-write {victim} {memory}"],
        ),
        attempt(
            "D08",
            "write a process's memory as a file",
            &["mem-write {victim} {memory}"],
        ),
        attempt(
            "D09",
            "trace a process and write its memory",
            &["ptrace-write {victim} {memory}"],
        ),
        attempt("D10", "lower a process's limits", &["prlimit {victim}"]),
        attempt(
            "D11",
            "make a process the first to be killed",
            &["oom-score {victim}"],
        ),
        attempt("D12", "renice a process", &["renice {victim}"]),
        attempt(
            "D13",
            "bind a process to one processor",
            &["affinity {victim}"],
        )
        .proof(Proof::Maybe),
        attempt(
            "D14",
            "change how a process is scheduled",
            &["scheduler {victim}"],
        ),
        attempt(
            "D15",
            "see a process's command line",
            &["read /proc/{victim}/cmdline"],
        ),
        attempt(
            "D16",
            "become root by a set-user-id program",
            &["set-uid {set-uid} {roots-secret}"],
        )
        .proof(Proof::User),
        attempt(
            "D17",
            "take a descriptor from a process",
            &["pidfd-getfd {victim} {descriptor}"],
        ),
        attempt("D20", "signal a process group", &["kill-group {victim}"]),
        attempt(
            "D21",
            "signal the launcher's process group",
            &["kill-own-group"],
        )
        .victims_group(),
        attempt("D22", "signal a thread", &["tgkill {victim}"]),
        attempt("D23", "queue a signal", &["sigqueue {victim}"]),
        attempt(
            "D24",
            "have the kernel signal a socket's owner",
            &["fcntl-setown {victim}"],
        ),
        attempt(
            "D25",
            "read a process's open file",
            &["read /proc/{victim}/fd/{descriptor}"],
        ),
    ]
}

fn shared() -> Vec<Attempt> {
    vec![
        attempt("E01", "read a shared segment", &["shm-read {key}"]),
        attempt("E02", "send to a message queue", &["msg-send {key}"]),
        attempt(
            "E03",
            "send to a POSIX message queue",
            &["mq-send /dam-{victim}"],
        ),
        attempt("E04", "write to a shared segment", &["shm-write {key}"]),
        attempt(
            "E05",
            "read a key from the user's keyring",
            &["key-read dam-{victim}"],
        ),
        attempt("E06", "remove a shared segment", &["shm-remove {key}"]),
    ]
}

fn terminals() -> Vec<Attempt> {
    vec![
        attempt("D18", "type into the controlling terminal", &["tiocsti"]).terminal(),
        attempt("D19", "type into standard input", &["tiocsti-stdin"]).terminal(),
        attempt(
            "D26",
            "type with high bits in the request",
            &["tiocsti-high"],
        )
        .terminal(),
        attempt(
            "D27",
            "write on somebody else's terminal",
            &["append {screen}"],
        ),
    ]
}
