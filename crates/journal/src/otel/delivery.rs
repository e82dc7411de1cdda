//! What is sent when: batches, attempts, and how far it got.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::session::Session;
use super::spool::{Progress, Spool, pending};
use super::transport::{Collector, ExportError, Failure, block_on, said};
use super::wire::{Message, Partial};
use super::{Signal, Telemetry, logs, metrics, spans};
use crate::Entry;

/// At most as many records are sent in one request.
const MOST_RECORDS: usize = 512;
/// And as many bytes. Collectors take 4 MiB over gRPC.
const MOST_BYTES: usize = 1024 * 1024;
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// What came of sending.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivered {
    /// Records that the collectors took.
    pub records: u64,
    /// Records that the collectors would not have. They are not sent again.
    pub rejected: u64,
    /// Whether everything there was has been sent.
    pub whole: bool,
    /// Why not, or why records were refused.
    pub problem: Option<String>,
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// When to give up.
    pub until: Instant,
    /// How often a request is sent at most.
    pub attempts: u32,
}

/// Sends a session's telemetry from its start, with attempts for as long as
/// `within`.
pub fn deliver_session(
    telemetry: &Telemetry,
    entries: &[Entry],
    over: bool,
    within: Duration,
) -> Result<Delivered, ExportError> {
    let progress = RefCell::new(Progress::default());
    let patience = Patience {
        until: Instant::now() + within,
        attempts: u32::MAX,
    };
    let sending = Sending {
        telemetry,
        patience,
        progress: &progress,
        save: &|_| {},
    };
    block_on(sending.session(entries, over))
}

/// Sends what is left of sessions that have ended, the oldest first, until the
/// first that does not go through. `within` counts for each.
pub fn deliver_pending(
    telemetry: &Telemetry,
    journal: &Path,
    dir: &Path,
    within: Duration,
) -> Result<Delivered, ExportError> {
    block_on(async {
        let patience = || Patience {
            until: Instant::now() + within,
            attempts: u32::MAX,
        };
        all_pending(telemetry, journal, dir, patience).await
    })
}

pub(super) async fn all_pending(
    telemetry: &Telemetry,
    journal: &Path,
    dir: &Path,
    patience: impl Fn() -> Patience,
) -> Delivered {
    let mut all = Delivered {
        whole: true,
        ..Delivered::default()
    };
    for pending in pending(dir).unwrap_or_default() {
        let patience = patience();
        if patience.until <= Instant::now() {
            all.whole = false;
            break;
        }
        let Ok(Some(spool)) = Spool::open(dir, &pending.session) else {
            continue;
        };
        let entries = match super::entries(journal, &pending.session) {
            Ok(entries) => entries,
            Err(crate::JournalError::Missing { .. }) => {
                all.problem = Some(format!(
                    "the journal of {} is gone; what was not sent of it is lost",
                    pending.session
                ));
                spool.remove();
                continue;
            }
            Err(error) => {
                all.problem = Some(error.to_string());
                continue;
            }
        };
        let one = deliver_spooled(telemetry, &entries, true, spool, patience).await;
        all.records += one.records;
        all.rejected += one.rejected;
        all.problem = one.problem.or(all.problem);
        if !one.whole {
            all.whole = false;
            break;
        }
    }
    all
}

/// Sends what the spool does not know of. It is removed when everything is sent
/// and nothing can follow.
pub(super) async fn deliver_spooled(
    telemetry: &Telemetry,
    entries: &[Entry],
    over: bool,
    spool: Spool,
    patience: Patience,
) -> Delivered {
    let mut spool = spool;
    let delivered = deliver_some(telemetry, entries, over, &mut spool, patience).await;
    if over && delivered.whole {
        spool.remove();
    }
    delivered
}

/// As [`deliver_spooled`], for a session that goes on.
pub(super) async fn deliver_some(
    telemetry: &Telemetry,
    entries: &[Entry],
    over: bool,
    spool: &mut Spool,
    patience: Patience,
) -> Delivered {
    let progress = RefCell::new(spool.progress);
    let spool = RefCell::new(spool);
    let sending = Sending {
        telemetry,
        patience,
        progress: &progress,
        save: &|progress| {
            let mut spool = spool.borrow_mut();
            spool.progress = *progress;
            // Not written down, it is sent again.
            let _unsaved = spool.save();
        },
    };
    sending.session(entries, over).await
}

/// Every request that tells a session from its start, as the JSON of OTLP.
pub fn to_json_lines(telemetry: &Telemetry, entries: &[Entry], over: bool) -> Vec<String> {
    let Some(session) = Session::new(entries, telemetry, over) else {
        return Vec::new();
    };
    Signal::ALL
        .into_iter()
        .flat_map(|signal| {
            let batches = batched(records(&session, signal, 0, end(&session)));
            let messages = batches
                .into_iter()
                .map(move |batch| (signal, batch.records));
            messages.collect::<Vec<_>>()
        })
        .map(|(signal, records)| session.request(signal, records).to_json().to_string())
        .collect()
}

struct Sending<'a> {
    telemetry: &'a Telemetry,
    patience: Patience,
    progress: &'a RefCell<Progress>,
    save: &'a dyn Fn(&Progress),
}

impl Sending<'_> {
    /// Sends each kind of telemetry beside the others: one collector that does
    /// not answer does not keep the others from hearing.
    async fn session(&self, entries: &[Entry], over: bool) -> Delivered {
        let Some(session) = Session::new(entries, self.telemetry, over) else {
            return Delivered {
                whole: true,
                ..Delivered::default()
            };
        };
        let (logs, traces, metrics) = tokio::join!(
            self.signal(&session, Signal::Logs),
            self.signal(&session, Signal::Traces),
            self.signal(&session, Signal::Metrics),
        );
        let all = [logs, traces, metrics];
        Delivered {
            records: all.iter().map(|one| one.records).sum(),
            rejected: all.iter().map(|one| one.rejected).sum(),
            whole: all.iter().all(|one| one.whole),
            problem: all.into_iter().find_map(|one| one.problem),
        }
    }

    async fn signal(&self, session: &Session<'_>, signal: Signal) -> Delivered {
        let mut told = Delivered {
            whole: true,
            ..Delivered::default()
        };
        let Some(exporter) = self.telemetry.exporter(signal) else {
            return told;
        };
        let after = self.progress.borrow().of(signal);
        let to = end(session);
        let records = records(session, signal, after, to);
        if records.is_empty() {
            self.reached(signal, to, 0);
            return told;
        }
        let collector = match Collector::new(exporter, signal) {
            Ok(collector) => collector,
            Err(error) => {
                return Delivered {
                    whole: false,
                    problem: Some(error.to_string()),
                    ..told
                };
            }
        };
        let batches = batched(records);
        let last = batches.len() - 1;
        for (number, batch) in batches.into_iter().enumerate() {
            let count = batch.records.len() as u64;
            let message = session.request(signal, batch.records);
            match self.attempts(&collector, &message).await {
                Ok(partial) => {
                    let rejected = partial.rejected.min(count);
                    told.records += count - rejected;
                    told.rejected += rejected;
                    if rejected > 0 {
                        let why = said(&partial.message);
                        told.problem =
                            Some(format!("the collector refused {rejected} {signal}: {why}"));
                    }
                    let reached = if number == last { to } else { batch.reached };
                    self.reached(signal, reached, rejected);
                }
                Err(failure) => {
                    told.whole = false;
                    told.problem = Some(failure.reason);
                    break;
                }
            }
        }
        told
    }

    fn reached(&self, signal: Signal, seq: u64, rejected: u64) {
        let mut progress = self.progress.borrow_mut();
        progress.set(signal, seq);
        progress.rejected += rejected;
        (self.save)(&progress);
    }

    /// Sends a request until it is taken, refused for good, or time is up.
    async fn attempts(&self, collector: &Collector, message: &Message) -> Result<Partial, Failure> {
        let mut backoff = FIRST_BACKOFF;
        let mut attempt = 1;
        loop {
            let left = self
                .patience
                .until
                .saturating_duration_since(Instant::now());
            let failure = match collector.send(message, left.min(REQUEST_TIMEOUT)).await {
                Ok(partial) => return Ok(partial),
                Err(failure) => failure,
            };
            let wait = failure.wait.unwrap_or(backoff);
            let left = self
                .patience
                .until
                .saturating_duration_since(Instant::now());
            if !failure.passing || attempt >= self.patience.attempts || wait >= left {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
            attempt += 1;
        }
    }
}

/// What counts as everything: one more than the last entry where nothing can
/// follow, for spans that have no end of their own.
fn end(session: &Session<'_>) -> u64 {
    session.last().seq + u64::from(session.over)
}

fn records(session: &Session<'_>, signal: Signal, after: u64, to: u64) -> Vec<(u64, Message)> {
    match signal {
        Signal::Logs => logs::records(session, after, to),
        Signal::Traces => spans::spans(session, after, to),
        Signal::Metrics => {
            let metrics = metrics::metrics(session, after, to);
            metrics.into_iter().map(|metric| (to, metric)).collect()
        }
    }
}

/// Records for one request.
struct Batch {
    records: Vec<Message>,
    /// The last entry that is told completely with it.
    reached: u64,
}

/// Records of the same entry stay together: where a batch ends, an entry does.
fn batched(records: Vec<(u64, Message)>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut bytes = 0;
    for (seq, record) in records {
        let length = record.to_binary().len();
        match batches.last_mut() {
            Some(batch)
                if seq == batch.reached
                    || (batch.records.len() < MOST_RECORDS && bytes + length <= MOST_BYTES) =>
            {
                bytes += length;
                batch.reached = seq;
                batch.records.push(record);
            }
            _ => {
                bytes = length;
                batches.push(Batch {
                    records: vec![record],
                    reached: seq,
                });
            }
        }
    }
    batches
}
