//! Expressions.

use tree_sitter::Node;

use super::Lowering;
use super::text::{unquoted, whole};
use crate::taint::ir::{
    Arg, BinaryOp, Call, Const, Expr, ExprKind, Function, ListKind, Param, ParamKind, Stmt,
    StmtKind,
};
use crate::taint::tree::{FrontEnd, children, expr, first, plain, span, stmt};

impl Lowering<'_> {
    fn boxed(&mut self, node: Node<'_>, name: &str) -> Box<Expr> {
        Box::new(self.field(node, name))
    }

    pub(super) fn kind(&mut self, node: Node<'_>) -> ExprKind {
        match node.kind() {
            "identifier" | "this" | "super" => ExprKind::Name(self.text(node).into()),
            "type_identifier" | "scoped_type_identifier" | "generic_type" => {
                ExprKind::Name(self.class_name(node).into())
            }
            "null_literal" => ExprKind::Const(Const::None),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "string_literal" | "character_literal" => {
                ExprKind::Const(Const::Str(unquoted(self.text(node)).into()))
            }
            kind if kind.ends_with("_integer_literal") => {
                let number = whole(self.text(node));
                ExprKind::Const(number.map_or(Const::Float(f64::NAN), Const::Int))
            }
            "decimal_floating_point_literal" | "hex_floating_point_literal" => {
                ExprKind::Const(Const::Float(self.text(node).parse().unwrap_or(f64::NAN)))
            }
            "method_invocation" => self.invocation(node),
            "object_creation_expression" => self.creation(node),
            "field_access" | "scoped_identifier" => self.access(node),
            "array_access" => {
                ExprKind::Element(self.boxed(node, "array"), self.boxed(node, "index"))
            }
            "binary_expression" => self.binary(node, BinaryOp::FloorDiv),
            "unary_expression" => self.unary(node),
            "ternary_expression" => ExprKind::Conditional(Box::new([
                self.field(node, "condition"),
                self.field(node, "consequence"),
                self.field(node, "alternative"),
            ])),
            "assignment_expression" => self.assignment(node),
            "cast_expression" => self.cast(node),
            "parenthesized_expression" => match first(node) {
                Some(inner) => self.expr(inner).kind,
                None => ExprKind::Opaque(Vec::new()),
            },
            "array_initializer" | "element_value_array_initializer" => {
                let items = children(node).into_iter().map(|item| self.expr(item));
                ExprKind::List(ListKind::List, items.collect())
            }
            "array_creation_expression" => match node.child_by_field_name("value") {
                Some(value) => self.expr(value).kind,
                None => ExprKind::List(ListKind::List, Vec::new()),
            },
            "lambda_expression" => ExprKind::Lambda(Box::new(self.lambda(node))),
            "instanceof_expression" => ExprKind::Opaque(Vec::new()),
            "class_literal" => ExprKind::Const(Const::None),
            "switch_expression" => self.switch_value(node),
            "annotation" | "marker_annotation" => self.annotation(node),
            _ => {
                let parts = children(node).into_iter().map(|part| self.expr(part));
                ExprKind::Opaque(parts.collect())
            }
        }
    }

    /// The simple name of a type.
    pub(super) fn class_name(&mut self, node: Node<'_>) -> String {
        let node = match node.kind() {
            "generic_type" | "annotated_type" | "array_type" => first(node).unwrap_or(node),
            _ => node,
        };
        let text = self.text(node);
        if let Some(class) = self.class_in(text) {
            return class;
        }
        let class = text.rsplit('.').next().unwrap_or(text).to_owned();
        self.note_use(&class);
        class
    }

    fn invocation(&mut self, node: Node<'_>) -> ExprKind {
        let name = node.child_by_field_name("name");
        let name = name.map_or("", |name| self.text(name));
        let callee = match node.child_by_field_name("object") {
            Some(object) => {
                if object.kind() == "identifier" {
                    let name = self.text(object).to_owned();
                    self.note_use(&name);
                }
                let object = self.expr(object);
                ExprKind::Attribute(Box::new(object), name.into())
            }
            None => ExprKind::Name(name.into()),
        };
        let callee = expr(node, callee);
        let args = self.args(node);
        let construct = false;
        ExprKind::Call(Box::new(Call {
            callee,
            args,
            construct,
        }))
    }

    fn args(&mut self, node: Node<'_>) -> Vec<Arg> {
        node.child_by_field_name("arguments")
            .map_or_else(Vec::new, children)
            .into_iter()
            .map(|arg| plain(self.expr(arg)))
            .collect()
    }

    fn creation(&mut self, node: Node<'_>) -> ExprKind {
        let class = match node.child_by_field_name("type") {
            Some(class) => expr(class, ExprKind::Name(self.class_name(class).into())),
            None => Expr::opaque(span(node)),
        };
        let mut args = self.args(node);
        // What the methods of a class without a name do is done with it.
        for body in children(node) {
            if body.kind() == "class_body" {
                args.extend(self.methods_as_values(body));
            }
        }
        ExprKind::Call(Box::new(Call {
            callee: class,
            args,
            construct: true,
        }))
    }

    fn methods_as_values(&mut self, body: Node<'_>) -> Vec<Arg> {
        let mut args = Vec::new();
        for member in children(body) {
            if member.kind() == "method_declaration" {
                let function = self.method(member);
                args.push(plain(expr(member, ExprKind::Lambda(Box::new(function)))));
            }
        }
        args
    }

    /// `a.b`, where `a` may be the name of a package.
    fn access(&mut self, node: Node<'_>) -> ExprKind {
        let text = self.text(node);
        let is_path = text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
        if is_path && let Some(class) = self.class_in(text) {
            return ExprKind::Name(class.into());
        }
        let (object, name) = if node.kind() == "scoped_identifier" {
            ("scope", "name")
        } else {
            ("object", "field")
        };
        let name = node.child_by_field_name(name);
        let object = self.boxed(node, object);
        ExprKind::Attribute(object, name.map_or("", |name| self.text(name)).into())
    }

    fn unary(&mut self, node: Node<'_>) -> ExprKind {
        let operator = node.child_by_field_name("operator");
        let operand = self.field(node, "operand");
        match (operator.map_or("", |found| self.text(found)), &operand.kind) {
            ("!", _) => ExprKind::Not(Box::new(operand)),
            ("-", ExprKind::Const(Const::Int(number))) => {
                ExprKind::Const(number.checked_neg().map_or(Const::None, Const::Int))
            }
            _ => ExprKind::Opaque(vec![operand]),
        }
    }

    fn assignment(&mut self, node: Node<'_>) -> ExprKind {
        let target = self.boxed(node, "left");
        let mut value = self.field(node, "right");
        if let Some(left) = node.child_by_field_name("left")
            && left.kind() == "identifier"
        {
            value = self.as_declared(left, value);
        }
        let operator = node.child_by_field_name("operator");
        let value = match operator.map_or("=", |found| self.text(found)) {
            "=" => value,
            "+=" => expr(node, ExprKind::Concat(vec![(*target).clone(), value])),
            _ => expr(node, ExprKind::Opaque(vec![(*target).clone(), value])),
        };
        ExprKind::Assign(target, Box::new(value))
    }

    /// A value of the type that is written before it.
    fn cast(&mut self, node: Node<'_>) -> ExprKind {
        let value = self.field(node, "value");
        match node
            .child_by_field_name("type")
            .and_then(|to| self.telling(to))
        {
            Some(name) => ExprKind::Typed(Box::new(value), name.into()),
            None => value.kind,
        }
    }

    fn lambda(&mut self, node: Node<'_>) -> Function {
        let params = node.child_by_field_name("parameters");
        let params = match params {
            Some(params) if params.kind() == "identifier" => vec![named(self.text(params))],
            Some(params) if params.kind() == "inferred_parameters" => children(params)
                .into_iter()
                .map(|param| named(self.text(param)))
                .collect(),
            Some(params) => self.params(params),
            None => Vec::new(),
        };
        let body = match node.child_by_field_name("body") {
            Some(body) if body.kind() == "block" => self.statements(body),
            Some(body) => {
                let value = self.expr(body);
                vec![stmt(body, StmtKind::Return(Some(value)))]
            }
            None => Vec::new(),
        };
        Function {
            params,
            body,
            span: span(node),
            ..Function::default()
        }
    }

    /// `@Get("/a")` as a call, with its entries as arguments by name.
    pub(super) fn annotation(&mut self, node: Node<'_>) -> ExprKind {
        let name = node.child_by_field_name("name");
        let name = name.map_or("", |name| self.text(name));
        let name = name.rsplit('.').next().unwrap_or(name);
        let callee = Expr::name(name, span(node));
        let mut args = Vec::new();
        for arg in node
            .child_by_field_name("arguments")
            .map_or_else(Vec::new, children)
        {
            if arg.kind() == "element_value_pair" {
                let key = arg.child_by_field_name("key");
                args.push(Arg {
                    name: key.map(|key| self.text(key).into()),
                    spread: false,
                    value: self.field(arg, "value"),
                });
            } else {
                args.push(plain(self.expr(arg)));
            }
        }
        ExprKind::Call(Box::new(Call {
            callee,
            args,
            construct: false,
        }))
    }

    /// A `switch` as a value: that of any of its arms.
    fn switch_value(&mut self, node: Node<'_>) -> ExprKind {
        let mut values = Vec::new();
        for rule in node
            .child_by_field_name("body")
            .map_or_else(Vec::new, children)
        {
            let Some(last) = children(rule).into_iter().next_back() else {
                continue;
            };
            if last.kind() == "expression_statement" {
                values.extend(first(last).map(|value| self.expr(value)));
            } else if last.kind() == "block" {
                let yields = children(last)
                    .into_iter()
                    .filter(|each| each.kind() == "yield_statement");
                let of: Vec<Expr> = yields
                    .filter_map(first)
                    .map(|value| self.expr(value))
                    .collect();
                values.extend(of);
            }
        }
        ExprKind::Opaque(values)
    }
}

/// A parameter of which only the name is known.
pub(super) fn named(name: &str) -> Param {
    Param {
        name: name.into(),
        kind: ParamKind::One,
        annotation: None,
        decorators: Vec::new(),
        default: None,
    }
}

/// A statement of an expression that assigns, where it is one.
pub(super) fn as_statement(node: Node<'_>, value: Expr) -> Stmt {
    let kind = match value.kind {
        ExprKind::Assign(target, value) => StmtKind::Assign {
            target: *target,
            op: None,
            value: *value,
        },
        kind => StmtKind::Expr(Expr {
            kind,
            span: value.span,
        }),
    };
    stmt(node, kind)
}
