//! Goes through all expressions of a program, for whoever looks for some.

use super::ir::{Expr, ExprKind, Function, Pattern, Stmt, StmtKind};

/// Calls for every expression in these statements, the outer before the inner.
/// Functions and classes in them are gone through, too.
pub fn expressions(body: &[Stmt], see: &mut dyn FnMut(&Expr)) {
    for stmt in body {
        statement(stmt, see);
    }
}

/// Calls for an expression and all in it.
pub fn expression(of: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(of);
    match &of.kind {
        ExprKind::Const(_) | ExprKind::Name(_) => {}
        ExprKind::Attribute(one, _)
        | ExprKind::Not(one)
        | ExprKind::Spread(one)
        | ExprKind::Typed(one, _)
        | ExprKind::Await(one) => expression(one, see),
        ExprKind::Element(one, other)
        | ExprKind::Binary(_, one, other)
        | ExprKind::Compare(_, one, other)
        | ExprKind::Assign(one, other) => {
            expression(one, see);
            expression(other, see);
        }
        ExprKind::Slice(one, from, to) => {
            expression(one, see);
            for part in [from, to].into_iter().flatten() {
                expression(part, see);
            }
        }
        ExprKind::Call(call) => {
            expression(&call.callee, see);
            for arg in &call.args {
                expression(&arg.value, see);
            }
        }
        ExprKind::Concat(all)
        | ExprKind::Template(all)
        | ExprKind::And(all)
        | ExprKind::Or(all)
        | ExprKind::List(_, all)
        | ExprKind::Opaque(all) => {
            for each in all {
                expression(each, see);
            }
        }
        ExprKind::Conditional(parts) => {
            for part in &**parts {
                expression(part, see);
            }
        }
        ExprKind::Dict(entries) => {
            for (key, value) in entries {
                if let Some(key) = key {
                    expression(key, see);
                }
                expression(value, see);
            }
        }
        ExprKind::Comprehension(made) => {
            for clause in &made.clauses {
                expression(&clause.target, see);
                expression(&clause.iterable, see);
                for test in &clause.tests {
                    expression(test, see);
                }
            }
            if let Some(key) = &made.key {
                expression(key, see);
            }
            expression(&made.element, see);
        }
        ExprKind::Lambda(inner) => function(inner, see),
        ExprKind::Yield(inner) => {
            if let Some(inner) = inner {
                expression(inner, see);
            }
        }
    }
}

fn function(of: &Function, see: &mut dyn FnMut(&Expr)) {
    for decorator in &of.decorators {
        expression(decorator, see);
    }
    for default in of.params.iter().filter_map(|param| param.default.as_ref()) {
        expression(default, see);
    }
    expressions(&of.body, see);
}

/// Calls for every statement, also those in others, but not for those of
/// functions and classes.
pub fn statements<'a>(body: &'a [Stmt], see: &mut dyn FnMut(&'a Stmt)) {
    for stmt in body {
        see(stmt);
        for inner in blocks(stmt) {
            statements(inner, see);
        }
    }
}

/// The statements in a statement, in order; not those of functions and classes.
pub fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match &stmt.kind {
        StmtKind::If {
            then, otherwise, ..
        } => vec![then, otherwise],
        StmtKind::For {
            body, otherwise, ..
        }
        | StmtKind::While {
            body, otherwise, ..
        } => vec![body, otherwise],
        StmtKind::Match { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
        StmtKind::Try {
            body,
            handlers,
            otherwise,
            finally,
        } => {
            let handlers = handlers.iter().map(|handler| handler.body.as_slice());
            std::iter::once(body.as_slice())
                .chain(handlers)
                .chain([otherwise.as_slice(), finally.as_slice()])
                .collect()
        }
        StmtKind::With { body, .. } | StmtKind::Block(body) => vec![body],
        _ => Vec::new(),
    }
}

fn statement(stmt: &Stmt, see: &mut dyn FnMut(&Expr)) {
    match &stmt.kind {
        StmtKind::Expr(of)
        | StmtKind::Assert(of)
        | StmtKind::Return(Some(of))
        | StmtKind::Raise(Some(of))
        | StmtKind::If { test: of, .. }
        | StmtKind::While { test: of, .. }
        | StmtKind::With { value: of, .. } => expression(of, see),
        StmtKind::Assign { target, value, .. } => {
            expression(target, see);
            expression(value, see);
        }
        StmtKind::For {
            target, iterable, ..
        } => {
            expression(target, see);
            expression(iterable, see);
        }
        StmtKind::Match { subject, arms } => {
            expression(subject, see);
            for arm in arms {
                for pattern in &arm.patterns {
                    if let Pattern::Value(value) = pattern {
                        expression(value, see);
                    }
                }
                if let Some(guard) = &arm.guard {
                    expression(guard, see);
                }
            }
        }
        StmtKind::Delete(all) => {
            for each in all {
                expression(each, see);
            }
        }
        StmtKind::Function(inner) => function(inner, see),
        StmtKind::Class(class) => {
            for each in class.decorators.iter().chain(&class.bases) {
                expression(each, see);
            }
            expressions(&class.body, see);
        }
        StmtKind::Return(None)
        | StmtKind::Raise(None)
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Import(_)
        | StmtKind::Try { .. }
        | StmtKind::Block(_) => {}
    }
    for inner in blocks(stmt) {
        expressions(inner, see);
    }
}

/// The dotted name of an expression: `a.b.c`. Calls and elements in it are
/// gone through: `a(x).b["c"]` is `a.b`.
pub fn dotted(of: &Expr) -> Option<String> {
    match &of.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Attribute(object, name) => {
            Some(format!("{}.{name}", dotted(object).unwrap_or_default()))
        }
        ExprKind::Call(call) => dotted(&call.callee),
        ExprKind::Element(object, _) => dotted(object),
        ExprKind::Await(inner) | ExprKind::Typed(inner, _) => dotted(inner),
        _ => None,
    }
}

/// The name at the end of an expression: `cursor` of `self.cursor`.
pub fn last_name(of: &Expr) -> Option<&str> {
    match &of.kind {
        ExprKind::Name(name) | ExprKind::Attribute(_, name) => Some(name),
        ExprKind::Call(call) => last_name(&call.callee),
        ExprKind::Element(inner, _) | ExprKind::Await(inner) | ExprKind::Typed(inner, _) => {
            last_name(inner)
        }
        _ => None,
    }
}
