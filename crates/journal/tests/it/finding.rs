//! Lists, look-ups and reading.

use std::fs;

use dam_journal::{FindError, Journal, JournalError, SessionId, State, find, latest, list, read};

use crate::{Place, ended, notice, session, started};

#[test]
fn an_absent_directory_holds_nothing() {
    let place = Place::new();
    let dir = place.dir().join("not/there");
    assert!(list(&dir).unwrap().is_empty());
    assert_eq!(latest(&dir).unwrap(), None);
    assert!(matches!(find(&dir, "2026"), Err(FindError::Missing { .. })));
}

#[test]
fn a_list_tells_what_each_session_was() {
    let place = Place::new();
    let done = place.ended();
    let running = place.running();
    let of = |session: &SessionId| {
        let mut summaries = list(place.dir()).unwrap();
        assert_eq!(summaries.len(), 2);
        summaries.retain(|summary| summary.session == *session);
        summaries.remove(0)
    };
    let summary = of(&done);
    assert_eq!(summary.entries, 6);
    assert_eq!(summary.state, State::Ended);
    assert_eq!(summary.outcome.as_deref(), Some("completed"));
    assert_eq!(summary.front.as_deref(), Some("exec"));
    assert_eq!(summary.cwd.as_deref(), Some("/src/shop"));
    assert_eq!(summary.argv, ["dam", "exec"]);
    assert!(summary.started.unwrap() <= summary.last.unwrap());
    assert_eq!(summary.problem, None);
    let session = running.session().clone();
    assert_eq!(of(&session).state, State::Running);
    drop(running);
    assert_eq!(of(&session).state, State::Interrupted);
}

#[test]
fn the_latest_is_the_one_that_started_last_within_a_second_too() {
    let place = Place::new();
    let ids = [
        "20261121-070416-ffffff",
        "20261121-070416-000000",
        "20261121-070415-888888",
    ];
    for id in ids {
        let mut journal = Journal::create(place.dir(), &session(id)).unwrap();
        let first = journal.append(&started()).unwrap().time;
        // Until the clock has moved on, to the millisecond.
        while journal.append(&notice("")).unwrap().time == first {}
    }
    let sessions: Vec<SessionId> = list(place.dir())
        .unwrap()
        .into_iter()
        .map(|summary| summary.session)
        .collect();
    assert_eq!(
        sessions,
        [session(ids[2]), session(ids[0]), session(ids[1])]
    );
    assert_eq!(latest(place.dir()).unwrap(), Some(session(ids[1])));
}

#[test]
fn a_list_reads_long_journals_from_both_ends() {
    let place = Place::new();
    let mut journal = place.running();
    for _ in 0..3 {
        journal.append(&notice(&"long ".repeat(50_000))).unwrap();
    }
    assert_eq!(list(place.dir()).unwrap()[0].entries, 8);
    journal.append(&ended()).unwrap();
    let summary = &list(place.dir()).unwrap()[0];
    assert_eq!((summary.entries, summary.state), (9, State::Ended));
}

#[test]
fn a_broken_journal_is_listed_with_its_problem() {
    let place = Place::new();
    let (broken, sound) = (place.ended(), place.ended());
    fs::write(place.journal(&broken), "no journal\n").unwrap();
    let summaries = list(place.dir()).unwrap();
    assert_eq!(summaries.len(), 2);
    for summary in summaries {
        assert_eq!(
            summary.problem.is_none(),
            summary.session == sound,
            "{summary:?}"
        );
    }
    let error = read(place.dir(), &broken).unwrap_err();
    assert!(
        matches!(error, JournalError::Unreadable { line: 1, .. }),
        "{error}"
    );
}

#[test]
fn an_empty_journal_is_listed_and_read() {
    let place = Place::new();
    let session = SessionId::generate().unwrap();
    drop(Journal::create(place.dir(), &session).unwrap());
    let summary = &list(place.dir()).unwrap()[0];
    assert_eq!(
        (summary.entries, summary.started, summary.problem.as_deref()),
        (0, None, None)
    );
    assert!(read(place.dir(), &session).unwrap().is_empty());
}

#[test]
fn a_session_is_found_by_how_it_begins() {
    let place = Place::new();
    for id in [
        "20261121-070416-1f3a9c",
        "20261121-070416-1f3b00",
        "20261122-000000-000000",
    ] {
        Journal::create(place.dir(), &session(id)).unwrap();
    }
    let found = |prefix| find(place.dir(), prefix).unwrap();
    assert_eq!(found("20261122"), session("20261122-000000-000000"));
    assert_eq!(
        found("20261121-070416-1f3a"),
        session("20261121-070416-1f3a9c")
    );
    assert_eq!(
        found("20261121-070416-1f3b00"),
        session("20261121-070416-1f3b00")
    );
    match find(place.dir(), "20261121") {
        Err(FindError::Ambiguous { candidates, .. }) => assert_eq!(candidates.len(), 2),
        other => panic!("{other:?}"),
    }
    for prefix in [
        "2025",
        "../20261122",
        "20261122-000000-000000x",
        "\u{1b}[2J",
    ] {
        let error = find(place.dir(), prefix).unwrap_err();
        assert!(matches!(error, FindError::Missing { .. }), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn messages_say_what_to_do() {
    let place = Place::new();
    for id in ["20261121-070416-1f3a9c", "20261121-070416-1f3b00"] {
        Journal::create(place.dir(), &session(id)).unwrap();
    }
    let message = |error: FindError| error.to_string();
    insta::assert_snapshot!(
        message(find(place.dir(), "2026").unwrap_err()),
        @"2 sessions begin with `2026`, the newest of them 20261121-070416-1f3b00: give more of the one you mean"
    );
    insta::assert_snapshot!(
        message(find(place.dir(), "2025").unwrap_err()),
        @"no session begins with `2025`"
    );
}

#[test]
fn a_missing_journal_is_missing() {
    let place = Place::new();
    let error = read(place.dir(), &session("20261121-070416-1f3a9c")).unwrap_err();
    assert!(matches!(error, JournalError::Missing { .. }), "{error}");
}
