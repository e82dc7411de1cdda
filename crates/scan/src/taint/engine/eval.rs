//! Expressions.

use std::rc::Rc;

use crate::taint::ir::{Call, Comprehension, Const, Expr, ExprKind, Function, ListKind, Name};

use super::interp::{Interp, Tier};
use super::state::State;
use super::value::{Closure, Object, Shape, Taints, Value};

/// How long the name of something outside of the project may get.
const MAX_PATH: usize = 120;
/// How many items of a literal are told apart.
const MAX_ITEMS: usize = 64;

impl<'a> Interp<'a> {
    pub(super) fn eval(&mut self, expr: &'a Expr, state: &mut State<'a>) -> Value<'a> {
        if !self.descend() {
            return Value::unknown();
        }
        let value = self.eval_kind(expr, state);
        self.ascend();
        value
    }

    fn eval_kind(&mut self, expr: &'a Expr, state: &mut State<'a>) -> Value<'a> {
        match &expr.kind {
            ExprKind::Const(constant) => {
                self.note_expression(constant, expr.span);
                Value::constant(constant.clone())
            }
            ExprKind::Name(name) => {
                let value = self.lookup(name, state);
                self.with_source(value, expr)
            }
            ExprKind::Attribute(object, name) => self.eval_attribute(expr, object, name, state),
            ExprKind::Element(object, index) => {
                let object = self.eval(object, state);
                let index = self.eval(index, state);
                self.eval_element(&object, &index, state)
            }
            ExprKind::Slice(object, start, end) => {
                let object = self.eval(object, state);
                let start = start.as_ref().map(|at| self.eval(at, state));
                let end = end.as_ref().map(|at| self.eval(at, state));
                self.slice(&object, start.as_ref(), end.as_ref(), state)
            }
            ExprKind::Call(call) => self.eval_call(expr, call, state),
            ExprKind::Concat(parts) => self.eval_concat(parts, state),
            ExprKind::Template(parts) => {
                let mut pieces = Vec::new();
                for part in parts {
                    let value = self.eval(part, state);
                    pieces.extend(self.as_text(&value, state).pieces());
                }
                Value::text(pieces)
            }
            ExprKind::Binary(op, left, right) => {
                let left = self.eval(left, state);
                let right = self.eval(right, state);
                self.binary(*op, &left, &right, state)
            }
            ExprKind::Compare(op, left, right) => {
                let left = self.eval(left, state);
                let right = self.eval(right, state);
                match self.compare(*op, &left, &right, state) {
                    Some(known) => Value::bool(known),
                    None => Value::number(),
                }
            }
            ExprKind::And(_) | ExprKind::Or(_) => self.eval_logic(expr, state),
            ExprKind::Not(inner) => {
                let value = self.eval(inner, state);
                match self.truth(&value, state) {
                    Some(known) => Value::bool(!known),
                    None => Value::number(),
                }
            }
            ExprKind::Conditional(parts) => {
                let [test, then, otherwise] = &**parts;
                let (mut yes, mut no) = self.branch(test, std::mem::take(state));
                let first = (!yes.dead).then(|| self.eval(then, &mut yes));
                let second = (!no.dead).then(|| self.eval(otherwise, &mut no));
                yes.join(no);
                *state = yes;
                join_known(first, second).unwrap_or_default()
            }
            ExprKind::List(kind, items) => self.eval_list(*kind, items, state),
            ExprKind::Dict(entries) => self.eval_dict(entries, state),
            ExprKind::Typed(inner, name) => self.eval_typed(inner, name, state),
            ExprKind::Spread(inner) | ExprKind::Await(inner) => self.eval(inner, state),
            ExprKind::Comprehension(comprehension) => self.eval_comprehension(comprehension, state),
            ExprKind::Lambda(function) => self.eval_lambda(function, state),
            ExprKind::Assign(target, value) => {
                let value = self.eval(value, state);
                self.assign(target, value.clone(), state);
                value
            }
            ExprKind::Yield(value) => {
                if let Some(value) = value {
                    let value = self.eval(value, state);
                    let taints = state.heap.taints(&value);
                    self.frame.yielded = self.frame.yielded.join(&taints);
                }
                Value::unknown()
            }
            ExprKind::Opaque(operands) => {
                let mut taints = Taints::default();
                for operand in operands {
                    let value = self.eval(operand, state);
                    taints = taints.join(&state.heap.taints(&value));
                }
                Value::tainted(taints)
            }
        }
    }

    fn eval_lambda(&mut self, function: &'a Function, state: &State<'a>) -> Value<'a> {
        let closure = Rc::new(Closure {
            function,
            module: self.frame.module,
            outer: self.scope_of(state),
            class: self.frame.class.clone(),
            receiver: None,
        });
        self.note_lambda(&closure);
        Value::of(Shape::Function(closure))
    }

    /// The names that a function defined here sees.
    pub(super) fn scope_of(&self, state: &State<'a>) -> Option<Rc<super::value::Outer<'a>>> {
        if self.frame.is_module {
            return None;
        }
        Some(Rc::new(super::value::Outer {
            vars: state.vars.clone(),
            outer: self.frame.outer.clone(),
        }))
    }

    /// What the catalogue says of a path: data that came in, or a constant.
    fn with_source(&mut self, value: Value<'a>, expr: &'a Expr) -> Value<'a> {
        let Shape::Path(path) = &value.shape else {
            return value;
        };
        if !value.taints.is_empty() {
            return value;
        }
        // The path of a route without parameters is known.
        let is_fixed = self
            .frame
            .route
            .as_ref()
            .is_some_and(|route| route.has_fixed_path);
        if is_fixed && path.ends_with("request.path") {
            return value;
        }
        let Some((tier, what)) = self.profile.source(path) else {
            return value;
        };
        let taints = self.source(tier, expr.span, || what.to_owned());
        Value { taints, ..value }
    }

    fn eval_attribute(
        &mut self,
        expr: &'a Expr,
        object: &'a Expr,
        name: &'a Name,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let object_value = self.eval(object, state);
        let value = self.attribute(&object_value, name, state);
        if let Shape::Unknown = value.shape
            && value.taints.is_empty()
            && self.is_own_instance(&object_value, state)
        {
            let taints = self.source(Tier::Unknown, expr.span, || {
                format!("`{name}` of the object, which anything may have set")
            });
            return Value::tainted(taints);
        }
        self.with_source(value, expr)
    }

    fn is_own_instance(&self, value: &Value<'a>, state: &State<'a>) -> bool {
        match value.shape {
            Shape::Object(id) => matches!(
                state.heap.get(id),
                Some(Object::Instance { class: Some(_), .. } | Object::Instance { path: None, .. })
            ),
            _ => false,
        }
    }

    /// An attribute of a value.
    pub(super) fn attribute(
        &mut self,
        object: &Value<'a>,
        name: &'a str,
        state: &mut State<'a>,
    ) -> Value<'a> {
        match &object.shape {
            Shape::Path(path) => {
                if &**path == "this" && self.is_script() {
                    let taints = self.kept_field(name);
                    let path = longer(path, name, "");
                    return Value {
                        shape: Shape::Path(path),
                        taints,
                    };
                }
                let path = longer(path, name, "");
                let taints = if self.profile.is_harmless_attribute(name) {
                    Taints::default()
                } else {
                    object.taints.clone()
                };
                if taints.is_empty()
                    && let Some(module) = self.program.module_named(self.frame.module, &path)
                {
                    return Value::of(Shape::Module(module));
                }
                Value {
                    shape: Shape::Path(path),
                    taints,
                }
            }
            Shape::Module(module) => {
                let module = *module;
                self.member_of_module(module, name, state)
            }
            Shape::Object(id) => self.field(object, *id, name, state),
            Shape::Class(class) => {
                let class = Rc::clone(class);
                self.member_of_class(&class, name, None).unwrap_or_else(|| {
                    class.bases.first().map_or_else(Value::unknown, |base| {
                        Value::of(Shape::Path(longer(base, name, "")))
                    })
                })
            }
            Shape::Const(_)
            | Shape::Text(_)
            | Shape::Number
            | Shape::Function(_)
            | Shape::Method(_) => Value::tainted(object.taints.clone()),
            Shape::Unknown => {
                if self.profile.is_harmless_attribute(name) {
                    return Value::unknown();
                }
                Value::tainted(object.taints.clone())
            }
        }
    }

    pub(super) fn member_of_module(
        &mut self,
        module: usize,
        name: &'a str,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let env = self.module_env(module);
        if let Some(value) = env.vars.get(name) {
            return self.adopt(value, &env.heap, &mut state.heap);
        }
        if self.is_script() {
            // A module is what it exports as a whole, too.
            return match env.vars.get("default") {
                Some(whole) if name != "default" => {
                    let whole = self.adopt(whole, &env.heap, &mut state.heap);
                    match whole.shape {
                        Shape::Module(_) => Value::unknown(),
                        _ => self.attribute(&whole, name, state),
                    }
                }
                _ => Value::unknown(),
            };
        }
        let path = format!("{}.{name}", self.program.module(module).name);
        if let Some(inner) = self.program.module_named(module, &path) {
            return Value::of(Shape::Module(inner));
        }
        Value::path(&path)
    }

    fn eval_concat(&mut self, parts: &'a [Expr], state: &mut State<'a>) -> Value<'a> {
        let mut values = parts.iter();
        let Some(first) = values.next() else {
            return Value::unknown();
        };
        let mut sum = self.eval(first, state);
        for part in values {
            let more = self.eval(part, state);
            sum = self.add(&sum, &more, state);
        }
        sum
    }

    /// `a and b`, `a or b` as values.
    fn eval_logic(&mut self, expr: &'a Expr, state: &mut State<'a>) -> Value<'a> {
        let (parts, ends_on) = match &expr.kind {
            ExprKind::And(parts) => (parts, false),
            ExprKind::Or(parts) => (parts, true),
            _ => return Value::unknown(),
        };
        let mut result: Option<Value<'a>> = None;
        let mut fallback: Option<Value<'a>> = None;
        let mut done = State::unreachable();
        for (at, part) in parts.iter().enumerate() {
            let value = self.eval(part, state);
            let truth = self.truth(&value, state);
            let last = at + 1 == parts.len();
            if last && ends_on {
                fallback = Some(value.clone());
            }
            if last || truth != Some(!ends_on) {
                result = join_known(result, Some(value));
            }
            if last || truth == Some(ends_on) {
                break;
            }
            // What follows is done only where this part let it.
            let mut ended = state.clone();
            self.refine(part, ends_on, &mut ended);
            done.join(ended);
            self.refine(part, !ends_on, state);
        }
        state.join(done);
        // `options.fs || fs`: what is there where nobody passed another.
        if self.is_script()
            && let (Some(value), Some(last)) = (&mut result, fallback)
            && matches!(value.shape, Shape::Unknown)
            && matches!(
                last.shape,
                Shape::Path(_)
                    | Shape::Function(_)
                    | Shape::Module(_)
                    | Shape::Const(Const::Regex(_))
            )
        {
            value.shape = last.shape;
        }
        result.unwrap_or_default()
    }

    fn eval_list(
        &mut self,
        _kind: ListKind,
        items: &'a [Expr],
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut known = Vec::new();
        let mut rest: Option<Value<'a>> = None;
        for item in items {
            let value = self.eval(item, state);
            if let ExprKind::Spread(_) = item.kind {
                let inner = self.item_of(&value, state);
                rest = join_known(rest, Some(inner));
            } else if rest.is_none() && known.len() < MAX_ITEMS {
                known.push(value);
            } else {
                rest = join_known(rest, Some(value));
            }
        }
        self.alloc(Object::List { items: known, rest }, state)
    }

    fn eval_dict(
        &mut self,
        entries: &'a [(Option<Expr>, Expr)],
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut known: Vec<(Const, Value<'a>)> = Vec::new();
        let mut rest: Option<Value<'a>> = None;
        for (key, value) in entries {
            let key = key.as_ref().map(|key| self.eval(key, state));
            let value_of = self.eval(value, state);
            match key.map(|key| key.shape) {
                Some(Shape::Const(key)) if known.len() < MAX_ITEMS => {
                    self.check_entry(&key, value, &value_of);
                    known.retain(|(each, _)| *each != key);
                    known.push((key, value_of));
                }
                _ => {
                    let inner = Value::tainted(state.heap.taints(&value_of));
                    rest = join_known(rest, Some(inner));
                }
            }
        }
        self.alloc(
            Object::Map {
                entries: known,
                rest,
            },
            state,
        )
    }

    fn eval_comprehension(
        &mut self,
        comprehension: &'a Comprehension,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut inside = state.clone();
        for clause in &comprehension.clauses {
            let over = self.eval(&clause.iterable, &mut inside);
            let item = self.item_of(&over, &mut inside);
            self.assign(&clause.target, item, &mut inside);
            for test in &clause.tests {
                let (yes, _) = self.branch(test, inside);
                inside = yes;
            }
            if inside.dead {
                return self.alloc(
                    Object::List {
                        items: Vec::new(),
                        rest: None,
                    },
                    state,
                );
            }
        }
        if let Some(key) = &comprehension.key {
            self.eval(key, &mut inside);
        }
        let element = self.eval(&comprehension.element, &mut inside);
        let element = match element.shape {
            Shape::Object(_) => Value::tainted(inside.heap.taints(&element)),
            _ => element,
        };
        let object = match comprehension.key {
            Some(_) => Object::Map {
                entries: Vec::new(),
                rest: Some(element),
            },
            None => Object::List {
                items: Vec::new(),
                rest: Some(element),
            },
        };
        self.alloc(object, state)
    }

    pub(super) fn eval_call(
        &mut self,
        expr: &'a Expr,
        call: &'a Call,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let value = self.call(expr, call, state);
        self.with_source(value, expr)
    }
}

/// A path with one more name.
pub(super) fn longer(path: &str, name: &str, after: &str) -> Rc<str> {
    if path.len() + name.len() > MAX_PATH {
        return name.into();
    }
    match (path, name) {
        (path, "") => format!("{path}{after}").into(),
        (path, name) => format!("{path}.{name}{after}").into(),
    }
}

/// What is known where it is either, if there is any.
pub(super) fn join_known<'a>(a: Option<Value<'a>>, b: Option<Value<'a>>) -> Option<Value<'a>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.join(&b)),
        (one, other) => one.or(other),
    }
}
