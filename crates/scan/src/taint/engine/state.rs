//! What is known at one point of a function: its variables and the heap.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::value::{Object, ObjectId, Taints, Value};

/// Variables by their names.
pub(super) type Vars<'a> = BTreeMap<&'a str, Value<'a>>;

/// How deep values in values are looked into.
const MAX_LOOK: usize = 4;

/// What is known at one point.
#[derive(Clone, Debug, Default)]
pub(super) struct State<'a> {
    pub vars: Vars<'a>,
    pub heap: Heap<'a>,
    /// Nothing comes here: it returned, raised or cannot be.
    pub dead: bool,
}

/// Lists, dictionaries and instances. Shared until it is changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap<'a>(Rc<Vec<Option<Rc<Object<'a>>>>>);

impl<'a> Heap<'a> {
    pub fn get(&self, id: ObjectId) -> Option<&Object<'a>> {
        self.0.get(id.0 as usize)?.as_deref()
    }

    pub fn get_mut(&mut self, id: ObjectId) -> Option<&mut Object<'a>> {
        self.get(id)?;
        let all = Rc::make_mut(&mut self.0);
        all.get_mut(id.0 as usize)?.as_mut().map(Rc::make_mut)
    }

    pub fn put(&mut self, id: ObjectId, object: Object<'a>) {
        let at = id.0 as usize;
        let all = Rc::make_mut(&mut self.0);
        if all.len() <= at {
            all.resize(at + 1, None);
        }
        all[at] = Some(Rc::new(object));
    }

    /// How many places it has; the next object goes there.
    pub fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn join(&mut self, other: &Self) {
        if Rc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let mine = Rc::make_mut(&mut self.0);
        if mine.len() < other.0.len() {
            mine.resize(other.0.len(), None);
        }
        for (here, there) in mine.iter_mut().zip(other.0.iter()) {
            match (&here, there) {
                (Some(a), Some(b)) if !Rc::ptr_eq(a, b) => {
                    *here = Some(Rc::new(join_objects(a, b)));
                }
                (None, Some(b)) => *here = Some(Rc::clone(b)),
                _ => {}
            }
        }
    }

    /// Everything whose data is in a value, also inside of lists and instances.
    pub fn taints(&self, value: &Value<'a>) -> Taints {
        self.taints_below(value, MAX_LOOK)
    }

    fn taints_below(&self, value: &Value<'a>, depth: usize) -> Taints {
        let mut all = value.taints.clone();
        let super::value::Shape::Object(id) = value.shape else {
            return all;
        };
        if depth == 0 {
            return all;
        }
        let mut add = |value: &Value<'a>| all = all.join(&self.taints_below(value, depth - 1));
        match self.get(id) {
            Some(Object::List { items, rest }) => items.iter().chain(rest).for_each(&mut add),
            Some(Object::Map { entries, rest }) => {
                entries
                    .iter()
                    .map(|(_, value)| value)
                    .chain(rest)
                    .for_each(&mut add);
            }
            Some(Object::Instance { fields, .. }) => {
                fields.iter().map(|(_, value)| value).for_each(&mut add);
            }
            None => {}
        }
        all
    }
}

impl State<'_> {
    /// A state that is never reached.
    pub fn unreachable() -> Self {
        Self {
            dead: true,
            ..Self::default()
        }
    }

    /// What is known where either may have been.
    pub fn join(&mut self, other: Self) {
        if other.dead {
            return;
        }
        if self.dead {
            *self = other;
            return;
        }
        self.heap.join(&other.heap);
        for (name, value) in other.vars {
            match self.vars.get_mut(name) {
                Some(mine) => *mine = mine.join(&value),
                None => {
                    self.vars.insert(name, value);
                }
            }
        }
    }

    /// Leaves a copy and becomes unreachable: for `return`, `break`, `raise`.
    pub fn end(&mut self) -> Self {
        std::mem::replace(self, Self::unreachable())
    }
}

#[expect(
    clippy::many_single_char_names,
    reason = "two values and what they hold"
)]
fn join_objects<'a>(a: &Object<'a>, b: &Object<'a>) -> Object<'a> {
    match (a, b) {
        (Object::List { items: x, rest: p }, Object::List { items: y, rest: q }) => {
            join_lists(x, p.as_ref(), y, q.as_ref())
        }
        (
            Object::Map {
                entries: x,
                rest: p,
            },
            Object::Map {
                entries: y,
                rest: q,
            },
        ) => {
            let mut entries = x.clone();
            for (key, value) in y {
                match entries.iter_mut().find(|(each, _)| each == key) {
                    Some((_, mine)) => *mine = mine.join(value),
                    None => entries.push((key.clone(), value.clone())),
                }
            }
            Object::Map {
                entries,
                rest: join_options(p.as_ref(), q.as_ref()),
            }
        }
        (
            Object::Instance {
                class,
                path,
                fields: x,
            },
            Object::Instance { fields: y, .. },
        ) => {
            let mut fields = x.clone();
            for (name, value) in y {
                match fields.iter_mut().find(|(each, _)| each == name) {
                    Some((_, mine)) => *mine = mine.join(value),
                    None => fields.push((Rc::clone(name), value.clone())),
                }
            }
            Object::Instance {
                class: class.clone(),
                path: path.clone(),
                fields,
            }
        }
        _ => a.clone(),
    }
}

fn join_lists<'a>(
    x: &[Value<'a>],
    p: Option<&Value<'a>>,
    y: &[Value<'a>],
    q: Option<&Value<'a>>,
) -> Object<'a> {
    let rest = join_options(p, q);
    if x.len() == y.len() {
        let items = x.iter().zip(y).map(|(a, b)| a.join(b)).collect();
        return Object::List { items, rest };
    }
    // Places no longer agree: all of it may be anywhere.
    let all = x
        .iter()
        .chain(y)
        .chain(&rest)
        .fold(None, |all: Option<Value<'a>>, value| {
            Some(all.map_or_else(|| value.clone(), |all| all.join(value)))
        });
    Object::List {
        items: Vec::new(),
        rest: all,
    }
}

fn join_options<'a>(a: Option<&Value<'a>>, b: Option<&Value<'a>>) -> Option<Value<'a>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.join(b)),
        (one, other) => one.or(other).cloned(),
    }
}
