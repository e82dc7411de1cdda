//! Languages that declare types and need no receiver before a name: what a
//! value is by its type, and what a name means inside of a class.

use std::rc::Rc;

use crate::taint::ir::{Call, Expr, ExprKind, Function, Param};
use crate::taint::kind::Kinds;

use super::interp::{Env, Interp, methods};
use super::state::State;
use super::value::{ClassValue, Closure, Object, Shape, Value};

impl<'a> Interp<'a> {
    /// A value of a type that the program names.
    pub(super) fn eval_typed(
        &mut self,
        inner: &'a Expr,
        name: &'a str,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let value = self.eval(inner, state);
        self.typed(value, name, state)
    }

    /// The same value, known to be of this type.
    pub(super) fn typed(
        &mut self,
        value: Value<'a>,
        name: &'a str,
        state: &mut State<'a>,
    ) -> Value<'a> {
        if self.profile.number_types.contains(&name) {
            return match value.shape {
                Shape::Const(_) | Shape::Number => value,
                _ => Value::number(),
            };
        }
        match &value.shape {
            Shape::Path(path) if is_instance(path) => return value,
            Shape::Unknown | Shape::Path(_) => {}
            _ => return value,
        }
        match self.lookup(name, state).shape {
            Shape::Class(class) => {
                let instance = self.instance_of(&class, state);
                if !value.taints.is_empty() {
                    self.spill(&instance, &value.taints, state);
                }
                instance
            }
            Shape::Path(path) => {
                let of_frameworks = self.profile.routes.types.iter();
                let known = of_frameworks.clone().find(|(each, _)| *each == name);
                let shape = match known {
                    Some((_, instance)) => (*instance).into(),
                    None => super::eval::longer(&path, "", "()"),
                };
                Value {
                    shape: Shape::Path(shape),
                    taints: value.taints,
                }
            }
            _ => value,
        }
    }

    /// What a parameter is that anybody may pass: of the classes of libraries
    /// only those hold data of a caller that are made of text.
    pub(super) fn param_of_type(
        &mut self,
        param: &'a Param,
        value: Value<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let Some(ExprKind::Name(name)) = param.annotation.as_ref().map(|of| &of.kind) else {
            return value;
        };
        let Some(types) = self.profile.types else {
            return value;
        };
        if !matches!(value.shape, Shape::Unknown)
            || types.data.contains(&&**name)
            || name.ends_with("[]")
            || name.chars().count() == 1
        {
            return value;
        }
        let is_marked = !param.decorators.is_empty();
        let mut known = self.typed(value, name, state);
        if let Shape::Path(_) = known.shape
            && !is_marked
        {
            known.taints = super::value::Taints::default();
        }
        known
    }

    /// `import static a.b.C.d`: what the class in that file binds.
    pub(super) fn static_member(
        &mut self,
        env: &Env<'a>,
        module: &str,
        item: &str,
    ) -> Option<Value<'a>> {
        let class = module.rsplit('.').next().unwrap_or(module);
        match &env.vars.get(class)?.shape {
            Shape::Class(class) => self.member_of_class(&Rc::clone(class), item, None),
            _ => None,
        }
    }

    /// What a name means in a method, where it is no variable: a field or a
    /// method of the object, of its class or of one around that.
    pub(super) fn member_in_scope(
        &mut self,
        name: &'a str,
        state: &State<'a>,
    ) -> Option<Value<'a>> {
        let class = self.frame.class.clone()?;
        let receiver = self.receiver(state);
        if let Some(Shape::Object(id)) = receiver.as_ref().map(|value| &value.shape)
            && let Some(Object::Instance { fields, .. }) = state.heap.get(*id)
            && let Some((_, value)) = fields.iter().find(|(each, _)| **each == *name)
        {
            return Some(value.clone());
        }
        if let Some(member) = self.member_of_class(&class, name, receiver.as_ref()) {
            return Some(member);
        }
        // A field of an object that was made of data.
        if let Some(Shape::Object(id)) = receiver.as_ref().map(|value| &value.shape)
            && name.starts_with(char::is_lowercase)
            && let Some(Object::Instance { fields, .. }) = state.heap.get(*id)
            && let Some((_, value)) = fields.iter().find(|(each, _)| &**each == "*")
        {
            return Some(value.clone());
        }
        let around = self.class_around(&class)?;
        self.member_of_class(&around, name, None)
    }

    /// The object that the present method is called on.
    pub(super) fn receiver(&self, state: &State<'a>) -> Option<Value<'a>> {
        if let Some(value) = state.vars.get("this") {
            return Some(value.clone());
        }
        let mut outer = self.frame.outer.as_ref();
        while let Some(scope) = outer {
            if let Some(value) = scope.vars.get("this") {
                return Some(value.clone());
            }
            outer = scope.outer.as_ref();
        }
        None
    }

    /// The class of this module that another one stands in.
    fn class_around(&mut self, inner: &Rc<ClassValue<'a>>) -> Option<Rc<ClassValue<'a>>> {
        let env = self.module_env(inner.module);
        env.vars.values().find_map(|value| match &value.shape {
            Shape::Class(class) => class
                .fields
                .iter()
                .any(|(_, field)| {
                    matches!(&field.shape, Shape::Class(each) if std::ptr::eq(each.class, inner.class))
                })
                .then(|| Rc::clone(class)),
            _ => None,
        })
    }

    /// `a.equals(b)` and `!a.contains("..")`: whether the check is one of these.
    pub(super) fn refine_java(
        &mut self,
        name: &str,
        call: &'a Call,
        holds: bool,
        state: &mut State<'a>,
    ) -> bool {
        let (Some(_), ExprKind::Attribute(object, _), Some(arg)) =
            (self.profile.types, &call.callee.kind, call.args.first())
        else {
            return false;
        };
        let object: &'a Expr = object;
        match (name, holds) {
            ("equals" | "equalsIgnoreCase" | "contentEquals", true) => {
                for (one, other) in [(object, &arg.value), (&arg.value, object)] {
                    // What a getter gives is one part of its object.
                    if is_text_of(one) && self.peek(other, state).taints.is_empty() {
                        self.make_safe(one, Kinds::ALL, state);
                    }
                }
                true
            }
            ("contains", false) => {
                if let Some(text) = self.peek(&arg.value, state).as_str() {
                    self.make_safe(object, super::guard::rejected(text), state);
                }
                true
            }
            // `ALLOWED.contains(name)`
            ("contains" | "containsKey", true) => {
                let whole = self.peek(object, state);
                if state.heap.taints(&whole).is_empty() {
                    self.make_safe(&arg.value, Kinds::ALL, state);
                }
                true
            }
            _ => false,
        }
    }

    /// A method of a class of the project that only classes that extend it
    /// have: of the first of those that is known.
    pub(super) fn implemented(
        &mut self,
        class: &Rc<ClassValue<'a>>,
        name: &str,
        receiver: &Value<'a>,
    ) -> Option<Value<'a>> {
        self.profile.types?;
        for module in 0..self.program.len() {
            let env = self.module_env(module);
            for value in env.vars.values() {
                if let Shape::Class(each) = &value.shape
                    && each
                        .parents
                        .iter()
                        .any(|parent| std::ptr::eq(parent.class, class.class))
                    && methods(each.class).any(|method| *method.name == *name)
                {
                    return self.member_of_class(each, name, Some(receiver));
                }
            }
        }
        None
    }

    /// The object whose field a plain name is, where it is assigned to.
    pub(super) fn owner_of(&self, name: &str, state: &State<'a>) -> Option<Value<'a>> {
        if self.profile.types.is_none() || state.vars.contains_key(name) {
            return None;
        }
        let class = self.frame.class.as_ref()?;
        let declares = class.fields.iter().any(|(each, _)| *each == name);
        declares.then(|| self.receiver(state)).flatten()
    }

    /// Of methods of one name the one that takes so many arguments.
    pub(super) fn overloaded(&self, closure: &Rc<Closure<'a>>, count: usize) -> Rc<Closure<'a>> {
        let takes = |function: &Function| function.params.len() == count;
        if self.profile.types.is_none() || takes(closure.function) {
            return Rc::clone(closure);
        }
        let Some(class) = &closure.class else {
            return Rc::clone(closure);
        };
        let other = methods(class.class)
            .find(|method| method.name == closure.function.name && takes(method));
        match other {
            Some(function) => Rc::new(Closure {
                function,
                ..(**closure).clone()
            }),
            None => Rc::clone(closure),
        }
    }
}

/// Whether this is a variable, or what only writes one in another way.
fn is_text_of(of: &Expr) -> bool {
    match &of.kind {
        ExprKind::Name(_) => true,
        ExprKind::Typed(inner, _) => is_text_of(inner),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Attribute(object, name) => {
                matches!(
                    &**name,
                    "trim" | "strip" | "toLowerCase" | "toUpperCase" | "toString"
                ) && is_text_of(object)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a name is that of an instance of a class: `Random()`.
fn is_instance(path: &str) -> bool {
    path.strip_suffix("()").is_some_and(|class| {
        !class.contains(['.', '(', '[']) && class.starts_with(char::is_uppercase)
    })
}
