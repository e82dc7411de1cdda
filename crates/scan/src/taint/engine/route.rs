//! Which functions a framework calls with data of strangers, and with what.

use std::rc::Rc;

use crate::taint::ir::{Const, Expr, ExprKind, Param};

use super::interp::{Interp, Tier};
use super::state::State;
use super::value::{Closure, Object, Value};
use crate::taint::catalogue::Routes;
use crate::taint::visit::last_name;

/// A function that answers requests.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Whether text that it gives back is taken for HTML.
    pub answers_html: bool,
    /// Whether its parameters come out of the request.
    pub params_are_data: bool,
    /// Whether only one path leads to it.
    pub has_fixed_path: bool,
}

impl Route {
    /// Whether a function is one, and how.
    pub fn of<'a>(
        interp: &mut Interp<'a>,
        closure: &Rc<Closure<'a>>,
        state: &mut State<'a>,
    ) -> Option<Self> {
        let module = closure.module;
        let routes = interp.profile.routes;
        let json = routes
            .json_frameworks
            .iter()
            .any(|name| interp.program.imports(module, name));
        let says_html = closure.function.decorators.iter().any(|decorator| {
            keyword(decorator, "response_class")
                .is_some_and(|class| last_name(class) == Some("HTMLResponse"))
        });
        let aiohttp =
            interp.program.imports(module, "aiohttp") && !interp.program.imports(module, "flask");
        let answers_html = routes.returns_are_pages && (!json || says_html) && !aiohttp;
        let is_route = |decorator: &Expr| is_route(decorator, routes);
        if closure.function.decorators.iter().any(is_route) {
            return Some(Self {
                answers_html,
                params_are_data: routes.params_are_data,
                has_fixed_path: paths_are_fixed(&closure.function.decorators),
            });
        }
        if interp
            .registered
            .contains(&std::ptr::from_ref(closure.function))
        {
            return Some(Self {
                answers_html,
                params_are_data: routes.params_are_data,
                has_fixed_path: false,
            });
        }
        let class = closure.class.as_ref()?;
        let bases = class.all_bases();
        let handler = bases.iter().any(|base| {
            routes
                .handler_classes
                .iter()
                .any(|name| base.ends_with(name))
        });
        let _ = state;
        if handler && routes.handler_methods.contains(&&*closure.function.name) {
            let flask = bases
                .iter()
                .any(|base| base.ends_with("MethodView") || base.starts_with("flask.views"));
            return Some(Self {
                answers_html: flask && answers_html,
                params_are_data: routes.params_are_data,
                has_fixed_path: false,
            });
        }
        None
    }
}

fn is_route(decorator: &Expr, routes: &Routes) -> bool {
    if last_name(decorator).is_some_and(|name| routes.marks.contains(&name)) {
        return true;
    }
    let ExprKind::Call(call) = &decorator.kind else {
        // CherryPy's `@expose`.
        return matches!(&decorator.kind, ExprKind::Attribute(object, name) if &**name == "expose" && last_name(object) == Some("cherrypy"));
    };
    let ExprKind::Attribute(_, name) = &call.callee.kind else {
        return matches!(&call.callee.kind, ExprKind::Name(name) if matches!(&**name, "route" | "get" | "post") && path_of(decorator).is_some());
    };
    routes.verbs.contains(&&**name) && path_of(decorator).is_some()
}

fn paths_are_fixed(decorators: &[Expr]) -> bool {
    let mut paths = decorators.iter().filter_map(path_of).peekable();
    paths.peek().is_some() && paths.all(|path| !path.contains(['<', '{', '*', ':', '(']))
}

/// The path that a route is for.
fn path_of(decorator: &Expr) -> Option<&str> {
    let ExprKind::Call(call) = &decorator.kind else {
        return None;
    };
    let text = call.args.first().and_then(|arg| arg.value.as_str())?;
    (text.starts_with('/') || text.is_empty()).then_some(text)
}

fn keyword<'e>(decorator: &'e Expr, name: &str) -> Option<&'e Expr> {
    let ExprKind::Call(call) = &decorator.kind else {
        return None;
    };
    call.args
        .iter()
        .find(|arg| arg.name.as_deref() == Some(name))
        .map(|arg| &arg.value)
}

/// Whether a route's path takes this parameter as a number.
fn is_numeric_in_path(closure: &Closure<'_>, name: &str) -> bool {
    closure
        .function
        .decorators
        .iter()
        .filter_map(path_of)
        .any(|path| {
            ["int", "float", "uuid"].iter().any(|kind| {
                path.contains(&format!("<{kind}:{name}>"))
                    || path.contains(&format!("<{name}:{kind}>"))
            })
        })
}

impl<'a> Interp<'a> {
    /// What a parameter is where nobody in the project calls the function.
    pub(super) fn param_value(
        &mut self,
        closure: &Rc<Closure<'a>>,
        param: &'a Param,
        state: &mut State<'a>,
    ) -> Value<'a> {
        if closure.class.is_none() && matches!(&*param.name, "self" | "cls") {
            // A method without its class: of its object nothing is known.
            return self.alloc(
                Object::Instance {
                    class: None,
                    path: None,
                    fields: Vec::new(),
                },
                state,
            );
        }
        if param
            .annotation
            .as_ref()
            .is_some_and(|annotation| self.profile.is_number_type(annotation))
            || is_numeric_in_path(closure, &param.name)
        {
            return Value::number();
        }
        if let Some(known) = self.known_param(closure, param) {
            return Value::path(known);
        }
        let routes = self.profile.routes;
        let is_marked = param
            .decorators
            .iter()
            .filter_map(last_name)
            .any(|name| routes.param_marks.contains(&name));
        if is_marked
            || self
                .frame
                .route
                .as_ref()
                .is_some_and(|route| route.params_are_data)
        {
            let handed_in = param
                .default
                .as_ref()
                .and_then(last_name)
                .is_some_and(|name| routes.handed_in.contains(&name));
            if handed_in {
                return Value::unknown();
            }
            let taints = self.source(Tier::Strong, self.span_of(closure, param), || {
                format!("comes with the request as `{}`", param.name)
            });
            return Value::tainted(taints);
        }
        if self.is_script() && self.is_callback(closure.function) {
            return self.passed_param(closure);
        }
        // A default that is a number tells the type.
        if let Some(Expr {
            kind: ExprKind::Const(Const::Int(_) | Const::Bool(_) | Const::Float(_)),
            ..
        }) = &param.default
        {
            return Value::number();
        }
        let function = &closure.function.name;
        let taints = self.source(Tier::Weak, self.span_of(closure, param), || {
            format!(
                "is passed as `{}` by whoever calls `{function}`",
                param.name
            )
        });
        Value::tainted(taints)
    }

    /// Each parameter is a source of its own, at the function's line.
    fn span_of(&self, closure: &Closure<'a>, param: &Param) -> crate::taint::ir::Span {
        let place = closure
            .function
            .params
            .iter()
            .position(|each| each.name == param.name)
            .unwrap_or(0);
        crate::taint::ir::Span {
            column: u32::try_from(place + 1).unwrap_or(u32::MAX),
            ..closure.function.span
        }
    }

    /// What a framework passes here, by the parameter's type or name.
    fn known_param(&self, closure: &Closure<'a>, param: &Param) -> Option<&'static str> {
        let routes = self.profile.routes;
        let by = |table: &'static [(&str, &'static str)], name: &str| {
            let found = table.iter().find(|(each, _)| *each == name);
            found.map(|(_, known)| *known)
        };
        let annotated = param.annotation.as_ref().and_then(last_name);
        if let Some(known) = annotated.and_then(|name| by(routes.types, name)) {
            return Some(known);
        }
        let known = by(routes.names, &param.name)?;
        if !routes.beside.is_empty() {
            let function = closure.function;
            let beside = function
                .params
                .iter()
                .any(|each| each.name != param.name && routes.beside.contains(&&*each.name));
            let registered = self.registered.contains(&std::ptr::from_ref(function));
            return (beside || registered).then_some(known);
        }
        let framework = routes
            .request_frameworks
            .iter()
            .any(|name| self.program.imports(closure.module, name));
        (framework || closure.function.params.len() <= 4).then_some(known)
    }

    /// What a function that is passed on may be called with.
    fn passed_param(&self, closure: &Closure<'a>) -> Value<'a> {
        let (words, known) = self.profile.routes.passed;
        let module = self.program.module(closure.module);
        let path = std::iter::once(&module.path);
        if path
            .chain(module.imports())
            .any(|import| words.iter().any(|word| import.contains(word)))
        {
            return Value::path(known);
        }
        Value::unknown()
    }
}
