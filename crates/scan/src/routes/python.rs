//! Flask, FastAPI, Django and their kind.

use super::{FileRoutes, Handler, Route, handler};
use crate::taint::ir::{Call, Class, Expr, ExprKind, Function, Module, Stmt, StmtKind};
use crate::taint::visit::{expressions, last_name, statements};

const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
/// Decorators that stand in front of nothing.
const NEUTRAL: &[&str] = &[
    "route",
    "wraps",
    "staticmethod",
    "classmethod",
    "property",
    "csrf_exempt",
    "swag_from",
    "expect",
    "doc",
    "marshal_with",
    "response",
    "cached",
    "cache",
    "cache_page",
    "action",
];

pub fn read(module: &Module, found: &mut FileRoutes) {
    let routers = guarded_routers(&module.body);
    statements(&module.body, &mut |stmt| match &stmt.kind {
        StmtKind::Function(function) => read_function(function, &[], &routers, found),
        StmtKind::Class(class) => read_class(class, &routers, found),
        _ => {}
    });
    // Functions in factories: `def create_app(): @app.route(…) def …`.
    statements(&module.body, &mut |stmt| {
        if let StmtKind::Function(function) = &stmt.kind {
            statements(&function.body, &mut |inner| {
                if let StmtKind::Function(function) = &inner.kind {
                    read_function(function, &[], &routers, found);
                }
            });
        }
    });
    read_django(module, found);
}

/// Routers whose routes all have something in front: their names with it.
type Routers = Vec<(String, Vec<String>)>;

/// `router = APIRouter(dependencies=[Depends(f)])`.
fn guarded_routers(body: &[Stmt]) -> Routers {
    let mut routers = Vec::new();
    statements(body, &mut |stmt| {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind
            && let (ExprKind::Name(name), ExprKind::Call(call)) = (&target.kind, &value.kind)
        {
            let guards = dependencies(call);
            if !guards.is_empty() {
                routers.push((name.to_string(), guards));
            }
        }
    });
    routers
}

fn keyword<'a>(call: &'a Call, name: &str) -> Option<&'a Expr> {
    let arg = call
        .args
        .iter()
        .find(|arg| arg.name.as_deref() == Some(name));
    arg.map(|arg| &arg.value)
}

/// The functions that `dependencies=[Depends(f)]` names.
fn dependencies(call: &Call) -> Vec<String> {
    let Some(ExprKind::List(_, items)) = keyword(call, "dependencies").map(|of| &of.kind) else {
        return Vec::new();
    };
    items.iter().filter_map(depends).collect()
}

/// The function of `Depends(f)`, `Security(f)`.
fn depends(of: &Expr) -> Option<String> {
    let ExprKind::Call(call) = &of.kind else {
        return None;
    };
    if !matches!(last_name(&call.callee), Some("Depends" | "Security")) {
        return None;
    }
    call.args
        .first()
        .and_then(|arg| last_name(&arg.value))
        .map(str::to_owned)
}

fn read_function(
    function: &Function,
    of_class: &[String],
    routers: &Routers,
    found: &mut FileRoutes,
) {
    let mut guards: Vec<String> = of_class.to_vec();
    let mut registered = Vec::new();
    for decorator in &function.decorators {
        if let Some(route) = registration(decorator) {
            let at = routers.iter().find(|(name, _)| *name == route.router);
            guards.extend(at.into_iter().flat_map(|(_, guards)| guards.clone()));
            if let ExprKind::Call(call) = &decorator.kind {
                guards.extend(dependencies(call));
            }
            registered.push(route);
        } else if let Some(name) = last_name(decorator)
            && !NEUTRAL.contains(&name)
        {
            if matches!(name, "before_request" | "before_app_request" | "middleware") {
                found.everywhere.push(function.name.to_string());
            }
            guards.push(name.to_owned());
        }
    }
    for param in &function.params {
        let of = [param.default.as_ref(), param.annotation.as_ref()];
        for part in of.into_iter().flatten() {
            crate::taint::visit::expression(part, &mut |inner| guards.extend(depends(inner)));
        }
    }
    let handler = handler::read(function, function.span.line, guards);
    if handler.rejects {
        found.rejecting.push(handler.name.clone());
    }
    // What a decorator's inner function refuses, the decorator refuses.
    let refuses_inside = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Function(inner) => handler::read(inner, 0, Vec::new()).rejects,
        _ => false,
    };
    if function.body.iter().any(refuses_inside) {
        found.rejecting.push(handler.name.clone());
    }
    for mut route in registered {
        route.handler = handler.clone();
        route.is_here = true;
        found.routes.push(route);
    }
    found.handlers.push(handler);
}

/// `@app.route("/a", methods=[…])`, `@router.get("/a")`.
fn registration(decorator: &Expr) -> Option<Route> {
    let ExprKind::Call(call) = &decorator.kind else {
        return None;
    };
    let ExprKind::Attribute(router, verb) = &call.callee.kind else {
        return None;
    };
    let path = call.args.iter().find_map(|arg| arg.value.as_str())?;
    let mut methods = Vec::new();
    if VERBS.contains(&&**verb) {
        methods.push(verb.to_ascii_uppercase());
    } else if matches!(&**verb, "route" | "api_route") {
        if let Some(ExprKind::List(_, items)) = keyword(call, "methods").map(|of| &of.kind) {
            methods.extend(
                items
                    .iter()
                    .filter_map(Expr::as_str)
                    .map(str::to_ascii_uppercase),
            );
        } else {
            methods.push("GET".to_owned());
        }
    } else {
        return None;
    }
    Some(Route {
        methods,
        path: path.to_owned(),
        router: last_name(router).unwrap_or_default().to_owned(),
        ..Route::default()
    })
}

/// Classes whose methods answer: what they inherit and declare is in front.
fn read_class(class: &Class, routers: &Routers, found: &mut FileRoutes) {
    let mut guards = Vec::new();
    for of in class.bases.iter().chain(&class.decorators) {
        let name = last_name(of).unwrap_or_default();
        guards.extend(name.ends_with("Mixin").then(|| name.to_owned()));
        // method_decorator(login_required)
        if let (ExprKind::Call(call), "method_decorator") = (&of.kind, name) {
            guards.extend(
                call.args
                    .iter()
                    .filter_map(|arg| last_name(&arg.value))
                    .map(str::to_owned),
            );
        }
    }
    for stmt in &class.body {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind
            && matches!(
                last_name(target),
                Some(
                    "permission_classes"
                        | "decorators"
                        | "authentication_classes"
                        | "method_decorators"
                )
            )
        {
            crate::taint::visit::expression(value, &mut |part| {
                if let ExprKind::Name(name) | ExprKind::Attribute(_, name) = &part.kind {
                    guards.push(name.to_string());
                }
            });
        }
    }
    let mut of_class = Handler {
        name: class.name.to_string(),
        line: class.span.line,
        guards: guards.clone(),
        ..Handler::default()
    };
    for stmt in &class.body {
        if let StmtKind::Function(function) = &stmt.kind {
            read_function(function, &guards, routers, found);
            let handler = handler::read(function, function.span.line, Vec::new());
            of_class.sees_subject |= handler.sees_subject;
            of_class.rejects |= handler.rejects;
            of_class.fetch = of_class.fetch.or(handler.fetch);
            of_class.calls.extend(handler.calls);
        }
    }
    found.handlers.push(of_class);
}

/// `path("a/", views.a)` of Django, `add_url_rule("/a", view_func=a)` of Flask,
/// `add_resource(A, "/a")` of its extensions.
fn read_django(module: &Module, found: &mut FileRoutes) {
    expressions(&module.body, &mut |expr| {
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let values: Vec<&Expr> = call.args.iter().map(|arg| &arg.value).collect();
        let name = last_name(&call.callee).unwrap_or_default();
        let (at, view) = match name {
            "path" | "re_path" | "url" => (0, values.get(1).copied()),
            "add_url_rule" => (0, keyword(call, "view_func")),
            "add_resource" => (1, values.first().copied()),
            _ => return,
        };
        let path = values.get(at).and_then(|path| path.as_str());
        let Some((path, view)) = path.zip(view) else {
            return;
        };
        let (name, guards) = named_view(view);
        if name.is_empty() || name == "include" {
            return;
        }
        found.routes.push(Route {
            path: path.to_owned(),
            router: "urls".to_owned(),
            handler: Handler {
                name,
                line: expr.span.line,
                guards,
                ..Handler::default()
            },
            ..Route::default()
        });
    });
}

/// `views.a`, `A.as_view()`, `login_required(views.a)`.
fn named_view(view: &Expr) -> (String, Vec<String>) {
    let ExprKind::Call(call) = &view.kind else {
        return (last_name(view).unwrap_or_default().to_owned(), Vec::new());
    };
    if let ExprKind::Attribute(class, method) = &call.callee.kind
        && matches!(&**method, "as_view" | "as_asgi")
    {
        return (last_name(class).unwrap_or_default().to_owned(), Vec::new());
    }
    let guard = last_name(&call.callee).unwrap_or_default().to_owned();
    match call.args.first() {
        Some(arg) if guard != "include" => {
            let (name, mut guards) = named_view(&arg.value);
            guards.push(guard);
            (name, guards)
        }
        _ => (guard, Vec::new()),
    }
}
