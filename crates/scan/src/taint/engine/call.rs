//! Calls: of the project's functions, which are gone through, and of others,
//! of which the catalogue knows what matters.

use std::rc::Rc;

use crate::taint::catalogue::Effect;
use crate::taint::ir::{Call, Const, Expr, ExprKind, ParamKind};

use super::eval::longer;
use super::interp::{Interp, Tier, has_decorator};
use super::state::State;
use super::value::{ClassValue, Closure, Object, Shape, Taints, Value};
use crate::taint::visit::last_name;

/// What a call is given.
#[derive(Clone, Debug, Default)]
pub(super) struct Args<'a> {
    pub positional: Vec<Value<'a>>,
    pub named: Vec<(&'a str, Value<'a>)>,
    /// Data of what was spread: it may be any argument.
    pub spread: Option<Value<'a>>,
}

impl<'a> Args<'a> {
    /// An argument by its place or its name.
    pub fn get(&self, at: usize, name: &str) -> Option<&Value<'a>> {
        self.named(name).or_else(|| self.positional.get(at))
    }

    pub fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named
            .iter()
            .find(|(each, _)| *each == name)
            .map(|(_, value)| value)
    }

    pub fn all(&self) -> impl Iterator<Item = &Value<'a>> {
        self.positional
            .iter()
            .chain(self.named.iter().map(|(_, value)| value))
            .chain(&self.spread)
    }

    /// Whose data is in any of them.
    pub fn taints(&self, state: &State<'a>) -> Taints {
        self.all().fold(Taints::default(), |all, value| {
            all.join(&state.heap.taints(value))
        })
    }
}

/// What is called, of outside of the project.
#[derive(Clone, Debug)]
pub(super) struct Outside<'a> {
    /// Its full name, as far as that is known: `os.system`, `cursor().execute`.
    pub path: Option<Rc<str>>,
    /// The last part of its name.
    pub method: &'a str,
    /// What it is a method of.
    pub receiver: Option<Value<'a>>,
    /// What that is called in the program: `cursor`.
    pub receiver_name: Option<&'a str>,
}

impl<'a> Interp<'a> {
    pub(super) fn call(
        &mut self,
        expr: &'a Expr,
        call: &'a Call,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let (callee, receiver) = self.eval_callee(call, state);
        let args = self.eval_args(call, state);
        if self.is_script()
            && let Some(value) =
                self.call_script(&callee, receiver.as_ref(), &args, call, expr, state)
        {
            return value;
        }
        match &callee.shape {
            Shape::Function(closure) => {
                let closure = self.overloaded(closure, args.positional.len());
                if let Some(value) = self.inline(&closure, &args, call, expr, state) {
                    return value;
                }
                let outside = Outside {
                    path: None,
                    method: last_name(&call.callee).unwrap_or_default(),
                    receiver,
                    receiver_name: None,
                };
                self.call_unknown(&outside, &args, expr, state)
            }
            Shape::Class(class) => {
                let class = Rc::clone(class);
                self.construct(&class, &args, call, expr, state)
            }
            Shape::Method(bound) => {
                let (receiver, name) = (&bound.0, Rc::clone(&bound.1));
                self.call_container(receiver, &name, &args, state)
                    .unwrap_or_else(|| {
                        Value::tainted(args.taints(state).join(&state.heap.taints(receiver)))
                    })
            }
            shape => {
                let path = match shape {
                    Shape::Path(path) => Some(Rc::clone(path)),
                    _ => None,
                };
                let outside = Outside {
                    path,
                    method: last_name(&call.callee).unwrap_or_default(),
                    receiver,
                    receiver_name: receiver_name(&call.callee),
                };
                self.call_outside(&outside, &args, call, expr, state)
            }
        }
    }

    /// What is called, and what it is called on.
    fn eval_callee(
        &mut self,
        call: &'a Call,
        state: &mut State<'a>,
    ) -> (Value<'a>, Option<Value<'a>>) {
        let ExprKind::Attribute(object, name) = &call.callee.kind else {
            return (self.eval(&call.callee, state), None);
        };
        if let Some(parent) = self.super_of(object) {
            let receiver = self.super_receiver(state);
            let found = parent
                .parents
                .iter()
                .find_map(|each| self.member_of_class(each, name, receiver.as_ref()));
            let path = parent.bases.first().map(|base| longer(base, name, ""));
            let outside = path.map_or_else(Value::unknown, |path| Value::of(Shape::Path(path)));
            return (found.unwrap_or(outside), receiver);
        }
        let receiver = self.eval(object, state);
        // Methods of text and containers are modelled, and are no attributes.
        let callee = match receiver.shape {
            Shape::Const(_) | Shape::Text(_) | Shape::Number | Shape::Unknown => Value::unknown(),
            _ => self.attribute(&receiver, name, state),
        };
        (callee, Some(receiver))
    }

    /// What `super` is a part of.
    fn super_receiver(&self, state: &State<'a>) -> Option<Value<'a>> {
        let function = self.frame.function?;
        let name = match &function.receiver {
            Some(name) => name,
            None => &function.params.first()?.name,
        };
        state.vars.get(&**name).cloned()
    }

    fn super_of(&self, object: &Expr) -> Option<Rc<ClassValue<'a>>> {
        match &object.kind {
            ExprKind::Call(call) if matches!(&call.callee.kind, ExprKind::Name(name) if &**name == "super") => {
                self.frame.class.clone()
            }
            ExprKind::Name(name) if &**name == "super" => self.frame.class.clone(),
            _ => None,
        }
    }

    fn eval_args(&mut self, call: &'a Call, state: &mut State<'a>) -> Args<'a> {
        let mut args = Args::default();
        for arg in &call.args {
            let value = self.eval(&arg.value, state);
            match (&arg.name, arg.spread) {
                (_, true) => self.spread(&value, &mut args, state),
                (Some(name), false) => args.named.push((name, value)),
                (None, false) => args.positional.push(value),
            }
        }
        args
    }

    pub(super) fn spread(&mut self, value: &Value<'a>, args: &mut Args<'a>, state: &mut State<'a>) {
        if let Shape::Object(id) = value.shape
            && let Some(Object::List { items, rest: None }) = state.heap.get(id)
            && args.spread.is_none()
        {
            args.positional.extend(items.iter().cloned());
            return;
        }
        let more = Value::tainted(state.heap.taints(value));
        args.spread = Some(
            args.spread
                .take()
                .map_or(more.clone(), |all| all.join(&more)),
        );
    }

    /// Goes through a function of the project with what it is called with.
    pub(super) fn inline(
        &mut self,
        closure: &Rc<Closure<'a>>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        if !self.may_enter(closure.function) {
            return None;
        }
        let keeps = self.keep_inner.take() == Some(std::ptr::from_ref(closure.function));
        self.publish_partial(state);
        let mut inside = State {
            heap: std::mem::take(&mut state.heap),
            ..State::default()
        };
        self.bind_args(closure, args, expr, &mut inside);
        let before = self.enter(closure, None);
        self.exec_all(&closure.function.body, &mut inside);
        let mut left = self.leave(before);
        if !inside.dead {
            left.returned.push((Value::constant(Const::None), inside));
        }
        if keeps {
            let mut end = State::unreachable();
            for (_, each) in &left.returned {
                end.join(each.clone());
            }
            self.take_over(&left, &end);
        }
        self.remember_outcome(closure, &left.returned, call, expr);
        let mut result: Option<Value<'a>> = None;
        let mut after = State::unreachable();
        for (value, end) in left.returned {
            result = super::eval::join_known(result, Some(value));
            after.join(State {
                vars: super::state::Vars::new(),
                ..end
            });
        }
        if after.dead {
            // It never comes back.
            let end = state.end();
            self.frame.raised.push(end);
            return Some(Value::unknown());
        }
        state.heap = after.heap;
        let value = result.unwrap_or_default();
        if !left.yielded.is_empty() {
            let item = Value::tainted(left.yielded);
            return Some(self.alloc(
                Object::List {
                    items: Vec::new(),
                    rest: Some(item),
                },
                state,
            ));
        }
        let name = &closure.function.name;
        Some(self.stepped(value, expr.span, || format!("comes back from `{name}`")))
    }

    fn bind_args(
        &mut self,
        closure: &Closure<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        inside: &mut State<'a>,
    ) {
        let function = closure.function;
        let mut positional = args.positional.iter();
        let mut params = function.params.iter();
        if let Some(receiver) = &closure.receiver {
            if let Some(name) = &function.receiver {
                inside.vars.insert(name, receiver.clone());
            } else if closure.class.is_some()
                && self.takes_receiver(function)
                && let Some(first) = params.next()
            {
                inside.vars.insert(&first.name, receiver.clone());
            }
        } else if has_decorator(function, "classmethod")
            && let Some(class) = &closure.class
            && let Some(first) = params.next()
        {
            inside
                .vars
                .insert(&first.name, Value::of(Shape::Class(Rc::clone(class))));
        }
        for param in params {
            let value = match param.kind {
                ParamKind::One => {
                    let given = args
                        .named(&param.name)
                        .cloned()
                        .or_else(|| positional.next().cloned())
                        .or_else(|| args.spread.clone());
                    match (given, &param.default) {
                        (Some(given), _) => given,
                        (None, Some(default)) => self.eval(default, inside),
                        (None, None) => Value::unknown(),
                    }
                }
                ParamKind::Rest => {
                    let items = positional.by_ref().cloned().collect();
                    self.alloc(
                        Object::List {
                            items,
                            rest: args.spread.clone(),
                        },
                        inside,
                    )
                }
                ParamKind::NamedRest => {
                    let known = |name: &str| function.params.iter().any(|each| *each.name == *name);
                    let entries = args
                        .named
                        .iter()
                        .filter(|(name, _)| !known(name))
                        .map(|(name, value)| (Const::Str((*name).into()), value.clone()))
                        .collect();
                    self.alloc(
                        Object::Map {
                            entries,
                            rest: args.spread.clone(),
                        },
                        inside,
                    )
                }
            };
            let name = &param.name;
            let into = &function.name;
            let value = self.stepped(value, expr.span, || {
                format!("is passed to `{into}` as `{name}`")
            });
            inside.vars.insert(&param.name, value);
        }
    }

    pub(super) fn construct(
        &mut self,
        class: &Rc<ClassValue<'a>>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let instance = self.instance_of(class, state);
        let constructor = self.profile.constructor;
        let member = self.member_of_class(class, constructor, Some(&instance));
        if let Some(Shape::Function(closure)) = member.map(|member| member.shape) {
            let closure = self.overloaded(&closure, args.positional.len());
            if self.inline(&closure, args, call, expr, state).is_none() {
                self.spill(&instance, &args.taints(state), state);
            }
            return instance;
        }
        // Fields by name, as in a dataclass or a model.
        for (name, value) in &args.named {
            self.set_field(&instance, name, value.clone(), state);
        }
        if !args.positional.is_empty() || args.spread.is_some() {
            self.spill(&instance, &args.taints(state), state);
        }
        self.check_construct(class, args, expr, state);
        instance
    }

    /// A method that the language calls by itself.
    pub(super) fn call_special(
        &mut self,
        object: &Value<'a>,
        name: &str,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let Shape::Object(id) = object.shape else {
            return None;
        };
        let class = match state.heap.get(id)? {
            Object::Instance {
                class: Some(class), ..
            } => Rc::clone(class),
            _ => return None,
        };
        self.member_of_class(&class, name, Some(object))?;
        None
    }

    /// A call of something outside of the project.
    fn call_outside(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Value<'a> {
        self.check_call(outside, args, call, expr, state);
        if let Some(path) = &outside.path
            && self.profile.never_returns(path, outside.method)
        {
            let end = state.end();
            self.frame.raised.push(end);
            return Value::unknown();
        }
        if let Some(value) = self.call_jdk(outside, args, call, state) {
            return value;
        }
        if let Some(receiver) = &outside.receiver {
            if let Some(value) = self.call_text(receiver, outside.method, args, state) {
                return value;
            }
            if let Shape::Object(_) = receiver.shape
                && let Some(value) = self.call_container(receiver, outside.method, args, state)
            {
                return value;
            }
        }
        if self.is_script()
            && let Some(value) = self.call_global(outside, args, state)
        {
            return value;
        }
        if let Some(value) = self.call_builtin(outside, args, state) {
            return value;
        }
        self.pass_callbacks(outside, args);
        self.call_unknown(outside, args, expr, state)
    }

    /// Whoever gets a function may call it; with what is not known.
    fn pass_callbacks(&mut self, outside: &Outside<'a>, args: &Args<'a>) {
        let registers = self.profile.registrars.contains(&outside.method);
        for value in args.all() {
            if let Shape::Function(closure) = &value.shape {
                if registers {
                    self.registered.insert(std::ptr::from_ref(closure.function));
                }
                if closure.function.name.is_empty() && !self.is_script() {
                    self.frame.defined.push(Rc::clone(closure));
                }
            }
        }
    }

    /// What comes out of a call that cannot be gone through.
    fn call_unknown(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let receiver = outside.receiver.as_ref();
        let own = receiver
            .map(|value| state.heap.taints(value))
            .unwrap_or_default();
        let given = args.taints(state);
        let path = outside
            .path
            .as_ref()
            .map(|path| match self.profile.result(path) {
                Some(known) => known.into(),
                None => longer(path, "", "()"),
            });
        let shape = path.map_or(Shape::Unknown, Shape::Path);
        match self.profile.effect(outside.path.as_deref(), outside.method) {
            Effect::Pass => {
                let taints = own.join(&given);
                if taints.is_empty()
                    && outside
                        .path
                        .as_deref()
                        .is_none_or(|path| path.starts_with("self."))
                {
                    let name = outside.method;
                    let taints = self.source(Tier::Unknown, expr.span, || {
                        format!("`{name}` gives it, of which nothing is known")
                    });
                    return Value { shape, taints };
                }
                Value { shape, taints }
            }
            Effect::Clean => Value::of(shape),
            Effect::Number => Value::number(),
            Effect::Safe(kinds) => Value {
                shape: Shape::Unknown,
                taints: own.join(&given).safer(kinds),
            },
            Effect::Normalize => Value {
                shape: Shape::Unknown,
                taints: own
                    .join(&given)
                    .safer(crate::taint::kind::Kinds::NORMALIZED),
            },
            Effect::Unsafe => Value {
                shape: Shape::Unknown,
                taints: own.join(&given).map(|taint| super::value::Taint {
                    safe: crate::taint::kind::Kinds::NONE,
                    ..taint
                }),
            },
        }
    }
}

fn receiver_name(callee: &Expr) -> Option<&str> {
    match &callee.kind {
        ExprKind::Attribute(object, _) => last_name(object),
        _ => None,
    }
}
