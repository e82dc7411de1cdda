//! Whether a request is the one that a recorded response was an answer to.
//!
//! A recording that has drifted from what the agent sends must fail with the
//! difference, not go on with answers to other questions.

use super::Variables;
use super::format::Expect;
use super::variables::insert_markers;
use crate::clean::one_line;
use crate::{Item, Request, Role};

/// Most characters of the input that a message about a difference shows.
const EXCERPT: usize = 200;

/// What a recorder says about `request`: which calls it answers and a hash of
/// the prompt, but nothing that was said.
pub(super) fn of(request: &Request, variables: &Variables) -> Expect {
    let new = new_items(&request.input);
    let answers: Vec<String> = new.iter().filter_map(answered).map(str::to_owned).collect();
    let prompt_hash = new
        .iter()
        .rev()
        .find_map(prompt)
        .map(|prompt| hash(prompt, variables));
    Expect {
        answers: Some(answers),
        prompt_hash,
        ..Expect::default()
    }
}

/// Says how `request` differs from what is expected.
pub(super) fn check(
    expect: &Expect,
    request: &Request,
    variables: &Variables,
) -> Result<(), String> {
    let new = new_items(&request.input);
    if let Some(expected) = &expect.answers {
        check_answers(expected, new)?;
    }
    if let Some(expected) = &expect.prompt_hash {
        check_prompt(expected, new, variables)?;
    }
    check_texts(&expect.input_contains, "the input", &request.input)?;
    check_texts(&expect.new_input_contains, "the new input", new)?;
    let offered = |name: &&String| {
        request
            .tools
            .iter()
            .any(|tool| tool.name() == Some(name.as_str()))
    };
    match expect.tools.iter().find(|name| !offered(name)) {
        Some(missing) => Err(format!("the tool `{missing}` is not offered")),
        None => Ok(()),
    }
}

/// What came after the model's last word.
fn new_items(input: &[Item]) -> &[Item] {
    let last_word = input.iter().rposition(|item| match item {
        Item::Message { role, .. } => *role == Role::Assistant,
        Item::FunctionCallOutput { .. } | Item::CustomToolCallOutput { .. } => false,
        Item::Reasoning { .. }
        | Item::FunctionCall { .. }
        | Item::CustomToolCall { .. }
        | Item::Other(_) => true,
    });
    &input[last_word.map_or(0, |index| index + 1)..]
}

fn answered(item: &Item) -> Option<&str> {
    match item {
        Item::FunctionCallOutput { call_id, .. } | Item::CustomToolCallOutput { call_id, .. } => {
            Some(call_id)
        }
        _ => None,
    }
}

fn prompt(item: &Item) -> Option<&str> {
    match item {
        Item::Message {
            role: Role::User,
            text,
            ..
        } => Some(text),
        _ => None,
    }
}

fn check_answers(expected: &[String], new: &[Item]) -> Result<(), String> {
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let mut found: Vec<&str> = new.iter().filter_map(answered).collect();
    expected.sort_unstable();
    found.sort_unstable();
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "it should answer the calls [{}], and answers [{}]",
        expected.join(", "),
        one_line(&found.join(", "))
    ))
}

fn check_prompt(expected: &str, new: &[Item], variables: &Variables) -> Result<(), String> {
    let Some(prompt) = new.iter().rev().find_map(prompt) else {
        return Err("it should have a new message of the user, and has none".to_owned());
    };
    let found = hash(prompt, variables);
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "the prompt is not the recorded one: its hash is {found}, not {}",
        one_line(expected)
    ))
}

fn check_texts(expected: &[String], place: &str, items: &[Item]) -> Result<(), String> {
    let texts: Vec<String> = items.iter().map(text).collect();
    let Some(missing) = expected
        .iter()
        .find(|expected| !texts.iter().any(|text| text.contains(expected.as_str())))
    else {
        return Ok(());
    };
    let all = one_line_end(&texts.join(" "));
    Err(format!(
        "{place} should contain `{}`, and ends with `{all}`",
        one_line(missing)
    ))
}

/// Everything in an item that somebody wrote.
fn text(item: &Item) -> String {
    match item {
        Item::Message { text, .. } => text.clone(),
        Item::FunctionCall {
            name,
            arguments: input,
            ..
        }
        | Item::CustomToolCall { name, input, .. } => format!("{name} {input}"),
        Item::FunctionCallOutput { output, .. } | Item::CustomToolCallOutput { output, .. } => {
            output.clone()
        }
        Item::Reasoning { raw } | Item::Other(raw) => raw.to_string(),
    }
}

fn one_line_end(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(EXCERPT);
    let end: String = text.chars().skip(skipped).collect();
    format!("{}{}", if skipped == 0 { "" } else { "…" }, one_line(&end))
}

/// 32 bits of FNV-1a over the text with its variables as markers: enough to
/// notice another prompt, too little to read one back.
fn hash(text: &str, variables: &Variables) -> String {
    let hash = insert_markers(text.trim(), variables)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff)
}
