//! Methods of text.

use crate::taint::ir::Const;
use crate::taint::kind::{Kind, Kinds};

use super::call::Args;
use super::fold::is_textual;
use super::interp::Interp;
use super::state::State;
use super::value::{Object, Piece, Shape, Taints, Value};

impl<'a> Interp<'a> {
    /// A method of text. Nothing where it is none, or no text.
    pub(super) fn call_text(
        &mut self,
        receiver: &Value<'a>,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        match receiver.shape {
            Shape::Const(_) | Shape::Text(_) | Shape::Unknown => {}
            Shape::Path(_) if !receiver.taints.is_empty() => {}
            _ => return None,
        }
        let known = is_textual(receiver);
        Some(match method {
            "format" if known => self.format(receiver, args, state),
            "join" => join_texts(receiver, args, state)?,
            "replace" | "replaceAll" => replace(receiver, args)?,
            "lower" | "toLowerCase" => change(receiver, str::to_lowercase),
            "upper" | "toUpperCase" => change(receiver, str::to_uppercase),
            "strip" | "trim" | "lstrip" | "rstrip" if args.positional.is_empty() => {
                change(receiver, |text| text.trim().to_owned())
            }
            "encode" | "decode" | "strip" | "lstrip" | "rstrip" | "toString" | "title"
            | "capitalize" | "swapcase" | "expandtabs" | "removeprefix" | "removesuffix"
            | "casefold" | "zfill" | "ljust" | "rjust" | "center" => receiver.clone(),
            "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => {
                self.split(receiver, args, state)
            }
            "startswith" | "startsWith" => {
                starts(receiver, args, |text, part| text.starts_with(part))
            }
            "endswith" | "endsWith" => starts(receiver, args, |text, part| text.ends_with(part)),
            "find" | "rfind" | "index" | "rindex" | "count" | "isdigit" | "isalnum" | "isalpha"
            | "isdecimal" | "isnumeric" | "isidentifier" | "isspace" | "isupper" | "islower" => {
                Value::number()
            }
            _ => return None,
        })
    }

    /// `"… {} …".format(values)`.
    fn format(
        &mut self,
        receiver: &Value<'a>,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let all = args.taints(state);
        let mut next = 0;
        let mut pieces = Vec::new();
        for piece in receiver.pieces() {
            let Piece::Text(text) = &piece else {
                pieces.push(piece);
                continue;
            };
            let mut rest: &str = text;
            while let Some(at) = rest.find(['{', '}']) {
                pieces.push(Piece::Text(rest[..at].into()));
                let after = &rest[at + 1..];
                if after.as_bytes().first() == rest.as_bytes().get(at) {
                    pieces.push(Piece::Text(rest[at..=at].into()));
                    rest = &after[1..];
                    continue;
                }
                let Some(end) = after.find('}').filter(|_| rest[at..].starts_with('{')) else {
                    rest = after;
                    continue;
                };
                let field = after[..end].split([':', '!']).next().unwrap_or_default();
                let numeric = after[..end].ends_with(":d");
                let base = field.split(['.', '[']).next().unwrap_or_default();
                let given = if base.is_empty() {
                    next += 1;
                    args.positional.get(next - 1)
                } else if let Ok(at) = base.parse::<usize>() {
                    args.positional.get(at)
                } else {
                    args.named(base)
                };
                match given {
                    _ if numeric => pieces.push(Piece::Hole {
                        taints: Taints::default(),
                        number: true,
                    }),
                    Some(value) if base == field => {
                        pieces.extend(self.as_text(value, state).pieces());
                    }
                    Some(value) => pieces.push(Piece::Hole {
                        taints: state.heap.taints(value),
                        number: false,
                    }),
                    None => pieces.push(Piece::Hole {
                        taints: all.clone(),
                        number: false,
                    }),
                }
                rest = &after[end + 1..];
            }
            pieces.push(Piece::Text(rest.into()));
        }
        Value::text(pieces)
    }

    fn split(&mut self, receiver: &Value<'a>, args: &Args<'a>, state: &mut State<'a>) -> Value<'a> {
        let by = args.positional.first().and_then(Value::as_str);
        let object = match (receiver.as_str(), by) {
            (Some(text), Some(by)) if !by.is_empty() => Object::List {
                items: text.split(by).take(64).map(Value::str).collect(),
                rest: None,
            },
            _ => Object::List {
                items: Vec::new(),
                rest: Some(Value::tainted(receiver.taints.clone())),
            },
        };
        self.alloc(object, state)
    }
}

fn change<'a>(receiver: &Value<'a>, how: impl Fn(&str) -> String) -> Value<'a> {
    match receiver.as_str() {
        Some(text) => Value::str(&how(text)),
        None => receiver.clone(),
    }
}

fn starts<'a>(
    receiver: &Value<'a>,
    args: &Args<'a>,
    how: impl Fn(&str, &str) -> bool,
) -> Value<'a> {
    match (
        receiver.as_str(),
        args.positional.first().and_then(Value::as_str),
    ) {
        (Some(text), Some(part)) => Value::bool(how(text, part)),
        _ => Value::number(),
    }
}

/// `separator.join(items)`; for JavaScript's `items.join(separator)` the
/// receiver is no text.
fn join_texts<'a>(receiver: &Value<'a>, args: &Args<'a>, state: &State<'a>) -> Option<Value<'a>> {
    let items = args.positional.first()?;
    let Shape::Object(id) = items.shape else {
        return Some(Value::tainted(receiver.taints.join(&items.taints)));
    };
    let Some(Object::List { items: known, rest }) = state.heap.get(id) else {
        return Some(Value::tainted(state.heap.taints(items)));
    };
    let mut pieces = Vec::new();
    for (at, item) in known.iter().chain(rest).enumerate() {
        if at > 0 {
            pieces.extend(receiver.pieces());
        }
        pieces.extend(match item.shape {
            Shape::Object(_) => Value::tainted(state.heap.taints(item)).pieces(),
            _ => item.pieces(),
        });
    }
    Some(Value::text(pieces))
}

/// What is taken out of a text can no longer be in it.
fn replace<'a>(receiver: &Value<'a>, args: &Args<'a>) -> Option<Value<'a>> {
    let (from, to) = (args.positional.first()?, args.positional.get(1)?);
    if let Shape::Const(Const::Regex(literal)) = &from.shape {
        let value = receiver.safer(super::javascript::taken_out(literal, to.as_str()));
        return Some(Value::tainted(value.taints.join(&to.taints)));
    }
    let Some(from) = from.as_str() else {
        return Some(Value::tainted(receiver.taints.join(&to.taints)));
    };
    if let (Some(text), Some(to)) = (receiver.as_str(), to.as_str()) {
        return Some(Value::str(&text.replace(from, to)));
    }
    let into = to.as_str().unwrap_or_default();
    let kinds = match from {
        "'" if into == "''" || into.is_empty() => Kinds::QUOTES,
        "'" if into == "&apos;" => Kinds::of(&[Kind::XPath]),
        "<" => Kinds::of(&[Kind::Xss]),
        ".." => Kinds::of(&[Kind::Path]),
        "/" if into.is_empty() || into == "_" || into == "-" => Kinds::of(&[Kind::Path]),
        "\n" | "\r" | "\r\n" => Kinds::of(&[Kind::Header]),
        _ => Kinds::NONE,
    };
    let value = receiver.safer(kinds);
    Some(if to.taints.is_empty() {
        value
    } else {
        Value::tainted(value.taints.join(&to.taints))
    })
}

/// A constant as a key.
pub(super) fn key_of<'v>(value: &'v Value<'_>) -> Option<&'v Const> {
    match &value.shape {
        Shape::Const(key) => Some(key),
        _ => None,
    }
}
