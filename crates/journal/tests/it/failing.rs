//! A disk that takes no more, and a writer that is killed. Both need a process
//! of their own: this program, started again for one test.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dam_journal::{Journal, JournalError, SessionId, VerifyError, read, verify};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{Place, notice};

const CHILD: &str = "child-works-in=";

/// Where this process is to work, if it is the child of a test.
pub fn child_place() -> Option<PathBuf> {
    std::env::args().find_map(|argument| argument.strip_prefix(CHILD).map(PathBuf::from))
}

/// Starts this program again for one test only, behind some lines of shell.
/// The test harness takes the child's mark for one more name of a test.
#[expect(
    clippy::disallowed_methods,
    reason = "starts the test itself, not somebody's command"
)]
pub fn child(prelude: &str, test: &str, place: &Place) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{prelude}\nexec \"$@\""))
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .arg(format!("{CHILD}{}", place.dir().display()));
    command
}

#[test]
fn a_full_disk_stops_the_journal_for_good() {
    if let Some(dir) = child_place() {
        return fill_the_disk(&dir);
    }
    let place = Place::new();
    // The soft limit makes writes fail in their middle, as a full disk does.
    let prelude = "ulimit -S -f 16 && trap '' XFSZ";
    let output = child(
        prelude,
        "failing::a_full_disk_stops_the_journal_for_good",
        &place,
    )
    .output()
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );

    let (_, acknowledged) = said.split_once("acknowledged: ").unwrap();
    let acknowledged: u64 = acknowledged.lines().next().unwrap().parse().unwrap();
    let session = dam_journal::latest(place.dir()).unwrap().unwrap();
    match verify(place.dir(), &session) {
        Err(VerifyError::Torn { entries, .. }) => assert_eq!(entries, acknowledged),
        other => panic!("{other:?}"),
    }
}

/// In the child: writes until nothing fits, then tries again with room.
fn fill_the_disk(dir: &std::path::Path) {
    let mut journal = Journal::create(dir, &SessionId::generate().unwrap()).unwrap();
    let mut acknowledged = 0;
    let error = loop {
        match journal.append(&notice("a line that takes some room on the disk")) {
            Ok(entry) => acknowledged = entry.seq,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::File { .. }), "{error}");
    assert!(acknowledged > 0);
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    setrlimit(Resource::Fsize, unlimited).unwrap();
    for _ in 0..3 {
        let error = journal.append(&notice("there is room again")).unwrap_err();
        assert!(matches!(error, JournalError::Poisoned { .. }), "{error}");
    }
    println!("acknowledged: {acknowledged}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Some(dir) = child_place() {
        return write_for_ever(&dir);
    }
    let place = Place::new();
    let mut writer = child("", "failing::what_was_acknowledged_survives_a_kill", &place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    for line in BufReader::new(writer.stdout.take().unwrap()).lines() {
        if let Some(seq) = line.unwrap().strip_prefix("acknowledged: ") {
            acknowledged = seq.parse().unwrap();
        }
        if acknowledged == 50 {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    assert!(acknowledged >= 50);
    let session = dam_journal::latest(place.dir()).unwrap().unwrap();
    let entries = match verify(place.dir(), &session) {
        Ok(verified) => verified.entries,
        Err(VerifyError::Torn { entries, .. }) => entries,
        Err(error) => panic!("{error}"),
    };
    assert!(entries >= acknowledged, "{entries} of {acknowledged}");
    assert_eq!(read(place.dir(), &session).unwrap().len() as u64, entries);
}

/// In the child: writes until it is killed.
fn write_for_ever(dir: &std::path::Path) {
    let mut journal = Journal::create(dir, &SessionId::generate().unwrap()).unwrap();
    loop {
        let entry = journal.append(&notice("x")).unwrap();
        println!("acknowledged: {}", entry.seq);
    }
}
