//! New linked working trees: `git worktree add`.
//!
//! What `.git`, `commondir` and `gitdir` say decides whose settings git on the
//! host uses. So nobody inside writes them: when a process makes a working
//! tree's directory in the repository and asks for these files in the order in
//! which git does, the right content is written for it, and it is handed a
//! file of nothing for what it would write itself.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRules, GitAccess, GitPart, protected_name};
use rustix::fs::{CWD, Dir, MemfdFlags, Mode, OFlags};
use rustix::io::Errno;

use super::acts::Visit;
use super::open::open_beneath;
use super::place::{Ground, Place};
use super::{Refusal, repository};

/// How many may be on their way at once.
const MOST: usize = 16;

/// Working trees that are being made.
#[derive(Debug, Default)]
pub(super) struct Worktrees(Vec<Pending>);

#[derive(Debug)]
struct Pending {
    process: i32,
    /// Its directory below the repository's `worktrees`.
    own: PathBuf,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Made,
    Told,
    Placed,
}

impl Visit<'_> {
    /// Notes a directory that was just made, if it is a working tree's own.
    pub(super) fn note_worktree(&mut self, place: &Place) -> Result<(), Errno> {
        let own = place.path();
        if self.files.git() != GitAccess::Commit || !is_worktree(self.files, &own) {
            return Ok(());
        }
        let process = self.caller.standing()?.process;
        if self.trees.0.len() >= MOST {
            self.trees.0.remove(0);
        }
        let stage = Stage::Made;
        self.trees.0.push(Pending {
            process,
            own,
            stage,
        });
        Ok(())
    }

    /// Opens a file that says where a repository is, if it belongs to a
    /// working tree that is being made.
    pub(super) fn open_pointer(
        &mut self,
        place: &Place,
        flags: OFlags,
    ) -> Result<Option<OwnedFd>, Refusal> {
        let writes = OFlags::CREATE | OFlags::WRONLY;
        if self.files.git() != GitAccess::Commit || !flags.contains(writes) {
            return Ok(None);
        }
        let leaf = place.leaf.to_bytes();
        let (needs, next) = match leaf {
            b"gitdir" => (Stage::Made, Stage::Told),
            b".git" => (Stage::Told, Stage::Placed),
            b"commondir" => (Stage::Placed, Stage::Placed),
            _ => return Ok(None),
        };
        let process = self.caller.standing()?.process;
        let is_its = |tree: &&mut Pending| {
            let here = leaf == b".git" || tree.own == place.parent_path;
            tree.process == process && tree.stage == needs && here
        };
        let files = self.files;
        let Some(tree) = self.trees.0.iter_mut().rev().find(is_its) else {
            return Ok(None);
        };
        if leaf == b".git" {
            tree.place(files, place)?;
        }
        tree.stage = next;
        if leaf == b"commondir" {
            let own = tree.own.clone();
            self.trees.0.retain(|tree| tree.own != own);
        }
        Ok(Some(nothing()?))
    }

    /// Whether a `.git` file may be removed: that of a linked working tree.
    pub(super) fn is_worktree_pointer(&self, place: &Place) -> bool {
        if self.files.git() != GitAccess::Commit || place.leaf.to_bytes() != b".git" {
            return false;
        }
        let Some(own) = pointed_at(place) else {
            return false;
        };
        let back = read(&own.join("gitdir")).unwrap_or_default();
        is_worktree(self.files, &own) && path_in(&back) == Some(place.path())
    }
}

impl Pending {
    /// Makes a directory this working tree.
    fn place(&self, files: &FileRules, place: &Place) -> Result<(), Refusal> {
        let top = &place.parent_path;
        let refuse = |why: String| {
            let rule = "files.git-worktree";
            Err(Refusal::rule(Errno::ACCESS, place.path(), rule, why))
        };
        if !matches!(place.ground(), Ground::Ruled)
            || !files.may_write(&top.join("x"))
            || repository::part(files, top).is_some()
        {
            return refuse(format!("{} is not for working trees", top.display()));
        }
        if place.exists() || !is_empty(place)? {
            return refuse(format!("{} is not empty", top.display()));
        }
        if let Some(program) = named_by_settings(files, &self.own) {
            let program = program.display();
            return refuse(format!(
                "git runs {program}, and would run what is there in the new working tree"
            ));
        }
        let text = |start: &str, path: &Path, end: &str| {
            let path = path.as_os_str().as_bytes();
            let is_plain = !path.iter().any(u8::is_ascii_control);
            is_plain.then(|| [start.as_bytes(), path, end.as_bytes()].concat())
        };
        let (Some(here), Some(back)) =
            (text("gitdir: ", &self.own, "\n"), text("", top, "/.git\n"))
        else {
            return refuse("its path has characters that git cannot take".to_owned());
        };
        let own = open_directory(&self.own)?;
        write_new(&own, "gitdir", &back)?;
        write_new(&own, "commondir", b"../..\n")?;
        write_new(&place.parent, ".git", &here)?;
        Ok(())
    }
}

/// Whether a path is a linked working tree's own directory in a repository that
/// may be committed to.
fn is_worktree(files: &FileRules, own: &Path) -> bool {
    let Some(above) = own.parent() else {
        return false;
    };
    above.file_name() == Some(OsStr::new("worktrees"))
        && above.parent().is_some_and(repository::is_repository)
        && files.git_part(own) == Some(GitPart::Kept)
}

/// A program or the like that settings name in the working tree: its
/// counterpart in the new one would be run, too. Only of the repositories whose
/// settings were read is it known that there is none.
fn named_by_settings(files: &FileRules, own: &Path) -> Option<PathBuf> {
    let repository = own.parent()?.parent()?;
    let is_read = |path: &Path| path == repository;
    if !files.repositories().any(is_read) {
        return Some(repository.join("config"));
    }
    let is_pointed = |root: &&Path| root.join(".git").is_file();
    let tops: Vec<&Path> = files
        .paths(Access::Write)
        .filter(is_pointed)
        .chain(repository.parent())
        .collect();
    let mut named = files.paths(Access::Read).filter(|path| {
        let below = |top: &&Path| path.strip_prefix(top).ok();
        let mut below = tops.iter().filter_map(below);
        below.any(|below| protected_name(below).is_none()) && !path.starts_with(repository)
    });
    named.next().map(Path::to_path_buf)
}

fn pointed_at(place: &Place) -> Option<PathBuf> {
    let file = open_beneath(place, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).ok()?;
    path_in(read_file(file)?.strip_prefix(b"gitdir: ")?)
}

fn path_in(line: &[u8]) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(line.trim_ascii_end()));
    path.is_absolute().then(|| path.to_owned())
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    read_file(rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()?)
}

fn read_file(fd: OwnedFd) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(fd).take(8192).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn is_empty(place: &Place) -> Result<bool, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let listed = rustix::fs::openat(&place.parent, ".", flags, Mode::empty())?;
    let mut names = Dir::read_from(listed)?.flatten();
    Ok(names.all(|entry| matches!(entry.file_name().to_bytes(), b"." | b"..")))
}

fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty())
}

fn write_new(directory: &OwnedFd, name: &str, text: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let fd = rustix::fs::openat(directory, name, flags | OFlags::NOFOLLOW, mode)?;
    let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    File::from(fd).write_all(text).map_err(failed)
}

/// A file in memory that nobody will read.
fn nothing() -> Result<OwnedFd, Errno> {
    rustix::fs::memfd_create("cofferdam", MemfdFlags::CLOEXEC)
}
