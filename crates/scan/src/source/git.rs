//! Asks git, in the boundary, as little as possible.
//!
//! The repository may be a stranger's, and git does what its settings say. So
//! git only ever runs in a box without a network that can read the system and
//! this repository, and write nothing; it gets settings that switch off what
//! would run a program; and only plumbing is asked, whose output no setting
//! changes. Objects that are kept elsewhere (alternates) cannot be read in
//! such a box: they are missing, which is said.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dam_config::{Repository, repository_around};
use dam_policy::{Access, Origin, Place, Places, Profile, Property, ResolvedProfile, SandboxMode};
use dam_sandbox::{Launch, Running, Stream, Tier};

use super::{Blobs, Content, Entry, Revision, SourceError};
use crate::{Gap, GapKind};

/// What git's own settings must not say, whatever the repository's do.
const HELD: &[&str] = &[
    "core.alternateRefsCommand=",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.logAllRefUpdates=false",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "credential.helper=",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "safe.directory=*",
    "submodule.recurse=false",
];

/// How much of an answer is read, in bytes.
const LONGEST: u64 = 1 << 30;

/// What holds git.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// What this machine's boundary gives.
    pub tier: Tier,
    /// Where programs are: the user's `PATH`.
    pub path: String,
}

/// The git of one repository.
#[derive(Clone, Debug)]
pub struct Git {
    repository: Repository,
    boundary: Boundary,
}

impl Git {
    /// The repository around a directory, or nothing where there is none.
    pub fn around(dir: &Path, boundary: Boundary) -> Result<Option<Self>, SourceError> {
        let unreadable = |source| SourceError::Unreadable {
            path: dir.to_owned(),
            source,
        };
        let dir = dir.canonicalize().map_err(unreadable)?;
        let Some(repository) = repository_around(&dir)? else {
            return Ok(None);
        };
        if let Some(top) = &repository.top
            && !repository.is_its_own
        {
            return Err(SourceError::Foreign {
                top: top.clone(),
                git_dir: repository.git_dir,
            });
        }
        Ok(Some(Self {
            repository,
            boundary,
        }))
    }

    /// The top of its working tree, where it has one.
    pub fn top(&self) -> Option<&Path> {
        self.repository.top.as_deref()
    }

    /// What all its working trees share.
    pub fn common_dir(&self) -> &Path {
        &self.repository.common_dir
    }

    /// The files below a directory that are tracked or would be, from there.
    pub(super) fn files(&self, root: &Path) -> Result<Vec<PathBuf>, SourceError> {
        let words = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let answer = self.ask_in(&words, root)?;
        Ok(records(&answer)
            .map(|path| OsStr::from_bytes(path).into())
            .collect())
    }

    /// The commit that a name stands for.
    pub fn commit(&self, name: &str) -> Result<String, SourceError> {
        let missing = || SourceError::NoCommit(name.to_owned());
        if name.starts_with('-') {
            return Err(missing());
        }
        let peeled = format!("{name}^{{commit}}");
        let words = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &peeled,
        ];
        let answer = self.ask(&words).map_err(|error| match error {
            SourceError::Git { .. } => missing(),
            other => other,
        })?;
        one_id(&answer).ok_or_else(missing)
    }

    /// The first parent of a commit; none if it is the first one, or if this
    /// clone is shallow and ends there.
    pub fn parent(&self, commit: &str) -> Option<String> {
        self.commit(&format!("{commit}^")).ok()
    }

    /// Where two commits parted.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, SourceError> {
        let answer = self.ask(&["merge-base", one, other])?;
        one_id(&answer).ok_or(SourceError::Nonsense("no merge base"))
    }

    /// Whether history ends early in this clone.
    pub fn is_shallow(&self) -> bool {
        self.repository.common_dir.join("shallow").exists()
    }

    /// The name of the branch that is checked out, where there is one.
    pub fn branch(&self) -> Option<String> {
        let answer = self.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]);
        Some(lossy(answer.ok()?.trim_ascii()))
    }

    /// The files of a commit.
    pub fn tree(&self, commit: &str) -> Result<Revision, SourceError> {
        let answer = self.ask(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let short = commit.get(..12).unwrap_or(commit);
        let mut revision = self.revision(&answer, tree_entry)?;
        revision.name = format!("commit {short}");
        revision.commit = Some(commit.to_owned());
        Ok(revision)
    }

    /// The files that the next commit would have.
    pub fn index(&self) -> Result<Revision, SourceError> {
        let answer = self.ask(&["ls-files", "-z", "--stage"])?;
        let mut revision = self.revision(&answer, index_entry)?;
        "the index".clone_into(&mut revision.name);
        Ok(revision)
    }

    fn revision(
        &self,
        answer: &[u8],
        parse: fn(&[u8]) -> Option<Listed<'_>>,
    ) -> Result<Revision, SourceError> {
        let blobs = Arc::new(self.blobs()?);
        let mut revision = Revision::default();
        for record in records(answer) {
            let (mode, id, path) = parse(record).ok_or(SourceError::Nonsense("a file's record"))?;
            let path = lossy(path);
            match mode {
                b"120000" => {
                    let why = "links are not followed";
                    revision.gaps.push(Gap::in_file(&path, GapKind::Link, why));
                }
                b"160000" => {
                    let why = "another repository: scan it by itself";
                    revision
                        .gaps
                        .push(Gap::in_file(&path, GapKind::Submodule, why));
                }
                _ => revision.entries.push(Entry {
                    path,
                    content: Content::Blob {
                        id: lossy(id),
                        blobs: Arc::clone(&blobs),
                    },
                }),
            }
        }
        Ok(revision.ordered())
    }

    /// Files that git keeps under these names, each with a path that it had.
    pub fn entries(&self, files: &[(String, String)]) -> Result<Vec<Entry>, SourceError> {
        let blobs = Arc::new(self.blobs()?);
        let entry = |(path, id): &(String, String)| Entry {
            path: path.clone(),
            content: Content::Blob {
                id: id.clone(),
                blobs: Arc::clone(&blobs),
            },
        };
        Ok(files.iter().map(entry).collect())
    }

    /// A process that hands out what git keeps.
    pub(super) fn blobs(&self) -> Result<Blobs, SourceError> {
        let running = self.start(&["cat-file", "--batch-command"], self.place(), Stream::Pipe)?;
        Blobs::new(running)
    }

    /// Git's answer to a question that is asked at the top.
    pub(super) fn ask(&self, words: &[&str]) -> Result<Vec<u8>, SourceError> {
        self.ask_in(words, self.place())
    }

    pub(super) fn place(&self) -> &Path {
        self.top().unwrap_or(&self.repository.git_dir)
    }

    fn ask_in(&self, words: &[&str], cwd: &Path) -> Result<Vec<u8>, SourceError> {
        let running = self.start(words, cwd, Stream::Null)?;
        answer_of(running, words)
    }

    pub(super) fn start(
        &self,
        words: &[&str],
        cwd: &Path,
        stdin: Stream,
    ) -> Result<Running, SourceError> {
        let profile = self.grants().resolve(&Places::default());
        self.start_in(words, cwd, stdin, profile)
    }

    /// Starts git with these rights.
    pub(super) fn start_in(
        &self,
        words: &[&str],
        cwd: &Path,
        stdin: Stream,
        profile: ResolvedProfile,
    ) -> Result<Running, SourceError> {
        let launch = Launch {
            argv: self.words(words),
            cwd: cwd.to_owned(),
            env: self.environment(),
            profile,
            transaction: None,
            tier: self.boundary.tier,
            stdin,
            stdout: Stream::Pipe,
            stderr: Stream::Null,
            asking: None,
        };
        Ok(launch.spawn()?)
    }

    fn words(&self, words: &[&str]) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec!["git".into()];
        argv.extend(
            [
                "--no-replace-objects",
                "--no-optional-locks",
                "--literal-pathspecs",
            ]
            .map(Into::into),
        );
        argv.push(option("--git-dir=", &self.repository.git_dir));
        match &self.repository.top {
            Some(top) => argv.push(option("--work-tree=", top)),
            None => argv.push("--bare".into()),
        }
        for held in HELD {
            argv.extend(["-c".into(), held.into()]);
        }
        argv.extend(words.iter().map(Into::into));
        argv
    }

    /// Nothing of the user's: no `GIT_…`, no settings, no terminal.
    fn environment(&self) -> BTreeMap<String, String> {
        [
            ("PATH", self.boundary.path.as_str()),
            ("HOME", "/nonexistent"),
            ("LC_ALL", "C"),
            // Whoever a commit is by that is made here.
            ("GIT_AUTHOR_EMAIL", "cofferdam@localhost"),
            ("GIT_AUTHOR_NAME", "Cofferdam"),
            ("GIT_COMMITTER_EMAIL", "cofferdam@localhost"),
            ("GIT_COMMITTER_NAME", "Cofferdam"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The system and this repository, to be read.
    pub(super) fn grants(&self) -> Profile {
        let read = |place| (place, Access::Read, Origin::BUILTIN);
        let mut profile = Profile::builtin(SandboxMode::ReadOnly);
        ":scan-git".clone_into(&mut profile.name);
        // Without a ceiling there is no closing of what nobody named.
        if !self.boundary.tier.lacks().contains(&Property::Ceiling) {
            let dirs = [&self.repository.git_dir, &self.repository.common_dir];
            let dirs = dirs.into_iter().chain(&self.repository.top);
            profile.files = vec![read(Place::Minimal)];
            profile
                .files
                .extend(dirs.map(|dir| read(Place::Absolute(dir.clone()))));
        }
        profile
    }
}

/// Reads an answer to its end, and waits for git's.
pub(super) fn answer_of(mut running: Running, words: &[&str]) -> Result<Vec<u8>, SourceError> {
    let mut answer = Vec::new();
    if let Some(stdout) = running.stdout.take() {
        stdout.take(LONGEST).read_to_end(&mut answer)?;
    }
    let outcome = running.wait()?;
    if outcome.status.success() {
        return Ok(answer);
    }
    Err(SourceError::Git {
        what: words.first().copied().unwrap_or_default().to_owned(),
        said: format!("it ended with {}", outcome.status.code()),
    })
}

fn option(name: &str, path: &Path) -> OsString {
    let mut word = OsString::from(name);
    word.push(path);
    word
}

/// What ends in zeros.
pub(super) fn records(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    answer
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty())
}

pub(super) fn one_id(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?.trim();
    is_id(text).then(|| text.to_owned())
}

/// Whether it is what git calls an object.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Mode, name and path.
type Listed<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// `100644 blob ID<TAB>PATH`
pub(super) fn tree_entry(record: &[u8]) -> Option<Listed<'_>> {
    let (about, path) = halves(record, b'\t')?;
    let mut words = about.split(|byte| *byte == b' ');
    let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
    Some((mode, id, path))
}

/// `100644 ID STAGE<TAB>PATH`
fn index_entry(record: &[u8]) -> Option<Listed<'_>> {
    let (about, path) = halves(record, b'\t')?;
    let mut words = about.split(|byte| *byte == b' ');
    Some((words.next()?, words.next()?, path))
}

fn halves(record: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let index = record.iter().position(|byte| *byte == at)?;
    Some((&record[..index], &record[index + 1..]))
}

/// A path as text. What is not UTF-8 in it is spelled as a replacement: it can
/// still be reported, and its file is read by git's name for it.
pub(super) fn lossy(bytes: &[u8]) -> String {
    PathBuf::from(OsStr::from_bytes(bytes))
        .to_string_lossy()
        .into_owned()
}
