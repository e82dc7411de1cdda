//! What Java's own classes do with the data in them: text, formats, and what
//! is made of others. `jdk_objects` knows what is in the heap.

use crate::taint::ir::{Call, Const, ExprKind};
use crate::taint::kind::{Kind, Kinds};

use super::call::{Args, Outside};
use super::fold::is_textual;
use super::interp::Interp;
use super::state::State;
use super::value::{Object, Piece, Shape, Value};

impl<'a> Interp<'a> {
    /// A method or constructor of Java's own classes.
    pub(super) fn call_jdk(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        call: &'a Call,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        self.profile.types?;
        if let Some(path) = outside.path.as_deref() {
            if call.construct
                && let Some(made) = self.construct_jdk(path, args, state)
            {
                return Some(made);
            }
            if let Some(value) = self.call_static(path, args, state) {
                return Some(value);
            }
        }
        let receiver = outside.receiver.as_ref()?;
        self.fill_buffer(receiver, outside.method, call, state);
        match receiver.shape {
            Shape::Const(_) | Shape::Text(_) | Shape::Unknown => {}
            Shape::Path(_) if !receiver.taints.is_empty() => {}
            _ => return None,
        }
        self.call_string(receiver, outside.method, args, state)
    }

    fn construct_jdk(
        &mut self,
        class: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        Some(match class {
            "String" => match first {
                Some(value) => self.as_text(value, state),
                None => Value::str(""),
            },
            "StringBuilder" | "StringBuffer" | "StringWriter" => {
                let begins = match first {
                    Some(value) if !value.is_number() => self.built(value, state),
                    _ => Value::str(""),
                };
                let object = Object::Instance {
                    class: None,
                    path: Some("StringBuilder".into()),
                    fields: vec![("buffer".into(), begins)],
                };
                self.alloc(object, state)
            }
            "ArrayList"
            | "LinkedList"
            | "Vector"
            | "HashSet"
            | "LinkedHashSet"
            | "TreeSet"
            | "Stack"
            | "ArrayDeque"
            | "CopyOnWriteArrayList" => self.copied_list(first, state),
            "HashMap" | "LinkedHashMap" | "TreeMap" | "Hashtable" | "ConcurrentHashMap" => {
                self.copied_map(first, state)
            }
            // An address whose host is fixed leads nowhere else.
            "URL" | "URI" => {
                let address = first?;
                let fixed = match &address.shape {
                    Shape::Text(pieces) => match pieces.first() {
                        Some(Piece::Text(text)) => super::sink::fixes_host(text),
                        _ => false,
                    },
                    _ => false,
                };
                let mut taints = args.taints(state);
                if fixed {
                    taints = taints.safer(Kinds::of(&[Kind::Ssrf, Kind::Redirect]));
                }
                Value {
                    shape: Shape::Path(format!("{class}()").into()),
                    taints,
                }
            }
            "Cookie" => {
                let fields = vec![("value".into(), Value::tainted(args.taints(state)))];
                let object = Object::Instance {
                    class: None,
                    path: Some("Cookie".into()),
                    fields,
                };
                self.alloc(object, state)
            }
            _ => return None,
        })
    }

    fn copied_list(&mut self, of: Option<&Value<'a>>, state: &mut State<'a>) -> Value<'a> {
        let object = match of.map(|value| (&value.shape, value)) {
            Some((Shape::Object(id), _))
                if matches!(state.heap.get(*id), Some(Object::List { .. })) =>
            {
                state.heap.get(*id).cloned()
            }
            Some((_, value)) if !value.is_number() => {
                let taints = state.heap.taints(value);
                Some(Object::List {
                    items: Vec::new(),
                    rest: Some(Value::tainted(taints)),
                })
            }
            _ => None,
        };
        let empty = Object::List {
            items: Vec::new(),
            rest: None,
        };
        self.alloc(object.unwrap_or(empty), state)
    }

    fn copied_map(&mut self, of: Option<&Value<'a>>, state: &mut State<'a>) -> Value<'a> {
        let mut rest = None;
        if let Some(value) = of.filter(|value| !value.is_number()) {
            if let Shape::Object(id) = value.shape
                && let Some(known @ Object::Map { .. }) = state.heap.get(id).cloned()
            {
                return self.alloc(known, state);
            }
            rest = Some(Value::tainted(state.heap.taints(value)));
        }
        let entries = Vec::new();
        self.alloc(Object::Map { entries, rest }, state)
    }

    fn call_static(
        &mut self,
        path: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        Some(match path {
            "String.valueOf"
            | "String.copyValueOf"
            | "Objects.toString"
            | "Objects.requireNonNull"
            | "Objects.requireNonNullElse"
            | "Optional.of"
            | "Optional.ofNullable" => {
                let value = first?;
                match value.shape {
                    Shape::Object(_) if path.starts_with("String") => self.built(value, state),
                    _ => value.clone(),
                }
            }
            "String.format" | "MessageFormat.format" => self.java_format(args, state),
            "String.join" => {
                let separator = first?.clone();
                let items = match args.positional.get(1) {
                    Some(one) if args.positional.len() == 2 => one.clone(),
                    _ => {
                        let items = args.positional.iter().skip(1).cloned().collect();
                        self.alloc(Object::List { items, rest: None }, state)
                    }
                };
                let turned = Args {
                    positional: vec![items],
                    ..Args::default()
                };
                self.call_text(&separator, "join", &turned, state)?
            }
            "Arrays.asList" | "List.of" | "Set.of" | "Stream.of" | "Collections.singletonList" => {
                match first {
                    Some(only)
                        if args.positional.len() == 1 && matches!(only.shape, Shape::Object(_)) =>
                    {
                        only.clone()
                    }
                    _ => {
                        let items = args.positional.clone();
                        self.alloc(Object::List { items, rest: None }, state)
                    }
                }
            }
            "Map.of" => {
                let mut entries = Vec::new();
                let mut rest = None;
                for pair in args.positional.chunks(2) {
                    match pair {
                        [
                            Value {
                                shape: Shape::Const(key),
                                ..
                            },
                            value,
                        ] => entries.push((key.clone(), value.clone())),
                        _ => rest = Some(Value::tainted(args.taints(state))),
                    }
                }
                self.alloc(Object::Map { entries, rest }, state)
            }
            _ => return None,
        })
    }

    /// Methods of `String`.
    pub(super) fn call_string(
        &mut self,
        receiver: &Value<'a>,
        method: &str,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        Some(match method {
            "substring" | "subSequence" => {
                self.slice(receiver, first, args.positional.get(1), state)
            }
            "charAt" => match first.map(|at| &at.shape) {
                Some(Shape::Const(at)) => self.element(receiver, Some(at), state),
                _ => Value::tainted(receiver.taints.clone()),
            },
            "concat" => self.add(receiver, first?, state),
            "toCharArray" | "getBytes" | "toString" | "intern" | "strip" | "stripLeading"
            | "stripTrailing" | "chars" | "clone" => receiver.clone(),
            "equals" | "contentEquals" => truth(self.same(receiver, first?)),
            "equalsIgnoreCase" => match (receiver.as_str(), first.and_then(Value::as_str)) {
                (Some(one), Some(other)) => Value::bool(one.eq_ignore_ascii_case(other)),
                _ => Value::number(),
            },
            "contains" => match (receiver.as_str(), first.and_then(Value::as_str)) {
                (Some(whole), Some(part)) => Value::bool(whole.contains(part)),
                _ => Value::number(),
            },
            "isEmpty" | "isBlank" => match receiver.as_str() {
                Some(text) => Value::bool(text.trim().is_empty()),
                None => Value::number(),
            },
            "length" => match receiver.as_str() {
                Some(text) => number(text.chars().count()),
                None => Value::number(),
            },
            "indexOf" | "lastIndexOf" => match (receiver.as_str(), first.and_then(Value::as_str)) {
                (Some(whole), Some(part)) if args.positional.len() == 1 => {
                    let at = if method == "indexOf" {
                        whole.find(part)
                    } else {
                        whole.rfind(part)
                    };
                    let before = |at: usize| number(whole[..at].chars().count());
                    at.map_or_else(|| Value::constant(Const::Int(-1)), before)
                }
                _ => Value::number(),
            },
            "matches"
            | "compareTo"
            | "compareToIgnoreCase"
            | "hashCode"
            | "codePointAt"
            | "hasMoreElements"
            | "hasNext"
            | "hasMoreTokens"
            | "isPresent" => Value::number(),
            "formatted" => {
                let mut all = Args::default();
                all.positional.push(receiver.clone());
                all.positional.extend(args.positional.iter().cloned());
                self.java_format(&all, state)
            }
            _ => return None,
        })
    }

    /// `String.format(format, values)`.
    fn java_format(&mut self, args: &Args<'a>, state: &mut State<'a>) -> Value<'a> {
        let mut positional = args.positional.iter();
        let mut format = positional.next().cloned().unwrap_or_default();
        if !is_textual(&format) && format.taints.is_empty() {
            // A locale comes before it.
            format = positional.next().cloned().unwrap_or_default();
        }
        let mut values: Vec<Value<'a>> = positional.cloned().collect();
        if let [
            Value {
                shape: Shape::Object(id),
                ..
            },
        ] = values.as_slice()
            && let Some(Object::List { items, rest: None }) = state.heap.get(*id)
        {
            values.clone_from(items);
        }
        let mut next = 0;
        let mut pieces = Vec::new();
        for piece in format.pieces() {
            let Piece::Text(text) = &piece else {
                pieces.push(piece);
                continue;
            };
            for part in format_parts(text) {
                match part {
                    Part::Text(text) => pieces.push(Piece::Text(text.into())),
                    Part::Value { at, number } => {
                        let value = at.map_or(next, |at| at.saturating_sub(1));
                        next = value + 1;
                        let value = values.get(value).cloned().unwrap_or_default();
                        if number {
                            pieces.push(Piece::Hole {
                                taints: value.taints,
                                number: true,
                            });
                        } else {
                            pieces.extend(self.as_text(&value, state).pieces());
                        }
                    }
                }
            }
        }
        if !is_textual(&format) {
            // What the format asks for is not known: anything may be in it.
            pieces.extend(
                values
                    .iter()
                    .flat_map(|value| self.as_text(value, state).pieces()),
            );
        }
        Value::text(pieces)
    }

    /// `stream.read(buffer)`: what comes is in the buffer afterwards.
    fn fill_buffer(
        &mut self,
        receiver: &Value<'a>,
        method: &str,
        call: &'a Call,
        state: &mut State<'a>,
    ) {
        if !matches!(method, "read" | "readFully" | "readNBytes") || receiver.taints.is_empty() {
            return;
        }
        let Some(ExprKind::Name(name)) = call.args.first().map(|arg| &arg.value.kind) else {
            return;
        };
        let Some(buffer) = state.vars.get(&**name).cloned() else {
            return;
        };
        if let Shape::Object(_) = buffer.shape {
            self.spill(&buffer, &receiver.taints, state);
        } else {
            let taints = buffer.taints.join(&receiver.taints);
            state.vars.insert(name, Value::tainted(taints));
        }
    }
}

fn truth<'a>(known: Option<bool>) -> Value<'a> {
    known.map_or_else(Value::number, Value::bool)
}

pub(super) fn number<'a>(count: usize) -> Value<'a> {
    Value::constant(Const::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// A part of a format.
enum Part<'t> {
    Text(&'t str),
    Value { at: Option<usize>, number: bool },
}

/// `%[place$][flags]letter` and what is between.
fn format_parts(format: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        parts.push(Part::Text(&rest[..start]));
        let after = &rest[start + 1..];
        let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '%');
        let Some(end) = end else {
            rest = "";
            break;
        };
        let letter = after.as_bytes()[end];
        match letter {
            b'%' => parts.push(Part::Text("%")),
            b'n' => parts.push(Part::Text("\n")),
            _ => parts.push(Part::Value {
                at: after[..end]
                    .split_once('$')
                    .and_then(|(place, _)| place.parse().ok()),
                number: matches!(letter, b'd' | b'f' | b'x' | b'X' | b'e' | b'o' | b'b'),
            }),
        }
        rest = &after[end + 1..];
    }
    parts.push(Part::Text(rest));
    parts
}
