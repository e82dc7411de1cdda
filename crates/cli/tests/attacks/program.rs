//! The battery behind any launcher: how many of the attempts it holds, and how
//! many everyday acts work in it.
//!
//!     cargo test -p cofferdam --test battery -- --launcher 'bwrap … --'
//!
//! A launcher is a command prefix, split at spaces, with the placeholders
//! `{workspace}`, `{outside}`, `{home}` and `{tmp}`; it is to make `{workspace}`
//! and `{tmp}` writable and nothing else. What goes for a place of Cofferdam's
//! own is left out, and what does not get out where there is no boundary is not
//! counted. Nothing is asserted: without a launcher it does nothing.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program of the tests, which starts processes, dials itself, and may stop at any surprise"
)]
#![expect(
    clippy::struct_excessive_bools,
    clippy::too_many_lines,
    reason = "a catalogue is a long list, and a row says in a word what is special about it"
)]

mod acts;
mod attempt;
mod boundary;
mod parties;
mod rows;
mod scene;
mod traces;
mod trial;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use attempt::{Attempt, During, attempt};
use boundary::{Boundary, Mode, User};
use serde_json::{Value, json};
use trial::Outcome;

const USAGE: &str = "\
usage: cargo test -p cofferdam --test battery -- (--launcher 'PREFIX …' | --cofferdam |
           --without namespaces|landlock) [--user root|UID] [--group NAME]… [--jobs N] [--json FILE]";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Whoever runs all tests asks this one, too, which tests it has.
    if words.is_empty() || words.iter().any(|word| word == "--list") {
        return;
    }
    let Some(order) = Order::parse(&words) else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let report = order.carry_out();
    print!("{}", table(&report));
    if let Some(path) = &order.json {
        let text = serde_json::to_string_pretty(&report).expect("JSON");
        std::fs::write(path, text + "\n").expect("write the report");
    }
}

/// What the command line asks for.
struct Order {
    boundary: Boundary,
    user: User,
    groups: Vec<String>,
    jobs: usize,
    json: Option<PathBuf>,
}

impl Order {
    fn parse(words: &[String]) -> Option<Self> {
        let mut order = Self {
            boundary: Boundary::None,
            user: User::ordinary(),
            groups: Vec::new(),
            jobs: 2,
            json: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--cofferdam" => order.boundary = Boundary::Dam(Mode::WorkspaceWrite),
                "--without" => {
                    let what = match words.next()?.as_str() {
                        "namespaces" => "namespaces",
                        "landlock" => "landlock",
                        _ => return None,
                    };
                    order.boundary = Boundary::Without(Mode::WorkspaceWrite, what);
                }
                "--launcher" => {
                    // The program runs once, with one launcher.
                    let line: &'static str = Box::leak(words.next()?.clone().into_boxed_str());
                    order.boundary = Boundary::Launcher(Mode::WorkspaceWrite, line);
                }
                "--user" => {
                    order.user = match words.next()?.as_str() {
                        "root" => User::root()?,
                        uid => User::switched(uid.parse().ok()?),
                    }
                }
                "--group" => order.groups.push(words.next()?.clone()),
                "--jobs" => order.jobs = words.next()?.parse().ok()?,
                "--json" => order.json = Some(PathBuf::from(words.next()?)),
                _ => return None,
            }
        }
        (order.boundary != Boundary::None).then_some(order)
    }

    fn carry_out(&self) -> Value {
        let usual = self.usual();
        let groups: Vec<(&str, Vec<Attempt>)> = rows::groups()
            .into_iter()
            .filter(|(name, _)| self.groups.is_empty() || self.groups.iter().any(|g| g == name))
            .collect();
        let all: Vec<(&str, &Attempt)> = groups
            .iter()
            .flat_map(|(name, rows)| rows.iter().map(|row| (*name, row)))
            .collect();
        let found: Mutex<BTreeMap<&str, Vec<Value>>> = Mutex::default();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while let Some((group, row)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = self.try_out(row, &usual);
                        progress(next.load(Ordering::Relaxed), all.len());
                        let mut found = found.lock().expect("nobody panicked");
                        found.entry(*group).or_default().push(result);
                    }
                });
            }
        });
        let found = found.into_inner().expect("nobody panicked");
        let acts = if self.groups.is_empty() {
            self.everyday_acts()
        } else {
            json!([])
        };
        json!({
            "launcher": match self.boundary {
                Boundary::Launcher(_, line) => line,
                _ => "cofferdam",
            },
            "user": self.user.name,
            "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
            "usual": usual,
            "groups": found,
            "acts": acts,
        })
    }

    /// What shows where nothing is attempted: traces of the launcher's own. One
    /// that is ended the hard way may leave more, which is no escape either.
    fn usual(&self) -> Vec<String> {
        let nothing = attempt("", "", &["own-pair"]);
        let mut usual = match trial::once(&nothing, &self.user, self.boundary, &[]) {
            Outcome::Escaped(evidence) => evidence,
            Outcome::Held(_) => Vec::new(),
            Outcome::NotTried(why) => panic!("nothing starts behind this launcher: {why}"),
        };
        let ended = attempt("", "", &["wait-for {out}/never"]).during(During::KillLauncher);
        if let Outcome::Escaped(left) = trial::once(&ended, &self.user, self.boundary, &[]) {
            usual.extend(left.into_iter().filter(|text| text.ends_with(" appeared")));
        }
        usual
    }

    fn try_out(&self, row: &Attempt, usual: &[String]) -> Value {
        let foreign = matches!(self.boundary, Boundary::Launcher(..));
        let result = |result: &str, detail: String| json!({"id": row.id, "what": row.what, "result": result, "detail": detail});
        let writing = row.modes.contains(&Mode::WorkspaceWrite);
        if !writing || foreign && row.ours {
            return result("left out", String::new());
        }
        let _alone = row.alone.then(trial::alone);
        let outside = trial::once(row, &self.user, Boundary::None, &[]);
        if !matches!(outside, Outcome::Escaped(_)) {
            let must = trial::must_escape(row, &self.user);
            let word = if must {
                "not proven, although it must be"
            } else {
                "not proven"
            };
            return result(word, outside.text());
        }
        let inside = trial::once(row, &self.user, self.boundary, usual);
        let word = match inside {
            Outcome::Held(_) => "held",
            Outcome::Escaped(_) => "escaped",
            Outcome::NotTried(_) => "not tried",
        };
        result(word, inside.text())
    }

    fn everyday_acts(&self) -> Value {
        let tried = acts::ACTS.iter().filter_map(|act| {
            let (possible, _) = acts::does(act, &self.user, Boundary::None);
            let (worked, said) = possible.then(|| acts::does(act, &self.user, self.boundary))?;
            Some(json!({"what": act.what, "worked": worked, "said": said}))
        });
        Value::Array(tried.collect())
    }
}

/// On a terminal only.
fn progress(done: usize, of: usize) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{} of {of} ", done.min(of));
    }
}

/// Totals by group.
fn table(report: &Value) -> String {
    let mut text = String::from("| class | held | tried |\n|---|---:|---:|\n");
    let count =
        |rows: &[Value], word: &str| rows.iter().filter(|row| row["result"] == word).count();
    let none = Vec::new();
    let (mut held_of_all, mut tried_of_all, mut other) = (0, 0, BTreeMap::new());
    for (name, rows) in report["groups"].as_object().into_iter().flatten() {
        let rows = rows.as_array().unwrap_or(&none);
        let held = count(rows, "held");
        let tried = held + count(rows, "escaped");
        (held_of_all, tried_of_all) = (held_of_all + held, tried_of_all + tried);
        let _ = writeln!(text, "| {name} | {held} | {tried} |");
        for row in rows {
            let word = row["result"].as_str().unwrap_or_default();
            if !matches!(word, "held" | "escaped") {
                *other.entry(word).or_insert(0_usize) += 1;
            }
        }
    }
    let _ = writeln!(text, "| all | {held_of_all} | {tried_of_all} |");
    let acts = report["acts"].as_array().unwrap_or(&none);
    let worked = acts.iter().filter(|act| act["worked"] == true).count();
    let _ = writeln!(
        text,
        "| everyday acts that work | {worked} | {} |",
        acts.len()
    );
    for (word, count) in other {
        let _ = write!(text, "\n{word}: {count}");
    }
    text + "\n"
}
