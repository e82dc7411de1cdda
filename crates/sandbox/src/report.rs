//! What the helper and the program that started it tell each other: one JSON
//! object a message, over a socket that keeps messages apart.

use std::ffi::OsString;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use dam_policy::{FileRules, Limits, NetworkRules};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::grant::Asked;
use crate::outcome::LimitHit;
pub(crate) use crate::outcome::{Denial, Stage, Status};
use crate::tier::Tier;
use crate::transaction::TransactionDirs;

/// What to run, and what it may touch.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    pub argv: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    pub cwd: PathBuf,
    pub files: FileRules,
    /// How long a refused opening waits for somebody's answer; without it,
    /// nobody is asked.
    pub patience: Option<Duration>,
    pub limits: Limits,
    /// Directories that are the box's own, empty at first, instead of the
    /// host's.
    #[serde(default)]
    pub own: Vec<PathBuf>,
    /// Where what is written goes, if not to the real places.
    #[serde(default)]
    pub transaction: Option<TransactionDirs>,
    /// The rules of the network, where there is a road; its inner end comes
    /// along with the order, last.
    #[serde(default)]
    pub network: Option<Box<NetworkRules>>,
    pub tier: Tier,
}

/// From the helper to the program that started it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// The command has been started.
    Started,
    /// It has not, and nothing of it ran.
    Failed {
        stage: Stage,
        errno: i32,
        detail: String,
    },
    /// The boundary refused something.
    Denied(Denial),
    /// It would refuse this, and waits for [`Request::Settled`].
    Asked { id: u64, asked: Box<Asked> },
    /// Nobody waits for that answer any more.
    Withdrawn { id: u64 },
    /// The command has ended, and with it everything it started.
    Ended {
        status: Status,
        unreported: u64,
        limit: Option<LimitHit>,
    },
}

/// From the program that started the helper.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Send this signal to the command.
    Signal(i32),
    /// End it and everything it started.
    Kill,
    /// The answer to [`Report::Asked`]: with the open file, if it is granted.
    Settled {
        id: u64,
        granted: bool,
        /// Why what somebody granted is not to be had.
        but: Option<String>,
    },
}

/// One end of the conversation.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

/// The longest message. Orders travel in a file of their own.
const LONGEST: usize = 32 * 1024;

impl Line {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Two connected ends.
    pub(crate) fn pair() -> Result<(Self, Self), Errno> {
        let (a, b) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            rustix::net::SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(a), Self(b)))
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.0
    }

    pub(crate) fn try_clone(&self) -> Result<Self, Errno> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 3).map(Self)
    }

    /// Sends a message; with `wait` false, an error instead of waiting.
    pub(crate) fn send(&self, message: &impl Serialize, wait: bool) -> Result<(), Errno> {
        self.send_with(message, &[], wait)
    }

    /// Sends a message together with descriptors.
    pub(crate) fn send_with(
        &self,
        message: &impl Serialize,
        fds: &[BorrowedFd<'_>],
        wait: bool,
    ) -> Result<(), Errno> {
        let bytes = serde_json::to_vec(message).map_err(|_| Errno::INVAL)?;
        if bytes.len() > LONGEST {
            return Err(Errno::MSGSIZE);
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(5))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(Errno::MSGSIZE);
        }
        let mut flags = SendFlags::NOSIGNAL;
        if !wait {
            flags |= SendFlags::DONTWAIT;
        }
        rustix::net::sendmsg(&self.0, &[IoSlice::new(&bytes)], &mut control, flags).map(drop)
    }

    /// The next message; `None` when the other end is gone.
    pub(crate) fn receive<T: DeserializeOwned>(&self) -> Result<Option<T>, Errno> {
        Ok(self.receive_with()?.map(|(message, _)| message))
    }

    /// The next message with the descriptors that came along.
    pub(crate) fn receive_with<T: DeserializeOwned>(
        &self,
    ) -> Result<Option<(T, Vec<OwnedFd>)>, Errno> {
        let mut bytes = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(5))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut buffers = [IoSliceMut::new(&mut bytes)];
            match rustix::net::recvmsg(&self.0, &mut buffers, &mut control, RecvFlags::CMSG_CLOEXEC)
            {
                // The kernel says once that the other end went away with
                // messages of ours unread, and before what it had sent itself:
                // that still comes, and then the end.
                Err(Errno::INTR | Errno::CONNRESET) => {}
                other => break other?,
            }
        };
        if received.bytes == 0 {
            return Ok(None);
        }
        let fds = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(fds) => Some(fds),
                _ => None,
            })
            .flatten()
            .collect();
        let message =
            serde_json::from_slice(&bytes[..received.bytes]).map_err(|_| Errno::BADMSG)?;
        Ok(Some((message, fds)))
    }

    /// Ends the conversation for both ends, whoever else holds a copy.
    pub(crate) fn hang_up(&self) {
        // An end that is gone already is what was wanted.
        let _ = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Both);
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_who_did_not_listen_are_heard() {
        let (ours, theirs) = Line::pair().expect("a line");
        ours.send(&Request::Signal(0), false).expect("sent");
        theirs.send(&Report::Started, false).expect("sent");
        drop(theirs);
        let heard = ours.receive::<Report>().expect("no error");
        assert!(matches!(heard, Some(Report::Started)), "{heard:?}");
        let heard = ours.receive::<Report>().expect("no error");
        assert!(heard.is_none(), "{heard:?}");
    }
}
