//! `[permissions.<name>.filesystem]`: what its keys name.

use std::path::{Path, PathBuf};

use dam_policy::{Access, Glob, Place};

use crate::error::Problem;
use crate::source::nearest;

/// How deep other programs look for what a pattern denies. Here patterns hold
/// at any depth, so there is nothing to be limited.
pub(crate) const DEPTH: &str = "glob_scan_max_depth";

/// The places that have a name.
const NAMED: &[(&str, Place)] = &[
    (":root", Place::Root),
    (":minimal", Place::Minimal),
    (":workspace_roots", Place::WorkspaceRoots),
    (":tmpdir", Place::Tmpdir),
    (":slash_tmp", Place::SlashTmp),
];

/// What a key of the table names, or two where it is a table itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    pub place: Place,
    /// What is denied below the place, if not all of it.
    pub glob: Option<Glob>,
}

/// What a key names to which something is granted or denied.
pub(crate) fn named(key: &str, below: Option<&str>, access: Access) -> Result<Named, Problem> {
    let outer = outer(key)?;
    let (place, pattern) = match (outer, below) {
        (outer, None) => outer,
        ((_, Some(_)), Some(_)) => {
            let text = format!("`{key}` is a pattern: nothing can stand below it");
            return Err(Problem::new(text));
        }
        ((Place::Minimal, _), Some(_)) => {
            let text = "`:minimal` is many directories: nothing can stand below it";
            return Err(Problem::new(text).hint("name the directory by its own path"));
        }
        ((place, None), Some(below)) => {
            let (path, pattern) = inner(below)?;
            (join(place, path), pattern)
        }
    };
    let glob = match pattern {
        None => None,
        // All below a directory, which a rule on it holds for anyway.
        Some("**") if access != Access::Deny => None,
        Some(pattern) if access != Access::Deny => {
            let text = format!("`{pattern}` is a pattern, and a pattern can only deny");
            return Err(Problem::new(text).hint("name a directory or a file"));
        }
        Some(pattern) => {
            let glob = pattern.parse::<Glob>();
            Some(glob.map_err(|error| Problem::new(error.to_string()))?)
        }
    };
    Ok(Named { place, glob })
}

/// The path of a key in a table within a table; `.` is the table's own place.
pub(crate) fn joined(above: Option<&str>, below: &str) -> String {
    match above {
        Some(above) if below == "." => above.to_owned(),
        // What is wrong with the key alone is wrong with all of it.
        Some(above) if above != "." && !below.starts_with(['/', '~', ':']) => {
            format!("{above}/{below}")
        }
        None | Some(_) => below.to_owned(),
    }
}

/// A place by its name or path, and the pattern that goes on from it.
pub(crate) fn outer(key: &str) -> Result<(Place, Option<&str>), Problem> {
    if key.starts_with(':') {
        let place = NAMED.iter().find(|(name, _)| *name == key);
        return match place {
            Some((_, place)) => Ok((place.clone(), None)),
            None => Err(unknown(key)),
        };
    }
    let (path, pattern) = split(key);
    checked(path)?;
    if key.starts_with('/') {
        return Ok((Place::Absolute(Path::new("/").join(path)), pattern));
    }
    let below = match path.strip_prefix("~/") {
        Some(below) => below,
        None if path == "~" => "",
        None => {
            let text = format!("`{key}` is not an absolute path");
            let hint = "begin it with `/` or `~/`, or put it below `:workspace_roots`";
            return Err(Problem::new(text).hint(hint));
        }
    };
    Ok((Place::Home(below.into()), pattern))
}

/// A path below a place, and the pattern that goes on from it.
fn inner(key: &str) -> Result<(PathBuf, Option<&str>), Problem> {
    if key == "." {
        return Ok((PathBuf::new(), None));
    }
    if key.starts_with(['/', '~', ':']) || key.is_empty() {
        let text = format!("`{key}` is not a path below another");
        let hint = "leave out what it begins with, or put it beside the other";
        return Err(Problem::new(text).hint(hint));
    }
    let (path, pattern) = split(key);
    checked(path)?;
    Ok((path.into(), pattern))
}

fn join(place: Place, path: PathBuf) -> Place {
    if path.as_os_str().is_empty() {
        return place;
    }
    match place {
        Place::Root => Place::Absolute(Path::new("/").join(path)),
        Place::Absolute(base) => Place::Absolute(base.join(path)),
        Place::Home(base) => Place::Home(base.join(path)),
        place => Place::Below(Box::new(place), path),
    }
}

/// The part of a path before its first component that is a pattern, and the
/// rest.
fn split(key: &str) -> (&str, Option<&str>) {
    let mut start = 0;
    for part in key.split('/') {
        if Glob::is_pattern(part) {
            return (key[..start].trim_end_matches('/'), Some(&key[start..]));
        }
        start += part.len() + 1;
    }
    (key, None)
}

fn checked(path: &str) -> Result<(), Problem> {
    if path.split('/').any(|part| part == "..") {
        let text = format!("`{path}` goes up by `..`");
        return Err(Problem::new(text).hint("write where it leads"));
    }
    Ok(())
}

fn unknown(key: &str) -> Problem {
    let names = || NAMED.iter().map(|(name, _)| *name);
    let problem = Problem::new(format!("`{key}` is not a place"));
    match nearest(key, names()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!(
            "places: {}",
            names().collect::<Vec<_>>().join(", ")
        )),
    }
}
