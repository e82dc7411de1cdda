//! Statements.

use std::rc::Rc;

use crate::taint::ir::{
    Arm, BinaryOp, Class, Const, Expr, ExprKind, Function, Handler, Import, Pattern, Span, Stmt,
    StmtKind,
};

use super::interp::{Interp, Loop};
use super::state::State;
use super::value::{ClassValue, Closure, Object, Shape, Taints, Value};

/// How often the body of a loop is gone through: what one round leaves may
/// matter to the next.
const ROUNDS: usize = 2;

impl<'a> Interp<'a> {
    pub(super) fn exec_all(&mut self, body: &'a [Stmt], state: &mut State<'a>) {
        for stmt in body {
            if state.dead {
                // What is defined after a return is still there to be called.
                if let StmtKind::Function(_) | StmtKind::Class(_) = stmt.kind {
                    let mut aside = State::default();
                    self.exec(stmt, &mut aside);
                }
                continue;
            }
            self.exec(stmt, state);
        }
    }

    fn exec(&mut self, stmt: &'a Stmt, state: &mut State<'a>) {
        if !self.descend() {
            return;
        }
        self.exec_kind(stmt, state);
        self.ascend();
    }

    fn exec_kind(&mut self, stmt: &'a Stmt, state: &mut State<'a>) {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.eval(expr, state);
                self.keep_refined(expr, state);
            }
            StmtKind::Assign { target, op, value } => self.exec_assign(target, *op, value, state),
            StmtKind::Return(value) => self.exec_return(value.as_ref(), stmt.span, state),
            StmtKind::Raise(value) => {
                if let Some(value) = value {
                    self.eval(value, state);
                }
                let end = state.end();
                self.frame.raised.push(end);
            }
            StmtKind::Break => {
                let end = state.end();
                if let Some(inner) = self.frame.loops.last_mut() {
                    inner.breaks.join(end);
                }
            }
            StmtKind::Continue => {
                let end = state.end();
                if let Some(inner) = self.frame.loops.last_mut() {
                    inner.continues.join(end);
                }
            }
            StmtKind::If {
                test,
                then,
                otherwise,
            } => {
                let (mut yes, mut no) = self.branch(test, std::mem::take(state));
                self.exec_all(then, &mut yes);
                self.exec_all(otherwise, &mut no);
                yes.join(no);
                *state = yes;
            }
            StmtKind::For {
                target,
                iterable,
                body,
                otherwise,
            } => {
                let over = self.eval(iterable, state);
                let item = self.item_of(&over, state);
                self.exec_loop(Some(&(target, item)), None, body, otherwise, state);
            }
            StmtKind::While {
                test,
                body,
                otherwise,
            } => {
                self.exec_loop(None, Some(test), body, otherwise, state);
            }
            StmtKind::Match { subject, arms } => self.exec_match(subject, arms, state),
            StmtKind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => {
                self.exec_try(body, handlers, otherwise, finally, state);
            }
            StmtKind::With {
                value,
                target,
                body,
            } => {
                let entered = self.eval(value, state);
                if let Some(target) = target {
                    self.assign(target, entered, state);
                }
                self.exec_all(body, state);
            }
            StmtKind::Assert(test) => {
                let (yes, no) = self.branch(test, std::mem::take(state));
                self.frame.raised.push(no);
                *state = yes;
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    self.delete(target, state);
                }
            }
            StmtKind::Function(function) => self.define_function(function, state),
            StmtKind::Class(class) => self.define_class(class, state),
            StmtKind::Import(import) => self.exec_import(import, state),
            StmtKind::Block(body) => self.exec_all(body, state),
        }
    }

    fn exec_return(&mut self, value: Option<&'a Expr>, span: Span, state: &mut State<'a>) {
        let value = match value {
            Some(value) => self.eval(value, state),
            None => Value::constant(Const::None),
        };
        if state.dead {
            return;
        }
        self.check_returned(&value, span, state);
        let end = state.end();
        self.frame.returned.push((value, end));
    }

    fn exec_assign(
        &mut self,
        target: &'a Expr,
        op: Option<BinaryOp>,
        value: &'a Expr,
        state: &mut State<'a>,
    ) {
        let Some(op) = op else {
            let value = self.eval(value, state);
            self.check_literal(target, &value);
            return self.assign(target, value, state);
        };
        let before = self.eval(target, state);
        let more = self.eval(value, state);
        let after = match op {
            BinaryOp::Add => self.add(&before, &more, state),
            op => self.binary(op, &before, &more, state),
        };
        self.assign(target, after, state);
    }

    fn exec_loop(
        &mut self,
        each: Option<&(&'a Expr, Value<'a>)>,
        test: Option<&'a Expr>,
        body: &'a [Stmt],
        otherwise: &'a [Stmt],
        state: &mut State<'a>,
    ) {
        let mut after = State::unreachable();
        let mut breaks = State::unreachable();
        let mut current = std::mem::take(state);
        for _ in 0..ROUNDS {
            let (mut inside, outside) = match test {
                Some(test) => self.branch(test, current),
                None => (current.clone(), current),
            };
            after.join(outside);
            if inside.dead {
                current = State::unreachable();
                break;
            }
            if let Some((target, item)) = each {
                self.assign(target, item.clone(), &mut inside);
            }
            self.frame.loops.push(Loop {
                breaks: State::unreachable(),
                continues: State::unreachable(),
            });
            self.exec_all(body, &mut inside);
            if let Some(ended) = self.frame.loops.pop() {
                inside.join(ended.continues);
                breaks.join(ended.breaks);
            }
            current = inside;
        }
        // `while True` ends by a break alone; any other loop also after a round.
        match test {
            Some(test) if !current.dead => {
                let (_, outside) = self.branch(test, current);
                after.join(outside);
            }
            Some(_) => {}
            None => after.join(current),
        }
        self.exec_all(otherwise, &mut after);
        after.join(breaks);
        *state = after;
    }

    fn exec_match(&mut self, subject: &'a Expr, arms: &'a [Arm], state: &mut State<'a>) {
        let value = self.eval(subject, state);
        let mut after = State::unreachable();
        let mut left = std::mem::take(state);
        let mut falling = State::unreachable();
        for arm in arms {
            let (mut inside, outside) = self.enter_arm(subject, &value, arm, left);
            left = outside;
            inside.join(std::mem::replace(&mut falling, State::unreachable()));
            self.frame.loops.push(Loop {
                breaks: State::unreachable(),
                continues: State::unreachable(),
            });
            self.exec_all(&arm.body, &mut inside);
            let ended = self.frame.loops.pop();
            if let Some(ended) = ended {
                // A `break` leaves a `switch`; a `continue` is the loop's around it.
                if self.profile.break_leaves_match {
                    after.join(ended.breaks);
                } else if let Some(outer) = self.frame.loops.last_mut() {
                    outer.breaks.join(ended.breaks);
                }
                if let Some(outer) = self.frame.loops.last_mut() {
                    outer.continues.join(ended.continues);
                }
            }
            if arm.falls_through {
                falling = inside;
            } else {
                after.join(inside);
            }
        }
        after.join(falling);
        after.join(left);
        *state = after;
    }

    /// What is known inside an arm, and where it does not fit.
    fn enter_arm(
        &mut self,
        subject: &'a Expr,
        value: &Value<'a>,
        arm: &'a Arm,
        left: State<'a>,
    ) -> (State<'a>, State<'a>) {
        let mut inside = State::unreachable();
        let mut left = left;
        for pattern in &arm.patterns {
            match pattern {
                Pattern::Value(expr) => {
                    let other = self.eval(expr, &mut left);
                    let mut fits = left.clone();
                    match self.same(value, &other) {
                        Some(true) => left = State::unreachable(),
                        Some(false) => fits = State::unreachable(),
                        None => self.refine_equal(subject, &other, &mut fits),
                    }
                    inside.join(fits);
                }
                Pattern::Capture(name) => {
                    let mut fits = std::mem::replace(&mut left, State::unreachable());
                    if !fits.dead {
                        fits.vars.insert(name, value.clone());
                    }
                    inside.join(fits);
                }
                Pattern::Shape(names) => {
                    let mut fits = left.clone();
                    let parts = Value::tainted(left.heap.taints(value));
                    for name in names {
                        fits.vars.insert(name, parts.clone());
                    }
                    inside.join(fits);
                }
            }
        }
        if arm.patterns.is_empty() {
            inside.join(std::mem::replace(&mut left, State::unreachable()));
        }
        if let Some(guard) = &arm.guard
            && !inside.dead
        {
            let (yes, no) = self.branch(guard, inside);
            left.join(no);
            inside = yes;
        }
        (inside, left)
    }

    fn exec_try(
        &mut self,
        body: &'a [Stmt],
        handlers: &'a [Handler],
        otherwise: &'a [Stmt],
        finally: &'a [Stmt],
        state: &mut State<'a>,
    ) {
        let before = state.clone();
        let raised_outside = std::mem::take(&mut self.frame.raised);
        self.exec_all(body, state);
        let raised = std::mem::replace(&mut self.frame.raised, raised_outside);
        // It may fail at its first step, at its last and where it raises.
        let mut failed = before;
        if !state.dead {
            failed.join(state.clone());
        }
        for end in raised {
            failed.join(end);
        }
        if !state.dead {
            self.exec_all(otherwise, state);
        }
        if handlers.is_empty() {
            self.frame.raised.push(failed.clone());
        }
        for handler in handlers {
            let mut inside = failed.clone();
            if let Some(name) = &handler.name {
                let path = handler
                    .types
                    .as_ref()
                    .map(|types| self.eval(types, &mut inside));
                let error = self.error_value(path.as_ref());
                inside.vars.insert(name, error);
            }
            self.exec_all(&handler.body, &mut inside);
            state.join(inside);
        }
        if state.dead {
            // What is done at the end is done, and nothing follows.
            let mut last = failed;
            self.exec_all(finally, &mut last);
        } else {
            self.exec_all(finally, state);
        }
    }

    fn error_value(&self, types: Option<&Value<'a>>) -> Value<'a> {
        match types.and_then(Value::as_path) {
            Some(path) => Value::path(&format!("{path}()")),
            None => Value::path("Exception()"),
        }
    }

    fn define_function(&mut self, function: &'a Function, state: &mut State<'a>) {
        for param in &function.params {
            if let Some(default) = &param.default {
                self.check_default(param, default);
            }
        }
        for decorator in &function.decorators {
            self.eval(decorator, state);
        }
        let closure = Rc::new(Closure {
            function,
            module: self.frame.module,
            outer: self.frame.outer.clone(),
            class: None,
            receiver: None,
        });
        self.frame.defined.push(Rc::clone(&closure));
        state
            .vars
            .insert(&function.name, Value::of(Shape::Function(closure)));
    }

    fn define_class(&mut self, class: &'a Class, state: &mut State<'a>) {
        let value = self.class_value(class, state);
        self.frame.classes.push(Rc::clone(&value));
        state
            .vars
            .insert(&class.name, Value::of(Shape::Class(value)));
    }

    /// A class with its bases and what its body binds.
    fn class_value(&mut self, class: &'a Class, state: &mut State<'a>) -> Rc<ClassValue<'a>> {
        let mut bases = Vec::new();
        let mut parents = Vec::new();
        for base in &class.bases {
            match self.eval(base, state).shape {
                Shape::Class(parent) => parents.push(parent),
                Shape::Path(path) => bases.push(path),
                _ => {}
            }
        }
        let mut inside = State {
            vars: std::mem::take(&mut state.vars),
            heap: state.heap.clone(),
            dead: false,
        };
        let mut fields = Vec::new();
        for stmt in &class.body {
            match &stmt.kind {
                StmtKind::Function(_) => {}
                StmtKind::Assign {
                    target,
                    op: None,
                    value,
                } => {
                    let value = self.eval(value, &mut inside);
                    self.check_literal(target, &value);
                    if let ExprKind::Name(name) = &target.kind {
                        if self.profile.types.is_some() {
                            inside.vars.insert(name, value.clone());
                        }
                        fields.push((&**name, value));
                    }
                }
                StmtKind::Class(inner) => {
                    let inner_value = self.class_value(inner, &mut inside);
                    self.frame.classes.push(Rc::clone(&inner_value));
                    fields.push((&*inner.name, Value::of(Shape::Class(inner_value))));
                }
                _ => self.exec(stmt, &mut inside),
            }
        }
        state.vars = inside.vars;
        if self.profile.types.is_some() {
            // Fields are no variables of the module.
            for (name, _) in &fields {
                state.vars.remove(name);
            }
        }
        state.heap = inside.heap;
        Rc::new(ClassValue {
            class,
            module: self.frame.module,
            bases,
            parents,
            fields,
            outer: self.frame.outer.clone(),
        })
    }

    fn exec_import(&mut self, import: &'a Import, state: &mut State<'a>) {
        if import.item.as_deref() == Some("*") {
            if let Some(module) = self.program.resolve(self.frame.module, &import.module) {
                let env = self.module_env(module);
                for (name, value) in &env.vars {
                    let value = self.adopt(value, &env.heap, &mut state.heap);
                    state.vars.entry(name).or_insert(value);
                }
            }
            return;
        }
        let value = self.imported(import, state);
        state.vars.insert(&import.bound, value);
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: Value<'a>, state: &mut State<'a>) {
        match &target.kind {
            ExprKind::Name(name) => {
                let value = self.stepped(value, target.span, || format!("is kept in `{name}`"));
                if let Some(owner) = self.owner_of(name, state) {
                    self.check_set_attribute(target, name, &value);
                    return self.set_field(&owner, name, value, state);
                }
                state.vars.insert(name, value);
            }
            ExprKind::List(_, targets) => {
                for (at, each) in targets.iter().enumerate() {
                    let part = self.element(
                        &value,
                        Some(&Const::Int(i64::try_from(at).unwrap_or(0))),
                        state,
                    );
                    self.assign(each, part, state);
                }
            }
            ExprKind::Spread(inner) => {
                let all = Value::tainted(state.heap.taints(&value));
                self.assign(inner, all, state);
            }
            ExprKind::Attribute(object, name) => {
                let object_value = self.eval(object, state);
                self.check_set_attribute(target, name, &value);
                if self.is_script() {
                    self.check_property(&object_value, name, &value, target.span, state);
                    self.keep_method(object, name, &value);
                    if object_value.as_path() == Some("this") {
                        self.keep_field(name, &state.heap.taints(&value));
                    }
                }
                self.set_field(&object_value, name, value, state);
            }
            ExprKind::Element(object, index) => {
                let object_value = self.eval(object, state);
                let key = self.eval(index, state);
                self.check_set_element(target.span, object, &object_value, &key, &value, state);
                self.set_element(object, &object_value, &key, value, state);
            }
            ExprKind::Slice(object, ..) => {
                let object_value = self.eval(object, state);
                self.spill(&object_value, &state.heap.taints(&value), state);
            }
            _ => {}
        }
    }

    fn delete(&mut self, target: &'a Expr, state: &mut State<'a>) {
        match &target.kind {
            ExprKind::Name(name) => {
                state.vars.remove(&**name);
            }
            ExprKind::Element(object, index) => {
                let object = self.eval(object, state);
                let key = self.eval(index, state);
                if let (Shape::Object(id), Shape::Const(key)) = (object.shape, key.shape)
                    && let Some(Object::Map { entries, .. }) = state.heap.get_mut(id)
                {
                    entries.retain(|(each, _)| *each != key);
                }
            }
            _ => {}
        }
    }

    /// Data of these gets somewhere into an object.
    pub(super) fn spill(&mut self, object: &Value<'a>, taints: &Taints, state: &mut State<'a>) {
        let Shape::Object(id) = object.shape else {
            return;
        };
        let more = Value::tainted(taints.clone());
        match state.heap.get_mut(id) {
            Some(Object::List { rest, .. } | Object::Map { rest, .. }) => {
                *rest = Some(
                    rest.as_ref()
                        .map_or_else(|| more.clone(), |rest| rest.join(&more)),
                );
            }
            Some(Object::Instance { fields, .. }) => {
                match fields.iter_mut().find(|(name, _)| &**name == "*") {
                    Some((_, value)) => *value = value.join(&more),
                    None => fields.push(("*".into(), more)),
                }
            }
            None => {}
        }
    }
}
