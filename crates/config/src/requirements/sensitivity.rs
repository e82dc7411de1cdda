//! `[sensitivity]`: classes of repositories, in requirements and in a user's
//! own settings.

use std::collections::BTreeSet;

use dam_policy::{CLASSES, Floor, NetworkFloor, Repositories, Sensitivity};

use super::homes::Homes;
use super::parts::{self, FLOOR};
use super::table::{Table, list};
use crate::ConfigError;
use crate::error::Problem;
use crate::source::nearest;
use crate::value::Written;

type Result<T> = std::result::Result<T, ConfigError>;

/// Reads the table. What an administrator says must name the class of unknown
/// repositories.
pub(crate) fn read(written: Written<'_>, homes: &Homes, is_required: bool) -> Result<Sensitivity> {
    let table = Table::of(written, &["classes", "unknown", "floors", "repositories"])?;
    let own = table.read("classes", classes)?;
    let classes = own.unwrap_or_else(|| CLASSES.map(str::to_owned).to_vec());
    let unknown = table.read("unknown", |written| class(written, &classes))?;
    if is_required && unknown.is_none() {
        return Err(table.lacks("unknown", written));
    }
    let floors = table.read("floors", |written| {
        Table::any(written)?.each(|name, written| {
            known(written, name, &classes)?;
            Ok((name.to_owned(), floor(written, homes)?))
        })
    })?;
    let repositories = table.read("repositories", |written| {
        let all = list(written, "a list of tables")?.into_iter();
        all.map(|written| repositories(written, &classes, homes))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(Sensitivity {
        unknown,
        repositories: repositories.unwrap_or_default(),
        floors: floors.unwrap_or_default(),
        classes,
    })
}

fn classes(written: Written<'_>) -> Result<Vec<String>> {
    let names = written.texts()?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    if names.is_empty() || distinct.len() < names.len() {
        return Err(written.wrong(format!(
            "`{}` names each class once, the mildest first",
            written.key
        )));
    }
    Ok(names)
}

fn class(written: Written<'_>, classes: &[String]) -> Result<String> {
    let name = written.filled()?;
    known(written, name, classes)?;
    Ok(name.to_owned())
}

fn known(written: Written<'_>, name: &str, classes: &[String]) -> Result<()> {
    if classes.iter().any(|class| class == name) {
        return Ok(());
    }
    let problem = Problem::new(format!("`{name}` is not a class"));
    let names = || classes.iter().map(String::as_str);
    Err(written.wrong(match nearest(name, names()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("classes: {}", classes.join(", "))),
    }))
}

fn floor(written: Written<'_>, homes: &Homes) -> Result<Floor> {
    const KEYS: &[&str] = &[
        FLOOR[0],
        FLOOR[1],
        FLOOR[2],
        FLOOR[3],
        "deny_read",
        "network",
    ];
    let table = Table::of(written, KEYS)?;
    let denied = table.read("deny_read", |written| parts::deny_read(written, homes))?;
    let off = table.read("network", |written| {
        if written.switch()? {
            let text = "a class can only take the network away";
            return Err(written.wrong(Problem::new(text).hint("say `false`, or leave it out")));
        }
        Ok(parts::origin(written))
    })?;
    Ok(Floor {
        deny_read: denied.unwrap_or_default(),
        network: NetworkFloor {
            off,
            ..NetworkFloor::default()
        },
        ..parts::floor(table)?
    })
}

fn repositories(written: Written<'_>, classes: &[String], homes: &Homes) -> Result<Repositories> {
    let table = Table::of(written, &["class", "remotes", "paths"])?;
    let name = table.read("class", |written| class(written, classes))?;
    let remotes = table.read("remotes", |written| {
        let entries = written.entries()?.into_iter();
        entries.map(|(entry, text)| remote(entry, text)).collect()
    })?;
    let paths = table.read("paths", |written| {
        let mut paths = Vec::new();
        for (entry, text) in written.entries()? {
            let (bases, glob) = parts::bases(entry, text, homes)?;
            paths.extend(bases.into_iter().map(|base| (base, glob.clone())));
        }
        Ok(paths)
    })?;
    let remotes: Vec<String> = remotes.unwrap_or_default();
    let paths = paths.unwrap_or_default();
    if remotes.is_empty() && paths.is_empty() {
        let text = "no repository is named: neither `remotes` nor `paths` says anything";
        return Err(written.wrong(text));
    }
    Ok(Repositories {
        class: name.ok_or_else(|| table.lacks("class", written))?,
        remotes,
        paths,
        origin: parts::origin(written),
    })
}

/// A pattern for addresses as they are compared: `host/path`.
fn remote(entry: Written<'_>, text: &str) -> Result<String> {
    if text.contains("://") || text.contains('@') || !text.contains(['/', '*']) {
        let text = format!("`{text}` is not a pattern for `host/path`");
        let hint = "leave out scheme, user and port: `github.com/acme/*`";
        return Err(entry.wrong(Problem::new(text).hint(hint)));
    }
    Ok(text.trim_end_matches(".git").to_owned())
}
