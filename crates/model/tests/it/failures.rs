//! What cannot pass is said once, readably, and without secrets.

use std::collections::BTreeMap;

use dam_model::{ModelError, Provider, Responses, Secret};
use dam_testkit::{ScriptedServer, Turn};
use serde_json::json;

use crate::{KEY, ask_provider, provider, retries};

/// The error that one turn leads to, without a retry.
async fn error(turn: Turn, change: impl FnOnce(&mut Provider)) -> ModelError {
    let server = ScriptedServer::start(vec![turn, Turn::message("a retry that must not be")]);
    let mut provider = provider(&server);
    change(&mut provider);
    let (events, error) = ask_provider(provider).await.expect_err("no answer");
    assert_eq!(retries(&events), []);
    error
}

fn as_is(_: &mut Provider) {}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_named_by_its_variable() {
    insta::assert_snapshot!(error(Turn::status(401, "Incorrect API key."), as_is).await, @r"
    model provider `acme` answered 401: Incorrect API key.
    hint: check the API key in `ACME_API_KEY`
    ");
    insta::assert_snapshot!(error(Turn::status(401, "No key."), |provider| provider.api_key = None).await, @r"
    model provider `acme` answered 401: No key.
    hint: no API key was sent: set `ACME_API_KEY`
    ");
}

#[tokio::test]
async fn what_is_not_found_points_at_address_and_model() {
    let error = error(Turn::reply(404, "text/plain", "nope\n"), as_is)
        .await
        .to_string();

    assert!(
        error.contains("answered 404: nope\nhint: check `base_url` (`http://127.0.0.1:"),
        "{error}"
    );
    assert!(
        error.ends_with("/v1`) and the model's name (`gpt-test`)"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_server_says_is_cleaned() {
    let error = error(
        Turn::status(400, "bad\u{1b}]0;owned\u{7}\r\n\u{202e}thing"),
        as_is,
    )
    .await;

    insta::assert_snapshot!(error, @"model provider `acme` answered 400: bad<U+001B>]0;owned<U+0007> <U+202E>thing");
}

#[tokio::test]
async fn a_huge_error_is_cut() {
    let error = error(
        Turn::reply(400, "text/plain", "x".repeat(10_000_000)),
        as_is,
    )
    .await
    .to_string();

    assert!(error.len() < 1000, "{} bytes", error.len());
}

#[tokio::test]
async fn a_used_up_quota_is_not_waited_for() {
    let body =
        json!({"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}})
            .to_string();

    insta::assert_snapshot!(error(Turn::reply(429, "application/json", body), as_is).await, @r"
    model provider `acme` answered 429: You exceeded your quota.
    hint: the account's limit is reached; waiting does not help
    ");
}

#[tokio::test]
async fn a_page_is_not_taken_for_a_stream() {
    let error = error(
        Turn::reply(200, "text/html; charset=utf-8", "<h1>Log in</h1>"),
        as_is,
    )
    .await
    .to_string();

    assert!(error.starts_with("model provider `acme` answered 200: `text/html` instead of an event stream: <h1>Log in</h1>\nhint: check `base_url`"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = ScriptedServer::start(vec![Turn::message("stolen")]);

    let error = error(
        Turn::status(307, "").header("location", format!("{}/responses", elsewhere.base_url())),
        as_is,
    )
    .await;

    assert!(
        matches!(
            error,
            ModelError::Status {
                status: 307,
                hint: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(elsewhere.received(), []);
}

#[tokio::test]
async fn a_failed_response_says_why() {
    insta::assert_snapshot!(error(Turn::failed("Your prompt was refused."), as_is).await, @"the model's response failed: Your prompt was refused. (`invalid_prompt`)");
    insta::assert_snapshot!(error(Turn::raw("event: error\ndata: {\"type\":\"error\",\"code\":\"x\",\"message\":\"no\"}\n\n"), as_is).await, @"the model's response failed: no (`x`)");
    insta::assert_snapshot!(error(Turn::incomplete("max_output_tokens"), as_is).await, @"the model's response is incomplete: max_output_tokens");
}

#[tokio::test]
async fn events_that_are_none_are_errors() {
    for data in [
        "{\"type\":\"response.completed\"",
        "{\"type\":\"response.output_item.done\"}",
        "{\"type\":\"response.output_text.delta\",\"delta\":7}",
        "{\"type\":\"response.completed\"}",
    ] {
        let error = error(Turn::raw(format!("data: {data}\n\n")), as_is).await;
        assert!(
            matches!(error, ModelError::Malformed { .. }),
            "{data}: {error:?}"
        );
    }
}

#[tokio::test]
async fn secrets_never_show() {
    let header = "team-secret-0123";
    let turns = [
        Turn::status(400, format!("bad key {KEY} and {header}")),
        Turn::reply(
            400,
            "text/plain",
            format!("Authorization: Bearer {KEY}, {header}"),
        ),
        Turn::failed(format!("{KEY} {header}")),
        Turn::incomplete(format!("{KEY} {header}")),
        Turn::raw(format!("data: {{{KEY} {header}\n\n")),
    ];
    for turn in turns {
        let error = error(turn, |provider| {
            provider
                .http_headers
                .insert("x-team".to_owned(), header.into());
            provider.query_params.insert("key".to_owned(), KEY.into());
        })
        .await;
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("[secret]") && !shown.contains(KEY) && !shown.contains(header),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn secrets_do_not_show_in_retries_and_debug_output() {
    let server = ScriptedServer::start(vec![
        Turn::status(500, KEY),
        Turn::failed_with("server_error", KEY),
        Turn::message("ok"),
    ]);
    let model = Responses::new(Provider {
        query_params: BTreeMap::from([("key".to_owned(), KEY.into())]),
        ..provider(&server)
    })
    .expect("a model");

    let events = crate::ask(&model, crate::question())
        .await
        .expect("an answer");

    assert_eq!(retries(&events).len(), 2);
    let shown = format!("{events:?} {model:?}");
    assert!(!shown.contains(KEY), "{shown}");
}

fn header(name: &str, value: &str) -> BTreeMap<String, Secret> {
    BTreeMap::from([(name.to_owned(), Secret::new(value))])
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let refuse = |base_url: &str, change: fn(&mut Provider)| {
        let mut provider = Provider::new("acme", base_url);
        change(&mut provider);
        Responses::new(provider).expect_err("unusable").to_string()
    };
    let loopback = "http://127.0.0.1/v1";
    let reasons = [
        refuse("api.example.com/v1", |_| ()),
        refuse("ftp://api.example.com/v1", |_| ()),
        refuse("https://me:pw@api.example.com/v1", |_| ()),
        refuse("https://api.example.com/v1?key=pw", |_| ()),
        refuse(loopback, |provider| provider.api_key = Some("a\nb".into())),
        refuse(loopback, |provider| {
            provider.http_headers = header("no header", "pw");
        }),
        refuse(loopback, |provider| {
            provider.http_headers = header("x", "p\nw");
        }),
        refuse(loopback, |provider| provider.proxy = Some("http://".into())),
    ]
    .join("\n");

    insta::assert_snapshot!(reasons, @r"
    model provider `acme` cannot be used: `base_url` is not a URL (relative URL without a base); write it as `https://host/v1`
    model provider `acme` cannot be used: `base_url` must start with `https://` or `http://` and name a host
    model provider `acme` cannot be used: `base_url` contains credentials; name a key with `env_key` or a header with `env_http_headers`
    model provider `acme` cannot be used: `base_url` has a query or a fragment; use `query_params`
    model provider `acme` cannot be used: the API key has characters that no key has (a line break?)
    model provider `acme` cannot be used: `no header` is not a header's name
    model provider `acme` cannot be used: the value of the header `x` cannot be sent
    model provider `acme` cannot be used: the proxy's address is not a URL
    ");
}
