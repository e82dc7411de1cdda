//! What operators, indices and slices do.

use super::value::{Heap, Problem, Value};

/// An operation with two values; `and` and `or` are not among them.
pub(super) fn binary(
    heap: &mut Heap,
    operation: &str,
    left: &Value,
    right: &Value,
) -> Result<Value, Problem> {
    match (operation, left, right) {
        ("==", ..) => Ok(Value::Bool(heap.equal(left, right))),
        ("!=", ..) => Ok(Value::Bool(!heap.equal(left, right))),
        ("in", ..) => contains(heap, right, left).map(Value::Bool),
        ("not in", ..) => contains(heap, right, left).map(|found| Value::Bool(!found)),
        (_, Value::Int(left), Value::Int(right)) => numbers(operation, *left, *right),
        ("+", Value::Text(left), Value::Text(right)) => heap.text(&format!("{left}{right}")),
        ("+", Value::List(left), Value::List(right)) => {
            let items = [heap.held(*left), heap.held(*right)].concat();
            heap.list(items)
        }
        ("+", Value::Tuple(left), Value::Tuple(right)) => {
            let items = [heap.held(*left), heap.held(*right)].concat();
            heap.tuple(items)
        }
        ("*", Value::Int(count), other) | ("*", other, Value::Int(count)) => {
            repeated(heap, other, *count)
        }
        ("%", Value::Text(text), _) => percent(heap, text, right),
        ("<" | ">" | "<=" | ">=", Value::Text(left), Value::Text(right)) => {
            Ok(Value::Bool(ordered(operation, left, right)))
        }
        _ => Err(format!(
            "`{operation}` does not go with {} and {}",
            left.kind(),
            right.kind()
        )),
    }
}

fn ordered<T: Ord + ?Sized>(operation: &str, left: &T, right: &T) -> bool {
    match operation {
        "<" => left < right,
        ">" => left > right,
        "<=" => left <= right,
        _ => left >= right,
    }
}

fn numbers(operation: &str, left: i64, right: i64) -> Result<Value, Problem> {
    // Rounded down, as the sign of the divisor says.
    let floor = |left: i64, right: i64| {
        let quotient = left.checked_div(right)?;
        let is_below = left % right != 0 && (left < 0) != (right < 0);
        Some(quotient - i64::from(is_below))
    };
    let number = match operation {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "//" => floor(left, right),
        "%" => floor(left, right).map(|quotient| left - quotient * right),
        _ => return Ok(Value::Bool(ordered(operation, &left, &right))),
    };
    number
        .map(Value::Int)
        .ok_or_else(|| format!("{left} {operation} {right} is no number that can be used here"))
}

fn repeated(heap: &mut Heap, value: &Value, count: i64) -> Result<Value, Problem> {
    let count = usize::try_from(count).unwrap_or(0);
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(place) | Value::Tuple(place) => heap.held(*place).len(),
        other => return Err(format!("{} cannot be repeated", other.kind())),
    };
    // Before anything is made: the product may be larger than the memory.
    heap.pay(length.max(1).saturating_mul(count))?;
    match value {
        Value::Text(text) => heap.text(&text.repeat(count)),
        Value::List(place) => {
            let items = vec![heap.held(*place); count].concat();
            heap.list(items)
        }
        Value::Tuple(place) => {
            let items = vec![heap.held(*place); count].concat();
            heap.tuple(items)
        }
        _ => Ok(Value::None),
    }
}

/// `text % values`, with `%s`, `%d` and `%%`.
fn percent(heap: &mut Heap, text: &str, values: &Value) -> Result<Value, Problem> {
    let values = match values {
        Value::Tuple(place) => heap.held(*place).to_vec(),
        other => vec![other.clone()],
    };
    let mut values = values.into_iter();
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        made.push_str(before);
        let mut left = after.chars();
        match left.next() {
            Some('%') => made.push('%'),
            Some('s' | 'd') => {
                let value = values.next().ok_or("there are too few values for `%`")?;
                made.push_str(&shown(&value)?);
            }
            _ => return Err("only `%s`, `%d` and `%%` are known".to_owned()),
        }
        rest = left.as_str();
    }
    made.push_str(rest);
    if values.next().is_some() {
        return Err("there are too many values for `%`".to_owned());
    }
    heap.text(&made)
}

fn contains(heap: &Heap, all: &Value, one: &Value) -> Result<bool, Problem> {
    match (all, one) {
        (Value::Text(all), Value::Text(one)) => Ok(all.contains(&**one)),
        (Value::Text(_), other) => Err(format!("{} is in no string", other.kind())),
        _ => {
            let items = heap
                .items(all)
                .ok_or_else(|| format!("{} has no items", all.kind()))?;
            Ok(items.iter().any(|item| heap.equal(item, one)))
        }
    }
}

/// `of[key]`.
pub(super) fn item(heap: &mut Heap, of: &Value, key: &Value) -> Result<Value, Problem> {
    match (of, key) {
        (Value::Dict(place), key) => heap
            .at_key(*place, key)
            .ok_or_else(|| format!("there is no key `{}`", shown(key).unwrap_or_default())),
        (Value::List(place) | Value::Tuple(place), Value::Int(number)) => {
            let items = heap.held(*place);
            let found = position(*number, items.len()).and_then(|at| items.get(at));
            found
                .cloned()
                .ok_or_else(|| format!("there is no item {number}"))
        }
        (Value::Text(text), Value::Int(number)) => {
            let letters: Vec<char> = text.chars().collect();
            let found = position(*number, letters.len()).and_then(|at| letters.get(at));
            let found = found.ok_or_else(|| format!("there is no letter {number}"))?;
            heap.pay(letters.len())?;
            Ok(Value::text(found.to_string()))
        }
        _ => Err(format!("{} has no item by {}", of.kind(), key.kind())),
    }
}

/// `of[key] = value`.
pub(super) fn set_item(
    heap: &mut Heap,
    of: &Value,
    key: Value,
    value: Value,
) -> Result<(), Problem> {
    match (of, &key) {
        (Value::Dict(place), _) => heap.set_key(*place, key, value),
        (Value::List(place), Value::Int(number)) => {
            let number = *number;
            let items = heap.change(*place)?;
            let found = position(number, items.len()).and_then(|at| items.get_mut(at));
            let item = found.ok_or_else(|| format!("there is no item {number}"))?;
            *item = value;
            Ok(())
        }
        _ => Err(format!("nothing can be put into {}", of.kind())),
    }
}

/// An index from the start or, where it is negative, from the end.
fn position(number: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if number < 0 { number + length } else { number }).ok()
}

/// `of[start:end]`.
pub(super) fn slice(
    heap: &mut Heap,
    of: &Value,
    start: Option<&Value>,
    end: Option<&Value>,
) -> Result<Value, Problem> {
    let bound = |value: Option<&Value>, otherwise: usize, length: usize| match value {
        None | Some(Value::None) => Ok(otherwise),
        Some(Value::Int(number)) => Ok(position(*number, length).map_or(0, |at| at.min(length))),
        Some(other) => Err(format!("{} is no index", other.kind())),
    };
    let range = |length: usize| -> Result<_, Problem> {
        let start = bound(start, 0, length)?;
        Ok(start..bound(end, length, length)?.max(start))
    };
    match of {
        Value::Text(text) => {
            let letters: Vec<char> = text.chars().collect();
            let part: String = letters[range(letters.len())?].iter().collect();
            heap.text(&part)
        }
        Value::List(place) => {
            let items = heap.held(*place);
            let part = items[range(items.len())?].to_vec();
            heap.list(part)
        }
        Value::Tuple(place) => {
            let items = heap.held(*place);
            let part = items[range(items.len())?].to_vec();
            heap.tuple(part)
        }
        other => Err(format!("{} has no parts", other.kind())),
    }
}

/// A value as `str` shows it; not one that holds others.
pub(super) fn shown(value: &Value) -> Result<String, Problem> {
    Ok(match value {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.to_string(),
        other => return Err(format!("{} cannot be put into a string", other.kind())),
    })
}
