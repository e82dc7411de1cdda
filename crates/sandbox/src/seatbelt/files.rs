//! The rules on files: each as grants and denials, the most specific last.
//!
//! What grants names a path as it is spelled; what denies also names every
//! other spelling. Seatbelt judges a rename by its two paths alone, not by what
//! is below them, so a directory on the way to something closed stays where it
//! is.

use std::collections::BTreeSet;

use dam_policy::{Access, DenyGlob, FileRule, FileRules, PROTECTED_NAMES, REPOSITORY_RULE};

use super::pattern::{
    DIRECTORIES, HERE_OR_BELOW, anywhere, canonical, components, exactly, in_any_disguise, literal,
    regex, spellings, subpath,
};
use super::{PolicyError, glob};

/// What reading is, and running.
const READING: &str = "file-read* file-map-executable process-exec";
/// What moving, removing or making something under a name is.
const NAMING: &str = "file-write-create file-write-unlink";

/// A rule, with its path in the one spelling that rules are compared by.
struct Canonical {
    path: String,
    access: Access,
}

/// Writes the rules.
pub(super) fn write(files: &FileRules, text: &mut String) -> Result<(), PolicyError> {
    let mut rules = files
        .iter()
        .map(|rule| {
            Ok(Canonical {
                path: canonical(&rule.path)?,
                access: access(rule),
            })
        })
        .collect::<Result<Vec<_>, PolicyError>>()?;
    // The least specific first; between equals, read, write, deny. Then by
    // name, so that the order in which they were given does not show.
    rules.sort_by(|a, b| order(a).cmp(&order(b)));
    rules.dedup_by(|a, b| order(a) == order(b));
    let writable = Writable::of(&rules);
    for rule in &rules {
        text.push_str(match rule.access {
            Access::Read => "\n; Readable.\n",
            Access::Write => "\n; Writable, but for names that become code later.\n",
            Access::Deny => "\n; Closed.\n",
        });
        let here = spellings(&rule.path);
        let granted = || here.iter().map(|path| subpath(path));
        match rule.access {
            Access::Read => {
                push(text, "allow", READING, granted());
                // Elsewhere nothing is writable anyway.
                if writable.holds(&rule.path) {
                    push(text, "deny", "file-write*", denied(&rule.path));
                }
            }
            Access::Write => {
                push(text, "allow", &format!("{READING} file-write*"), granted());
                if files.protects_names() {
                    protect_names(text, &here);
                }
            }
            Access::Deny => {
                let all = format!("{READING} file-write*");
                push(text, "deny", &all, denied(&rule.path));
            }
        }
    }
    let bases = files
        .globs()
        .iter()
        .map(|glob| canonical(&glob.base))
        .collect::<Result<Vec<_>, _>>()?;
    deny_patterns(files.globs().iter().zip(&bases), &rules, text);
    text.push_str("\n; Directories on the way to what can be read are there.\n");
    push(text, "allow", "file-read-metadata", ways(&rules));
    text.push_str("\n; Directories on the way to a rule of their own stay where they are.\n");
    push(text, "deny", NAMING, fixed(&rules, &bases, &writable));
    Ok(())
}

/// What a rule grants here. A repository is only read: what its index lists,
/// which git would write outside, cannot be looked at.
fn access(rule: &FileRule) -> Access {
    match rule.access {
        Access::Write if rule.rule.as_str() == REPOSITORY_RULE => Access::Read,
        access => access,
    }
}

fn order(rule: &Canonical) -> (usize, Access, &str) {
    (components(&rule.path).count(), rule.access, &rule.path)
}

/// Writes one form, or nothing where it would have no filter: without one it
/// would hold for everything.
fn push(text: &mut String, verb: &str, acts: &str, filters: impl IntoIterator<Item = String>) {
    let mut filters = filters.into_iter().peekable();
    if filters.peek().is_none() {
        return;
    }
    text.extend(["(", verb, " ", acts]);
    for filter in filters {
        text.extend(["\n    ", &filter]);
    }
    text.push_str(")\n");
}

/// Denies patterns, whatever a rule says, unless it is one on exactly the path
/// in question.
fn deny_patterns<'a>(
    globs: impl Iterator<Item = (&'a DenyGlob, &'a String)>,
    rules: &[Canonical],
    text: &mut String,
) {
    let mut all = BTreeSet::new();
    for (DenyGlob { glob, .. }, base) in globs {
        // Where something that matches could be moved to.
        if let Some(glob) = glob::elsewhere(glob.as_str()) {
            let roots = rules.iter().filter(|rule| rule.access == Access::Write);
            all.extend(roots.map(|root| (root.path.clone(), glob.to_owned())));
        }
        all.insert((base.clone(), glob.as_str().to_owned()));
    }
    if all.is_empty() {
        return;
    }
    let start = |base: &str| anywhere(base.trim_end_matches('/'));
    let whole = |(base, glob): &(String, String)| {
        let glob = glob::expression(glob);
        regex(&format!("{}/{glob}{HERE_OR_BELOW}", start(base)))
    };
    let ways = |(base, glob): &(String, String)| {
        glob::directories(glob)
            .map(|glob| regex(&format!("{}/{}$", start(base), glob::expression(glob))))
            .collect::<Vec<_>>()
    };
    text.push_str("\n; Closed by patterns, and directories that patterns go through.\n");
    let acts = format!("{READING} file-write*");
    push(text, "deny", &acts, all.iter().map(whole));
    push(text, "deny", NAMING, all.iter().flat_map(ways));
    text.push_str("\n; Rules on exactly one path.\n");
    for rule in rules {
        let here = spellings(&rule.path);
        let here = here.iter().map(|path| literal(path));
        match rule.access {
            Access::Read => push(text, "allow", READING, here),
            Access::Write => push(text, "allow", &acts, here),
            Access::Deny => push(text, "deny", &acts, here),
        }
    }
}

/// The filters of a path and what is below it, in every spelling.
fn denied(path: &str) -> Vec<String> {
    if path == "/" {
        return vec![subpath(path)];
    }
    let mut all: Vec<String> = spellings(path).iter().map(|path| subpath(path)).collect();
    all.push(regex(&format!("{}{HERE_OR_BELOW}", anywhere(path))));
    all
}

/// The directories above what can be read, where a program has to find out
/// that they are there.
fn ways(rules: &[Canonical]) -> BTreeSet<String> {
    rules
        .iter()
        .filter(|rule| rule.access != Access::Deny)
        .flat_map(|rule| spellings(&rule.path))
        .flat_map(|path| above(&path).map(literal).collect::<Vec<_>>())
        .collect()
}

/// What cannot be made, moved or removed: the roots of what is writable, where
/// patterns begin, and the directories above, where they lie in something
/// writable.
fn fixed(rules: &[Canonical], bases: &[String], writable: &Writable) -> Vec<String> {
    let own = rules
        .iter()
        .filter(|rule| rule.access == Access::Write)
        .map(|rule| rule.path.as_str());
    let bases = || bases.iter().map(String::as_str);
    let paths = rules.iter().map(|rule| rule.path.as_str());
    let all: BTreeSet<&str> = own
        .chain(bases())
        .chain(paths.chain(bases()).flat_map(above))
        .filter(|path| *path != "/" && writable.holds(path))
        .collect();
    let each = |path: &&str| {
        let mut filters: Vec<String> = spellings(path).iter().map(|path| literal(path)).collect();
        filters.push(regex(&format!("{}$", anywhere(path))));
        filters
    };
    all.iter().flat_map(each).collect()
}

/// The roots of what is writable, without regard to case.
struct Writable(Vec<String>);

impl Writable {
    fn of(rules: &[Canonical]) -> Self {
        let roots = rules.iter().filter(|rule| rule.access == Access::Write);
        Self(roots.map(|rule| rule.path.to_lowercase()).collect())
    }

    /// Whether a path is in one of them, whatever other rules say of it.
    fn holds(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        self.0.iter().any(|root| is_at_or_below(&path, root))
    }
}

/// The directories above a canonical path, without `/`.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/')
        .map(|(at, _)| &path[..at])
        .filter(|path| !path.is_empty())
}

fn is_at_or_below(path: &str, root: &str) -> bool {
    root == "/"
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Denies writing protected names below a writable path.
fn protect_names(text: &mut String, roots: &[String]) {
    let roots: Vec<String> = roots.iter().map(|root| below(root)).collect();
    let spelled = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| in_any_disguise(name)).collect();
        names.join("/")
    };
    let names = || PROTECTED_NAMES.iter().map(|name| name.components);
    let closed = |root: &String| {
        names()
            .map(|names| regex(&format!("{root}{}{HERE_OR_BELOW}", spelled(names))))
            .collect::<Vec<_>>()
    };
    push(text, "deny", "file-write*", roots.iter().flat_map(closed));
    // A directory that was filled elsewhere could be moved here under the first
    // part of a name that has several.
    let firsts: BTreeSet<String> = names()
        .flat_map(|names| (1..names.len()).map(|many| spelled(&names[..many])))
        .collect();
    let closed = |root: &String| {
        let first = |first| regex(&format!("{root}{first}$"));
        firsts.iter().map(first).collect::<Vec<_>>()
    };
    push(text, "deny", NAMING, roots.iter().flat_map(closed));
}

/// The beginning of a regular expression for what is below a path, at any
/// depth.
fn below(path: &str) -> String {
    let path = path.trim_end_matches('/');
    format!("^{}/{DIRECTORIES}", exactly(path))
}
