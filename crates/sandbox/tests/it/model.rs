//! What can be reached inside is what the rules say: random trees, random
//! rules over them, and a real boundary around a prober that tries every path.
//!
//! The prober is this program, started inside. It tells for every path whether
//! it can be read, written, given a neighbour, and listed. The rules are asked
//! the same of the canonical path.
//!
//! How many trees is settable, for a long run by hand: `MODEL_CASES=2000`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use dam_policy::{
    Access, FileRule, FileRules, Origin, Places, Profile, ResolvedProfile, Rule, SandboxMode,
};
use dam_sandbox::{Launch, Stream};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

dam_testkit::tests! {
    what_is_reachable_is_what_the_rules_say
}

/// The word by which this program knows that it is to probe.
pub const PROBE_WORD: &str = "probe";

/// Names that trees are made of: ordinary ones, protected ones in several
/// spellings, beginnings of protected ones, and a credential store's.
const NAMES: &[&str] = &[
    "a",
    "a",
    "b",
    "c d",
    "ü",
    ".git",
    ".GIT",
    ".claude",
    "AGENTS.md",
    ".github",
    "workflows",
    ".ssh",
    "id_ed25519",
];

/// One entry of a tree: where it is, and what.
#[derive(Clone, Debug)]
struct Entry {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    File,
    Directory,
    Symlink(PathBuf),
    /// Another name of what is at this path, if that is a file.
    HardLink(PathBuf),
}

#[derive(Clone, Debug)]
struct Case {
    entries: Vec<Entry>,
    rules: Vec<(PathBuf, Access)>,
    protect_names: bool,
}

/// What can be done with a path.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers")]
struct Reach {
    read: bool,
    write: bool,
    /// A neighbour of a free name beside it can be made and removed.
    neighbour: bool,
    /// A directory of a free name below it can be made and removed.
    below: bool,
}

fn what_is_reachable_is_what_the_rules_say() {
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&case(), |case| {
        let differences = try_out(&case);
        prop_assert!(differences.is_empty(), "{differences:#?}");
        Ok(())
    });
    let said = result.map_err(|error| error.to_string());
    assert_eq!(said, Ok(()));
}

#[expect(clippy::disallowed_methods, reason = "for tests only")]
fn cases() -> u32 {
    let set = std::env::var("MODEL_CASES").ok();
    set.map_or(40, |text| text.parse().expect("a number"))
}

fn path() -> impl Strategy<Value = PathBuf> {
    let name = proptest::sample::select(NAMES);
    proptest::collection::vec(name, 1..5).prop_map(|names| names.into_iter().collect())
}

fn case() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![
        4 => Just(Kind::File),
        3 => Just(Kind::Directory),
        1 => path().prop_map(Kind::Symlink),
        1 => path().prop_map(Kind::HardLink),
    ];
    let entry = (path(), kind).prop_map(|(path, kind)| Entry { path, kind });
    let access = prop_oneof![
        4 => Just(Access::Write),
        3 => Just(Access::Read),
        2 => Just(Access::Deny),
    ];
    // Most rules are on what the tree has, or on a directory around it.
    let place = prop_oneof![
        1 => path().prop_map(Err),
        4 => (any::<Index>(), any::<Index>()).prop_map(Ok),
    ];
    (
        proptest::collection::vec(entry, 1..16),
        proptest::collection::vec((place, access), 0..7),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(entries, places, whole, protect_names)| {
            let on = |place: Result<(Index, Index), PathBuf>| match place {
                Err(path) => path,
                Ok((entry, above)) => {
                    let path = &entry.get(&entries).path;
                    let above = above.index(path.components().count());
                    path.ancestors().nth(above).unwrap_or(path).to_owned()
                }
            };
            let mut rules: Vec<_> = places
                .into_iter()
                .map(|(place, access)| (on(place), access))
                .collect();
            if whole {
                rules.push((PathBuf::new(), Access::Write));
            }
            Case {
                entries,
                rules,
                protect_names,
            }
        })
}

/// Puts up a boundary over the tree and compares; what differs, in words.
fn try_out(case: &Case) -> Vec<String> {
    let dir = tempfile::Builder::new()
        .prefix("dam-")
        .tempdir_in("/var/tmp")
        .expect("a directory");
    let root = dir.path().join("tree");
    fs::create_dir(&root).expect("a root");
    for entry in &case.entries {
        make(&root, entry);
    }
    let rules = rules(&root, case);
    let paths = paths(&root, case);
    let links = links(&root);
    let found = probe(&rules, &paths);
    let compare = |(path, found): (&PathBuf, Reach)| {
        let expected = expected(&rules, &links, path);
        (found != expected).then(|| {
            format!(
                "{}: inside {found:?}, the rules say {expected:?}",
                path.display()
            )
        })
    };
    paths.iter().zip(found).filter_map(compare).collect()
}

/// Makes an entry if nothing is in its way.
fn make(root: &Path, entry: &Entry) {
    let path = root.join(&entry.path);
    let Some(parent) = path.parent() else { return };
    // Through no link: it would be made somewhere else.
    if fs::create_dir_all(parent).is_err() || parent.canonicalize().ok().as_deref() != Some(parent)
    {
        return;
    }
    let _exists_already = match &entry.kind {
        Kind::File => OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"x")),
        Kind::Directory => fs::create_dir(&path),
        Kind::Symlink(to) => symlink(root.join(to), &path),
        Kind::HardLink(to) => {
            let to = root.join(to);
            if to.is_file() && !to.is_symlink() {
                fs::hard_link(to, &path)
            } else {
                Ok(())
            }
        }
    };
}

/// The rules with canonical paths, as they are when settings have been read.
/// What is to be writable must exist: a mount needs something to lie on.
fn rules(root: &Path, case: &Case) -> FileRules {
    let rule = |path: PathBuf, access| FileRule {
        path,
        access,
        rule: Rule::builtin("files.test"),
        origin: Origin::BUILTIN,
        what: "a rule of the test".to_owned(),
    };
    let mut rules = vec![rule(PathBuf::from("/"), Access::Read)];
    for (path, access) in &case.rules {
        let path = root.join(path);
        let path = path.components().collect::<PathBuf>();
        let canonical = path
            .canonicalize()
            .ok()
            .filter(|path| path.starts_with(root));
        match (canonical, access) {
            (Some(path), access) => rules.push(rule(path, *access)),
            // A name that does not exist yet, in a directory that does.
            (None, Access::Read | Access::Deny) => {
                let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
                let parent = parent.filter(|parent| parent.is_dir());
                let free = fs::symlink_metadata(&path).is_err();
                if let (Some(parent), Some(name), true) = (parent, path.file_name(), free) {
                    rules.push(rule(parent.join(name), *access));
                }
            }
            (None, Access::Write) => {}
        }
    }
    FileRules::new(rules, case.protect_names)
}

/// Everything that exists, and what the case names besides.
fn paths(root: &Path, case: &Case) -> Vec<PathBuf> {
    let mut found = BTreeSet::from([root.to_owned()]);
    walk(root, &mut |path, _| {
        found.insert(path.to_owned());
    });
    let named = case.entries.iter().map(|entry| &entry.path);
    found.extend(
        named
            .chain(case.rules.iter().map(|(path, _)| path))
            .map(|path| root.join(path)),
    );
    found.into_iter().collect()
}

/// All names of each file that has more than one.
fn links(root: &Path) -> BTreeMap<u64, Vec<PathBuf>> {
    let mut found: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    walk(root, &mut |path, meta| {
        if meta.is_file() && meta.nlink() > 1 {
            found.entry(meta.ino()).or_default().push(path.to_owned());
        }
    });
    found
}

fn walk(directory: &Path, visit: &mut dyn FnMut(&Path, &fs::Metadata)) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let meta = entry.metadata().expect("an entry");
        visit(&entry.path(), &meta);
        if meta.is_dir() {
            walk(&entry.path(), visit);
        }
    }
}

fn expected(rules: &FileRules, links: &BTreeMap<u64, Vec<PathBuf>>, path: &Path) -> Reach {
    let may_write = |path: &Path| rules.write(path).granted;
    let directory = |path: &Path| resolve(rules, path).filter(|path| path.is_dir());
    let Some(place) = path.parent().and_then(directory) else {
        return Reach::default();
    };
    let neighbour = may_write(&place.join(NEW));
    let none = Reach {
        neighbour,
        ..Reach::default()
    };
    let Some(place) = resolve(rules, path) else {
        return none;
    };
    let Ok(meta) = fs::metadata(&place) else {
        return none;
    };
    let names = links.get(&meta.ino()).filter(|_| meta.is_file());
    Reach {
        read: rules.read(&place).granted,
        // What is written through one name changes under the others, too.
        write: meta.is_file()
            && may_write(&place)
            && names.is_none_or(|names| names.iter().all(|name| may_write(name))),
        neighbour,
        below: meta.is_dir() && may_write(&place.join(NEW)),
    }
}

/// The canonical path of what exists, if each directory on the way is readable
/// or leads to what is.
fn resolve(rules: &FileRules, path: &Path) -> Option<PathBuf> {
    let mut left: Vec<OsString> = parts(path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = left.pop() {
        let next = at.join(&name);
        if !rules.read(&at).granted && !leads_on(rules, &next) {
            return None;
        }
        if fs::symlink_metadata(&next).ok()?.is_symlink() {
            links += 1;
            if links > 40 {
                return None;
            }
            // All links of these trees are absolute.
            left.extend(parts(&fs::read_link(&next).ok()?));
            at = PathBuf::from("/");
        } else {
            at = next;
        }
    }
    Some(at)
}

/// Whether something that is there is granted at a path or below it: through a
/// denied directory there is a way to that.
fn leads_on(rules: &FileRules, path: &Path) -> bool {
    rules.iter().any(|rule| {
        rule.path.starts_with(path) && rules.read(&rule.path).granted && rule.path.exists()
    })
}

/// The names of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let mut names: Vec<OsString> = path
        .components()
        .skip(1)
        .map(|name| name.as_os_str().to_owned())
        .collect();
    names.reverse();
    names
}

/// A name that no tree has.
const NEW: &str = "new-one";

/// Starts this program inside and has it try every path.
fn probe(rules: &FileRules, paths: &[PathBuf]) -> Vec<Reach> {
    let launch = Launch {
        argv: vec!["/proc/self/exe".into(), PROBE_WORD.into()],
        cwd: PathBuf::from("/"),
        env: BTreeMap::new(),
        profile: ResolvedProfile {
            files: rules.clone(),
            ..Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&Places::default())
        },
        stdin: Stream::Pipe,
        stdout: Stream::Pipe,
        stderr: Stream::Inherit,
        asking: None,
        tier: dam_sandbox::Tier::Full,
        transaction: None,
    };
    let mut running = launch.spawn().expect("a prober that runs");
    let mut stdin = running.stdin.take().expect("its input");
    let list: Vec<u8> = paths
        .iter()
        .flat_map(|path| [path.as_os_str().as_bytes(), b"\0"].concat())
        .collect();
    stdin.write_all(&list).expect("a list of paths");
    drop(stdin);
    let mut said = Vec::new();
    let mut stdout = running.stdout.take().expect("its output");
    stdout.read_to_end(&mut said).expect("its answers");
    let outcome = running.wait().expect("an end");
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!(said.len(), paths.len(), "an answer for each path");
    said.into_iter()
        .map(|bits| Reach {
            read: bits & 1 != 0,
            write: bits & 2 != 0,
            neighbour: bits & 4 != 0,
            below: bits & 8 != 0,
        })
        .collect()
}

/// What the prober does, inside: a byte of answers for each path.
pub fn probe_main() {
    let mut list = Vec::new();
    std::io::stdin()
        .read_to_end(&mut list)
        .expect("a list of paths");
    let answers: Vec<u8> = list
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| try_path(&PathBuf::from(OsString::from_vec(path.to_vec()))))
        .collect();
    std::io::stdout().write_all(&answers).expect("answers");
}

fn try_path(path: &Path) -> u8 {
    let is_directory = path.is_dir();
    let read = if is_directory {
        fs::read_dir(path).is_ok()
    } else {
        fs::read(path).is_ok_and(|text| text == b"x")
    };
    let write = !is_directory && OpenOptions::new().append(true).open(path).is_ok();
    let neighbour = path.parent().is_some_and(|parent| {
        let new = parent.join(NEW);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&new)
            .is_ok();
        made && fs::remove_file(&new).is_ok()
    });
    let below = path.join(NEW);
    let below = fs::create_dir(&below).is_ok() && fs::remove_dir(&below).is_ok();
    [read, write, neighbour, below]
        .iter()
        .enumerate()
        .map(|(bit, yes)| u8::from(*yes) << bit)
        .sum()
}
