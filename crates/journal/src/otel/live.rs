//! Telemetry of a session while it runs: a thread that reads the journal from
//! time to time and sends what is new.
//!
//! The session never waits for it but at its end, and there for a bounded time.
//! What is not delivered by then stays in the spool.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Telemetry;
use super::delivery::{Delivered, Patience, all_pending, deliver_some, deliver_spooled};
use super::spool::{Spool, is_resting, set_resting};
use super::transport::block_on;
use crate::SessionId;

/// How often the journal is looked at, at most.
const INTERVAL: Duration = Duration::from_secs(2);
/// Looking takes at most one part in as many of the time.
const SHARE: u32 = 20;
/// How long one look may be tried to be sent.
const LOOK: Duration = Duration::from_secs(30);
/// An end that failed and took longer than this is not to be had again soon.
const HELD_UP: Duration = Duration::from_millis(300);
/// More than the time that is given for the end: to come back and say so.
const GRACE: Duration = Duration::from_millis(100);

/// A session whose telemetry is being sent.
#[derive(Debug)]
pub struct Live {
    stop: oneshot::Sender<Instant>,
    done: mpsc::Receiver<Report>,
    telemetry: Telemetry,
    dir: PathBuf,
}

/// What came of a session's telemetry.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Whether everything was delivered.
    pub whole: bool,
    /// Records that the collector would not have.
    pub rejected: u64,
    /// What went wrong.
    pub problem: Option<String>,
}

impl Live {
    /// Starts the thread. The spool's directory is made if need be.
    ///
    /// # Errors
    /// When no thread can be had. Nothing else can go wrong here: all other
    /// troubles are in the report.
    pub fn start(
        telemetry: Telemetry,
        journal: PathBuf,
        dir: PathBuf,
        session: SessionId,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (tell, done) = mpsc::channel();
        let work = Work {
            telemetry: telemetry.clone(),
            journal,
            dir: dir.clone(),
            session,
        };
        let thread = thread::Builder::new().name("telemetry".to_owned());
        thread.spawn(move || {
            let report = block_on(work.whole(stopped)).unwrap_or_else(|error| Report {
                problem: Some(error.to_string()),
                ..Report::default()
            });
            let _nobody_waits = tell.send(report);
        })?;
        Ok(Self {
            stop,
            done,
            telemetry,
            dir,
        })
    }

    /// Sends the rest, for at most as long as `within`. The session's last
    /// entry must have been written.
    pub fn finish(self, within: Duration) -> Report {
        let _gone = self.stop.send(Instant::now() + within);
        self.done.recv_timeout(within + GRACE).unwrap_or_else(|_| {
            // The thread may not come to say so itself.
            set_resting(&self.dir, &self.telemetry, true);
            Report {
                problem: Some("the collector did not answer in time".to_owned()),
                ..Report::default()
            }
        })
    }
}

struct Work {
    telemetry: Telemetry,
    journal: PathBuf,
    dir: PathBuf,
    session: SessionId,
}

impl Work {
    async fn whole(self, mut stopped: oneshot::Receiver<Instant>) -> Report {
        let mut spool = match Spool::open(&self.dir, &self.session) {
            Ok(Some(spool)) => spool,
            Ok(None) => return Report::default(),
            Err(error) => return self.no_spool(&error),
        };
        // From here on the session is pending, whatever becomes of this process.
        let _unsaved = spool.save();
        let mut pause = INTERVAL;
        let mut problem = None;
        let until = loop {
            tokio::select! {
                until = &mut stopped => break until,
                () = tokio::time::sleep(pause) => {}
            }
            let begun = Instant::now();
            tokio::select! {
                until = &mut stopped => break until,
                looked = self.look(&mut spool) => problem = looked.problem,
            }
            pause = INTERVAL.max(begun.elapsed() * SHARE).min(LOOK);
        };
        match until {
            Ok(until) => self.end(spool, until).await,
            // Whoever ran the session went away without a word.
            Err(_) => Report {
                problem,
                ..Report::default()
            },
        }
    }

    /// Sends what is new in a session that goes on.
    async fn look(&self, spool: &mut Spool) -> Delivered {
        let patience = Patience {
            until: Instant::now() + LOOK,
            attempts: u32::MAX,
        };
        match super::entries(&self.journal, &self.session) {
            Ok(entries) => deliver_some(&self.telemetry, &entries, false, spool, patience).await,
            Err(error) => Delivered {
                problem: Some(error.to_string()),
                ..Delivered::default()
            },
        }
    }

    /// Sends the rest, and then what is left of earlier sessions.
    async fn end(&self, spool: Spool, until: Instant) -> Report {
        let rejected = spool.progress.rejected;
        if is_resting(&self.dir, &self.telemetry) {
            return Report {
                problem: Some("the collector did not answer a short while ago".to_owned()),
                rejected,
                ..Report::default()
            };
        }
        let entries = match super::entries(&self.journal, &self.session) {
            Ok(entries) => entries,
            Err(error) => {
                return Report {
                    problem: Some(error.to_string()),
                    rejected,
                    ..Report::default()
                };
            }
        };
        let begun = Instant::now();
        let patience = Patience { until, attempts: 2 };
        let delivered = deliver_spooled(&self.telemetry, &entries, true, spool, patience).await;
        let held_up = !delivered.whole && begun.elapsed() > HELD_UP;
        if held_up || is_resting(&self.dir, &self.telemetry) != held_up {
            set_resting(&self.dir, &self.telemetry, held_up);
        }
        let mut report = Report {
            whole: delivered.whole,
            rejected: rejected + delivered.rejected,
            problem: delivered.problem,
        };
        if report.whole {
            let earlier = all_pending(&self.telemetry, &self.journal, &self.dir, || patience).await;
            report.rejected += earlier.rejected;
            report.problem = report.problem.or(earlier.problem);
        }
        report
    }

    fn no_spool(&self, error: &std::io::Error) -> Report {
        Report {
            problem: Some(format!("cannot write to {}: {error}", shown(&self.dir))),
            ..Report::default()
        }
    }
}

fn shown(dir: &Path) -> String {
    crate::clean(&dir.display().to_string())
}
