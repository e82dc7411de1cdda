//! The attempts of `dam doctor --attack`, by what they go for, and the few
//! acts that they are made of.
//!
//! An attempt only acts. Whether it got out is judged on the other side, by
//! what has changed there.

mod credentials;
mod environment;
mod files;
mod kernel;
mod links;
mod names;
mod namespaces;
mod processes;
mod sockets;
mod terminal;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use dam_policy::Property;
use rustix::fs::OFlags;

use super::attacker::Target;

/// One attempt to get out.
pub struct Attempt {
    /// Its name, which never changes its meaning.
    pub name: &'static str,
    /// What it does, for people.
    pub what: &'static str,
    /// The act itself.
    pub act: Act,
    /// Whether a process on the host is to be its victim.
    pub victim: bool,
    /// What holds it, where not every tier of the boundary does.
    pub held_by: Option<Property>,
}

impl Attempt {
    /// Not held by a tier that lacks this.
    const fn held_by(self, property: Property) -> Self {
        Self {
            held_by: Some(property),
            ..self
        }
    }
}

/// What an attempt does, inside or outside.
pub type Act = fn(&Target) -> io::Result<Taken>;

/// What an attempt came away with.
pub enum Taken {
    /// Nothing but the deed.
    Nothing,
    /// What it read.
    Text(Vec<u8>),
    /// A descriptor, which is kept open until somebody has looked.
    Held(#[expect(dead_code, reason = "it is held by being there")] OwnedFd),
}

/// What attempts of one kind go for.
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// What their scene has, besides what every scene has.
    pub furniture: Furniture,
    /// The attempts.
    pub attempts: &'static [Attempt],
}

/// What a scene may have. Making it all for every attempt takes most of the
/// time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Furniture {
    /// What every scene has.
    Plain,
    /// Repositories in the workspace.
    Repositories,
    /// Credentials, start-up files and a journal in the home directory.
    Home,
    /// Listeners on the host.
    Listeners,
}

/// Every attempt, by class.
pub const CLASSES: &[Class] = &[
    class("files", Furniture::Plain, files::ATTEMPTS),
    class("links", Furniture::Plain, links::ATTEMPTS),
    class("names", Furniture::Repositories, names::ATTEMPTS),
    class("credentials", Furniture::Home, credentials::ATTEMPTS),
    class("processes", Furniture::Plain, processes::ATTEMPTS),
    class("sockets", Furniture::Listeners, sockets::ATTEMPTS),
    class("namespaces", Furniture::Plain, namespaces::ATTEMPTS),
    class("kernel", Furniture::Plain, kernel::ATTEMPTS),
    class("environment", Furniture::Listeners, environment::ATTEMPTS),
    class("terminal", Furniture::Plain, terminal::ATTEMPTS),
];

const fn class(name: &'static str, furniture: Furniture, attempts: &'static [Attempt]) -> Class {
    Class {
        name,
        furniture,
        attempts,
    }
}

/// The attempt of this name.
pub fn named(name: &str) -> Option<&'static Attempt> {
    CLASSES
        .iter()
        .flat_map(|class| class.attempts)
        .find(|attempt| attempt.name == name)
}

const fn attempt(name: &'static str, what: &'static str, act: Act) -> Attempt {
    Attempt {
        name,
        what,
        act,
        victim: false,
        held_by: None,
    }
}

/// An attempt on another process of the same user.
const fn on_victim(name: &'static str, what: &'static str, act: Act) -> Attempt {
    Attempt {
        victim: true,
        ..attempt(name, what, act)
    }
}

/// What is written where nothing should be written.
const PAYLOAD: &[u8] = b"attacked\n";

/// Opens a file in this way, and writes to it.
fn leave(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<Taken> {
    options.open(path)?.write_all(PAYLOAD)?;
    Ok(Taken::Nothing)
}

/// Makes a file.
fn write_new(path: impl AsRef<Path>) -> io::Result<Taken> {
    leave(File::options().write(true).create(true), path)
}

/// Adds to a file that is there.
fn append(path: impl AsRef<Path>) -> io::Result<Taken> {
    leave(File::options().append(true), path)
}

fn read(path: impl AsRef<Path>) -> io::Result<Taken> {
    Ok(Taken::Text(std::fs::read(path)?))
}

/// Opens something and keeps it open; it is neither read nor written.
fn hold(options: &mut OpenOptions, path: impl AsRef<Path>) -> io::Result<Taken> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    Ok(Taken::Held(file.into()))
}

/// An act that takes nothing away.
fn done<E: Into<io::Error>>(result: Result<(), E>) -> io::Result<Taken> {
    result.map(|()| Taken::Nothing).map_err(Into::into)
}

/// The same absolute path, below another way to say the root.
fn below(root: &str, path: &Path) -> PathBuf {
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_has_a_name_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for attempt in CLASSES.iter().flat_map(|class| class.attempts) {
            assert!(seen.insert(attempt.name), "two are called {}", attempt.name);
        }
        assert!(seen.len() >= 60, "{}", seen.len());
    }
}
