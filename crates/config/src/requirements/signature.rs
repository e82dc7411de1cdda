//! Signed requirements: who wrote a file, and that it is not an older one.
//!
//! The signature is in the first line, which is a comment in TOML. It covers
//! the serial number and everything after that line. Keys are Ed25519, in the
//! usual PEM forms.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::owner;
use crate::places::Surroundings;
use crate::{ConfigError, file};

/// The file of pinned keys, below the administrator's directory.
pub const KEYS: &str = "requirements.pub";

const HEADER: &str = "# cofferdam-signature: v1 ";
/// What is signed begins with this, so that nothing else that a key signs is
/// ever a signature of requirements.
const DOMAIN: &str = "cofferdam requirements v1\n";
/// What is before the 32 bytes of a public key (RFC 8410).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const LEAST: &str = "least-serial:";
const REMEMBERED: &str = "requirements-serial";

/// Who signed a file, and as which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed {
    /// The key's identifier.
    pub key: String,
    /// The serial number, which grows with each new file.
    pub serial: u64,
}

/// Keys whose signatures count.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Keys {
    keys: Vec<[u8; 32]>,
    /// No file with a lower number counts.
    least: u64,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadKey {
    /// No block of PEM, or a broken one.
    #[error("it holds no `{0}` in PEM")]
    NotPem(&'static str),
    /// A key of another kind.
    #[error("it is not an Ed25519 key")]
    NotEd25519,
    /// Something besides keys.
    #[error("line {0} is neither part of a key nor `least-serial: NUMBER`")]
    Line(usize),
    /// No randomness could be had.
    #[error("no key could be made")]
    NoRandomness,
}

/// Why a signature does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSignature {
    /// The first line has none.
    #[error("it is not signed, and a key is pinned")]
    Unsigned,
    /// The first line begins as one and goes on as something else.
    #[error("its signature cannot be read")]
    Unreadable,
    /// Another key, or another text.
    #[error("its signature was not made by a pinned key for what it says")]
    Wrong,
    /// A number that is lower than one that was seen.
    #[error(
        "it is older than what was in force: its serial number is {found}, and {least} was seen"
    )]
    Older {
        /// The file's number.
        found: u64,
        /// The least that counts.
        least: u64,
    },
}

/// A new pair of keys: the secret one and the public one, each in PEM.
pub fn keygen() -> Result<(String, String), BadKey> {
    let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let secret = secret.map_err(|_| BadKey::NoRandomness)?;
    let pair = Ed25519KeyPair::from_pkcs8(secret.as_ref()).map_err(|_| BadKey::NoRandomness)?;
    let public = [&SPKI, pair.public_key().as_ref()].concat();
    Ok((
        pem("PRIVATE KEY", secret.as_ref()),
        pem("PUBLIC KEY", &public),
    ))
}

/// The serial number that a text has in its first line, whoever wrote it there.
pub fn serial(text: &str) -> Option<u64> {
    Some(split(text).0.and_then(Header::read)?.serial)
}

/// The text, signed with this number, in the place of a signature that it has.
pub fn sign(text: &str, serial: u64, secret: &str) -> Result<(String, Signed), BadKey> {
    let blocks = blocks(secret, "PRIVATE KEY");
    let [block] = &blocks[..] else {
        return Err(BadKey::NotPem("PRIVATE KEY"));
    };
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(block).map_err(|_| BadKey::NotEd25519)?;
    let (_, body) = split(text);
    let signed = Signed {
        key: identifier(pair.public_key().as_ref()),
        serial,
    };
    let signature = STANDARD.encode(pair.sign(&message(signed.serial, body)).as_ref());
    let Signed { key, serial } = &signed;
    let line = format!("{HEADER}serial={serial} key={key} signature={signature}");
    Ok((format!("{line}\n{body}"), signed))
}

/// Whether one of the keys has signed the text.
pub fn verify(text: &str, keys: &Keys) -> Result<Signed, BadSignature> {
    let (first, body) = split(text);
    let header = Header::read(first.ok_or(BadSignature::Unsigned)?);
    let header = header.ok_or(BadSignature::Unreadable)?;
    let message = message(header.serial, body);
    let made = keys.keys.iter().find(|key| {
        let key = UnparsedPublicKey::new(&ED25519, &key[..]);
        key.verify(&message, &header.signature).is_ok()
    });
    let key = made.ok_or(BadSignature::Wrong)?;
    if header.serial < keys.least {
        return Err(BadSignature::Older {
            found: header.serial,
            least: keys.least,
        });
    }
    Ok(Signed {
        key: identifier(key),
        serial: header.serial,
    })
}

/// The public keys of a file, and the least serial number that it asks for.
pub fn keys(text: &str) -> Result<Keys, BadKey> {
    let mut keys = Keys::default();
    for block in blocks(text, "PUBLIC KEY") {
        let key = block.strip_prefix(&SPKI).ok_or(BadKey::NotEd25519)?;
        keys.keys
            .push(key.try_into().map_err(|_| BadKey::NotEd25519)?);
    }
    let mut is_inside = false;
    for (at, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("-----") {
            is_inside = line.starts_with("-----BEGIN");
        } else if let Some(number) = line.strip_prefix(LEAST).filter(|_| !is_inside) {
            keys.least = number.trim().parse().map_err(|_| BadKey::Line(at + 1))?;
        } else if !is_inside && !line.is_empty() && !line.starts_with('#') {
            return Err(BadKey::Line(at + 1));
        }
    }
    if keys.keys.is_empty() {
        return Err(BadKey::NotPem("PUBLIC KEY"));
    }
    Ok(keys)
}

/// Remembers the number of the file in force, so that an older one does not
/// count for this user any more.
pub fn remember(state: &Path, signed: &Signed) -> Result<(), ConfigError> {
    if remembered(state)? >= signed.serial {
        return Ok(());
    }
    let path = state.join(REMEMBERED);
    let fresh = state.join(format!("{REMEMBERED}.{}", std::process::id()));
    let write = || {
        std::fs::create_dir_all(state)?;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        writeln!(file, "{}", signed.serial)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)
    };
    write().map_err(|error| file::io(&path, error))
}

impl Keys {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The keys that are pinned on this machine.
pub(super) fn pinned(surroundings: &Surroundings) -> Result<Keys, ConfigError> {
    let path = surroundings.system_dir.join(KEYS);
    let Some(text) = owner::read(&path, surroundings)? else {
        return Ok(Keys::default());
    };
    keys(&text).map_err(|error| ConfigError::Unsigned {
        path,
        why: error.to_string(),
    })
}

/// The error where a key is pinned and there is nothing that it signed.
pub(super) fn missing(path: &Path, surroundings: &Surroundings) -> ConfigError {
    ConfigError::Unsigned {
        path: path.to_owned(),
        why: format!(
            "there is no such file, and {} pins a key",
            surroundings.system_dir.join(KEYS).display()
        ),
    }
}

/// Who signed the file, where a key is pinned.
pub(super) fn checked(
    path: &Path,
    text: &str,
    keys: &Keys,
    state: &Path,
) -> Result<Option<Signed>, ConfigError> {
    if keys.is_empty() {
        return Ok(None);
    }
    let least = keys.least.max(remembered(state)?);
    let keys = Keys {
        least,
        ..keys.clone()
    };
    let checked = verify(text, &keys).map_err(|bad| ConfigError::Unsigned {
        path: path.to_owned(),
        why: bad.to_string(),
    })?;
    Ok(Some(checked))
}

fn remembered(state: &Path) -> Result<u64, ConfigError> {
    let path = state.join(REMEMBERED);
    let Some(bytes) = file::bytes(&path)? else {
        return Ok(0);
    };
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|_| {
        let why = "it does not hold the number of the newest requirements that were seen";
        file::io(
            &path,
            std::io::Error::new(std::io::ErrorKind::InvalidData, why),
        )
    })
}

/// What the first line says.
struct Header {
    serial: u64,
    signature: Vec<u8>,
}

impl Header {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.strip_prefix(HEADER)?.split(' ');
        let serial = fields.next()?.strip_prefix("serial=")?.parse().ok()?;
        fields.next()?.strip_prefix("key=")?;
        let signature = fields.next()?.strip_prefix("signature=")?.trim_end();
        let signature = STANDARD.decode(signature).ok()?;
        fields
            .next()
            .is_none()
            .then_some(Self { serial, signature })
    }
}

/// The line of the signature, if there is one, and the rest.
fn split(text: &str) -> (Option<&str>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if first.starts_with(HEADER.trim_end()) {
        (Some(first), rest)
    } else {
        (None, text)
    }
}

fn message(serial: u64, body: &str) -> Vec<u8> {
    format!("{DOMAIN}serial={serial}\n{body}").into_bytes()
}

fn identifier(key: &[u8]) -> String {
    let hash = digest(&SHA256, key);
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Every whole block of PEM with this label.
fn blocks(text: &str, label: &str) -> Vec<Vec<u8>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if line == begin {
            open = Some(String::new());
        } else if line == end {
            let block = open.take().and_then(|text| STANDARD.decode(text).ok());
            found.extend(block);
        } else if let Some(block) = &mut open {
            block.push_str(line);
        }
    }
    found
}

/// Where keys are pinned on a machine.
pub fn keys_path(surroundings: &Surroundings) -> PathBuf {
    surroundings.system_dir.join(KEYS)
}
