//! Keeping: makes in the real tree what a transaction would change.
//!
//! File by file, each in one step: what is new is written under no name and
//! then given its name; what replaces something takes its place by a rename.
//! Nothing is taken out of the layer, so whoever is stopped on the way can
//! begin again: what has been done is no change any more. Before the layer is
//! given up, everything is on the disk (`syncfs`); single files are not waited
//! for.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;

use super::changes::{kind_of, mode_of, same_inode, selected, size_of};
use super::error::failed;
use super::tree::Tree;
use super::{Change, ChangeKind, Entry, Refusal, Result, Transaction, attributes, copy, rights};

/// What came of keeping or dropping.
#[derive(Debug, Default)]
pub struct Kept {
    /// What has been done.
    pub done: Vec<Change>,
    /// What has not, and why.
    pub refused: Vec<(Change, String)>,
    /// Whether something is left, so that the transaction is still there.
    pub left: bool,
}

impl Transaction {
    /// The changes at or below these paths; all, if none is named.
    pub fn select(&self, paths: &[PathBuf]) -> Result<Vec<Change>> {
        selected(&self.changes()?, paths)
    }

    /// Makes these changes in the real tree. With `force` also where the real
    /// tree has changed meanwhile, and protected names, if they are in
    /// `named`. Ends the transaction if nothing is left.
    pub fn keep(mut self, changes: Vec<Change>, named: &[PathBuf], force: bool) -> Result<Kept> {
        rights::over_own_files();
        let trees = self.trees()?;
        let mut keeper = Keeper {
            trees: &trees,
            temporary: format!(".dam-keep-{}", self.record.id),
            made: Vec::new(),
        };
        let mut kept = Kept::default();
        for change in changes {
            match keeper.keep(&change, named, force, &kept.refused) {
                Ok(()) => kept.done.push(change),
                Err(why) => kept.refused.push((change, why)),
            }
        }
        keeper.finish(&mut kept);
        for ((_, real), layer) in trees.iter().zip(&self.dirs.layers) {
            real.sync()
                .map_err(|errno| failed(&layer.root)(errno.into()))?;
        }
        self.decide(&mut kept)?;
        Ok(kept)
    }

    /// Throws these changes away. Ends the transaction if nothing is left.
    pub fn discard(mut self, changes: Vec<Change>) -> Result<Kept> {
        let mut dropped = Kept {
            done: changes,
            ..Kept::default()
        };
        self.decide(&mut dropped)?;
        Ok(dropped)
    }

    /// Writes down what has been decided, or ends the transaction.
    fn decide(&mut self, kept: &mut Kept) -> Result<()> {
        let done = kept.done.iter().map(|change| change.path.clone().into());
        self.record.decided.extend(done);
        let left = self.changes()?;
        kept.left = left.iter().any(|change| !change.is_left_out());
        if kept.left {
            return self.record.write(&self.dirs.dir, false);
        }
        let whole = Self {
            dirs: self.dirs.clone(),
            record: self.record.clone(),
            lock: self.lock.take(),
        };
        whole.remove()
    }

    fn trees(&self) -> Result<Vec<(Tree, Tree)>> {
        let open = |path: &Path| Tree::open(path).map_err(|errno| failed(path)(errno.into()));
        let layers = self.dirs.layers.iter();
        layers
            .map(|layer| Ok((open(&self.dirs.upper(layer))?, open(&layer.root)?)))
            .collect()
    }
}

struct Keeper<'a> {
    /// Each layer with the real tree below it.
    trees: &'a [(Tree, Tree)],
    /// The name under which a file waits to take another's place.
    temporary: String,
    /// Directories that were made, and get their mode and time at the end.
    made: Vec<Change>,
}

/// Why a change could not be made.
enum Failure {
    Errno(Errno),
    Moved,
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::EXIST => Self::Moved,
            errno => Self::Errno(errno),
        }
    }
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Self::Moved => "it has been changed in this moment".to_owned(),
            Self::Errno(Errno::NOTEMPTY) => "it holds something that stays".to_owned(),
            Self::Errno(Errno::LOOP) => "a link lies on the way there".to_owned(),
            Self::Errno(Errno::NOENT | Errno::NOTDIR) => {
                "the directory that it belongs in is not there".to_owned()
            }
            Self::Errno(errno) => errno.to_string(),
        }
    }
}

impl Keeper<'_> {
    fn keep(
        &mut self,
        change: &Change,
        named: &[PathBuf],
        force: bool,
        refused: &[(Change, String)],
    ) -> std::result::Result<(), String> {
        match &change.refusal {
            None => {}
            Some(Refusal::LeftOut) => return Err("pipes and sockets are not kept".to_owned()),
            Some(Refusal::Conflict(_)) if force => {}
            Some(Refusal::Protected(_))
                if force && named.iter().any(|path| change.path.starts_with(path)) => {}
            Some(Refusal::Conflict(why) | Refusal::Protected(why)) => return Err(why.clone()),
        }
        let is_above = |(above, _): &&(Change, String)| {
            above.entry == Entry::Directory
                && matches!(above.kind, ChangeKind::Added | ChangeKind::Replaced)
                && change.path.starts_with(&above.path)
        };
        if refused.iter().any(|above| is_above(&above)) {
            return Err("the directory that it belongs in is not kept".to_owned());
        }
        self.make(change).map_err(|failure| failure.text())
    }

    fn make(&mut self, change: &Change) -> std::result::Result<(), Failure> {
        match (change.kind, change.entry) {
            (ChangeKind::Deleted, _) => self.clear(change, change.before.as_ref()),
            (ChangeKind::Mode | ChangeKind::Attributes, _) => self.set(change),
            (_, Entry::Directory) => self.make_directory(change),
            (ChangeKind::Linked, Entry::File) => self.link(change),
            (_, Entry::File) => self.put_file(change),
            (_, Entry::Link) => self.put_link(change),
            (_, Entry::Special) => Err(Errno::NOTSUP.into()),
        }
    }

    fn trees(&self, change: &Change) -> std::result::Result<&(Tree, Tree), Errno> {
        self.trees.get(change.layer).ok_or(Errno::INVAL)
    }

    fn place<'a>(&self, change: &'a Change) -> std::result::Result<(OwnedFd, &'a OsStr), Errno> {
        self.trees(change)?.1.parent(&change.below)
    }

    /// Removes what lies there, if it is what was looked at.
    fn clear(&self, change: &Change, before: Option<&Stat>) -> std::result::Result<(), Failure> {
        let (directory, name) = self.place(change)?;
        let Some(before) = before else { return Ok(()) };
        check(&directory, name, before)?;
        let flags = if kind_of(before) == Entry::Directory {
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        Ok(rustix::fs::unlinkat(&directory, name, flags)?)
    }

    /// Mode, times and attributes of what stays.
    fn set(&self, change: &Change) -> std::result::Result<(), Failure> {
        let (upper, real) = self.trees(change)?;
        let file = real.read(&change.below)?;
        let after = change.after.as_ref().ok_or(Errno::INVAL)?;
        if let Some(before) = &change.before
            && !same_inode(before, &rustix::fs::fstat(&file)?)
        {
            return Err(Failure::Moved);
        }
        dress(&file, &upper.read(&change.below)?, after, change)?;
        Ok(())
    }

    fn make_directory(&mut self, change: &Change) -> std::result::Result<(), Failure> {
        self.clear(change, change.before.as_ref())?;
        let (directory, name) = self.place(change)?;
        rustix::fs::mkdirat(&directory, name, Mode::RWXU)?;
        self.made.push(change.clone());
        Ok(())
    }

    /// Gives directories their mode and time, the deepest first.
    fn finish(&mut self, kept: &mut Kept) {
        for change in std::mem::take(&mut self.made).iter().rev() {
            let fresh = Change {
                before: None,
                ..change.clone()
            };
            if let Err(failure) = self.set(&fresh) {
                kept.done.retain(|done| done.path != change.path);
                kept.refused.push((fresh, failure.text()));
            }
        }
    }

    fn put_file(&self, change: &Change) -> std::result::Result<(), Failure> {
        let (upper, _) = self.trees(change)?;
        let (directory, name) = self.place(change)?;
        let from = upper.read(&change.below)?;
        let stat = rustix::fs::fstat(&from)?;
        let (file, is_named) = self.new_file(&directory)?;
        let put = || -> std::result::Result<(), Failure> {
            copy::copy(&from, &file, size_of(&stat))?;
            dress(&file, &from, &stat, change)?;
            if let Some(before) = self.make_room(change)? {
                if !is_named {
                    give_name(&file, &directory, OsStr::new(&self.temporary))?;
                }
                self.take_place(&directory, name, Some(before))
            } else if is_named {
                self.take_place(&directory, name, None)
            } else {
                Ok(give_name(&file, &directory, name)?)
            }
        };
        put().inspect_err(|_| self.clear_temporary(&directory))
    }

    /// A file without a name; under the temporary one, where the file system
    /// has no such thing.
    fn new_file(&self, directory: &OwnedFd) -> std::result::Result<(OwnedFd, bool), Errno> {
        self.clear_temporary(directory);
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let unnamed = rustix::fs::openat(directory, ".", flags | OFlags::TMPFILE, mode);
        match unnamed {
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                rustix::fs::openat(directory, &*self.temporary, flags, mode).map(|fd| (fd, true))
            }
            other => other.map(|fd| (fd, false)),
        }
    }

    /// The temporary name becomes this one.
    fn take_place(
        &self,
        directory: &OwnedFd,
        name: &OsStr,
        before: Option<&Stat>,
    ) -> std::result::Result<(), Failure> {
        let flags = if let Some(before) = before {
            check(directory, name, before)?;
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        rustix::fs::renameat_with(directory, &*self.temporary, directory, name, flags)?;
        Ok(())
    }

    fn clear_temporary(&self, directory: &OwnedFd) {
        // Most often there is none.
        let _ = rustix::fs::unlinkat(directory, &*self.temporary, AtFlags::empty());
    }

    fn put_link(&self, change: &Change) -> std::result::Result<(), Failure> {
        let (upper, _) = self.trees(change)?;
        let (directory, name) = self.place(change)?;
        let target = upper.target(&change.below)?;
        let before = self.make_room(change)?;
        self.clear_temporary(&directory);
        rustix::fs::symlinkat(&*target, &directory, &*self.temporary)?;
        if let Some(after) = &change.after {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::utimensat(&directory, &*self.temporary, &times(after), flags)?;
        }
        self.take_place(&directory, name, before)
            .inspect_err(|_| self.clear_temporary(&directory))
    }

    /// Another name of a file that is kept already; a copy, if that is not
    /// what lies there.
    fn link(&self, change: &Change) -> std::result::Result<(), Failure> {
        let (upper, real) = self.trees(change)?;
        let (directory, name) = self.place(change)?;
        let first = change.other.as_ref().and_then(|other| {
            let root = change
                .path
                .ancestors()
                .nth(change.below.components().count())?;
            Some(other.strip_prefix(root).ok()?.to_owned())
        });
        let Some(first) = first else {
            return self.put_file(change);
        };
        let same = real.read(&first).and_then(|file| {
            let same = copy::same(file, upper.read(&change.below)?);
            Ok(same.unwrap_or(false))
        });
        if same != Ok(true) {
            return self.put_file(change);
        }
        let (from, held) = real.parent(&first)?;
        self.clear_temporary(&directory);
        let flags = AtFlags::empty();
        let Some(before) = self.make_room(change)? else {
            return Ok(rustix::fs::linkat(&from, held, &directory, name, flags)?);
        };
        rustix::fs::linkat(&from, held, &directory, &*self.temporary, flags)?;
        let taken = self.take_place(&directory, name, Some(before));
        // A rename between two names of one file leaves both.
        self.clear_temporary(&directory);
        taken
    }

    /// Removes a directory that gives way to something else. What else is there
    /// stays, to be replaced in one step.
    fn make_room<'a>(&self, change: &'a Change) -> std::result::Result<Option<&'a Stat>, Failure> {
        let before = change.before.as_ref();
        if before.is_some_and(|before| kind_of(before) == Entry::Directory) {
            self.clear(change, before)?;
            return Ok(None);
        }
        Ok(before)
    }
}

/// Whether what lies there is what was looked at.
fn check(directory: &OwnedFd, name: &OsStr, before: &Stat) -> std::result::Result<(), Failure> {
    let now = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_directory = kind_of(before) == Entry::Directory && kind_of(&now) == Entry::Directory;
    let shape = |stat: &Stat| {
        (
            stat.st_mode,
            stat.st_size,
            stat.st_mtime,
            stat.st_mtime_nsec,
        )
    };
    // A directory changes with its entries, and goes only if it is empty.
    if same_inode(before, &now) && (is_directory || shape(before) == shape(&now)) {
        Ok(())
    } else {
        Err(Failure::Moved)
    }
}

/// Gives a file its name, which nothing else has.
fn give_name(file: &OwnedFd, directory: &OwnedFd, name: &OsStr) -> std::result::Result<(), Errno> {
    let held = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, held, directory, name, AtFlags::SYMLINK_FOLLOW)
}

/// Extended attributes, mode and times.
fn dress(
    file: &OwnedFd,
    like: &OwnedFd,
    stat: &Stat,
    change: &Change,
) -> std::result::Result<(), Errno> {
    attributes::set(file, &attributes::of(like)?)?;
    let mut mode = mode_of(stat);
    if kind_of(stat) != Entry::Directory {
        // Rights of a program are not made here, only left where they are.
        let had = change.before.as_ref().map_or(0, mode_of);
        mode &= 0o1777 | (had & 0o6000);
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
    rustix::fs::futimens(file, &times(stat))
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).unwrap_or(0),
    };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    }
}
