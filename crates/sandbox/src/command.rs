//! A command to start: its words, its place, its streams.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use dam_policy::{Network, ResolvedProfile};
use rustix::fs::FileType;
use rustix::io::Errno;
#[cfg(target_os = "linux")]
use rustix::net::AddressFamily;
use rustix::net::{SocketType, sockopt};

use crate::Tier;
use crate::error::{SandboxError, system};
#[cfg(target_os = "macos")]
use crate::seatbelt::running::TransactionDirs;
#[cfg(target_os = "linux")]
use crate::transaction::TransactionDirs;

/// A command to start.
#[derive(Debug)]
pub struct Launch {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The directory to start it in.
    pub cwd: PathBuf,
    /// The variables there are; the profile's environment policy is applied to
    /// them before anything is started.
    pub env: BTreeMap<String, String>,
    /// What it may touch.
    pub profile: ResolvedProfile,
    /// Where what it writes goes, if not to the real places.
    pub transaction: Option<TransactionDirs>,
    /// Which tier of the boundary to put up, as [`Tier::choose`] says.
    pub tier: Tier,
    /// Where its input comes from.
    pub stdin: Stream,
    /// Where its output goes.
    pub stdout: Stream,
    /// Where its errors go.
    pub stderr: Stream,
    /// That what it is refused is asked about first; whoever sets it follows
    /// the command with [`crate::Running::wait_following`].
    pub asking: Option<Asking>,
}

/// A standard stream of a command.
#[derive(Debug)]
pub enum Stream {
    /// The one of this process.
    Inherit,
    /// `/dev/null`.
    Null,
    /// A pipe, whose other end [`crate::Running`] holds.
    Pipe,
    /// A descriptor of the caller's, such as the write end of a pipe that
    /// several streams share.
    Given(OwnedFd),
}

/// How long a question waits for its answer if nobody says otherwise.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// That refused openings are asked about, and how.
#[derive(Clone, Debug)]
pub struct Asking {
    /// How long a question waits for its answer; then it is a no.
    pub patience: Duration,
    /// What is never granted, with everything below: absolute paths.
    pub never: Vec<PathBuf>,
    /// Whether the command's process group is stopped meanwhile, because it
    /// reads from the terminal that the question is answered on.
    pub pause: bool,
}

impl Launch {
    /// The variables that the command is started with.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let mut env = self.profile.environment.apply(self.env.clone());
        if self.profile.confined {
            env.insert("COFFERDAM_SANDBOX".to_owned(), self.profile.name.clone());
            match self.profile.network {
                Network::Proxy(_) => self.ask_names_by_connection(&mut env),
                _ => drop(env.insert(
                    "COFFERDAM_SANDBOX_NETWORK_DISABLED".to_owned(),
                    "1".to_owned(),
                )),
            }
        }
        env
    }

    /// Where there is no network namespace nothing can be asked but by a
    /// connection, names included.
    fn ask_names_by_connection(&self, env: &mut BTreeMap<String, String>) {
        const BY_CONNECTION: &str = "use-vc";
        if self.tier != Tier::NoNamespaces {
            return;
        }
        let options = env.entry("RES_OPTIONS".to_owned()).or_default();
        if !options.is_empty() {
            options.push(' ');
        }
        options.push_str(BY_CONNECTION);
    }
}

/// What a program that cannot be executed is to whoever asked for it.
pub(crate) fn cannot_execute(program: String, errno: Errno) -> SandboxError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => SandboxError::NotFound(program),
        errno => SandboxError::NotExecutable { program, errno },
    }
}

pub(crate) enum Direction {
    In,
    Out,
    Err,
}

/// The command's end of a stream, and ours where it is a pipe.
pub(crate) fn connect(
    stream: Stream,
    direction: Direction,
) -> Result<(OwnedFd, Option<File>), SandboxError> {
    let failed = system("preparing a standard stream");
    let copy = |fd: BorrowedFd<'_>| {
        rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(system("preparing a standard stream"))
    };
    match (stream, direction) {
        (Stream::Inherit, Direction::In) => Ok((copy(rustix::stdio::stdin())?, None)),
        (Stream::Inherit, Direction::Out) => Ok((copy(rustix::stdio::stdout())?, None)),
        (Stream::Inherit, Direction::Err) => Ok((copy(rustix::stdio::stderr())?, None)),
        (Stream::Null, _) => {
            let null = File::options().read(true).write(true).open("/dev/null");
            let null =
                null.map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
            Ok((null.into(), None))
        }
        (Stream::Given(fd), _) => Ok((fd, None)),
        (Stream::Pipe, direction) => {
            let pipe = std::io::pipe();
            let (read, write) =
                pipe.map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
            let (read, write) = (OwnedFd::from(read), OwnedFd::from(write));
            Ok(match direction {
                Direction::In => (read, Some(File::from(write))),
                Direction::Out | Direction::Err => (write, Some(File::from(read))),
            })
        }
    }
}

/// A directory that is handed in is a way around the mount tree; a socket that
/// can be sent from or connected is one around the network.
pub(crate) fn refuse_ways_around(streams: [&OwnedFd; 3]) -> Result<(), SandboxError> {
    for (fd, name) in streams.into_iter().zip(["input", "output", "error"]) {
        let failed = system("looking at a standard stream");
        let stat = rustix::fs::fstat(fd).map_err(failed)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => return Err(SandboxError::StreamIsDirectory(name)),
            FileType::Socket if !leads_to_one_peer(fd) => {
                return Err(SandboxError::StreamLeadsOut(name));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a socket has a peer and no message of it goes elsewhere.
fn leads_to_one_peer(socket: &OwnedFd) -> bool {
    let kind = sockopt::socket_type(socket);
    let is_kept =
        kind.is_ok_and(|kind| [SocketType::STREAM, SocketType::SEQPACKET].contains(&kind));
    is_kept && rustix::net::getpeername(socket).is_ok() && could_be_told_again(socket)
}

/// The broker must be able to tell it from the box's own, so that it is not
/// connected to somebody else.
#[cfg(target_os = "linux")]
fn could_be_told_again(socket: &OwnedFd) -> bool {
    let is_unix = sockopt::socket_domain(socket) == Ok(AddressFamily::UNIX);
    is_unix || crate::sys::network_of(socket.as_fd()).is_ok()
}

#[cfg(target_os = "macos")]
const fn could_be_told_again(_: &OwnedFd) -> bool {
    true
}
