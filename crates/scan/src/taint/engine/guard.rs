//! Checks: what is known of a value where a condition holds, or does not.

use crate::taint::ir::{Call, CompareOp, Const, Expr, ExprKind};
use crate::taint::kind::{Kind, Kinds};

use super::interp::Interp;
use super::regex_text;
use super::state::State;
use super::value::{Closure, Object, Shape, Value};
use crate::taint::visit::last_name;

/// What the last call of a function of the project said of an argument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<'a> {
    pub arg: &'a Expr,
    /// What it is safe for where the call gave something true.
    pub yes: Kinds,
    /// Where it gave something false.
    pub no: Kinds,
    /// Where it came back at all.
    pub any: Kinds,
}

impl<'a> Interp<'a> {
    /// What is known where a condition holds, and where it does not.
    pub(super) fn branch(&mut self, test: &'a Expr, state: State<'a>) -> (State<'a>, State<'a>) {
        let mut state = state;
        if state.dead {
            return (State::unreachable(), State::unreachable());
        }
        match &test.kind {
            ExprKind::Not(inner) => {
                let (yes, no) = self.branch(inner, state);
                (no, yes)
            }
            ExprKind::And(parts) => {
                let mut no = State::unreachable();
                for part in parts {
                    let (yes, not) = self.branch(part, state);
                    no.join(not);
                    state = yes;
                }
                (state, no)
            }
            ExprKind::Or(parts) => {
                let mut yes = State::unreachable();
                for part in parts {
                    let (fits, not) = self.branch(part, state);
                    yes.join(fits);
                    state = not;
                }
                (yes, state)
            }
            _ => {
                let value = self.eval(test, &mut state);
                match self.truth(&value, &state) {
                    Some(true) => (state, State::unreachable()),
                    Some(false) => (State::unreachable(), state),
                    None => {
                        let mut yes = state.clone();
                        self.refine(test, true, &mut yes);
                        self.refine(test, false, &mut state);
                        (yes, state)
                    }
                }
            }
        }
    }

    /// Takes what a condition says into account.
    pub(super) fn refine(&mut self, test: &'a Expr, holds: bool, state: &mut State<'a>) {
        if state.dead {
            return;
        }
        match &test.kind {
            ExprKind::Not(inner) => self.refine(inner, !holds, state),
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let all = matches!(test.kind, ExprKind::And(_)) == holds;
                if all {
                    for part in parts {
                        self.refine(part, holds, state);
                    }
                } else {
                    let mut any = State::unreachable();
                    for part in parts {
                        let mut one = state.clone();
                        self.refine(part, holds, &mut one);
                        any.join(one);
                    }
                    *state = any;
                }
            }
            ExprKind::Compare(op, left, right) => {
                self.refine_compare(*op, left, right, holds, state);
            }
            ExprKind::Call(call) => self.refine_call(test, call, holds, state),
            ExprKind::Assign(_, value) | ExprKind::Await(value) | ExprKind::Typed(value, _) => {
                self.refine(value, holds, state);
            }
            _ => {}
        }
    }

    fn refine_compare(
        &mut self,
        op: CompareOp,
        left: &'a Expr,
        right: &'a Expr,
        holds: bool,
        state: &mut State<'a>,
    ) {
        if self.is_script() {
            self.refine_index(op, left, right, holds, state);
        }
        match (op, holds) {
            (CompareOp::Equal | CompareOp::Is, true)
            | (CompareOp::NotEqual | CompareOp::IsNot, false) => {
                let (a, b) = (self.peek(left, state), self.peek(right, state));
                if b.taints.is_empty() && !matches!(b.shape, Shape::Object(_)) {
                    self.equal_to(left, &b, state);
                }
                if a.taints.is_empty() && !matches!(a.shape, Shape::Object(_)) {
                    self.equal_to(right, &a, state);
                }
            }
            (CompareOp::In, true) | (CompareOp::NotIn, false) => {
                let whole = self.peek(right, state);
                if state.heap.taints(&whole).is_empty() {
                    self.make_safe(left, Kinds::ALL, state);
                }
            }
            (CompareOp::In, false) | (CompareOp::NotIn, true) => {
                let part = self.peek(left, state);
                if let Some(text) = part.as_str() {
                    self.make_safe(right, rejected(text), state);
                }
            }
            _ => {}
        }
    }

    /// A value is the same as one that no stranger chose.
    fn equal_to(&mut self, expr: &'a Expr, other: &Value<'a>, state: &mut State<'a>) {
        if matches!(
            other.shape,
            Shape::Const(Const::None | Const::Bool(_) | Const::Int(_))
        ) {
            // `x.find("..") == -1`, `len(x) == 3`: about something else.
            if let ExprKind::Call(call) = &expr.kind {
                let name = last_name(&call.callee).unwrap_or_default();
                if matches!(name, "find" | "count" | "indexOf")
                    && let ExprKind::Attribute(object, _) = &call.callee.kind
                    && let Some(text) = call.args.first().and_then(|arg| arg.value.as_str())
                {
                    self.make_safe(object, rejected(text), state);
                }
                return;
            }
        }
        self.make_safe(expr, Kinds::ALL, state);
    }

    pub(super) fn refine_equal(
        &mut self,
        subject: &'a Expr,
        other: &Value<'a>,
        state: &mut State<'a>,
    ) {
        if other.taints.is_empty() {
            self.make_safe(subject, Kinds::ALL, state);
        }
    }

    fn refine_call(&mut self, test: &'a Expr, call: &'a Call, holds: bool, state: &mut State<'a>) {
        if let Some(outcomes) = self.outcomes.get(&std::ptr::from_ref(test)) {
            for outcome in outcomes.clone() {
                let kinds = if holds { outcome.yes } else { outcome.no };
                self.make_safe(outcome.arg, kinds, state);
            }
            return;
        }
        let name = last_name(&call.callee).unwrap_or_default();
        if name == "any" || name == "all" {
            return self.refine_any(name == "any", call, holds, state);
        }
        if regex_text::is_test(name) {
            return self.refine_match(name, call, holds, state);
        }
        if self.refine_java(name, call, holds, state) {
            return;
        }
        if self.is_script()
            && let Some(part) = call.args.first()
        {
            match &call.callee.kind {
                ExprKind::Attribute(object, _) if matches!(name, "includes" | "has") => {
                    return self.refine_found(object, &part.value, holds, state);
                }
                // `~value.indexOf(part)`
                ExprKind::Name(_) if name == "Number" => {
                    if let ExprKind::Call(inner) = &part.value.kind
                        && last_name(&inner.callee) == Some("indexOf")
                        && let (ExprKind::Attribute(object, _), Some(part)) =
                            (&inner.callee.kind, inner.args.first())
                    {
                        self.refine_found(object, &part.value, holds, state);
                    }
                    return;
                }
                _ => {}
            }
        }
        if !holds {
            return;
        }
        let object = match &call.callee.kind {
            ExprKind::Attribute(object, _) => Some(object),
            _ => None,
        };
        if let Some(object) = object {
            if self.profile.is_charset_test(name) && call.args.is_empty() {
                return self.make_safe(object, Kinds::TEXT, state);
            }
            if self.profile.is_prefix_test(name)
                && let Some(arg) = call.args.first()
            {
                return self.refine_prefix(object, &arg.value, state);
            }
            if name == "is_relative_to" {
                return self.make_safe(object, Kinds::of(&[Kind::Path]), state);
            }
        }
        if name == "isinstance" {
            if let [value, types] = call.args.as_slice()
                && self.profile.is_number_type(&types.value)
            {
                self.make_safe(&value.value, Kinds::ALL, state);
            }
            return;
        }
        let kinds = self.profile.guard(name);
        if !kinds.is_empty() {
            for arg in &call.args {
                self.make_safe(&arg.value, kinds, state);
            }
            if let (Some(object), true) = (object, call.args.is_empty()) {
                self.make_safe(object, kinds, state);
            }
        }
    }

    /// `value.startswith(prefix)` holds.
    fn refine_prefix(&mut self, object: &'a Expr, prefix: &'a Expr, state: &mut State<'a>) {
        let prefix = self.peek(prefix, state);
        let value = self.peek(object, state);
        let of_strangers = state
            .heap
            .taints(&prefix)
            .iter()
            .any(|taint| !self.is_script() || self.is_strong(taint));
        if of_strangers {
            return;
        }
        let mut kinds = Kinds::NONE;
        let normalized = value.taints.all_safe(Kinds::NORMALIZED);
        if let Some(text) = prefix.as_str() {
            if super::sink::fixes_host(text) {
                kinds = kinds.or(Kinds::of(&[Kind::Ssrf, Kind::Redirect]));
            }
            if normalized && text.contains('/') {
                kinds = kinds.or(Kinds::of(&[Kind::Path]));
            }
        } else {
            kinds = Kinds::of(&[Kind::Ssrf, Kind::Redirect]);
            if normalized {
                kinds = kinds.or(Kinds::of(&[Kind::Path]));
            }
        }
        self.make_safe(object, kinds, state);
    }

    /// `any(c in value for c in "…")`, `all(c in ALLOWED for c in value)`.
    fn refine_any(&mut self, is_any: bool, call: &'a Call, holds: bool, state: &mut State<'a>) {
        let Some(ExprKind::Comprehension(each)) = call.args.first().map(|arg| &arg.value.kind)
        else {
            return;
        };
        let Some(clause) = each.clauses.first() else {
            return;
        };
        if is_any && !holds {
            // None of these is in it.
            if let ExprKind::Compare(CompareOp::In, part, whole) = &each.element.kind
                && last_name(part) == last_name(&clause.target)
            {
                let bad = self.peek(&clause.iterable, state);
                let kinds = self
                    .constants(&bad, state)
                    .iter()
                    .fold(Kinds::NONE, |all, text| all.or(rejected(text)));
                self.make_safe(whole, kinds, state);
            }
        }
        if !is_any && holds {
            let inner = match &each.element.kind {
                ExprKind::Compare(CompareOp::In, part, whole)
                    if last_name(part) == last_name(&clause.target) =>
                {
                    let allowed = self.peek(whole, state);
                    state.heap.taints(&allowed).is_empty()
                }
                ExprKind::Call(call) => {
                    last_name(&call.callee).is_some_and(|name| self.profile.is_charset_test(name))
                }
                _ => false,
            };
            if inner {
                self.make_safe(&clause.iterable, Kinds::ALL, state);
            }
        }
    }

    /// The constant texts in a list, or the characters of a text.
    fn constants(&self, value: &Value<'a>, state: &State<'a>) -> Vec<String> {
        if let Some(text) = value.as_str() {
            return text.chars().map(String::from).collect();
        }
        match value.shape {
            Shape::Object(id) => match state.heap.get(id) {
                Some(Object::List { items, .. }) => items
                    .iter()
                    .filter_map(|item| item.as_str().map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// `re.match(pattern, value)`, `pattern.match(value)`.
    fn refine_match(&mut self, name: &str, call: &'a Call, holds: bool, state: &mut State<'a>) {
        let ExprKind::Attribute(object, _) = &call.callee.kind else {
            return;
        };
        let object_value = self.peek(object, state);
        if self.is_script() {
            return self.refine_literal(&object_value, object, call, holds, state);
        }
        let (pattern, subject) = match (call.args.as_slice(), &object_value.shape) {
            ([pattern, subject, ..], Shape::Path(_)) => {
                (self.peek(&pattern.value, state), &subject.value)
            }
            ([subject, ..], Shape::Object(id)) => {
                let id = *id;
                (
                    self.field(&object_value, id, "pattern", state),
                    &subject.value,
                )
            }
            ([subject], _) => (object_value, &subject.value),
            _ => return,
        };
        let kinds = match pattern.as_str() {
            Some(text) => regex_text::allows(name, text, holds),
            None if holds && pattern.taints.is_empty() => Kinds::ALL,
            None => Kinds::NONE,
        };
        self.make_safe(subject, kinds, state);
    }

    /// `/…/.test(value)`, `value.match(/…/)`.
    fn refine_literal(
        &mut self,
        object_value: &Value<'a>,
        object: &'a Expr,
        call: &'a Call,
        holds: bool,
        state: &mut State<'a>,
    ) {
        let Some(first) = call.args.first() else {
            return;
        };
        let argument = self.peek(&first.value, state);
        let (pattern, subject) = match (&object_value.shape, &argument.shape) {
            (Shape::Const(Const::Regex(text)), _) => (text.clone(), &first.value),
            (_, Shape::Const(Const::Regex(text))) => (text.clone(), object),
            _ => return,
        };
        // It is not known which of them was used.
        if pattern.contains('\n') {
            return;
        }
        let body = pattern
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'))
            .map_or(&*pattern, |(body, _)| body);
        let kinds = regex_text::allows("search", body, holds);
        self.make_safe(subject, kinds, state);
    }

    /// `value.indexOf(part)` compared with a number, in any of the usual ways.
    fn refine_index(
        &mut self,
        op: CompareOp,
        left: &'a Expr,
        right: &'a Expr,
        holds: bool,
        state: &mut State<'a>,
    ) {
        let ExprKind::Call(call) = &left.kind else {
            return;
        };
        let name = last_name(&call.callee).unwrap_or_default();
        let (ExprKind::Attribute(object, _), Some(part)) = (&call.callee.kind, call.args.first())
        else {
            return;
        };
        let ExprKind::Const(Const::Int(number)) = right.kind else {
            return;
        };
        if !matches!(name, "indexOf" | "search" | "lastIndexOf") {
            return;
        }
        let found = match (op, number) {
            (CompareOp::Equal | CompareOp::Is, -1) | (CompareOp::Less, 0) => !holds,
            (CompareOp::NotEqual | CompareOp::IsNot | CompareOp::Greater, -1)
            | (CompareOp::GreaterEqual, 0) => holds,
            (CompareOp::Equal | CompareOp::Is, 0) if holds => {
                return self.refine_prefix(object, &part.value, state);
            }
            (CompareOp::NotEqual | CompareOp::IsNot, 0) if !holds => {
                return self.refine_prefix(object, &part.value, state);
            }
            _ => return,
        };
        self.refine_found(object, &part.value, found, state);
    }

    /// Something is part of a text or a list, or is not.
    fn refine_found(
        &mut self,
        whole: &'a Expr,
        part: &'a Expr,
        found: bool,
        state: &mut State<'a>,
    ) {
        let (whole_value, part_value) = (self.peek(whole, state), self.peek(part, state));
        if found {
            let fixed = state.heap.taints(&whole_value).is_empty();
            let known = matches!(whole_value.shape, Shape::Object(_) | Shape::Const(_));
            if fixed && (known || matches!(whole.kind, ExprKind::List(..))) {
                self.make_safe(part, Kinds::ALL, state);
            }
        } else if let Some(text) = part_value.as_str() {
            self.make_safe(whole, rejected(text), state);
        }
    }

    /// Marks what an expression names as safe for these.
    pub(super) fn make_safe(&mut self, expr: &'a Expr, kinds: Kinds, state: &mut State<'a>) {
        if kinds.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some(value) = state.vars.get(&**name) {
                    let safer = value.safer(kinds);
                    state.vars.insert(name, safer);
                } else {
                    let value = self.lookup(name, state);
                    if !value.taints.is_empty() {
                        state.vars.insert(name, value.safer(kinds));
                    }
                }
            }
            ExprKind::Attribute(object, name) => {
                let value = self.peek(object, state);
                if let Shape::Object(id) = value.shape {
                    let field = self.field(&value, id, name, state);
                    self.set_field(&value, name, field.safer(kinds), state);
                } else if self.profile.is_host_part(name) {
                    // A check of the host is one of the address it came from.
                    let hosts = kinds.and(Kinds::of(&[Kind::Ssrf, Kind::Redirect]));
                    self.make_sources_safe(&value, hosts, state);
                } else if !value.taints.is_empty() {
                    self.make_safe(object, kinds.and(Kinds::of(&[Kind::Path])), state);
                }
            }
            ExprKind::Element(object, index) => {
                let (object_value, key) = (self.peek(object, state), self.peek(index, state));
                if let Shape::Object(_) = object_value.shape {
                    let element = self.eval_element(&object_value, &key, state);
                    self.set_element(object, &object_value, &key, element.safer(kinds), state);
                } else {
                    // One part of it was looked at: `parts[0] in ALLOWED`.
                    self.make_safe(object, Kinds::NONE, state);
                }
            }
            ExprKind::Slice(object, ..) => self.make_safe(
                object,
                kinds.and(Kinds::QUOTES.or(Kinds::of(&[Kind::Code]))),
                state,
            ),
            ExprKind::Call(call) => self.make_call_safe(call, kinds, state),
            ExprKind::Assign(target, _) => self.make_safe(target, kinds, state),
            ExprKind::Await(inner) | ExprKind::Typed(inner, _) => {
                self.make_safe(inner, kinds, state);
            }
            ExprKind::List(_, items) => items
                .iter()
                .for_each(|item| self.make_safe(item, kinds, state)),
            _ => {}
        }
    }

    /// `value.lower()`, `os.path.realpath(value)`: what was checked is the value.
    fn make_call_safe(&mut self, call: &'a Call, kinds: Kinds, state: &mut State<'a>) {
        let name = last_name(&call.callee).unwrap_or_default();
        if matches!(name, "len" | "type" | "count" | "index") {
            return;
        }
        if self.profile.is_host_part(name) {
            let value = self.peek_args(call, state);
            return self.make_sources_safe(
                &value,
                kinds.and(Kinds::of(&[Kind::Ssrf, Kind::Redirect])),
                state,
            );
        }
        if let ExprKind::Attribute(object, _) = &call.callee.kind {
            let object_value = self.peek(object, state);
            if !object_value.taints.is_empty() {
                return self.make_safe(object, kinds, state);
            }
        }
        for arg in &call.args {
            self.make_safe(&arg.value, kinds, state);
        }
    }

    fn peek_args(&mut self, call: &'a Call, state: &mut State<'a>) -> Value<'a> {
        let mut all = Value::unknown();
        for arg in &call.args {
            let value = self.peek(&arg.value, state);
            all.taints = all.taints.join(&value.taints);
        }
        all
    }

    /// Marks data of the same sources, wherever it is.
    fn make_sources_safe(&mut self, value: &Value<'a>, kinds: Kinds, state: &mut State<'a>) {
        if kinds.is_empty() || value.taints.is_empty() {
            return;
        }
        let is_of_them = |number: u32| value.taints.iter().any(|taint| taint.source == number);
        for each in state.vars.values_mut() {
            if each.taints.iter().any(|taint| is_of_them(taint.source)) {
                *each = each.with_taints(|taints| {
                    taints.map(|taint| {
                        let safe = if is_of_them(taint.source) {
                            taint.safe.or(kinds)
                        } else {
                            taint.safe
                        };
                        super::value::Taint { safe, ..taint }
                    })
                });
            }
        }
    }

    /// The value of an expression, looked at once more for a check. What it
    /// does is done on a copy.
    pub(super) fn peek(&mut self, expr: &'a Expr, state: &State<'a>) -> Value<'a> {
        match &expr.kind {
            ExprKind::Const(constant) => Value::constant(constant.clone()),
            ExprKind::Name(name) if state.vars.contains_key(&**name) => state.vars[&**name].clone(),
            _ => {
                let mut aside = state.clone();
                let value = self.eval(expr, &mut aside);
                match value.shape {
                    // It may be in the copy's heap alone.
                    Shape::Object(id) if state.heap.get(id).is_none() => {
                        Value::tainted(aside.heap.taints(&value))
                    }
                    _ => value,
                }
            }
        }
    }

    /// A call that stands by itself came back: what it checked holds.
    pub(super) fn keep_refined(&mut self, expr: &'a Expr, state: &mut State<'a>) {
        let expr = match &expr.kind {
            ExprKind::Await(inner) => inner,
            _ => expr,
        };
        if let Some(outcomes) = self.outcomes.get(&std::ptr::from_ref(expr)) {
            for outcome in outcomes.clone() {
                self.make_safe(outcome.arg, outcome.any, state);
            }
            return;
        }
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let kinds = self
            .profile
            .raising_guard(last_name(&call.callee).unwrap_or_default());
        if !kinds.is_empty() {
            for arg in &call.args {
                self.make_safe(&arg.value, kinds, state);
            }
        }
    }

    /// Notes what a function that came back says of its arguments.
    pub(super) fn remember_outcome(
        &mut self,
        closure: &Closure<'a>,
        returned: &[(Value<'a>, State<'a>)],
        call: &'a Call,
        expr: &'a Expr,
    ) {
        let skipped = usize::from(
            closure.receiver.is_some()
                && closure.class.is_some()
                && closure.function.receiver.is_none(),
        );
        let params = closure.function.params.iter().skip(skipped);
        let mut outcomes = Vec::new();
        for (param, arg) in params.zip(&call.args) {
            let mut outcome = Outcome {
                arg: &arg.value,
                yes: Kinds::ALL,
                no: Kinds::ALL,
                any: Kinds::ALL,
            };
            for (value, end) in returned {
                let safe = end
                    .vars
                    .get(&*param.name)
                    .map_or(Kinds::NONE, |value| common(value, expr, self));
                let truth = self.truth(value, end);
                outcome.any = outcome.any.and(safe);
                if truth != Some(false) {
                    outcome.yes = outcome.yes.and(safe);
                }
                if truth != Some(true) {
                    outcome.no = outcome.no.and(safe);
                }
            }
            if !returned.is_empty() {
                outcomes.push(outcome);
            }
        }
        self.outcomes.insert(std::ptr::from_ref(expr), outcomes);
    }
}

/// What a parameter is safe for, if it is still what was passed.
fn common(value: &Value<'_>, expr: &Expr, interp: &Interp<'_>) -> Kinds {
    let mut all = Kinds::ALL;
    for taint in value.taints.iter() {
        let passed = interp
            .steps
            .get(taint.step as usize)
            .is_some_and(|step| step.line == expr.span.line);
        if !passed {
            return Kinds::NONE;
        }
        all = all.and(taint.safe);
    }
    if value.taints.is_empty() {
        Kinds::NONE
    } else {
        all
    }
}

/// What a value cannot do without this text in it.
pub(super) fn rejected(text: &str) -> Kinds {
    let mut kinds = Kinds::NONE;
    let mut add = |more: &[Kind]| kinds = kinds.or(Kinds::of(more));
    match text {
        ".." | "../" | "..\\" | "/.." | "/../" => add(&[Kind::Path]),
        "/" | "\\" => add(&[Kind::Path, Kind::Redirect]),
        "'" => add(&[Kind::Sql, Kind::XPath, Kind::Code]),
        "\"" => add(&[Kind::Code, Kind::XPath]),
        "<" | "<script" => add(&[Kind::Xss, Kind::Xxe]),
        "(" | ")" => add(&[Kind::Ldap, Kind::Code]),
        "*" => add(&[Kind::Ldap]),
        "://" | "//" | ":" => add(&[Kind::Redirect, Kind::Ssrf]),
        "\n" | "\r" | "\r\n" => add(&[Kind::Header]),
        ";" | "&" | "|" | "$" | "`" => add(&[Kind::Command]),
        "{{" | "{" => add(&[Kind::Template]),
        "<!ENTITY" | "<!DOCTYPE" | "!ENTITY" | "ENTITY" => add(&[Kind::Xxe]),
        _ => {}
    }
    kinds
}
