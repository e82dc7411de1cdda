//! `.rules` files: finds them beside each layer, reads them, and remembers
//! answers in them.
//!
//! A file that is wrong stops the start, and so does an example in it that
//! does not hold: a rule that is not there forbids nothing.

mod book;
mod day;
mod examples;
mod read;
mod remember;
mod starlark;
mod too_broad;

use std::path::{Path, PathBuf};

use dam_policy::Layer;

use crate::places::settled;
use crate::source::Source;
use crate::{ConfigError, file};

pub use book::{ListedRule, RuleBook, RuleFile, RuleKind};
pub use day::Day;
pub use remember::{Answer, Remember, Remembered, Scope, Unremembered, forget, remember};
pub use too_broad::too_broad;

/// No file of rules is larger, in bytes.
const LARGEST: usize = 256 << 10;

/// No layer has more files of rules.
const MOST_FILES: usize = 200;

/// Where rules are looked for.
#[derive(Clone, Debug)]
pub struct Sought<'a> {
    /// `/etc/cofferdam`.
    pub system: &'a Path,
    /// Where the user's `config.toml` is.
    pub config: &'a Path,
    /// The root of the project, for what was remembered for it.
    pub project: &'a Path,
    /// The directories of the project whose `.cofferdam` counts, or would.
    pub directories: Vec<&'a Path>,
    /// Whether the user trusts the project.
    pub trusted: bool,
    /// Each `--rules`, absolute.
    pub files: &'a [PathBuf],
    /// The day on which they are to count.
    pub today: Day,
}

/// Finds and reads all rules, the weakest layer's first.
pub fn find(sought: &Sought<'_>) -> Result<RuleBook, ConfigError> {
    let mut book = RuleBook::default();
    let user = sought.config.join("rules");
    add_directory(
        &mut book,
        Layer::System,
        &sought.system.join("rules"),
        sought.today,
    )?;
    add_directory(&mut book, Layer::User, &user, sought.today)?;
    let remembered = remember::file_of(sought.config, sought.project);
    add_file(&mut book, Layer::User, &remembered, sought.today)?;
    for directory in &sought.directories {
        let rules = directory.join(".cofferdam/rules");
        // The user's own, where they happen to lie here, are read already.
        if settled(&rules) == settled(&user) {
            continue;
        }
        if sought.trusted {
            add_directory(&mut book, Layer::Project, &rules, sought.today)?;
        } else if !in_directory(&rules)?.is_empty() {
            book.notices.push(format!(
                "the rules in {} are not followed, because the project is not trusted",
                rules.display()
            ));
        }
    }
    for path in sought.files {
        if !file::is_there(path) {
            return Err(ConfigError::Flags(format!(
                "there is no file {}",
                path.display()
            )));
        }
        add_file(&mut book, Layer::CommandLine, path, sought.today)?;
    }
    Ok(book)
}

/// Reads one file, as one that the command line names.
pub fn read_file(path: &Path, today: Day) -> Result<RuleBook, ConfigError> {
    let mut book = RuleBook::default();
    if !file::is_there(path) {
        return Err(ConfigError::Flags(format!(
            "there is no file {}",
            path.display()
        )));
    }
    add_file(&mut book, Layer::CommandLine, path, today)?;
    Ok(book)
}

/// Reads a text as if it were in a file: for whoever has one that is in none.
pub fn read_text(path: &Path, text: &str, today: Day) -> Result<RuleFile, ConfigError> {
    let source = Source {
        layer: Layer::CommandLine,
        file: Some(path.to_owned()),
        text: text.to_owned(),
    };
    read::read(&source, today)
}

fn add_directory(
    book: &mut RuleBook,
    layer: Layer,
    directory: &Path,
    today: Day,
) -> Result<(), ConfigError> {
    for path in in_directory(directory)? {
        add_file(book, layer, &path, today)?;
    }
    Ok(())
}

fn add_file(book: &mut RuleBook, layer: Layer, path: &Path, today: Day) -> Result<(), ConfigError> {
    if let Some(source) = file::read(layer, path)? {
        book.files.push(read::read(&source, today)?);
    }
    Ok(())
}

/// The files of rules in a directory, by name.
fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable {
        path: directory.to_owned(),
        error,
    };
    if !file::is_there(directory) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "rules") {
            found.push(path);
        }
    }
    if found.len() > MOST_FILES {
        let text = format!("there are more than {MOST_FILES} files of rules");
        return Err(unreadable(std::io::Error::other(text)));
    }
    found.sort();
    Ok(found)
}
