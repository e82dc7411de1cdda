//! OpenTelemetry: what a session's journal tells, as logs, spans and metrics,
//! and the way to a collector.
//!
//! The journal is the source. Telemetry is made from entries that are durable,
//! so that nothing is told that the record does not have, nothing is lost with
//! a collector that does not answer, and the session's own work never waits:
//! [`Live`] sends from a thread of its own, [`Spool`] remembers what was
//! delivered, and what was not is sent later.
//!
//! `catalogue` says what is told, `logs`, `spans` and `metrics` make messages of
//! it, `wire` encodes them, `transport` sends them and is the only module that
//! knows of the network, `delivery` decides what is sent when.

mod catalogue;
mod delivery;
mod live;
mod logs;
mod metrics;
mod session;
mod spans;
mod spool;
mod transport;
mod wire;

use std::fmt;
use std::path::PathBuf;

pub use catalogue::{Attribute, Class, Consent, EVENTS, Row, event_of, name_of};
pub use delivery::{Delivered, deliver_pending, deliver_session, to_json_lines};
pub use live::{Live, Report};
pub use session::entries;
pub use spool::{Pending, Spool, pending};
pub use transport::ExportError;

/// What is sent of sessions, and where to.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The name of the environment, such as `dev`.
    pub environment: String,
    /// What names of events and metrics start with, such as `cofferdam.`.
    pub event_prefix: String,
    /// The version of the program that sends.
    pub version: String,
    /// Where events go, as logs.
    pub logs: Option<Exporter>,
    /// Where spans go.
    pub traces: Option<Exporter>,
    /// Where metrics go.
    pub metrics: Option<Exporter>,
    /// Which content may be sent.
    pub consent: Consent,
}

/// Where one kind of telemetry goes.
#[derive(Clone)]
pub struct Exporter {
    /// How it is sent.
    pub protocol: Protocol,
    /// The address. Without a path, the usual one of its kind is added.
    pub endpoint: String,
    /// More headers of every request.
    pub headers: Vec<(String, String)>,
    /// A file with the authorities to believe, instead of the system's.
    pub ca_certificate: Option<PathBuf>,
    /// The files with the certificate to show and its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

/// How telemetry is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// Protocol buffers over HTTP.
    HttpBinary,
    /// JSON over HTTP.
    HttpJson,
    /// gRPC.
    Grpc,
}

/// The three kinds of telemetry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// Events.
    Logs,
    /// Spans.
    Traces,
    /// Counters and histograms.
    Metrics,
}

impl Signal {
    /// All of them, in the order in which they are sent.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Traces, Self::Metrics];
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        })
    }
}

impl Telemetry {
    /// Where a kind of telemetry goes, if it goes anywhere.
    pub fn exporter(&self, signal: Signal) -> Option<&Exporter> {
        match signal {
            Signal::Logs => self.logs.as_ref(),
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
        }
    }
}

impl fmt::Debug for Exporter {
    /// Without the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Exporter")
            .field("protocol", &self.protocol)
            .field("endpoint", &self.endpoint)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}
