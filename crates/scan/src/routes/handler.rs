//! What a handler does, as far as it matters for who may call it.

use super::{Fetch, Handler};
use crate::taint::ir::{Const, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::taint::visit::{dotted, expressions, last_name, statements};

/// How names of who asks begin, in whichever framework.
const SUBJECTS: &[&str] = &[
    "current_user",
    "g.user",
    "g.current_user",
    "session",
    "request.user",
    "self.request.user",
    "request.session",
    "request.state.user",
    "req.user",
    "req.session",
    "req.auth",
    "ctx.state.user",
    "ctx.user",
    "request.auth",
    "get_jwt_identity",
    "get_current_user",
    "get_jwt",
    "flask_login",
    "getServerSession",
    "currentUser",
    "getUser",
    "auth",
    "user_id_from_token",
    "Principal",
    "principal",
    "authentication",
    "SecurityContextHolder",
    "res.locals.user",
    "this.request.user",
    "info.context.user",
    "request.getUserPrincipal",
    "request.getRemoteUser",
];

/// How calls end that fetch one object.
const FETCHES: &[&str] = &[
    "get",
    "get_or_404",
    "filter_by",
    "filter",
    "find",
    "first_or_404",
    "get_object_or_404",
    "find_one",
    "findById",
    "findOne",
    "findByPk",
    "findUnique",
    "findFirst",
    "findByIdAndUpdate",
    "findByIdAndDelete",
    "findByIdAndRemove",
    "findOneAndUpdate",
    "deleteOne",
    "updateOne",
    "getReferenceById",
    "getOne",
    "getById",
    "deleteById",
    "find_by_id",
    "get_by_id",
];

/// What of a request a stranger chooses.
const FROM_REQUEST: &[&str] = &[
    "req.params",
    "req.query",
    "req.body",
    "request.args",
    "request.form",
    "request.json",
    "request.view_args",
    "request.GET",
    "request.POST",
    "ctx.params",
    "ctx.query",
    "ctx.request.body",
    "request.params",
    "request.getParameter",
    "self.kwargs",
];

/// Reads a function that answers. `ids` are its parameters that come out of the
/// path.
pub fn read(function: &Function, line: u32, guards: Vec<String>) -> Handler {
    let mut handler = Handler {
        name: function.name.to_string(),
        line,
        guards,
        ..Handler::default()
    };
    let params: Vec<&str> = function.params.iter().map(|param| &*param.name).collect();
    let mut from_request: Vec<String> = Vec::new();
    each_assignment(&function.body, &mut |target, value| {
        let is_data = dotted(value).is_some_and(|name| begins(&name, FROM_REQUEST));
        if let (ExprKind::Name(name), true) = (&target.kind, is_data) {
            from_request.push(name.to_string());
        }
    });
    expressions(&function.body, &mut |expr| {
        if let Some(name) = dotted(expr) {
            handler.sees_subject |= begins(&name, SUBJECTS);
        }
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        handler.rejects |= is_rejection(expr);
        let Some(name) = dotted(&call.callee) else {
            return;
        };
        let last = name.rsplit('.').next().unwrap_or(&name);
        if !handler.calls.iter().any(|known| known == last) {
            handler.calls.push(last.to_owned());
        }
        if handler.fetch.is_some() || !FETCHES.contains(&last) || !is_store(&name, last) {
            return;
        }
        let by = call.args.iter().find_map(|arg| {
            identifier(&arg.value, &params, &from_request)
                .or_else(|| entry(&arg.value, &params, &from_request))
        });
        handler.fetch = by.map(|by| Fetch {
            call: name.clone(),
            by,
            line: expr.span.line,
        });
    });
    handler.rejects |= returns_refusal(&function.body);
    handler
}

/// Whether a call is one on a store of objects: `get` alone is any dictionary's.
fn is_store(name: &str, last: &str) -> bool {
    match last {
        "get" | "find" | "filter" => {
            name.contains(".query.") || name.contains(".objects.") || name.contains("session.get")
        }
        _ => true,
    }
}

/// The identifier that a value is, where a stranger chose it.
fn identifier(value: &Expr, params: &[&str], from_request: &[String]) -> Option<String> {
    match &value.kind {
        ExprKind::Name(name) => {
            let known =
                params.contains(&&**name) || from_request.iter().any(|from| **from == **name);
            (known && is_identifier(name)).then(|| name.to_string())
        }
        ExprKind::Attribute(..) | ExprKind::Element(..) | ExprKind::Call(_) => {
            let name = dotted(value)?;
            begins(&name, FROM_REQUEST).then_some(name)
        }
        ExprKind::Compare(_, one, other) => identifier(other, params, from_request)
            .or_else(|| identifier(one, params, from_request)),
        _ => None,
    }
}

/// The same in an object: `{ _id: req.params.id }`, also in its `where`.
fn entry(value: &Expr, params: &[&str], from_request: &[String]) -> Option<String> {
    let ExprKind::Dict(entries) = &value.kind else {
        return None;
    };
    // With a second condition somebody has thought of whose it is.
    if entries.len() > 1 {
        return None;
    }
    entries.iter().find_map(|(_, value)| {
        identifier(value, params, from_request).or_else(|| entry(value, params, from_request))
    })
}

fn is_identifier(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !matches!(
        lower.as_str(),
        "request" | "self" | "req" | "res" | "ctx" | "db" | "session"
    ) && (lower.ends_with("id")
        || lower.ends_with("pk")
        || lower.ends_with("uuid")
        || lower.ends_with("slug")
        || lower.ends_with("name")
        || lower.ends_with("title")
        || lower.ends_with("number")
        || lower.ends_with("key"))
}

fn begins(name: &str, with: &[&str]) -> bool {
    with.iter().any(|start| {
        name.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// `abort(401)`, `HTTPException(403)`, `res.status(401)`, `redirect(login)`.
fn is_rejection(expr: &Expr) -> bool {
    let ExprKind::Call(call) = &expr.kind else {
        return false;
    };
    let name = last_name(&call.callee).unwrap_or_default();
    let refuses = call.args.iter().any(|arg| is_refusal(&arg.value));
    match name {
        "abort"
        | "HTTPException"
        | "status"
        | "sendStatus"
        | "sendError"
        | "Response"
        | "JSONResponse"
        | "HttpResponse"
        | "make_response"
        | "throw"
        | "setStatus"
        | "ResponseStatusException" => refuses,
        "HttpResponseForbidden"
        | "PermissionDenied"
        | "Unauthorized"
        | "Forbidden"
        | "UnauthorizedException"
        | "ForbiddenException"
        | "AccessDeniedException"
        | "HttpResponseUnauthorized" => true,
        "redirect" | "sendRedirect" | "RedirectResponse" => call.args.iter().any(|arg| {
            let mut login = false;
            crate::taint::visit::expression(&arg.value, &mut |part| {
                login |= part
                    .as_str()
                    .is_some_and(|text| text.to_ascii_lowercase().contains("login"));
            });
            login
        }),
        _ => false,
    }
}

fn is_refusal(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Const(Const::Int(401 | 403)) => true,
        ExprKind::Const(Const::Str(text)) => &**text == "401" || &**text == "403",
        ExprKind::Attribute(_, name) => {
            let lower = name.to_ascii_lowercase();
            lower.contains("unauthorized") || lower.contains("forbidden")
        }
        _ => false,
    }
}

/// `return …, 401`.
fn returns_refusal(body: &[Stmt]) -> bool {
    let mut found = false;
    statements(body, &mut |stmt| {
        if let StmtKind::Return(Some(value)) = &stmt.kind
            && let ExprKind::List(_, items) = &value.kind
        {
            found |= items.len() > 1 && items.iter().any(is_refusal);
        }
    });
    found
}

fn each_assignment(body: &[Stmt], see: &mut dyn FnMut(&Expr, &Expr)) {
    statements(body, &mut |stmt| {
        if let StmtKind::Assign { target, value, .. } = &stmt.kind {
            see(target, value);
        }
    });
}
