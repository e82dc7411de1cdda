//! Methods of lists and dictionaries, and functions that make and read them.

use std::rc::Rc;

use crate::taint::ir::Const;

use super::call::{Args, Outside};
use super::eval::join_known;
use super::fold::is_textual;
use super::interp::Interp;
use super::state::State;
use super::text::key_of;
use super::value::{Object, ObjectId, Shape, Value};

impl<'a> Interp<'a> {
    /// A method of a list, a dictionary or something else that is modelled.
    pub(super) fn call_container(
        &mut self,
        receiver: &Value<'a>,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let Shape::Object(id) = receiver.shape else {
            return None;
        };
        if let Some(value) = self.call_jdk_object(receiver, id, method, args, state) {
            return Some(value);
        }
        match state.heap.get(id)? {
            Object::List { .. } => self.call_list(receiver, id, method, args, state),
            Object::Map { .. } => self.call_map(receiver, id, method, args, state),
            Object::Instance {
                path, class: None, ..
            } => {
                let path = path.clone()?;
                self.call_model(&path, id, method, args, state)
            }
            Object::Instance { .. } => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each method")]
    pub(super) fn call_list(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first().cloned();
        match method {
            "append" | "push" | "add" => {
                let value = first?;
                let value = match value.shape {
                    Shape::Object(inner) if inner == id => Value::unknown(),
                    _ => value,
                };
                if let Some(Object::List { items, rest }) = state.heap.get_mut(id) {
                    if rest.is_none() && items.len() < 64 {
                        items.push(value);
                    } else {
                        *rest = join_known(rest.take(), Some(value));
                    }
                }
                Some(Value::constant(Const::None))
            }
            "extend" | "update" => {
                let more = first?;
                let known = match more.shape {
                    Shape::Object(other) => match state.heap.get(other) {
                        Some(Object::List { items, rest: None }) => Some(items.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                if let (Some(more), Some(Object::List { items, rest: None })) =
                    (known, state.heap.get_mut(id))
                {
                    items.extend(more);
                } else {
                    let taints = state.heap.taints(&more);
                    self.spill(receiver, &taints, state);
                }
                Some(Value::constant(Const::None))
            }
            "insert" | "unshift" => {
                let value = args.positional.last().cloned()?;
                let at = if method == "unshift" {
                    Some(0)
                } else {
                    first.as_ref().and_then(Value::as_int)
                };
                match (
                    at.and_then(|at| usize::try_from(at).ok()),
                    state.heap.get_mut(id),
                ) {
                    (Some(at), Some(Object::List { items, .. })) => {
                        items.insert(at.min(items.len()), value);
                    }
                    _ => self.spill_value(id, &value, state),
                }
                Some(Value::constant(Const::None))
            }
            "pop" | "shift" => {
                let at = if method == "shift" {
                    Some(0)
                } else {
                    first.as_ref().map_or(Some(-1), Value::as_int)
                };
                if let (Some(at), Some(Object::List { items, rest: None })) =
                    (at, state.heap.get_mut(id))
                {
                    let place = if at < 0 {
                        items.len().checked_sub(1)
                    } else {
                        usize::try_from(at).ok()
                    };
                    return Some(match place {
                        Some(place) if place < items.len() => items.remove(place),
                        _ => Value::unknown(),
                    });
                }
                Some(self.item_of(receiver, state))
            }
            "clear" => {
                state.heap.put(
                    id,
                    Object::List {
                        items: Vec::new(),
                        rest: None,
                    },
                );
                Some(Value::constant(Const::None))
            }
            "remove" | "sort" | "reverse" => {
                let all = self.item_of(receiver, state);
                if let Some(Object::List { items, rest }) = state.heap.get_mut(id) {
                    items.clear();
                    *rest = Some(all);
                }
                Some(Value::constant(Const::None))
            }
            "copy" | "slice" | "concat" => {
                let copy = state.heap.get(id)?.clone();
                Some(self.alloc(copy, state))
            }
            "index" | "count" | "indexOf" => Some(Value::number()),
            // JavaScript's: the separator is the argument.
            "join" => {
                let separator = first.unwrap_or_else(|| Value::str(","));
                let turned = Args {
                    positional: vec![receiver.clone()],
                    ..Args::default()
                };
                self.call_text(&separator, "join", &turned, state)
            }
            _ => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each method")]
    pub(super) fn call_map(
        &mut self,
        receiver: &Value<'a>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        match method {
            "get" | "pop" | "setdefault" => {
                let key = key_of(first?);
                let default = args.positional.get(1);
                let known = match (state.heap.get(id), key) {
                    (Some(Object::Map { entries, .. }), Some(key)) => {
                        entries.iter().any(|(each, _)| each == key)
                    }
                    _ => false,
                };
                let found = match key {
                    Some(_) => self.element(receiver, key, state),
                    None => self.value_of_map(id, state),
                };
                let value = match (known, default) {
                    (false, Some(default)) => found.join(default),
                    _ => found,
                };
                if method == "setdefault"
                    && !known
                    && let (Some(key), Some(default), Some(Object::Map { entries, .. })) =
                        (key, default, state.heap.get_mut(id))
                {
                    entries.push((key.clone(), default.clone()));
                }
                Some(value)
            }
            "set" => {
                let (key, value) = (first?.clone(), args.positional.get(1)?.clone());
                match (state.heap.get_mut(id), &key.shape) {
                    (Some(Object::Map { entries, .. }), Shape::Const(key)) => {
                        entries.retain(|(each, _)| each != key);
                        entries.push((key.clone(), value));
                    }
                    _ => self.spill_value(id, &value, state),
                }
                Some(Value::constant(Const::None))
            }
            "update" => {
                for (name, value) in &args.named {
                    self.set_key(id, &Const::Str((*name).into()), value.clone(), state);
                }
                let more = first
                    .map(|value| state.heap.taints(value))
                    .unwrap_or_default();
                if let Some(Shape::Object(other)) = first.map(|value| &value.shape)
                    && let Some(Object::Map {
                        entries,
                        rest: None,
                    }) = state.heap.get(*other)
                {
                    for (key, value) in entries.clone() {
                        self.set_key(id, &key, value, state);
                    }
                } else if !more.is_empty() {
                    self.spill(receiver, &more, state);
                }
                Some(Value::constant(Const::None))
            }
            "values" => {
                let item = self.value_of_map(id, state);
                Some(self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: Some(item),
                    },
                    state,
                ))
            }
            "items" | "entries" => {
                let (key, value) = (self.item_of(receiver, state), self.value_of_map(id, state));
                let pair = self.alloc(
                    Object::List {
                        items: vec![key, value],
                        rest: None,
                    },
                    state,
                );
                Some(self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: Some(pair),
                    },
                    state,
                ))
            }
            "keys" => {
                let key = self.item_of(receiver, state);
                Some(self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: Some(key),
                    },
                    state,
                ))
            }
            "copy" => {
                let copy = state.heap.get(id)?.clone();
                Some(self.alloc(copy, state))
            }
            _ => None,
        }
    }

    fn set_key(&mut self, id: ObjectId, key: &Const, value: Value<'a>, state: &mut State<'a>) {
        if let Some(Object::Map { entries, .. }) = state.heap.get_mut(id) {
            entries.retain(|(each, _)| each != key);
            entries.push((key.clone(), value));
        }
    }

    fn value_of_map(&self, id: ObjectId, state: &State<'a>) -> Value<'a> {
        match state.heap.get(id) {
            Some(Object::Map { entries, rest }) => entries
                .iter()
                .map(|(_, value)| Some(value.clone()))
                .fold(rest.clone(), join_known)
                .unwrap_or_default(),
            _ => Value::unknown(),
        }
    }

    /// Methods of what the catalogue models: buffers, and sections of settings.
    fn call_model(
        &mut self,
        path: &Rc<str>,
        id: ObjectId,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let receiver = Value::of(Shape::Object(id));
        let text = |at: usize| args.positional.get(at).and_then(Value::as_str);
        match (self.profile.model(path)?, method) {
            ("buffer", "write") => {
                let more = args.positional.first()?.clone();
                let before = self.field(&receiver, id, "buffer", state);
                let after = self.add(&before, &more, state);
                self.put_field(id, "buffer", after, state);
                Some(Value::number())
            }
            ("buffer", "getvalue" | "read" | "readline") => {
                Some(self.field(&receiver, id, "buffer", state))
            }
            ("sections", "set") => {
                let (Some(section), Some(option)) = (text(0), text(1)) else {
                    let taints = args.taints(state);
                    self.spill(&receiver, &taints, state);
                    return Some(Value::unknown());
                };
                let name = format!("{section}\n{option}");
                let value = args.positional.get(2)?.clone();
                self.put_field(id, &name, value, state);
                Some(Value::constant(Const::None))
            }
            ("sections", "get" | "getint" | "getboolean") => {
                let (Some(section), Some(option)) = (text(0), text(1)) else {
                    return Some(Value::tainted(state.heap.taints(&receiver)));
                };
                let name = format!("{section}\n{option}");
                match state.heap.get(id)? {
                    Object::Instance { fields, .. } => {
                        let found = fields.iter().find(|(each, _)| **each == *name);
                        Some(found.map(|(_, value)| value.clone()).unwrap_or_default())
                    }
                    _ => None,
                }
            }
            ("parser", "setFeature" | "setProperty") => {
                let feature = args
                    .positional
                    .first()
                    .and_then(Value::as_path)
                    .map(|path| path.rsplit('.').next().unwrap_or(path).to_owned());
                let feature = feature.or_else(|| text(0).map(str::to_owned))?;
                let value = args.positional.get(1)?.clone();
                self.put_field(id, &feature, value, state);
                Some(Value::constant(Const::None))
            }
            _ => None,
        }
    }

    pub(super) fn put_field(
        &mut self,
        id: ObjectId,
        name: &str,
        value: Value<'a>,
        state: &mut State<'a>,
    ) {
        if let Some(Object::Instance { fields, .. }) = state.heap.get_mut(id) {
            match fields.iter_mut().find(|(each, _)| **each == *name) {
                Some((_, place)) => *place = value,
                None => fields.push((name.into(), value)),
            }
        }
    }

    /// Functions that every program has.
    #[expect(clippy::too_many_lines, reason = "one arm for each method")]
    pub(super) fn call_builtin(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let path = outside.path.as_deref()?;
        let first = args.positional.first();
        if self.profile.model(path).is_some() {
            let fields = args
                .named
                .iter()
                .map(|(name, value)| (Rc::from(*name), value.clone()))
                .chain(first.map(|value| ("buffer".into(), value.clone())))
                .collect();
            let object = Object::Instance {
                class: None,
                path: Some(path.into()),
                fields,
            };
            return Some(self.alloc(object, state));
        }
        Some(match self.profile.builtin(path)? {
            "text" => self.as_text(first?, state),
            "first" => first?.clone(),
            "list" => match first {
                None => self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: None,
                    },
                    state,
                ),
                Some(value) => match value.shape {
                    Shape::Object(id)
                        if matches!(state.heap.get(id), Some(Object::List { .. })) =>
                    {
                        let copy = state.heap.get(id)?.clone();
                        self.alloc(copy, state)
                    }
                    _ => {
                        let item = self.item_of(value, state);
                        self.alloc(
                            Object::List {
                                items: Vec::new(),
                                rest: Some(item),
                            },
                            state,
                        )
                    }
                },
            },
            "dict" => {
                let mut entries: Vec<(Const, Value<'a>)> = Vec::new();
                let mut rest = args.spread.clone();
                if let Some(value) = first {
                    match value.shape {
                        Shape::Object(id) => match state.heap.get(id) {
                            Some(Object::Map {
                                entries: known,
                                rest: more,
                            }) => {
                                entries.clone_from(known);
                                rest = join_known(rest, more.clone());
                            }
                            _ => rest = Some(Value::tainted(state.heap.taints(value))),
                        },
                        _ => rest = Some(Value::tainted(value.taints.clone())),
                    }
                }
                entries.extend(
                    args.named
                        .iter()
                        .map(|(name, value)| (Const::Str((*name).into()), value.clone())),
                );
                self.alloc(Object::Map { entries, rest }, state)
            }
            "length" => match first.map(|value| &value.shape) {
                Some(Shape::Const(Const::Str(text))) => {
                    Value::constant(Const::Int(i64::try_from(text.chars().count()).unwrap_or(0)))
                }
                Some(Shape::Object(id)) => match state.heap.get(*id) {
                    Some(Object::List { items, rest: None }) => {
                        Value::constant(Const::Int(i64::try_from(items.len()).unwrap_or(0)))
                    }
                    _ => Value::number(),
                },
                _ => Value::number(),
            },
            "pairs" => {
                let item = self.item_of(first?, state);
                let pair = self.alloc(
                    Object::List {
                        items: vec![Value::number(), item],
                        rest: None,
                    },
                    state,
                );
                self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: Some(pair),
                    },
                    state,
                )
            }
            "type-test" => match first {
                Some(value)
                    if is_textual(value)
                        && args.positional.get(1).and_then(Value::as_path) == Some("str") =>
                {
                    Value::bool(true)
                }
                _ => Value::number(),
            },
            "joined" => Value::tainted(args.taints(state)),
            "path-join" => self.join_path(args, state),
            "attribute" => match (first, args.positional.get(1).and_then(Value::as_str)) {
                (Some(object), Some(name)) => self.attribute_named(object, name, state),
                (Some(object), None) => Value::tainted(state.heap.taints(object)),
                _ => Value::unknown(),
            },
            _ => return None,
        })
    }

    /// `getattr(object, "name")`: only where it is a plain path or tainted.
    fn attribute_named(&mut self, object: &Value<'a>, name: &str, state: &State<'a>) -> Value<'a> {
        match &object.shape {
            Shape::Path(path) => Value {
                shape: Shape::Path(super::eval::longer(path, name, "")),
                taints: object.taints.clone(),
            },
            _ => Value::tainted(state.heap.taints(object)),
        }
    }

    /// `os.path.join(a, b)`: text with what is between.
    fn join_path(&mut self, args: &Args<'a>, state: &mut State<'a>) -> Value<'a> {
        let mut pieces = Vec::new();
        for (at, part) in args.positional.iter().chain(&args.spread).enumerate() {
            if at > 0 {
                pieces.push(super::value::Piece::Text("/".into()));
            }
            pieces.extend(self.as_text(part, state).pieces());
        }
        let joined = Value::text(pieces);
        // Node's takes `..` out, as far as there is something before it.
        if self.is_script() {
            let from_root = args.positional.first().and_then(Value::as_str) == Some("/");
            let root = crate::taint::kind::Kinds::of(&[crate::taint::kind::Kind::Path]);
            let normal = joined.safer(crate::taint::kind::Kinds::NORMALIZED);
            return if from_root {
                normal.safer(root)
            } else {
                normal
            };
        }
        joined
    }
}
