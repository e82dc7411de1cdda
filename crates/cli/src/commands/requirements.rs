//! `dam requirements`: what an administrator fixed, and the signatures by
//! which it can be told from what somebody else put there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};
use dam_config::signature::{self, Keys, Signed};
use dam_config::{ConfigError, Required, parse_requirements, required, requirement_entries};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG};
use crate::settings;
use crate::variables::Variables;

/// `dam requirements`.
#[derive(Debug, Subcommand)]
pub enum Requirements {
    /// Show what is required on this machine
    Show(Show),
    /// Check requirements: whether they can be read, and who signed them
    Verify(Verify),
    /// Sign requirements, so that no others count where the key is pinned
    #[command(after_help = "\
Examples:
  dam requirements keygen admin.key
  dam requirements sign requirements.toml --key admin.key --out signed.toml
  sudo install -m 644 signed.toml /etc/cofferdam/requirements.toml
  sudo install -m 644 admin.key.pub /etc/cofferdam/requirements.pub")]
    Sign(Sign),
    /// Make a pair of keys: FILE, which is secret, and FILE.pub
    Keygen(Keygen),
}

/// `dam requirements show`.
#[derive(Args, Debug)]
pub struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `dam requirements verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The file; without it, what is in force on this machine
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// The public key that must have signed it, instead of the pinned one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "file")]
    key: Option<PathBuf>,
}

/// `dam requirements sign`.
#[derive(Args, Debug)]
pub struct Sign {
    /// The requirements
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The secret key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: PathBuf,
    /// Where to write what is signed; without it, to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// The serial number; without it, the next after that of either file
    #[arg(long, value_name = "NUMBER")]
    serial: Option<u64>,
}

/// `dam requirements keygen`.
#[derive(Args, Debug)]
pub struct Keygen {
    /// Where to write the secret key; it must not exist
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

/// Does what the command line says. Returns the exit code.
pub fn run(
    requirements: &Requirements,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    match requirements {
        Requirements::Show(show) => self::show(show, variables, output),
        Requirements::Verify(verify) => self::verify(verify, variables, output),
        Requirements::Sign(sign) => self::sign(sign, variables, output),
        Requirements::Keygen(keygen) => self::keygen(keygen, output),
    }?;
    Ok(exit::OK.code)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    file: Option<&'a Path>,
    key: Option<&'a str>,
    serial: Option<u64>,
    requirements: &'a dam_policy::Requirements,
}

fn show(show: &Show, variables: &Variables, output: &mut Output) -> Result<(), CommandError> {
    let surroundings = settings::surroundings(variables);
    let found = in_force(variables)?;
    if show.json {
        let signed = found.signed.as_ref();
        return output.json(&Shown {
            file: found.file.as_deref(),
            key: signed.map(|signed| signed.key.as_str()),
            serial: signed.map(|signed| signed.serial),
            requirements: &found.requirements,
        });
    }
    if found.file.is_none() {
        let dir = surroundings.system_dir.display();
        return output.data(&format!(
            "nothing is required: there is no {dir}/requirements.toml"
        ));
    }
    for (key, value, origin) in requirement_entries(&found.requirements) {
        let [key, value, origin] = [key, value, origin.to_string()].map(|text| clean(&text));
        output.data(&format!(
            "{STRONG}{key}{STRONG:#} = {value}  {FAINT}# {origin}{FAINT:#}"
        ))?;
    }
    output.note(&about(&found));
    Ok(())
}

fn verify(verify: &Verify, variables: &Variables, output: &mut Output) -> Result<(), CommandError> {
    let Some(file) = &verify.file else {
        let found = in_force(variables)?;
        return output.data(&about(&found));
    };
    let surroundings = settings::surroundings(variables);
    let text = read(file)?;
    parse_requirements(file, &text, &surroundings)?;
    let pinned = signature::keys_path(&surroundings);
    let key = match &verify.key {
        Some(key) => Some(key.as_path()),
        None => Some(pinned.as_path()).filter(|path| path.exists()),
    };
    let signed = key.map(|key| signed_by(file, &text, key)).transpose()?;
    output.data(&told(&file.display().to_string(), signed.as_ref()))
}

fn sign(sign: &Sign, variables: &Variables, output: &mut Output) -> Result<(), CommandError> {
    let text = read(&sign.file)?;
    // What nobody could start with is not signed.
    parse_requirements(&sign.file, &text, &settings::surroundings(variables))?;
    let secret = read(&sign.key)?;
    if is_open(&sign.key)? {
        let key = sign.key.display();
        let error = CommandError::user(format!("others can read the secret key {key}"));
        return Err(error.hint(format!("`chmod 600 {key}`")));
    }
    let before = sign
        .out
        .as_ref()
        .and_then(|out| fs::read_to_string(out).ok());
    let last = before.as_deref().and_then(signature::serial);
    let last = last.max(signature::serial(&text)).unwrap_or_default();
    let serial = sign.serial.unwrap_or(last.saturating_add(1));
    let (signed_text, signed) = signature::sign(&text, serial, &secret)
        .map_err(|bad| CommandError::user(format!("{}: {bad}", sign.key.display())))?;
    match &sign.out {
        None => output.bytes(signed_text.as_bytes())?,
        Some(out) => write(out, &signed_text, 0o644, true)?,
    }
    let Signed { key, serial } = signed;
    output.note(&format!(
        "cofferdam: signed by {key}, serial number {serial}"
    ));
    Ok(())
}

fn keygen(keygen: &Keygen, output: &mut Output) -> Result<(), CommandError> {
    let (secret, public) =
        signature::keygen().map_err(|bad| CommandError::internal(bad.to_string()))?;
    let file = &keygen.file;
    let mut beside = file.clone().into_os_string();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    write(file, &secret, 0o600, false)?;
    write(&beside, &public, 0o644, false)?;
    output.data(&format!(
        "{}: the secret key; keep it off the machines that it is for",
        file.display()
    ))?;
    output.data(&format!(
        "{}: the public key; /etc/cofferdam/requirements.pub pins it",
        beside.display()
    ))
}

fn in_force(variables: &Variables) -> Result<Required, CommandError> {
    let state = settings::dirs(variables)?.state;
    Ok(required(&settings::surroundings(variables), &state)?)
}

fn about(found: &Required) -> String {
    match &found.file {
        Some(file) => told(&file.display().to_string(), found.signed.as_ref()),
        None => "nothing is required".to_owned(),
    }
}

fn told(file: &str, signed: Option<&Signed>) -> String {
    match signed {
        Some(Signed { key, serial }) => {
            format!("{file} is in order: signed by {key}, serial number {serial}")
        }
        None => format!("{file} is in order; no key is pinned"),
    }
}

fn signed_by(file: &Path, text: &str, key: &Path) -> Result<Signed, CommandError> {
    let keys: Keys = signature::keys(&read(key)?)
        .map_err(|bad| CommandError::user(format!("{}: {bad}", key.display())))?;
    let signed = signature::verify(text, &keys);
    signed.map_err(|bad| {
        ConfigError::Unsigned {
            path: file.to_owned(),
            why: bad.to_string(),
        }
        .into()
    })
}

fn read(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|error| CommandError::user(format!("cannot read {}: {error}", path.display())))
}

fn is_open(path: &Path) -> Result<bool, CommandError> {
    let found = fs::metadata(path).map_err(CommandError::internal)?;
    Ok(found.permissions().mode() & 0o077 != 0)
}

fn write(path: &Path, text: &str, mode: u32, replace: bool) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).mode(mode);
    if replace {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CommandError::user(format!("cannot write {}: {error}", path.display())))
}

fn clean(text: &str) -> String {
    dam_journal::clean(text)
}
