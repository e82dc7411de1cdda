//! What a call does, in the words of a profile. Calls that would fail for
//! everybody (there is no such file, the user may not) do nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD};

use super::watched::{Last, Watched};
use crate::filter::{OPEN_WRITES, RENAMEAT};

/// Something that a watched command did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Act {
    /// What.
    pub what: What,
    /// The system call of the first time.
    pub call: &'static str,
    /// Whose command line it was, shortened.
    pub process: String,
    /// The thread.
    pub pid: i32,
    /// How often.
    pub times: u64,
}

/// What a command can do that a profile says something about. Paths are
/// absolute and without links.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum What {
    /// Read a file or list a directory; executing is reading, too.
    Read(PathBuf),
    /// Change something.
    Write(PathBuf, Change),
    /// Connect to an address of the internet family.
    Connect(SocketAddr),
    /// Take an address of the internet family.
    Bind(SocketAddr),
    /// Connect to a unix socket with a path.
    ConnectSocket(PathBuf),
    /// Use `io_uring`, whose acts cannot be watched.
    Ring,
}

/// How something is changed: what the boundary has to grant for it differs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Change {
    /// The content or the attributes of what is there.
    Content,
    /// A file is made by opening it.
    File,
    /// A name is made otherwise, removed, or given to something else.
    Name,
    /// A directory is made.
    Directory,
}

const HERE: u32 = libc::AT_FDCWD.cast_unsigned();
/// The argument of calls that take a descriptor only.
#[cfg(target_arch = "x86_64")]
const CREATE: u32 = (libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC).cast_unsigned();

/// The name of a call that is told here and not in the boundary.
pub(super) fn name_of(number: i64) -> &'static str {
    match number {
        libc::SYS_openat2 => "openat2",
        libc::SYS_execve => "execve",
        libc::SYS_execveat => "execveat",
        libc::SYS_io_uring_setup => "io_uring_setup",
        number => crate::broker::name_of(number),
    }
}

/// What a call does.
pub(super) fn acts(watched: &Watched<'_>) -> Vec<What> {
    let word = |index| watched.word(index);
    let path = |directory, index, last| watched.path(directory, index, last);
    let number = watched.call.number;
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_open => return open(watched, HERE, 0, word(1)),
        libc::SYS_creat => return open(watched, HERE, 0, CREATE),
        libc::SYS_mkdir => return made(path(HERE, 0, Last::Keep), Change::Directory),
        libc::SYS_mknod => return made(path(HERE, 0, Last::Keep), Change::Name),
        libc::SYS_symlink => return made(path(HERE, 1, Last::Keep), Change::Name),
        libc::SYS_rmdir | libc::SYS_unlink => return removed(path(HERE, 0, Last::Keep)),
        libc::SYS_rename => return moved(path(HERE, 0, Last::Keep), path(HERE, 1, Last::Keep)),
        libc::SYS_link => return linked(path(HERE, 0, Last::Keep), path(HERE, 1, Last::Keep)),
        libc::SYS_lchown => return changed(path(HERE, 0, Last::Keep)),
        libc::SYS_chmod | libc::SYS_chown | libc::SYS_utime | libc::SYS_utimes => {
            return changed(path(HERE, 0, Last::Follow));
        }
        libc::SYS_futimesat => return changed(path(word(0), 1, Last::Follow)),
        _ => {}
    }
    match number {
        libc::SYS_openat => open(watched, word(0), 1, word(2)),
        libc::SYS_openat2 => {
            let how = watched.bytes(2, 4).unwrap_or_default();
            let flags = how.first_chunk().map_or(0, |low| u32::from_ne_bytes(*low));
            open(watched, word(0), 1, flags)
        }
        libc::SYS_execve => read(path(HERE, 0, Last::Follow)),
        libc::SYS_execveat => read(path(word(0), 1, Last::Follow)),
        libc::SYS_mkdirat => made(path(word(0), 1, Last::Keep), Change::Directory),
        libc::SYS_mknodat => made(path(word(0), 1, Last::Keep), Change::Name),
        libc::SYS_symlinkat => made(path(word(1), 2, Last::Keep), Change::Name),
        libc::SYS_unlinkat => removed(path(word(0), 1, Last::Keep)),
        RENAMEAT | libc::SYS_renameat2 => {
            moved(path(word(0), 1, Last::Keep), path(word(2), 3, Last::Keep))
        }
        libc::SYS_linkat => linked(path(word(0), 1, Last::Keep), path(word(2), 3, Last::Keep)),
        libc::SYS_truncate | libc::SYS_setxattr | libc::SYS_removexattr => {
            changed(path(HERE, 0, Last::Follow))
        }
        libc::SYS_lsetxattr | libc::SYS_lremovexattr => changed(path(HERE, 0, Last::Keep)),
        libc::SYS_fchmod | libc::SYS_fchown | libc::SYS_fsetxattr | libc::SYS_fremovexattr => {
            changed(watched.descriptor(word(0)))
        }
        // Without a path, it is about the descriptor.
        libc::SYS_utimensat if watched.call.args[1] == 0 => changed(watched.descriptor(word(0))),
        libc::SYS_connect => connect(watched),
        libc::SYS_bind => bind(watched),
        libc::SYS_io_uring_setup => vec![What::Ring],
        // fchmodat, fchmodat2, fchownat, utimensat.
        _ => changed(path(word(0), 1, Last::Follow)),
    }
}

fn open(watched: &Watched<'_>, directory: u32, path: usize, flags: u32) -> Vec<What> {
    let flag = |flag: i32| flags & flag.cast_unsigned() == flag.cast_unsigned();
    let exclusive = flag(libc::O_CREAT | libc::O_EXCL);
    let last = if exclusive || flag(libc::O_NOFOLLOW) {
        Last::Keep
    } else {
        Last::Follow
    };
    let found = watched.path(directory, path, last);
    if flags & OPEN_WRITES == 0 {
        return read(found);
    }
    match found {
        // A file without a name, in this directory.
        Some(path) if flag(libc::O_TMPFILE) => changed(Some(path)),
        Some(path) if path.symlink_metadata().is_ok() => {
            if exclusive {
                return Vec::new();
            }
            let writes = flags & (OPEN_WRITES & !libc::O_CREAT.cast_unsigned()) != 0;
            if writes {
                changed(Some(path))
            } else {
                read(Some(path))
            }
        }
        path if flag(libc::O_CREAT) => made(path, Change::File),
        _ => Vec::new(),
    }
}

fn read(path: Option<PathBuf>) -> Vec<What> {
    let path = path.filter(|path| may(path, Access::EXISTS));
    path.map(What::Read).into_iter().collect()
}

fn made(path: Option<PathBuf>, change: Change) -> Vec<What> {
    let path = path.filter(|path| path.symlink_metadata().is_err() && may_name(path));
    path.map(|path| What::Write(path, change))
        .into_iter()
        .collect()
}

fn removed(path: Option<PathBuf>) -> Vec<What> {
    let path = path.filter(|path| path.symlink_metadata().is_ok() && may_name(path));
    path.map(|path| What::Write(path, Change::Name))
        .into_iter()
        .collect()
}

fn moved(from: Option<PathBuf>, to: Option<PathBuf>) -> Vec<What> {
    let (Some(from), Some(to)) = (from, to) else {
        return Vec::new();
    };
    if from.symlink_metadata().is_err() || !may_name(&from) || !may_name(&to) {
        return Vec::new();
    }
    [from, to]
        .map(|path| What::Write(path, Change::Name))
        .to_vec()
}

fn linked(from: Option<PathBuf>, to: Option<PathBuf>) -> Vec<What> {
    let mut acts = made(to, Change::Name);
    if !acts.is_empty() {
        // A second name is a way to write to it.
        acts.extend(from.map(|path| What::Write(path, Change::Content)));
    }
    acts
}

fn changed(path: Option<PathBuf>) -> Vec<What> {
    let path = path.filter(|path| may(path, Access::WRITE_OK));
    path.map(|path| What::Write(path, Change::Content))
        .into_iter()
        .collect()
}

fn may(path: &Path, access: Access) -> bool {
    rustix::fs::accessat(CWD, path, access, AtFlags::EACCESS).is_ok()
}

fn may_name(path: &Path) -> bool {
    path.parent()
        .is_some_and(|parent| may(parent, Access::WRITE_OK))
}

fn connect(watched: &Watched<'_>) -> Vec<What> {
    match address(watched) {
        Some(Address::Internet(address)) => vec![What::Connect(address)],
        Some(Address::Path(path)) => vec![What::ConnectSocket(path)],
        None => Vec::new(),
    }
}

fn bind(watched: &Watched<'_>) -> Vec<What> {
    match address(watched) {
        Some(Address::Internet(address)) => vec![What::Bind(address)],
        Some(Address::Path(path)) => made(Some(path), Change::Name),
        None => Vec::new(),
    }
}

enum Address {
    Internet(SocketAddr),
    Path(PathBuf),
}

fn address(watched: &Watched<'_>) -> Option<Address> {
    let length = usize::try_from(watched.word(2)).ok()?.min(128);
    let bytes = watched.bytes(1, length)?;
    let (family, rest) = bytes.split_at_checked(2)?;
    let family = u16::from_ne_bytes([family[0], family[1]]);
    match i32::from(family) {
        libc::AF_INET => {
            let [a, b, ip @ ..] = *rest.first_chunk::<6>()?;
            let address = (Ipv4Addr::from(ip), u16::from_be_bytes([a, b]));
            Some(Address::Internet(address.into()))
        }
        libc::AF_INET6 => {
            let port = u16::from_be_bytes(*rest.first_chunk()?);
            let ip: [u8; 16] = rest.get(6..22)?.try_into().ok()?;
            let ip = IpAddr::from(Ipv6Addr::from(ip)).to_canonical();
            Some(Address::Internet(SocketAddr::new(ip, port)))
        }
        libc::AF_UNIX => {
            let path = rest.split(|byte| *byte == 0).next()?;
            let path = Path::new(std::ffi::OsStr::from_bytes(path));
            let here = watched.call.tid;
            let base = Path::new("/proc").join(here.to_string()).join("cwd");
            let path = base.read_link().ok()?.join(path);
            let parent = path.parent()?.canonicalize().ok()?;
            Some(Address::Path(parent.join(path.file_name()?)))
        }
        _ => None,
    }
}
