//! Facts that were found out before, kept by the content of the file.
//!
//! One file that only grows: records of a length, a key, a checksum and what
//! is kept. Whatever does not check ends what is read of it, and is found out
//! anew: a damaged cache costs time and nothing else. Several processes may
//! use it: each reads it once, and adds at the end while it holds the lock.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// How every cache begins.
const HEAD: &[u8] = b"dam-scan-facts 1\n";
/// The bytes of a key.
const KEY: usize = 20;
/// The bytes of a checksum.
const CHECK: usize = 8;
/// The bytes before what is kept: its length, its key, its checksum.
const BEFORE: usize = 4 + KEY + CHECK;
/// The file, in its directory.
const NAME: &str = "facts.pack";

/// How large the file may be, in bytes. Past that it is begun anew with what
/// was of use last.
pub const LARGEST: u64 = 256 << 20;

/// What something is kept under.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key([u8; KEY]);

impl Key {
    /// The key of these parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts are the same.
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let mut key = [0; KEY];
        key.copy_from_slice(&digest.finalize()[..KEY]);
        Self(key)
    }
}

/// Facts that were found out before.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    largest: u64,
    /// The file as it was read.
    bytes: Vec<u8>,
    /// Where in it what is kept.
    places: HashMap<Key, (usize, usize)>,
    /// What is new.
    news: Mutex<News>,
}

#[derive(Debug, Default)]
struct News {
    records: Vec<u8>,
    /// Where in the records what was kept now stands, until it is written.
    keys: HashMap<Key, Option<(usize, usize)>>,
    /// What of the old was of use.
    used: HashSet<Key>,
}

impl Cache {
    /// The cache in a directory. What cannot be read is not there.
    pub fn open(dir: &Path) -> Self {
        Self::bounded(dir, LARGEST)
    }

    /// As [`Self::open`], with another bound, in bytes.
    pub fn bounded(dir: &Path, largest: u64) -> Self {
        let path = dir.join(NAME);
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(&path) {
            // Half of a record at the end is no record.
            let _read = file.take(largest).read_to_end(&mut bytes);
        }
        let mut places = HashMap::new();
        let end = each_record(&bytes, |key, from, to| {
            places.insert(key, (from, to));
        });
        bytes.truncate(end);
        Self {
            path,
            largest,
            bytes,
            places,
            news: Mutex::default(),
        }
    }

    /// What is kept under a key.
    pub fn get<T: DeserializeOwned>(&self, key: Key) -> Option<T> {
        let Some(&(from, to)) = self.places.get(&key) else {
            let news = self.news.lock().ok()?;
            let (from, to) = (*news.keys.get(&key)?)?;
            return serde_json::from_slice(news.records.get(from..to)?).ok();
        };
        let kept = serde_json::from_slice(&self.bytes[from..to]).ok()?;
        if let Ok(mut news) = self.news.lock() {
            news.used.insert(key);
        }
        Some(kept)
    }

    /// Keeps something, from [`Self::flush`] on.
    pub fn put(&self, key: Key, value: &impl Serialize) {
        let Ok(kept) = serde_json::to_vec(value) else {
            return;
        };
        if let Ok(mut news) = self.news.lock()
            && !news.keys.contains_key(&key)
        {
            append(&mut news.records, key, &kept);
            let end = news.records.len();
            news.keys.insert(key, Some((end - kept.len(), end)));
        }
    }

    /// How much is new, in bytes.
    pub fn pending(&self) -> usize {
        self.news.lock().map_or(0, |news| news.records.len())
    }

    /// Writes what is new. An error costs time later, and nothing else.
    pub fn flush(&self) -> std::io::Result<()> {
        let Ok(mut news) = self.news.lock() else {
            return Ok(());
        };
        if news.records.is_empty() {
            return Ok(());
        }
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        let end = self.sound_end(&mut file)?;
        if end + news.records.len() as u64 > self.largest {
            self.begin_anew(dir, &news)?;
        } else {
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            if end == 0 {
                file.write_all(HEAD)?;
            }
            file.write_all(&news.records)?;
        }
        news.records.clear();
        news.keys.values_mut().for_each(|place| *place = None);
        Ok(())
    }

    /// Where the last whole record ends, also of those that others added.
    fn sound_end(&self, file: &mut File) -> std::io::Result<u64> {
        let known = self.bytes.len() as u64;
        if file.metadata()?.len() < known {
            // Somebody began anew.
            let mut bytes = Vec::new();
            file.take(self.largest).read_to_end(&mut bytes)?;
            return Ok(each_record(&bytes, |_, _, _| {}) as u64);
        }
        file.seek(SeekFrom::Start(known))?;
        let mut rest = if known == 0 {
            Vec::new()
        } else {
            HEAD.to_vec()
        };
        let added = rest.len() as u64;
        file.take(self.largest).read_to_end(&mut rest)?;
        let sound = each_record(&rest, |_, _, _| {}) as u64;
        Ok(known + sound.saturating_sub(added))
    }

    /// A file of what is new and what was of use, in the place of the old one.
    fn begin_anew(&self, dir: &Path, news: &News) -> std::io::Result<()> {
        let mut bytes = HEAD.to_vec();
        bytes.extend(&news.records);
        let mut used: Vec<_> = news
            .used
            .iter()
            .filter_map(|key| Some((self.places.get(key)?, key)))
            .collect();
        used.sort_by_key(|(place, _)| **place);
        for (&(from, to), key) in used {
            append(&mut bytes, *key, &self.bytes[from..to]);
        }
        if bytes.len() as u64 > self.largest {
            // More than fits is of use: what is new is.
            bytes.truncate(HEAD.len() + news.records.len());
        }
        let draft = dir.join(format!("{NAME}.{}", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&bytes)?;
        fs::rename(draft, &self.path)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // What could not be kept is found out again.
        let _lost = self.flush();
    }
}

fn append(records: &mut Vec<u8>, key: Key, kept: &[u8]) {
    let Ok(length) = u32::try_from(kept.len()) else {
        return;
    };
    records.extend(length.to_le_bytes());
    records.extend(key.0);
    records.extend(check(key, kept));
    records.extend(kept);
}

fn check(key: Key, kept: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new()
        .chain_update(key.0)
        .chain_update(kept)
        .finalize();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

/// Calls for each record with its key and where what it keeps is. Returns
/// where the last sound one ends: 0 if there is not even a head.
fn each_record(bytes: &[u8], mut found: impl FnMut(Key, usize, usize)) -> usize {
    if !bytes.starts_with(HEAD) {
        return 0;
    }
    let mut at = HEAD.len();
    while let Some(before) = bytes.get(at..at + BEFORE) {
        let (length, rest) = before.split_at(4);
        let mut key = Key([0; KEY]);
        key.0.copy_from_slice(&rest[..KEY]);
        let length = length
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let from = at + BEFORE;
        let Some(kept) = bytes.get(from..from + length) else {
            break;
        };
        if check(key, kept) != rest[KEY..] {
            break;
        }
        found(key, from, from + length);
        at = from + length;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::of(&[name.as_bytes()])
    }

    fn keep(dir: &Path, name: &str, value: &str) {
        let cache = Cache::open(dir);
        cache.put(key(name), &value);
        cache.flush().expect("it is written");
    }

    fn kept(dir: &Path, name: &str) -> Option<String> {
        Cache::open(dir).get(key(name))
    }

    #[test]
    fn what_is_kept_is_there_again_and_several_may_add() {
        let dir = tempfile::tempdir().expect("a directory");
        let (one, other) = (Cache::open(dir.path()), Cache::open(dir.path()));
        one.put(key("a"), &"1");
        other.put(key("b"), &"2");
        drop(one);
        drop(other);
        assert_eq!(kept(dir.path(), "a").as_deref(), Some("1"));
        assert_eq!(kept(dir.path(), "b").as_deref(), Some("2"));
        assert_eq!(kept(dir.path(), "c"), None);
    }

    #[test]
    fn any_damage_costs_what_comes_after_it_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        keep(dir.path(), "a", "one");
        keep(dir.path(), "b", "two");
        let path = dir.path().join(NAME);
        let whole = fs::read(&path).expect("a file");
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x40;
            fs::write(&path, &bytes).expect("a file");
            for (name, value) in [("a", "one"), ("b", "two")] {
                assert!(
                    kept(dir.path(), name).is_none_or(|kept| kept == value),
                    "byte {place}"
                );
            }
        }
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).expect("a file");
            keep(dir.path(), "c", "three");
            assert_eq!(
                kept(dir.path(), "c").as_deref(),
                Some("three"),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn it_stays_below_its_bound_and_keeps_what_is_of_use() {
        let dir = tempfile::tempdir().expect("a directory");
        let text = "x".repeat(1000);
        for round in 0..20 {
            let cache = Cache::bounded(dir.path(), 5000);
            cache.put(key(&round.to_string()), &text);
            let _used: Option<String> = cache.get(key("0"));
            cache.flush().expect("it is written");
            let size = fs::metadata(dir.path().join(NAME)).expect("a file").len();
            assert!(size <= 5000, "round {round}: {size}");
        }
        assert!(kept(dir.path(), "0").is_some());
        assert!(kept(dir.path(), "19").is_some());
    }
}
