//! Spring, and what is annotated as it.

use super::{FileRoutes, Route, handler};
use crate::taint::ir::{Class, Expr, ExprKind, Module, StmtKind};
use crate::taint::visit::last_name;

pub fn read(module: &Module, found: &mut FileRoutes) {
    for stmt in &module.body {
        if let StmtKind::Class(class) = &stmt.kind {
            read_class(class, found);
        }
    }
}

fn read_class(class: &Class, found: &mut FileRoutes) {
    let prefix = class
        .decorators
        .iter()
        .find(|each| matches!(last_name(each), Some("RequestMapping" | "Path")));
    let prefix = prefix.and_then(path_of).unwrap_or_default();
    let of_class = guards_of(&class.decorators);
    for stmt in &class.body {
        let StmtKind::Function(function) = &stmt.kind else {
            continue;
        };
        let mapping = function.decorators.iter().find_map(|each| {
            let name = last_name(each)?;
            Some((methods_of(name, each)?, each))
        });
        let Some((methods, mapping)) = mapping else {
            continue;
        };
        let mut guards = of_class.clone();
        guards.extend(guards_of(&function.decorators));
        let below = path_of(mapping).unwrap_or_default();
        found.routes.push(Route {
            methods,
            path: format!("/{}/{}", prefix.trim_matches('/'), below.trim_matches('/'))
                .replace("//", "/"),
            router: class.name.to_string(),
            handler: handler::read(function, function.span.line, guards),
            is_here: true,
        });
    }
}

fn methods_of(name: &str, mapping: &Expr) -> Option<Vec<String>> {
    if name == "RequestMapping" {
        let mut methods = Vec::new();
        crate::taint::visit::expression(mapping, &mut |part| {
            if let ExprKind::Attribute(object, verb) = &part.kind
                && last_name(object) == Some("RequestMethod")
            {
                methods.push(verb.to_string());
            }
        });
        return Some(methods);
    }
    let verb = name
        .strip_suffix("Mapping")
        .unwrap_or(name)
        .to_ascii_uppercase();
    matches!(verb.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE").then(|| vec![verb])
}

fn path_of(mapping: &Expr) -> Option<String> {
    let mut path = None;
    if let ExprKind::Call(call) = &mapping.kind {
        for arg in &call.args {
            if matches!(arg.name.as_deref(), None | Some("value" | "path")) {
                crate::taint::visit::expression(&arg.value, &mut |part| {
                    if path.is_none() {
                        path = part.as_str().map(str::to_owned);
                    }
                });
            }
        }
    }
    path
}

fn guards_of(decorators: &[Expr]) -> Vec<String> {
    decorators
        .iter()
        .filter_map(last_name)
        .filter(|name| {
            matches!(
                *name,
                "PreAuthorize" | "PostAuthorize" | "Secured" | "RolesAllowed" | "Authenticated"
            )
        })
        .map(str::to_owned)
        .collect()
}
