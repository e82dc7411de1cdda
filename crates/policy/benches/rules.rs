//! What one question to the file rules costs, by how many rules there are.
//!
//! `cargo bench -p dam-policy` prints the best of several rounds. Nothing is
//! judged: machines differ.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dam_policy::{
    Access, BadGlob, DenyGlob, FileRule, FileRules, Origin, Places, Profile, Rule, SandboxMode,
};

const WORKSPACE: &str = "/home/alice/work/thing";
const PATTERNS: [&str; 4] = ["**/*.env", "**/.env.*.local", "**/*.pem", "**/secrets/**"];
const FILES: u32 = 20_000;
const ROUNDS: u32 = 20;

fn main() -> Result<(), BadGlob> {
    let globs: Vec<DenyGlob> = PATTERNS
        .iter()
        .map(|pattern| {
            Ok(DenyGlob {
                base: WORKSPACE.into(),
                glob: pattern.parse()?,
                origin: Origin::BUILTIN,
            })
        })
        .collect::<Result<_, BadGlob>>()?;
    for more in [0, 1000] {
        let files = FileRules::new(rules(more), true);
        measure(&files);
        measure(&files.denying(globs.clone()));
    }
    Ok(())
}

/// The rules of the workspace profile, and more besides.
fn rules(more: u32) -> Vec<FileRule> {
    let places = Places {
        workspace_roots: vec![WORKSPACE.into()],
        home: Some("/home/alice".into()),
        ..Places::default()
    };
    let profile = Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places);
    let mut rules: Vec<FileRule> = profile.files.iter().cloned().collect();
    rules.extend((0..more).map(|number| FileRule {
        path: format!("{WORKSPACE}/part{number}/generated").into(),
        access: Access::Read,
        rule: Rule::builtin("files.path"),
        origin: Origin::BUILTIN,
        what: "named by the profile".to_owned(),
    }));
    rules
}

fn measure(files: &FileRules) {
    let name = |number| format!("{WORKSPACE}/target/debug/deps/libserde_json-{number:016x}.rmeta");
    let paths: Vec<PathBuf> = (0..FILES).map(|number| name(number).into()).collect();
    println!(
        "{} rules, {} patterns",
        files.iter().count(),
        files.globs().len()
    );
    let report = |what: &str, best: Duration| {
        println!("  {what:10} {:6} ns", best.as_nanos() / u128::from(FILES));
    };
    report("may_read", best(&paths, |path| files.may_read(path)));
    report("may_write", best(&paths, |path| files.may_write(path)));
    report("write", best(&paths, |path| files.write(path).granted));
}

fn best(paths: &[PathBuf], ask: impl Fn(&Path) -> bool) -> Duration {
    let round = || {
        let start = Instant::now();
        let granted = paths.iter().filter(|path| ask(path)).count();
        std::hint::black_box(granted);
        start.elapsed()
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}
