//! Values, and the one place where everything that holds others lies.
//!
//! Lists, tuples and dictionaries are numbers of places in a [`Heap`]. So a
//! list can hold itself without a leak, and nothing is dropped recursively.

use std::rc::Rc;

use super::tree::Def;

/// A value. Cheap to copy.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Text(Rc<str>),
    List(usize),
    Tuple(usize),
    Dict(usize),
    Function(Rc<Def>),
    /// A function of the language or of the host, by its name.
    Native(&'static str),
}

impl Value {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Rc::from(text.as_ref()))
    }

    /// What a message calls it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dictionary",
            Self::Function(_) | Self::Native(_) => "a function",
        }
    }
}

/// What lists, tuples and dictionaries hold. A dictionary holds keys and
/// values in turn.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    places: Vec<Place>,
    /// How much may still be made.
    left: usize,
}

#[derive(Debug, Default)]
struct Place {
    items: Vec<Value>,
    /// How many loops run over it: it cannot be changed meanwhile.
    loops: usize,
}

/// A limit that was met, or a change that cannot be made.
pub(crate) type Problem = String;

const DEEPEST: usize = 32;

impl Heap {
    /// `size` is how many items and characters may be made in all.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            places: Vec::new(),
            left: size,
        }
    }

    /// Accounts for so many items or characters.
    pub(crate) fn pay(&mut self, size: usize) -> Result<(), Problem> {
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err("these rules make too much: a file of rules is a short list".to_owned()),
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<Value, Problem> {
        self.pay(text.len())?;
        Ok(Value::text(text))
    }

    pub(crate) fn list(&mut self, items: Vec<Value>) -> Result<Value, Problem> {
        Ok(Value::List(self.place(items)?))
    }

    pub(crate) fn tuple(&mut self, items: Vec<Value>) -> Result<Value, Problem> {
        Ok(Value::Tuple(self.place(items)?))
    }

    pub(crate) fn dict(&mut self, items: Vec<Value>) -> Result<Value, Problem> {
        Ok(Value::Dict(self.place(items)?))
    }

    fn place(&mut self, items: Vec<Value>) -> Result<usize, Problem> {
        self.pay(items.len() + 1)?;
        self.places.push(Place { items, loops: 0 });
        Ok(self.places.len() - 1)
    }

    /// What a list, tuple or dictionary holds.
    pub(crate) fn held(&self, place: usize) -> &[Value] {
        self.places
            .get(place)
            .map_or(&[], |place| place.items.as_slice())
    }

    /// The same, to change it.
    pub(crate) fn change(&mut self, place: usize) -> Result<&mut Vec<Value>, Problem> {
        match self.places.get_mut(place) {
            Some(place) if place.loops == 0 => Ok(&mut place.items),
            _ => Err("this cannot be changed while a loop runs over it".to_owned()),
        }
    }

    /// Says that a loop over it starts or, with `false`, ends.
    pub(crate) fn looping(&mut self, value: &Value, starts: bool) {
        if let Value::List(place) | Value::Dict(place) = value
            && let Some(place) = self.places.get_mut(*place)
        {
            place.loops = if starts {
                place.loops + 1
            } else {
                place.loops.saturating_sub(1)
            };
        }
    }

    /// The items that a loop runs over, if one can.
    pub(crate) fn items(&self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::List(place) | Value::Tuple(place) => Some(self.held(*place).to_vec()),
            Value::Dict(place) => Some(self.held(*place).iter().step_by(2).cloned().collect()),
            _ => None,
        }
    }

    /// The value of a key.
    pub(crate) fn at_key(&self, place: usize, key: &Value) -> Option<Value> {
        let mut pairs = self.held(place).chunks_exact(2);
        pairs.find_map(|pair| self.equal(&pair[0], key).then(|| pair[1].clone()))
    }

    /// Sets the value of a key.
    pub(crate) fn set_key(
        &mut self,
        place: usize,
        key: Value,
        value: Value,
    ) -> Result<(), Problem> {
        if !matches!(
            key,
            Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::None
        ) {
            return Err(format!("{} cannot be a key", key.kind()));
        }
        let held = self.held(place).chunks_exact(2);
        let found = held
            .enumerate()
            .find(|(_, pair)| self.equal(&pair[0], &key))
            .map(|(at, _)| at * 2 + 1);
        self.pay(2)?;
        let items = self.change(place)?;
        match found {
            Some(at) => items[at] = value,
            None => items.extend([key, value]),
        }
        Ok(())
    }

    /// Whether two values are equal. What is nested more deeply than anybody
    /// writes is equal to nothing.
    pub(crate) fn equal(&self, one: &Value, other: &Value) -> bool {
        self.equal_to(one, other, DEEPEST)
    }

    fn equal_to(&self, one: &Value, other: &Value, depth: usize) -> bool {
        match (one, other) {
            (Value::None, Value::None) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Int(one), Value::Int(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::Native(one), Value::Native(other)) => one == other,
            (Value::Function(one), Value::Function(other)) => Rc::ptr_eq(one, other),
            (Value::List(one), Value::List(other)) | (Value::Tuple(one), Value::Tuple(other)) => {
                let (one, other) = (self.held(*one), self.held(*other));
                depth > 0
                    && one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(one, other)| self.equal_to(one, other, depth - 1))
            }
            (Value::Dict(one), Value::Dict(other)) => {
                let same = |pair: &[Value]| {
                    let found = self.at_key(*other, &pair[0]);
                    found.is_some_and(|found| self.equal_to(&pair[1], &found, depth - 1))
                };
                depth > 0
                    && self.held(*one).len() == self.held(*other).len()
                    && self.held(*one).chunks_exact(2).all(same)
            }
            _ => false,
        }
    }

    /// Whether it counts as true.
    pub(crate) fn is_true(&self, value: &Value) -> bool {
        match value {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(number) => *number != 0,
            Value::Text(text) => !text.is_empty(),
            Value::List(place) | Value::Tuple(place) | Value::Dict(place) => {
                !self.held(*place).is_empty()
            }
            Value::Function(_) | Value::Native(_) => true,
        }
    }
}
