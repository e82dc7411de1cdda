//! What can be known of constants: arithmetic, comparison, text and slices.

use crate::taint::ir::{BinaryOp, CompareOp, Const};

use super::interp::Interp;
use super::state::State;
use super::value::{Object, Piece, Shape, Taints, Value};

/// How long a text is kept as a constant.
const MAX_TEXT: usize = 16_384;

impl<'a> Interp<'a> {
    /// Whether a value counts as true.
    pub(super) fn truth(&self, value: &Value<'a>, state: &State<'a>) -> Option<bool> {
        match &value.shape {
            Shape::Const(constant) => Some(match constant {
                Const::None => false,
                Const::Bool(known) => *known,
                Const::Int(number) => *number != 0,
                Const::Float(number) => *number != 0.0,
                Const::Str(text) | Const::Bytes(text) => !text.is_empty(),
                Const::Regex(_) => true,
            }),
            Shape::Text(pieces) => pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Text(text) if !text.is_empty()))
                .then_some(true),
            Shape::Object(id) if self.profile.empty_is_false => match state.heap.get(*id)? {
                Object::List { items, rest: None } => Some(!items.is_empty()),
                Object::Map {
                    entries,
                    rest: None,
                } => Some(!entries.is_empty()),
                Object::List { items, .. } if !items.is_empty() => Some(true),
                _ => None,
            },
            Shape::Function(_) | Shape::Class(_) | Shape::Module(_) => Some(true),
            _ => None,
        }
    }

    /// `a + b`.
    pub(super) fn add(&mut self, a: &Value<'a>, b: &Value<'a>, state: &mut State<'a>) -> Value<'a> {
        match (&a.shape, &b.shape) {
            (Shape::Const(Const::Int(x)), Shape::Const(Const::Int(y))) => x
                .checked_add(*y)
                .map_or_else(Value::number, |sum| Value::constant(Const::Int(sum))),
            (Shape::Object(x), Shape::Object(y)) => self.add_lists(a, *x, b, *y, state),
            (Shape::Object(_), _) | (_, Shape::Object(_)) => {
                Value::tainted(state.heap.taints(a).join(&state.heap.taints(b)))
            }
            _ if a.is_number() && b.is_number() => Value::number(),
            _ if is_textual(a) || is_textual(b) => {
                let mut pieces = a.pieces();
                pieces.extend(b.pieces());
                bounded(Value::text(pieces))
            }
            _ => {
                let mut pieces = a.pieces();
                pieces.extend(b.pieces());
                Value::text(pieces)
            }
        }
    }

    fn add_lists(
        &mut self,
        a: &Value<'a>,
        x: super::value::ObjectId,
        b: &Value<'a>,
        y: super::value::ObjectId,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let joined = if let (
            Some(Object::List {
                items: p,
                rest: None,
            }),
            Some(Object::List { items: q, rest }),
        ) = (state.heap.get(x), state.heap.get(y))
        {
            Object::List {
                items: p.iter().chain(q).cloned().collect(),
                rest: rest.clone(),
            }
        } else {
            let taints = state.heap.taints(a).join(&state.heap.taints(b));
            Object::List {
                items: Vec::new(),
                rest: Some(Value::tainted(taints)),
            }
        };
        self.alloc(joined, state)
    }

    /// Arithmetic, and `%` and `*` of text.
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        a: &Value<'a>,
        b: &Value<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
            return arithmetic(op, x, y)
                .map_or_else(Value::number, |n| Value::constant(Const::Int(n)));
        }
        if op == BinaryOp::Mod && (is_textual(a) || (!a.is_number() && !b.is_number())) {
            return self.percent(a, b, state);
        }
        if op == BinaryOp::Div
            && self.profile.slash_joins_paths
            && !(a.is_number() || b.is_number())
        {
            // `Path(a) / b`: as text, with what is between.
            let mut pieces = a.pieces();
            pieces.push(Piece::Text("/".into()));
            pieces.extend(b.pieces());
            let text = Value::text(pieces);
            return match &a.shape {
                Shape::Path(path) => Value {
                    shape: Shape::Path(path.clone()),
                    taints: text.taints,
                },
                _ => text,
            };
        }
        if a.is_number() && b.is_number() {
            return Value::number();
        }
        Value::tainted(state.heap.taints(a).join(&state.heap.taints(b)))
    }

    /// `format % values`.
    fn percent(
        &mut self,
        format: &Value<'a>,
        values: &Value<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let args: Vec<Value<'a>> = match values.shape {
            Shape::Object(id) => match state.heap.get(id) {
                Some(Object::List { items, rest: None }) => items.clone(),
                _ => vec![Value::tainted(state.heap.taints(values))],
            },
            _ => vec![values.clone()],
        };
        let all = args.iter().fold(Taints::default(), |all, value| {
            all.join(&state.heap.taints(value))
        });
        let mut next = 0;
        let mut pieces = Vec::new();
        for piece in format.pieces() {
            let Piece::Text(text) = &piece else {
                pieces.push(piece);
                continue;
            };
            for part in percent_parts(text) {
                match part {
                    Percent::Text(text) => pieces.push(Piece::Text(text.into())),
                    Percent::Number => {
                        let taints = args.get(next).map(|value| value.taints.clone());
                        next += 1;
                        pieces.push(Piece::Hole {
                            taints: taints.unwrap_or_default(),
                            number: true,
                        });
                    }
                    Percent::Named => pieces.push(Piece::Hole {
                        taints: all.clone(),
                        number: false,
                    }),
                    Percent::Value => {
                        match args.get(next) {
                            Some(value) => pieces.extend(self.as_text(value, state).pieces()),
                            None => pieces.push(Piece::Hole {
                                taints: all.clone(),
                                number: false,
                            }),
                        }
                        next += 1;
                    }
                }
            }
        }
        if next == 0 && !is_textual(format) {
            pieces.push(Piece::Hole {
                taints: all,
                number: false,
            });
        }
        bounded(Value::text(pieces))
    }

    /// A comparison, where its outcome is known.
    pub(super) fn compare(
        &self,
        op: CompareOp,
        a: &Value<'a>,
        b: &Value<'a>,
        state: &State<'a>,
    ) -> Option<bool> {
        match op {
            CompareOp::Equal | CompareOp::Is => self.same(a, b),
            CompareOp::NotEqual | CompareOp::IsNot => self.same(a, b).map(|same| !same),
            CompareOp::In => self.contains(b, a, state),
            CompareOp::NotIn => self.contains(b, a, state).map(|is| !is),
            CompareOp::Less
            | CompareOp::LessEqual
            | CompareOp::Greater
            | CompareOp::GreaterEqual => {
                let (x, y) = (a.as_int()?, b.as_int()?);
                Some(match op {
                    CompareOp::Less => x < y,
                    CompareOp::LessEqual => x <= y,
                    CompareOp::Greater => x > y,
                    _ => x >= y,
                })
            }
        }
    }

    /// Whether two values are the same, where that is known.
    pub(super) fn same(&self, a: &Value<'a>, b: &Value<'a>) -> Option<bool> {
        match (&a.shape, &b.shape) {
            (Shape::Const(Const::Str(x)), Shape::Const(Const::Str(y))) => Some(x == y),
            (Shape::Const(Const::None), Shape::Const(y)) => Some(matches!(y, Const::None)),
            (Shape::Const(x), Shape::Const(Const::None)) => Some(matches!(x, Const::None)),
            (Shape::Const(Const::None), Shape::Text(_) | Shape::Object(_))
            | (Shape::Text(_) | Shape::Object(_), Shape::Const(Const::None)) => Some(false),
            _ => Some(a.as_int()? == b.as_int()?),
        }
    }

    /// Whether something is in a text or a list, where that is known.
    fn contains(&self, whole: &Value<'a>, part: &Value<'a>, state: &State<'a>) -> Option<bool> {
        if let (Some(whole), Some(part)) = (whole.as_str(), part.as_str()) {
            return Some(whole.contains(part));
        }
        let (Shape::Object(id), Shape::Const(part)) = (&whole.shape, &part.shape) else {
            return None;
        };
        match state.heap.get(*id)? {
            Object::Map { entries, rest } => {
                if entries.iter().any(|(key, _)| key == part) {
                    return Some(true);
                }
                (rest.is_none()).then_some(false)
            }
            Object::List { items, rest: None } => {
                let mut unknown = false;
                for item in items {
                    match &item.shape {
                        Shape::Const(item) if item == part => return Some(true),
                        Shape::Const(_) => {}
                        _ => unknown = true,
                    }
                }
                (!unknown).then_some(false)
            }
            _ => None,
        }
    }

    /// `value[start:end]`.
    pub(super) fn slice(
        &mut self,
        value: &Value<'a>,
        start: Option<&Value<'a>>,
        end: Option<&Value<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let start = start.map_or(Some(0), Value::as_int);
        let known_end = end.map(Value::as_int);
        if let (Some(text), Some(start)) = (value.as_str(), start)
            && known_end != Some(None)
        {
            return Value::str(&cut(text, start, known_end.flatten()));
        }
        if let Shape::Text(pieces) = &value.shape
            && let Some(start) = start
        {
            return slice_pieces(pieces, start, known_end.flatten());
        }
        if let Shape::Object(id) = value.shape
            && let Some(Object::List { items, rest: None }) = state.heap.get(id)
            && let (Some(start), true) = (start, known_end != Some(None))
        {
            let range = range(items.len(), start, known_end.flatten());
            let items = items[range].to_vec();
            return self.alloc(Object::List { items, rest: None }, state);
        }
        Value::tainted(state.heap.taints(value))
    }

    /// A value as text: of a list, whose data is in it.
    pub(super) fn as_text(&self, value: &Value<'a>, state: &State<'a>) -> Value<'a> {
        match value.shape {
            Shape::Object(_) => Value::tainted(state.heap.taints(value)),
            _ => value.clone(),
        }
    }
}

/// Whether it is text of which some is known.
pub(super) fn is_textual(value: &Value<'_>) -> bool {
    matches!(
        value.shape,
        Shape::Text(_) | Shape::Const(Const::Str(_) | Const::Bytes(_))
    )
}

fn bounded(value: Value<'_>) -> Value<'_> {
    match value.as_str() {
        Some(text) if text.len() > MAX_TEXT => Value::unknown(),
        _ => value,
    }
}

fn arithmetic(op: BinaryOp, x: i64, y: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        BinaryOp::Div | BinaryOp::FloorDiv => x.checked_div_euclid(y),
        BinaryOp::Mod => x.checked_rem_euclid(y),
        BinaryOp::Pow => x.checked_pow(u32::try_from(y).ok()?),
        BinaryOp::BitAnd => Some(x & y),
        BinaryOp::BitOr => Some(x | y),
        BinaryOp::BitXor => Some(x ^ y),
        BinaryOp::ShiftLeft => x.checked_shl(u32::try_from(y).ok()?),
        BinaryOp::ShiftRight => x.checked_shr(u32::try_from(y).ok()?),
    }
}

/// A part of a format for `%`.
enum Percent<'t> {
    Text(&'t str),
    Value,
    Number,
    Named,
}

fn percent_parts(format: &str) -> Vec<Percent<'_>> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        parts.push(Percent::Text(&rest[..at]));
        let after = &rest[at + 1..];
        if let Some(left) = after.strip_prefix('%') {
            parts.push(Percent::Text("%"));
            rest = left;
            continue;
        }
        let named = after.starts_with('(');
        let skip = if named {
            after.find(')').map_or(after.len(), |end| end + 1)
        } else {
            0
        };
        let flags = after[skip..]
            .find(|c: char| !matches!(c, '-' | '+' | ' ' | '#' | '.' | '*' | '0'..='9'))
            .map_or(after.len(), |at| skip + at);
        let Some(letter) = after[flags..].chars().next() else {
            rest = "";
            break;
        };
        parts.push(match letter {
            'd' | 'i' | 'u' | 'f' | 'F' | 'e' | 'g' | 'x' | 'X' | 'o' | 'c' if !named => {
                Percent::Number
            }
            'd' | 'i' | 'u' | 'f' => Percent::Text("0"),
            _ if named => Percent::Named,
            's' | 'r' | 'a' => Percent::Value,
            _ => Percent::Text("%"),
        });
        rest = &after[flags + letter.len_utf8()..];
    }
    parts.push(Percent::Text(rest));
    parts
}

/// `[start..end]` of so many, as Python counts.
fn range(len: usize, start: i64, end: Option<i64>) -> std::ops::Range<usize> {
    let place = |at: i64| -> usize {
        let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
        if at < 0 {
            len.saturating_sub(from_end)
        } else {
            from_end.min(len)
        }
    };
    let (start, end) = (place(start), end.map_or(len, place));
    start..end.max(start)
}

fn cut(text: &str, start: i64, end: Option<i64>) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars[range(chars.len(), start, end)].iter().collect()
}

/// A text without its first and last characters, as far as those are known.
fn slice_pieces<'a>(pieces: &[Piece], start: i64, end: Option<i64>) -> Value<'a> {
    let mut left: Vec<Piece> = pieces.to_vec();
    let whole = usize::try_from(start).unwrap_or(0);
    if let (Some(Piece::Text(first)), true) = (left.first(), whole > 0) {
        let count = first.chars().count();
        if let Some(end) = end.and_then(|end| usize::try_from(end).ok())
            && end <= count
        {
            return Value::str(&cut(
                first,
                start,
                Some(i64::try_from(end).unwrap_or(i64::MAX)),
            ));
        }
        let kept: String = first.chars().skip(whole).collect();
        left[0] = Piece::Text(kept.into());
    }
    if let Some(end @ ..=-1) = end
        && let Some(Piece::Text(last)) = left.last()
    {
        let drop = usize::try_from(end.unsigned_abs()).unwrap_or(usize::MAX);
        let count = last.chars().count();
        let kept: String = last.chars().take(count.saturating_sub(drop)).collect();
        if let Some(place) = left.last_mut() {
            *place = Piece::Text(kept.into());
        }
    }
    Value::text(left)
}
