//! The remote addresses of the repositories around a few directories, as git
//! would use them: with what its settings make of an address.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{DEEPEST, GitSettings, config, leaves, line, pointer};
use crate::places::settled;
use crate::{ConfigError, file};

/// Every remote of every repository around these directories, each with all
/// that its address may come to. What a condition could include, is included.
pub(crate) fn remotes(
    roots: &[&Path],
    settings: &GitSettings,
) -> Result<Vec<Vec<String>>, ConfigError> {
    let mut found = Found::default();
    let tops: BTreeSet<&Path> = roots.iter().flat_map(|root| root.ancestors()).collect();
    for top in tops {
        let dot_git = top.join(".git");
        let git_dir = match dot_git.symlink_metadata() {
            Err(_) => continue,
            Ok(_) if dot_git.is_dir() => dot_git,
            Ok(_) => top.join(pointer(&dot_git)?),
        };
        found.repository(&git_dir, settings)?;
    }
    Ok(found.addresses())
}

#[derive(Default)]
struct Found {
    seen: BTreeSet<PathBuf>,
    /// What follows `url =`, `pushurl =` and their kind.
    urls: BTreeSet<String>,
    /// What an address may begin with, and what takes its place.
    rewrites: Vec<(String, String)>,
}

impl Found {
    fn repository(&mut self, git_dir: &Path, settings: &GitSettings) -> Result<(), ConfigError> {
        let common_dir = match file::bytes(&git_dir.join("commondir"))? {
            Some(text) => git_dir.join(line(&text)),
            None => git_dir.to_owned(),
        };
        let own = [common_dir.join("config"), git_dir.join("config.worktree")];
        for path in own.iter().chain(&settings.files()) {
            self.config(path, settings, DEEPEST)?;
        }
        // The forms from before there were settings.
        for (dir, before) in [("remotes", "URL:"), ("branches", "")] {
            let dir = common_dir.join(dir);
            for leaf in leaves(&dir) {
                let text = file::bytes(&dir.join(leaf))
                    .ok()
                    .flatten()
                    .unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let named = text.lines().filter_map(|line| line.strip_prefix(before));
                self.urls.extend(named.map(|url| url.trim().to_owned()));
            }
        }
        Ok(())
    }

    fn config(
        &mut self,
        path: &Path,
        settings: &GitSettings,
        depth: usize,
    ) -> Result<(), ConfigError> {
        if depth == 0 || !path.exists() || !self.seen.insert(settled(path)) {
            return Ok(());
        }
        let text = file::bytes(path)?.unwrap_or_default();
        let entries = config::entries(&text).map_err(|bad| ConfigError::Git {
            path: path.to_owned(),
            at: format!(":{}", bad.line),
            problem: bad.why.to_owned(),
        })?;
        for entry in entries {
            let Some(value) = entry.value.filter(|value| !value.is_empty()) else {
                continue;
            };
            let text = String::from_utf8_lossy(&value).into_owned();
            match (entry.section.as_str(), entry.name.as_str()) {
                ("include" | "includeif", "path") => {
                    let base = path.parent().unwrap_or(Path::new("/"));
                    let next = match (value.strip_prefix(b"~/"), &settings.home) {
                        (Some(below), Some(home)) => home.join(OsStr::from_bytes(below)),
                        _ => base.join(OsStr::from_bytes(&value)),
                    };
                    self.config(&next, settings, depth - 1)?;
                }
                ("remote", "url" | "pushurl") => {
                    self.urls.insert(text);
                }
                ("url", "insteadof" | "pushinsteadof") => {
                    let instead = entry.subsection.unwrap_or_default();
                    let instead = String::from_utf8_lossy(&instead).into_owned();
                    self.rewrites.push((text, instead));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Each address beside what it may be rewritten to.
    fn addresses(&self) -> Vec<Vec<String>> {
        let all = |url: &String| {
            let rewritten = self.rewrites.iter().filter_map(|(before, instead)| {
                let rest = url.strip_prefix(before.as_str())?;
                Some(format!("{instead}{rest}"))
            });
            std::iter::once(url.clone()).chain(rewritten).collect()
        };
        let urls = self.urls.iter().filter(|url| !url.is_empty());
        urls.map(all).collect()
    }
}
