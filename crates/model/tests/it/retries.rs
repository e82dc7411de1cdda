//! What may pass is tried again, as often as allowed and not more.

use std::net::TcpListener;
use std::time::Duration;

use dam_model::{ModelError, Provider};
use dam_testkit::{ScriptedServer, Turn};

use crate::{ask_provider, items, provider, retries, text};

#[tokio::test]
async fn a_dropped_connection_is_retried_and_nothing_is_delivered_twice() {
    // Dropped after the item is done but before the response is complete.
    let dropped = Turn::message("Hello").dropped_after(7);
    let server = ScriptedServer::start(vec![dropped, Turn::message("Hello")]);

    let events = ask_provider(provider(&server)).await.expect("an answer");

    assert_eq!(text(&events), "HelloHello", "deltas repeat");
    assert_eq!(items(&events).len(), 1, "items do not");
    let retries = retries(&events);
    assert_eq!(retries.len(), 1);
    assert_eq!((retries[0].0, retries[0].1), (1, 5));
    assert!(
        retries[0].2.starts_with("the response broke off: "),
        "{retries:?}"
    );
}

#[tokio::test]
async fn a_stream_that_always_breaks_is_given_up_after_its_budget() {
    let server = ScriptedServer::start((0..9).map(|_| Turn::drop_after(2)).collect());

    let (events, error) = ask_provider(Provider {
        stream_max_retries: 2,
        ..provider(&server)
    })
    .await
    .expect_err("no answer");

    assert_eq!(
        retries(&events)
            .iter()
            .map(|retry| retry.0)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(
        matches!(error, ModelError::BrokenOff { attempts: 3, .. }),
        "{error:?}"
    );
    assert_eq!(server.bodies().len(), 3);
}

#[tokio::test]
async fn a_stream_that_ends_early_but_cleanly_is_broken_too() {
    let server = ScriptedServer::start(vec![
        Turn::raw("data: {\"type\":\"response.created\"}\n\n"),
        Turn::message("whole"),
    ]);

    let events = ask_provider(provider(&server)).await.expect("an answer");

    assert_eq!(text(&events), "whole");
    assert!(
        retries(&events)[0]
            .2
            .contains("ended before the response was complete"),
        "{events:?}"
    );
}

#[tokio::test]
async fn the_wait_that_a_server_asks_for_is_kept() {
    let busy = Turn::status(429, "Slow down.").header("retry-after", "0.05");
    let server = ScriptedServer::start(vec![busy, Turn::message("ok")]);
    // Its own wait would be longer than any test.
    let patient = Provider {
        first_backoff: Duration::from_hours(1),
        ..provider(&server)
    };

    let events = ask_provider(patient).await.expect("an answer");

    assert_eq!(
        retries(&events),
        [(
            1,
            4,
            "the server answered 429: Slow down.; waiting 0.1 s".to_owned()
        )]
    );
}

#[tokio::test]
async fn a_wait_longer_than_the_longest_is_not_begun() {
    let server = ScriptedServer::start(vec![
        Turn::status(429, "Come back tomorrow.").header("retry-after", "86400"),
    ]);

    let (events, error) = ask_provider(provider(&server))
        .await
        .expect_err("no answer");

    assert_eq!(retries(&events), []);
    insta::assert_snapshot!(error, @r"
    model provider `acme` answered 429: Come back tomorrow.
    hint: the server asks to wait 86400 seconds, longer than is waited here
    ");
}

#[tokio::test]
async fn failures_of_the_server_are_retried_until_the_budget_is_used_up() {
    let server = ScriptedServer::start((0..9).map(|_| Turn::status(503, "overloaded")).collect());

    let (events, error) = ask_provider(Provider {
        request_max_retries: 3,
        ..provider(&server)
    })
    .await
    .expect_err("no answer");

    assert_eq!(retries(&events).len(), 3);
    assert!(
        matches!(error, ModelError::Status { status: 503, .. }),
        "{error:?}"
    );
    assert_eq!(server.bodies().len(), 4);
}

#[tokio::test]
async fn a_response_that_fails_for_now_is_asked_for_again() {
    let server = ScriptedServer::start(vec![
        Turn::failed_with("server_is_overloaded", "later"),
        Turn::message("ok"),
    ]);

    let events = ask_provider(provider(&server)).await.expect("an answer");

    assert_eq!((text(&events).as_str(), retries(&events).len()), ("ok", 1));
}

#[tokio::test]
async fn silence_counts_as_broken() {
    let server = ScriptedServer::start(vec![Turn::stall_after(3), Turn::stall_after(0)]);
    let impatient = Provider {
        stream_max_retries: 1,
        stream_idle_timeout: Duration::from_millis(300),
        ..provider(&server)
    };

    let (events, error) = ask_provider(impatient).await.expect_err("no answer");

    assert_eq!(retries(&events).len(), 1);
    assert!(
        matches!(error, ModelError::Idle { attempts: 2, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let provider = Provider {
        request_max_retries: 2,
        first_backoff: Duration::from_millis(1),
        ..Provider::new("acme", format!("http://127.0.0.1:{port}/v1"))
    };

    let (events, error) = ask_provider(provider).await.expect_err("no answer");

    assert_eq!(retries(&events).len(), 2);
    let error = error.to_string().replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(error, @"cannot reach model provider `acme` at `127.0.0.1:PORT` (attempts: 3): Connection refused (os error 111)");
}

#[tokio::test]
async fn a_server_that_never_begins_to_answer_is_given_up() {
    // The system accepts connections for it, and nobody reads them.
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = deaf.local_addr().expect("an address").port();
    let provider = Provider {
        request_max_retries: 0,
        stream_idle_timeout: Duration::from_millis(200),
        ..Provider::new("acme", format!("http://127.0.0.1:{port}/v1"))
    };

    let (_, error) = ask_provider(provider).await.expect_err("no answer");

    insta::assert_snapshot!(error, @"the model sent nothing for 0.2 seconds (attempts: 1); `stream_idle_timeout_ms` sets how long to wait");
}
