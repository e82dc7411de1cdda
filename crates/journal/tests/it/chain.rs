//! What verifying finds, and what it does not mistake for tampering.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::Command;
use std::thread;

use dam_journal::{SessionId, State, Tampering, VerifyError, read, verify, verify_all};
use sha2::{Digest as _, Sha256};

use crate::{Place, ended, notice};

/// What shows that the journal was tampered with.
fn tampering(place: &Place, session: &SessionId) -> Tampering {
    match verify(place.dir(), session) {
        Err(VerifyError::Tampered { tampering, .. }) => tampering,
        other => panic!("not seen as tampered with: {other:?}"),
    }
}

#[test]
fn an_ended_journal_verifies() {
    let place = Place::new();
    let session = place.ended();
    let verified = verify(place.dir(), &session).unwrap();
    assert_eq!((verified.entries, verified.state), (6, State::Ended));
    let entries = read(place.dir(), &session).unwrap();
    assert_eq!(entries.last().unwrap().hash, verified.last);
    assert_eq!(
        fs::metadata(place.journal(&session)).unwrap().len(),
        verified.bytes
    );
}

#[test]
fn a_journal_without_an_end_says_whether_somebody_writes_it() {
    let place = Place::new();
    let journal = place.running();
    let session = journal.session().clone();
    assert_eq!(verify(place.dir(), &session).unwrap().state, State::Running);
    drop(journal);
    assert_eq!(
        verify(place.dir(), &session).unwrap().state,
        State::Interrupted
    );
}

#[test]
fn the_chain_is_as_documented() {
    let place = Place::new();
    let session = place.ended();
    let mut prev = "0".repeat(64);
    for line in place.lines(&session) {
        let (body, rest) = line.rsplit_once(",\"hash\":\"").unwrap();
        assert_eq!(rest, format!("{}\"}}", sha256(body)));
        assert!(body.contains(&format!("\"prev\":\"{prev}\"")), "{body}");
        prev = sha256(body);
    }
}

/// What the documented shell script says of a journal.
#[expect(
    clippy::disallowed_methods,
    reason = "runs the documented script, not somebody's command"
)]
fn checked_by_hand(place: &Place, session: &SessionId) -> String {
    let page = include_str!("../../../../docs/journal.md");
    let (_, script) = page.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    assert!(script.contains("20261121-070416-1f3a9c.jsonl"), "{script}");
    let script = script.replace("20261121-070416-1f3a9c", session.as_str());
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.dir())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_documented_script_checks_the_chain() {
    let place = Place::new();
    let session = place.ended();
    assert_eq!(checked_by_hand(&place, &session), "");
    let mut lines = place.lines(&session);
    lines[2] = lines[2].replace("two", "TWO");
    place.write_lines(&session, &lines);
    let said = checked_by_hand(&place, &session);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("changed: ") && said.contains("TWO"),
        "{said}"
    );
    lines[2] = resealed(&lines[2]);
    place.write_lines(&session, &lines);
    assert!(checked_by_hand(&place, &session).starts_with("not in its place: "));
}

#[test]
fn a_changed_line_is_named() {
    let place = Place::new();
    let session = place.ended();
    let mut lines = place.lines(&session);
    lines[2] = lines[2].replace("two", "TWO");
    place.write_lines(&session, &lines);
    assert_eq!(tampering(&place, &session), Tampering::Changed { line: 3 });
    // It can still be read, and says of itself that it was changed.
    let intact: Vec<bool> = read(place.dir(), &session)
        .unwrap()
        .iter()
        .map(dam_journal::Entry::is_intact)
        .collect();
    assert_eq!(intact, [true, true, false, true, true, true]);
}

#[test]
fn a_changed_line_with_a_new_hash_is_found_by_the_next() {
    let place = Place::new();
    let session = place.ended();
    let mut lines = place.lines(&session);
    lines[2] = resealed(&lines[2].replace("two", "TWO"));
    place.write_lines(&session, &lines);
    assert_eq!(
        tampering(&place, &session),
        Tampering::Unchained { line: 4 }
    );
}

#[test]
fn a_rewritten_chain_is_found_by_the_head() {
    let place = Place::new();
    let session = place.ended();
    let mut lines = place.lines(&session);
    lines[2] = lines[2].replace("two", "TWO");
    rechain(&mut lines);
    place.write_lines(&session, &lines);
    assert_eq!(tampering(&place, &session), Tampering::OtherHead { seq: 6 });
}

#[test]
fn removed_lines_are_found() {
    let place = Place::new();
    let session = place.ended();
    let lines = place.lines(&session);
    for (at, found) in [
        (0, Tampering::OutOfOrder { line: 1, seq: 2 }),
        (2, Tampering::OutOfOrder { line: 3, seq: 4 }),
        (
            5,
            Tampering::CutOff {
                entries: 5,
                head: 6,
            },
        ),
    ] {
        let mut fewer = lines.clone();
        fewer.remove(at);
        place.write_lines(&session, &fewer);
        assert_eq!(tampering(&place, &session), found);
    }
    fs::write(place.journal(&session), "").unwrap();
    assert_eq!(
        tampering(&place, &session),
        Tampering::CutOff {
            entries: 0,
            head: 6
        }
    );
}

#[test]
fn repeated_moved_and_foreign_lines_are_found() {
    let place = Place::new();
    let session = place.ended();
    let lines = place.lines(&session);

    let mut repeated = lines.clone();
    repeated.insert(3, lines[2].clone());
    place.write_lines(&session, &repeated);
    assert_eq!(
        tampering(&place, &session),
        Tampering::OutOfOrder { line: 4, seq: 3 }
    );

    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    place.write_lines(&session, &swapped);
    assert_eq!(
        tampering(&place, &session),
        Tampering::OutOfOrder { line: 2, seq: 3 }
    );

    let other = place.ended();
    let mut foreign = lines.clone();
    foreign[2] = place.lines(&other)[2].clone();
    place.write_lines(&session, &foreign);
    assert_eq!(
        tampering(&place, &session),
        Tampering::OtherSession { line: 3, other }
    );

    let mut noise = lines;
    noise.insert(3, "{}".to_owned());
    place.write_lines(&session, &noise);
    assert!(matches!(
        tampering(&place, &session),
        Tampering::NotAnEntry { line: 4, .. }
    ));
}

#[test]
fn a_journal_in_the_place_of_another_is_found() {
    let place = Place::new();
    let (session, other) = (place.ended(), place.ended());
    fs::rename(place.journal(&other), place.journal(&session)).unwrap();
    assert!(matches!(
        tampering(&place, &session),
        Tampering::OtherSession { line: 1, .. }
    ));
    assert_eq!(tampering(&place, &other), Tampering::JournalMissing);
}

#[test]
fn an_older_copy_is_found() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let older = fs::read(place.journal(&session)).unwrap();
    journal.append(&ended()).unwrap();
    drop(journal);
    fs::write(place.journal(&session), older).unwrap();
    assert_eq!(
        tampering(&place, &session),
        Tampering::CutOff {
            entries: 5,
            head: 6
        }
    );
}

#[test]
fn lines_added_with_a_right_chain_are_found() {
    let place = Place::new();
    let journal = place.running();
    let session = journal.session().clone();
    drop(journal);
    let mut lines = place.lines(&session);
    // One more than a crash can leave beyond the head.
    for seq in [6, 7, 8, 9] {
        let line = lines[4].replace("\"seq\":5", &format!("\"seq\":{seq}"));
        lines.push(line);
    }
    rechain(&mut lines);
    place.write_lines(&session, &lines);
    assert_eq!(
        tampering(&place, &session),
        Tampering::BeyondHead {
            entries: 9,
            head: 5
        }
    );
}

#[test]
fn entries_that_belong_together_are_written_together() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let head = fs::read(place.head(&session)).unwrap();
    let events = [notice("one"), notice("two"), notice("three")];
    let entries = journal.append_together(&events).unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        [6, 7, 8]
    );
    let four = [notice("1"), notice("2"), notice("3"), notice("4")];
    assert!(journal.append_together(&four).is_err());
    drop(journal);
    assert_eq!(verify(place.dir(), &session).unwrap().entries, 8);
    // A crash between the entries and their head leaves the head before them.
    fs::write(place.head(&session), head).unwrap();
    assert_eq!(verify(place.dir(), &session).unwrap().entries, 8);
}

#[test]
fn nothing_follows_the_end() {
    let place = Place::new();
    let session = place.ended();
    let mut lines = place.lines(&session);
    lines.push(lines[4].replace("\"seq\":5", "\"seq\":7"));
    rechain(&mut lines);
    place.write_lines(&session, &lines);
    let found = tampering(&place, &session);
    // The head is checked on the way.
    assert_eq!(found, Tampering::AfterEnd { line: 7 });
}

#[test]
fn the_head_is_part_of_it() {
    let place = Place::new();
    let session = place.ended();
    let head = fs::read_to_string(place.head(&session)).unwrap();
    fs::write(place.head(&session), head.replace("\"seq\":6", "\"seq\":5")).unwrap();
    assert_eq!(tampering(&place, &session), Tampering::HeadChanged);
    fs::write(place.head(&session), "").unwrap();
    assert_eq!(tampering(&place, &session), Tampering::HeadChanged);
    fs::remove_file(place.head(&session)).unwrap();
    assert_eq!(tampering(&place, &session), Tampering::HeadMissing);
    let other = place.ended();
    fs::copy(place.head(&other), place.head(&session)).unwrap();
    assert_eq!(tampering(&place, &session), Tampering::HeadChanged);
}

#[test]
fn a_torn_last_line_is_a_crash() {
    let place = Place::new();
    let journal = place.running();
    let session = journal.session().clone();
    drop(journal);
    let mut file = OpenOptions::new()
        .append(true)
        .open(place.journal(&session))
        .unwrap();
    file.write_all(b"{\"v\":1,\"seq\":6,\"ti").unwrap();
    let error = verify(place.dir(), &session).unwrap_err();
    assert!(
        matches!(error, VerifyError::Torn { entries: 5, .. }),
        "{error}"
    );
    assert!(!error.is_tampering());
    assert_eq!(read(place.dir(), &session).unwrap().len(), 5);
}

#[test]
fn a_torn_line_that_was_whole_once_is_tampering() {
    let place = Place::new();
    let journal = place.running();
    let session = journal.session().clone();
    drop(journal);
    let text = fs::read(place.journal(&session)).unwrap();
    for missing in [1, 40] {
        fs::write(place.journal(&session), &text[..text.len() - missing]).unwrap();
        assert_eq!(
            tampering(&place, &session),
            Tampering::CutOff {
                entries: 4,
                head: 5
            }
        );
    }
}

#[test]
fn a_crash_between_an_entry_and_its_head_is_no_tampering() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let head = fs::read(place.head(&session)).unwrap();
    journal.append(&notice("five")).unwrap();
    drop(journal);
    fs::write(place.head(&session), head).unwrap();
    let verified = verify(place.dir(), &session).unwrap();
    assert_eq!((verified.entries, verified.state), (6, State::Interrupted));
}

#[test]
fn a_newer_format_is_not_called_tampering() {
    let place = Place::new();
    let session = place.ended();
    let mut lines = place.lines(&session);
    lines[3] = resealed(&lines[3].replace("{\"v\":1,", "{\"v\":2,"));
    place.write_lines(&session, &lines);
    let error = verify(place.dir(), &session).unwrap_err();
    assert!(
        matches!(
            error,
            VerifyError::Version {
                line: 4,
                version: 2,
                ..
            }
        ),
        "{error}"
    );
    // But one that only pretends is.
    lines[3] = lines[3].replace("{\"v\":2,", "{\"v\":3,");
    place.write_lines(&session, &lines);
    assert_eq!(tampering(&place, &session), Tampering::Changed { line: 4 });
}

#[test]
fn all_journals_are_verified_and_lost_ones_noticed() {
    let place = Place::new();
    let (sound, changed, lost) = (place.ended(), place.ended(), place.ended());
    let text = fs::read_to_string(place.journal(&changed)).unwrap();
    fs::write(place.journal(&changed), text.replace("three", "3")).unwrap();
    fs::remove_file(place.journal(&lost)).unwrap();
    fs::write(place.dir().join("notes.txt"), "not a journal").unwrap();
    let audits = verify_all(place.dir()).unwrap();
    assert_eq!(audits.len(), 3);
    for audit in audits {
        assert_eq!(audit.result.is_ok(), audit.session == sound);
        assert_eq!(
            audit.result.is_err_and(|error| error.is_tampering()),
            audit.session != sound
        );
    }
}

#[test]
fn a_running_journal_verifies_at_every_moment() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for number in 0..300 {
                journal.append(&notice(&number.to_string())).unwrap();
            }
            journal
        });
        while !writer.is_finished() {
            let verified = verify(place.dir(), &session).unwrap();
            assert_eq!(verified.state, State::Running);
        }
        writer.join().unwrap()
    });
    assert_eq!(verify(place.dir(), &session).unwrap().entries, 305);
}

/// The line with a hash that agrees with its content.
pub fn resealed(line: &str) -> String {
    let (body, _) = line.rsplit_once(",\"hash\":\"").unwrap();
    format!("{body},\"hash\":\"{}\"}}", sha256(body))
}

/// What somebody can do who knows the format: a chain that holds.
pub fn rechain(lines: &mut [String]) {
    let mut prev = "0".repeat(64);
    for line in lines {
        let (before, rest) = line.split_once("\"prev\":\"").unwrap();
        *line = resealed(&format!("{before}\"prev\":\"{prev}{}", &rest[64..]));
        let (_, seal) = line.rsplit_once(",\"hash\":\"").unwrap();
        seal[..64].clone_into(&mut prev);
    }
}

fn sha256(text: &str) -> String {
    let digits = Sha256::digest(text);
    digits
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
