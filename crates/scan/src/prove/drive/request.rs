//! Makes requests: every input that is known gets a harmless value, one of
//! them what is to be tried.

use serde_json::{Map, Value};

use super::{Drive, Input};
use crate::prove::payloads::{Encoding, Fresh, hex};
use crate::prove::protocol::{Channel, Request};

/// What is tried: the input, what is sent in it, and how that is written.
pub(super) type Try<'a> = (&'a Input, &'a str, Encoding);

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    None,
    Form,
    Json,
}

impl Shape {
    /// The shapes that a request of this method can have.
    pub fn of(method: &str) -> Vec<Self> {
        match method {
            "POST" | "PUT" | "PATCH" => vec![Self::Form, Self::Json],
            _ => vec![Self::None],
        }
    }

    /// The shape that carries an input.
    pub const fn of_input(input: &Input) -> Self {
        match input.0 {
            Channel::Json => Self::Json,
            Channel::Form | Channel::FormName => Self::Form,
            _ => Self::None,
        }
    }
}

/// The names of the parts of a path that vary: `{id}`.
pub(super) fn parts(path: &str) -> Vec<String> {
    let pieces = path.split('{').skip(1);
    let names = pieces.filter_map(|piece| piece.split_once('}'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The inputs that are meant when a project asks a channel for a name.
pub(super) fn asked(method: &str, channel: &str, name: &str, constants: &[String]) -> Vec<Input> {
    let has_body = !Shape::of(method).contains(&Shape::None);
    let channels: &[Channel] = match channel {
        "query" => &[Channel::Query],
        "form" => &[Channel::Form],
        "values" => &[Channel::Query, Channel::Form],
        "json" => &[Channel::Json],
        "cookie" => &[Channel::Cookie],
        "header" => &[Channel::Header],
        "body" => &[Channel::Body],
        _ => &[],
    };
    let fits = |channel: &&Channel| {
        has_body || !matches!(channel, Channel::Form | Channel::Json | Channel::Body)
    };
    let mut found = Vec::new();
    for channel in channels.iter().filter(fits) {
        if *channel == Channel::Body {
            found.push((Channel::Body, "body".to_owned()));
        } else if *channel == Channel::Header && is_structural(name) {
            // Sent with what it speaks of.
        } else if name != "*" {
            found.push((*channel, name.to_owned()));
        } else {
            found.extend(any(*channel, constants));
        }
    }
    found
}

/// Whether a header tells how the rest of the request is read.
fn is_structural(name: &str) -> bool {
    [
        "content-type",
        "content-length",
        "cookie",
        "transfer-encoding",
    ]
    .iter()
    .any(|header| name.eq_ignore_ascii_case(header))
}

/// Inputs for a project that asks for whatever there is: the words in its code,
/// as names and as values.
fn any(channel: Channel, constants: &[String]) -> Vec<Input> {
    let names = constants.iter().take(8);
    let mut found: Vec<Input> = match channel {
        Channel::Header => vec![(Channel::Header, "X-Cofferdam-Any".to_owned())],
        _ => names.clone().map(|name| (channel, name.clone())).collect(),
    };
    let by_name = match channel {
        Channel::Query => Channel::QueryName,
        Channel::Form => Channel::FormName,
        _ => return found,
    };
    found.extend(names.map(|value| (by_name, value.clone())));
    found
}

/// A request to a route with harmless values in all inputs but one.
pub(super) fn make(
    drive: &Drive<'_>,
    tried: Option<Try<'_>>,
    shape: Shape,
    fresh: &Fresh,
) -> Request {
    let Drive {
        route,
        method,
        inputs,
        ..
    } = drive;
    let mut request = Request {
        app: route.app,
        method: (*method).to_owned(),
        plant: vec![fresh.word.clone()],
        ..Request::default()
    };
    let mut path = route.path.clone();
    let mut encoded = route.path.clone();
    let mut form = Vec::new();
    let mut json = Map::new();
    for input @ (channel, name) in inputs.iter().chain(
        tried
            .iter()
            .map(|(input, ..)| *input)
            .filter(|i| !inputs.contains(i)),
    ) {
        let is_tried = tried.filter(|(tried, ..)| *tried == input);
        let (value, operator) = match is_tried {
            Some((_, text, encoding)) => (text.to_owned(), encoding == Encoding::Operator),
            // What has no name of its own is only sent when it is tried.
            None if matches!(
                channel,
                Channel::QueryName | Channel::FormName | Channel::Body
            ) =>
            {
                continue;
            }
            None => (harmless(name, drive.numbers), false),
        };
        let key = if operator {
            format!("{name}[$ne]")
        } else {
            name.clone()
        };
        match channel {
            Channel::Path => {
                let part = format!("{{{name}}}");
                path = path.replace(&part, &value);
                encoded = encoded.replace(&part, &percent(&value));
            }
            Channel::Query => request.query.push((key, value)),
            Channel::Form => form.push((key, value)),
            Channel::Json if operator => put(&mut json, name, serde_json::json!({ "$ne": value })),
            Channel::Json => put(&mut json, name, Value::String(value)),
            Channel::Cookie => request.cookies.push((name.clone(), value)),
            Channel::Header => request.headers.push((name.clone(), value)),
            Channel::Body => request.body = Some(value),
            // The name is the input, what is known is its value.
            Channel::QueryName => request.query.push((value, name.clone())),
            Channel::FormName => form.push((value, name.clone())),
            Channel::None => {}
        }
    }
    request.path = path;
    request.encoded_path = encoded;
    set_body(&mut request, shape, form, json);
    request
}

fn set_body(
    request: &mut Request,
    shape: Shape,
    form: Vec<(String, String)>,
    json: Map<String, Value>,
) {
    if request.body.is_some() {
        let xml = request
            .body
            .as_deref()
            .is_some_and(|body| body.trim_start().starts_with('<'));
        request.body_type = Some(if xml { "application/xml" } else { "text/plain" }.to_owned());
        return;
    }
    if matches!(request.method.as_str(), "GET" | "HEAD" | "DELETE") {
        return;
    }
    let as_json =
        shape == Shape::Json || (shape == Shape::None && form.is_empty() && !json.is_empty());
    if as_json {
        request.json = Some(Value::Object(json));
    } else {
        request.form = Some(form);
    }
}

/// A part of a path as a browser sends it.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

/// Puts a value into an object; a dot in the name leads into an inner one.
fn put(json: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        Some((outer, inner)) => {
            let object = json
                .entry(outer)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(object) = object {
                object.insert(inner.to_owned(), value);
            }
        }
        None => {
            json.insert(name.to_owned(), value);
        }
    }
}

/// A value that an input of this name usually takes.
fn harmless(name: &str, numbers: bool) -> String {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["email", "mail"]) {
        "someone@example.com"
    } else if has(&["url", "uri", "link"]) {
        "http://localhost/"
    } else if has(&["pass", "verify", "confirm"]) {
        "Cofferdam-1"
    } else if has(&["date", "dob", "birth"]) {
        "2001-02-03"
    } else if numbers
        || name == "id"
        || name.ends_with("id")
        || has(&[
            "num", "page", "count", "age", "year", "limit", "amount", "size",
        ])
    {
        "1"
    } else {
        "harmless"
    }
    .to_owned()
}
