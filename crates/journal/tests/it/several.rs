//! Several writers of one journal, and its segments.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use dam_journal::{
    Event, Journal, JournalError, Options, SessionId, State, Tampering, VerifyError,
};
use dam_journal::{read, verify};
use proptest::prelude::*;

use crate::changes::change;
use crate::failing::{child, child_place};
use crate::{Place, chmod, ended, notice, started};

/// Segments of a few entries.
fn short() -> Options {
    Options {
        segment_bytes: 1200,
        ..Options::default()
    }
}

/// A session of several segments that ended.
fn in_segments(place: &Place) -> SessionId {
    in_segments_with(place, &short())
}

fn in_segments_with(place: &Place, options: &Options) -> SessionId {
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create_with(place.dir(), &session, options).unwrap();
    journal.append(&started()).unwrap();
    for number in 0..20 {
        journal.append(&notice(&number.to_string())).unwrap();
    }
    journal.append(&ended()).unwrap();
    session
}

fn segment(place: &Place, session: &SessionId, number: u32) -> std::path::PathBuf {
    place.dir().join(format!("{session}.{number:04}.jsonl"))
}

#[test]
fn a_long_journal_goes_on_in_the_next_segment() {
    let place = Place::new();
    let session = in_segments(&place);
    assert!(segment(&place, &session, 4).exists());
    let verified = verify(place.dir(), &session).unwrap();
    let entries = read(place.dir(), &session).unwrap();
    assert_eq!(verified.entries, entries.len() as u64);
    assert_eq!(verified.state, State::Ended);
    let said: Vec<&Event> = entries
        .iter()
        .map(|entry| &entry.event)
        .filter(|event| matches!(event, Event::Notice { .. }))
        .collect();
    assert_eq!(said.len(), 20);
    let listed = dam_journal::list(place.dir()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].entries, verified.entries);
    assert_eq!(listed[0].outcome.as_deref(), Some("completed"));
}

#[test]
fn every_loss_of_a_segment_is_found() {
    for number in 2..=4 {
        let place = Place::new();
        let session = in_segments(&place);
        let path = segment(&place, &session, number);
        let text = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_tampered(&place, &session);
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        chmod(&path);
        assert_tampered(&place, &session);
        fs::write(&path, "").unwrap();
        assert_tampered(&place, &session);
        fs::copy(segment(&place, &session, 5 - number % 2), &path).unwrap();
        if fs::read(&path).unwrap() != text {
            assert_tampered(&place, &session);
        }
        fs::write(&path, &text).unwrap();
        verify(place.dir(), &session).unwrap();
    }
}

fn assert_tampered(place: &Place, session: &SessionId) {
    let result = verify(place.dir(), session);
    assert!(
        result.as_ref().is_err_and(VerifyError::is_tampering),
        "{result:?}"
    );
}

#[test]
fn every_change_of_any_segment_is_tampering() {
    let written = [false, true].map(|signed| {
        let place = Place::in_memory();
        let options = Options {
            keys: signed.then(|| place.dir().join("keys")),
            ..short()
        };
        let session = in_segments_with(&place, &options);
        (place, session)
    });
    proptest!(|(change in change(), number in 1_u32..5, signed in any::<bool>())| {
        let (place, session) = &written[usize::from(signed)];
        let path = match number {
            1 => place.journal(session),
            _ => segment(place, session, number),
        };
        let text = fs::read(&path).unwrap();
        let changed = change.apply(&text);
        prop_assume!(changed != text);
        fs::write(&path, changed).unwrap();
        let result = verify(place.dir(), session);
        fs::write(&path, text).unwrap();
        prop_assert!(result.as_ref().is_err_and(VerifyError::is_tampering), "{result:?}");
        verify(place.dir(), session).unwrap();
    });
}

#[test]
fn writers_follow_each_other() {
    let place = Place::new();
    let session = SessionId::generate().unwrap();
    let mut first = Journal::create_with(place.dir(), &session, &short()).unwrap();
    first.append(&started()).unwrap();
    let mut second = Journal::join(place.dir(), &session, &short()).unwrap();
    for number in 0..20 {
        let text = number.to_string();
        let entry = [&mut first, &mut second][number % 3 % 2].append(&notice(&text));
        entry.unwrap();
    }
    drop(first);
    assert_eq!(verify(place.dir(), &session).unwrap().state, State::Running);
    second.append(&ended()).unwrap();
    drop(second);
    assert_eq!(verify(place.dir(), &session).unwrap().state, State::Ended);
    let error = Journal::join(place.dir(), &session, &short())
        .and_then(|mut late| late.append(&notice("late")))
        .unwrap_err();
    assert!(matches!(error, JournalError::Ended(_)), "{error}");
}

#[test]
fn what_a_killed_writer_left_unfinished_is_cut_off_and_said() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let unfinished = b"{\"v\":1,\"seq\":6,\"ti";
    let mut file = OpenOptions::new()
        .append(true)
        .open(place.journal(&session))
        .unwrap();
    file.write_all(unfinished).unwrap();
    assert_eq!(journal.append(&notice("goes on")).unwrap().seq, 7);
    let recovered = Event::Recovered {
        bytes: unfinished.len() as u64,
    };
    assert_eq!(read(place.dir(), &session).unwrap()[5].event, recovered);
    verify(place.dir(), &session).unwrap();
}

#[test]
fn what_others_add_must_follow() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let mut other = Journal::join(place.dir(), &session, &Options::default()).unwrap();
    other.append(&notice("theirs")).unwrap();
    let text = fs::read_to_string(place.journal(&session)).unwrap();
    fs::write(place.journal(&session), text.replace("theirs", "THEIRS")).unwrap();
    let error = journal.append(&notice("mine")).unwrap_err();
    assert!(matches!(error, JournalError::Disturbed { .. }), "{error}");
}

const EACH: u64 = 1500;

#[test]
fn four_processes_lose_and_interleave_nothing() {
    if let Some(dir) = child_place() {
        return write_many(&dir);
    }
    let place = Place::in_memory();
    let session = SessionId::generate().unwrap();
    let options = Options {
        segment_bytes: 100_000,
        ..Options::default()
    };
    let mut journal = Journal::create_with(place.dir(), &session, &options).unwrap();
    journal.append(&started()).unwrap();
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let test = "several::four_processes_lose_and_interleave_nothing";
            child("", test, &place).spawn().unwrap()
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    journal.append(&ended()).unwrap();
    drop(journal);
    let verified = verify(place.dir(), &session).unwrap();
    assert_eq!(verified.state, State::Ended);
    let mut counts = std::collections::BTreeMap::new();
    for entry in read(place.dir(), &session).unwrap() {
        if let Event::Notice { text } = entry.event {
            let (writer, number) = text.split_once(' ').unwrap();
            let count: &mut u64 = counts.entry(writer.to_owned()).or_default();
            // Each writer's own entries are there, once, in their order.
            assert_eq!(number.parse::<u64>().unwrap(), *count);
            *count += 1;
        }
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [EACH; 4]);
}

/// In the child: adds to the one session there is.
fn write_many(dir: &Path) {
    let session = dam_journal::latest(dir).unwrap().unwrap();
    let options = Options {
        segment_bytes: 100_000,
        ..Options::default()
    };
    let mut journal = Journal::join(dir, &session, &options).unwrap();
    let own = std::process::id();
    for number in (0..EACH).step_by(3) {
        let events = [0, 1, 2].map(|more| notice(&format!("{own} {}", number + more)));
        journal.append_together(&events).unwrap();
    }
}

#[test]
fn a_stray_segment_alone_is_noticed() {
    let place = Place::new();
    let session = in_segments(&place);
    fs::remove_file(place.journal(&session)).unwrap();
    let audits = dam_journal::verify_all(place.dir()).unwrap();
    assert_eq!(audits.len(), 1);
    assert!(matches!(
        audits[0].result,
        Err(VerifyError::Tampered {
            tampering: Tampering::JournalMissing,
            ..
        })
    ));
}
