//! The functions of the language itself.

use super::operations::shown;
use super::value::{Heap, Problem, Value};

/// Their names.
pub(super) const NAMES: &[&str] = &[
    "bool",
    "dict",
    "enumerate",
    "fail",
    "len",
    "list",
    "range",
    "reversed",
    "sorted",
    "str",
    "tuple",
    "zip",
];

/// Calls one.
pub(super) fn call(
    heap: &mut Heap,
    name: &str,
    positional: &[Value],
    named: &[(String, Value)],
) -> Result<Value, Problem> {
    if let Some((given, _)) = named.first() {
        return Err(format!("`{name}` takes no `{given}`"));
    }
    match (name, positional) {
        ("fail", values) => {
            let words: Vec<String> = values.iter().map(shown).collect::<Result<_, _>>()?;
            Err(format!("the file says: {}", words.join(" ")))
        }
        ("bool", [value]) => Ok(Value::Bool(heap.is_true(value))),
        ("str", [value]) => heap.text(&shown(value)?),
        ("len", [Value::Text(text)]) => number(text.chars().count()),
        ("len", [value]) => number(items(heap, value)?.len()),
        ("range", [Value::Int(end)]) => range(heap, 0, *end, 1),
        ("range", [Value::Int(start), Value::Int(end)]) => range(heap, *start, *end, 1),
        ("range", [Value::Int(start), Value::Int(end), Value::Int(step)]) => {
            range(heap, *start, *end, *step)
        }
        ("list", []) => heap.list(Vec::new()),
        ("tuple", []) => heap.tuple(Vec::new()),
        ("dict", []) => heap.dict(Vec::new()),
        ("list", [value]) => {
            let items = items(heap, value)?;
            heap.list(items)
        }
        ("tuple", [value]) => {
            let items = items(heap, value)?;
            heap.tuple(items)
        }
        ("reversed", [value]) => {
            let mut items = items(heap, value)?;
            items.reverse();
            heap.list(items)
        }
        ("sorted", [value]) => {
            let items = sorted(items(heap, value)?)?;
            heap.list(items)
        }
        ("enumerate", [value]) => {
            let items = items(heap, value)?;
            let pairs = items
                .into_iter()
                .enumerate()
                .map(|(at, item)| number(at).and_then(|at| heap.tuple(vec![at, item])))
                .collect::<Result<_, _>>()?;
            heap.list(pairs)
        }
        ("zip", values) => zip(heap, values),
        _ => Err(format!("`{name}` is given what it cannot take")),
    }
}

fn items(heap: &mut Heap, value: &Value) -> Result<Vec<Value>, Problem> {
    let items = heap
        .items(value)
        .ok_or_else(|| format!("{} has no items", value.kind()))?;
    heap.pay(items.len())?;
    Ok(items)
}

fn number(number: usize) -> Result<Value, Problem> {
    i64::try_from(number)
        .map(Value::Int)
        .map_err(|_| "this is too large".to_owned())
}

fn range(heap: &mut Heap, start: i64, end: i64, step: i64) -> Result<Value, Problem> {
    if step == 0 {
        return Err("a range needs a step that is not 0".to_owned());
    }
    let mut items = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        heap.pay(1)?;
        items.push(Value::Int(at));
        let Some(next) = at.checked_add(step) else {
            break;
        };
        at = next;
    }
    heap.list(items)
}

/// In order, where all are strings or all are numbers.
fn sorted(mut items: Vec<Value>) -> Result<Vec<Value>, Problem> {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    let is_number = |value: &Value| matches!(value, Value::Int(_));
    if !items.iter().all(is_text) && !items.iter().all(is_number) {
        return Err("only strings, or only numbers, can be put in order".to_owned());
    }
    items.sort_by(|one, other| match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        _ => std::cmp::Ordering::Equal,
    });
    Ok(items)
}

fn zip(heap: &mut Heap, values: &[Value]) -> Result<Value, Problem> {
    let mut all = Vec::new();
    for value in values {
        all.push(items(heap, value)?);
    }
    let count = all.iter().map(Vec::len).min().unwrap_or(0);
    let mut rows = Vec::new();
    for at in 0..count {
        let row = all.iter().filter_map(|items| items.get(at).cloned());
        let row = row.collect();
        rows.push(heap.tuple(row)?);
    }
    heap.list(rows)
}
