//! Which programs run a project: its interpreter and our driver for it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Proving;
use super::payloads::Language;

/// Where the watcher puts the driver.
const DRIVER: &str = "/tmp/cofferdam/driver";

const PYTHON: &str = concat!(
    include_str!("drivers/python_hooks.py"),
    include_str!("drivers/python_asked.py"),
    include_str!("drivers/python_routes.py"),
    include_str!("drivers/python_alone.py"),
    include_str!("drivers/python_main.py"),
);

const NODE: &str = concat!(
    include_str!("drivers/node_hooks.js"),
    include_str!("drivers/node_main.js"),
);

/// How a project is run.
#[derive(Debug)]
pub(super) struct Runtime {
    pub language: Language,
    /// Runs the watcher.
    pub watcher: PathBuf,
    /// What the worker is started with.
    pub argv: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub driver: &'static str,
    /// What has to be readable besides the system and the project.
    pub readable: Vec<PathBuf>,
}

/// The runtimes that a project needs; for each that is not there, why.
pub(super) fn runtimes(proving: &Proving) -> Vec<Result<Runtime, String>> {
    let mut found = Vec::new();
    if holds(
        &proving.project,
        "py",
        &["Flask(", "FastAPI(", "DJANGO_SETTINGS_MODULE", "Starlette("],
    ) {
        found.push(python(proving));
    }
    if holds(
        &proving.project,
        "js",
        &["require('express')", "require(\"express\")"],
    ) {
        found.push(node(proving));
    }
    found
}

/// The runtime for the functions of a language.
pub(super) fn of_language(proving: &Proving, language: Language) -> Result<Runtime, String> {
    match language {
        Language::Python => python(proving),
        Language::JavaScript => node(proving),
    }
}

fn python(proving: &Proving) -> Result<Runtime, String> {
    let own = [".venv", "venv", "env"].map(|dir| proving.project.join(dir).join("bin/python"));
    let named = proving.interpreter.clone().into_iter();
    let python = named
        .chain(own)
        .find(|path| is_program(path))
        .or_else(|| search(proving, "python3"))
        .ok_or("no Python interpreter was found; name one with --python")?;
    Ok(Runtime {
        language: Language::Python,
        watcher: python.clone(),
        // Isolated: neither the directory nor the environment adds modules.
        argv: vec![
            text(&python),
            "-I".to_owned(),
            "-B".to_owned(),
            DRIVER.to_owned(),
        ],
        env: BTreeMap::new(),
        driver: PYTHON,
        readable: prefixes(&python),
    })
}

fn node(proving: &Proving) -> Result<Runtime, String> {
    let node = search(proving, "node").ok_or("the program `node` was not found in PATH")?;
    let watcher = search(proving, "python3")
        .ok_or("the program `python3` was not found in PATH: the watcher needs it")?;
    let mut readable = prefixes(&node);
    readable.extend(prefixes(&watcher));
    Ok(Runtime {
        language: Language::JavaScript,
        argv: vec![text(&node), DRIVER.to_owned()],
        watcher,
        // Where Debian's Node looks, too, and another's does not.
        env: [("NODE_PATH".to_owned(), "/usr/share/nodejs".to_owned())].into(),
        driver: NODE,
        readable,
    })
}

fn search(proving: &Proving, name: &str) -> Option<PathBuf> {
    let mut places = proving.search.iter().map(|dir| dir.join(name));
    places.find(|path| is_program(path))
}

/// Where an interpreter's own files are: around the program itself, and around
/// the link that leads to it from a virtual environment.
fn prefixes(program: &Path) -> Vec<PathBuf> {
    let real = program.canonicalize();
    let around = |path: &Path| path.parent()?.parent().map(Path::to_path_buf);
    let mut found: Vec<PathBuf> = [around(program), real.ok().and_then(|real| around(&real))]
        .into_iter()
        .flatten()
        .filter(|prefix| prefix.components().count() > 1)
        .collect();
    found.dedup();
    found
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Whether it is a program rather than a script that looks for one.
fn is_program(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && (start == *b"\x7fELF" || start[..3] == [0xcf, 0xfa, 0xed])
}

/// Whether a project has a file of this kind with one of these words in it.
fn holds(project: &Path, extension: &str, words: &[&str]) -> bool {
    let mut directories = vec![(project.to_path_buf(), 0)];
    let mut looked_at = 0;
    while let Some((directory, depth)) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() && !hidden && name != "node_modules" && name != "venv" && depth < 5 {
                directories.push((path, depth + 1));
            } else if kind.is_file() && path.extension().is_some_and(|is| is == extension) {
                looked_at += 1;
                if looked_at > 20_000 {
                    return false;
                }
                let text = std::fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&text[..text.len().min(1 << 19)]);
                if words.iter().any(|word| text.contains(word)) {
                    return true;
                }
            }
        }
    }
    false
}
