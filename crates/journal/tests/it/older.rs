//! Journals that older versions wrote: one file, an unsigned head, the posture
//! in the first line, no lock file.

use std::fs;

use dam_journal::{Event, Journal, Keys, Options, SessionId, State, posture, read, verify_with};

use crate::chain::{rechain, resealed};
use crate::{Place, chmod, ended, notice};

const EVENTS: [&str; 3] = [
    r#"{"kind":"session_started","argv":["dam","exec"],"cwd":"/src/shop","front":"exec","posture":{"approval":"never"},"version":"0.1.0"}"#,
    r#"{"kind":"decision","action":{"kind":"command","argv":["ls"]},"allowed":true,"verdict":{"decision":"allow"}}"#,
    r#"{"kind":"model_response","duration_ms":5,"input_tokens":1,"output_tokens":2}"#,
];

fn written(place: &Place) -> SessionId {
    let session: SessionId = "20260121-070416-1f3a9c".parse().unwrap();
    let zeros = "0".repeat(64);
    let mut lines: Vec<String> = EVENTS
        .iter()
        .enumerate()
        .map(|(at, event)| {
            let seq = at + 1;
            resealed(&format!(
                r#"{{"v":1,"seq":{seq},"time":"2026-01-21T07:04:16.123Z","session":"{session}","prev":"{zeros}","event":{event},"hash":""}}"#
            ))
        })
        .collect();
    rechain(&mut lines);
    place.write_lines(&session, &lines);
    let last = &lines[2];
    let hash = &last[last.len() - 66..last.len() - 2];
    let head = format!(r#"{{"v":1,"session":"{session}","seq":3,"last":"{hash}","hash":""}}"#);
    fs::write(place.head(&session), resealed(&head) + "\n").unwrap();
    chmod(&place.journal(&session));
    chmod(&place.head(&session));
    session
}

#[test]
fn they_verify_and_are_read() {
    let place = Place::new();
    let session = written(&place);
    // Also where there is a key since.
    let keys = place.dir().join("keys");
    dam_journal::Key::open(&keys).unwrap();
    let keys = Keys::read(&keys).unwrap();
    let verified = verify_with(place.dir(), &session, &keys).unwrap();
    assert_eq!((verified.entries, verified.state), (3, State::Interrupted));
    let entries = read(place.dir(), &session).unwrap();
    let Event::SessionStarted { posture: whole, .. } = &entries[0].event else {
        panic!("{:?}", entries[0]);
    };
    assert_eq!(posture(place.dir(), whole).unwrap().unwrap(), *whole);
    assert!(matches!(
        entries[1].event,
        Event::Decision { source: None, .. }
    ));
}

#[test]
fn they_are_continued_and_joined() {
    let place = Place::new();
    let session = written(&place);
    let mut journal = Journal::reopen(place.dir(), &session).unwrap();
    assert_eq!(journal.append(&notice("on")).unwrap().seq, 4);
    drop(journal);
    let place = Place::new();
    let session = written(&place);
    let mut journal = Journal::join(place.dir(), &session, &Options::default()).unwrap();
    assert_eq!(journal.append(&notice("on")).unwrap().seq, 4);
    journal.append(&ended()).unwrap();
    drop(journal);
    assert_eq!(
        dam_journal::verify(place.dir(), &session).unwrap().entries,
        5
    );
}

#[test]
fn a_change_of_them_is_found() {
    let place = Place::in_memory();
    let session = written(&place);
    let text = fs::read(place.journal(&session)).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1;
        fs::write(place.journal(&session), changed).unwrap();
        let error = dam_journal::verify(place.dir(), &session).unwrap_err();
        assert!(error.is_tampering(), "byte {at}: {error}");
    }
}
