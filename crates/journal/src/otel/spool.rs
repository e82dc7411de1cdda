//! How much of each session was delivered: a small file for each session whose
//! telemetry is not delivered to its end. The journal has the rest.
//!
//! Whoever delivers a session holds a lock on its file, so that two processes
//! do not send the same. One that is ended between sending and writing down
//! sends again: a record carries its session and number, by which it can be
//! told that it came twice.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use super::{Signal, Telemetry};
use crate::SessionId;

/// How long a collector that held up an end is left alone at ends.
const REST: Duration = Duration::from_mins(1);
const RESTING: &str = "resting";
const ENDING: &str = ".json";

/// How far the telemetry of one session is delivered.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    pub(super) progress: Progress,
}

/// The last entry that was delivered, for each kind of telemetry.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Progress {
    pub logs: u64,
    pub traces: u64,
    pub metrics: u64,
    /// Records that the collector would not have.
    pub rejected: u64,
}

/// A session whose telemetry is not delivered to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pending {
    /// Which.
    pub session: SessionId,
}

impl Progress {
    pub(super) fn of(&self, signal: Signal) -> u64 {
        match signal {
            Signal::Logs => self.logs,
            Signal::Traces => self.traces,
            Signal::Metrics => self.metrics,
        }
    }

    pub(super) fn set(&mut self, signal: Signal, seq: u64) {
        *match signal {
            Signal::Logs => &mut self.logs,
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
        } = seq;
    }
}

impl Spool {
    /// Takes over a session's delivery. None if another process has it.
    pub fn open(dir: &Path, session: &SessionId) -> io::Result<Option<Self>> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let path = dir.join(format!("{session}{ENDING}"));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        let mut text = String::new();
        (&file).take(4096).read_to_string(&mut text)?;
        // One that was cut off says nothing: all is sent again.
        let progress = serde_json::from_str(&text).unwrap_or_default();
        Ok(Some(Self {
            path,
            file,
            progress,
        }))
    }

    /// Writes down what was delivered.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let text = serde_json::to_string(&self.progress)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }

    /// Everything is delivered, or there is nothing to deliver any more.
    pub(super) fn remove(self) {
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// The sessions whose telemetry is not delivered to its end, the oldest first.
pub fn pending(dir: &Path) -> io::Result<Vec<Pending>> {
    let names = match std::fs::read_dir(dir) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found: Vec<Pending> = names
        .filter_map(|name| {
            let name = name.ok()?.file_name();
            let session = name.to_str()?.strip_suffix(ENDING)?.parse().ok()?;
            Some(Pending { session })
        })
        .collect();
    found.sort_by(|a, b| a.session.cmp(&b.session));
    Ok(found)
}

/// Whether collectors at these addresses held up an end a short while ago.
pub(super) fn is_resting(dir: &Path, telemetry: &Telemetry) -> bool {
    let path = dir.join(RESTING);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return false;
    };
    let age = std::fs::metadata(&path).and_then(|found| found.modified());
    let age = age.ok().and_then(|time| time.elapsed().ok());
    text == addresses(telemetry) && age.is_some_and(|age| age < REST)
}

/// Remembers whether collectors held up an end.
pub(super) fn set_resting(dir: &Path, telemetry: &Telemetry, resting: bool) {
    let path = dir.join(RESTING);
    let _told = if resting {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(path);
        file.and_then(|mut file| file.write_all(addresses(telemetry).as_bytes()))
    } else {
        std::fs::remove_file(path)
    };
}

fn addresses(telemetry: &Telemetry) -> String {
    let exporters = Signal::ALL
        .iter()
        .filter_map(|signal| telemetry.exporter(*signal));
    let addresses: Vec<&str> = exporters
        .map(|exporter| exporter.endpoint.as_str())
        .collect();
    addresses.join("\n")
}
