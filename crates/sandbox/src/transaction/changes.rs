//! What a transaction would change: its layers, compared with the real tree as
//! it is now.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use dam_policy::FileRules;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use super::error::failed;
use super::tree::Tree;
use super::{Result, Transaction, TransactionError, attributes, copy, rights};

/// One change. Changes come in the order in which they can be made.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where, in the real tree.
    pub path: PathBuf,
    /// How.
    pub kind: ChangeKind,
    /// What it is afterwards; what it was, if it is deleted.
    pub entry: Entry,
    /// The other path of something renamed or linked: for what is new, where
    /// it comes from; for what is deleted, where it went.
    pub other: Option<PathBuf>,
    /// The permission bits before and after.
    pub mode: (Option<u32>, Option<u32>),
    /// The size in bytes before and after, of files.
    pub size: (Option<u64>, Option<u64>),
    /// Why it would not be kept as it is.
    pub refusal: Option<Refusal>,
    pub(super) layer: usize,
    pub(super) below: PathBuf,
    pub(super) before: Option<Stat>,
    pub(super) after: Option<Stat>,
}

impl Change {
    /// Whether it is the other half of a renaming, which is told where the
    /// thing went.
    pub fn went_elsewhere(&self) -> bool {
        self.kind == ChangeKind::Deleted && self.other.is_some()
    }

    /// Whether it is never kept.
    pub fn is_left_out(&self) -> bool {
        self.refusal == Some(Refusal::LeftOut)
    }
}

/// How something changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It holds something else, or leads elsewhere.
    Modified,
    /// It goes away.
    Deleted,
    /// Only its permissions change.
    Mode,
    /// Only its time or its extended attributes change.
    Attributes,
    /// It becomes another kind of thing.
    Replaced,
    /// It is what lay elsewhere before.
    Renamed,
    /// It becomes another name of a file.
    Linked,
}

/// Kinds of things.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entry {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

/// Why a change would not be kept as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The real tree has changed since the transaction began.
    Conflict(String),
    /// It could not have been written, either.
    Protected(String),
    /// It is never kept: a pipe, a socket, a device.
    LeftOut,
}

impl Transaction {
    /// What is left to keep or to drop.
    pub fn changes(&self) -> Result<Vec<Change>> {
        rights::over_own_files();
        let decided: BTreeSet<&OsStr> = self
            .record
            .decided
            .iter()
            .map(OsString::as_os_str)
            .collect();
        let mut found = Vec::new();
        for (number, layer) in self.dirs.layers.iter().enumerate() {
            let upper = self.dirs.upper(layer);
            let mut walk = Walk {
                layer: number,
                root: &layer.root,
                began: self.record.began,
                files: &self.record.files,
                upper: Tree::open(&upper).map_err(|errno| failed(&upper)(errno.into()))?,
                real: Tree::open(&layer.root).map_err(|errno| failed(&layer.root)(errno.into()))?,
                links: HashMap::new(),
                found: Vec::new(),
            };
            walk.top()
                .map_err(|(path, errno)| failed(&path)(errno.into()))?;
            found.append(&mut walk.found);
        }
        found.retain(|change| !decided.contains(change.path.as_os_str()));
        self.tell_renames(&mut found);
        Ok(found)
    }

    /// What a file held and would hold, of changes of files; each at most
    /// `most` bytes long, `None` where there is none or it is longer.
    pub fn contents(&self, change: &Change, most: u64) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Some(layer) = self.dirs.layers.get(change.layer) else {
            return (None, None);
        };
        let read = |root: &Path, stat: Option<&Stat>| {
            stat.filter(|stat| kind_of(stat) == Entry::File && size_of(stat) <= most)?;
            let file = Tree::open(root).ok()?.read(&change.below).ok()?;
            let mut held = Vec::new();
            let mut file = std::io::Read::take(std::fs::File::from(file), most);
            std::io::Read::read_to_end(&mut file, &mut held).ok()?;
            Some(held)
        };
        (
            read(&layer.root, change.before.as_ref()),
            read(&self.dirs.upper(layer), change.after.as_ref()),
        )
    }

    /// A new file that is just like one that goes away is that one, moved.
    fn tell_renames(&self, changes: &mut [Change]) {
        let key = |stat: &Stat| (size_of(stat), stat.st_mtime, stat.st_mtime_nsec);
        let mut gone: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, change) in changes.iter().enumerate() {
            let file = change.entry == Entry::File && change.kind == ChangeKind::Deleted;
            if let Some(before) = change.before.as_ref().filter(|_| file) {
                gone.entry(key(before)).or_default().push(index);
            }
        }
        for index in 0..changes.len() {
            let change = &changes[index];
            if change.kind != ChangeKind::Added || change.entry != Entry::File {
                continue;
            }
            let Some(candidates) = change.after.as_ref().and_then(|s| gone.get_mut(&key(s))) else {
                continue;
            };
            let same = |from: &usize| self.holds_the_same(change, &changes[*from]);
            if let Some(at) = candidates.iter().position(same) {
                let from = candidates.remove(at);
                let (new, old) = (changes[index].path.clone(), changes[from].path.clone());
                changes[index].kind = ChangeKind::Renamed;
                changes[index].other = Some(old);
                changes[from].other = Some(new);
            }
        }
    }

    fn holds_the_same(&self, new: &Change, old: &Change) -> bool {
        let open = |root: &Path, below: &Path| Tree::open(root).and_then(|tree| tree.read(below));
        let (Some(upper), Some(real)) = (
            self.dirs.layers.get(new.layer),
            self.dirs.layers.get(old.layer),
        ) else {
            return false;
        };
        let new = open(&self.dirs.upper(upper), &new.below);
        let old = open(&real.root, &old.below);
        match (new, old) {
            (Ok(new), Ok(old)) => copy::same(new, old).unwrap_or(false),
            _ => false,
        }
    }
}

/// The changes at or below these paths, with the directories that they need;
/// all of them, if none is named.
pub(super) fn selected(changes: &[Change], paths: &[PathBuf]) -> Result<Vec<Change>> {
    let mut wanted = BTreeSet::new();
    for path in paths {
        let at = |change: &Change| {
            let other = change.other.as_ref().filter(|_| is_move(change));
            change.path.starts_with(path) || other.is_some_and(|other| other.starts_with(path))
        };
        let before = wanted.len();
        wanted.extend((0..changes.len()).filter(|index| at(&changes[*index])));
        if wanted.len() == before && !changes.iter().any(at) {
            return Err(TransactionError::NoChange(path.clone()));
        }
    }
    let chosen: Vec<PathBuf> = wanted
        .iter()
        .map(|index| changes[*index].path.clone())
        .collect();
    let is_needed = |change: &Change| {
        let makes = matches!(change.kind, ChangeKind::Added | ChangeKind::Replaced);
        makes
            && change.entry == Entry::Directory
            && chosen.iter().any(|path| path.starts_with(&change.path))
    };
    Ok(changes
        .iter()
        .enumerate()
        .filter(|(index, change)| paths.is_empty() || wanted.contains(index) || is_needed(change))
        .map(|(_, change)| change.clone())
        .collect())
}

fn is_move(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::Renamed | ChangeKind::Deleted)
}

/// What failed, and where.
type Failed = (PathBuf, Errno);

struct Walk<'a> {
    layer: usize,
    root: &'a Path,
    began: SystemTime,
    files: &'a FileRules,
    upper: Tree,
    real: Tree,
    /// Files of the layer with several names: the first that was met.
    links: HashMap<(u64, u64), PathBuf>,
    found: Vec<Change>,
}

impl Walk<'_> {
    fn top(&mut self) -> std::result::Result<(), Failed> {
        let top = Path::new("");
        self.directory(top, false, true)?;
        let (upper, real) = (self.layer_stat(top)?, self.real_stat(top).ok().flatten());
        if let (Some(upper), Some(real)) = (upper, real) {
            self.compare_directories(top, &upper, &real);
        }
        Ok(())
    }

    /// A directory of the layer. `opaque`: what lies below it in the real tree
    /// is hidden; `merged`: there is such a directory.
    fn directory(
        &mut self,
        below: &Path,
        opaque: bool,
        merged: bool,
    ) -> std::result::Result<(), Failed> {
        let here = |errno| (self.root.join(below), errno);
        let mut names: BTreeSet<OsString> =
            self.upper.names(below).map_err(here)?.into_iter().collect();
        if opaque && merged {
            names.extend(self.real.names(below).map_err(here)?);
        }
        for name in names {
            self.entry(&below.join(name), opaque, merged)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        below: &Path,
        opaque: bool,
        merged: bool,
    ) -> std::result::Result<(), Failed> {
        // Where the directory is no real one yet, a link may lie in its place.
        let real = if merged {
            self.real_stat(below)
        } else {
            Ok(None)
        };
        let real = match real {
            Ok(real) => real,
            Err(errno) => {
                // Such as a link where a directory was.
                let why = format!("the way there has changed since the transaction began: {errno}");
                self.push(below, ChangeKind::Added, Entry::Special, None, None);
                self.refuse(Refusal::Conflict(why));
                return Ok(());
            }
        };
        let Some(upper) = self.layer_stat(below)?.filter(|stat| !is_whiteout(stat)) else {
            return match real {
                Some(real) => self.delete(below, &real),
                None => Ok(()),
            };
        };
        match kind_of(&upper) {
            Entry::Directory => self.new_directory(below, &upper, real.as_ref(), opaque),
            Entry::File | Entry::Link => self.new_file(below, &upper, real.as_ref()),
            Entry::Special => {
                if real.is_none_or(|real| kind_of(&real) != Entry::Special) {
                    self.push(below, ChangeKind::Added, Entry::Special, None, Some(&upper));
                    self.refuse(Refusal::LeftOut);
                }
                Ok(())
            }
        }
    }

    fn new_directory(
        &mut self,
        below: &Path,
        upper: &Stat,
        real: Option<&Stat>,
        opaque: bool,
    ) -> std::result::Result<(), Failed> {
        match real {
            Some(real) if kind_of(real) == Entry::Directory => {
                let opaque = opaque || self.is_opaque(below)?;
                self.directory(below, opaque, true)?;
                self.compare_directories(below, upper, real);
                Ok(())
            }
            other => {
                let kind = other.map_or(ChangeKind::Added, |_| ChangeKind::Replaced);
                self.push(below, kind, Entry::Directory, other, Some(upper));
                self.directory(below, true, false)
            }
        }
    }

    fn new_file(
        &mut self,
        below: &Path,
        upper: &Stat,
        real: Option<&Stat>,
    ) -> std::result::Result<(), Failed> {
        let entry = kind_of(upper);
        let kind = match real {
            None => Some(ChangeKind::Added),
            Some(real) if kind_of(real) == Entry::Directory => {
                self.delete_below(below)?;
                Some(ChangeKind::Replaced)
            }
            Some(real) if kind_of(real) != entry => Some(ChangeKind::Replaced),
            Some(real) => self
                .compare(below, upper, real)
                .map_err(|errno| (self.root.join(below), errno))?,
        };
        let first = self.first_name(below, upper);
        match (kind, first) {
            (Some(kind), None) => self.push(below, kind, entry, real, Some(upper)),
            (_, Some(first)) if !self.is_linked(&first, real) => {
                self.push(below, ChangeKind::Linked, entry, real, Some(upper));
                let first = self.root.join(first);
                if let Some(change) = self.found.last_mut() {
                    change.other = Some(first);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Another name of the same file in the layer that was met before.
    fn first_name(&mut self, below: &Path, upper: &Stat) -> Option<PathBuf> {
        if kind_of(upper) != Entry::File || upper.st_nlink < 2 {
            return None;
        }
        let first = self.links.entry((upper.st_dev, upper.st_ino));
        let first = first.or_insert_with(|| below.to_owned());
        (first != below).then(|| first.clone())
    }

    /// Whether the real file already is the other name's, and that one stays.
    fn is_linked(&self, first: &Path, real: Option<&Stat>) -> bool {
        let path = self.root.join(first);
        let stays = |kind| matches!(kind, ChangeKind::Mode | ChangeKind::Attributes);
        let moved = |change: &Change| change.path == path && !stays(change.kind);
        let first = self.real_stat(first).ok().flatten();
        !self.found.iter().any(moved)
            && matches!((first, real), (Some(a), Some(b)) if same_inode(&a, b))
    }

    fn compare(
        &self,
        below: &Path,
        upper: &Stat,
        real: &Stat,
    ) -> std::result::Result<Option<ChangeKind>, Errno> {
        if kind_of(upper) == Entry::Link {
            let same = self.upper.target(below)? == self.real.target(below)?;
            return Ok((!same).then_some(ChangeKind::Modified));
        }
        if size_of(upper) != size_of(real) {
            return Ok(Some(ChangeKind::Modified));
        }
        let new = self.upper.read(below)?;
        let Ok(old) = self.real.read(below) else {
            return Ok(Some(ChangeKind::Modified));
        };
        let attributes = attributes::of(&new)? == attributes::of(&old).unwrap_or_default();
        if !copy::same(new, old)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?
        {
            return Ok(Some(ChangeKind::Modified));
        }
        if mode_of(upper) != mode_of(real) {
            return Ok(Some(ChangeKind::Mode));
        }
        let times = (upper.st_mtime, upper.st_mtime_nsec) == (real.st_mtime, real.st_mtime_nsec);
        Ok((!times || !attributes).then_some(ChangeKind::Attributes))
    }

    fn compare_directories(&mut self, below: &Path, upper: &Stat, real: &Stat) {
        let kind = if mode_of(upper) != mode_of(real) {
            ChangeKind::Mode
        } else if self.attributes_differ(below) {
            ChangeKind::Attributes
        } else {
            return;
        };
        self.push(below, kind, Entry::Directory, Some(real), Some(upper));
    }

    fn attributes_differ(&self, below: &Path) -> bool {
        let read = |tree: &Tree| tree.read(below).and_then(|fd| attributes::of(&fd));
        matches!((read(&self.upper), read(&self.real)), (Ok(a), Ok(b)) if a != b)
    }

    fn delete(&mut self, below: &Path, real: &Stat) -> std::result::Result<(), Failed> {
        if kind_of(real) == Entry::Directory {
            self.delete_below(below)?;
        }
        self.push(below, ChangeKind::Deleted, kind_of(real), Some(real), None);
        Ok(())
    }

    fn delete_below(&mut self, below: &Path) -> std::result::Result<(), Failed> {
        let here = |errno| (self.root.join(below), errno);
        for name in self.real.names(below).map_err(here)? {
            let below = below.join(name);
            if let Ok(Some(real)) = self.real_stat(&below) {
                self.delete(&below, &real)?;
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        below: &Path,
        kind: ChangeKind,
        entry: Entry,
        before: Option<&Stat>,
        after: Option<&Stat>,
    ) {
        let path = if below.as_os_str().is_empty() {
            self.root.to_owned()
        } else {
            self.root.join(below)
        };
        let verdict = self.files.write(&path);
        let refusal = if verdict.granted {
            before.and_then(|before| self.conflict(before))
        } else {
            Some(Refusal::Protected(verdict.reason))
        };
        let size = |stat: &Stat| (kind_of(stat) == Entry::File).then(|| size_of(stat));
        self.found.push(Change {
            path,
            kind,
            entry,
            other: None,
            mode: (before.map(mode_of), after.map(mode_of)),
            size: (before.and_then(size), after.and_then(size)),
            refusal,
            layer: self.layer,
            below: below.to_owned(),
            before: before.copied(),
            after: after.copied(),
        });
    }

    fn refuse(&mut self, refusal: Refusal) {
        if let Some(change) = self.found.last_mut() {
            change.refusal = Some(refusal);
        }
    }

    /// A directory changes with every entry; those tell for themselves.
    fn conflict(&self, before: &Stat) -> Option<Refusal> {
        let began = self.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = (
            i128::from(began.as_secs()),
            i128::from(began.subsec_nanos()),
        );
        let changed = (
            i128::from(before.st_ctime),
            i128::from(before.st_ctime_nsec),
        );
        (kind_of(before) != Entry::Directory && changed > began).then(|| {
            let why = "it has been changed since the transaction began";
            Refusal::Conflict(why.to_owned())
        })
    }

    fn is_opaque(&self, below: &Path) -> std::result::Result<bool, Failed> {
        let read = |fd: OwnedFd| attributes::is_opaque(&fd);
        self.upper
            .read(below)
            .and_then(read)
            .map_err(|errno| (self.root.join(below), errno))
    }

    fn layer_stat(&self, below: &Path) -> std::result::Result<Option<Stat>, Failed> {
        let stat = self.upper.stat(below);
        stat.map_err(|errno| (self.root.join(below), errno))
    }

    fn real_stat(&self, below: &Path) -> std::result::Result<Option<Stat>, Errno> {
        self.real.stat(below)
    }
}

pub(super) fn kind_of(stat: &Stat) -> Entry {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Entry::File,
        FileType::Directory => Entry::Directory,
        FileType::Symlink => Entry::Link,
        _ => Entry::Special,
    }
}

/// How the kernel writes down in a layer that something is gone.
fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

pub(super) fn same_inode(a: &Stat, b: &Stat) -> bool {
    (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
}

pub(super) fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

pub(super) const fn mode_of(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}
