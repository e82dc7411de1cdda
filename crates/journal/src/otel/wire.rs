//! OTLP messages as trees of fields, and their two encodings: protocol buffers
//! and the JSON that the specification derives from them.
//!
//! A tree is built once and written either way, so that both say the same. What
//! is not put into it is not sent: there are no defaults.

use std::time::Duration;

use serde_json::{Map, Number, Value as Json};

use crate::digest::hex;

/// A message: each field with its number and its name in JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message(Vec<(u32, &'static str, Field)>);

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    /// A string.
    Text(String),
    /// The identifier of a trace or span: hexadecimal digits in JSON.
    Id(Vec<u8>),
    /// `fixed64` or `sfixed64`: a string in JSON.
    Fixed64(u64),
    /// `int64`: a string in JSON.
    Int(i64),
    /// An enumeration: a number in JSON.
    Enum(u32),
    /// A truth value.
    Switch(bool),
    /// A fraction.
    Double(f64),
    /// A message.
    One(Message),
    /// Messages.
    Many(Vec<Message>),
    /// `repeated fixed64`.
    Fixed64s(Vec<u64>),
    /// `repeated double`.
    Doubles(Vec<f64>),
}

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The same with one more field.
    pub(super) fn with(mut self, number: u32, name: &'static str, field: Field) -> Self {
        self.0.push((number, name, field));
        self
    }

    /// Protocol buffers.
    pub(super) fn to_binary(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, _, field) in &self.0 {
            field.write(*number, &mut out);
        }
        out
    }

    /// JSON.
    pub(super) fn to_json(&self) -> Json {
        let entries = self.0.iter();
        let map: Map<String, Json> = entries
            .map(|(_, name, field)| ((*name).to_owned(), field.to_json()))
            .collect();
        Json::Object(map)
    }
}

/// The wire types of protocol buffers that are used.
const VARINT: u32 = 0;
const EIGHT_BYTES: u32 = 1;
const LENGTH: u32 = 2;

impl Field {
    fn write(&self, number: u32, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => delimited(number, text.as_bytes(), out),
            Self::Id(bytes) => delimited(number, bytes, out),
            Self::Fixed64(value) => {
                key(number, EIGHT_BYTES, out);
                out.extend(value.to_le_bytes());
            }
            Self::Double(value) => {
                key(number, EIGHT_BYTES, out);
                out.extend(value.to_le_bytes());
            }
            Self::Int(value) => {
                key(number, VARINT, out);
                varint(value.cast_unsigned(), out);
            }
            Self::Enum(value) => {
                key(number, VARINT, out);
                varint(u64::from(*value), out);
            }
            Self::Switch(value) => {
                key(number, VARINT, out);
                varint(u64::from(*value), out);
            }
            Self::One(message) => delimited(number, &message.to_binary(), out),
            Self::Many(messages) => {
                for message in messages {
                    delimited(number, &message.to_binary(), out);
                }
            }
            Self::Fixed64s(values) => {
                let packed: Vec<u8> = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                delimited(number, &packed, out);
            }
            Self::Doubles(values) => {
                let packed: Vec<u8> = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                delimited(number, &packed, out);
            }
        }
    }

    fn to_json(&self) -> Json {
        let double = |value: f64| Number::from_f64(value).map_or(Json::Null, Json::Number);
        match self {
            Self::Text(text) => Json::String(text.clone()),
            Self::Id(bytes) => Json::String(hex(bytes)),
            Self::Fixed64(value) => Json::String(value.to_string()),
            Self::Int(value) => Json::String(value.to_string()),
            Self::Enum(value) => Json::from(*value),
            Self::Switch(value) => Json::Bool(*value),
            Self::Double(value) => double(*value),
            Self::One(message) => message.to_json(),
            Self::Many(messages) => messages.iter().map(Message::to_json).collect(),
            Self::Fixed64s(values) => values.iter().map(u64::to_string).collect(),
            Self::Doubles(values) => values.iter().map(|value| double(*value)).collect(),
        }
    }
}

fn key(number: u32, kind: u32, out: &mut Vec<u8>) {
    varint(u64::from(number << 3 | kind), out);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let seven = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(seven);
            return;
        }
        out.push(seven | 0x80);
    }
}

fn delimited(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    key(number, LENGTH, out);
    varint(bytes.len() as u64, out);
    out.extend(bytes);
}

/// What a collector says of a request that it took: how many records it did not
/// take, and why. All three services answer alike.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Partial {
    /// How many records were refused.
    pub rejected: u64,
    /// Why.
    pub message: String,
}

impl Partial {
    /// Reads an answer in JSON. What cannot be read refuses nothing.
    pub(super) fn of_json(bytes: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Json>(bytes) else {
            return Self::default();
        };
        let rejected = |name: &str| match answer.pointer(&format!("/partialSuccess/{name}")) {
            Some(Json::Number(number)) => number.as_u64(),
            Some(Json::String(text)) => text.parse().ok(),
            _ => None,
        };
        let names = ["rejectedLogRecords", "rejectedSpans", "rejectedDataPoints"];
        let message = answer.pointer("/partialSuccess/errorMessage");
        Self {
            rejected: names.into_iter().find_map(rejected).unwrap_or_default(),
            message: message
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Reads an answer in protocol buffers. What cannot be read refuses nothing.
    pub(super) fn of_binary(bytes: &[u8]) -> Self {
        let mut partial = Self::default();
        for (number, read) in Reader(bytes) {
            let (1, Read::Bytes(inner)) = (number, read) else {
                continue;
            };
            for field in Reader(inner) {
                match field {
                    (1, Read::Number(rejected)) => partial.rejected = rejected,
                    (2, Read::Bytes(text)) => {
                        partial.message = String::from_utf8_lossy(text).into_owned();
                    }
                    _ => {}
                }
            }
        }
        partial
    }
}

/// How long a gRPC server wants to be left alone: the `RetryInfo` among the
/// details of a status.
pub(super) fn retry_delay(status: &[u8]) -> Option<Duration> {
    let bytes = |message, wanted| {
        Reader(message).filter_map(move |field| match field {
            (number, Read::Bytes(bytes)) if number == wanted => Some(bytes),
            _ => None,
        })
    };
    let details = bytes(status, 3);
    let mut infos = details.filter(|any| {
        let mut kinds = bytes(any, 1);
        kinds.any(|kind| kind.ends_with(b"/google.rpc.RetryInfo"))
    });
    let info = bytes(infos.next()?, 2).next()?;
    let delay = bytes(info, 1).next()?;
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in Reader(delay) {
        match field {
            (1, Read::Number(number)) => seconds = number,
            (2, Read::Number(number)) => nanoseconds = u32::try_from(number).ok()?,
            _ => {}
        }
    }
    Duration::from_secs(seconds).checked_add(Duration::from_nanos(u64::from(nanoseconds)))
}

/// What base64 stands for, with or without its padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        held = held << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// The fields of a message in protocol buffers, up to what cannot be read.
struct Reader<'a>(&'a [u8]);

enum Read<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Iterator for Reader<'a> {
    type Item = (u32, Read<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok()?;
        let read = match u32::try_from(key & 7).ok()? {
            VARINT => Read::Number(self.varint()?),
            EIGHT_BYTES => self.take(8).map(|_| Read::Other)?,
            LENGTH => {
                let length = usize::try_from(self.varint()?).ok()?;
                Read::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Read::Other)?,
            _ => return None,
        };
        Some((number, read))
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_field_has_its_encoding() {
        let inner = Message::new().with(1, "a", Field::Text("x".to_owned()));
        let message = Message::new()
            .with(1, "text", Field::Text("hi".to_owned()))
            .with(2, "number", Field::Int(-1))
            .with(3, "time", Field::Fixed64(1))
            .with(4, "kind", Field::Enum(300))
            .with(16, "many", Field::Many(vec![inner.clone(), inner]))
            .with(6, "id", Field::Id(vec![0xab, 1]));
        let expected = [
            &[0x0a, 2, b'h', b'i'][..],
            &[0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            &[0x19, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0x20, 0xac, 2],
            &[0x82, 1, 3, 0x0a, 1, b'x', 0x82, 1, 3, 0x0a, 1, b'x'],
            &[0x32, 2, 0xab, 1],
        ];
        assert_eq!(message.to_binary(), expected.concat());
        assert_eq!(
            message.to_json().to_string(),
            r#"{"id":"ab01","kind":300,"many":[{"a":"x"},{"a":"x"}],"number":"-1","text":"hi","time":"1"}"#
        );
    }

    #[test]
    fn a_status_says_how_long_to_wait() {
        let delay = Message::new().with(1, "seconds", Field::Int(3)).with(
            2,
            "nanos",
            Field::Int(500_000_000),
        );
        let info = Message::new().with(1, "retryDelay", Field::One(delay));
        let kind = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
        let any = Message::new().with(1, "typeUrl", Field::Text(kind)).with(
            2,
            "value",
            Field::Id(info.to_binary()),
        );
        let other = Message::new().with(1, "typeUrl", Field::Text("x/y".to_owned()));
        let status = Message::new().with(1, "code", Field::Enum(8)).with(
            3,
            "details",
            Field::Many(vec![other, any]),
        );
        let wait = retry_delay(&status.to_binary());
        assert_eq!(wait, Some(Duration::from_millis(3500)));
        assert_eq!(retry_delay(b"\x1a\x02\x0a\x00"), None);
        assert_eq!(base64("TWFu").as_deref(), Some(&b"Man"[..]));
        assert_eq!(base64("TWE=").as_deref(), Some(&b"Ma"[..]));
        assert_eq!(base64("TQ").as_deref(), Some(&b"M"[..]));
        assert_eq!(base64("a b"), None);
    }

    #[test]
    fn an_answer_says_how_much_was_refused() {
        let partial = Partial {
            rejected: 3,
            message: "no".to_owned(),
        };
        let inner = Message::new()
            .with(1, "rejectedLogRecords", Field::Int(3))
            .with(2, "errorMessage", Field::Text("no".to_owned()));
        let answer = Message::new().with(1, "partialSuccess", Field::One(inner));
        assert_eq!(Partial::of_binary(&answer.to_binary()), partial);
        assert_eq!(
            Partial::of_json(answer.to_json().to_string().as_bytes()),
            partial
        );
        for bytes in [&b""[..], b"{}", &[0x0a, 200], &[0xff; 20]] {
            assert_eq!(Partial::of_binary(bytes), Partial::default());
            assert_eq!(Partial::of_json(bytes), Partial::default());
        }
    }
}
