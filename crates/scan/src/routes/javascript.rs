//! Express and its kind, Nest and Next.

use super::{FileRoutes, Handler, Route, handler};
use crate::taint::ir::{Call, Class, Expr, ExprKind, Function, Module, StmtKind};
use crate::taint::visit::{expressions, last_name, statements};

const VERBS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "del", "all", "head", "options",
];

pub fn read(module: &Module, path: &str, found: &mut FileRoutes) {
    statements(&module.body, &mut |stmt| match &stmt.kind {
        StmtKind::Function(function) => {
            let one = handler::read(function, function.span.line, Vec::new());
            if one.rejects {
                found.rejecting.push(one.name.clone());
            }
            if let Some(route) = next_route(function, path, &one) {
                found.routes.push(route);
            }
            found.handlers.push(one);
        }
        StmtKind::Class(class) => read_class(class, found),
        _ => {}
    });
    read_registrations(module, found);
}

/// `app.get("/a", first, then, (req, res) => …)`, in the order in which they
/// are written: `app.use(f)` stands in front of what comes after it.
fn read_registrations(module: &Module, found: &mut FileRoutes) {
    let mut used: Vec<(String, String)> = Vec::new();
    expressions(&module.body, &mut |expr| {
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let ExprKind::Attribute(object, verb) = &call.callee.kind else {
            return;
        };
        let (router, at) = router_of(object);
        if !is_router(&router) {
            return;
        }
        if &**verb == "use" {
            let first_is_path = call
                .args
                .first()
                .is_some_and(|arg| arg.value.as_str().is_some());
            if !first_is_path {
                for name in call.args.iter().filter_map(|arg| last_name(&arg.value)) {
                    used.push((router.clone(), name.to_owned()));
                }
            }
            return;
        }
        if !VERBS.contains(&&**verb) {
            return;
        }
        let path = at.or_else(|| call.args.first()?.value.as_str().map(str::to_owned));
        let Some(path) = path.filter(|path| path.starts_with('/') || path == "*") else {
            return;
        };
        let before = used
            .iter()
            .filter(|(of, _)| *of == router)
            .map(|(_, name)| name.clone());
        if let Some(route) = registered(call, verb, &router, &path, before.collect(), expr) {
            found.routes.push(route);
        }
    });
}

/// The name of a router, and the path of `router.route("/a")`.
fn router_of(object: &Expr) -> (String, Option<String>) {
    if let ExprKind::Call(call) = &object.kind
        && let ExprKind::Attribute(inner, name) = &call.callee.kind
    {
        if &**name == "route" {
            let path = call.args.first().and_then(|arg| arg.value.as_str());
            let of = last_name(inner).unwrap_or_default().to_owned();
            return (of, path.map(str::to_owned));
        }
        // router.route("/a").get(f).post(g)
        return router_of(inner);
    }
    (last_name(object).unwrap_or_default().to_owned(), None)
}

fn is_router(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "app" | "api" | "server" | "fastify" | "routes" | "route" | "r"
    ) || lower.ends_with("router")
        || lower.ends_with("app")
}

fn registered(
    call: &Call,
    verb: &str,
    router: &str,
    path: &str,
    before: Vec<String>,
    at: &Expr,
) -> Option<Route> {
    let skip = usize::from(call.args.first()?.value.as_str().is_some());
    let (last, middle) = call.args.get(skip..)?.split_last()?;
    let mut guards = before;
    for arg in middle {
        match &arg.value.kind {
            ExprKind::List(_, items) => {
                guards.extend(items.iter().filter_map(last_name).map(str::to_owned));
            }
            _ => guards.extend(last_name(&arg.value).map(str::to_owned)),
        }
    }
    let methods = match verb {
        "all" => Vec::new(),
        "del" => vec!["DELETE".to_owned()],
        _ => vec![verb.to_ascii_uppercase()],
    };
    let (handler, is_here) = match &last.value.kind {
        ExprKind::Lambda(function) => (handler::read(function, at.span.line, guards), true),
        ExprKind::Name(_) | ExprKind::Attribute(..) => (
            Handler {
                name: last_name(&last.value)?.to_owned(),
                line: at.span.line,
                guards,
                ..Handler::default()
            },
            false,
        ),
        // catchAsync(async (req, res) => …)
        ExprKind::Call(wrapper) => {
            let inner = wrapper.args.iter().find_map(|arg| match &arg.value.kind {
                ExprKind::Lambda(function) => Some(function),
                _ => None,
            })?;
            (handler::read(inner, at.span.line, guards), true)
        }
        _ => return None,
    };
    Some(Route {
        methods,
        path: path.to_owned(),
        router: router.to_owned(),
        handler,
        is_here,
    })
}

/// Nest: `@Controller("a") class … { @Get("b") @UseGuards(G) f() {} }`.
fn read_class(class: &Class, found: &mut FileRoutes) {
    let Some(prefix) = class
        .decorators
        .iter()
        .find(|each| last_name(each) == Some("Controller"))
    else {
        return;
    };
    let prefix = first_text(prefix).unwrap_or_default();
    let of_class = guards_of(&class.decorators);
    for stmt in &class.body {
        let StmtKind::Function(function) = &stmt.kind else {
            continue;
        };
        let verb = function.decorators.iter().find_map(|each| {
            let name = last_name(each)?.to_ascii_lowercase();
            VERBS.contains(&name.as_str()).then_some((name, each))
        });
        let Some((verb, decorator)) = verb else {
            continue;
        };
        let mut guards = of_class.clone();
        guards.extend(guards_of(&function.decorators));
        let below = first_text(decorator).unwrap_or_default();
        found.routes.push(Route {
            methods: vec![verb.to_ascii_uppercase()],
            path: format!("/{}/{}", prefix.trim_matches('/'), below.trim_matches('/'))
                .trim_end_matches('/')
                .to_owned(),
            router: class.name.to_string(),
            handler: handler::read(function, function.span.line, guards),
            is_here: true,
        });
    }
}

fn first_text(decorator: &Expr) -> Option<&str> {
    match &decorator.kind {
        ExprKind::Call(call) => call.args.first()?.value.as_str(),
        _ => None,
    }
}

/// `@UseGuards(A, B)`, and other decorators that sound like a guard.
fn guards_of(decorators: &[Expr]) -> Vec<String> {
    let mut guards = Vec::new();
    for decorator in decorators {
        let name = last_name(decorator).unwrap_or_default();
        match &decorator.kind {
            ExprKind::Call(call) if name == "UseGuards" => {
                let names = call.args.iter().filter_map(|arg| last_name(&arg.value));
                guards.extend(names.map(str::to_owned));
            }
            _ if super::is_auth_word(name) => guards.push(name.to_owned()),
            _ => {}
        }
    }
    guards
}

/// Next: `export function GET` in `app/a/route.ts`.
fn next_route(function: &Function, path: &str, handler: &Handler) -> Option<Route> {
    let name = &*function.name;
    let is_verb = name.chars().all(|c| c.is_ascii_uppercase())
        && VERBS.contains(&name.to_ascii_lowercase().as_str());
    let (directory, file) = path.rsplit_once('/')?;
    if !is_verb || !file.starts_with("route.") {
        return None;
    }
    let below = directory
        .split_once("app/")
        .map_or(directory, |(_, below)| below);
    Some(Route {
        methods: vec![name.to_owned()],
        path: format!("/{below}"),
        router: "app".to_owned(),
        handler: handler.clone(),
        is_here: true,
    })
}
