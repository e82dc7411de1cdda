//! The key that signs heads and checkpoints, and the keys that are known.
//!
//! Both are files in a directory of their own, which no boxed process can
//! read: `journal.key` with the private key, `journal.pub` with every public
//! key there was, one a line: `ed25519 <since> <digits>`.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::digest::{bytes, hex};
use crate::session_id::fill;
use crate::store::{Access, Store};
use crate::{JournalError, SessionId};

const PRIVATE: &str = "journal.key";
const PUBLIC: &str = "journal.pub";
const ALGORITHM: &str = "ed25519";

/// Longer than any file of keys.
const MOST_BYTES: u64 = 1024 * 1024;

/// What heads and checkpoints are signed with.
pub struct Key {
    pair: Ed25519KeyPair,
    public: String,
}

impl Key {
    /// The key that is kept in a directory; made, if there is none.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let store = Store::create(dir)?;
        if let Some((_, key)) = private(&store)? {
            return Ok(key);
        }
        make(&store)?;
        let (_, key) = private(&store)?.ok_or_else(|| bad(&store, PRIVATE))?;
        Ok(key)
    }

    /// The public key, in hexadecimal digits.
    pub fn public(&self) -> &str {
        &self.public
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        hex(self.pair.sign(text.as_bytes()).as_ref())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.public)
    }
}

/// The public keys whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Each with the second since when it signs, as in a session's name.
    known: Vec<(String, String)>,
}

impl Keys {
    /// The keys that a directory knows; none, if it is not there.
    pub fn read(dir: &Path) -> Result<Self, JournalError> {
        let store = match Store::open(dir) {
            Ok(store) => store,
            Err(JournalError::Directory { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(Self::default());
            }
            Err(error) => return Err(error),
        };
        let mut known = Vec::new();
        for line in text(&store, PUBLIC)?.unwrap_or_default().lines() {
            let (since, public) = fields(line).ok_or_else(|| bad(&store, PUBLIC))?;
            known.push((since.to_owned(), public.to_owned()));
        }
        if let Some((since, key)) = private(&store)? {
            known.push((since, key.public));
        }
        Ok(Self { known })
    }

    /// One public key, in hexadecimal digits, that has signed since ever: to
    /// verify a copy elsewhere.
    pub fn of(public: &str) -> Option<Self> {
        let known = vec![("0".to_owned(), public.to_owned())];
        (bytes(public)?.len() == 32).then_some(Self { known })
    }

    /// Whether the key is one of them.
    pub(crate) fn know(&self, public: &str) -> bool {
        self.known.iter().any(|(_, known)| known == public)
    }

    /// Whether a session began when there was a key already: then it has to be
    /// signed.
    pub(crate) fn expect_of(&self, session: &SessionId) -> bool {
        let mut since = self.known.iter().map(|(since, _)| since.as_str());
        since.any(|since| since < &session.as_str()[..15])
    }
}

/// Whether a signature of a text is right.
pub(crate) fn is_signed(public: &str, text: &str, signature: &str) -> bool {
    let (Some(public), Some(signature)) = (bytes(public), bytes(signature)) else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, public)
        .verify(text.as_bytes(), &signature)
        .is_ok()
}

/// Makes a key. Whoever comes first makes it: it appears whole or not at all.
/// Its public key is known before it can sign anything.
fn make(store: &Store) -> Result<(), JournalError> {
    let (mut seed, mut own) = ([0; 32], [0; 8]);
    for random in [&mut seed[..], &mut own[..]] {
        fill(random).map_err(JournalError::Random)?;
    }
    let since = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let temporary = format!("{PRIVATE}.{}", hex(&own));
    let mut file = store
        .create_file(&temporary)?
        .ok_or_else(|| bad(store, &temporary))?;
    let line = format!("{ALGORITHM} {since} {}\n", hex(&seed));
    write(store, &temporary, &mut file, &line)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| bad(store, &temporary))?;
    publish(store, &since, &hex(pair.public_key().as_ref()))?;
    let linked = store.link(&temporary, PRIVATE);
    store.remove(&temporary)?;
    linked?;
    store.sync()
}

/// Adds a public key to those that are known. One that somebody else's took the
/// place of has signed nothing, and nobody has its private key.
fn publish(store: &Store, since: &str, public: &str) -> Result<(), JournalError> {
    let mut file = store.create_file(PUBLIC)?;
    if file.is_none() {
        file = store.open_file(PUBLIC, Access::Append)?;
    }
    let mut file = file.ok_or_else(|| bad(store, PUBLIC))?;
    let line = format!("{ALGORITHM} {since} {public}\n");
    write(store, PUBLIC, &mut file, &line)
}

fn write(store: &Store, name: &str, file: &mut File, text: &str) -> Result<(), JournalError> {
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(|error| store.file_error(name, error))
}

/// The private key, with the second since when it signs.
fn private(store: &Store) -> Result<Option<(String, Key)>, JournalError> {
    let Some(line) = text(store, PRIVATE)? else {
        return Ok(None);
    };
    let key = || {
        let (since, seed) = fields(line.trim_end())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&bytes(seed)?).ok()?;
        let public = hex(pair.public_key().as_ref());
        Some((since.to_owned(), Key { pair, public }))
    };
    key().map(Some).ok_or_else(|| bad(store, PRIVATE))
}

fn fields(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix(ALGORITHM)?
        .strip_prefix(' ')?
        .split_once(' ')
        .filter(|(since, digits)| since.len() == 15 && digits.len() == 64)
}

fn text(store: &Store, name: &str) -> Result<Option<String>, JournalError> {
    let Some(file) = store.open_file(name, Access::Read)? else {
        return Ok(None);
    };
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| store.file_error(name, error))?;
    Ok(Some(text))
}

fn bad(store: &Store, name: &str) -> JournalError {
    JournalError::BadKey(store.path_of(name))
}
