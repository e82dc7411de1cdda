//! The real client against a real server over sockets, and recordings on a
//! real disk.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on has to stop, with the place"
)]

mod answers;
mod failures;
mod recordings;
mod retries;
mod tls;

use std::time::Duration;

use dam_model::{
    Item, Model, ModelError, Provider, Request, Responses, Secret, Stream, StreamEvent,
};
use dam_testkit::ScriptedServer;

const KEY: &str = "sk-test-7f3a9c0123456789";

/// A provider for `server` that does not wait long.
fn provider(server: &ScriptedServer) -> Provider {
    Provider {
        api_key: Some(Secret::new(KEY)),
        env_key: Some("ACME_API_KEY".to_owned()),
        first_backoff: Duration::from_millis(1),
        ..Provider::new("acme", server.base_url())
    }
}

/// The whole answer of `model` to `request`.
async fn ask(
    model: &dyn Model,
    request: Request,
) -> Result<Vec<StreamEvent>, (Vec<StreamEvent>, ModelError)> {
    all(model.start(request)).await
}

async fn all(mut stream: Stream) -> Result<Vec<StreamEvent>, (Vec<StreamEvent>, ModelError)> {
    let mut events = Vec::new();
    while let Some(event) = stream.recv().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(
                    stream.recv().await.is_none(),
                    "an error is the last thing sent"
                );
                return Err((events, error));
            }
        }
    }
    assert!(
        matches!(events.last(), Some(StreamEvent::Completed { .. })),
        "the end is said: {events:?}"
    );
    Ok(events)
}

/// The answer of `provider`'s model to a simple question.
async fn ask_provider(
    provider: Provider,
) -> Result<Vec<StreamEvent>, (Vec<StreamEvent>, ModelError)> {
    let model = Responses::new(provider).expect("a usable provider");
    ask(&model, question()).await
}

fn question() -> Request {
    Request {
        input: vec![Item::user("What is the answer?")],
        ..Request::new("gpt-test")
    }
}

fn text(events: &[StreamEvent]) -> String {
    events
        .iter()
        .filter_map(|event| {
            if let StreamEvent::TextDelta(text) = event {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect()
}

fn items(events: &[StreamEvent]) -> Vec<Item> {
    events
        .iter()
        .filter_map(|event| {
            if let StreamEvent::ItemDone(item) = event {
                Some(item.clone())
            } else {
                None
            }
        })
        .collect()
}

/// The reasons of the retries.
fn retries(events: &[StreamEvent]) -> Vec<(u32, u32, String)> {
    let retry = |event: &StreamEvent| match event {
        StreamEvent::Retrying {
            attempt,
            of,
            reason,
        } => Some((*attempt, *of, reason.clone())),
        _ => None,
    };
    events.iter().filter_map(retry).collect()
}
