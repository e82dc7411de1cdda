//! `.gitleaksignore`: fingerprints of findings that somebody has looked at.

/// Findings that are not to be reported again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GitleaksIgnore {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    commit: Option<String>,
    path: String,
    rule: String,
    line: u32,
}

impl GitleaksIgnore {
    /// Reads a file: `path:rule:line` or `commit:path:rule:line`, one a line.
    /// What is neither is left out.
    pub fn read(text: &str) -> Self {
        Self {
            entries: text.lines().filter_map(entry).collect(),
        }
    }

    /// Whether a finding is on the list. An entry with a commit counts for
    /// that commit; where the commit is not known, for all.
    pub fn has(&self, commit: Option<&str>, path: &str, rule: &str, line: u32) -> bool {
        self.entries.iter().any(|entry| {
            let same = match (&entry.commit, commit) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            same && entry.path == path && entry.rule == rule && entry.line == line
        })
    }
}

fn entry(line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (rest, number) = line.rsplit_once(':')?;
    let (rest, rule) = rest.rsplit_once(':')?;
    let commit = rest.split_once(':').filter(|(commit, _)| {
        commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let path = commit.map_or(rest, |(_, path)| path);
    Some(Entry {
        commit: commit.map(|(commit, _)| commit.to_owned()),
        path: path.to_owned(),
        rule: rule.to_owned(),
        line: number.parse().ok()?,
    })
}
