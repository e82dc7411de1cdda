//! Lists, dictionaries and instances: reading and writing their parts.

use std::rc::Rc;

use crate::taint::ir::{Const, Expr};

use super::eval::{join_known, longer};
use super::interp::{Interp, methods};
use super::state::State;
use super::value::{ClassValue, Closure, Object, ObjectId, Shape, Taints, Value};

impl<'a> Interp<'a> {
    /// `object[index]`.
    pub(super) fn eval_element(
        &mut self,
        object: &Value<'a>,
        index: &Value<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let key = match &index.shape {
            Shape::Const(key) => Some(key),
            _ => None,
        };
        self.element(object, key, state)
    }

    /// An element under a key, or under one that is not known.
    pub(super) fn element(
        &mut self,
        object: &Value<'a>,
        key: Option<&Const>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        match &object.shape {
            Shape::Object(id) => self.element_of_object(object, *id, key, state),
            Shape::Const(Const::Str(text)) => match key {
                Some(Const::Int(at)) => char_at(text, *at),
                _ => Value::unknown(),
            },
            Shape::Path(path) => {
                let taints = object.taints.clone();
                Value {
                    shape: Shape::Path(longer(path, "", "[]")),
                    taints,
                }
            }
            _ => Value::tainted(object.taints.clone()),
        }
    }

    fn element_of_object(
        &mut self,
        object: &Value<'a>,
        id: ObjectId,
        key: Option<&Const>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        match (state.heap.get(id), key) {
            (Some(Object::List { items, rest }), Some(Const::Int(at))) => {
                let place = place(items.len(), *at).filter(|_| *at >= 0 || rest.is_none());
                match place.and_then(|place| items.get(place)) {
                    Some(item) => item.clone(),
                    None => rest.clone().unwrap_or_default(),
                }
            }
            (Some(Object::Map { entries, rest }), Some(key)) => {
                let found = entries
                    .iter()
                    .find(|(each, _)| each == key)
                    .map(|(_, value)| value.clone());
                found.or_else(|| rest.clone()).unwrap_or_default()
            }
            (Some(Object::Instance { .. }), _) => self
                .call_special(object, "__getitem__", state)
                .unwrap_or_else(|| Value::tainted(state.heap.taints(object))),
            _ => self.item_of(object, state),
        }
    }

    /// What a loop over a value binds.
    pub(super) fn item_of(&mut self, value: &Value<'a>, state: &mut State<'a>) -> Value<'a> {
        let Shape::Object(id) = value.shape else {
            return match &value.shape {
                Shape::Path(path) => Value {
                    shape: Shape::Path(longer(path, "", "[]")),
                    taints: value.taints.clone(),
                },
                _ => Value::tainted(value.taints.clone()),
            };
        };
        match state.heap.get(id) {
            Some(Object::List { items, rest }) => items
                .iter()
                .cloned()
                .map(Some)
                .fold(rest.clone(), join_known)
                .unwrap_or_default(),
            // A loop over a dictionary binds its keys.
            Some(Object::Map { entries, rest }) => {
                let rest = rest
                    .as_ref()
                    .map(|rest| Value::tainted(rest.taints.clone()));
                entries
                    .iter()
                    .map(|(key, _)| Some(Value::constant(key.clone())))
                    .fold(rest, join_known)
                    .unwrap_or_default()
            }
            _ => Value::tainted(state.heap.taints(value)),
        }
    }

    /// `object[key] = value`.
    pub(super) fn set_element(
        &mut self,
        _object: &'a Expr,
        object: &Value<'a>,
        key: &Value<'a>,
        value: Value<'a>,
        state: &mut State<'a>,
    ) {
        let Shape::Object(id) = object.shape else {
            return;
        };
        match (state.heap.get_mut(id), &key.shape) {
            (Some(Object::Map { entries, .. }), Shape::Const(key)) => {
                match entries.iter_mut().find(|(each, _)| each == key) {
                    Some((_, place)) => *place = value,
                    None => entries.push((key.clone(), value)),
                }
            }
            (Some(Object::List { items, .. }), Shape::Const(Const::Int(at))) => {
                match place(items.len(), *at).and_then(|place| items.get_mut(place)) {
                    Some(item) => *item = value,
                    None => self.spill_value(id, &value, state),
                }
            }
            _ => self.spill_value(id, &value, state),
        }
    }

    /// A value gets somewhere into an object.
    pub(super) fn spill_value(&mut self, id: ObjectId, value: &Value<'a>, state: &mut State<'a>) {
        let taints = state.heap.taints(value);
        self.spill(&Value::of(Shape::Object(id)), &taints, state);
    }

    /// `object.name` of something in the heap.
    pub(super) fn field(
        &mut self,
        object: &Value<'a>,
        id: ObjectId,
        name: &'a str,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let (class, path, fields) = match state.heap.get(id) {
            Some(Object::Instance {
                class,
                path,
                fields,
            }) => (class.clone(), path.clone(), fields),
            Some(Object::Map { entries, rest }) if self.profile.elements_are_attributes => {
                let found = entries
                    .iter()
                    .find(|(key, _)| matches!(key, Const::Str(key) if **key == *name));
                return found
                    .map(|(_, value)| value.clone())
                    .or_else(|| rest.clone())
                    .unwrap_or_default();
            }
            Some(_) => return Value::of(Shape::Method(Rc::new((object.clone(), name.into())))),
            None => return Value::unknown(),
        };
        if let Some((_, value)) = fields.iter().find(|(each, _)| **each == *name) {
            return value.clone();
        }
        let anything = fields
            .iter()
            .find(|(each, _)| &**each == "*")
            .map(|(_, value)| value.clone());
        if let Some(class) = class {
            if let Some(member) = self.member_of_class(&class, name, Some(object)) {
                return member;
            }
            if let Some(known) = self.profile.inherited(&class.all_bases(), name) {
                return Value::path(known);
            }
            if let Some(member) = self.implemented(&class, name, object) {
                return member;
            }
        }
        match (path, anything) {
            (_, Some(anything)) => anything,
            (Some(path), None) => Value {
                shape: Shape::Path(longer(&path, name, "")),
                taints: Taints::default(),
            },
            (None, None) => Value::unknown(),
        }
    }

    /// `object.name = value`.
    pub(super) fn set_field(
        &mut self,
        object: &Value<'a>,
        name: &'a str,
        value: Value<'a>,
        state: &mut State<'a>,
    ) {
        let Shape::Object(id) = object.shape else {
            return;
        };
        match state.heap.get_mut(id) {
            Some(Object::Instance { fields, .. }) => {
                match fields.iter_mut().find(|(each, _)| **each == *name) {
                    Some((_, place)) => *place = value,
                    None => fields.push((name.into(), value)),
                }
            }
            Some(Object::Map { entries, .. }) if self.profile.elements_are_attributes => {
                let key = Const::Str(name.into());
                match entries.iter_mut().find(|(each, _)| *each == key) {
                    Some((_, place)) => *place = value,
                    None => entries.push((key, value)),
                }
            }
            _ => {}
        }
    }

    /// A method or field of a class or of what it extends.
    pub(super) fn member_of_class(
        &mut self,
        class: &Rc<ClassValue<'a>>,
        name: &str,
        receiver: Option<&Value<'a>>,
    ) -> Option<Value<'a>> {
        self.member_below(class, name, receiver, 8)
    }

    fn member_below(
        &mut self,
        class: &Rc<ClassValue<'a>>,
        name: &str,
        receiver: Option<&Value<'a>>,
        depth: usize,
    ) -> Option<Value<'a>> {
        if let Some(method) = methods(class.class).find(|method| *method.name == *name) {
            return Some(Value::of(Shape::Function(Rc::new(Closure {
                function: method,
                module: class.module,
                outer: class.outer.clone(),
                class: Some(Rc::clone(class)),
                receiver: receiver.cloned(),
            }))));
        }
        if let Some((_, value)) = class.fields.iter().find(|(each, _)| *each == name) {
            // What a class of another module binds is in another heap.
            return Some(match value.shape {
                Shape::Object(_) if class.module != self.frame.module => Value::unknown(),
                _ => value.clone(),
            });
        }
        if depth == 0 {
            return None;
        }
        class
            .parents
            .iter()
            .find_map(|parent| self.member_below(parent, name, receiver, depth - 1))
    }
}

impl ClassValue<'_> {
    /// The names of all that it extends outside of the project.
    pub(super) fn all_bases(&self) -> Vec<Rc<str>> {
        let mut all = self.bases.clone();
        for parent in self.parents.iter().take(8) {
            all.extend(parent.bases.iter().cloned());
            all.extend(
                parent
                    .parents
                    .iter()
                    .flat_map(|parent| parent.bases.iter().cloned()),
            );
        }
        all
    }
}

fn place(len: usize, at: i64) -> Option<usize> {
    if at < 0 {
        len.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
    } else {
        usize::try_from(at).ok()
    }
}

fn char_at<'a>(text: &str, at: i64) -> Value<'a> {
    let count = text.chars().count();
    match place(count, at).and_then(|place| text.chars().nth(place)) {
        Some(found) => Value::str(found.encode_utf8(&mut [0; 4])),
        None => Value::unknown(),
    }
}
