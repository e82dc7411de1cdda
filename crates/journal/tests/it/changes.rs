//! Any change at all: properties of verifying.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::LazyLock;

use dam_journal::{SessionId, Verified, VerifyError, verify};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::Place;

/// Ways to change a file.
#[derive(Clone, Debug)]
pub enum Change {
    Byte(Index, u8),
    Insert(Index, u8),
    Delete(Index, Index),
    Swap(Index, Index),
    Repeat(Index, Index),
    Reverse,
}

impl Change {
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        match self {
            Self::Byte(at, by) => bytes[at.index(text.len())] ^= by,
            Self::Insert(at, byte) => bytes.insert(at.index(text.len() + 1), *byte),
            Self::Delete(from, to) => {
                let (from, to) = (from.index(text.len()), to.index(text.len()));
                drop(bytes.drain(from.min(to)..=from.max(to)));
            }
            Self::Swap(a, b) => {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
            Self::Repeat(from, to) => {
                lines.insert(to.index(lines.len() + 1), lines[from.index(lines.len())]);
                bytes = lines.concat();
            }
            Self::Reverse => {
                lines.reverse();
                bytes = lines.concat();
            }
        }
        bytes
    }
}

pub fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 1_u8..).prop_map(|(at, by)| Change::Byte(at, by)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => (index(), index()).prop_map(|(from, to)| Change::Delete(from, to)),
        1 => (index(), index()).prop_map(|(a, b)| Change::Swap(a, b)),
        1 => (index(), index()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => Just(Change::Reverse),
    ]
}

/// A journal that was written once, to be laid out many times.
struct Written {
    session: SessionId,
    text: Vec<u8>,
    head: Vec<u8>,
    /// The postures that it names, by their files' names.
    postures: Vec<(OsString, Vec<u8>)>,
}

impl Written {
    fn ended() -> &'static Self {
        static ENDED: LazyLock<Written> = LazyLock::new(|| {
            let place = Place::new();
            let session = place.ended();
            Written::of(&place, session)
        });
        &ENDED
    }

    fn interrupted() -> &'static Self {
        static INTERRUPTED: LazyLock<Written> = LazyLock::new(|| {
            let place = Place::new();
            let session = place.running().session().clone();
            Written::of(&place, session)
        });
        &INTERRUPTED
    }

    fn of(place: &Place, session: SessionId) -> Self {
        Self {
            text: fs::read(place.journal(&session)).unwrap(),
            head: fs::read(place.head(&session)).unwrap(),
            session,
            postures: fs::read_dir(place.dir())
                .unwrap()
                .map(|file| file.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "posture"))
                .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
                .collect(),
        }
    }

    /// What verifying says of the journal with another text and head.
    fn verify_with(&self, text: &[u8], head: &[u8]) -> Result<Verified, VerifyError> {
        let place = Place::new();
        let mut files = vec![
            (place.journal(&self.session), text),
            (place.head(&self.session), head),
        ];
        for (name, content) in &self.postures {
            files.push((place.dir().join(name), content));
        }
        for (path, content) in files {
            let mut options = OpenOptions::new();
            let mut file = options
                .create_new(true)
                .write(true)
                .mode(0o600)
                .open(path)
                .unwrap();
            file.write_all(content).unwrap();
        }
        verify(place.dir(), &self.session)
    }
}

#[test]
fn a_written_journal_verifies_wherever_it_is_laid_out() {
    for written in [Written::ended(), Written::interrupted()] {
        written.verify_with(&written.text, &written.head).unwrap();
    }
}

proptest! {
    #[test]
    fn every_change_of_an_ended_journal_is_tampering(change in change()) {
        let written = Written::ended();
        let changed = change.apply(&written.text);
        prop_assume!(changed != written.text);
        let result = written.verify_with(&changed, &written.head);
        prop_assert!(result.as_ref().is_err_and(VerifyError::is_tampering), "{result:?}");
    }

    #[test]
    fn every_change_of_a_head_is_tampering(change in change()) {
        let written = Written::ended();
        let changed = change.apply(&written.head);
        prop_assume!(changed != written.head);
        let result = written.verify_with(&written.text, &changed);
        prop_assert!(result.as_ref().is_err_and(VerifyError::is_tampering), "{result:?}");
    }

    #[test]
    fn an_interrupted_journal_cannot_lose_or_change_anything(change in change()) {
        let written = Written::interrupted();
        let changed = change.apply(&written.text);
        prop_assume!(!changed.starts_with(&written.text));
        let result = written.verify_with(&changed, &written.head);
        prop_assert!(result.as_ref().is_err_and(VerifyError::is_tampering), "{result:?}");
    }
}
