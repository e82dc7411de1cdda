//! Functions that set keys in objects which they have found by other keys:
//! recursive merges and setters by path. Where nobody refuses `__proto__`, such
//! a function changes every object of the process.
//!
//! The shape tells: `base[key] = …` with a key that is not constant, and a step
//! down from the same base, `base = base[key]` or a call of itself with
//! `base[key]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::Confidence;
use crate::taint::catalogue::rules;
use crate::taint::ir::{Const, Expr, ExprKind, Function, Span, Stmt, StmtKind};
use crate::taint::visit::{self, last_name};

use super::interp::{Frame, Interp};

/// Keys that lead out of an object, and words in names of what refuses them.
const REFUSED: &[&str] = &["__proto__", "prototype"];
const REFUSING: &[&str] = &[
    "unsafekey",
    "safekey",
    "validkey",
    "dangerouskey",
    "pollut",
    "isprotokey",
    "protokey",
];

/// How many functions after each other are looked into for a check.
const MAX_LED: usize = 3;

/// What one function does with keys.
#[derive(Default)]
struct Shape<'a> {
    /// Bases in which keys are set, and where.
    writes: Vec<(&'a str, Span)>,
    /// Names that are numbers.
    counters: BTreeSet<&'a str>,
    /// Which name was read out of which base by a key.
    read: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Bases from which it steps down.
    steps: BTreeSet<&'a str>,
    /// Names that it mentions.
    mentions: BTreeSet<&'a str>,
    refuses: bool,
}

impl<'a> Interp<'a> {
    /// Looks at all functions of the module that is gone through.
    pub(super) fn check_prototypes(&mut self, module: usize) {
        let body = &self.program.module(module).ir.body;
        let mut functions = Vec::new();
        functions_in(body, &mut functions);
        let refusing = refusing_names(body);
        let bodies: BTreeMap<&str, &'a Function> = functions
            .iter()
            .filter(|function| !function.name.is_empty())
            .map(|function| (&*function.name, *function))
            .collect();
        let known_as = names_of(body);
        for function in functions {
            let names = known_as.get(&*function.name).into_iter().flatten().copied();
            let alias = known_as
                .get("")
                .into_iter()
                .flatten()
                .copied()
                .filter(|_| function.name.is_empty());
            let names: BTreeSet<&str> = names.chain(alias).chain([&*function.name]).collect();
            let shape = Shape::of(function, &names);
            if shape.writes.is_empty() || shape.is_refused(&refusing, &bodies) {
                continue;
            }
            for (base, span) in &shape.writes {
                if !shape.steps.contains(base) {
                    continue;
                }
                let before = std::mem::replace(
                    &mut self.frame,
                    Frame {
                        module,
                        function: Some(function),
                        ..Frame::default()
                    },
                );
                self.report(
                    &rules::PROTOTYPE,
                    *span,
                    Confidence::B,
                    None,
                    &format!(
                        "`{base}` is reached by keys that a caller chooses, and `__proto__` is not refused"
                    ),
                );
                self.frame = before;
            }
        }
    }
}

impl<'a> Shape<'a> {
    fn of(function: &'a Function, names: &BTreeSet<&str>) -> Self {
        let mut shape = Self::default();
        statements_in(&function.body, &mut |stmt| shape.count(stmt));
        let mut calls = Vec::new();
        let mut writes = Vec::new();
        let mut assigned: Vec<(&'a str, &'a Expr)> = Vec::new();
        statements_in(&function.body, &mut |stmt| {
            if let StmtKind::Assign {
                target,
                op: None,
                value,
            } = &stmt.kind
            {
                match &target.kind {
                    ExprKind::Name(name) => assigned.push((name, value)),
                    _ => writes.push(target),
                }
            }
        });
        expressions_in(&function.body, &mut |expr| {
            match &expr.kind {
                ExprKind::Call(call) => calls.push(&**call),
                ExprKind::Name(name) | ExprKind::Attribute(_, name) => {
                    shape.mentions.insert(name);
                }
                ExprKind::Const(Const::Str(text) | Const::Regex(text)) => {
                    shape.refuses |= REFUSED.iter().any(|word| text.contains(word));
                }
                ExprKind::Assign(target, value) => match &target.kind {
                    ExprKind::Name(name) => assigned.push((name, value)),
                    _ => writes.push(target),
                },
                _ => {}
            }
            if let ExprKind::Attribute(_, name) = &expr.kind
                && &**name == "__proto__"
            {
                shape.refuses = true;
            }
        });
        for target in writes {
            if let Some(base) = shape.keyed(target) {
                shape.writes.push((base, target.span));
            }
        }
        // Twice, for what is read out of what was read.
        for _ in 0..2 {
            for (name, value) in &assigned {
                let bases = shape.bases_of(value);
                shape.read.entry(name).or_default().extend(bases);
            }
        }
        for (name, value) in &assigned {
            if shape.bases_of(value).contains(name) {
                shape.steps.insert(name);
            }
        }
        for call in calls {
            let again = last_name(&call.callee)
                .is_some_and(|name| (!name.is_empty() && names.contains(name)) || goes_deep(name));
            if again || is_bound(names, &call.callee) {
                for arg in &call.args {
                    let bases = shape.bases_of(&arg.value);
                    shape.steps.extend(bases);
                }
            }
        }
        shape
    }

    fn count(&mut self, stmt: &'a Stmt) {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind
            && let ExprKind::Name(name) = &target.kind
            && matches!(value.kind, ExprKind::Const(Const::Int(_)))
        {
            self.counters.insert(name);
        }
    }

    /// The base of `base[key]`, where the key is not known.
    fn keyed(&self, expr: &'a Expr) -> Option<&'a str> {
        let ExprKind::Element(object, key) = &expr.kind else {
            return None;
        };
        let known = match &key.kind {
            ExprKind::Const(_) | ExprKind::Binary(..) => true,
            ExprKind::Name(name) => self.counters.contains(&**name),
            _ => false,
        };
        match &object.kind {
            ExprKind::Name(name) if !known => Some(name),
            _ => None,
        }
    }

    /// Which bases an expression reads by keys, also through names.
    fn bases_of(&self, expr: &'a Expr) -> BTreeSet<&'a str> {
        let mut bases = BTreeSet::new();
        match &expr.kind {
            ExprKind::Element(..) => bases.extend(self.keyed(expr)),
            ExprKind::Name(name) => {
                bases.extend(self.read.get(&**name).into_iter().flatten().copied());
            }
            ExprKind::Or(parts) | ExprKind::And(parts) => {
                for part in parts {
                    bases.extend(self.bases_of(part));
                }
            }
            ExprKind::Conditional(parts) => {
                bases.extend(self.bases_of(&parts[1]));
                bases.extend(self.bases_of(&parts[2]));
            }
            ExprKind::Assign(target, value) => {
                bases.extend(self.bases_of(target));
                bases.extend(self.bases_of(value));
            }
            ExprKind::List(_, items) => {
                for item in items {
                    bases.extend(self.bases_of(item));
                }
            }
            _ => {}
        }
        bases
    }

    /// Whether it, or a function that it leads to, looks for the key.
    fn is_refused(&self, refusing: &BTreeSet<&str>, bodies: &BTreeMap<&str, &'a Function>) -> bool {
        if self.refuses {
            return true;
        }
        let mut seen: BTreeSet<&str> = self.mentions.clone();
        let mut left: Vec<(&str, usize)> = seen.iter().map(|name| (*name, 0)).collect();
        while let Some((name, depth)) = left.pop() {
            let lower = name.to_ascii_lowercase();
            if REFUSING.iter().any(|word| lower.contains(word)) || refusing.contains(name) {
                return true;
            }
            let Some(inner) = bodies.get(name) else {
                continue;
            };
            if looks_for_it(&inner.body) {
                return true;
            }
            if depth < MAX_LED {
                expressions_in(&inner.body, &mut |expr| {
                    if let ExprKind::Name(next) = &expr.kind
                        && seen.insert(next)
                    {
                        left.push((next, depth + 1));
                    }
                });
            }
        }
        false
    }
}

/// Whether a name says that a function merges what is in objects, too.
fn goes_deep(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["merge", "extend", "mixin", "callee"]
        .iter()
        .any(|word| lower.contains(word))
}

/// `f.call(…)` of the function itself.
fn is_bound(names: &BTreeSet<&str>, callee: &Expr) -> bool {
    let ExprKind::Attribute(object, name) = &callee.kind else {
        return false;
    };
    matches!(&**name, "call" | "apply")
        && last_name(object).is_some_and(|each| !each.is_empty() && names.contains(each))
}

/// Under which other names functions of a module go. Those of functions
/// without a name are under none.
fn names_of(body: &[Stmt]) -> BTreeMap<&str, Vec<&str>> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    visit::statements(body, &mut |stmt| {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind
            && let ExprKind::Name(alias) = &target.kind
        {
            let mut value = value;
            while let ExprKind::Assign(_, inner) = &value.kind {
                value = inner;
            }
            match &value.kind {
                ExprKind::Name(name) => names.entry(name).or_default().push(alias),
                ExprKind::Lambda(function) => {
                    names.entry(&function.name).or_default().push(alias);
                }
                _ => {}
            }
        }
    });
    names
}

/// Names of the module under which `__proto__` stands.
fn refusing_names(body: &[Stmt]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for stmt in body {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind
            && let ExprKind::Name(name) = &target.kind
        {
            let mut found = false;
            visit::expression(value, &mut |expr| found |= is_refused_key(expr));
            if found {
                names.insert(&**name);
            }
        }
    }
    names
}

fn looks_for_it(body: &[Stmt]) -> bool {
    let mut found = false;
    visit::expressions(body, &mut |expr| found |= is_refused_key(expr));
    found
}

fn is_refused_key(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(Const::Str(text) | Const::Regex(text)) => {
            REFUSED.iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// All functions, those in others too.
fn functions_in<'a>(body: &'a [Stmt], into: &mut Vec<&'a Function>) {
    visit::statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Function(function) => {
            into.push(function);
            functions_in(&function.body, into);
        }
        StmtKind::Class(class) => functions_in(&class.body, into),
        _ => {
            let mut lambdas = Vec::new();
            own_expressions(stmt, &mut |expr| {
                if let ExprKind::Lambda(function) = &expr.kind {
                    lambdas.push(&**function);
                }
            });
            for lambda in lambdas {
                into.push(lambda);
                functions_in(&lambda.body, into);
            }
        }
    });
}

/// The statements of a function; those of functions without a name in it are
/// its own.
fn statements_in<'a>(body: &'a [Stmt], see: &mut dyn FnMut(&'a Stmt)) {
    visit::statements(body, &mut |stmt| {
        see(stmt);
        let mut lambdas = Vec::new();
        own_expressions(stmt, &mut |expr| {
            if let ExprKind::Lambda(function) = &expr.kind {
                lambdas.push(&**function);
            }
        });
        for lambda in lambdas {
            statements_in(&lambda.body, see);
        }
    });
}

fn expressions_in<'a>(body: &'a [Stmt], see: &mut dyn FnMut(&'a Expr)) {
    statements_in(body, &mut |stmt| own_expressions(stmt, see));
}

/// The expressions of a statement, those of statements and functions in it
/// left out.
fn own_expressions<'a>(stmt: &'a Stmt, see: &mut dyn FnMut(&'a Expr)) {
    match &stmt.kind {
        StmtKind::Expr(of)
        | StmtKind::Assert(of)
        | StmtKind::Return(Some(of))
        | StmtKind::Raise(Some(of))
        | StmtKind::If { test: of, .. }
        | StmtKind::While { test: of, .. }
        | StmtKind::Match { subject: of, .. }
        | StmtKind::With { value: of, .. } => parts(of, see),
        StmtKind::Assign { target, value, .. } => {
            parts(target, see);
            parts(value, see);
        }
        StmtKind::For {
            target, iterable, ..
        } => {
            parts(target, see);
            parts(iterable, see);
        }
        _ => {}
    }
}

/// An expression and all in it but what is in functions.
fn parts<'a>(of: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    see(of);
    match &of.kind {
        ExprKind::Attribute(one, _)
        | ExprKind::Not(one)
        | ExprKind::Spread(one)
        | ExprKind::Await(one) => parts(one, see),
        ExprKind::Element(one, other)
        | ExprKind::Binary(_, one, other)
        | ExprKind::Compare(_, one, other)
        | ExprKind::Assign(one, other) => {
            parts(one, see);
            parts(other, see);
        }
        ExprKind::Call(call) => {
            parts(&call.callee, see);
            for arg in &call.args {
                parts(&arg.value, see);
            }
        }
        ExprKind::Concat(all)
        | ExprKind::Template(all)
        | ExprKind::And(all)
        | ExprKind::Or(all)
        | ExprKind::List(_, all)
        | ExprKind::Opaque(all) => {
            for each in all {
                parts(each, see);
            }
        }
        ExprKind::Conditional(all) => {
            for each in &**all {
                parts(each, see);
            }
        }
        ExprKind::Dict(entries) => {
            for (key, value) in entries {
                if let Some(key) = key {
                    parts(key, see);
                }
                parts(value, see);
            }
        }
        _ => {}
    }
}
