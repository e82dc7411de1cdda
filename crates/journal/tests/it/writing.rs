//! Who may write where, and that nobody else does meanwhile.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use dam_journal::{Journal, JournalError, SessionId, State, list, read, verify};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::{Place, ended, notice};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_and_directories_are_closed_to_others() {
    let place = Place::new();
    let dir = place.dir().join("state/journal");
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create(&dir, &session).unwrap();
    journal.append(&notice("x")).unwrap();
    assert_eq!(mode(&place.dir().join("state")), 0o700);
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    // The journal, its head and its lock.
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600);
    }
}

#[test]
fn a_session_has_one_journal() {
    let place = Place::new();
    let session = place.ended();
    let before = fs::read(place.journal(&session)).unwrap();
    let error = Journal::create(place.dir(), &session).err().unwrap();
    assert!(matches!(error, JournalError::Exists(_)), "{error}");
    assert_eq!(fs::read(place.journal(&session)).unwrap(), before);
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let place = Place::new();
    let session = place.ended();
    for bad in [0o750, 0o705, 0o701, 0o770] {
        chmod(place.dir(), bad);
        let error = Journal::create(place.dir(), &SessionId::generate().unwrap())
            .err()
            .unwrap();
        assert!(
            matches!(error, JournalError::WrongMode { mode, .. } if mode == bad),
            "{error}"
        );
        assert!(read(place.dir(), &session).is_err());
        assert!(verify(place.dir(), &session).is_err());
    }
    chmod(place.dir(), 0o700);
    verify(place.dir(), &session).unwrap();
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    let place = Place::new();
    let session = SessionId::generate().unwrap();
    let theirs = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(place.dir(), Some(12345), None).unwrap();
        place.dir()
    } else {
        Path::new("/")
    };
    let error = Journal::create(theirs, &session).err().unwrap();
    assert!(matches!(error, JournalError::NotYours { .. }), "{error}");
}

#[test]
fn links_are_refused() {
    let place = Place::new();
    let target = place.dir().join("target");
    fs::create_dir(&target).unwrap();
    chmod(&target, 0o700);
    let link = place.dir().join("link");
    symlink(&target, &link).unwrap();
    let session = SessionId::generate().unwrap();
    for dir in [link.clone(), link.join(""), link.join(".")] {
        let error = Journal::create(&dir, &session).err().unwrap();
        assert!(
            matches!(error, JournalError::WrongKind { .. }),
            "{dir:?}: {error}"
        );
    }
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);

    // In the journal's place, dangling or not.
    let elsewhere = place.dir().join("elsewhere");
    symlink(&elsewhere, place.journal(&session)).unwrap();
    assert!(Journal::create(place.dir(), &session).is_err());
    assert!(!elsewhere.exists());
    let session = place.ended();
    fs::rename(place.journal(&session), &elsewhere).unwrap();
    symlink(&elsewhere, place.journal(&session)).unwrap();
    for error in [
        read(place.dir(), &session).err().unwrap(),
        Journal::reopen(place.dir(), &session).err().unwrap(),
    ] {
        assert!(matches!(error, JournalError::WrongKind { .. }), "{error}");
    }
    assert!(verify(place.dir(), &session).is_err());
}

#[test]
fn a_link_in_the_place_of_the_head_is_not_written_through() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let victim = place.dir().join("victim");
    fs::write(&victim, "mine").unwrap();
    let temporary = place.dir().join(format!("{session}.head.new"));
    symlink(&victim, &temporary).unwrap();
    fs::remove_file(place.head(&session)).unwrap();
    symlink(&victim, place.head(&session)).unwrap();
    journal.append(&notice("x")).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    verify(place.dir(), &session).unwrap();
}

#[test]
fn a_pipe_in_a_journals_place_holds_nobody() {
    let place = Place::new();
    let session = SessionId::generate().unwrap();
    mknodat(
        CWD,
        place.journal(&session),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    let error = read(place.dir(), &session).unwrap_err();
    assert!(matches!(error, JournalError::WrongKind { .. }), "{error}");
    assert!(list(place.dir()).unwrap()[0].problem.is_some());
}

#[test]
fn a_file_that_others_can_open_takes_no_more() {
    let place = Place::new();
    let mut journal = place.running();
    let path = place.journal(journal.session());
    chmod(&path, 0o640);
    let error = journal.append(&notice("x")).unwrap_err();
    assert!(
        matches!(error, JournalError::WrongMode { mode: 0o640, .. }),
        "{error}"
    );
    assert!(Journal::reopen(place.dir(), journal.session()).is_err());
    // Nobody knows what happened meanwhile, so it stays closed.
    chmod(&path, 0o600);
    let error = journal.append(&notice("x")).unwrap_err();
    assert!(matches!(error, JournalError::Poisoned { .. }), "{error}");
}

#[test]
fn a_disturbed_file_takes_no_more() {
    type Disturb = fn(&Path);
    let disturbances: [Disturb; 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| {
            let copy = path.with_extension("copy");
            fs::copy(path, &copy).unwrap();
            fs::rename(copy, path).unwrap();
        },
        |path| {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"{}\n").unwrap();
        },
        |path| {
            OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(10)
                .unwrap();
        },
        |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        },
    ];
    for disturb in disturbances {
        let place = Place::new();
        let mut journal = place.running();
        disturb(&place.journal(journal.session()));
        let error = journal.append(&notice("x")).unwrap_err();
        assert!(matches!(error, JournalError::Disturbed { .. }), "{error}");
        let error = journal.append(&notice("x")).unwrap_err();
        assert!(matches!(error, JournalError::Poisoned { .. }), "{error}");
    }
}

#[test]
fn one_writer_at_a_time() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let error = Journal::reopen(place.dir(), &session).err().unwrap();
    assert!(matches!(error, JournalError::InUse(_)), "{error}");
    journal.append(&notice("still mine")).unwrap();
    drop(journal);
    let mut journal = Journal::reopen(place.dir(), &session).unwrap();
    assert_eq!(journal.append(&notice("continued")).unwrap().seq, 7);
    journal.append(&ended()).unwrap();
    drop(journal);
    assert_eq!(verify(place.dir(), &session).unwrap().state, State::Ended);
}

#[test]
fn an_ended_journal_takes_no_more() {
    let place = Place::new();
    let mut journal = place.running();
    journal.append(&ended()).unwrap();
    let error = journal.append(&notice("x")).unwrap_err();
    assert!(matches!(error, JournalError::Ended(_)), "{error}");
    let session = journal.session().clone();
    drop(journal);
    let error = Journal::reopen(place.dir(), &session).err().unwrap();
    assert!(matches!(error, JournalError::Ended(_)), "{error}");
    assert_eq!(verify(place.dir(), &session).unwrap().entries, 6);
}

#[test]
fn only_a_sound_journal_is_continued() {
    let place = Place::new();
    let journal = place.running();
    let session = journal.session().clone();
    drop(journal);
    let text = fs::read_to_string(place.journal(&session)).unwrap();
    for bad in [text.replace("two", "TWO"), text.clone() + "{\"v\":1,\"se"] {
        fs::write(place.journal(&session), &bad).unwrap();
        let error = Journal::reopen(place.dir(), &session).err().unwrap();
        assert!(matches!(error, JournalError::NotSound { .. }), "{error}");
        assert_eq!(fs::read_to_string(place.journal(&session)).unwrap(), bad);
    }
    let absent = SessionId::generate().unwrap();
    let error = Journal::reopen(place.dir(), &absent).err().unwrap();
    assert!(matches!(error, JournalError::Missing { .. }), "{error}");
}

#[test]
fn an_event_that_fits_no_line_is_refused_and_poisons() {
    let place = Place::new();
    let mut journal = place.running();
    let session = journal.session().clone();
    let error = journal
        .append(&notice(&"x".repeat(17 * 1024 * 1024)))
        .unwrap_err();
    assert!(matches!(error, JournalError::Unwritable(_)), "{error}");
    let error = journal.append(&notice("x")).unwrap_err();
    assert!(matches!(error, JournalError::Poisoned { .. }), "{error}");
    drop(journal);
    assert_eq!(verify(place.dir(), &session).unwrap().entries, 5);
}
