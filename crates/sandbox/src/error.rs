//! Why a command was not started, or was lost.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::seatbelt::PolicyError;
use crate::{Stage, Tier};

/// Why a command was not started, or was lost.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// There is no command.
    #[error("there is no command to run")]
    NoCommand,
    /// The program does not exist.
    #[error("`{0}` was not found")]
    NotFound(String),
    /// The program exists but cannot be executed.
    #[error("`{program}` cannot be executed: {errno}")]
    NotExecutable {
        /// The program.
        program: String,
        /// The kernel's answer.
        errno: Errno,
    },
    /// A standard stream leads around the walls.
    #[error("standard {0} is a directory, which would lead around the boundary")]
    StreamIsDirectory(&'static str),
    /// A standard stream could be made to lead anywhere.
    #[error(
        "standard {0} is a network socket without a connection, which would lead around the boundary"
    )]
    StreamLeadsOut(&'static str),
    /// The working directory cannot be entered.
    #[error("cannot enter the working directory {path}: {errno}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The kernel's answer.
        errno: Errno,
    },
    /// The boundary cannot be had here; nothing ran.
    #[error("the boundary cannot be put up, so nothing was run: {stage} failed{detail}: {errno}")]
    Unavailable {
        /// The step that failed.
        stage: Stage,
        /// What it failed on, with a space and brackets, or nothing.
        detail: String,
        /// The kernel's answer.
        errno: Errno,
    },
    /// There is no boundary that could hold back what is written.
    #[error("without a boundary nothing can be held back, so nothing was run")]
    NotHeldBack,
    /// The profile cannot be rendered for this system; nothing ran.
    #[error("the boundary cannot be put up, so nothing was run: {0}")]
    Policy(#[from] PolicyError),
    /// No tier of the boundary can be had here; nothing ran.
    #[error("{full}; and without that: {second}")]
    NoTier {
        /// Why the whole boundary cannot be had.
        full: Box<SandboxError>,
        /// What was tried instead.
        weaker: Tier,
        /// Why that cannot be had either.
        second: Box<SandboxError>,
    },
    /// A boundary was put up, and does not hold; nothing was run in it.
    #[error("the boundary ({tier}) was tried out and does not hold: {harm}")]
    Leaks {
        /// Which tier was tried.
        tier: Tier,
        /// What was done through it.
        harm: String,
    },
    /// The profile needs what this machine cannot give; nothing ran.
    #[error(
        "the profile `{profile}` needs what the boundary of this machine ({tier}) does not give: \
         {needs}"
    )]
    Lacks {
        /// The tier that there is.
        tier: Tier,
        /// The profile's name.
        profile: String,
        /// What is missing, by name.
        needs: String,
    },
    /// The profile has a network, and nothing here holds it to its rules;
    /// nothing ran.
    #[error(
        "the profile `{profile}` has network access ({origin}), and on this system nothing holds \
         it to its rules yet"
    )]
    NoProxy {
        /// The profile's name.
        profile: String,
        /// Where the network was switched on.
        origin: String,
    },
    /// Nobody serves the way out; the command was ended.
    #[error("the way out of the boundary cannot be served: {why}")]
    NoWay {
        /// What failed.
        why: String,
    },
    /// The helper ended before the command did; everything inside was killed.
    #[error("the boundary's helper ended before the command did; everything inside was killed")]
    Lost,
    /// A system call of the caller's own side failed.
    #[error("{what} failed: {errno}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The kernel's answer.
        errno: Errno,
    },
}

impl SandboxError {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable {
                stage: Stage::Namespaces,
                ..
            } => Some(
                "user namespaces are switched off here; look at `sysctl user.max_user_namespaces \
                 kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns`, \
                 and in a container allow `unshare` and `mount`",
            ),
            Self::Unavailable {
                stage: Stage::Walls,
                detail,
                ..
            } if detail.contains("copy-on-write") => Some(
                "a transaction needs a state directory on a file system that can hold a layer \
                 (most that are local can, overlayfs cannot), nothing mounted below what is \
                 writable, and Linux 5.11; `COFFERDAM_HOME=DIR` keeps the state elsewhere",
            ),
            Self::Unavailable {
                stage: Stage::Walls,
                ..
            } => Some(
                "this kernel or container does not let a user namespace mount; in a container, \
                 allow `mount` and do not mask parts of /proc",
            ),
            Self::Unavailable {
                stage: Stage::Ceiling,
                ..
            } => Some("enable Landlock: Linux 5.13 or later, with `landlock` in the `lsm=` list"),
            Self::NoTier { full, .. } => full.hint(),
            Self::Lacks { .. } => Some("`dam doctor` says what is missing and how to get it"),
            Self::NoProxy { .. }
            | Self::Unavailable {
                stage: Stage::Network,
                ..
            } => Some("switch the network of the profile off, or leave it out"),
            Self::NotFound(_) => Some("only absolute directories of PATH are searched"),
            _ => None,
        }
    }
}

/// An error of a system call of the caller's own side.
pub(crate) fn system(what: &'static str) -> impl Fn(Errno) -> SandboxError {
    move |errno| SandboxError::System { what, errno }
}
