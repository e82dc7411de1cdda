//! The walls: a mount tree that shows what the profile grants.
//!
//! Made in place and by file descriptors, so that no path is looked up twice:
//! what stays writable is cloned first, then everything becomes read-only, then
//! the clones are put back and masks are laid over what is unreadable. In a
//! transaction a copy-on-write layer takes the place of each clone.

mod layout;
mod masks;
mod overlay;

use std::collections::HashSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRules, GitAccess, PROTECTED_NAMES, ProtectedName};
use rustix::fs::{Access as FsAccess, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags};

use crate::report::Order;
use crate::sys::{Attributes, set_attributes};
use layout::Layout;
pub(crate) use layout::{is_temporary, with_own};
use masks::Shroud;

/// What went wrong, and on what.
#[derive(Debug)]
pub(crate) struct WallError {
    pub errno: Errno,
    pub what: String,
}

type Result<T> = std::result::Result<T, WallError>;

fn on<T>(what: impl std::fmt::Display, result: std::result::Result<T, Errno>) -> Result<T> {
    result.map_err(|errno| WallError {
        errno,
        what: what.to_string(),
    })
}

/// A detached mount and where it goes.
struct Panel {
    tree: OwnedFd,
    path: PathBuf,
}

const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

/// Builds the walls in this process's mount namespace. `/proc` comes later:
/// only a process of the new pid namespace can mount it.
///
/// Returns the paths that are writable, canonical.
pub(crate) fn build(order: &Order) -> Result<Vec<PathBuf>> {
    let root = on("/", open_path(Path::new("/")))?;
    on("/", set_attributes(root.as_fd(), PRIVATE))?;

    let layout = Layout::of(order);
    // Everything that is to stay as it is is taken hold of before the seal;
    // a layer is mounted before it, too, because a layer on what is read-only
    // would be.
    let mut panels = Vec::new();
    for path in &layout.own {
        panels.push(own_directory(path)?);
    }
    for path in &layout.outer {
        panels.push(match &order.transaction {
            None => panel(path, WRITABLE)?,
            Some(dirs) => Panel {
                tree: overlay::mount(dirs, path)?,
                path: path.clone(),
            },
        });
    }
    for path in &layout.shown {
        panels.push(panel(path, SEALED)?);
    }
    let devices = DEVICES
        .iter()
        .map(|name| panel(&Path::new("/dev").join(name), PRIVATE))
        .collect::<Result<Vec<_>>>()?;
    make_mount_points(&panels, &layout.own)?;

    let sealed = Attributes {
        private: false,
        ..SEALED
    };
    on("/", set_attributes(root.as_fd(), sealed))?;
    hang_all(panels)?;
    build_dev(&devices)?;
    hang_all(nested(&order.files, &layout)?)?;
    masks::lay(&order.files)?;
    Ok(layout.writable())
}

const PRIVATE: Attributes = Attributes {
    read_only: false,
    private: true,
    no_devices: false,
    no_exec: false,
};
const WRITABLE: Attributes = Attributes {
    no_devices: true,
    ..PRIVATE
};
const SEALED: Attributes = Attributes {
    read_only: true,
    ..WRITABLE
};

/// Hangs panels, shallow first, so that a deeper one comes to lie on top.
fn hang_all(mut panels: Vec<Panel>) -> Result<()> {
    panels.sort_by_cached_key(|panel| panel.path.components().count());
    panels.iter().try_for_each(hang)
}

/// What lies in a writable place and is different from it: read-only, or
/// writable again below what is read-only. Taken from what hangs already, so
/// that in a transaction it is a part of the layer.
fn nested(files: &FileRules, layout: &Layout) -> Result<Vec<Panel>> {
    let writable = layout.inner.iter().map(|path| panel(path, WRITABLE));
    let protected = protected_in(files, &layout.writable());
    let read_only = protected.iter().map(|path| panel(path, SEALED));
    read_only.chain(writable).collect()
}

/// An empty directory of the box's own, in memory.
fn own_directory(path: &Path) -> Result<Panel> {
    let options = [("mode", "1777"), ("size", OWN_DIRECTORY_SIZE)];
    Ok(Panel {
        tree: new_filesystem("tmpfs", &options, MountAttrFlags::MOUNT_ATTR_NODEV)?,
        path: path.to_owned(),
    })
}

/// How much of the machine's memory a directory of the box's own may take.
const OWN_DIRECTORY_SIZE: &str = "25%";

/// What may be done with a directory on the way to a panel in one.
const OWN_WAY: Mode = Mode::from_raw_mode(0o755);

/// Makes the places where panels will hang that lie below a directory of the
/// box's own, which is empty: those are the first panels.
fn make_mount_points(panels: &[Panel], own: &[PathBuf]) -> Result<()> {
    let holders: Vec<&Panel> = panels.iter().take(own.len()).collect();
    for (path, holder) in panels.iter().filter_map(|panel| {
        let holder = holders
            .iter()
            .filter(|other| other.path != panel.path)
            .filter(|other| panel.path.starts_with(&other.path))
            .max_by_key(|other| other.path.components().count())?;
        Some((panel, holder))
    }) {
        let below = path
            .path
            .strip_prefix(&holder.path)
            .unwrap_or(Path::new(""));
        let stat = on(path.path.display(), rustix::fs::fstat(&path.tree))?;
        let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
        let made = make_mount_point(&holder.tree, below, is_directory, OWN_WAY);
        on(path.path.display(), made)?;
    }
    Ok(())
}

fn make_mount_point(
    tree: &OwnedFd,
    below: &Path,
    is_directory: bool,
    way: Mode,
) -> std::result::Result<(), Errno> {
    let mut at = rustix::io::fcntl_dupfd_cloexec(tree, 3)?;
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let name = part.as_os_str();
        if parts.peek().is_none() && !is_directory {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            return rustix::fs::openat(&at, name, flags, Mode::RUSR).map(drop);
        }
        match rustix::fs::mkdirat(&at, name, way) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        at = rustix::fs::openat(&at, name, flags, Mode::empty())?;
    }
    Ok(())
}

/// What tunes the machine: read-only.
const TUNES: &[&str] = &[
    "sys",
    "sysrq-trigger",
    "irq",
    "bus",
    "fs",
    "acpi",
    "scsi",
    "asound",
    "driver",
];
/// What shows the machine's memory and other users' keys: hidden.
const SHOWS: &[&str] = &[
    "kcore",
    "keys",
    "key-users",
    "timer_list",
    "latency_stats",
    "sched_debug",
    "kmsg",
    "kallsyms",
    "kpagecount",
    "kpageflags",
    "kpagecgroup",
    "vmallocinfo",
    "slabinfo",
];

/// Mounts a fresh `/proc` for this pid namespace. For root, what tunes the
/// machine becomes read-only and what shows its memory is hidden, because root
/// inside is root outside to these files; for others they are closed anyway.
pub(crate) fn mount_proc(is_root: bool) -> Result<()> {
    let proc = new_proc()?;
    let shroud = is_root.then(Shroud::new).transpose()?;
    hang_at("/proc", &proc, CWD, Path::new("/proc"))?;
    let Some(shroud) = shroud else {
        return Ok(());
    };
    let attributes = Attributes {
        read_only: true,
        no_exec: true,
        ..Attributes::default()
    };
    for path in TUNES.iter().map(|name| Path::new("/proc").join(name)) {
        if path.exists() {
            hang(&panel(&path, attributes)?)?;
        }
    }
    for path in SHOWS.iter().map(|name| Path::new("/proc").join(name)) {
        if path.exists() {
            shroud.cover(&path)?;
        }
    }
    Ok(())
}

/// A `/proc` of this pid namespace that is mounted nowhere.
pub(crate) fn new_proc() -> Result<OwnedFd> {
    new_filesystem("proc", &[], MountAttrFlags::MOUNT_ATTR_NOEXEC)
}

/// What lies in a writable place but must not be written, and exists: by name
/// directly in a writable root, or by a rule of its own. The broker refuses
/// these too; two layers for the common case.
fn protected_in(files: &FileRules, writable: &[PathBuf]) -> Vec<PathBuf> {
    let roots: HashSet<&Path> = writable.iter().map(PathBuf::as_path).collect();
    let mut found: Vec<PathBuf> = files
        .paths(Access::Read)
        .filter(|path| path.ancestors().any(|above| roots.contains(above)))
        .map(Path::to_path_buf)
        .collect();
    if files.protects_names() {
        let names = PROTECTED_NAMES.iter();
        let names: Vec<PathBuf> = names.map(ProtectedName::usual_spelling).collect();
        for root in writable {
            found.extend(there(root, &names));
        }
    }
    // A rule of its own may open what is protected by name.
    found.retain(|path| !files.may_write(path));
    if files.git() == GitAccess::Commit {
        open_repositories(files, writable, &mut found);
    }
    let mut seen = HashSet::new();
    found.retain(|path| {
        let mountable =
            std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir() || meta.is_file());
        mountable && seen.insert(path.clone())
    });
    found.sort_by_cached_key(|path| path.components().count());
    found
}

/// Which of these names are in a directory, through no link: there it is
/// somewhere else, which has its own rules.
fn there(root: &Path, names: &[PathBuf]) -> Vec<PathBuf> {
    // Asked for from the directory: the way to it is canonical, and to follow
    // it anew for each of some thirty names is what would take the time.
    let Ok(directory) = open_path(root) else {
        return Vec::new();
    };
    let is_there = |name: &&PathBuf| {
        // Most are not: to be told so takes a third of trying to open them.
        let nothing = AtFlags::empty();
        if rustix::fs::accessat(&directory, *name, FsAccess::EXISTS, nothing).is_err() {
            return false;
        }
        let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        rustix::fs::openat2(&directory, *name, flags, Mode::empty(), resolve).is_ok()
    };
    let found = names.iter().filter(is_there);
    found.map(|name| root.join(name)).collect()
}

/// What git would run or follow in a repository's directory.
const CLOSED_IN_GIT: &[&str] = &[
    "branches",
    "commondir",
    "config",
    "config.worktree",
    "description",
    "gitdir",
    "hooks",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info/alternates",
    "objects/info/http-alternates",
    "remotes",
];

/// Where repositories may be committed to: instead of the whole of one, only
/// what stays closed in it.
fn open_repositories(files: &FileRules, writable: &[PathBuf], found: &mut Vec<PathBuf>) {
    let mut repositories: Vec<PathBuf> = writable.iter().map(|root| root.join(".git")).collect();
    repositories.extend(files.repositories().map(Path::to_path_buf));
    repositories.retain(|path| std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir()));
    found.retain(|path| !repositories.contains(path));
    for repository in &repositories {
        let closed = CLOSED_IN_GIT.iter().map(|name| repository.join(name));
        // Through a link it is somewhere else, which has its own rules.
        found.extend(closed.filter(|path| path.canonicalize().is_ok_and(|real| real == *path)));
    }
}

/// A `/dev` of our own: the harmless devices, terminals, shared memory.
fn build_dev(devices: &[Panel]) -> Result<()> {
    let dev = new_filesystem(
        "tmpfs",
        &[("mode", "0755"), ("size", "64k")],
        MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )?;
    for name in DEVICES {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
        on(
            name,
            rustix::fs::openat(&dev, *name, flags, Mode::RUSR | Mode::WUSR).map(drop),
        )?;
    }
    for name in ["pts", "shm"] {
        on(
            name,
            rustix::fs::mkdirat(
                &dev,
                name,
                Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH,
            ),
        )?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        on(name, rustix::fs::symlinkat(target, &dev, name))?;
    }
    hang_at("/dev", &dev, CWD, Path::new("/dev"))?;
    for panel in devices {
        hang(panel)?;
    }
    let terminals = new_filesystem(
        "devpts",
        &[("ptmxmode", "0666"), ("mode", "0620")],
        MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )?;
    hang_at("/dev/pts", &terminals, CWD, Path::new("/dev/pts"))?;
    let shared = new_filesystem(
        "tmpfs",
        &[("mode", "1777"), ("size", "512m")],
        MountAttrFlags::MOUNT_ATTR_NODEV,
    )?;
    hang_at("/dev/shm", &shared, CWD, Path::new("/dev/shm"))
}

fn new_filesystem(
    kind: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd> {
    let make = || {
        let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        for (key, value) in options {
            rustix::mount::fsconfig_set_string(&context, *key, *value)?;
        }
        rustix::mount::fsconfig_create(&context)?;
        let attributes = attributes | MountAttrFlags::MOUNT_ATTR_NOSUID;
        rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    on(format_args!("a new {kind}"), make())
}

fn panel(path: &Path, attributes: Attributes) -> Result<Panel> {
    let tree = on(path.display(), clone_tree(CWD, path))?;
    on(path.display(), set_attributes(tree.as_fd(), attributes))?;
    Ok(Panel {
        tree,
        path: path.to_owned(),
    })
}

fn clone_tree(at: BorrowedFd<'_>, path: &Path) -> std::result::Result<OwnedFd, Errno> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    rustix::mount::open_tree(at, path, flags)
}

fn hang(panel: &Panel) -> Result<()> {
    let target = on(panel.path.display(), open_path(&panel.path))?;
    hang_at(
        panel.path.display(),
        &panel.tree,
        target.as_fd(),
        Path::new(""),
    )
}

fn hang_at(
    what: impl std::fmt::Display,
    tree: &OwnedFd,
    at: BorrowedFd<'_>,
    path: &Path,
) -> Result<()> {
    let mut flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    if path.as_os_str().is_empty() {
        flags |= MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    }
    on(what, rustix::mount::move_mount(tree, "", at, path, flags))
}

/// Opens a canonical path without following any link: what a link leads to is
/// not what was meant.
fn open_path(path: &Path) -> std::result::Result<OwnedFd, Errno> {
    rustix::fs::openat2(
        CWD,
        path,
        OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS,
    )
}
