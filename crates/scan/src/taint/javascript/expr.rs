//! Expressions.

use tree_sitter::Node;

use super::Lowering;
use super::text::{unescaped, whole};
use crate::taint::ir::{
    Arg, BinaryOp, Call, Const, Expr, ExprKind, Import, ListKind, Stmt, StmtKind,
};
use crate::taint::tree::{FrontEnd, children, constant, first, plain, span};

impl Lowering<'_> {
    fn boxed(&mut self, node: Node<'_>, name: &str) -> Box<Expr> {
        Box::new(self.field(node, name))
    }

    pub(super) fn kind(&mut self, node: Node<'_>) -> ExprKind {
        match node.kind() {
            "identifier"
            | "property_identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern"
            | "this"
            | "super"
            | "type_identifier"
            | "private_property_identifier"
            | "import" => ExprKind::Name(self.text(node).into()),
            "undefined" | "null" => ExprKind::Const(Const::None),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "number" => self.number(node),
            "string" => ExprKind::Const(Const::Str(self.string(node).into())),
            "regex" => ExprKind::Const(Const::Regex(self.text(node).into())),
            "template_string" => ExprKind::Template(self.template(node)),
            "call_expression" => self.call(node),
            "new_expression" => self.construction(node),
            "member_expression" | "nested_identifier" => self.member(node),
            "subscript_expression" => {
                ExprKind::Element(self.boxed(node, "object"), self.boxed(node, "index"))
            }
            "binary_expression" => self.binary(node, BinaryOp::Div),
            "unary_expression" => self.unary(node),
            "ternary_expression" => ExprKind::Conditional(Box::new([
                self.field(node, "condition"),
                self.field(node, "consequence"),
                self.field(node, "alternative"),
            ])),
            "assignment_expression" => self.assignment(node),
            "augmented_assignment_expression" => self.augmented(node),
            "update_expression" => ExprKind::Opaque(vec![self.field(node, "argument")]),
            "await_expression" => self.wrapped(node, ExprKind::Await),
            "spread_element" => self.wrapped(node, ExprKind::Spread),
            "yield_expression" => ExprKind::Yield(first(node).map(|of| Box::new(self.expr(of)))),
            "array" | "array_pattern" => {
                let items = children(node).into_iter().map(|item| self.expr(item));
                ExprKind::List(ListKind::List, items.collect())
            }
            "object" => self.object(node),
            "arrow_function" | "function_expression" | "generator_function" | "function" => {
                ExprKind::Lambda(Box::new(self.function(node)))
            }
            "class" => self.class_expression(node),
            // The value is that of the inner one; types say nothing here.
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "instantiation_expression" => self.inner(node, 0),
            "type_assertion" => self.inner(node, children(node).len().saturating_sub(1)),
            "sequence_expression" => self.sequence(node),
            "jsx_element" | "jsx_self_closing_element" | "jsx_fragment" => self.markup(node),
            _ => self.opaque(node),
        }
    }

    /// Something of which only the parts are known.
    pub(super) fn opaque(&mut self, node: Node<'_>) -> ExprKind {
        let parts = children(node).into_iter().map(|part| self.expr(part));
        ExprKind::Opaque(parts.collect())
    }

    fn inner(&mut self, node: Node<'_>, index: usize) -> ExprKind {
        match children(node).get(index) {
            Some(inner) => self.expr(*inner).kind,
            None => ExprKind::Opaque(Vec::new()),
        }
    }

    fn wrapped(&mut self, node: Node<'_>, wrap: impl Fn(Box<Expr>) -> ExprKind) -> ExprKind {
        match first(node) {
            Some(inner) => wrap(Box::new(self.expr(inner))),
            None => ExprKind::Opaque(Vec::new()),
        }
    }

    /// `a, b, c`: the last one's value, but all happen.
    fn sequence(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts: Vec<Expr> = Vec::new();
        for part in children(node) {
            parts.push(self.expr(part));
        }
        match parts.len() {
            1 => parts.swap_remove(0).kind,
            _ => ExprKind::Opaque(parts),
        }
    }

    fn number(&self, node: Node<'_>) -> ExprKind {
        let text = self.text(node);
        ExprKind::Const(match whole(text) {
            Some(number) => Const::Int(number),
            None => Const::Float(text.replace('_', "").parse().unwrap_or(f64::NAN)),
        })
    }

    /// The text of a string literal, unescaped.
    pub(super) fn string(&self, node: Node<'_>) -> String {
        let text = self.text(node);
        let mut inner = text.chars();
        inner.next();
        inner.next_back();
        unescaped(inner.as_str())
    }

    /// The parts of a template: text between the substitutions, and these.
    fn template(&mut self, node: Node<'_>) -> Vec<Expr> {
        let mut parts = Vec::new();
        let mut at = node.start_byte() + 1;
        let end = node.end_byte().saturating_sub(1);
        for child in children(node) {
            if child.kind() != "template_substitution" {
                continue;
            }
            parts.extend(self.between(node, at, child.start_byte()));
            if let Some(inner) = first(child) {
                parts.push(self.expr(inner));
            }
            at = child.end_byte();
        }
        parts.extend(self.between(node, at, end));
        parts
    }

    fn between(&self, node: Node<'_>, from: usize, to: usize) -> Option<Expr> {
        let text = self.down.between(from, to);
        (!text.is_empty()).then(|| constant(&unescaped(text), node))
    }

    fn call(&mut self, node: Node<'_>) -> ExprKind {
        if let Some(required) = self.required(node) {
            let name = format!("$require:{required}");
            self.bind(node, &required, None, &name);
            return ExprKind::Name(name.into());
        }
        let callee = self.field(node, "function");
        let args = match node.child_by_field_name("arguments") {
            // tag`a${b}c`: the tag gets the texts and the values.
            Some(args) if args.kind() == "template_string" => self.template_args(args),
            Some(args) => self.args(args),
            None => Vec::new(),
        };
        let construct = false;
        ExprKind::Call(Box::new(Call {
            callee,
            args,
            construct,
        }))
    }

    fn template_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        let mut texts = Vec::new();
        let mut values = Vec::new();
        for part in self.template(node) {
            if part.as_str().is_some() {
                texts.push(part);
            } else {
                values.push(plain(part));
            }
        }
        let texts = Expr {
            kind: ExprKind::List(ListKind::List, texts),
            span: span(node),
        };
        std::iter::once(plain(texts)).chain(values).collect()
    }

    fn construction(&mut self, node: Node<'_>) -> ExprKind {
        let callee = self.field(node, "constructor");
        let args = node.child_by_field_name("arguments");
        ExprKind::Call(Box::new(Call {
            callee,
            args: args.map_or_else(Vec::new, |args| self.args(args)),
            construct: true,
        }))
    }

    fn args(&mut self, node: Node<'_>) -> Vec<Arg> {
        let mut args = Vec::new();
        for arg in children(node) {
            let spread = arg.kind() == "spread_element";
            let value = match first(arg).filter(|_| spread) {
                Some(inner) => self.expr(inner),
                None => self.expr(arg),
            };
            args.push(Arg {
                name: None,
                spread,
                value,
            });
        }
        args
    }

    /// The module of `require("…")`, `import("…")`.
    pub(super) fn required(&self, node: Node<'_>) -> Option<String> {
        if node.kind() != "call_expression" {
            return None;
        }
        let function = node.child_by_field_name("function")?;
        if !matches!(self.text(function), "require" | "import") {
            return None;
        }
        let args = children(node.child_by_field_name("arguments")?);
        match args.as_slice() {
            [one] if one.kind() == "string" => Some(self.string(*one)),
            _ => None,
        }
    }

    /// Binds a module, or something of it, before all else.
    pub(super) fn bind(&mut self, node: Node<'_>, module: &str, item: Option<&str>, bound: &str) {
        let module = module.strip_prefix("node:").unwrap_or(module);
        let import = Import {
            module: module.into(),
            item: item.map(Into::into),
            bound: bound.into(),
        };
        if !self.imports.iter().any(|(_, known)| *known == import) {
            self.imports.push((span(node), import));
        }
    }

    fn member(&mut self, node: Node<'_>) -> ExprKind {
        let object = self.boxed(node, "object");
        match node.child_by_field_name("property") {
            Some(property) => ExprKind::Attribute(object, self.text(property).into()),
            None => ExprKind::Opaque(vec![*object]),
        }
    }

    fn unary(&mut self, node: Node<'_>) -> ExprKind {
        let operator = node.child_by_field_name("operator");
        let argument = self.field(node, "argument");
        match (
            operator.map_or("", |found| self.text(found)),
            &argument.kind,
        ) {
            ("!", _) => ExprKind::Not(Box::new(argument)),
            ("-", ExprKind::Const(Const::Int(number))) => {
                ExprKind::Const(number.checked_neg().map_or(Const::None, Const::Int))
            }
            ("void", _) => ExprKind::Const(Const::None),
            // What becomes a number or a truth carries no text on.
            ("+" | "-" | "~", _) => ExprKind::Call(Box::new(Call {
                callee: Expr::name("Number", argument.span),
                args: vec![plain(argument)],
                construct: false,
            })),
            _ => ExprKind::Opaque(vec![argument]),
        }
    }

    fn assignment(&mut self, node: Node<'_>) -> ExprKind {
        let value = self.field(node, "right");
        match node.child_by_field_name("left") {
            Some(left) if left.kind() == "object_pattern" => ExprKind::Opaque(vec![value]),
            Some(left) => ExprKind::Assign(Box::new(self.expr(left)), Box::new(value)),
            None => value.kind,
        }
    }

    /// `a += b` in an expression.
    fn augmented(&mut self, node: Node<'_>) -> ExprKind {
        let target = self.field(node, "left");
        let value = self.field(node, "right");
        let operator = node.child_by_field_name("operator");
        let of = vec![target.clone(), value];
        let sum = match operator.map_or("", |found| self.text(found)) {
            "+=" => ExprKind::Concat(of),
            "||=" | "??=" => ExprKind::Or(of),
            "&&=" => ExprKind::And(of),
            _ => ExprKind::Opaque(of),
        };
        let sum = Expr {
            kind: sum,
            span: span(node),
        };
        ExprKind::Assign(Box::new(target), Box::new(sum))
    }

    fn object(&mut self, node: Node<'_>) -> ExprKind {
        let mut entries = Vec::new();
        for entry in children(node) {
            match entry.kind() {
                "pair" => {
                    let key = entry.child_by_field_name("key");
                    let key = key.map(|key| self.key(key));
                    entries.push((key, self.field(entry, "value")));
                }
                "shorthand_property_identifier" => {
                    let key = constant(self.text(entry), entry);
                    entries.push((Some(key), self.expr(entry)));
                }
                "method_definition" => {
                    let function = self.function(entry);
                    let key = constant(&function.name, entry);
                    let value = Expr {
                        kind: ExprKind::Lambda(Box::new(function)),
                        span: span(entry),
                    };
                    entries.push((Some(key), value));
                }
                "spread_element" => {
                    let of = first(entry).map(|of| self.expr(of));
                    entries.extend(of.map(|of| (None, of)));
                }
                _ => {}
            }
        }
        ExprKind::Dict(entries)
    }

    /// The key of an entry: text, unless it is computed.
    pub(super) fn key(&mut self, node: Node<'_>) -> Expr {
        match node.kind() {
            "computed_property_name" => match first(node) {
                Some(inner) => self.expr(inner),
                None => Expr::opaque(span(node)),
            },
            "string" => constant(&self.string(node), node),
            _ => constant(self.text(node), node),
        }
    }

    fn class_expression(&mut self, node: Node<'_>) -> ExprKind {
        let class = self.class(node);
        let name = class.name.clone();
        // It is bound where it stands, and is then what its name says.
        self.exports.push(Stmt {
            span: class.span,
            kind: StmtKind::Class(Box::new(class)),
        });
        ExprKind::Name(name)
    }
}
