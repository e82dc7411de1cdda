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

use crate::places::{Surroundings, directory, dirs, settled};
use crate::source::Source;
use crate::{ConfigError, Options, Project, file};

pub use book::{ListedRule, RuleBook, RuleFile, RuleKind};
pub use day::Day;
pub use remember::{
    Answer, Remember, RememberHost, Remembered, Scope, Unremembered, forget, remember,
    remember_host,
};
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
    for (layer, path) in places(sought, &mut book.notices)? {
        book.files.extend(read_one(layer, &path, sought.today)?);
    }
    Ok(book)
}

/// A file of rules by itself.
#[derive(Debug)]
pub struct Tested {
    /// The file.
    pub path: PathBuf,
    /// The layer.
    pub layer: Layer,
    /// What it says, or what is wrong with it.
    pub result: Result<RuleFile, ConfigError>,
}

/// Reads every file of rules by itself, those of a project that is not trusted
/// included, and tries its examples. One that is wrong hides no other.
pub fn test(options: &Options, surroundings: &Surroundings) -> Result<Vec<Tested>, ConfigError> {
    let cwd = directory(&options.cd)?;
    let dirs = dirs(surroundings)?;
    let project = Project::around(&cwd);
    let sought = Sought {
        system: &surroundings.system_dir,
        config: &dirs.config,
        project: project.top(&cwd),
        directories: project.directories(&cwd),
        trusted: true,
        files: &options.rules,
        today: Day::today(),
    };
    let all = places(&sought, &mut Vec::new())?;
    let tested = all.into_iter().filter_map(|(layer, path)| {
        let result = read_one(layer, &path, sought.today).transpose()?;
        Some(Tested {
            path,
            layer,
            result,
        })
    });
    Ok(tested.collect())
}

/// Reads one file, as one that the command line names.
pub fn read_file(path: &Path, today: Day) -> Result<RuleFile, ConfigError> {
    let file = read_one(Layer::CommandLine, path, today)?;
    file.ok_or_else(|| missing(path))
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

/// Every file that is there, the weakest layer's first.
fn places(
    sought: &Sought<'_>,
    notices: &mut Vec<String>,
) -> Result<Vec<(Layer, PathBuf)>, ConfigError> {
    let mut found = Vec::new();
    let mut add = |layer, files: Vec<PathBuf>| {
        found.extend(files.into_iter().map(|file| (layer, file)));
    };
    let user = sought.config.join("rules");
    add(Layer::System, in_directory(&sought.system.join("rules"))?);
    add(Layer::User, in_directory(&user)?);
    add(
        Layer::User,
        vec![remember::file_of(sought.config, sought.project)],
    );
    for directory in &sought.directories {
        let rules = directory.join(".cofferdam/rules");
        let files = in_directory(&rules)?;
        // The user's own, where they happen to lie here, are read already.
        if files.is_empty() || settled(&rules) == settled(&user) {
            continue;
        }
        if sought.trusted {
            add(Layer::Project, files);
        } else {
            notices.push(format!(
                "the rules in {} are not followed, because the project is not trusted",
                rules.display()
            ));
        }
    }
    for path in sought.files {
        if !file::is_there(path) {
            return Err(missing(path));
        }
        add(Layer::CommandLine, vec![path.clone()]);
    }
    Ok(found)
}

fn missing(path: &Path) -> ConfigError {
    ConfigError::Flags(format!("there is no file {}", path.display()))
}

fn read_one(layer: Layer, path: &Path, today: Day) -> Result<Option<RuleFile>, ConfigError> {
    match file::read(layer, path)? {
        Some(source) => read::read(&source, today).map(Some),
        None => Ok(None),
    }
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
