//! Measures the scanner beside others on corpora with labels.
//!
//! ```sh
//! crates/scan/examples/score/corpora DIR     # lays the corpora out
//! crates/scan/examples/score/peers DIR       # installs the other scanners
//! cargo run --release -p dam-scan --example score -- --all DIR
//! ```
//!
//! `--list DIR` prints what the scan finds in any directory, to be read by
//! somebody. `--json FILE` also writes the table. `--corpus NAME` measures one corpus,
//! ours alone and in detail; with `--misses` it lists what was wrong, with
//! `--only TEXT` that of one category or project, with `--least A|B|C` only
//! with findings that are at least that sure. What is held out (see `sven` and
//! `realvuln`) is not looked at.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it prints figures, and starts the scanners of others"
)]

use std::path::{Path, PathBuf};

use dam_scan::Confidence;
use serde_json::{Value, json};

mod counts;
mod creddata;
mod ossf;
mod owasp;
mod peers;
mod realvuln;
mod sven;
mod tool;

use peers::{Peer, Seeks};
use tool::{Ours, Tool};

/// What is printed beside the figures.
#[derive(Debug, Default)]
pub struct Options {
    /// Whether each category has a line.
    pub details: bool,
    /// Whether what was wrong is listed.
    pub misses: bool,
    /// Only of these.
    pub only: Option<String>,
}

impl Options {
    /// Whether what was wrong there is listed.
    pub fn shows(&self, part: &str) -> bool {
        self.misses && self.only.as_deref().is_none_or(|only| part.contains(only))
    }
}

/// How well a tool did.
#[derive(Debug, Default)]
pub struct Score {
    /// Figures by name; the first is what counts.
    pub figures: Vec<(&'static str, f64)>,
    /// Seconds of processor time.
    pub seconds: f64,
}

type Scorer = fn(&Path, &dyn Tool, &Options) -> Result<Score, String>;

/// A corpus: its directory, what it has labels of, what is asked of us, and
/// what it is scored by.
struct Corpus {
    name: &'static str,
    seeks: Seeks,
    bar: f64,
    score: Scorer,
}

const CORPORA: &[Corpus] = &[
    Corpus {
        name: "owasp-python",
        seeks: Seeks::Flaws(&["python"]),
        bar: 0.75,
        score: owasp::python,
    },
    Corpus {
        name: "owasp-java",
        seeks: Seeks::Flaws(&["java"]),
        bar: 0.5,
        score: owasp::java,
    },
    Corpus {
        name: "sven",
        seeks: Seeks::Flaws(&["python"]),
        bar: 0.6,
        score: sven::score,
    },
    Corpus {
        name: "realvuln",
        seeks: Seeks::Flaws(&["python"]),
        bar: 0.45,
        score: realvuln::score,
    },
    Corpus {
        name: "ossf",
        seeks: Seeks::Flaws(&["javascript"]),
        bar: 0.43,
        score: ossf::tuned,
    },
    Corpus {
        name: "ossf-held-out",
        seeks: Seeks::Flaws(&["javascript"]),
        bar: 0.43,
        score: ossf::held_out,
    },
    Corpus {
        name: "creddata",
        seeks: Seeks::Secrets,
        bar: 0.7,
        score: creddata::score,
    },
];

const USAGE: &str = "usage: score --all DIR [--json FILE] [--corpus NAME]
       score --corpus NAME DIR [--misses] [--only TEXT] [--least A|B|C]
       score --list DIR [--least A|B|C]
DIR has the corpora, as `crates/scan/examples/score/corpora DIR` lays them out,
and in DIR/peers what `crates/scan/examples/score/peers DIR` installs.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options::default();
    let (mut directory, mut json_file, mut only_corpus) = (None, None, None);
    let (mut all, mut listed, mut least) = (false, None, Confidence::C);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => all = true,
            "--list" => listed = arguments.next().map(PathBuf::from),
            "--json" => json_file = arguments.next(),
            "--corpus" => only_corpus = arguments.next(),
            "--misses" => options.misses = true,
            "--only" => options.only = arguments.next(),
            "--least" => {
                least = match arguments.next().as_deref() {
                    Some("A") => Confidence::A,
                    Some("B") => Confidence::B,
                    _ => Confidence::C,
                }
            }
            other => directory = Some(PathBuf::from(other)),
        }
    }
    if let Some(tree) = listed {
        return list(&tree, least);
    }
    let directory = directory.ok_or(USAGE)?;
    let wanted = |corpus: &&Corpus| {
        only_corpus
            .as_deref()
            .is_none_or(|name| name == corpus.name)
    };
    let corpora: Vec<&Corpus> = CORPORA.iter().filter(wanted).collect();
    if corpora.is_empty() || (!all && only_corpus.is_none()) {
        return Err(USAGE.into());
    }
    if all {
        let table = compare(&corpora, &directory);
        if let Some(file) = json_file {
            std::fs::write(file, format!("{table:#}\n"))?;
        }
        return Ok(());
    }
    options.details = true;
    for corpus in corpora {
        let ours = ours(corpus, least);
        let score = (corpus.score)(&directory.join(corpus.name), &ours, &options)?;
        println!("{}", row(&ours.name(), "", &score));
    }
    Ok(())
}

fn list(tree: &Path, least: Confidence) -> Result<(), Box<dyn std::error::Error>> {
    let secrets_alone = false;
    for each in (Ours {
        least,
        secrets_alone,
    })
    .look(tree, "any")?
    .found
    {
        println!("{}:{} {}", each.path, each.line, each.what);
    }
    Ok(())
}

/// Which of our findings count: a corpus of secrets says nothing of the rest.
fn ours(corpus: &Corpus, least: Confidence) -> Ours {
    Ours {
        least,
        secrets_alone: corpus.seeks == Seeks::Secrets,
    }
}

/// Prints every tool's figures on every corpus, and gives them as JSON.
fn compare(corpora: &[&Corpus], directory: &Path) -> Value {
    let peers = peers::peers(&directory.join("peers"));
    for peer in peers.iter().filter(|peer| !peer.is_installed()) {
        println!(
            "{}: not installed; crates/scan/examples/score/peers {}",
            peer.name(),
            directory.display()
        );
    }
    let mut rows = Vec::new();
    for corpus in corpora {
        let root = directory.join(corpus.name);
        println!("\n{}, at least {} asked of us", corpus.name, corpus.bar);
        if !root.is_dir() {
            println!(
                "  not laid out; crates/scan/examples/score/corpora {}",
                directory.display()
            );
            continue;
        }
        let mut tools: Vec<Box<dyn Tool>> = Vec::new();
        for least in [Confidence::C, Confidence::B, Confidence::A] {
            tools.push(Box::new(ours(corpus, least)));
        }
        let fit = |peer: &Peer| peer.is_installed() && peer.seeks.covers(corpus.seeks);
        tools.extend(
            peers::peers(&directory.join("peers"))
                .into_iter()
                .filter(fit)
                .map(|peer| -> Box<dyn Tool> { Box::new(peer) }),
        );
        for tool in tools {
            match (corpus.score)(&root, tool.as_ref(), &Options::default()) {
                Ok(score) => {
                    println!("  {}", row(&tool.name(), &tool.version(), &score));
                    let figures: serde_json::Map<String, Value> = score
                        .figures
                        .iter()
                        .map(|(name, figure)| ((*name).to_owned(), json!(figure)))
                        .collect();
                    rows.push(json!({
                        "corpus": corpus.name, "bar": corpus.bar, "tool": tool.name(),
                        "version": tool.version(), "figures": figures, "cpu_seconds": score.seconds,
                    }));
                }
                Err(error) => println!("  {:<17} failed: {error}", tool.name()),
            }
        }
    }
    Value::Array(rows)
}

fn row(name: &str, version: &str, score: &Score) -> String {
    let figures: Vec<String> = score
        .figures
        .iter()
        .map(|(name, figure)| format!("{name} {figure:.3}"))
        .collect();
    format!(
        "{name:<17} {version:<8} {}  ({:.1} s of CPU)",
        figures.join("  "),
        score.seconds
    )
}
