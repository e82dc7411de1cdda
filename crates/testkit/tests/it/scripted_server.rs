//! The scripted model server, over a plain socket. What it says in the
//! Responses API is tested by `dam-model`, which must understand it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use dam_testkit::{Part, ScriptedServer, Turn};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Sends one request to `origin`; gives the status and the body.
fn call(origin: &str, method: &str, path: &str, body: &Value) -> (u16, String) {
    let address = origin.strip_prefix("http://").expect("an origin");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let body = body.to_string();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()))
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    (
        status,
        if head.contains("chunked") {
            whole(body)
        } else {
            body.to_owned()
        },
    )
}

/// A chunked body in one piece.
fn whole(body: &str) -> String {
    let mut rest = body.as_bytes();
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("a chunk's size");
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    String::from_utf8(whole).expect("text")
}

/// The events of a stream, each checked to be named by its type.
fn events(body: &str) -> Vec<Value> {
    let event = |text: &str| {
        let (name, data) = text.split_once("\ndata: ").expect("an event");
        let data: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        data
    };
    body.split_terminator("\n\n").map(event).collect()
}

fn turn() -> Turn {
    Turn::parts(vec![
        Part::Message("Grüße, Welt".to_owned()),
        Part::FunctionCall {
            name: "Bash".to_owned(),
            arguments: json!({"command": "ls -la"}),
        },
    ])
}

#[test]
fn the_messages_api_streams_text_and_tool_use() {
    let server = ScriptedServer::start(vec![turn().usage(3, 4)]);
    let request = json!({"model": "m", "stream": true, "tools": [{"name": "Bash"}]});

    let (status, body) = call(&server.origin(), "POST", "/v1/messages?beta=true", &request);

    let events = events(&body);
    let kinds: Vec<&str> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .filter(|kind| *kind != "content_block_delta")
        .collect();
    assert_eq!(status, 200);
    assert_eq!(
        kinds,
        [
            "message_start",
            "ping",
            "content_block_start",
            "content_block_stop",
            "content_block_start",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let joined = |index: u64, key: &str| -> String {
        events
            .iter()
            .filter(|event| event["index"] == index)
            .filter_map(|event| event["delta"][key].as_str())
            .collect()
    };
    assert_eq!(joined(0, "text"), "Grüße, Welt");
    assert_eq!(joined(1, "partial_json"), "{\"command\":\"ls -la\"}");
    let end = &events[events.len() - 2];
    assert_eq!(
        (&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]),
        (&json!("tool_use"), &json!(4))
    );
}

#[test]
fn the_messages_api_answers_in_one_piece_and_counts_tokens() {
    let server = ScriptedServer::start(vec![turn()]);

    let (_, whole) = call(
        &server.origin(),
        "POST",
        "/v1/messages",
        &json!({"model": "m", "tools": [{"name": "Bash"}]}),
    );
    let (status, count) = call(
        &server.origin(),
        "POST",
        "/v1/messages/count_tokens",
        &json!({}),
    );

    let whole: Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(
        whole["content"],
        json!([{"type": "text", "text": "Grüße, Welt"},
        {"type": "tool_use", "id": "toolu_1_1", "name": "Bash", "input": {"command": "ls -la"}}])
    );
    assert_eq!(
        (whole["stop_reason"].as_str(), status, count.as_str()),
        (Some("tool_use"), 200, "{\"input_tokens\":10}")
    );
}

#[test]
fn side_questions_take_no_turn_and_a_script_that_has_ended_says_so() {
    let server = ScriptedServer::start(vec![Turn::message("first")]);
    let ask = |request: Value| call(&server.origin(), "POST", "/v1/messages", &request);

    let (_, title) = ask(json!({"model": "small"}));
    let (_, answer) = ask(json!({"tools": [{}]}));
    let (status, ended) = ask(json!({"tools": [{}]}));

    assert!(
        title.contains("\"ok\"") && answer.contains("first"),
        "{title} {answer}"
    );
    assert_eq!(status, 400);
    assert!(
        ended.contains("the script has ended: it had 1 turns"),
        "{ended}"
    );
    assert_eq!((server.bodies().len(), server.turns_left()), (3, 0));
}

#[test]
fn other_addresses_are_answered_and_kept() {
    let server = ScriptedServer::start(vec![]);

    let (found, models) = call(&server.origin(), "GET", "/v1/models", &Value::Null);
    let (missing, _) = call(&server.origin(), "DELETE", "/etc/passwd", &Value::Null);

    assert_eq!((found, missing), (200, 404));
    assert!(models.contains("\"scripted\""), "{models}");
    assert_eq!(server.received()[1].method, "DELETE");
}

#[test]
fn the_program_serves_a_script_and_logs_what_it_was_asked() {
    let dir = TempDir::new().expect("a directory");
    let (script, log) = (dir.path().join("script.json"), dir.path().join("log.jsonl"));
    let turns = json!([{"message": "one"}, {"parts": [{"reasoning": "hm"}, {"custom_tool_call": {"name": "apply_patch", "input": "x"}}]},
        {"status": {"status": 418, "message": "tea"}}, {"function_call": {"name": "f", "arguments": {}}}]);
    std::fs::write(&script, turns.to_string()).expect("a script");
    let program = env!("CARGO_BIN_EXE_dam-scripted-model");
    let mut server = Command::new(program)
        .arg("--script")
        .arg(&script)
        .arg("--log")
        .arg(&log)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut origin = String::new();
    BufReader::new(server.stdout.take().expect("its output"))
        .read_line(&mut origin)
        .expect("its address");

    let answers: Vec<(u16, String)> = (0..4)
        .map(|number| {
            call(
                origin.trim(),
                "POST",
                "/v1/responses",
                &json!({"number": number}),
            )
        })
        .collect();
    let logged = loop {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.lines().count() == 4 {
            break text;
        }
        std::thread::yield_now();
    };
    server.kill().and_then(|()| server.wait()).expect("its end");

    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 200, 418, 200]);
    assert!(
        answers[1].1.contains("custom_tool_call_input.delta"),
        "{}",
        answers[1].1
    );
    assert!(
        logged
            .lines()
            .last()
            .is_some_and(|line| line.contains("{\"number\":3}")),
        "{logged}"
    );
}

#[test]
fn the_program_refuses_what_it_does_not_understand() {
    let dir = TempDir::new().expect("a directory");
    let script = dir.path().join("script.json");
    std::fs::write(&script, "[{\"mesage\": \"x\"}]").expect("a script");
    let program = env!("CARGO_BIN_EXE_dam-scripted-model");

    let output = Command::new(program)
        .arg("--script")
        .arg(&script)
        .output()
        .expect("its output");

    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("unknown variant `mesage`"),
        "{output:?}"
    );
}
