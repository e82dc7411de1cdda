//! The methods of strings, lists and dictionaries.

use super::operations::shown;
use super::value::{Heap, Problem, Value};

/// Calls one.
pub(super) fn call(
    heap: &mut Heap,
    receiver: &Value,
    name: &str,
    positional: &[Value],
    named: &[(String, Value)],
) -> Result<Value, Problem> {
    if let (Value::Text(text), "format") = (receiver, name) {
        return format(heap, text, positional, named);
    }
    if let Some((given, _)) = named.first() {
        return Err(format!("`.{name}` takes no `{given}`"));
    }
    let found = match receiver {
        Value::Text(text) => of_text(heap, text, name, positional)?,
        Value::List(place) => of_list(heap, *place, name, positional)?,
        Value::Dict(place) => of_dict(heap, *place, name, positional)?,
        _ => None,
    };
    found.ok_or_else(|| format!("{} has no `.{name}` that takes this", receiver.kind()))
}

fn of_text(
    heap: &mut Heap,
    text: &str,
    name: &str,
    positional: &[Value],
) -> Result<Option<Value>, Problem> {
    heap.pay(text.len())?;
    let made = match (name, positional) {
        ("lower", []) => text.to_lowercase(),
        ("upper", []) => text.to_uppercase(),
        ("strip", []) => text.trim().to_owned(),
        ("lstrip", []) => text.trim_start().to_owned(),
        ("rstrip", []) => text.trim_end().to_owned(),
        ("removeprefix", [Value::Text(part)]) => {
            text.strip_prefix(&**part).unwrap_or(text).to_owned()
        }
        ("removesuffix", [Value::Text(part)]) => {
            text.strip_suffix(&**part).unwrap_or(text).to_owned()
        }
        ("replace", [Value::Text(part), Value::Text(by)]) => {
            let count = text.matches(&**part).count();
            heap.pay(count.saturating_mul(by.len()))?;
            text.replace(&**part, by)
        }
        ("startswith", [Value::Text(part)]) => {
            return Ok(Some(Value::Bool(text.starts_with(&**part))));
        }
        ("endswith", [Value::Text(part)]) => {
            return Ok(Some(Value::Bool(text.ends_with(&**part))));
        }
        ("join", [parts]) => join(heap, text, parts)?,
        ("split", []) => return list(heap, text.split_whitespace()).map(Some),
        ("split", [Value::Text(by)]) if !by.is_empty() => {
            return list(heap, text.split(&**by)).map(Some);
        }
        ("splitlines", []) => return list(heap, text.lines()).map(Some),
        _ => return Ok(None),
    };
    heap.text(&made).map(Some)
}

fn list<'t>(heap: &mut Heap, parts: impl Iterator<Item = &'t str>) -> Result<Value, Problem> {
    heap.list(parts.map(Value::text).collect())
}

fn join(heap: &mut Heap, between: &str, parts: &Value) -> Result<String, Problem> {
    let items = heap
        .items(parts)
        .ok_or_else(|| format!("{} cannot be joined", parts.kind()))?;
    let mut made = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Text(text) = item else {
            return Err(format!("{} cannot be joined to a string", item.kind()));
        };
        heap.pay(text.len() + between.len())?;
        made.push_str(if at == 0 { "" } else { between });
        made.push_str(text);
    }
    Ok(made)
}

/// `"{} {0} {name}".format(…)`.
fn format(
    heap: &mut Heap,
    text: &str,
    positional: &[Value],
    named: &[(String, Value)],
) -> Result<Value, Problem> {
    let mut made = String::new();
    let mut rest = text;
    let mut next = 0;
    while let Some(at) = rest.find(['{', '}']) {
        made.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(doubled) = after.strip_prefix(brace) {
            made.push_str(brace);
            rest = doubled;
            continue;
        }
        let (name, after) = after
            .split_once('}')
            .filter(|_| brace == "{")
            .ok_or("a brace in a format has no other half")?;
        let value = if name.is_empty() {
            next += 1;
            positional.get(next - 1)
        } else if let Ok(at) = name.parse::<usize>() {
            positional.get(at)
        } else {
            let found = named.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value)
        };
        let value = value.ok_or_else(|| format!("there is no value for `{{{name}}}`"))?;
        let shown = shown(value)?;
        heap.pay(shown.len())?;
        made.push_str(&shown);
        rest = after;
    }
    made.push_str(rest);
    heap.text(&made)
}

fn of_list(
    heap: &mut Heap,
    place: usize,
    name: &str,
    positional: &[Value],
) -> Result<Option<Value>, Problem> {
    match (name, positional) {
        ("append", [value]) => {
            heap.pay(1)?;
            heap.change(place)?.push(value.clone());
        }
        ("extend", [values]) => {
            let mut items = heap
                .items(values)
                .ok_or_else(|| format!("{} has no items", values.kind()))?;
            heap.pay(items.len())?;
            heap.change(place)?.append(&mut items);
        }
        _ => return Ok(None),
    }
    Ok(Some(Value::None))
}

fn of_dict(
    heap: &mut Heap,
    place: usize,
    name: &str,
    positional: &[Value],
) -> Result<Option<Value>, Problem> {
    let held = heap.held(place).to_vec();
    heap.pay(held.len())?;
    let made = match (name, positional) {
        ("keys", []) => held.into_iter().step_by(2).collect(),
        ("values", []) => held.into_iter().skip(1).step_by(2).collect(),
        ("items", []) => {
            let mut pairs = Vec::new();
            for pair in held.chunks_exact(2) {
                pairs.push(heap.tuple(pair.to_vec())?);
            }
            pairs
        }
        ("get", [key]) => return Ok(Some(heap.at_key(place, key).unwrap_or(Value::None))),
        ("get", [key, otherwise]) => {
            let found = heap.at_key(place, key);
            return Ok(Some(found.unwrap_or_else(|| otherwise.clone())));
        }
        _ => return Ok(None),
    };
    heap.list(made).map(Some)
}
