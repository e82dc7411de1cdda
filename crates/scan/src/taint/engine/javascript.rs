//! What JavaScript does in ways of its own: functions that are passed on and
//! called with what a collection holds, modules that are functions, fields of
//! `this`, options as objects.

use std::collections::HashMap;
use std::rc::Rc;

use crate::Confidence;
use crate::taint::catalogue::rules;
use crate::taint::ir::{Call, Const, Expr, ExprKind, Function, Span};
use crate::taint::kind::{Kind, Kinds};
use crate::taint::visit::last_name;

use super::call::{Args, Outside};
use super::interp::{Interp, Tier};
use super::regex::{self, Cost};
use super::state::State;
use super::value::{Closure, Object, Outer, Shape, Taints, Value};

/// Methods that call a function with each item.
const EACH: &[&str] = &[
    "forEach",
    "map",
    "filter",
    "some",
    "every",
    "find",
    "findIndex",
    "flatMap",
    "each",
    "forOwn",
    "forIn",
    "mapSeries",
    "eachSeries",
    "eachLimit",
    "mapValues",
    "tap",
];
/// Methods that call a function with what a promise gives.
const THEN: &[&str] = &["then", "finally", "pipe", "nodeify", "asCallback"];

/// What is known of one program in JavaScript, beside values.
#[derive(Default)]
pub(super) struct Script {
    /// Functions that are passed on: who calls them is not known.
    callbacks: std::collections::BTreeSet<*const Function>,
    /// What functions of a module keep in fields of `this`.
    fields: HashMap<(usize, String), Taints>,
    /// Where expressions stand, by their text.
    places: HashMap<(usize, Box<str>), Span>,
    /// What expressions cost.
    costs: HashMap<Box<str>, Cost>,
}

/// Methods that functions without a class have: `F.prototype.name = function`.
pub(super) type Methods<'a> = HashMap<(usize, &'a str), Rc<Closure<'a>>>;

impl<'a> Interp<'a> {
    pub(super) fn is_script(&self) -> bool {
        self.profile.lambdas_are_entries
    }

    /// A function without a name may be called by others, unless it is passed on.
    pub(super) fn note_lambda(&mut self, closure: &Rc<Closure<'a>>) {
        let known = self
            .frame
            .defined
            .iter()
            .any(|each| std::ptr::eq(each.function, closure.function));
        if self.is_script() && !known {
            self.frame.defined.push(Rc::clone(closure));
        }
    }

    /// Notes that functions are passed on.
    pub(super) fn note_callbacks(&mut self, args: &Args<'a>) {
        for value in args.all() {
            if let Shape::Function(closure) = &value.shape {
                let function = std::ptr::from_ref(closure.function);
                self.script.callbacks.insert(function);
            }
        }
    }

    pub(super) fn is_callback(&self, function: &Function) -> bool {
        self.script
            .callbacks
            .contains(&std::ptr::from_ref(function))
    }

    /// Where an expression on text stands.
    pub(super) fn note_expression(&mut self, constant: &Const, span: Span) {
        if let Const::Regex(text) = constant {
            let place = (self.frame.module, text.clone());
            self.script.places.entry(place).or_insert(span);
        }
    }

    /// `this.name = value` in a function that is no method of a class.
    pub(super) fn keep_field(&mut self, name: &str, taints: &Taints) {
        if taints.is_empty() {
            return;
        }
        let place = (self.frame.module, name.to_owned());
        let kept = self.script.fields.entry(place).or_default();
        *kept = kept.join(taints);
    }

    pub(super) fn kept_field(&self, name: &str) -> Taints {
        let place = (self.frame.module, name.to_owned());
        self.script.fields.get(&place).cloned().unwrap_or_default()
    }

    /// `F.prototype.name = function (…) { … }`
    pub(super) fn keep_method(&mut self, object: &Expr, name: &'a str, value: &Value<'a>) {
        if let (ExprKind::Attribute(_, owner), Shape::Function(closure)) =
            (&object.kind, &value.shape)
            && &**owner == "prototype"
        {
            let place = (self.frame.module, name);
            self.methods.insert(place, Rc::clone(closure));
        }
    }

    /// A call that is JavaScript's own; nothing where it is like any other.
    pub(super) fn call_script(
        &mut self,
        callee: &Value<'a>,
        receiver: Option<&Value<'a>>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        self.note_callbacks(args);
        let method = last_name(&call.callee).unwrap_or_default();
        if let Shape::Module(module) = callee.shape {
            // `require("./f")(x)`: the module is what it exports.
            let whole = self.member_of_module(module, "default", state);
            return match whole.shape {
                Shape::Function(closure) => self.inline(&closure, args, call, expr, state),
                Shape::Class(class) => Some(self.construct(&class, args, call, expr, state)),
                _ => None,
            };
        }
        if let Shape::Function(closure) = &callee.shape
            && matches!(call.callee.kind, ExprKind::Lambda(_))
        {
            return self.call_at_once(closure, args, call, expr, state);
        }
        if let Some(Value {
            shape: Shape::Function(closure),
            ..
        }) = receiver
        {
            let closure = Rc::clone(closure);
            return self.call_indirectly(&closure, method, args, call, expr, state);
        }
        if receiver.and_then(Value::as_path) == Some("this")
            && let Some(closure) = self.methods.get(&(self.frame.module, method))
        {
            let closure = Rc::clone(closure);
            return self.inline(&closure, args, call, expr, state);
        }
        self.call_with_items(receiver, method, args, call, expr, state)
    }

    /// `(function () { … })()`: what it defines may be called by others.
    fn call_at_once(
        &mut self,
        closure: &Rc<Closure<'a>>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        self.frame
            .defined
            .retain(|each| !std::ptr::eq(each.function, closure.function));
        self.keep_inner = Some(std::ptr::from_ref(closure.function));
        let value = self.inline(closure, args, call, expr, state);
        self.keep_inner = None;
        if value.is_none() {
            self.frame.defined.push(Rc::clone(closure));
        }
        value
    }

    /// What a function that was called at once has defined, in its own scope.
    pub(super) fn take_over(&mut self, left: &super::interp::Frame<'a>, end: &State<'a>) {
        let outer = Some(Rc::new(Outer {
            vars: end.vars.clone(),
            outer: left.outer.clone(),
        }));
        for closure in &left.defined {
            self.frame.scoped.push(Rc::new(Closure {
                outer: outer.clone(),
                ..(**closure).clone()
            }));
        }
        self.frame.scoped.extend(left.scoped.iter().cloned());
        self.frame.classes.extend(left.classes.iter().cloned());
    }

    /// `f.call(this, a)`, `f.apply(this, list)`, `f.bind(this)`.
    fn call_indirectly(
        &mut self,
        closure: &Rc<Closure<'a>>,
        method: &str,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let mut given = Args::default();
        match method {
            "bind" => return Some(Value::of(Shape::Function(Rc::clone(closure)))),
            "call" => {
                given.positional = args.positional.iter().skip(1).cloned().collect();
                given.spread.clone_from(&args.spread);
            }
            "apply" => {
                if let Some(list) = args.positional.get(1) {
                    let list = list.clone();
                    self.spread(&list, &mut given, state);
                }
            }
            _ => return None,
        }
        if let ExprKind::Attribute(object, _) = &call.callee.kind
            && matches!(object.kind, ExprKind::Lambda(_))
        {
            return self.call_at_once(closure, &given, call, expr, state);
        }
        self.inline(closure, &given, call, expr, state)
    }

    /// `items.map(f)`, `each(items, f)`, `promise.then(f)`, `request.on("data", f)`.
    fn call_with_items(
        &mut self,
        receiver: Option<&Value<'a>>,
        method: &str,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let function = |at: usize| match &args.positional.get(at)?.shape {
            Shape::Function(closure) => Some(Rc::clone(closure)),
            _ => None,
        };
        if method == "on"
            && receiver
                .and_then(Value::as_path)
                .is_some_and(|path| path.ends_with(".request"))
        {
            let closure = function(1)?;
            let taints = self.source(Tier::Strong, expr.span, || {
                "comes with the request".to_owned()
            });
            let given = [Value::tainted(taints)];
            return self.call_with(&closure, &given, call, expr, state);
        }
        let receiver = receiver?;
        if EACH.contains(&method) {
            let (closure, items) = match (function(0), function(1)) {
                (Some(closure), _) => (closure, receiver.clone()),
                (None, Some(closure)) => (closure, args.positional.first()?.clone()),
                _ => return None,
            };
            let item = self.item_of(&items, state);
            let given = [item.clone(), Value::unknown(), items];
            let result = self.call_with(&closure, &given, call, expr, state)?;
            return Some(match method {
                "map" | "flatMap" | "mapSeries" => self.list_of(result, state),
                "filter" => self.list_of(item, state),
                "find" => item,
                "forEach" | "each" | "forOwn" | "forIn" => Value::constant(Const::None),
                _ => Value::number(),
            });
        }
        if matches!(method, "reduce" | "reduceRight") {
            let closure = function(0)?;
            let item = self.item_of(receiver, state);
            let start = args.positional.get(1).cloned();
            let given = [start.unwrap_or_else(|| item.clone()), item];
            return self.call_with(&closure, &given, call, expr, state);
        }
        if THEN.contains(&method) {
            let closure = function(0)?;
            let given = [Value::tainted(state.heap.taints(receiver))];
            return self.call_with(&closure, &given, call, expr, state);
        }
        if method == "replace"
            && let Some(closure) = function(1)
        {
            let own = Value::tainted(receiver.taints.clone());
            let result = self.call_with(&closure, &[own.clone(), own], call, expr, state);
            let more = result.map(|value| state.heap.taints(&value));
            return Some(Value::tainted(
                receiver.taints.join(&more.unwrap_or_default()),
            ));
        }
        None
    }

    fn call_with(
        &mut self,
        closure: &Rc<Closure<'a>>,
        given: &[Value<'a>],
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let given = Args {
            positional: given.to_vec(),
            ..Args::default()
        };
        // The way back to the caller is kept: what it raises ends its own call.
        self.inline(closure, &given, call, expr, state)
    }

    fn list_of(&mut self, item: Value<'a>, state: &mut State<'a>) -> Value<'a> {
        let list = Object::List {
            items: Vec::new(),
            rest: Some(item),
        };
        self.alloc(list, state)
    }

    /// Functions that the language brings along.
    pub(super) fn call_global(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        state: &mut State<'a>,
    ) -> Option<Value<'a>> {
        let first = args.positional.first();
        match outside.path.as_deref()? {
            "Object.assign" => {
                let target = first?.clone();
                let mut more = Taints::default();
                for value in args.positional.iter().skip(1).chain(&args.spread) {
                    more = more.join(&state.heap.taints(value));
                }
                if !more.is_empty() {
                    self.spill(&target, &more, state);
                }
                Some(target)
            }
            // Text: no object can be in its place.
            "String" => {
                let text = self.as_text(first?, state);
                Some(text.safer(Kinds::of(&[Kind::NoSql])))
            }
            "RegExp" => match &first?.shape {
                Shape::Const(Const::Str(text)) => {
                    Some(Value::constant(Const::Regex(format!("/{text}/").into())))
                }
                _ => None,
            },
            "Array.from" | "Object.values" => {
                let item = match first?.shape {
                    Shape::Object(_) => Value::tainted(state.heap.taints(first?)),
                    _ => self.item_of(first?, state),
                };
                Some(self.list_of(item, state))
            }
            _ => None,
        }
    }

    /// An expression that takes long, on a text that somebody else chooses.
    pub(super) fn check_cost(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        let literal = |value: Option<&Value<'a>>| match value.map(|value| &value.shape) {
            Some(Shape::Const(Const::Regex(text))) => Some(text.clone()),
            _ => None,
        };
        let (own, first) = (outside.receiver.as_ref(), args.positional.first());
        let (pattern, text) = match outside.method {
            "test" | "exec" => (literal(own), first),
            "match" | "matchAll" | "replace" | "replaceAll" | "search" | "split" => {
                (literal(first), own)
            }
            _ => return,
        };
        let (Some(pattern), Some(text)) = (pattern, text) else {
            return;
        };
        let taints = state.heap.taints(text);
        let Some(taint) = taints.iter().find(|taint| !taint.safe.has(Kind::Regex)) else {
            return;
        };
        let cost = self.cost_of(&pattern);
        let strong = self.is_strong(taint);
        let weak = !strong && self.tier_of(taint) == Tier::Weak;
        let (confidence, detail) = match cost {
            Cost::Exponential if strong => {
                (Confidence::A, "it is compared with repeats in repeats")
            }
            Cost::Exponential if weak => (Confidence::B, "it is compared with repeats in repeats"),
            Cost::Polynomial if strong => (
                Confidence::B,
                "it is compared with repeats after each other that read the same",
            ),
            Cost::Polynomial if weak => (
                Confidence::C,
                "it is compared with repeats after each other that read the same",
            ),
            _ => return,
        };
        // Of several the one that takes longest is shown.
        let parts = pattern.split('\n').map(Box::<str>::from);
        let worst = parts.max_by_key(|part| self.cost_of(part));
        let place = (self.frame.module, worst.unwrap_or(pattern));
        let span = self.script.places.get(&place).copied();
        self.report(
            &rules::REGEX,
            span.unwrap_or(expr.span),
            confidence,
            Some(*taint),
            detail,
        );
    }

    fn cost_of(&mut self, pattern: &str) -> Cost {
        if let Some(cost) = self.script.costs.get(pattern) {
            return *cost;
        }
        let cost = regex::cost_of_literal(pattern);
        self.script.costs.insert(pattern.into(), cost);
        cost
    }

    /// What an options object says under a name, where it is one.
    pub(super) fn option(
        &self,
        args: &Args<'a>,
        name: &str,
        state: &State<'a>,
    ) -> Option<Value<'a>> {
        args.positional.iter().find_map(|value| match value.shape {
            Shape::Object(id) => match state.heap.get(id)? {
                Object::Map { entries, .. } => entries
                    .iter()
                    .find(|(key, _)| matches!(key, Const::Str(key) if **key == *name))
                    .map(|(_, value)| value.clone()),
                _ => None,
            },
            _ => None,
        })
    }

    /// `spawn(program, arguments, options)`.
    pub(super) fn check_spawn(&mut self, args: &Args<'a>, expr: &'a Expr, state: &mut State<'a>) {
        let Some(program) = args.positional.first().cloned() else {
            return;
        };
        let list = args.positional.get(1).cloned().unwrap_or_default();
        let shell = self
            .option(args, "shell", state)
            .is_some_and(|shell| self.truth(&shell, state) != Some(false));
        let reads_commands = program.as_str().is_some_and(super::sink::is_shell);
        if shell || reads_commands {
            let taints = Value::tainted(state.heap.taints(&list));
            let items = match list.shape {
                Shape::Object(id) => match state.heap.get(id) {
                    Some(Object::List { items, rest }) => {
                        items.iter().chain(rest).cloned().collect()
                    }
                    _ => vec![taints],
                },
                _ => vec![taints],
            };
            let detail = "a shell reads it";
            for value in items.iter().chain(shell.then_some(&program)) {
                self.check_value(Kind::Command, value, expr.span, detail, state);
            }
        } else if program.taints.iter().any(|taint| self.is_strong(taint)) {
            let detail = "a program of this name is started";
            self.check_value(Kind::Command, &program, expr.span, detail, state);
        }
    }

    /// `element.innerHTML = value`, `ctx.body = value`.
    pub(super) fn check_property(
        &mut self,
        object: &Value<'a>,
        name: &str,
        value: &Value<'a>,
        span: Span,
        state: &State<'a>,
    ) {
        if self.is_quiet() {
            return;
        }
        for (owner, property, kind) in self.profile.property_sinks {
            let fits = owner.is_empty() || object.as_path().is_some_and(|path| path == *owner);
            if *property == name && fits {
                let detail = format!("it is kept in `{name}`");
                self.check_value(*kind, value, span, &detail, state);
            }
        }
    }

    /// `Math.random()` where a secret is made of it, a cookie, a token that is
    /// not verified, a broken hash.
    pub(super) fn check_script_pattern(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        let path = outside.path.as_deref().unwrap_or_default();
        let text = args.positional.first().and_then(Value::as_str);
        match path {
            "Math.random" if self.is_about_secrets() => self.report(
                &rules::WEAK_RANDOM,
                expr.span,
                Confidence::C,
                None,
                "the numbers before it give it away",
            ),
            "crypto.createHash" | "crypto.createHmac" => {
                let name = text.unwrap_or_default().to_ascii_lowercase();
                if matches!(
                    name.as_str(),
                    "md5" | "md4" | "sha1" | "sha-1" | "ripemd160"
                ) {
                    let detail = format!("`{name}` is broken");
                    self.report(&rules::WEAK_HASH, expr.span, Confidence::C, None, &detail);
                }
            }
            "crypto.createCipher" | "crypto.createCipheriv" | "crypto.createDecipher" => {
                let name = text.unwrap_or_default().to_ascii_lowercase();
                if name.starts_with("des") || name.starts_with("rc") || name.contains("ecb") {
                    let detail = format!("`{name}` is broken");
                    self.report(&rules::WEAK_CIPHER, expr.span, Confidence::C, None, &detail);
                }
            }
            "jsonwebtoken.verify" => {
                let key = args.positional.get(1);
                let none = key.is_some_and(|key| self.truth(key, state) == Some(false));
                if none {
                    let detail = "it is verified with no key";
                    self.report(&rules::JWT, expr.span, Confidence::A, None, detail);
                }
            }
            _ => {}
        }
        let is_answer = outside
            .receiver
            .as_ref()
            .and_then(Value::as_path)
            .is_some_and(|path| path.starts_with("http.response"));
        if outside.method == "cookie" && is_answer && args.spread.is_none() {
            self.check_script_cookie(args, expr, state);
        }
    }

    fn check_script_cookie(&mut self, args: &Args<'a>, expr: &'a Expr, state: &State<'a>) {
        let options = args.positional.get(2);
        // Options from elsewhere may say anything.
        if options.is_some_and(|value| match value.shape {
            Shape::Object(id) => {
                !matches!(state.heap.get(id), Some(Object::Map { rest: None, .. }))
            }
            _ => true,
        }) {
            return;
        }
        let on = |name: &str| {
            self.option(args, name, state)
                .is_some_and(|value| self.truth(&value, state) != Some(false))
        };
        if !on("secure") {
            let detail = "`secure` is not set";
            self.report(
                &rules::COOKIE_SECURE,
                expr.span,
                Confidence::B,
                None,
                detail,
            );
        } else if !on("httpOnly") {
            let detail = "`httpOnly` is not set";
            self.report(
                &rules::COOKIE_HTTPONLY,
                expr.span,
                Confidence::C,
                None,
                detail,
            );
        }
    }

    /// Whether names around here are about what nobody may guess.
    fn is_about_secrets(&self) -> bool {
        let function = self.frame.function.map(|function| &*function.name);
        let path = self.program.path(self.frame.module);
        let file = path.rsplit('/').next().unwrap_or(path);
        [function.unwrap_or_default(), file].iter().any(|name| {
            let lower = name.to_ascii_lowercase();
            [
                "token", "secret", "passw", "nonce", "salt", "session", "csrf", "otp", "uuid",
                "guid", "apikey", "random", "uid",
            ]
            .iter()
            .any(|word| lower.contains(word))
        })
    }
}

/// What was taken out of a text everywhere can no longer be in it.
pub(super) fn taken_out(literal: &str, into: Option<&str>) -> Kinds {
    let Some((body, flags)) = literal
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return Kinds::NONE;
    };
    if !flags.contains('g') || literal.contains('\n') {
        return Kinds::NONE;
    }
    let kinds = super::regex_text::allows("search", body, false);
    match (body, into) {
        // Names in SQL are quoted so.
        ("\"", Some("\"\"")) => kinds.or(Kinds::of(&[Kind::Sql])),
        // A backslash that was there before undoes it.
        (_, Some(into)) if into.starts_with('\\') => kinds.without(Kinds::of(&[Kind::Code])),
        _ => kinds,
    }
}
