//! Recordings: written from a live session, replayed without one.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dam_model::{
    Item, Model, ModelError, Recorded, Recorder, Request, Responses, StreamEvent, Usage, Variables,
};
use dam_testkit::{Part, ScriptedServer, Turn};
use serde_json::json;
use tempfile::TempDir;

use crate::{ask, items, provider, question, retries, text};

const HEADER: &str = r#"{"cofferdam-recording":1,"model":"gpt-test"}"#;

fn variables(workspace: &str) -> Variables {
    Variables::from([("workspace".to_owned(), workspace.to_owned())])
}

/// A recording of `lines` after the usual header.
fn recorded(lines: &[&str]) -> Result<Recorded, ModelError> {
    let text = [&[HEADER], lines].concat().join("\n");
    Recorded::from_str(Path::new("demo.jsonl"), &text, &Variables::new())
}

async fn refusal(model: &Recorded, request: Request) -> String {
    ask(model, request)
        .await
        .expect_err("no answer")
        .1
        .to_string()
}

/// Records a session of two responses in `/home/me/work`; gives the file and
/// what was said.
async fn record(dir: &TempDir) -> (PathBuf, Vec<Vec<StreamEvent>>) {
    let path = dir.path().join("session.jsonl");
    let server = ScriptedServer::start(vec![
        Turn::message("void").dropped_after(5),
        Turn::parts(vec![
            Part::Reasoning("Look first.".to_owned()),
            Part::FunctionCall {
                name: "exec_command".to_owned(),
                arguments: json!({"cmd": "ls /home/me/work/src"}),
            },
        ])
        .usage(7, 8),
        Turn::message("See /home/me/work and {{workspace}}."),
    ]);
    let live = Responses::new(provider(&server)).expect("a model");
    let model =
        Recorder::create(&path, live, "gpt-test", variables("/home/me/work")).expect("a recorder");
    let first = ask(&model, question()).await.expect("a first answer");
    let second = ask(&model, follow_up(&first))
        .await
        .expect("a second answer");
    (path, vec![first, second])
}

/// The question with what was said to it and the output of its call.
fn follow_up(said: &[StreamEvent]) -> Request {
    let mut request = question();
    request.input.extend(items(said));
    request
        .input
        .push(Item::function_output("call_2_1", "main.rs"));
    request
}

#[tokio::test]
async fn what_was_recorded_is_replayed_elsewhere() {
    let dir = TempDir::new().expect("a directory");
    let (path, said) = record(&dir).await;

    let model = Recorded::open(&path, &variables("/tmp/elsewhere")).expect("a recording");
    let first = ask(&model, question()).await.expect("a first answer");
    let second = ask(&model, follow_up(&first))
        .await
        .expect("a second answer");

    assert_eq!(
        (model.name(), model.model(), model.responses_left()),
        ("recorded", "gpt-test", 0)
    );
    assert_eq!(retries(&said[0]).len(), 1);
    assert_eq!(
        (retries(&first).len(), text(&first).as_str()),
        (0, ""),
        "the broken attempt is not replayed"
    );
    assert!(
        first.contains(&StreamEvent::ReasoningDelta("Look first.".to_owned())),
        "{first:?}"
    );
    assert!(
        matches!(&items(&first)[..], [Item::Reasoning { .. }, Item::FunctionCall { arguments, call_id, .. }]
        if arguments == "{\"cmd\":\"ls /tmp/elsewhere/src\"}" && call_id == "call_2_1"),
        "{first:?}"
    );
    assert_eq!(first.last(), said[0].last(), "identifier and usage");
    assert_eq!(text(&second), "See /tmp/elsewhere and {{workspace}}.");
}

#[tokio::test]
async fn a_recording_says_nothing_of_what_was_asked() {
    let dir = TempDir::new().expect("a directory");
    let (path, _) = record(&dir).await;

    let text = std::fs::read_to_string(&path).expect("the recording");

    assert_eq!(
        std::fs::metadata(&path)
            .expect("metadata")
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    for secret in [
        "What is the answer",
        "main.rs",
        "/home/me/work",
        crate::KEY,
        "sealed-",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    insta::assert_snapshot!(text, @r#"
    {"cofferdam-recording":1,"model":"gpt-test","variables":["workspace"]}
    {"expect":{"answers":[],"prompt_hash":"e58810f0"},"events":[{"reasoning":"Look first."},{"item":{"encrypted_content":null,"id":"rs_2_0","status":"completed","summary":[{"text":"Look first.","type":"summary_text"}],"type":"reasoning"}},{"item":{"arguments":"{\"cmd\":\"ls {{workspace}}/src\"}","call_id":"call_2_1","id":"fc_2_1","name":"exec_command","status":"completed","type":"function_call"}},{"completed":{"id":"resp_2","usage":{"input_tokens":7,"cached_input_tokens":0,"output_tokens":8,"reasoning_output_tokens":0,"total_tokens":15}}}]}
    {"expect":{"answers":["call_2_1"]},"events":[{"text":"See {{workspace}} and {{!workspace}}."},{"item":{"content":[{"annotations":[],"text":"See {{workspace}} and {{!workspace}}.","type":"output_text"}],"id":"msg_3_0","role":"assistant","status":"completed","type":"message"}},{"completed":{"id":"resp_3","usage":{"input_tokens":10,"cached_input_tokens":0,"output_tokens":5,"reasoning_output_tokens":0,"total_tokens":15}}}]}
    "#);
}

#[tokio::test]
async fn an_existing_file_is_not_overwritten() {
    let dir = TempDir::new().expect("a directory");
    let (path, _) = record(&dir).await;
    let before = std::fs::read(&path).expect("the recording");

    let again = Recorder::create(
        &path,
        recorded(&[]).expect("a model"),
        "m",
        Variables::new(),
    );

    assert!(again.is_err_and(|error| {
        error
            .to_string()
            .contains("creating it failed: File exists")
    }));
    assert_eq!(std::fs::read(&path).expect("the recording"), before);
}

#[tokio::test]
async fn a_recording_by_hand_needs_little() {
    let model = recorded(&[
        r#"{"note":"by hand","events":[{"text":"Hel"},{"item":{"type":"message","role":"assistant","content":"Hello"}},{"text":"lo"}]}"#,
        "",
        r#"{"events":[{"text":"Well"},{"failed":"I give up"}]}"#,
    ])
    .expect("a recording");

    let events = ask(&model, question()).await.expect("an answer");
    let (before, error) = ask(&model, question()).await.expect_err("a failure");

    assert_eq!((text(&events).as_str(), items(&events).len()), ("Hello", 1));
    assert_eq!(
        events.last(),
        Some(&StreamEvent::Completed {
            id: String::new(),
            usage: Usage::default()
        })
    );
    assert_eq!(text(&before), "Well");
    assert_eq!(error.to_string(), "the model's response failed: I give up");
}

#[tokio::test]
async fn a_recording_that_is_used_up_says_so() {
    let model = recorded(&[r#"{"events":[{"text":"hi"}]}"#]).expect("a recording");
    ask(&model, question()).await.expect("an answer");

    insta::assert_snapshot!(refusal(&model, question()).await, @"recording `demo.jsonl`, line 2: the recording ends here: response 2 was asked for, and it has 1");
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_told_the_difference() {
    let expectations = [
        r#"{"answers":["call_9"]}"#,
        r#"{"prompt_hash":"00000000"}"#,
        r#"{"input_contains":["the answer?","tests pass"]}"#,
        r#"{"new_input_contains":["the answer?"]}"#,
        r#"{"tools":["apply_patch"]}"#,
    ];
    let lines =
        expectations.map(|expect| format!(r#"{{"expect":{expect},"events":[{{"text":"x"}}]}}"#));
    let model = recorded(&lines.each_ref().map(String::as_str)).expect("a recording");
    let mut request = question();
    request.input.extend([
        Item::assistant("Let me see."),
        Item::function_output("call_1", "FAILED\n3 tests"),
    ]);

    let mut differences = Vec::new();
    for _ in expectations {
        differences.push(
            refusal(&model, request.clone())
                .await
                .replace("the request does not fit the recorded response: ", "… "),
        );
    }

    insta::assert_snapshot!(differences.join("\n"), @r"
    recording `demo.jsonl`, line 2: … it should answer the calls [call_9], and answers [call_1]
    recording `demo.jsonl`, line 3: … it should have a new message of the user, and has none
    recording `demo.jsonl`, line 4: … the input should contain `tests pass`, and ends with `What is the answer? Let me see. FAILED 3 tests`
    recording `demo.jsonl`, line 5: … the new input should contain `the answer?`, and ends with `FAILED 3 tests`
    recording `demo.jsonl`, line 6: … the tool `apply_patch` is not offered
    ");
}

#[tokio::test]
async fn a_request_that_fits_is_answered() {
    let line = r#"{"expect":{"answers":["b","a"],"input_contains":["the answer?","FAILED"],"new_input_contains":["FAILED"]},"events":[{"text":"x"}]}"#;
    let model = recorded(&[line]).expect("a recording");
    let mut request = question();
    request.input.extend([
        Item::assistant("…"),
        Item::function_output("a", "FAILED"),
        Item::custom_tool_output("b", ""),
    ]);

    assert_eq!(text(&ask(&model, request).await.expect("an answer")), "x");
}

#[test]
fn a_file_that_is_no_recording_is_refused_with_its_line() {
    let load = |text: &str| {
        Recorded::from_str(Path::new("x.jsonl"), text, &Variables::new())
            .expect_err("refused")
            .to_string()
    };
    let after_header = |line: &str| load(&format!("{HEADER}\n{line}"));
    let refusals = [
        load(""),
        load("hello"),
        load(r#"{"model":"m"}"#),
        load(r#"{"cofferdam-recording":2,"model":"m"}"#),
        load(r#"{"cofferdam-recording":1,"model":"m","modle":1}"#),
        load(r#"{"cofferdam-recording":1,"model":"m","variables":["workspace"]}"#),
        after_header("{"),
        after_header(r#"{"events":[]}"#),
        after_header(r#"{"events":[{"txt":"hi"}]}"#),
        after_header(r#"{"expects":{},"events":[{"text":"hi"}]}"#),
        after_header(r#"{"events":[{"failed":"x"},{"text":"hi"}]}"#),
    ]
    .join("\n");

    insta::assert_snapshot!(refusals, @r#"
    recording `x.jsonl`, line 1: the file is empty
    recording `x.jsonl`, line 1: this is not the header of a recording (expected value at column 1); it should be like {"cofferdam-recording":1,"model":"…"}
    recording `x.jsonl`, line 1: this is not the header of a recording (no `cofferdam-recording`); it should be like {"cofferdam-recording":1,"model":"…"}
    recording `x.jsonl`, line 1: the recording has format 2, and this version of Cofferdam reads format 1
    recording `x.jsonl`, line 1: this is not the header of a recording (unknown field `modle`, expected one of `cofferdam-recording`, `model`, `note`, `variables`); it should be like {"cofferdam-recording":1,"model":"…"}
    recording `x.jsonl`, line 1: the recording needs a value for its variable `workspace`
    recording `x.jsonl`, line 2: this is not JSON: EOF while parsing an object at column 1
    recording `x.jsonl`, line 2: the response has no events
    recording `x.jsonl`, line 2: this is not a recorded response: unknown variant `txt`, expected one of `text`, `reasoning`, `item`, `completed`, `failed`
    recording `x.jsonl`, line 2: this is not a recorded response: unknown field `expects`, expected one of `note`, `expect`, `events`
    recording `x.jsonl`, line 2: events follow the end of the response
    "#);
}

#[tokio::test]
async fn the_example_in_the_documentation_works() {
    let page = include_str!("../../../../docs/recording.md");
    let (_, example) = page.rsplit_once("```json\n").expect("an example");
    let text = example.trim_end().trim_end_matches("```");
    let model =
        Recorded::from_str(Path::new("recording.md"), text, &variables("/w")).expect("a recording");

    let first = items(&ask(&model, question()).await.expect("an answer"));
    let mut request = question();
    request.input.extend(first.clone());
    request.input.push(Item::function_output("c1", "README.md"));
    let second = ask(&model, request).await.expect("an answer");

    assert!(
        matches!(&first[..], [Item::FunctionCall { arguments, .. }] if arguments == "{\"cmd\": \"ls /w\"}")
    );
    assert_eq!(crate::text(&second), "There is a README.");
}
