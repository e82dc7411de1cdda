//! Classes, methods and their parameters.

use tree_sitter::Node;

use super::Lowering;
use super::expr::named;
use crate::taint::ir::{Class, Expr, ExprKind, Function, Param, ParamKind, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, child_of, children, expr, first, span, stmt};

impl Lowering<'_> {
    /// A class, interface, enumeration or record.
    pub(super) fn class(&mut self, node: Node<'_>) -> Class {
        let name = node.child_by_field_name("name");
        if let Some(name) = name {
            let name = self.text(name).to_owned();
            self.bound.insert(name);
        }
        let mut bases = Vec::new();
        for kind in ["superclass", "super_interfaces", "extends_interfaces"] {
            if let Some(of) = child_of(node, kind) {
                bases.extend(self.types(of));
            }
        }
        let body = node.child_by_field_name("body");
        let around = self.types.clone();
        if let Some(body) = body {
            self.note_fields(body);
        }
        let class = Class {
            name: name.map_or("", |name| self.text(name)).into(),
            bases,
            decorators: self.annotations(node),
            body: body.map_or_else(Vec::new, |body| self.members(body)),
            span: span(node),
        };
        self.types = around;
        class
    }

    /// Notes the types of fields, which methods before them use, too.
    fn note_fields(&mut self, body: Node<'_>) {
        for member in children(body) {
            if member.kind() == "field_declaration" {
                self.declared(member);
            }
        }
    }

    fn types(&mut self, node: Node<'_>) -> Vec<Expr> {
        let mut all = Vec::new();
        for child in children(node) {
            if child.kind() == "type_list" {
                all.extend(self.types(child));
            } else {
                all.push(expr(child, ExprKind::Name(self.class_name(child).into())));
            }
        }
        all
    }

    fn members(&mut self, body: Node<'_>) -> Vec<Stmt> {
        let mut members = Vec::new();
        for member in children(body) {
            match member.kind() {
                "constructor_declaration" | "compact_constructor_declaration" => {
                    let mut function = self.method(member);
                    function.name = "<init>".into();
                    members.push(stmt(member, StmtKind::Function(Box::new(function))));
                }
                "static_initializer" => {
                    if let Some(block) = first(member) {
                        members.extend(self.statements(block));
                    }
                }
                "enum_body_declarations" => members.extend(self.members(member)),
                "enum_constant" => {}
                "field_declaration" => self.fields(member, &mut members),
                // What has no body is somewhere else.
                "method_declaration" if member.child_by_field_name("body").is_none() => {}
                _ => self.statement(member, &mut members),
            }
        }
        members
    }

    /// A method or constructor.
    pub(super) fn method(&mut self, node: Node<'_>) -> Function {
        let name = node.child_by_field_name("name");
        let params = node.child_by_field_name("parameters");
        let is_static = child_of(node, "modifiers").is_some_and(|found| {
            self.text(found)
                .split_whitespace()
                .any(|word| word == "static")
        });
        let around = self.types.clone();
        let function = Function {
            name: name.map_or("", |name| self.text(name)).into(),
            params: params.map_or_else(Vec::new, |params| self.params(params)),
            receiver: (!is_static).then(|| "this".into()),
            decorators: self.annotations(node),
            body: node
                .child_by_field_name("body")
                .map_or_else(Vec::new, |body| self.statements(body)),
            span: span(node),
        };
        self.types = around;
        function
    }

    pub(super) fn params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut params = Vec::new();
        for param in children(node) {
            match param.kind() {
                "formal_parameter" => {
                    let name = param.child_by_field_name("name");
                    let mut one = named(name.map_or("", |name| self.text(name)));
                    one.annotation = param.child_by_field_name("type").map(|of| self.type_of(of));
                    if let Some(of) = param.child_by_field_name("type") {
                        self.note_type(&one.name, of);
                    }
                    one.decorators = self.annotations(param);
                    params.push(one);
                }
                "spread_parameter" => {
                    let name = child_of(param, "variable_declarator")
                        .and_then(|declarator| declarator.child_by_field_name("name"));
                    let mut rest = named(name.map_or("", |name| self.text(name)));
                    rest.kind = ParamKind::Rest;
                    params.push(rest);
                }
                _ => {}
            }
        }
        params
    }

    /// The class of a type; that of an array has `[]` after it.
    fn type_of(&mut self, node: Node<'_>) -> Expr {
        let mut name = self.class_name(node);
        if node.kind() == "array_type" {
            name.push_str("[]");
        }
        expr(node, ExprKind::Name(name.into()))
    }

    fn annotations(&mut self, node: Node<'_>) -> Vec<Expr> {
        let Some(modifiers) = child_of(node, "modifiers") else {
            return Vec::new();
        };
        children(modifiers)
            .into_iter()
            .filter(|child| child.kind().ends_with("annotation"))
            .map(|annotation| self.expr(annotation))
            .collect()
    }
}
