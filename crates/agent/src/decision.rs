//! Decisions as the journal has them: what was decided, by whom, and under
//! which circumstances, so that each can be replayed.

use dam_gate::{FlowMark, Settled};
use dam_journal::Event;
use dam_policy::{Action, Circumstances};
use serde_json::{Value, json};

/// The journal's entry for what the gate said. `answer` is what is written down
/// of the reviewer's.
pub fn decision(
    action: &Action,
    settled: &Settled,
    answer: Option<String>,
) -> serde_json::Result<Event> {
    Ok(Event::Decision {
        action: serde_json::to_value(action)?,
        verdict: serde_json::to_value(&settled.verdict)?,
        answer,
        allowed: settled.allowed,
        // The words for sources are the same there.
        source: serde_json::from_value(serde_json::to_value(settled.source)?)?,
        posture: None,
        context: context(&settled.circumstances),
        call: None,
    })
}

/// The journal's entries for what the session has now seen for the first time.
pub(crate) fn marks(settled: &Settled) -> impl Iterator<Item = Event> {
    settled.marks.iter().map(flow_marked)
}

/// The journal's entry for one of them.
pub fn flow_marked(mark: &FlowMark) -> Event {
    Event::FlowMarked {
        mark: mark.mark.to_owned(),
        what: mark.what.clone(),
    }
}

/// What it was decided under, where that was anything but the usual.
fn context(circumstances: &Circumstances) -> Value {
    if *circumstances == Circumstances::default() {
        Value::Null
    } else {
        json!({ "circumstances": circumstances })
    }
}
