//! Functions and their parameters.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Expr, ExprKind, Function, Name, Param, ParamKind, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, children, first, span, stmt};

impl Lowering<'_> {
    /// Any kind of function: declared, expressed, an arrow, a method.
    pub(super) fn function(&mut self, node: Node<'_>) -> Function {
        let name = node.child_by_field_name("name");
        let mut body = Vec::new();
        let params = self.params(node, &mut body);
        if let Some(block) = node.child_by_field_name("body") {
            if block.kind() == "statement_block" {
                body.extend(self.statements(block));
            } else {
                // An arrow that is an expression returns it.
                let value = self.expr(block);
                body.push(stmt(block, StmtKind::Return(Some(value))));
            }
        }
        Function {
            name: name.map_or_else(|| "".into(), |name| self.name(name)),
            params,
            // An arrow has its surroundings' own.
            receiver: (node.kind() != "arrow_function").then(|| "this".into()),
            decorators: Vec::new(),
            body,
            span: span(node),
        }
    }

    /// A name, whatever kind of identifier or literal it is.
    pub(super) fn name(&mut self, node: Node<'_>) -> Name {
        match node.kind() {
            "string" => self.string(node).into(),
            "computed_property_name" => "".into(),
            _ => self.text(node).into(),
        }
    }

    fn params(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) -> Vec<Param> {
        if let Some(only) = node.child_by_field_name("parameter") {
            return self.param(only, body).into_iter().collect();
        }
        let Some(params) = node.child_by_field_name("parameters") else {
            return Vec::new();
        };
        children(params)
            .into_iter()
            .filter_map(|param| self.param(param, body))
            .collect()
    }

    fn param(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) -> Option<Param> {
        let mut pattern = node;
        let mut param = Param {
            name: "".into(),
            kind: ParamKind::One,
            annotation: None,
            decorators: Vec::new(),
            default: None,
        };
        if matches!(node.kind(), "required_parameter" | "optional_parameter") {
            pattern = node
                .child_by_field_name("pattern")
                .or_else(|| node.child_by_field_name("name"))?;
            param.decorators = self.decorators(node);
            param.annotation = self.annotation(node);
            param.default = node
                .child_by_field_name("value")
                .map(|value| self.expr(value));
        }
        if pattern.kind() == "assignment_pattern" {
            param.default = Some(self.field(pattern, "right"));
            pattern = pattern.child_by_field_name("left")?;
        }
        if pattern.kind() == "rest_pattern" {
            param.kind = ParamKind::Rest;
            pattern = first(pattern)?;
        }
        // `this` is no parameter but a type of one.
        if pattern.kind() == "this" {
            return None;
        }
        if pattern.kind() == "identifier" {
            param.name = self.text(pattern).into();
            return Some(param);
        }
        let whole = self.made_up(span(pattern));
        if let ExprKind::Name(name) = &whole.kind {
            param.name = name.clone();
        }
        self.destructure(pattern, whole, body);
        Some(param)
    }

    /// The type of a parameter, by its name.
    fn annotation(&mut self, node: Node<'_>) -> Option<Expr> {
        let inner = first(node.child_by_field_name("type")?)?;
        match inner.kind() {
            "type_identifier" | "predefined_type" => {
                Some(Expr::name(self.text(inner), span(inner)))
            }
            "generic_type" | "nested_type_identifier" => {
                let name = inner.child_by_field_name("name")?;
                Some(Expr::name(self.text(name), span(name)))
            }
            _ => None,
        }
    }

    /// Decorators that stand in a node.
    pub(super) fn decorators(&mut self, node: Node<'_>) -> Vec<Expr> {
        children(node)
            .into_iter()
            .filter(|child| child.kind() == "decorator")
            .filter_map(first)
            .map(|decorator| self.expr(decorator))
            .collect()
    }
}
