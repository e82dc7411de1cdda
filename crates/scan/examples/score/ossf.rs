//! The OSSF CVE benchmark: weaknesses of JavaScript and TypeScript projects by
//! file and line, with the commit before the fix and the one after it.
//!
//! A weakness is found where a finding of its class is at most three lines
//! away before the fix. It counts where none is left there after it, as a
//! scan of the difference would see it. Every first of two, by the sorted
//! identifiers, was tuned on; the others are only counted, with `--held-out`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dam_scan::{Entry, Finding};
use serde_json::Value;

use super::{Options, findings_in};

const NEAR: u32 = 3;
const ENDINGS: &[&str] = &[
    ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".html", ".vue",
];
const MAX_FILE: usize = 1 << 20;

type Fault = Box<dyn std::error::Error>;
/// Paths and bytes.
type Files = Vec<(String, Vec<u8>)>;

/// What is known of one weakness's commits.
#[derive(Clone, Copy, Default)]
struct Counts {
    rebuilt: usize,
    found: usize,
    gone: usize,
    before: usize,
    after: usize,
    /// Findings after the fix that are at least of tier B, in no test.
    after_sure: usize,
}

/// Scores the weaknesses of which both commits are below `--repositories`.
pub fn score(root: &Path, options: &Options) -> Result<(), Fault> {
    let repositories = options
        .repositories
        .as_deref()
        .ok_or("--repositories says where the projects' git directories are")?;
    let mut labels: Vec<PathBuf> = std::fs::read_dir(root.join("CVEs"))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    labels.sort();
    let mut all = Counts::default();
    for (number, label) in labels.iter().enumerate() {
        if (number % 2 == 1) != options.held_out {
            continue;
        }
        let truth: Value = serde_json::from_str(&std::fs::read_to_string(label)?)?;
        let name = truth["CVE"].as_str().unwrap_or_default().to_owned();
        if options
            .only
            .as_deref()
            .is_some_and(|only| !name.contains(only))
        {
            continue;
        }
        let Some(git) = git_of(Path::new(repositories), &truth) else {
            continue;
        };
        let Some(counts) = weakness(&git, &truth, &name, options) else {
            continue;
        };
        all.rebuilt += 1;
        all.found += counts.found;
        all.gone += counts.gone;
        all.before += counts.before;
        all.after += counts.after;
        all.after_sure += counts.after_sure;
    }
    println!(
        "{} weaknesses rebuilt: {} found at line and class, {} of them gone after the fix",
        all.rebuilt, all.found, all.gone
    );
    println!(
        "findings in all files but tests: {} before and {} after the fixes, of these {} at least B",
        all.before, all.after, all.after_sure
    );
    Ok(())
}

fn git_of(repositories: &Path, truth: &Value) -> Option<PathBuf> {
    let address = truth["repository"].as_str()?;
    let name = address
        .strip_prefix("https://github.com/")?
        .trim_end_matches(".git")
        .replace('/', "+");
    ["repo", "repo/.git", ".git"]
        .iter()
        .map(|inner| repositories.join(&name).join(inner))
        .find(|path| path.join("HEAD").is_file())
}

fn weakness(git: &Path, truth: &Value, name: &str, options: &Options) -> Option<Counts> {
    let commit = |when: &str| truth[when]["commit"].as_str().map(str::to_owned);
    let old_files = files_at(git, &commit("prePatch")?)?;
    let new_files = files_at(git, &commit("postPatch")?)?;
    let texts = |files: &Files, path: &str| {
        let found = files.iter().find(|(name, _)| name == path);
        found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
    };
    let labels: Vec<(String, u32)> = truth["prePatch"]["weaknesses"]
        .as_array()?
        .iter()
        .filter_map(|each| {
            let place = &each["location"];
            let line = u32::try_from(place["line"].as_u64()?).ok()?;
            Some((place["file"].as_str()?.to_owned(), line))
        })
        .collect();
    let shifts: Vec<Shift> = labels
        .iter()
        .map(|(path, _)| {
            let old = texts(&old_files, path).unwrap_or_default();
            Shift::between(&old, &texts(&new_files, path).unwrap_or_default())
        })
        .collect();
    let old = no_tests(findings_in(entries(old_files), options));
    let new = no_tests(findings_in(entries(new_files), options));
    let classes = classes(truth);
    let is_of_class = |finding: &Finding| finding.cwe.iter().any(|cwe| classes.contains(cwe));
    let mut counts = Counts {
        before: old.len(),
        after: new.len(),
        after_sure: new
            .iter()
            .filter(|finding| finding.confidence >= dam_scan::Confidence::B)
            .count(),
        ..Counts::default()
    };
    let near = |finding: &Finding, path: &str, from: u32, to: u32| {
        finding.path == path && finding.line + NEAR >= from && finding.line <= to + NEAR
    };
    let mut said = "missed";
    for ((path, line), shift) in labels.iter().zip(&shifts) {
        let hit = old
            .iter()
            .find(|finding| is_of_class(finding) && near(finding, path, *line, *line));
        let Some(hit) = hit else { continue };
        let (from, to) = shift.place(hit.line);
        let stays = new
            .iter()
            .any(|finding| is_of_class(finding) && near(finding, path, from, to));
        counts.found = 1;
        if stays {
            said = if said == "right" { said } else { "stays" };
        } else {
            said = "right";
            counts.gone = 1;
        }
    }
    if !options.held_out {
        println!(
            "{said:<7} {name:<17} {:>3} findings before, {:>3} after, {:>3} at least B  {}",
            counts.before,
            counts.after,
            counts.after_sure,
            truth["prePatch"]["weaknesses"][0]["explanation"]
                .as_str()
                .unwrap_or_default()
        );
        if options.misses {
            for finding in &old {
                println!(
                    "        {} {} {}:{} {}",
                    finding.confidence, finding.rule, finding.path, finding.line, finding.message
                );
            }
        }
    }
    Some(counts)
}

fn entries(files: Files) -> Vec<Entry> {
    let made = files.into_iter();
    made.map(|(path, bytes)| Entry::of_bytes(path, bytes))
        .collect()
}

fn no_tests(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| {
        !finding.path.split('/').any(|part| {
            let part = part.to_ascii_lowercase();
            ["test", "spec", "bench", "example", "fixture", "demo"]
                .iter()
                .any(|word| part.contains(word))
        })
    });
    findings
}

/// The numbers of a weakness's class. The benchmark lists what its first tool
/// tagged: of several, the one that names the class counts.
fn classes(truth: &Value) -> BTreeSet<u16> {
    let listed: BTreeSet<u16> = truth["CWEs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|each| each.as_str()?.strip_prefix("CWE-")?.parse().ok())
        .collect();
    if listed.contains(&915) {
        return BTreeSet::from([915, 1321]);
    }
    if listed.contains(&94) {
        return BTreeSet::from([94, 95]);
    }
    let mut all = listed;
    if all.contains(&730) || all.contains(&400) {
        all.insert(1333);
    }
    all
}

/// Every script of a commit.
fn files_at(git: &Path, commit: &str) -> Option<Files> {
    let listed = run(git, &["ls-tree", "-r", "--long", commit], "")?;
    let mut wanted = Vec::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let (head, path) = line.split_once('\t')?;
        let parts: Vec<&str> = head.split_whitespace().collect();
        let (Some(id), Some(size)) = (parts.get(2), parts.get(3)) else {
            continue;
        };
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_script = ENDINGS.iter().any(|ending| file.ends_with(ending)) || !file.contains('.');
        if is_script && size.parse::<usize>().is_ok_and(|size| size <= MAX_FILE) {
            wanted.push(((*id).to_owned(), path.to_owned()));
        }
    }
    let ids: String = wanted.iter().map(|(id, _)| format!("{id}\n")).collect();
    let blobs = run(git, &["cat-file", "--batch"], &ids)?;
    let mut rest = blobs.as_slice();
    let mut files = Vec::new();
    for (_, path) in wanted {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        files.push((path, rest[end + 1..=end + size].to_vec()));
        rest = &rest[end + size + 2..];
    }
    Some(files)
}

fn run(git: &Path, arguments: &[&str], input: &str) -> Option<Vec<u8>> {
    let mut child = Command::new("git")
        .args(["-c", "safe.directory=*", "--git-dir"])
        .arg(git)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut pipe = child.stdin.take()?;
    let input = input.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    output.status.success().then_some(output.stdout)
}

/// Where lines of a file went: what is the same before and after a change.
struct Shift {
    same_before: u32,
    old_end: u32,
    new_end: u32,
}

impl Shift {
    fn between(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let left = old.len().min(new.len()) - before;
        let after = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take(left)
            .take_while(|(a, b)| a == b)
            .count();
        let line = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            same_before: line(before),
            old_end: line(old.len() - after),
            new_end: line(new.len() - after),
        }
    }

    /// The lines that an old line may have become.
    fn place(&self, line: u32) -> (u32, u32) {
        if line <= self.same_before {
            (line, line)
        } else if line > self.old_end {
            let moved = line - self.old_end + self.new_end;
            (moved, moved)
        } else {
            (self.same_before + 1, self.new_end.max(self.same_before + 1))
        }
    }
}
