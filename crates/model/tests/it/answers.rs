//! What a server says when nothing goes wrong, and what it was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use dam_model::{Item, Model, Provider, Request, Responses, Secret, StreamEvent, ToolSpec};
use dam_testkit::{Part, ScriptedServer, Turn};
use serde_json::json;

use crate::{KEY, ask, ask_provider, items, provider, question, text};

#[tokio::test]
async fn text_streams_in_pieces_and_then_comes_whole() {
    let said = "Die Antwort ist „zweiundvierzig“ — 🦀 ganz sicher.";
    let server = ScriptedServer::start(vec![Turn::message(said).usage(120, 34)]);

    let events = ask_provider(provider(&server)).await.expect("an answer");

    assert_eq!(events[0], StreamEvent::Created);
    assert_eq!(text(&events), said);
    let deltas = events
        .iter()
        .filter(|event| matches!(event, StreamEvent::TextDelta(_)))
        .count();
    assert!(deltas > 3, "{deltas} deltas");
    assert!(matches!(&items(&events)[..], [Item::Message { text, .. }] if text == said));
    let Some(StreamEvent::Completed { id, usage }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(
        (
            id.as_str(),
            usage.input_tokens,
            usage.output_tokens,
            usage.total_tokens
        ),
        ("resp_1", 120, 34, 154)
    );
}

#[tokio::test]
async fn calls_and_reasoning_come_as_items_and_go_back_as_they_came() {
    let server = ScriptedServer::start(vec![
        Turn::parts(vec![
            Part::Reasoning("First look.".to_owned()),
            Part::FunctionCall {
                name: "exec_command".to_owned(),
                arguments: json!({"cmd": "ls -la"}),
            },
            Part::CustomToolCall {
                name: "apply_patch".to_owned(),
                input: "*** Begin Patch".to_owned(),
            },
        ]),
        Turn::message("done"),
    ]);
    let model = Responses::new(provider(&server)).expect("a model");

    let first = ask(&model, question()).await.expect("an answer");

    let said = items(&first);
    let [
        reasoning,
        Item::FunctionCall {
            name,
            arguments,
            call_id,
            ..
        },
        Item::CustomToolCall { input, .. },
    ] = &said[..]
    else {
        panic!("{said:?}")
    };
    assert_eq!(
        reasoning.reasoning_summary().as_deref(),
        Some("First look.")
    );
    assert_eq!(
        (name.as_str(), arguments.as_str(), input.as_str()),
        ("exec_command", "{\"cmd\":\"ls -la\"}", "*** Begin Patch")
    );
    assert!(
        first.contains(&StreamEvent::ReasoningDelta("First l".to_owned())),
        "{first:?}"
    );

    let mut input = question().input;
    input.extend(said.clone());
    input.push(Item::function_output(call_id, "total 0"));
    ask(
        &model,
        Request {
            input,
            ..question()
        },
    )
    .await
    .expect("a second answer");

    let sent = server.bodies()[1]["input"].clone();
    assert_eq!(sent[1]["encrypted_content"], "sealed-1");
    assert_eq!(sent[2]["id"], "fc_1_1");
    assert_eq!(
        sent[4],
        json!({"type": "function_call_output", "call_id": "call_1_1", "output": "total 0"})
    );
}

#[tokio::test]
async fn the_request_is_what_the_api_wants() {
    let server = ScriptedServer::start(vec![Turn::message("ok")]);
    let model = Responses::new(Provider {
        http_headers: BTreeMap::from([("X-Team".to_owned(), Secret::new("boundary"))]),
        query_params: BTreeMap::from([("api-version".to_owned(), Secret::new("2026 b"))]),
        ..provider(&server)
    })
    .expect("a model");
    let request = Request {
        instructions: "Be brief.".to_owned(),
        tools: vec![
            ToolSpec::Function {
                name: "exec_command".to_owned(),
                description: "Runs a command.".to_owned(),
                parameters: json!({"type": "object"}),
                strict: false,
            },
            ToolSpec::Custom {
                name: "apply_patch".to_owned(),
                description: "Edits.".to_owned(),
                format: None,
            },
        ],
        prompt_cache_key: Some("session-1".to_owned()),
        reasoning_effort: Some("high".to_owned()),
        ..question()
    };

    ask(&model, request).await.expect("an answer");

    let received = &server.received()[0];
    assert_eq!(
        (received.path.as_str(), received.query.as_str()),
        ("/v1/responses", "api-version=2026+b")
    );
    assert_eq!(received.header("accept"), Some("text/event-stream"));
    assert_eq!(
        received.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(received.header("x-team"), Some("boundary"));
    assert_eq!(
        received.json(),
        json!({
            "model": "gpt-test",
            "instructions": "Be brief.",
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is the answer?"}]}],
            "tools": [
                {"type": "function", "name": "exec_command", "description": "Runs a command.", "strict": false, "parameters": {"type": "object"}},
                {"type": "custom", "name": "apply_patch", "description": "Edits."},
            ],
            "tool_choice": "auto",
            "parallel_tool_calls": false,
            "reasoning": {"effort": "high"},
            "store": false,
            "stream": true,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": "session-1",
        })
    );
}

#[tokio::test]
async fn unknown_events_are_passed_over_and_late_items_are_found() {
    let item = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]});
    let completed =
        json!({"type": "response.completed", "response": {"id": "r", "output": [item]}});
    let sse = format!(
        "event: keepalive\ndata: {{}}\n\ndata: {{\"type\":\"response.new.thing\"}}\n\ndata: {completed}\n\ndata: [DONE]\n\n"
    );
    let server = ScriptedServer::start(vec![Turn::raw(sse)]);

    let events = ask_provider(provider(&server)).await.expect("an answer");

    assert_eq!(items(&events), [Item::assistant("hi")]);
}

#[tokio::test]
async fn nobody_listening_ends_the_request() {
    let server = ScriptedServer::start(vec![Turn::stall_after(3)]);
    let model = Responses::new(provider(&server)).expect("a model");

    let mut stream = model.start(question());
    stream.recv().await.expect("an event").expect("no error");
    assert_eq!(server.connections(), 1);
    drop(stream);

    while server.connections() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(server.bodies().len(), 1, "it is not tried again");
}

#[tokio::test]
async fn a_proxy_is_used_if_one_is_given() {
    let proxy = ScriptedServer::start(vec![]);
    let provider = Provider {
        proxy: Some(proxy.origin().into()),
        base_url: "http://model.invalid/v1".to_owned(),
        ..provider(&proxy)
    };

    // The scripted server is no proxy, so it finds nothing at this address.
    ask_provider(provider).await.expect_err("no answer");

    assert_eq!(
        proxy.received()[0].path,
        "http://model.invalid/v1/responses"
    );
}
