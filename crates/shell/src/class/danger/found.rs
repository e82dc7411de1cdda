//! What was found to be dangerous: its kind, the reason and a safer way.

/// What a dangerous command would do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Danger {
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

impl Danger {
    /// Whether it is about the box's own processes and variables where there is
    /// a boundary. Any other danger counts before it.
    pub(crate) const fn is_own(self) -> bool {
        matches!(self, Self::Kills | Self::ShowsEnvironment)
    }

    /// A safer way that holds for most commands of this kind.
    pub(crate) const fn safer(self) -> &'static str {
        match self {
            Self::Deletes => "name exactly the files to delete, inside the workspace",
            Self::Overwrites => "look at the changes first, and keep them: `git diff`, `git stash`",
            Self::RewritesHistory => "add a commit instead: `git revert`, or a branch of its own",
            Self::Disk => "leave disks to the user; work in a file of the workspace",
            Self::Permissions => "give exactly the files that need it exactly the right they need",
            Self::Accounts => "leave accounts to the user",
            Self::OtherUser => "do it without another user's rights, or ask the user to do it",
            Self::RunsDownload => "download to a file, read it, check its digest, then run it",
            Self::RunsHidden => "write the command out plainly",
            Self::Publishes => {
                "try it without publishing (`--dry-run`), and leave publishing to the user"
            }
            Self::Production => "work on a local or test copy, or show the user the command to run",
            Self::Kills => "end the one process by its number, if this session started it",
            Self::StartsLater => "run it now, or show the user what to put where",
            Self::Machine => "leave the machine's services to the user",
            Self::WeakensSecurity => "leave protection on, and say what it stands in the way of",
            Self::ReadsSecret => "let the program that needs the secret read it itself",
            Self::ShowsEnvironment => "ask for the variables by name: `printenv PATH`",
            Self::SendsOut => "show the user what would be sent, and where",
            Self::OpensShell => "leave remote access to the user",
            Self::Escapes => {
                "start the container without the machine's own directories and devices"
            }
            Self::Exhausts => "bound it: a count, a limit or a time-out",
        }
    }
}

/// Something dangerous.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) danger: Danger,
    pub(crate) because: String,
    pub(crate) safer: &'static str,
}

impl Found {
    /// With the safer way of its kind.
    pub(crate) fn new(danger: Danger, because: impl Into<String>) -> Self {
        Self {
            danger,
            because: because.into(),
            safer: danger.safer(),
        }
    }

    /// With a safer way of its own.
    pub(crate) const fn safer(mut self, way: &'static str) -> Self {
        self.safer = way;
        self
    }
}
