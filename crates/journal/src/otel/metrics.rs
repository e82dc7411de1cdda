//! Entries as metrics: counters and histograms, each the difference since what
//! was sent before, since a command does not live long enough for sums.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::is_word;
use super::session::{Session, attributes_of, kind, nanoseconds};
use super::wire::{Field, Message};
use crate::Entry;

const DELTA: u32 = 1;

/// A metric, as the page lists it.
#[derive(Debug)]
pub(super) struct Metric {
    name: &'static str,
    unit: &'static str,
    /// Whether it keeps a distribution; else it counts.
    bounds: Option<&'static [f64]>,
    doc: &'static str,
}

const MILLISECONDS: &[f64] = &[
    5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0,
    60_000.0, 300_000.0,
];
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
];

const fn counter(name: &'static str, unit: &'static str, doc: &'static str) -> Metric {
    Metric {
        name,
        unit,
        bounds: None,
        doc,
    }
}

const fn histogram(
    name: &'static str,
    unit: &'static str,
    bounds: &'static [f64],
    doc: &'static str,
) -> Metric {
    Metric {
        name,
        unit,
        bounds: Some(bounds),
        doc,
    }
}

/// Every metric.
pub(super) const METRICS: &[Metric] = &[
    counter(
        "thread.started",
        "{session}",
        "sessions that began, by `front`",
    ),
    counter("conversation.turn.count", "{turn}", "turns that began"),
    counter(
        "decision",
        "{decision}",
        "actions that were judged, by `kind`, `decision`, `source` and `rule`",
    ),
    counter(
        "sandbox.denial",
        "{denial}",
        "what the boundary refused, by `what` and `rule`",
    ),
    counter("command", "{command}", "commands that ended, by `success`"),
    histogram(
        "command.duration_ms",
        "ms",
        MILLISECONDS,
        "how long they ran, by `success`",
    ),
    counter(
        "tool.call",
        "{call}",
        "calls of tools that ended, by `tool` and `success`",
    ),
    histogram(
        "tool.call.duration_ms",
        "ms",
        MILLISECONDS,
        "how long they took, by `tool` and `success`",
    ),
    counter("api_request", "{request}", "requests to models, by `model`"),
    histogram(
        "api_request.duration_ms",
        "ms",
        MILLISECONDS,
        "how long models took to answer, by `model`",
    ),
    histogram(
        "turn.token_usage",
        "{token}",
        TOKENS,
        "tokens of each answer, by `token_type` (`input`, `cached_input`, `output`, `reasoning_output`, `total`) and `model`",
    ),
    counter(
        "file.changed",
        "{file}",
        "files that edits changed, by `change`",
    ),
    counter(
        "configuration.changed",
        "{change}",
        "changes of settings, rules and trust, by `what`",
    ),
    counter("error", "{error}", "what failed"),
];

/// The metrics of entries after `after`, up to and with `to`.
pub(super) fn metrics(session: &Session<'_>, after: u64, to: u64) -> Vec<Message> {
    let mut tally = Tally::default();
    let mut span: Option<(&Entry, &Entry)> = None;
    for (entry, event) in session.iter() {
        if entry.seq > after && entry.seq <= to {
            tally.take(session, entry, event);
            span = Some((span.map_or(entry, |(first, _)| first), entry));
        }
    }
    let Some((first, last)) = span else {
        return Vec::new();
    };
    // From where the last report ended.
    let begin = session
        .entries
        .iter()
        .rfind(|entry| entry.seq <= after)
        .unwrap_or(first);
    let times = Times {
        start: nanoseconds(begin.time),
        end: nanoseconds(last.time),
    };
    tally.messages(session, &times)
}

struct Times {
    start: Field,
    end: Field,
}

/// What was counted: by metric, and in it by attributes.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, BTreeMap<By, Vec<f64>>>);

/// Attributes of a point.
type By = Vec<(&'static str, String)>;

impl Tally {
    fn take(&mut self, session: &Session<'_>, entry: &Entry, event: &Value) {
        let flag = |at: &str| {
            let flag = event.pointer(at).and_then(Value::as_bool) == Some(true);
            flag.to_string()
        };
        let number = |at: &str| event.pointer(at).and_then(Value::as_f64);
        let word = |at: &str| word(event, at);
        match kind(event) {
            "session_started" => self.add("thread.started", &[("front", word("/front"))], 1.0),
            "prompt" => self.add("conversation.turn.count", &[], 1.0),
            "decision" => self.decision(event, word("/action/kind")),
            "network_decision" => self.decision(event, "network".to_owned()),
            "denial" => {
                let by = [("rule", word("/rule")), ("what", word("/what"))];
                self.add("sandbox.denial", &by, 1.0);
            }
            "command_finished" => {
                let success = (number("/exit") == Some(0.0)).to_string();
                self.timed(
                    "command",
                    "command.duration_ms",
                    &[("success", success)],
                    number("/duration_ms"),
                );
            }
            "tool_result" => {
                let by = [("success", flag("/ok")), ("tool", word("/tool"))];
                self.timed(
                    "tool.call",
                    "tool.call.duration_ms",
                    &by,
                    number("/duration_ms"),
                );
            }
            "model_request" => self.add("api_request", &[("model", word("/model"))], 1.0),
            "model_response" => self.answer(session, entry, event),
            "file_changed" => self.add("file.changed", &[("change", word("/change"))], 1.0),
            "configuration_changed" | "trust_changed" => {
                self.add("configuration.changed", &[("what", word("/what"))], 1.0);
            }
            "error" => self.add("error", &[], 1.0),
            _ => {}
        }
    }

    fn decision(&mut self, event: &Value, kind: String) {
        let allowed = event.pointer("/allowed").and_then(Value::as_bool) == Some(true);
        let decision = if allowed { "approved" } else { "denied" };
        let by = [
            ("decision", decision.to_owned()),
            ("kind", kind),
            ("rule", word(event, "/verdict/rule")),
            ("source", word(event, "/source")),
        ];
        self.add("decision", &by, 1.0);
    }

    fn answer(&mut self, session: &Session<'_>, entry: &Entry, event: &Value) {
        let number = |at: &str| event.pointer(at).and_then(Value::as_f64);
        let model = session.model(entry.seq).0.filter(|model| is_word(model));
        let model = model.unwrap_or_default().to_owned();
        if let Some(duration) = number("/duration_ms") {
            self.add(
                "api_request.duration_ms",
                &[("model", model.clone())],
                duration,
            );
        }
        let total = number("/input_tokens").zip(number("/output_tokens"));
        for (kind, tokens) in [
            ("input", number("/input_tokens")),
            ("cached_input", number("/cached_tokens")),
            ("output", number("/output_tokens")),
            ("reasoning_output", number("/reasoning_tokens")),
            ("total", total.map(|(input, output)| input + output)),
        ] {
            if let Some(tokens) = tokens {
                let by = [("model", model.clone()), ("token_type", kind.to_owned())];
                self.add("turn.token_usage", &by, tokens);
            }
        }
    }

    fn timed(
        &mut self,
        count: &'static str,
        duration: &'static str,
        by: &[(&'static str, String)],
        took: Option<f64>,
    ) {
        self.add(count, by, 1.0);
        if let Some(took) = took {
            self.add(duration, by, took);
        }
    }

    fn add(&mut self, metric: &'static str, by: &[(&'static str, String)], value: f64) {
        let by = by
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .cloned()
            .collect();
        self.0
            .entry(metric)
            .or_default()
            .entry(by)
            .or_default()
            .push(value);
    }

    fn messages(&self, session: &Session<'_>, times: &Times) -> Vec<Message> {
        let found = METRICS
            .iter()
            .filter_map(|metric| Some((metric, self.0.get(metric.name)?)));
        found
            .map(|(metric, points)| {
                let points = points
                    .iter()
                    .map(|(by, values)| point(metric, by, values, times));
                let mut data = Message::new()
                    .with(1, "dataPoints", Field::Many(points.collect()))
                    .with(2, "aggregationTemporality", Field::Enum(DELTA));
                let (number, name) = if metric.bounds.is_some() {
                    (9, "histogram")
                } else {
                    data = data.with(3, "isMonotonic", Field::Switch(true));
                    (7, "sum")
                };
                Message::new()
                    .with(1, "name", Field::Text(session.named(metric.name)))
                    .with(2, "description", Field::Text(metric.doc.replace('`', "")))
                    .with(3, "unit", Field::Text(metric.unit.to_owned()))
                    .with(number, name, Field::One(data))
            })
            .collect()
    }
}

fn point(metric: &Metric, by: &[(&'static str, String)], values: &[f64], times: &Times) -> Message {
    let by: Vec<(&str, Value)> = by
        .iter()
        .map(|(name, value)| (*name, value.clone().into()))
        .collect();
    let attributes = Field::Many(attributes_of(&by));
    let message = Message::new()
        .with(2, "startTimeUnixNano", times.start.clone())
        .with(3, "timeUnixNano", times.end.clone());
    let Some(bounds) = metric.bounds else {
        return message
            .with(6, "asInt", Field::Fixed64(values.len() as u64))
            .with(7, "attributes", attributes);
    };
    let mut buckets = vec![0; bounds.len() + 1];
    for value in values {
        let bucket = bounds.iter().position(|bound| value <= bound);
        buckets[bucket.unwrap_or(bounds.len())] += 1;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    message
        .with(4, "count", Field::Fixed64(values.len() as u64))
        .with(5, "sum", Field::Double(values.iter().sum()))
        .with(6, "bucketCounts", Field::Fixed64s(buckets))
        .with(7, "explicitBounds", Field::Doubles(bounds.to_vec()))
        .with(9, "attributes", attributes)
        .with(11, "min", Field::Double(least))
        .with(12, "max", Field::Double(most))
}

/// A field, if it is a plain word; nothing otherwise.
fn word(event: &Value, at: &str) -> String {
    let text = event.pointer(at).and_then(Value::as_str);
    text.filter(|text| is_word(text))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn the_page_lists_every_metric() {
        let mut rows = String::new();
        for metric in METRICS {
            let kind = if metric.bounds.is_some() {
                "histogram"
            } else {
                "counter"
            };
            let Metric {
                name, unit, doc, ..
            } = metric;
            writeln!(rows, "| `{name}` | {kind} | `{unit}` | {doc} |").expect("a string");
        }
        let page = include_str!("../../../../docs/telemetry.md");
        assert!(page.contains(&rows), "docs/telemetry.md must hold:\n{rows}");
    }
}
