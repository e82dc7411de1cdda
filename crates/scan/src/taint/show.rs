//! The program of the engine in a short form, for tests of front ends.

use super::ir::{Call, Const, Expr, ExprKind, Function, Module, Stmt, StmtKind};
use super::visit::blocks;

/// The statements of a module, one a line.
pub fn module(module: &Module) -> String {
    let mut out = String::new();
    print(&module.body, 0, &mut out);
    out
}

fn print(body: &[Stmt], depth: usize, out: &mut String) {
    for stmt in body {
        let inner: Vec<&[Stmt]> = match &stmt.kind {
            StmtKind::Function(function) => vec![&function.body],
            StmtKind::Class(class) => vec![&class.body],
            _ => blocks(stmt),
        };
        out.push_str(&"  ".repeat(depth));
        out.push_str(&head(&stmt.kind));
        out.push('\n');
        for body in inner {
            print(body, depth + 1, out);
        }
    }
}

fn head(kind: &StmtKind) -> String {
    match kind {
        StmtKind::Expr(expr) => show(expr),
        StmtKind::Assign { target, op, value } => match op {
            Some(op) => format!("{} {op:?}= {}", show(target), show(value)),
            None => format!("{} = {}", show(target), show(value)),
        },
        StmtKind::Return(value) => {
            format!("return {}", value.as_ref().map_or_else(String::new, show))
        }
        StmtKind::If { test, .. } => format!("if {}", show(test)),
        StmtKind::While { test, .. } => format!("while {}", show(test)),
        StmtKind::For {
            target, iterable, ..
        } => format!("for {} in {}", show(target), show(iterable)),
        StmtKind::Match { subject, arms } => {
            let through: Vec<bool> = arms.iter().map(|arm| arm.falls_through).collect();
            format!("match {} {through:?}", show(subject))
        }
        StmtKind::Function(function) => format!("function {}{}", function.name, params(function)),
        StmtKind::Class(class) => {
            let decorators: Vec<String> = class.decorators.iter().map(show).collect();
            let bases: Vec<String> = class.bases.iter().map(show).collect();
            format!("class {} {bases:?} {decorators:?}", class.name)
        }
        StmtKind::Import(import) => format!(
            "import {} {} as {}",
            import.module,
            import.item.as_deref().unwrap_or("*"),
            import.bound
        ),
        other => format!("{other:?}")
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .collect(),
    }
}

fn params(function: &Function) -> String {
    let params = function.params.iter().map(|param| {
        let decorators: Vec<String> = param
            .decorators
            .iter()
            .map(|each| format!("@{} ", show(each)))
            .collect();
        let decorators = decorators.concat();
        let of = param
            .annotation
            .as_ref()
            .map_or_else(String::new, |of| format!(": {}", show(of)));
        let default = param
            .default
            .as_ref()
            .map_or_else(String::new, |value| format!(" = {}", show(value)));
        format!("{decorators}{}{of}{default}", param.name)
    });
    format!("({})", params.collect::<Vec<_>>().join(", "))
}

/// An expression on one line.
pub fn show(expr: &Expr) -> String {
    let all = |of: &[Expr]| of.iter().map(show).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Const(Const::Str(text) | Const::Regex(text)) => format!("{text:?}"),
        ExprKind::Const(Const::Int(number)) => number.to_string(),
        ExprKind::Const(other) => format!("{other:?}").to_lowercase(),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Attribute(of, name) => format!("{}.{name}", show(of)),
        ExprKind::Element(of, index) => format!("{}[{}]", show(of), show(index)),
        ExprKind::Slice(of, from, _) => format!(
            "{}[{}:]",
            show(of),
            from.as_deref().map_or_else(String::new, show)
        ),
        ExprKind::Call(call) => show_call(call),
        ExprKind::Concat(parts) => format!("concat({})", all(parts)),
        ExprKind::Template(parts) => format!("template({})", all(parts)),
        ExprKind::Or(parts) => format!("or({})", all(parts)),
        ExprKind::And(parts) => format!("and({})", all(parts)),
        ExprKind::Not(of) => format!("not {}", show(of)),
        ExprKind::Await(of) => format!("await {}", show(of)),
        ExprKind::Spread(of) => format!("...{}", show(of)),
        ExprKind::Typed(of, name) => format!("{} as {name}", show(of)),
        ExprKind::List(_, items) => format!("[{}]", all(items)),
        ExprKind::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                format!(
                    "{}: {}",
                    key.as_ref().map_or_else(|| "...".into(), show),
                    show(value)
                )
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Compare(op, one, other) => format!("{} {op:?} {}", show(one), show(other)),
        ExprKind::Conditional(parts) => {
            let [test, then, otherwise] = &**parts;
            format!(
                "if {} then {} else {}",
                show(test),
                show(then),
                show(otherwise)
            )
        }
        ExprKind::Assign(target, value) => format!("({} = {})", show(target), show(value)),
        ExprKind::Lambda(function) => {
            let mut body = String::new();
            print(&function.body, 0, &mut body);
            format!(
                "lambda{} {{ {} }}",
                params(function),
                body.trim_end().replace('\n', "; ")
            )
        }
        ExprKind::Opaque(parts) => format!("opaque({})", all(parts)),
        other => format!("{other:?}"),
    }
}

fn show_call(call: &Call) -> String {
    let args: Vec<String> = call
        .args
        .iter()
        .map(|arg| {
            let name = arg.name.as_ref();
            let name = name.map_or_else(String::new, |name| format!("{name}="));
            let spread = if arg.spread { "..." } else { "" };
            format!("{name}{spread}{}", show(&arg.value))
        })
        .collect();
    let new = if call.construct { "new " } else { "" };
    format!("{new}{}({})", show(&call.callee), args.join(", "))
}
