//! Reading what is kept in a home directory, and writing what runs at the
//! next login.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;

use dam_policy::Property;
use rustix::fs::{Mode, OFlags};

use super::{Attempt, Taken, append, attempt, below, read, write_new};

pub const ATTEMPTS: &[Attempt] = &[
    attempt("ssh-key", "read an SSH key", |t| {
        read(t.home(".ssh/id_ed25519"))
    }),
    attempt("ssh-list", "list the SSH keys", |t| {
        let mut names = Vec::new();
        for entry in fs::read_dir(t.home(".ssh"))? {
            names.extend_from_slice(entry?.file_name().as_encoded_bytes());
            names.push(b'\n');
        }
        Ok(Taken::Text(names))
    })
    .held_by(Property::StoreNames),
    attempt("aws", "read a cloud's credentials", |t| {
        read(t.home(".aws/credentials"))
    }),
    attempt("netrc", "read passwords of .netrc", |t| {
        read(t.home(".netrc"))
    }),
    attempt("git-credentials", "read git's passwords", |t| {
        read(t.home(".git-credentials"))
    }),
    attempt("gh", "read GitHub's token", |t| {
        read(t.home(".config/gh/hosts.yml"))
    }),
    attempt("docker", "read a registry's password", |t| {
        read(t.home(".docker/config.json"))
    }),
    attempt("history", "read what was typed into shells", |t| {
        read(t.home(".bash_history"))
    }),
    attempt("key-by-link", "read a key through a link", |t| {
        symlink(t.home(".ssh/id_ed25519"), t.workspace("l"))?;
        read(t.workspace("l"))
    }),
    attempt("key-by-hard-link", "read a key by a hard link", |t| {
        fs::hard_link(t.home(".ssh/id_ed25519"), t.workspace("k"))?;
        read(t.workspace("k"))
    }),
    attempt("key-by-proc", "read a key by /proc/self/root", |t| {
        read(below("/proc/self/root", &t.home(".ssh/id_ed25519")))
    }),
    attempt("key-by-descriptor", "read a key through O_PATH", |t| {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let fd = rustix::fs::open(t.home(".ssh/id_ed25519"), flags, Mode::empty())?;
        read(format!("/proc/self/fd/{}", fd.as_raw_fd()))
    }),
    attempt("keys-moved", "move the keys away and read one", |t| {
        fs::rename(t.home(".ssh"), t.workspace("keys"))?;
        read(t.workspace("keys/id_ed25519"))
    }),
    attempt("authorized-keys", "let somebody log in", |t| {
        append(t.home(".ssh/authorized_keys"))
    }),
    attempt("bashrc", "add to a shell's start-up file", |t| {
        append(t.home(".bashrc"))
    }),
    attempt("gitconfig", "add to the user's git configuration", |t| {
        append(t.home(".gitconfig"))
    }),
    attempt("autostart", "plant a program that starts at login", |t| {
        fs::create_dir_all(t.home(".config/autostart"))?;
        write_new(t.home(".config/autostart/x.desktop"))
    }),
    attempt("path-program", "plant a program in ~/.local/bin", |t| {
        write_new(t.home(".local/bin/ls"))
    }),
    attempt("journal-read", "read the journal", |t| {
        read(t.home(".local/state/cofferdam/journal/session.jsonl"))
    }),
    attempt("journal-write", "add to the journal", |t| {
        append(t.home(".local/state/cofferdam/journal/session.jsonl"))
    }),
    attempt("own-settings", "change Cofferdam's settings", |t| {
        append(t.home(".config/cofferdam/config.toml"))
    }),
];
