//! Changing what lies outside: made, written, moved, removed, or given other
//! attributes.

use crate::attempt::{Attempt, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = contents();
    rows.extend(attributes());
    rows.extend(inherited());
    rows.extend(read_only());
    rows
}

fn contents() -> Vec<Attempt> {
    vec![
        attempt("A01", "make a file outside", &["write {out}/new"]),
        attempt("A02", "overwrite a file outside", &["overwrite {out}/file"]),
        attempt("A03", "append to a file outside", &["append {out}/file"]),
        attempt(
            "A04",
            "take a file from outside away",
            &["rename {out}/file {ws}/taken"],
        ),
        attempt(
            "A05",
            "move a file of the workspace out",
            &["rename {ws}/README {out}/given"],
        ),
        attempt(
            "A06",
            "exchange a file with one outside",
            &["exchange {ws}/README {out}/file"],
        ),
        attempt(
            "A11",
            "write outside by way of `..`",
            &["write {ws}/../../out/new"],
        ),
        attempt(
            "A12",
            "write outside through openat2",
            &["openat2-write {out}/new"],
        ),
        attempt(
            "A13",
            "write by way of /proc/self/root",
            &["write /proc/self/root{out}/new"],
        ),
        attempt(
            "A14",
            "write by way of /proc/self/cwd",
            &["write /proc/self/cwd/../../out/new"],
        ),
        attempt(
            "A15",
            "write by way of the root of another process",
            &["write /proc/{victim}/root{out}/new"],
        ),
        attempt(
            "A16",
            "write by way of the directory of another process",
            &["write /proc/{victim}/cwd/new"],
        ),
        attempt(
            "A17",
            "write by way of a directory held open",
            &["hold-dir {out}", "write-at new"],
        ),
        attempt(
            "A23",
            "change directory to outside and write there",
            &["chdir {out}", "write new"],
        ),
        attempt(
            "A25",
            "write through a second opening of a descriptor",
            &["reopen-write {out}/file"],
        ),
        attempt(
            "A26",
            "write outside through io_uring",
            &["uring-write {out}/new"],
        ),
        attempt(
            "A27",
            "remove a file outside through io_uring",
            &["uring-unlink {out}/file"],
        ),
        attempt(
            "A28",
            "leave a file in the shared memory directory",
            &["write /dev/shm/{id}"],
        )
        .watch(&["/dev/shm/{id}"]),
        attempt(
            "A29",
            "map a file outside and change it in memory",
            &["mmap-write {out}/file"],
        ),
        attempt("A30", "write into a pipe outside", &["fifo-write {fifo}"])
            .prepare(|scene| scene.make_pipe("{out}/fifo")),
        attempt("A40", "remove a file outside", &["unlink {out}/file"]),
        attempt(
            "A41",
            "remove a directory outside",
            &["unlink {out}/dir/inner", "rmdir {out}/dir"],
        ),
        attempt("A42", "make a directory outside", &["mkdir {out}/new"]),
        attempt("A43", "make a pipe outside", &["mkfifo {out}/new"]),
        attempt("A44", "make a socket outside", &["unix-bind {out}/new"]),
        attempt("A45", "make a device outside", &["mknod-null {out}/new"]).proof(Proof::Root),
        attempt(
            "A46",
            "make an unnamed file outside and name it",
            &["tmpfile-link {out} {out}/new"],
        ),
        attempt(
            "A47",
            "name an unnamed file of the workspace outside",
            &["tmpfile-link {ws} {out}/new"],
        )
        .writing(),
        attempt("A48", "leave a core dump outside", &["core-dump {out}/dir"]).proof(Proof::Maybe),
        attempt(
            "A49",
            "write past the path by a file handle",
            &["handle-write {out}/file /"],
        )
        .proof(Proof::Root),
        attempt(
            "A50",
            "change the path in memory after it was checked",
            &["race-memory {ws}/good {out}/bad"],
        )
        .writing(),
    ]
}

fn attributes() -> Vec<Attempt> {
    vec![
        attempt(
            "A20",
            "change the mode of a file outside",
            &["chmod {out}/file"],
        ),
        attempt(
            "A21",
            "change the times of a file outside",
            &["utimes {out}/file"],
        ),
        attempt(
            "A22",
            "set an extended attribute outside",
            &["setxattr {out}/file"],
        ),
        attempt(
            "A51",
            "change the mode through a descriptor for reading",
            &["fchmod {out}/file"],
        ),
        attempt(
            "A52",
            "change the mode by fchmodat2",
            &["fchmodat2 {out}/file"],
        ),
        attempt(
            "A53",
            "change the times through a descriptor for reading",
            &["futimes {out}/file"],
        ),
        attempt(
            "A54",
            "set an attribute through a descriptor for reading",
            &["fsetxattr {out}/file"],
        ),
        attempt("A55", "truncate a file outside", &["truncate {out}/file"]),
        attempt(
            "A56",
            "change the owner of a file outside",
            &["chown {out}/file"],
        )
        .proof(Proof::Root),
        attempt("A57", "set a file flag outside", &["chattr {out}/file"]),
        attempt(
            "A58",
            "change the mode of a directory outside",
            &["chmod {out}/dir"],
        ),
        attempt(
            "A59",
            "change the mode of the home directory",
            &["chmod {home}"],
        ),
    ]
}

/// Descriptors come with the mounts they were opened on: no wall of the
/// command's own holds them.
fn inherited() -> Vec<Attempt> {
    vec![
        attempt(
            "A18",
            "make a file below an inherited directory",
            &["hold-fd 9", "write-at new"],
        )
        .descriptors(),
        attempt(
            "A19",
            "write to an inherited file",
            &["hold-fd 8", "held-write"],
        )
        .descriptors(),
        attempt(
            "A60",
            "make a directory below an inherited one",
            &["hold-fd 9", "mkdir-at new"],
        )
        .descriptors(),
        attempt(
            "A61",
            "change the mode of an inherited directory",
            &["hold-fd 9", "held-fchmod"],
        )
        .descriptors(),
        attempt(
            "A62",
            "open standard input again for writing",
            &["hold-fd 0", "held-reopen"],
        )
        .stdin("{out}/file"),
        attempt(
            "A63",
            "change the mode of standard input",
            &["hold-fd 0", "held-fchmod"],
        )
        .stdin("{out}/file"),
        attempt(
            "A64",
            "change the times of standard input",
            &["hold-fd 0", "held-futimes"],
        )
        .stdin("{out}/file"),
        attempt(
            "A65",
            "set an attribute on standard input",
            &["hold-fd 0", "held-fsetxattr"],
        )
        .stdin("{out}/file"),
        attempt(
            "A66",
            "make a file below a directory as standard input",
            &["hold-fd 0", "write-at new"],
        )
        .stdin("{out}/dir"),
        attempt(
            "A67",
            "change directory to standard input and write",
            &["hold-fd 0", "held-chdir", "write new"],
        )
        .stdin("{out}/dir"),
        attempt(
            "A68",
            "climb from a directory as standard input",
            &["hold-fd 0", "write-at ../new"],
        )
        .stdin("{out}/dir"),
    ]
}

/// In this mode the workspace itself is outside.
fn read_only() -> Vec<Attempt> {
    vec![
        attempt("R01", "make a file in the workspace", &["write {ws}/new"]).read_only(),
        attempt(
            "R02",
            "overwrite a file of the workspace",
            &["overwrite {ws}/README"],
        )
        .read_only(),
        attempt(
            "R03",
            "make a directory in the workspace",
            &["mkdir {ws}/new"],
        )
        .read_only(),
        attempt(
            "R04",
            "rename in the workspace",
            &["rename {ws}/README {ws}/READ"],
        )
        .read_only(),
        attempt(
            "R05",
            "remove a file of the workspace",
            &["unlink {ws}/README"],
        )
        .read_only(),
        attempt(
            "R06",
            "make a link in the workspace",
            &["symlink README {ws}/new"],
        )
        .read_only(),
        attempt(
            "R07",
            "change a mode in the workspace",
            &["chmod {ws}/README"],
        )
        .read_only(),
        attempt(
            "R08",
            "make a hard link in the workspace",
            &["link {ws}/README {ws}/new"],
        )
        .read_only(),
        attempt("R09", "write in /tmp", &["write /tmp/{id}"])
            .read_only()
            .watch(&["/tmp/{id}"]),
        attempt(
            "R10",
            "write in the temporary directory",
            &["write {tmp}/new"],
        )
        .read_only()
        .watch(&["{tmp}"]),
        attempt(
            "R11",
            "set an attribute in the workspace",
            &["setxattr {ws}/README"],
        )
        .read_only(),
        attempt(
            "R12",
            "change times in the workspace",
            &["utimes {ws}/README"],
        )
        .read_only(),
        attempt(
            "R13",
            "write in the workspace relative to it",
            &["write new"],
        )
        .read_only(),
        attempt(
            "R14",
            "write in the workspace through io_uring",
            &["uring-write {ws}/new"],
        )
        .read_only(),
        attempt(
            "R15",
            "name an unnamed file in the workspace",
            &["tmpfile-link {ws} {ws}/new"],
        )
        .read_only(),
    ]
}
