//! The walk along the chain, from the first segment to the last.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _};

use super::{State, Tampering, Verified, VerifyError, tampered};
use crate::head::{Found, Head};
use crate::journal::{MOST_TOGETHER, checkpoint_text};
use crate::key::{Keys, is_signed};
use crate::line::NO_HASH;
use crate::lines::{Line, Lines};
use crate::link::{self, Checkpoint, Link, NoLink, Removed, What};
use crate::store::{Store, segment_name};
use crate::{JournalError, LineError, SessionId, postures};

/// One file of a journal, and how much of it counts.
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) length: u64,
    name: String,
    file: File,
}

impl Segment {
    pub(super) fn new(
        store: &Store,
        session: &SessionId,
        number: u32,
        file: File,
    ) -> Result<Self, JournalError> {
        let name = segment_name(session, number);
        let failed = |error| store.file_error(&name, error);
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self {
            number,
            length,
            name,
            file,
        })
    }
}

/// The walk.
pub(super) struct Walk<'a> {
    store: &'a Store,
    session: &'a SessionId,
    head: Head,
    keys: Option<&'a Keys>,
    /// An entry's number and the hash that it must have.
    anchor: Option<(u64, String)>,
    entries: u64,
    bytes: u64,
    seq: u64,
    last: String,
    ended: bool,
    segment: (u32, u64),
    /// Whether the entry before was the last of its segment.
    closed: bool,
    /// What is missing between segments: the numbers of the first and the last
    /// entry, and the last one's hash.
    gaps: Vec<(u64, u64, String)>,
    removed: Vec<Removed>,
    postures: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        store: &'a Store,
        session: &'a SessionId,
        head: Found,
        keys: Option<&'a Keys>,
        anchor: Option<(u64, String)>,
    ) -> Result<Self, VerifyError> {
        let head = match head {
            Found::Whole(head) => head,
            Found::Missing => return Err(tampered(session, Tampering::HeadMissing)),
            Found::Damaged => return Err(tampered(session, Tampering::HeadChanged)),
        };
        let walk = Self {
            store,
            session,
            head,
            keys,
            anchor,
            entries: 0,
            bytes: 0,
            seq: 0,
            last: NO_HASH.to_owned(),
            ended: false,
            segment: (1, 0),
            closed: false,
            gaps: Vec::new(),
            removed: Vec::new(),
            postures: BTreeSet::new(),
        };
        walk.check_head()?;
        walk.compare_head()?;
        Ok(walk)
    }

    fn found<T>(&self, tampering: Tampering) -> Result<T, VerifyError> {
        Err(tampered(self.session, tampering))
    }

    /// Whether the head is signed as it should be.
    fn check_head(&self) -> Result<(), VerifyError> {
        match (self.head.signed_by(), self.keys) {
            (Some(Err(_)), _) => self.found(Tampering::BadSignature {
                of: "of its head".to_owned(),
            }),
            (Some(Ok(key)), Some(keys)) if !keys.know(key) => {
                let key = key.to_owned();
                self.found(Tampering::UnknownKey { key })
            }
            (None, Some(keys)) if keys.expect_of(self.session) => self.found(Tampering::Unsigned),
            _ => Ok(()),
        }
    }

    /// Follows one segment. Gives whether it ends in the middle of a line.
    pub(super) fn segment(&mut self, segment: Segment, last: bool) -> Result<bool, VerifyError> {
        let failed = |error| JournalError::from_file(self.store, &segment.name, error);
        let follows = segment.number == self.segment.0 + 1;
        if segment.number > 1 && segment.length > 0 && follows && !self.closed {
            return self.found(Tampering::Unchained { line: self.seq + 1 });
        }
        let mut first = segment.number > 1 && !follows;
        self.segment = (segment.number, 0);
        self.closed = false;
        let mut file = segment.file;
        file.rewind().map_err(failed)?;
        let mut lines = Lines::new(file.take(segment.length));
        loop {
            let line = match lines.next() {
                Ok(None) => return Ok(false),
                Ok(Some(Line::Unended)) if last => return Ok(true),
                Ok(Some(Line::Unended)) => {
                    return self.found(Tampering::CutOff {
                        entries: self.seq,
                        head: self.head.seq,
                    });
                }
                Ok(Some(Line::Whole(line))) => line,
                Err(error) => {
                    return Err(JournalError::from_file(self.store, &segment.name, error).into());
                }
            };
            self.step(&line, std::mem::take(&mut first))?;
        }
    }

    /// Takes the next line. `jumps`: segments before it are not there.
    fn step(&mut self, line: &[u8], jumps: bool) -> Result<(), VerifyError> {
        let number = self.seq + 1;
        let (entry, posture) = match link::read(line, self.session) {
            Ok(read) => read,
            Err(error) => return Err(self.no_link(error, number)),
        };
        if self.ended || (self.closed && !jumps) {
            return self.found(Tampering::AfterEnd { line: number });
        }
        if jumps && entry.seq > number {
            self.gaps.push((number, entry.seq - 1, entry.prev.clone()));
        } else if entry.seq != number {
            return self.found(Tampering::OutOfOrder {
                line: number,
                seq: entry.seq,
            });
        } else if entry.prev != self.last {
            return self.found(Tampering::Unchained { line: number });
        }
        if let Some(digest) = posture {
            self.check_posture(digest)?;
        }
        self.take_what(&entry)?;
        self.entries += 1;
        self.bytes += line.len() as u64 + 1;
        self.segment.1 += line.len() as u64 + 1;
        self.seq = entry.seq;
        self.last = entry.hash;
        self.compare_head()
    }

    /// What a line means to the chain itself.
    fn take_what(&mut self, link: &Link) -> Result<(), VerifyError> {
        match &link.what {
            What::Other => Ok(()),
            What::End => {
                self.ended = true;
                Ok(())
            }
            What::Checkpoint(checkpoint) => {
                self.closed = checkpoint.next_segment.is_some();
                self.check_signature(link, checkpoint)
            }
            What::Retention(removed) => {
                self.removed.extend(removed.iter().cloned());
                Ok(())
            }
        }
    }

    fn check_signature(&self, link: &Link, checkpoint: &Checkpoint) -> Result<(), VerifyError> {
        let (Some(key), Some(signature)) = (&checkpoint.key, &checkpoint.signature) else {
            return Ok(());
        };
        if self.keys.is_some_and(|keys| !keys.know(key)) {
            let key = key.clone();
            return self.found(Tampering::UnknownKey { key });
        }
        let text = checkpoint_text(self.session, link.seq, &link.prev);
        if !is_signed(key, &text, signature) {
            let of = format!("of entry {}", link.seq);
            return self.found(Tampering::BadSignature { of });
        }
        Ok(())
    }

    /// Each posture is looked at once.
    fn check_posture(&mut self, digest: String) -> Result<(), VerifyError> {
        if self.postures.contains(&digest) {
            return Ok(());
        }
        if !postures::is_kept(self.store, &digest)? {
            return self.found(Tampering::PostureChanged { digest });
        }
        self.postures.insert(digest);
        Ok(())
    }

    fn no_link(&self, error: NoLink, line: u64) -> VerifyError {
        let tampering = match error {
            NoLink::Line(LineError::Version(version)) => {
                return VerifyError::Version {
                    session: self.session.clone(),
                    line,
                    version,
                };
            }
            NoLink::Line(LineError::NotAnEntry(problem)) => Tampering::NotAnEntry { line, problem },
            NoLink::Changed => Tampering::Changed { line },
            NoLink::Other(other) => Tampering::OtherSession { line, other },
        };
        tampered(self.session, tampering)
    }

    /// Whether the entry that the head names is the one that is here.
    fn compare_head(&self) -> Result<(), VerifyError> {
        let seq = self.seq;
        if self.head.seq == seq && self.head.last != self.last {
            return self.found(Tampering::OtherHead { seq });
        }
        match &self.anchor {
            Some((at, hash)) if *at == seq && *hash != self.last => {
                self.found(Tampering::OtherCheckpoint { seq })
            }
            _ => Ok(()),
        }
    }

    /// Whether there are as many entries as a checkpoint stands for.
    fn compare_anchor(&self) -> Result<(), VerifyError> {
        if let Some((seq, _)) = self.anchor
            && seq > self.seq
        {
            return self.found(Tampering::OtherCheckpoint { seq });
        }
        Ok(())
    }

    /// Judges the end.
    pub(super) fn finish(
        self,
        running: bool,
        still: bool,
        torn: bool,
    ) -> Result<Verified, VerifyError> {
        self.compare_anchor()?;
        let (entries, head) = (self.seq, self.head.seq);
        if entries < head {
            return self.found(Tampering::CutOff { entries, head });
        }
        // A crash comes between a few entries and their head, at most once.
        if entries > head + MOST_TOGETHER as u64 && still {
            return self.found(Tampering::BeyondHead { entries, head });
        }
        if torn && self.ended {
            return self.found(Tampering::AfterEnd { line: entries + 1 });
        }
        if let Some((first, last, _)) = self.gaps.iter().find(|gap| !self.was_removed(gap)) {
            let (first, last) = (*first, *last);
            return self.found(Tampering::Missing { first, last });
        }
        // A running writer goes on after what another one left.
        if torn && !running {
            return Err(VerifyError::Torn {
                session: self.session.clone(),
                entries: self.entries,
            });
        }
        let signed_by = self.head.signed_by().and_then(Result::ok);
        Ok(Verified {
            session: self.session.clone(),
            entries: self.entries,
            bytes: self.bytes,
            seq: self.seq,
            state: match (self.ended, running) {
                (true, _) => State::Ended,
                (false, true) => State::Running,
                (false, false) => State::Interrupted,
            },
            unconfirmed: entries - head,
            signed_by: signed_by.map(str::to_owned),
            segment: if self.closed {
                (self.segment.0.saturating_add(1), 0)
            } else {
                self.segment
            },
            last: self.last,
        })
    }

    /// Whether the chain itself says that what is missing was removed.
    fn was_removed(&self, (first, last, hash): &(u64, u64, String)) -> bool {
        self.removed.iter().any(|part| {
            part.session == self.session.as_str()
                && (part.first, part.last) == (*first, *last)
                && part.hash == *hash
        })
    }
}
