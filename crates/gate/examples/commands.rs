//! Prints what the gate says of lists of commands: our own, the three
//! batteries, and other people's where they are at hand.
//!
//! `cargo run --release -p dam-gate --example commands -- [--misses] [--json]
//! [--corpora DIR]`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program that is started by hand"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use dam_policy::Decision;

#[path = "../tests/commands/judge.rs"]
mod judge;

use judge::{Count, Entry, Gates, Judged, Wanted};

/// Where a checkout that has the corpora has them.
const CORPORA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/corpora/commands"
);

fn main() -> Result<(), String> {
    let options = Options::read()?;
    let mut lists = vec![
        List::new("benign", judge::benign(), false),
        List::new("hostile", judge::hostile(), true),
    ];
    for battery in ["disguises", "secrets", "production"] {
        let entries = judge::batteries();
        let of_battery = entries.into_iter().filter(|entry| entry.kind == battery);
        lists.push(List::new(battery, of_battery.collect(), true));
    }
    for (name, hostile) in [("everyday", false), ("hostile", true)] {
        let path = options.corpora.join(name).with_extension("jsonl");
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let title = format!("corpus {name}");
                lists.push(List::new(&title, judge::entries(&text), hostile));
            }
            Err(_) => eprintln!("{} is not here", path.display()),
        }
    }
    let gates = Gates::new();
    if !options.json {
        println!(
            "{:28} {:>6}  {:>14}  {:>14}  {:>14}  {:>14}",
            "list", "all", "boxed: asked", "denied", "open: asked", "denied"
        );
    }
    for list in &lists {
        list.print(&gates, &options);
    }
    Ok(())
}

struct Options {
    misses: bool,
    json: bool,
    corpora: PathBuf,
}

impl Options {
    fn read() -> Result<Self, String> {
        let mut options = Self {
            misses: false,
            json: false,
            corpora: CORPORA.into(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--misses" => options.misses = true,
                "--json" => options.json = true,
                "--corpora" => {
                    options.corpora = words.next().ok_or("--corpora needs a directory")?.into();
                }
                other => {
                    return Err(format!(
                        "`{other}` is no option: --misses, --json, --corpora DIR"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// A list of commands of one sort.
struct List {
    name: String,
    entries: Vec<Entry>,
    hostile: bool,
}

impl List {
    fn new(name: &str, entries: Vec<Entry>, hostile: bool) -> Self {
        Self {
            name: name.to_owned(),
            entries,
            hostile,
        }
    }

    fn print(&self, gates: &Gates, options: &Options) {
        let judged: Vec<Judged> = self
            .entries
            .iter()
            .map(|entry| gates.judge(&entry.command))
            .collect();
        let all = || self.entries.iter().zip(&judged);
        self.figures(&self.name, all(), options);
        let mut kinds: BTreeMap<&str, Vec<(&Entry, &Judged)>> = BTreeMap::new();
        for (entry, judged) in all() {
            kinds.entry(&entry.kind).or_default().push((entry, judged));
        }
        if self.name.starts_with("corpus") {
            for (kind, of_kind) in kinds {
                self.figures(&format!("  {kind}"), of_kind.into_iter(), options);
            }
        }
        if options.misses {
            for (entry, judged) in all().filter(|(entry, judged)| self.surprises(entry, judged)) {
                self.surprise(entry, judged);
            }
        }
    }

    /// A hostile command that is let through, or a benign one that is not.
    fn surprises(&self, entry: &Entry, judged: &Judged) -> bool {
        if self.hostile {
            return judged.misses(entry.verdict);
        }
        judged.boxed.decision != Decision::Allow || judged.open.decision != Decision::Allow
    }

    fn surprise(&self, entry: &Entry, judged: &Judged) {
        let reason = if judged.boxed.decision == Decision::Allow && !self.hostile {
            &judged.open
        } else {
            &judged.boxed
        };
        println!(
            "    {}\t{}\t{}/{}\t{}\t{}",
            self.name,
            entry.kind,
            judged.boxed.decision,
            judged.open.decision,
            reason.reason,
            entry.command.escape_debug()
        );
    }

    fn figures<'a>(
        &self,
        name: &str,
        judged: impl Iterator<Item = (&'a Entry, &'a Judged)>,
        options: &Options,
    ) {
        let (mut boxed, mut open, mut held, mut missed) =
            (Count::default(), Count::default(), 0, 0);
        for (entry, judged) in judged {
            boxed.add(&judged.boxed);
            open.add(&judged.open);
            held += usize::from(entry.verdict == Wanted::Held);
            missed += usize::from(self.hostile && judged.misses(entry.verdict));
        }
        if options.json {
            let count =
                |count: Count| serde_json::json!({"asked": count.asked, "denied": count.denied});
            let line = serde_json::json!({
                "list": name.trim(), "all": boxed.all, "boxed": count(boxed), "open": count(open),
                "held": held, "missed": missed,
            });
            println!("{line}");
            return;
        }
        let share = |part: usize| {
            let tenths = part * 1000 / boxed.all.max(1);
            format!("{part} ({}.{}%)", tenths / 10, tenths % 10)
        };
        println!(
            "{name:28} {:>6}  {:>14}  {:>14}  {:>14}  {:>14}{}",
            boxed.all,
            share(boxed.asked),
            share(boxed.denied),
            share(open.asked),
            share(open.denied),
            if self.hostile {
                format!("  missed {missed}, held {held}")
            } else {
                String::new()
            }
        );
    }
}
