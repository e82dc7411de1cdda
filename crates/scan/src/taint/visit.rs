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

fn statement(stmt: &Stmt, see: &mut dyn FnMut(&Expr)) {
    match &stmt.kind {
        StmtKind::Expr(of) | StmtKind::Assert(of) => expression(of, see),
        StmtKind::Assign { target, value, .. } => {
            expression(target, see);
            expression(value, see);
        }
        StmtKind::Return(of) | StmtKind::Raise(of) => {
            if let Some(of) = of {
                expression(of, see);
            }
        }
        StmtKind::Break | StmtKind::Continue | StmtKind::Import(_) => {}
        StmtKind::If {
            test,
            then,
            otherwise,
        } => {
            expression(test, see);
            expressions(then, see);
            expressions(otherwise, see);
        }
        StmtKind::For {
            target,
            iterable,
            body,
            otherwise,
        } => {
            expression(target, see);
            expression(iterable, see);
            expressions(body, see);
            expressions(otherwise, see);
        }
        StmtKind::While {
            test,
            body,
            otherwise,
        } => {
            expression(test, see);
            expressions(body, see);
            expressions(otherwise, see);
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
                expressions(&arm.body, see);
            }
        }
        StmtKind::Try {
            body,
            handlers,
            otherwise,
            finally,
        } => {
            expressions(body, see);
            for handler in handlers {
                expressions(&handler.body, see);
            }
            expressions(otherwise, see);
            expressions(finally, see);
        }
        StmtKind::With { value, body, .. } => {
            expression(value, see);
            expressions(body, see);
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
        StmtKind::Block(body) => expressions(body, see),
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
        ExprKind::Await(inner) => dotted(inner),
        _ => None,
    }
}

/// The name at the end of an expression: `cursor` of `self.cursor`.
pub fn last_name(of: &Expr) -> Option<&str> {
    match &of.kind {
        ExprKind::Name(name) | ExprKind::Attribute(_, name) => Some(name),
        ExprKind::Call(call) => last_name(&call.callee),
        ExprKind::Element(inner, _) | ExprKind::Await(inner) => last_name(inner),
        _ => None,
    }
}
