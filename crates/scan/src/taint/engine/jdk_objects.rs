//! What Java's own classes in the heap do: builders of text, cookies, lists and
//! maps, by the names that Java has for their methods.

use crate::taint::ir::Const;

use super::call::Args;
use super::interp::Interp;
use super::jdk::number;
use super::state::State;
use super::value::{Object, ObjectId, Shape, Value};

impl<'a> Interp<'a> {
    /// Text that something makes, builders of text among it.
    pub(super) fn built(&mut self, value: &Value<'a>, state: &State<'a>) -> Value<'a> {
        if let Shape::Object(id) = value.shape
            && let Some(Object::Instance { fields, .. }) = state.heap.get(id)
            && let Some((_, text)) = fields.iter().find(|(name, _)| &**name == "buffer")
        {
            return text.clone();
        }
        self.as_text(value, state)
    }

    /// Methods of what is in the heap, by the names that Java has for them.
    pub(super) fn call_jdk_object(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        self.profile.types?;
        match state.heap.get(id)? {
            Object::List { .. } => self.call_jdk_list(receiver, id, method, args, state),
            Object::Map { .. } => self.call_jdk_map(receiver, id, method, args, state),
            Object::Instance {
                path: Some(path),
                class: None,
                ..
            } => match &**path {
                "StringBuilder" => self.call_builder(receiver, id, method, args, state),
                "Cookie" => self.call_cookie(receiver, id, method, args, state),
                _ => None,
            },
            Object::Instance { .. } => None,
        }
    }

    fn call_builder(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let before = self.built(receiver, state);
        let last = args.positional.last();
        Some(match method {
            "append" | "write" => {
                let more = self.built(args.positional.first()?, state);
                let after = self.add(&before, &more, state);
                self.put_field(id, "buffer", after, state);
                receiver.clone()
            }
            "insert" => {
                let more = self.built(last?, state);
                let after = self.add(&more, &before, state);
                self.put_field(id, "buffer", after, state);
                receiver.clone()
            }
            "replace" => {
                let more = self.built(last?, state);
                let taints = before.taints.join(&more.taints);
                self.put_field(id, "buffer", Value::tainted(taints), state);
                receiver.clone()
            }
            "reverse" | "deleteCharAt" | "delete" | "setCharAt" | "setLength" => {
                let cleared = method == "setLength"
                    && args.positional.first().and_then(Value::as_int) == Some(0);
                let after = match before.as_str() {
                    _ if cleared => Value::str(""),
                    Some(text) if method == "reverse" => {
                        Value::str(&text.chars().rev().collect::<String>())
                    }
                    _ => Value::tainted(before.taints.clone()),
                };
                self.put_field(id, "buffer", after, state);
                receiver.clone()
            }
            "toString" => before,
            _ => self
                .call_string(&before, method, args, state)
                .unwrap_or_else(|| Value::tainted(before.taints.clone())),
        })
    }

    fn call_cookie(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        match method {
            "setSecure" => self.put_field(id, "secure", first?.clone(), state),
            "setHttpOnly" => self.put_field(id, "httponly", first?.clone(), state),
            "setMaxAge" => self.put_field(id, "age", first?.clone(), state),
            "getValue" | "getName" => {
                return Some(Value::tainted(state.heap.taints(receiver)));
            }
            _ => {}
        }
        Some(Value::unknown())
    }

    fn call_jdk_list(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        let known = match state.heap.get(id) {
            Some(Object::List { items, rest: None }) => Some(items.len()),
            _ => None,
        };
        Some(match method {
            "get" | "elementAt" => match first.map(|at| &at.shape) {
                Some(Shape::Const(at)) => self.element(receiver, Some(at), state),
                _ => self.item_of(receiver, state),
            },
            "getFirst" | "peek" | "element" | "firstElement" => {
                self.element(receiver, Some(&Const::Int(0)), state)
            }
            "getLast" | "lastElement" => self.element(receiver, Some(&Const::Int(-1)), state),
            "add" | "addLast" | "offer" | "push" | "addElement" if args.positional.len() == 1 => {
                return self.call_as(receiver, "append", args, state);
            }
            "add" => return self.call_as(receiver, "insert", args, state),
            "addAll" => return self.call_as(receiver, "extend", args, state),
            "set" => {
                let (at, value) = (first?.clone(), args.positional.get(1)?.clone());
                match (
                    at.as_int().and_then(|at| usize::try_from(at).ok()),
                    state.heap.get_mut(id),
                ) {
                    (Some(at), Some(Object::List { items, .. })) if at < items.len() => {
                        items[at] = value;
                    }
                    _ => self.spill_value(id, &value, state),
                }
                Value::unknown()
            }
            "remove" => match first.and_then(Value::as_int) {
                Some(_) => return self.call_as(receiver, "pop", args, state),
                // By its value: which one that is may not be known.
                None => self.without(receiver, id, first, state),
            },
            "removeFirst" | "poll" => return self.call_as(receiver, "shift", args, state),
            "pop" | "removeLast" => {
                return self.call_as(receiver, "pop", &Args::default(), state);
            }
            "size" => known.map_or_else(Value::number, number),
            "isEmpty" => known.map_or_else(Value::number, |count| Value::bool(count == 0)),
            "contains" | "hasNext" | "hasMoreElements" | "lastIndexOf" => Value::number(),
            "next" | "nextElement" => self.item_of(receiver, state),
            "toArray" | "iterator" | "listIterator" | "elements" | "stream" | "toList"
            | "asList" | "collect" => receiver.clone(),
            "toString" => Value::tainted(state.heap.taints(receiver)),
            _ => return None,
        })
    }

    /// A list without one of its items.
    fn without(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        item: Option<&Value<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let all = self.item_of(receiver, state);
        if let Some(Object::List { items, rest }) = state.heap.get_mut(id) {
            let place = item
                .and_then(Value::as_str)
                .and_then(|text| items.iter().position(|each| each.as_str() == Some(text)));
            if let Some(place) = place {
                items.remove(place);
            } else {
                items.clear();
                *rest = Some(all);
            }
        }
        Value::number()
    }

    fn call_as(
        &mut self,
        receiver: &Value<'a>,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let Shape::Object(id) = receiver.shape else {
            return None;
        };
        self.call_list(receiver, id, method, args, state)
    }

    fn call_jdk_map(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let name = match method {
            "put" | "setProperty" | "replace" => "set",
            "getOrDefault" | "getProperty" | "remove" | "get" => "get",
            "putIfAbsent" | "computeIfAbsent" => "setdefault",
            "putAll" => "update",
            "entrySet" => "entries",
            "keySet" => "keys",
            "containsKey" | "containsValue" | "size" | "isEmpty" => return Some(Value::number()),
            "toString" => return Some(Value::tainted(state.heap.taints(receiver))),
            _ => return None,
        };
        let Shape::Object(_) = receiver.shape else {
            return None;
        };
        let value = self.call_map(receiver, id, name, args, state);
        if method == "remove"
            && let (Some(Shape::Const(key)), Some(Object::Map { entries, .. })) = (
                args.positional.first().map(|key| &key.shape),
                state.heap.get_mut(id),
            )
        {
            entries.retain(|(each, _)| each != key);
        }
        value
    }
}
