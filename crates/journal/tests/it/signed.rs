//! Signed heads, checkpoints, and checkpoints kept elsewhere.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use dam_journal::{
    Event, Journal, JournalError, Key, Keys, Options, SessionId, Tampering, VerifyError,
    checkpoint, read, verify, verify_against, verify_with,
};

use crate::chain::{rechain, resealed};
use crate::{Place, ended, notice, started};

impl Place {
    fn keys(&self) -> PathBuf {
        self.dir().join("keys")
    }

    fn options(&self) -> Options {
        Options {
            keys: Some(self.keys()),
            ..Options::default()
        }
    }

    /// A signed session that ended.
    fn signed(&self) -> SessionId {
        let session = SessionId::generate().unwrap();
        let mut journal = Journal::create_with(self.dir(), &session, &self.options()).unwrap();
        journal.append(&started()).unwrap();
        journal.append(&notice("one")).unwrap();
        journal.append(&ended()).unwrap();
        session
    }

    fn verify_signed(&self, session: &SessionId) -> Result<dam_journal::Verified, VerifyError> {
        verify_with(self.dir(), session, &Keys::read(&self.keys()).unwrap())
    }

    /// What somebody can do who knows the format and has no key.
    fn rewrite(&self, session: &SessionId, head: impl Fn(&str) -> String) {
        let mut lines = self.lines(session);
        lines[1] = lines[1].replace("one", "ONE");
        rechain(&mut lines);
        self.write_lines(session, &lines);
        let last = lines.last().unwrap();
        let hash = &last[last.len() - 66..last.len() - 2];
        let text = fs::read_to_string(self.head(session)).unwrap();
        let (before, rest) = text.split_once("\"last\":\"").unwrap();
        let text = head(&format!("{before}\"last\":\"{hash}{}", &rest[64..]));
        let text = resealed(text.trim_end());
        fs::write(self.head(session), text + "\n").unwrap();
    }
}

fn tampering(result: Result<dam_journal::Verified, VerifyError>) -> Tampering {
    match result {
        Err(VerifyError::Tampered { tampering, .. }) => tampering,
        other => panic!("not seen as tampered with: {other:?}"),
    }
}

#[test]
fn a_key_is_made_once_and_is_the_owners_alone() {
    let place = Place::new();
    let keys: Vec<String> = std::thread::scope(|scope| {
        let open = || Key::open(&place.keys()).unwrap().public().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let mut names = Vec::new();
    for file in fs::read_dir(place.keys()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["journal.key", "journal.pub"]);
    assert!(!format!("{:?}", Key::open(&place.keys())).contains("seed"));
    fs::write(place.keys().join("journal.key"), "ed25519 x\n").unwrap();
    let error = Key::open(&place.keys()).err().unwrap();
    assert!(matches!(error, JournalError::BadKey(_)), "{error}");
}

#[test]
fn what_is_signed_verifies_here_and_with_its_public_key() {
    let place = Place::new();
    let session = place.signed();
    let key = Key::open(&place.keys()).unwrap();
    let verified = place.verify_signed(&session).unwrap();
    assert_eq!(verified.signed_by.as_deref(), Some(key.public()));
    let elsewhere = Keys::of(key.public()).unwrap();
    verify_with(place.dir(), &session, &elsewhere).unwrap();
    let other = Keys::of(&"0".repeat(64)).unwrap();
    let found = tampering(verify_with(place.dir(), &session, &other));
    assert!(matches!(found, Tampering::UnknownKey { .. }), "{found:?}");
}

#[test]
fn a_rewrite_without_the_key_is_found() {
    // The whole chain and the head, as consistent as can be.
    let place = Place::new();
    let session = place.signed();
    place.rewrite(&session, str::to_owned);
    let bad = Tampering::BadSignature {
        of: "of its head".to_owned(),
    };
    assert_eq!(tampering(place.verify_signed(&session)), bad);
    // Also where no key is at hand.
    assert_eq!(tampering(verify(place.dir(), &session)), bad);
}

#[test]
fn a_rewrite_that_leaves_the_signature_out_is_found() {
    let place = Place::new();
    Key::open(&place.keys()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let session = place.signed();
    place.rewrite(&session, |head| {
        let (before, rest) = head.split_once(",\"key\":").unwrap();
        let (_, seal) = rest.split_once(",\"hash\":").unwrap();
        format!("{before},\"hash\":{seal}")
    });
    assert_eq!(
        tampering(place.verify_signed(&session)),
        Tampering::Unsigned
    );
}

#[test]
fn a_rewrite_with_another_key_is_found() {
    let place = Place::new();
    let session = place.signed();
    let other = Place::new();
    let theirs = Journal::create_with(other.dir(), &session, &other.options());
    let mut theirs = theirs.unwrap();
    theirs.append(&started()).unwrap();
    theirs.append(&ended()).unwrap();
    for path in [Place::journal, Place::head] {
        fs::copy(path(&other, &session), path(&place, &session)).unwrap();
    }
    let found = tampering(place.verify_signed(&session));
    assert!(matches!(found, Tampering::UnknownKey { .. }), "{found:?}");
}

#[test]
fn checkpoints_stand_in_the_chain_and_are_checked() {
    let place = Place::in_memory();
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create_with(place.dir(), &session, &place.options()).unwrap();
    let events = [notice("one"), notice("two"), notice("three")];
    for _ in 0..350 {
        journal.append_together(&events).unwrap();
    }
    drop(journal);
    let is_checkpoint = |entry: &dam_journal::Entry| {
        matches!(
            entry.event,
            Event::Checkpoint {
                signature: Some(_),
                ..
            }
        )
    };
    let entries = read(place.dir(), &session).unwrap();
    assert_eq!(
        entries.iter().filter(|entry| is_checkpoint(entry)).count(),
        1
    );
    place.verify_signed(&session).unwrap();
    // Before it something is changed, the chain and an unsigned head follow.
    let mut lines = place.lines(&session);
    lines[3] = lines[3].replace("one", "ONE");
    rechain(&mut lines);
    place.write_lines(&session, &lines);
    fs::remove_file(place.head(&session)).unwrap();
    let last = lines.last().unwrap();
    let hash = &last[last.len() - 66..last.len() - 2];
    let head = format!(
        r#"{{"v":1,"session":"{session}","seq":{},"last":"{hash}","hash":"""#,
        lines.len()
    );
    fs::write(place.head(&session), resealed(&(head + "}")) + "\n").unwrap();
    crate::chmod(&place.head(&session));
    let at = entries
        .iter()
        .find(|entry| is_checkpoint(entry))
        .unwrap()
        .seq;
    let of = format!("of entry {at}");
    assert_eq!(
        tampering(verify(place.dir(), &session)),
        Tampering::BadSignature { of }
    );
}

#[test]
fn a_checkpoint_kept_elsewhere_finds_what_the_key_cannot() {
    let place = Place::new();
    let ended = place.signed();
    let running = SessionId::generate().unwrap();
    let mut journal = Journal::create_with(place.dir(), &running, &place.options()).unwrap();
    journal.append(&started()).unwrap();
    let older = [
        fs::read(place.journal(&running)).unwrap(),
        fs::read(place.head(&running)).unwrap(),
    ];
    journal.append(&notice("one")).unwrap();
    let line = checkpoint(place.dir(), Some(&place.keys())).unwrap();
    let keys = Keys::read(&place.keys()).unwrap();
    let problems = || {
        let audits = verify_against(place.dir(), &keys, &line).unwrap();
        audits
            .into_iter()
            .filter_map(|audit| Some((audit.session, audit.result.err()?)))
            .collect::<Vec<_>>()
    };
    assert!(problems().is_empty());
    // More may come.
    journal.append(&notice("two")).unwrap();
    drop(journal);
    assert!(problems().is_empty());
    // An older pair of both files is consistent, and rightly signed.
    let newer = [
        fs::read(place.journal(&running)).unwrap(),
        fs::read(place.head(&running)).unwrap(),
    ];
    let put = |[text, head]: &[Vec<u8>; 2]| {
        fs::write(place.journal(&running), text).unwrap();
        fs::write(place.head(&running), head).unwrap();
    };
    put(&older);
    place.verify_signed(&running).unwrap();
    let found = problems();
    assert_eq!((found.len(), &found[0].0), (1, &running));
    put(&newer);
    // A session of which nothing is left.
    for path in [place.journal(&ended), place.head(&ended)] {
        fs::remove_file(path).unwrap();
    }
    let found = problems();
    assert_eq!((found.len(), &found[0].0), (1, &ended));
    // A line that was changed stands for nothing.
    for changed in [
        line.replacen('a', "b", 1),
        line.replace(" 2 ", " 3 "),
        String::new(),
    ] {
        assert!(
            verify_against(place.dir(), &keys, &changed).is_err(),
            "{changed}"
        );
    }
}
