//! What is known of a value: its shape, and whose data is in it.

use std::rc::Rc;

use crate::taint::ir::{Class, Const, Function};
use crate::taint::kind::Kinds;

/// How much of a value's text is kept in pieces.
const MAX_PIECES: usize = 24;
/// How long the text of expressions gets of which it is not known which it is.
const MAX_EXPRESSIONS: usize = 2_000;
/// How many sources one value remembers.
const MAX_TAINTS: usize = 6;

/// What is known of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Value<'a> {
    pub shape: Shape<'a>,
    pub taints: Taints,
}

/// What kind of value it is.
#[derive(Clone, Debug, Default)]
pub(super) enum Shape<'a> {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A number, which no text can be hidden in.
    Number,
    /// This very value.
    Const(Const),
    /// Text of which some is constant.
    Text(Rc<[Piece]>),
    /// Something outside of the project, by its full name: `flask.request`,
    /// `sqlite3.connect().cursor`. `()` stands for a call's result.
    Path(Rc<str>),
    /// A list, dictionary or instance in the heap.
    Object(ObjectId),
    /// A function of the project, and what it is bound to.
    Function(Rc<Closure<'a>>),
    /// A class of the project.
    Class(Rc<ClassValue<'a>>),
    /// A module of the project, by its number.
    Module(usize),
    /// A method of something that is modelled: the receiver and the name.
    Method(Rc<(Value<'a>, Rc<str>)>),
}

/// Its place in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectId(pub u32);

/// A part of a text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// These characters.
    Text(Rc<str>),
    /// Something else, with whose data is in it. `number` where it is one.
    Hole { taints: Taints, number: bool },
}

/// A function with the names around it.
#[derive(Clone, Debug)]
pub(super) struct Closure<'a> {
    pub function: &'a Function,
    /// The module that it stands in.
    pub module: usize,
    /// The names of functions around it, the nearest first.
    pub outer: Option<Rc<Outer<'a>>>,
    /// The class that it is a method of.
    pub class: Option<Rc<ClassValue<'a>>>,
    /// What it is called on, once that is known.
    pub receiver: Option<Value<'a>>,
}

/// Names of a function around another.
#[derive(Debug)]
pub(super) struct Outer<'a> {
    pub vars: super::state::Vars<'a>,
    pub outer: Option<Rc<Outer<'a>>>,
}

/// A class and where it stands.
#[derive(Clone, Debug)]
pub(super) struct ClassValue<'a> {
    pub class: &'a Class,
    pub module: usize,
    /// Full names of what it extends outside of the project.
    pub bases: Vec<Rc<str>>,
    /// What it extends in the project.
    pub parents: Vec<Rc<ClassValue<'a>>>,
    /// What its body binds, methods left out.
    pub fields: Vec<(&'a str, Value<'a>)>,
    pub outer: Option<Rc<Outer<'a>>>,
}

/// Something in the heap.
#[derive(Clone, Debug)]
pub(super) enum Object<'a> {
    /// Items by their place, and what may be anywhere in it.
    List {
        items: Vec<Value<'a>>,
        rest: Option<Value<'a>>,
    },
    /// Entries by constant keys, and what is under keys that are not known.
    Map {
        entries: Vec<(Const, Value<'a>)>,
        rest: Option<Value<'a>>,
    },
    /// An instance: of a class of the project, or of one outside by its name.
    Instance {
        class: Option<Rc<ClassValue<'a>>>,
        path: Option<Rc<str>>,
        fields: Vec<(Rc<str>, Value<'a>)>,
    },
}

/// Data of one source in a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taint {
    /// Which source, by its number.
    pub source: u32,
    /// What it can no longer do.
    pub safe: Kinds,
    /// The last step that it came by.
    pub step: u32,
}

/// Data of all sources in a value. Few, most often none.
#[derive(Clone, Debug, Default)]
pub(super) struct Taints(Option<Rc<[Taint]>>);

impl Taints {
    /// Of one source.
    pub fn one(taint: Taint) -> Self {
        Self(Some(Rc::new([taint])))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Taint> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Both. What is safe in one only is not safe.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(a), Some(b)) if Rc::ptr_eq(a, b) => self.clone(),
            (Some(a), Some(b)) => {
                let mut all = a.to_vec();
                for taint in b.iter() {
                    if let Some(same) = all.iter_mut().find(|each| each.source == taint.source) {
                        same.safe = same.safe.and(taint.safe);
                    } else if all.len() < MAX_TAINTS {
                        all.push(*taint);
                    }
                }
                Self(Some(all.into()))
            }
        }
    }

    /// The same, changed one by one. What no longer does anything is kept: its
    /// source may be joined with itself.
    #[must_use]
    pub fn map(&self, change: impl Fn(Taint) -> Taint) -> Self {
        match &self.0 {
            None => Self(None),
            Some(all) => Self(Some(all.iter().map(|taint| change(*taint)).collect())),
        }
    }

    /// The same, safe for more.
    #[must_use]
    pub fn safer(&self, kinds: Kinds) -> Self {
        self.map(|taint| Taint {
            safe: taint.safe.or(kinds),
            ..taint
        })
    }

    /// Whether every source in it is safe for these.
    pub fn all_safe(&self, kinds: Kinds) -> bool {
        self.iter().all(|taint| taint.safe.has_all(kinds))
    }
}

impl<'a> Value<'a> {
    pub fn unknown() -> Self {
        Self::default()
    }

    pub fn of(shape: Shape<'a>) -> Self {
        Self {
            shape,
            taints: Taints::default(),
        }
    }

    pub fn constant(value: Const) -> Self {
        Self::of(Shape::Const(value))
    }

    pub fn str(text: &str) -> Self {
        Self::constant(Const::Str(text.into()))
    }

    pub fn bool(value: bool) -> Self {
        Self::constant(Const::Bool(value))
    }

    pub fn number() -> Self {
        Self::of(Shape::Number)
    }

    pub fn path(path: &str) -> Self {
        Self::of(Shape::Path(path.into()))
    }

    /// Nothing known but whose data is in it.
    pub fn tainted(taints: Taints) -> Self {
        Self {
            shape: Shape::Unknown,
            taints,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.shape {
            Shape::Const(Const::Str(text) | Const::Bytes(text)) => Some(text),
            _ => None,
        }
    }

    pub fn as_path(&self) -> Option<&str> {
        match &self.shape {
            Shape::Path(path) => Some(path),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match &self.shape {
            Shape::Const(Const::Int(value)) => Some(*value),
            Shape::Const(Const::Bool(value)) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// Whether no text can be hidden in it.
    pub fn is_number(&self) -> bool {
        matches!(
            self.shape,
            Shape::Number | Shape::Const(Const::Int(_) | Const::Float(_) | Const::Bool(_))
        )
    }

    /// As a part of a text.
    pub fn pieces(&self) -> Vec<Piece> {
        match &self.shape {
            Shape::Const(constant) => vec![Piece::Text(text_of(constant).into())],
            Shape::Text(pieces) => pieces.to_vec(),
            _ => vec![Piece::Hole {
                taints: self.taints.clone(),
                number: self.is_number(),
            }],
        }
    }

    /// The text that these parts make.
    pub fn text(pieces: Vec<Piece>) -> Self {
        let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
        let mut taints = Taints::default();
        let full = pieces.len() > MAX_PIECES;
        for piece in pieces {
            if let Piece::Hole {
                taints: more,
                number: false,
            } = &piece
            {
                taints = taints.join(more);
            }
            match (merged.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(more)) => {
                    *before = format!("{before}{more}").into();
                }
                (
                    Some(Piece::Hole {
                        taints: before,
                        number,
                    }),
                    Piece::Hole {
                        taints,
                        number: other,
                    },
                ) if full => {
                    *before = before.join(&taints);
                    *number &= other;
                }
                (_, Piece::Text(text)) if text.is_empty() => {}
                (_, piece) => merged.push(piece),
            }
        }
        if merged.is_empty() {
            return Self::str("");
        }
        if let [Piece::Text(text)] = merged.as_slice() {
            return Self::constant(Const::Str((&**text).into()));
        }
        if merged.len() > MAX_PIECES {
            let cut = merged.split_off(MAX_PIECES);
            let rest = cut
                .iter()
                .fold(Taints::default(), |all, piece| match piece {
                    Piece::Hole { taints, .. } => all.join(taints),
                    Piece::Text(_) => all,
                });
            merged.push(Piece::Hole {
                taints: rest,
                number: false,
            });
        }
        Self {
            shape: Shape::Text(merged.into()),
            taints,
        }
    }

    /// The same, safe for more, in all its parts.
    #[must_use]
    pub fn safer(&self, kinds: Kinds) -> Self {
        self.with_taints(|taints| taints.safer(kinds))
    }

    /// The same with other taints, in all its parts.
    #[must_use]
    pub fn with_taints(&self, change: impl Fn(&Taints) -> Taints) -> Self {
        let shape = match &self.shape {
            Shape::Text(pieces) => Shape::Text(
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Hole { taints, number } => Piece::Hole {
                            taints: change(taints),
                            number: *number,
                        },
                        text @ Piece::Text(_) => text.clone(),
                    })
                    .collect(),
            ),
            shape => shape.clone(),
        };
        Self {
            shape,
            taints: change(&self.taints),
        }
    }

    /// What is known where it is either of two.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let taints = self.taints.join(&other.taints);
        let shape = join_shapes(&self.shape, &other.shape);
        Self { shape, taints }
    }
}

fn join_shapes<'a>(a: &Shape<'a>, b: &Shape<'a>) -> Shape<'a> {
    match (a, b) {
        (Shape::Const(x), Shape::Const(y)) if x == y => a.clone(),
        // Either of two expressions: both are kept, one a line.
        (Shape::Const(Const::Regex(x)), Shape::Const(Const::Regex(y)))
            if x.len() + y.len() < MAX_EXPRESSIONS =>
        {
            Shape::Const(Const::Regex(format!("{x}\n{y}").into()))
        }
        // What is only sometimes there keeps its shape: what is done with
        // nothing fails.
        (Shape::Const(Const::None), other) | (other, Shape::Const(Const::None)) => match other {
            Shape::Const(_) | Shape::Text(_) => Shape::Unknown,
            _ => other.clone(),
        },
        (Shape::Path(x), Shape::Path(y)) if x == y => a.clone(),
        (Shape::Object(x), Shape::Object(y)) if x == y => a.clone(),
        (Shape::Module(x), Shape::Module(y)) if x == y => a.clone(),
        (Shape::Text(x), Shape::Text(y)) if Rc::ptr_eq(x, y) => a.clone(),
        (Shape::Text(x), Shape::Text(y)) => join_texts(x, y),
        (Shape::Text(x), Shape::Const(Const::Str(y)))
        | (Shape::Const(Const::Str(y)), Shape::Text(x)) => {
            join_texts(x, &[Piece::Text((&**y).into())])
        }
        (Shape::Class(x), Shape::Class(y)) if Rc::ptr_eq(x, y) => a.clone(),
        (Shape::Function(x), Shape::Function(y)) if std::ptr::eq(x.function, y.function) => {
            a.clone()
        }
        (Shape::Method(x), Shape::Method(y)) if Rc::ptr_eq(x, y) => a.clone(),
        // Of two constants nothing is left but that no stranger chose them.
        (Shape::Number | Shape::Const(_), Shape::Number | Shape::Const(_)) => {
            match (numeric(a), numeric(b)) {
                (true, true) => Shape::Number,
                _ => Shape::Unknown,
            }
        }
        _ => Shape::Unknown,
    }
}

fn numeric(shape: &Shape<'_>) -> bool {
    matches!(
        shape,
        Shape::Number | Shape::Const(Const::Int(_) | Const::Float(_) | Const::Bool(_))
    )
}

/// What two texts have in common: how they begin, and whose data follows.
fn join_texts<'a>(a: &[Piece], b: &[Piece]) -> Shape<'a> {
    let (Some(Piece::Text(x)), Some(Piece::Text(y))) = (a.first(), b.first()) else {
        return Shape::Unknown;
    };
    let common: usize = x
        .chars()
        .zip(y.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    if common == 0 {
        return Shape::Unknown;
    }
    let rest = a
        .iter()
        .chain(b)
        .fold(Taints::default(), |all, piece| match piece {
            Piece::Hole { taints, .. } => all.join(taints),
            Piece::Text(_) => all,
        });
    Shape::Text(Rc::new([
        Piece::Text(x[..common].into()),
        Piece::Hole {
            taints: rest,
            number: false,
        },
    ]))
}

/// A constant as text, as printing it would give.
pub(super) fn text_of(constant: &Const) -> String {
    match constant {
        Const::None => "None".to_owned(),
        Const::Bool(true) => "True".to_owned(),
        Const::Bool(false) => "False".to_owned(),
        Const::Int(value) => value.to_string(),
        Const::Float(value) => value.to_string(),
        Const::Str(text) | Const::Bytes(text) | Const::Regex(text) => text.to_string(),
    }
}
