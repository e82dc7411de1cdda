//! Sensitivity: classes of repositories, and the floor that each has.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Floor, Glob, Origin};

/// The names of classes where nobody lists their own, the mildest first.
pub const CLASSES: [&str; 4] = ["public", "internal", "regulated", "production"];

/// Classes, what belongs to them, and what they ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The names, the mildest first.
    pub classes: Vec<String>,
    /// The class of what nothing matches.
    pub unknown: Option<String>,
    /// What belongs where.
    pub repositories: Vec<Repositories>,
    /// What each class asks for, by its name.
    pub floors: Vec<(String, Floor)>,
}

/// Repositories of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repositories {
    /// The class's name.
    pub class: String,
    /// Patterns for remote addresses, as `host/path`; `*` is any run of
    /// characters, `?` is one.
    pub remotes: Vec<String>,
    /// Absolute paths, each with a pattern for what lies below it if it is not
    /// all of it.
    pub paths: Vec<(PathBuf, Option<Glob>)>,
    /// Where it was set.
    pub origin: Origin,
}

/// Where a session works, for finding its class.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ground {
    /// The directories that it works in, absolute and canonical.
    pub roots: Vec<PathBuf>,
    /// The remotes of their repositories: for each all that its address may
    /// be, as git has it.
    pub remotes: Vec<Vec<String>>,
}

/// The class of a repository, and why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// What matched.
    pub why: String,
    /// Where that was set.
    pub origin: Origin,
}

/// The class of a place and what it asks for: by what is required, and by what
/// a user adds, which can only make it stricter.
pub fn classed(
    required: Option<&Sensitivity>,
    own: Option<&Sensitivity>,
    ground: &Ground,
) -> Option<(Class, Floor)> {
    let order = required.or(own)?;
    let all = || required.into_iter().chain(own);
    let mut classes: Vec<Class> = all().filter_map(|each| each.class(ground)).collect();
    classes.sort_by_key(|class| Reverse(order.rank(&class.name)));
    let class = classes.into_iter().next()?;
    let ranked = |each: &Sensitivity| Sensitivity {
        classes: order.classes.clone(),
        ..each.clone()
    };
    let floors = all().map(|each| ranked(each).floor(&class.name));
    let floor = floors.fold(Floor::default(), Floor::and);
    Some((class, floor))
}

impl Sensitivity {
    /// The class of a place: the strictest of all that matches. Every remote
    /// that matches nothing counts as unknown, unless the path is known.
    pub fn class(&self, ground: &Ground) -> Option<Class> {
        let by_path = self.repositories.iter().filter_map(|listed| {
            let path = listed.path(&ground.roots)?;
            Some((listed, format!("the path {}", path.display())))
        });
        let mut found: Vec<_> = by_path.collect();
        let path_is_known = !found.is_empty();
        let mut has_unknown = ground.remotes.is_empty();
        for remote in &ground.remotes {
            let before = found.len();
            for address in remote.iter().map(|text| address(text)) {
                let matching = self.repositories.iter().filter_map(|listed| {
                    let mut patterns = listed.remotes.iter();
                    let pattern = patterns.find(|pattern| is_like(pattern, &address))?;
                    Some((listed, format!("the remote {address}, by `{pattern}`")))
                });
                found.extend(matching);
            }
            has_unknown |= found.len() == before;
        }
        let known = found.into_iter().map(|(listed, why)| Class {
            name: listed.class.clone(),
            why,
            origin: listed.origin.clone(),
        });
        let unknown = self
            .unknown
            .iter()
            .filter(|_| has_unknown && !path_is_known);
        let unknown = unknown.map(|name| Class {
            name: name.clone(),
            why: "nothing names it".to_owned(),
            origin: Origin::BUILTIN,
        });
        // Of equals the first: a name before the lack of one.
        let mut classes: Vec<Class> = known.chain(unknown).collect();
        classes.sort_by_key(|class| Reverse(self.rank(&class.name)));
        classes.into_iter().next()
    }

    /// What a class asks for: its own floor, and those of all that are milder,
    /// so that a stricter class never allows more.
    pub fn floor(&self, class: &str) -> Floor {
        let rank = self.rank(class);
        let below = self
            .floors
            .iter()
            .filter(|(name, _)| self.rank(name) <= rank);
        below.fold(Floor::default(), |all, (_, floor)| all.and(floor.clone()))
    }

    /// How strict a class is.
    pub fn rank(&self, class: &str) -> usize {
        let place = self.classes.iter().position(|name| name == class);
        // A name that is not listed is a mistake; it is not to be the mildest.
        place.unwrap_or(self.classes.len())
    }
}

impl Repositories {
    /// The path that matches one of the roots: at or below it, or around it.
    fn path(&self, roots: &[PathBuf]) -> Option<&Path> {
        let matches = |(path, glob): &&(PathBuf, Option<Glob>)| {
            roots.iter().any(|root| match glob {
                None => root.starts_with(path) || path.starts_with(root),
                Some(glob) => root
                    .strip_prefix(path)
                    .is_ok_and(|below| glob.matches_path(below)),
            })
        };
        let found = self.paths.iter().find(matches);
        found.map(|(path, _)| path.as_path())
    }
}

/// A remote address as `host/path`, in lower case: without scheme, user,
/// port, and `.git` at the end.
pub fn address(remote: &str) -> String {
    let decoded = decoded(remote.trim());
    let (has_scheme, rest) = match decoded.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, decoded.as_str()),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = if has_scheme {
        rest.split_once('/').unwrap_or((rest, ""))
    } else {
        match rest.split_once(':') {
            // As git has it: `host:path`, unless a slash comes first.
            Some((host, path)) if !host.contains('/') => (host, path),
            _ => ("", rest),
        }
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_end_matches('.');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let path = names.join("/").to_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path);
    format!("{}/{path}", host.to_lowercase())
}

/// With `%xx` as what it stands for.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let value = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        let value = value.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a text is like a pattern, without regard to case: `*` is any run of
/// characters, `?` is one.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
