//! What is scanned, what it is compared with, and what is remembered of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_config::Settings as Configuration;
use dam_sandbox::Tier;
use dam_scan::ignore::{Baseline, SETTINGS_FILE, SettingsFile};
use dam_scan::record::Record;
use dam_scan::report::Report;
use dam_scan::{Boundary, Cache, Gap, GapKind, Git, Revision, SourceError, directory};

use super::options::What;
use crate::error::CommandError;
use crate::output::{Output, WARNING};
use crate::variables::Variables;

/// A directory and the repository that it is in.
pub struct Place {
    root: PathBuf,
    git: Option<Git>,
    /// Why git is not asked although there is a repository.
    without_git: Option<String>,
    /// Where what is remembered of it is.
    memory: PathBuf,
    /// Today, as `2026-11-21`.
    pub today: String,
}

/// What people and earlier scans said of a place.
#[derive(Default)]
pub struct Known {
    pub record: Option<Record>,
    pub settings: SettingsFile,
    pub baseline: Option<Baseline>,
}

impl Place {
    /// Finds it.
    pub fn find(
        path: Option<&Path>,
        configuration: &Configuration,
        variables: &Variables,
        output: &mut Output,
    ) -> Result<Self, CommandError> {
        let given = path.unwrap_or(Path::new("."));
        let root = configuration.cwd.join(given);
        let root = root.canonicalize().map_err(|error| {
            CommandError::user(format!("cannot scan `{}`: {error}", given.display()))
        })?;
        let (git, without_git) = git(&root, configuration, variables);
        if let Some(why) = &without_git {
            output.labelled(WARNING, "note", &format!("git is not asked: {why}"));
        }
        let named = git.as_ref().map_or(root.as_path(), Git::common_dir);
        let memory = configuration.dirs.state.join("scan").join(name_of(named));
        let today = jiff::Zoned::now().date().to_string();
        Ok(Self {
            root,
            git,
            without_git,
            memory,
            today,
        })
    }

    /// The directory that is scanned.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is looked at, and what it is compared with.
    pub fn revisions(&self, what: &What) -> Result<(Revision, Option<Revision>), CommandError> {
        if !(what.staged || what.diff.is_some() || what.commit.is_some()) {
            return Ok((self.working_tree()?, None));
        }
        let git = self.git()?;
        changes(git, what).map_err(scan_error)
    }

    fn working_tree(&self) -> Result<Revision, CommandError> {
        // A bare repository has no files of its own; its HEAD is looked at.
        if let Some(git) = self.git.as_ref().filter(|git| git.top().is_none()) {
            let head = git.commit("HEAD").map_err(scan_error)?;
            return git.tree(&head).map_err(scan_error);
        }
        let git = self.git.as_ref().filter(|_| self.root.is_dir());
        let mut revision = directory(&self.root, git).map_err(scan_error)?;
        if let Some(why) = &self.without_git {
            let why = format!("git was not asked ({why}): what it ignores was looked at, too");
            revision.gaps.push(Gap::of_all(GapKind::NotChecked, why));
        }
        Ok(revision)
    }

    /// Its git, which is needed.
    pub fn git(&self) -> Result<&Git, CommandError> {
        self.git.as_ref().ok_or_else(|| match &self.without_git {
            Some(why) => CommandError::user(format!("git is needed and cannot be asked: {why}")),
            None => scan_error(SourceError::NoRepository(self.root.clone())),
        })
    }

    /// Where what is remembered of it is.
    pub fn memory(&self) -> &Path {
        &self.memory
    }

    /// What was found out of its files before.
    pub fn cache(&self) -> Cache {
        Cache::open(&self.memory)
    }

    /// The branch that is checked out.
    pub fn branch(&self) -> Option<String> {
        self.git.as_ref()?.branch()
    }

    /// What is known of it. Where a change is looked at, what the project says
    /// of itself counts as it was before: a change does not excuse itself.
    pub fn known(
        &self,
        revision: &Revision,
        base: Option<&Revision>,
        accept_ignores: bool,
        baseline: Option<&Path>,
    ) -> Result<Known, CommandError> {
        let settings = match base {
            Some(_) if accept_ignores => revision.text_of(SETTINGS_FILE),
            Some(base) => base.text_of(SETTINGS_FILE),
            None => self.settings_text(),
        };
        let settings = settings.as_deref().map(SettingsFile::read).transpose();
        let record = fs::read(self.memory.join(RECORD)).ok();
        Ok(Known {
            settings: settings
                .map_err(|error| CommandError::user(error.to_string()))?
                .unwrap_or_default(),
            // What cannot be read is as good as nothing: states are unknown
            // then, and no finding is lost.
            record: record.and_then(|text| serde_json::from_slice(&text).ok()),
            baseline: baseline.map(read_baseline).transpose()?,
        })
    }

    fn settings_text(&self) -> Option<String> {
        let top = self.git.as_ref().and_then(Git::top).unwrap_or(&self.root);
        fs::read_to_string(top.join(SETTINGS_FILE)).ok()
    }

    /// Remembers what was found, for the next scan of all of it.
    pub fn remember(&self, known: &Known, report: &Report) -> Result<(), CommandError> {
        let whole = self
            .git
            .as_ref()
            .and_then(Git::top)
            .is_none_or(|top| top == self.root);
        if !whole {
            return Ok(());
        }
        let record = known
            .record
            .clone()
            .unwrap_or_default()
            .after(report, &self.today);
        let text = serde_json::to_vec(&record).map_err(CommandError::internal)?;
        write_privately(&self.memory, RECORD, &text).map_err(|error| {
            CommandError::user(format!(
                "cannot remember what was found in `{}`: {error}",
                self.memory.display()
            ))
        })
    }
}

/// What tells this program from an older or newer one of the same version.
pub fn build() -> String {
    let about = std::env::current_exe().and_then(fs::metadata);
    let about = about.map(|about| format!("{} {:?}", about.len(), about.modified().ok()));
    format!(
        "{} {}",
        env!("CARGO_PKG_VERSION"),
        about.unwrap_or_default()
    )
}

/// The file that remembers findings.
const RECORD: &str = "findings.json";

fn changes(git: &Git, what: &What) -> Result<(Revision, Option<Revision>), SourceError> {
    if what.staged {
        let base = git
            .commit("HEAD")
            .ok()
            .map(|head| git.tree(&head))
            .transpose()?;
        return Ok((git.index()?, Some(base.unwrap_or_default())));
    }
    let (base, head) = match (&what.diff, &what.commit) {
        (Some(diff), _) => {
            let (base, head) = diff.split_once("..").unwrap_or((diff, "HEAD"));
            let head = head.trim_start_matches('.');
            let head = git.commit(if head.is_empty() { "HEAD" } else { head })?;
            let base = git.commit(base)?;
            (Some(git.merge_base(&base, &head)?), head)
        }
        (None, commit) => {
            let head = git.commit(commit.as_deref().unwrap_or("HEAD"))?;
            (git.parent(&head), head)
        }
    };
    let mut revision = git.tree(&head)?;
    if base.is_none() && git.is_shallow() {
        let why = "this clone is shallow: what was there before is not known";
        revision.gaps.push(Gap::of_all(GapKind::Shallow, why));
    }
    let base = base.map(|base| git.tree(&base)).transpose()?;
    Ok((revision, Some(base.unwrap_or_default())))
}

fn git(
    root: &Path,
    configuration: &Configuration,
    variables: &Variables,
) -> (Option<Git>, Option<String>) {
    let tier = match Tier::choose(&configuration.dirs.state) {
        Ok(tier) => tier,
        Err(error) => return (None, Some(error.to_string())),
    };
    let path = variables
        .named("PATH")
        .unwrap_or("/usr/bin:/bin")
        .to_owned();
    match Git::around(root, Boundary { tier, path }) {
        Ok(git) => (git, None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// What could not be read, as an error of the command.
pub fn scan_error(error: SourceError) -> CommandError {
    match error {
        SourceError::Boundary(error) => error.into(),
        other => CommandError::user(other),
    }
}

fn read_baseline(path: &Path) -> Result<Baseline, CommandError> {
    let bad =
        |why: String| CommandError::user(format!("`{}` is no baseline: {why}", path.display()));
    let text = fs::read(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}

/// Writes a baseline of what a report has.
pub fn write_baseline(path: &Path, report: &Report) -> Result<(), CommandError> {
    let findings = report.findings.iter().map(|each| each.id.clone()).collect();
    let baseline = Baseline {
        version: 1,
        findings,
    };
    let text = serde_json::to_string_pretty(&baseline).map_err(CommandError::internal)?;
    super::write_file(path, &(text + "\n"))
}

fn write_privately(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    let draft = dir.join(format!("{name}.{}", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    fs::rename(draft, dir.join(name))
}

/// A directory's name for a place.
fn name_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    dam_scan::identity::short_name(path.as_os_str().as_bytes())
}
