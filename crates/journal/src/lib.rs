//! Writes and verifies the record of what happened: the journal.
//!
//! One file a session, `<dir>/<session-id>.jsonl`, one JSON object a line,
//! appended and never changed. Its two promises:
//!
//! - **Nothing happens that the journal does not know.** [`Journal::append`]
//!   returns when the line is durable, and after one failure every later append
//!   fails: whoever writes before acting does not act.
//! - **The record is evidence.** Lines are chained by SHA-256, so that
//!   [`verify`] finds what was changed, removed, inserted or moved.
//!
//! The line's layout, in this order and without spaces between fields:
//!
//! ```json
//! {"v":1,"seq":1,"time":"2026-11-21T07:04:16.123Z","session":"…","prev":"…","event":{"kind":"…"},"hash":"…"}
//! ```
//!
//! `hash` is the SHA-256 of the line's bytes before `,"hash"`; `prev` is the
//! `hash` of the line before, and 64 zeros in the first. So the chain is over
//! bytes as they are on the disk: nothing has to be serialised again, in the
//! same way, to check it, and an old reader checks events that it has never
//! heard of. A small head file beside it remembers the last
//! `seq` and `hash`, which shows a tail that was cut off.
//! `docs/journal.md` says what this does and does not protect from.
//!
//! Text is hostile: every string, object keys included, passes [`clean`] and
//! then [`mask`] before it is written.

mod anchor;
mod clean;
mod digest;
mod disk;
mod event;
pub mod export;
mod head;
mod headline;
mod journal;
mod key;
mod line;
mod lines;
mod link;
mod mask;
pub mod otel;
mod postures;
mod read;
mod retention;
mod scrub;
mod session_id;
mod store;
mod verify;

pub use anchor::{CheckpointError, checkpoint, verify_against};
pub use clean::{clean, clean_output};
pub use event::{DecisionSource, Event, UnknownEvent};
pub use journal::{Journal, Options};
pub use key::{Key, Keys};
pub use line::{Entry, LineError};
pub use link::Removed;
pub use mask::{KnownToken, known_prefixes, known_token, mask, private_key};
pub use postures::posture;
pub use read::{FindError, Summary, find, latest, list, read, read_each};
pub use retention::Retention;
pub use session_id::{BadSessionId, SessionId, fill as fill_at_random};
pub use store::JournalError;
pub use verify::{
    Audit, State, Tampering, Verified, VerifyError, verify, verify_all, verify_all_with,
    verify_with,
};
