//! The values of secrets, from where settings say that they are. They stay in
//! this process: commands get placeholders.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_config::{SecretSettings, SecretSource, Settings};
use dam_egress::{Secret, Value};
use dam_policy::{Network, ResolvedProfile};
use dam_sandbox::{Launch, Status, Stream, Tier};

use crate::error::{CommandError, Kind};
use crate::settings;
use crate::variables::Variables;

/// The desktop's own program for its keyring.
const KEYRING: &str = "/usr/bin/secret-tool";

/// What a shorter secret would be found in by chance.
const SHORTEST: usize = 8;
const LONGEST: u64 = 16 * 1024;

/// A secret, and the variable that carries its placeholder.
pub struct Carried {
    pub secret: Secret,
    pub env: String,
    pub format: String,
}

/// Looks all of them up. One that is not there stops the start: what it is for
/// would fail, and not say why.
pub fn look_up(settings: &Settings, variables: &Variables) -> Result<Vec<Carried>, CommandError> {
    let secrets = settings.secrets.iter();
    secrets
        .map(|secret| one(secret, settings, variables))
        .collect()
}

fn one(
    secret: &SecretSettings,
    settings: &Settings,
    variables: &Variables,
) -> Result<Carried, CommandError> {
    let wrong = |why: &str| {
        let text = format!("the secret `{}` ({}) {why}", secret.name, secret.origin);
        CommandError::new(Kind::Config, text)
    };
    let text = match &secret.source {
        SecretSource::File(path) => read(path).map_err(|why| wrong(&why))?,
        SecretSource::Command(words) => {
            settings::check_leaving(settings)?;
            printed(words, settings, variables).map_err(|why| wrong(&why))?
        }
        SecretSource::Keyring(attributes) => {
            settings::check_leaving(settings)?;
            let words = attributes
                .iter()
                .flat_map(|(name, value)| [name.clone(), value.clone()]);
            let start = [KEYRING.to_owned(), "lookup".to_owned()];
            let words: Vec<String> = start.into_iter().chain(words).collect();
            printed(&words, settings, variables).map_err(|why| wrong(&why))?
        }
    };
    let value = text.lines().next().unwrap_or_default().trim();
    if value.len() < SHORTEST {
        return Err(wrong(
            "is shorter than 8 characters, which could stand anywhere by chance",
        ));
    }
    let hosts = secret.hosts.clone();
    Ok(Carried {
        secret: Secret::new(&secret.name, Value::new(value), &secret.header, hosts)?,
        env: secret.env.clone(),
        format: secret.format.clone(),
    })
}

/// A file that nobody else can read.
fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("cannot be read from {shown}: {error}");
    let mut options = File::options();
    // A pipe would be waited for.
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    options.read(true).custom_flags(flags.cast_signed());
    let file = options.open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    let mine = rustix::process::geteuid().as_raw();
    if !about.is_file() {
        return Err(format!("is not in a regular file: {shown}"));
    }
    if about.uid() != mine && about.uid() != 0 {
        return Err(format!("is in a file of somebody else: {shown}"));
    }
    if about.mode() & 0o077 != 0 {
        return Err(format!(
            "is in a file that others can read: `chmod 600 {shown}`"
        ));
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// What a command prints. It is the user's own, and runs as the user would run
/// it.
fn printed(words: &[String], settings: &Settings, variables: &Variables) -> Result<String, String> {
    const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
    let program = words.first().map_or("", String::as_str);
    let failed = |error: &dyn std::fmt::Display| format!("cannot be had from `{program}`: {error}");
    let mut profile = ResolvedProfile {
        name: ":danger-full-access".to_owned(),
        network: Network::Host,
        confined: false,
        ..settings.posture.profile.value.clone()
    };
    // Where a desktop's keyring is spoken to.
    if let Some(bus) = variables.named(BUS) {
        profile
            .environment
            .set
            .insert(BUS.to_owned(), bus.to_owned());
    }
    let mut running = Launch {
        argv: words.iter().map(Into::into).collect(),
        cwd: PathBuf::from("/"),
        env: variables.pairs(),
        profile,
        transaction: None,
        tier: Tier::Full,
        stdin: Stream::Null,
        stdout: Stream::Pipe,
        stderr: Stream::Inherit,
        asking: None,
    }
    .spawn()
    .map_err(|error| failed(&error))?;
    let mut text = String::new();
    if let Some(stdout) = running.stdout.take() {
        let read = stdout.take(LONGEST).read_to_string(&mut text);
        read.map_err(|error| failed(&error))?;
    }
    match running.wait().map_err(|error| failed(&error))?.status {
        Status::Exited(0) => Ok(text),
        status => Err(failed(&format!("it ended with {}", status.code()))),
    }
}
