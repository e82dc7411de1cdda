//! What the record is made of, and what is made of a record.

use std::cell::OnceCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use dam_journal::{Event, Journal, SessionId, clean, mask, verify};
use tempfile::TempDir;

use crate::Target;

/// Cleaned text has nothing left to clean, masked text nothing to mask.
pub(crate) const TEXT: Target = Target {
    name: "text",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        let cleaned = clean(&text);
        assert_eq!(clean(&cleaned), cleaned, "cleaning twice differs");
        let masked = mask(&cleaned);
        assert_eq!(mask(&masked), masked, "masking twice differs");
    },
    seeds: &[
        "Authorization: Bearer abcdefghijklmnop\npassword = \"hunter2hunter2\"",
        "https://user:secret@example.com/?token=ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----",
        "\u{1b}[31mred\u{1b}]8;;x\u{7}\u{202e}abc\u{e0041}\u{200b}",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY x=1",
    ],
};

thread_local! {
    static WRITTEN: OnceCell<Option<(TempDir, SessionId, Vec<u8>)>> = const { OnceCell::new() };
}

/// A record of which any part was overwritten is not sound, and finding that
/// out ends.
pub(crate) const RECORD: Target = Target {
    name: "record",
    run: |input| {
        WRITTEN.with(|written| {
            let Some((dir, session, sound)) = written.get_or_init(written_record) else {
                return;
            };
            let Some((at, put)) = input.split_at_checked(2) else {
                return;
            };
            let at = usize::from(u16::from_le_bytes([at[0], at[1]])) % sound.len();
            let mut bytes = sound.clone();
            bytes.truncate(at);
            bytes.extend_from_slice(put);
            bytes.extend_from_slice(sound.get(bytes.len()..).unwrap_or_default());
            let path = dir.path().join(format!("{session}.jsonl"));
            if fs::write(&path, &bytes).is_ok() && bytes != *sound {
                assert!(
                    verify(dir.path(), session).is_err(),
                    "a changed record verifies"
                );
            }
        });
    },
    seeds: &["\0\0{\"v\":1}", "\u{10}\0x\n", "\0\u{1}", "ab\n{}\n\n"],
};

/// A record of a few entries that has ended, in a directory of its own.
fn written_record() -> Option<(TempDir, SessionId, Vec<u8>)> {
    let dir = tempfile::tempdir().ok()?;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(dir.path(), private).ok()?;
    let session = SessionId::generate().ok()?;
    let mut journal = Journal::create(dir.path(), &session).ok()?;
    for text in ["one", "two", "three"] {
        let text = text.to_owned();
        journal.append(&Event::Notice { text }).ok()?;
    }
    let outcome = "completed".to_owned();
    journal.append(&Event::SessionEnded { outcome }).ok()?;
    drop(journal);
    let path = dir.path().join(format!("{session}.jsonl"));
    let bytes = fs::read(path).ok()?;
    Some((dir, session, bytes))
}
