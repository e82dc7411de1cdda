//! Kills at any moment, and cuts at any byte: what was acknowledged is there,
//! and what was not is no tampering.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use dam_journal::{Event, Journal, Options, SessionId, VerifyError, read, verify};

use crate::failing::{child, child_place};
use crate::{Place, notice, started};

/// Together a thousand and more: each of four tests, which run side by side.
const KILLS: u64 = 260;

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged_1() {
    kills(
        "killed::a_kill_at_any_moment_loses_nothing_acknowledged_1",
        1,
    );
}

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged_2() {
    kills(
        "killed::a_kill_at_any_moment_loses_nothing_acknowledged_2",
        2,
    );
}

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged_3() {
    kills(
        "killed::a_kill_at_any_moment_loses_nothing_acknowledged_3",
        3,
    );
}

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged_4() {
    kills(
        "killed::a_kill_at_any_moment_loses_nothing_acknowledged_4",
        4,
    );
}

/// Segments, so that kills meet their ends, too; and signed.
fn options(dir: &Path) -> Options {
    Options {
        segment_bytes: 4000,
        keys: Some(dir.join("keys")),
        ..Options::default()
    }
}

fn kills(test: &str, seed: u64) {
    if let Some(dir) = child_place() {
        return write_for_ever(&dir);
    }
    let place = Place::in_memory();
    // The key is made once; a kill while it is made is tried on its own.
    dam_journal::Key::open(&place.dir().join("keys")).unwrap();
    let mut random = seed;
    for _ in 0..KILLS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let dir = place.dir().join("journal");
        let _ = fs::remove_dir_all(&dir);
        let acknowledged = kill_after(test, &place, Duration::from_micros((random >> 33) % 6000));
        check(&place, &dir, acknowledged);
    }
}

/// Starts a writer, waits until it has begun, kills it a while later. Gives the
/// last entry that it was told to be durable.
fn kill_after(test: &str, place: &Place, wait: Duration) -> u64 {
    let mut writer = child("", test, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = writer.stdout.take().unwrap();
    let mut said = [0; 4096];
    let mut output = Vec::new();
    while !output.windows(5).any(|window| window == b"begin") {
        let count = stdout.read(&mut said).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&output));
        output.extend_from_slice(&said[..count]);
    }
    let begun = Instant::now();
    while begun.elapsed() < wait {
        thread::yield_now();
    }
    writer.kill().unwrap();
    stdout.read_to_end(&mut output).unwrap();
    writer.wait().unwrap();
    // The last line may be cut off, and the number in it with it.
    let output = String::from_utf8_lossy(&output);
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut acknowledged = whole
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged: "));
    acknowledged
        .next_back()
        .map_or(0, |seq| seq.parse().unwrap())
}

fn check(place: &Place, dir: &Path, acknowledged: u64) {
    let Some(session) = dir
        .exists()
        .then(|| dam_journal::latest(dir).unwrap())
        .flatten()
    else {
        assert_eq!(acknowledged, 0);
        return;
    };
    let entries = match verify(dir, &session) {
        Ok(verified) => verified.entries,
        Err(VerifyError::Torn { entries, .. }) => entries,
        Err(error) => panic!("{error}"),
    };
    assert!(entries >= acknowledged, "{entries} of {acknowledged}");
    let read = read(dir, &session).unwrap();
    assert_eq!(read.len() as u64, entries);
    // Another writer goes on after it.
    let mut journal = Journal::join(dir, &session, &options(place.dir())).unwrap();
    let next = journal.append(&notice("goes on")).unwrap().seq;
    assert!(next > entries);
    drop(journal);
    let keys = dam_journal::Keys::read(&place.dir().join("keys")).unwrap();
    let verified = dam_journal::verify_with(dir, &session, &keys).unwrap();
    assert_eq!((verified.entries, verified.unconfirmed), (next, 0));
}

/// In the child: writes until it is killed.
fn write_for_ever(dir: &Path) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "begin").unwrap();
    let session = SessionId::generate().unwrap();
    let options = options(dir);
    let mut journal = Journal::create_with(&dir.join("journal"), &session, &options).unwrap();
    journal.append(&started()).unwrap();
    loop {
        let entry = journal.append(&notice("x")).unwrap();
        writeln!(stdout, "acknowledged: {}", entry.seq).unwrap();
    }
}

/// A small journal, cut at every byte: found as cut, and never taken for whole.
#[test]
fn a_cut_at_every_byte_is_found() {
    let place = Place::in_memory();
    let journal = place.running();
    let session = journal.session().clone();
    drop(journal);
    let text = fs::read(place.journal(&session)).unwrap();
    for length in 0..text.len() {
        fs::write(place.journal(&session), &text[..length]).unwrap();
        let result = verify(place.dir(), &session);
        assert!(
            result.as_ref().is_err_and(VerifyError::is_tampering),
            "{length}: {result:?}"
        );
        assert!(Journal::reopen(place.dir(), &session).is_err());
    }
    fs::write(place.journal(&session), &text).unwrap();
    verify(place.dir(), &session).unwrap();
}

/// The same where the head does not know of what is cut, as when the writer was
/// killed: then it is a crash, and the next writer goes on.
#[test]
fn an_entry_written_in_part_is_a_crash_at_every_byte() {
    let place = Place::in_memory();
    let mut journal = place.running();
    let session = journal.session().clone();
    let head = fs::read(place.head(&session)).unwrap();
    let before = fs::read(place.journal(&session)).unwrap().len();
    journal.append(&notice("not acknowledged")).unwrap();
    drop(journal);
    let text = fs::read(place.journal(&session)).unwrap();
    for length in before..=text.len() {
        fs::write(place.journal(&session), &text[..length]).unwrap();
        fs::write(place.head(&session), &head).unwrap();
        match verify(place.dir(), &session) {
            Ok(verified) => assert_eq!(
                verified.unconfirmed,
                u64::from(length == text.len()),
                "{length}"
            ),
            Err(VerifyError::Torn { entries: 5, .. }) => {}
            other => panic!("{length}: {other:?}"),
        }
        let mut journal = Journal::join(place.dir(), &session, &Options::default()).unwrap();
        journal.append(&notice("goes on")).unwrap();
        drop(journal);
        let verified = verify(place.dir(), &session).unwrap();
        let torn = length > before && length < text.len();
        assert_eq!(
            verified.entries,
            6 + u64::from(torn || length == text.len())
        );
        let entries = read(place.dir(), &session).unwrap();
        let recovered = |event: &Event| matches!(event, Event::Recovered { .. });
        assert_eq!(entries.iter().any(|entry| recovered(&entry.event)), torn);
    }
}
