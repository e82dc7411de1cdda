//! Which mounts the walls are made of: what the rules say, sorted by how it is
//! hung.

use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRule, FileRules, OWN_DIRECTORY};

use crate::report::Order;

/// The rule of temporary directories.
const TEMPORARY: &str = "files.temporary";

/// Where mounts go.
#[derive(Debug)]
pub(super) struct Layout {
    /// Writable places that lie in no other.
    pub outer: Vec<PathBuf>,
    /// Writable places that lie in one of those.
    pub inner: Vec<PathBuf>,
    /// Directories of the box's own, empty at first.
    pub own: Vec<PathBuf>,
    /// What is shown read-only although it lies in a directory of the box's
    /// own.
    pub shown: Vec<PathBuf>,
}

impl Layout {
    pub(super) fn of(order: &Order) -> Self {
        let own: Vec<PathBuf> = order
            .own
            .iter()
            .filter(|dir| dir.is_dir())
            .cloned()
            .collect();
        let is_own = |path: &&Path| own.iter().any(|dir| dir == path);
        let mut writable: Vec<PathBuf> = order
            .files
            .paths(Access::Write)
            .filter(|path| path.exists() && !is_own(path))
            // Of two rules on one path, the one that denies counts.
            .filter(|path| order.files.may_read(path))
            .map(Path::to_path_buf)
            .collect();
        // In this order whatever lies in a place follows it at once, so that
        // a thousand places are not compared with each other.
        writable.sort();
        writable.dedup();
        let (mut outer, mut inner) = (Vec::<PathBuf>::new(), Vec::new());
        for path in writable {
            if outer.last().is_some_and(|root| path.starts_with(root)) {
                inner.push(path);
            } else {
                outer.push(path);
            }
        }
        let shown = order
            .files
            .iter()
            .filter(|rule| rule.access == Access::Read && is_shown(rule, &own))
            .map(|rule| rule.path.clone())
            .filter(|path| !outer.iter().any(|root| path.starts_with(root)) && path.exists())
            .collect();
        Self {
            outer,
            inner,
            own,
            shown,
        }
    }

    /// Everything writable.
    pub(super) fn writable(&self) -> Vec<PathBuf> {
        let all = self.own.iter().chain(&self.outer).chain(&self.inner);
        all.cloned().collect()
    }
}

/// Whether a rule names a place below a directory of the box's own that
/// somebody wants to see. What is only protected there is not there at all.
fn is_shown(rule: &FileRule, own: &[PathBuf]) -> bool {
    let below = |dir: &PathBuf| rule.path != *dir && rule.path.starts_with(dir);
    rule.rule.as_str() != "files.protected-path" && own.iter().any(below)
}

/// The rules with directories of the box's own in them: they are writable, and
/// a working directory that lies below one is shown as it is.
pub(crate) fn with_own(files: FileRules, own: &[PathBuf], cwd: &Path) -> FileRules {
    if own.is_empty() {
        return files;
    }
    let files = files.with_own(own);
    let is_shown = files.is_own(cwd) && !own.iter().any(|dir| dir == cwd);
    if is_shown {
        files.with_readable(cwd, "the working directory")
    } else {
        files
    }
}

/// Whether a rule grants a temporary directory.
pub(crate) fn is_temporary(rule: &FileRule) -> bool {
    rule.access == Access::Write && (rule.rule.as_str() == TEMPORARY || rule.rule == OWN_DIRECTORY)
}
