//! Kinds of danger: what a dangerous command would do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a dangerous command would do. Rules and messages can tell them apart;
/// a command of several kinds has the first that was found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DangerKind {
    /// Deletes more than a build makes anew.
    Deletes,
    /// Overwrites or discards what cannot be had again.
    Overwrites,
    /// Rewrites or deletes history, here or for others.
    RewritesHistory,
    /// Formats, partitions or writes to disks, or changes what is mounted.
    Disk,
    /// Opens files to others, or gives them away.
    Permissions,
    /// Changes accounts.
    Accounts,
    /// Acts as another user.
    OtherUser,
    /// Runs what comes from the network.
    RunsDownload,
    /// Runs text that was hidden from readers, such as encoded text.
    RunsHidden,
    /// Publishes, where it cannot be taken back.
    Publishes,
    /// Changes or destroys what others use: databases, clouds, clusters.
    Production,
    /// Ends processes that are not its own.
    Kills,
    /// Has something run later, or at the next login.
    StartsLater,
    /// Stops the machine, or changes what it runs.
    Machine,
    /// Switches protection or records off.
    WeakensSecurity,
    /// Reads a secret.
    ReadsSecret,
    /// Shows the whole environment, which may hold secrets.
    ShowsEnvironment,
    /// Sends files or secrets out.
    SendsOut,
    /// Gives somebody else a shell here.
    OpensShell,
    /// Leaves what would hold it: a container with the whole machine.
    Escapes,
    /// Uses up the machine.
    Exhausts,
}

impl DangerKind {
    /// Whether the boundary holds it without loss, so that a boxed one needs
    /// no question: processes and the environment are the box's own.
    pub const fn is_held_when_boxed(self) -> bool {
        matches!(self, Self::Kills | Self::ShowsEnvironment)
    }

    /// Its name in rules, records and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deletes => "deletes",
            Self::Overwrites => "overwrites",
            Self::RewritesHistory => "rewrites-history",
            Self::Disk => "disk",
            Self::Permissions => "permissions",
            Self::Accounts => "accounts",
            Self::OtherUser => "other-user",
            Self::RunsDownload => "runs-download",
            Self::RunsHidden => "runs-hidden",
            Self::Publishes => "publishes",
            Self::Production => "production",
            Self::Kills => "kills",
            Self::StartsLater => "starts-later",
            Self::Machine => "machine",
            Self::WeakensSecurity => "weakens-security",
            Self::ReadsSecret => "reads-secret",
            Self::ShowsEnvironment => "shows-environment",
            Self::SendsOut => "sends-out",
            Self::OpensShell => "opens-shell",
            Self::Escapes => "escapes",
            Self::Exhausts => "exhausts",
        }
    }
}

impl fmt::Display for DangerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
