//! What is kept: postures once, what is not too old or too much, or nothing.

use std::fs;
use std::time::{Duration, SystemTime};

use dam_journal::{
    Event, Journal, Options, Retention, SessionId, State, Tampering, VerifyError, posture, read,
    verify,
};
use serde_json::{Value, json};

use crate::{Place, ended, notice, started};

fn sizes(place: &Place) -> u64 {
    let files = fs::read_dir(place.dir()).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

/// A session of about two thousand bytes.
fn session(place: &Place, id: &str, options: &Options) -> SessionId {
    let session = id.parse().unwrap();
    let mut journal = Journal::create_with(place.dir(), &session, options).unwrap();
    journal.append(&started()).unwrap();
    journal.append(&notice(&"x ".repeat(600))).unwrap();
    journal.append(&ended()).unwrap();
    session
}

fn at_most(bytes: u64) -> Options {
    Options {
        retention: Retention {
            max_bytes: Some(bytes),
            max_age: None,
        },
        ..Options::default()
    }
}

#[test]
fn a_posture_is_kept_once_and_found_by_its_digest() {
    let place = Place::new();
    for _ in 0..3 {
        place.ended();
    }
    let session = place.ended();
    let files = fs::read_dir(place.dir()).unwrap();
    let postures = files.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension().is_some_and(|ending| ending == "posture")
    });
    assert_eq!(postures.count(), 1);
    let entries = read(place.dir(), &session).unwrap();
    let Event::SessionStarted { posture: named, .. } = &entries[0].event else {
        panic!("another event");
    };
    let found = posture(place.dir(), named).unwrap();
    assert_eq!(found, Some(json!({"approval": "never"})));
    // As older versions wrote it.
    let whole = json!({"approval": "never"});
    assert_eq!(posture(place.dir(), &whole).unwrap(), Some(whole));
}

#[test]
fn a_decision_names_the_posture_it_was_made_under() {
    let place = Place::new();
    let mut journal = place.running();
    let decision: Event = serde_json::from_value(
        json!({"kind": "decision", "action": {}, "verdict": {}, "allowed": true}),
    )
    .unwrap();
    let under = |journal: &mut Journal| match journal.append(&decision).unwrap().event {
        Event::Decision { posture, .. } => posture.unwrap(),
        other => panic!("{other:?}"),
    };
    let first = under(&mut journal);
    let changed = json!({"kind": "configuration_changed", "what": "mode_changed", "posture": {"approval": "untrusted"}});
    journal
        .append(&serde_json::from_value(changed).unwrap())
        .unwrap();
    let second = under(&mut journal);
    // Another process has one of its own.
    let mut other = Journal::join(place.dir(), journal.session(), &Options::default()).unwrap();
    other
        .decide_under(&json!({"token": "hunter2hunter2"}))
        .unwrap();
    let third = under(&mut other);
    let recovered = [&first, &second, &third].map(|digest| {
        let digest = Value::String(digest.clone());
        posture(place.dir(), &digest).unwrap().unwrap()
    });
    assert_eq!(recovered[0], json!({"approval": "never"}));
    assert_eq!(recovered[1], json!({"approval": "untrusted"}));
    assert_eq!(recovered[2], json!({"token": "[masked:token]"}));
    verify(place.dir(), journal.session()).unwrap();
}

#[test]
fn a_changed_or_lost_posture_is_found() {
    let place = Place::new();
    let session = place.ended();
    let files = fs::read_dir(place.dir()).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|e| e == "posture"));
    let path = path.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("never", "NEVER")).unwrap();
    let changed = |place: &Place| match verify(place.dir(), &session) {
        Err(VerifyError::Tampered { tampering, .. }) => {
            assert!(matches!(tampering, Tampering::PostureChanged { .. }));
        }
        other => panic!("{other:?}"),
    };
    changed(&place);
    fs::remove_file(&path).unwrap();
    changed(&place);
    // The next session under it writes it again: it is what its name says.
    place.ended();
    verify(place.dir(), &session).unwrap();
}

#[test]
fn nothing_is_kept_where_somebody_chose_so() {
    let place = Place::new();
    let options = Options {
        kept: false,
        ..Options::default()
    };
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create_with(place.dir(), &session, &options).unwrap();
    assert!(!journal.is_kept());
    assert_eq!(journal.append(&started()).unwrap().seq, 1);
    assert_eq!(journal.append(&ended()).unwrap().seq, 2);
    assert!(journal.append(&notice("late")).is_err());
    assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 0);
}

#[test]
fn the_oldest_sessions_go_when_all_is_too_much_and_that_is_recorded() {
    let place = Place::new();
    let most = 9000;
    let mut sessions = Vec::new();
    for second in 0..9 {
        let id = format!("20261121-07041{second}-1f3a9c");
        sessions.push(session(&place, &id, &at_most(most)));
        assert!(sizes(&place) <= most + 2500, "{}", sizes(&place));
    }
    let left = dam_journal::list(place.dir()).unwrap();
    assert!((2..6).contains(&left.len()), "{left:?}");
    assert_eq!(left.last().unwrap().session, sessions[8]);
    for summary in &left {
        verify(place.dir(), &summary.session).unwrap();
    }
    let gone = &sessions[0];
    let error = verify(place.dir(), gone).unwrap_err();
    assert!(
        matches!(error, VerifyError::Removed { entries: 3, .. }),
        "{error}"
    );
    // The record of that is a journal as any other.
    let ledger = SessionId::ledger();
    verify(place.dir(), &ledger).unwrap();
    let text = fs::read_to_string(place.journal(&ledger)).unwrap();
    fs::write(
        place.journal(&ledger),
        text.replace("max_bytes", "max_byteS"),
    )
    .unwrap();
    assert!(verify(place.dir(), &ledger).unwrap_err().is_tampering());
}

#[test]
fn what_retention_did_not_remove_is_missed() {
    let place = Place::new();
    let first = session(&place, "20261121-070411-1f3a9c", &Options::default());
    session(&place, "20261121-070412-1f3a9c", &Options::default());
    // The first goes by retention, the second by hand.
    let last = session(&place, "20261121-070413-1f3a9c", &at_most(6500));
    let hand: SessionId = "20261121-070412-1f3a9c".parse().unwrap();
    fs::remove_file(place.journal(&hand)).unwrap();
    assert!(verify(place.dir(), &hand).unwrap_err().is_tampering());
    assert!(!verify(place.dir(), &first).unwrap_err().is_tampering());
    verify(place.dir(), &last).unwrap();
}

#[test]
fn old_sessions_go_and_running_ones_stay() {
    let place = Place::new();
    let old = session(&place, "20260101-070411-1f3a9c", &Options::default());
    let running: SessionId = "20260101-070412-1f3a9c".parse().unwrap();
    let mut journal = Journal::create(place.dir(), &running).unwrap();
    journal.append(&started()).unwrap();
    let long_ago = SystemTime::now() - Duration::from_hours(90 * 24);
    for file in fs::read_dir(place.dir()).unwrap() {
        let file = fs::File::open(file.unwrap().path()).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    let options = Options {
        retention: Retention {
            max_bytes: None,
            max_age: Some(Duration::from_hours(30 * 24)),
        },
        ..Options::default()
    };
    session(&place, "20261121-070413-1f3a9c", &options);
    assert!(!place.journal(&old).exists());
    verify(place.dir(), &running).unwrap();
    drop(journal);
}

#[test]
fn a_session_that_is_too_much_by_itself_loses_its_middle() {
    let place = Place::in_memory();
    let id = SessionId::generate().unwrap();
    let options = Options {
        segment_bytes: 2000,
        ..at_most(10_000)
    };
    let mut journal = Journal::create_with(place.dir(), &id, &options).unwrap();
    journal.append(&started()).unwrap();
    for number in 0..100 {
        let text = format!("{number} {}", "x ".repeat(100));
        journal.append(&notice(&text)).unwrap();
        assert!(sizes(&place) < 16_000, "{}", sizes(&place));
    }
    let verified = verify(place.dir(), &id).unwrap();
    assert_eq!(verified.state, State::Running);
    assert!(verified.seq > verified.entries && verified.seq > 100);
    journal.append(&ended()).unwrap();
    drop(journal);
    verify(place.dir(), &id).unwrap();
    assert!(read(place.dir(), &id).unwrap().len() < 60);
    // What is gone without that being written down is missed.
    let mut segments: Vec<_> = fs::read_dir(place.dir())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_str().unwrap().matches('.').count() > 1)
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .filter(|path| path.file_stem().unwrap().to_str().unwrap().contains('.'))
        .collect();
    segments.sort();
    assert!(segments.len() > 2, "{segments:?}");
    fs::remove_file(&segments[0]).unwrap();
    assert!(verify(place.dir(), &id).unwrap_err().is_tampering());
}
