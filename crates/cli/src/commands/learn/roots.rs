//! From the paths that a command wrote to the directories and files that a
//! profile would have to make writable: few, small, and none of those whose
//! grant would undo the boundary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dam_policy::{Access, ResolvedProfile};
use dam_sandbox::Change;

/// So many files in a directory, and it is the directory that is meant.
const MOST_FILES: usize = 3;

/// So many directories in another, and it is that one.
const MOST_SIBLINGS: usize = 3;

/// Where a system keeps its programs and its settings.
const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/sbin", "/usr",
];

/// What is known of the place that the command ran in.
pub struct Surroundings<'a> {
    pub profile: &'a ResolvedProfile,
    pub cwd: &'a Path,
    /// The directories that programs are looked for in.
    pub search: Vec<&'a Path>,
}

/// What would have to be writable.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Roots {
    /// Directories and files to grant.
    pub granted: BTreeSet<PathBuf>,
    /// Those that are not proposed, and why.
    pub withheld: BTreeMap<PathBuf, String>,
}

impl Roots {
    /// For what was written where nothing forbids it but that it is outside.
    pub fn of(written: &[(&Path, Change)], around: &Surroundings<'_>) -> Self {
        let mut files = BTreeSet::new();
        let mut directories = BTreeSet::new();
        for (path, change) in written {
            let parent = lasting_parent(path);
            match change {
                Change::Content | Change::Directory if path.is_dir() => {
                    directories.insert(path.to_path_buf());
                }
                Change::Content if path.exists() => {
                    files.insert(path.to_path_buf());
                }
                // It is there now, and can be granted alone.
                Change::File if path.exists() && around.against(&parent).is_some() => {
                    files.insert(path.to_path_buf());
                }
                _ => {
                    directories.insert(parent);
                }
            }
        }
        let mut roots = Self::default();
        for directory in directories {
            roots.add(directory, around);
        }
        roots.add_files(files, around);
        roots.merge(around);
        roots
    }

    fn add(&mut self, path: PathBuf, around: &Surroundings<'_>) {
        match around.against(&path) {
            Some(reason) => drop(self.withheld.insert(path, reason)),
            None => drop(self.granted.insert(path)),
        }
    }

    fn add_files(&mut self, files: BTreeSet<PathBuf>, around: &Surroundings<'_>) {
        let mut by_directory: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for file in files {
            by_directory
                .entry(lasting_parent(&file))
                .or_default()
                .push(file);
        }
        for (directory, files) in by_directory {
            if files.len() > MOST_FILES && around.against(&directory).is_none() {
                self.granted.insert(directory);
                continue;
            }
            for file in files {
                self.add(file, around);
            }
        }
    }

    /// Many directories in one become that one; what lies in another is no
    /// entry of its own.
    fn merge(&mut self, around: &Surroundings<'_>) {
        loop {
            let all = self.granted.clone();
            self.granted
                .retain(|path| !path.ancestors().skip(1).any(|above| all.contains(above)));
            let mut siblings: BTreeMap<&Path, usize> = BTreeMap::new();
            for parent in self.granted.iter().filter_map(|path| path.parent()) {
                *siblings.entry(parent).or_default() += 1;
            }
            let crowded = siblings
                .into_iter()
                .filter(|(_, count)| *count > MOST_SIBLINGS)
                .find(|(parent, _)| around.against(parent).is_none());
            let Some((parent, _)) = crowded else { break };
            let parent = parent.to_owned();
            self.granted.insert(parent);
        }
        let granted = &self.granted;
        self.withheld
            .retain(|path, _| !path.ancestors().any(|above| granted.contains(above)));
    }
}

impl Surroundings<'_> {
    /// Why a place is not made writable without a second thought.
    fn against(&self, path: &Path) -> Option<String> {
        let home = self.profile.home.as_deref();
        let reason = if path.parent().is_none() {
            "that is everything"
        } else if home.is_some_and(|home| home.starts_with(path)) {
            "everything at home lies in it, with what is started from there"
        } else if self.cwd.starts_with(path) {
            "that is more than the workspace, which lies in it"
        } else if path.components().count() == 2 || SYSTEM.iter().any(|dir| path.starts_with(dir)) {
            "that belongs to the system"
        } else if self
            .search
            .iter()
            .any(|dir| dir.starts_with(path) || path.starts_with(dir))
        {
            "programs are started from it"
        } else if let Some(store) = self.hidden_below(path) {
            return Some(format!("{} lies in it", store.display()));
        } else {
            return None;
        };
        Some(reason.to_owned())
    }

    fn hidden_below(&self, path: &Path) -> Option<&Path> {
        let mut hidden = self.profile.files.paths(Access::Deny);
        hidden.find(|store| store.starts_with(path))
    }
}

/// The directory that a name is in, or the next above that is still there.
pub fn lasting_parent(path: &Path) -> PathBuf {
    let mut above = path.ancestors().skip(1);
    let found = above.find(|directory| directory.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}
