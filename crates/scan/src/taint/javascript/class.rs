//! Classes.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Class, Expr, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, assign, children, first, span, stmt};

impl Lowering<'_> {
    /// A class, declared or expressed. One without a name is given one.
    pub(super) fn class(&mut self, node: Node<'_>) -> Class {
        let name = if let Some(name) = node.child_by_field_name("name") {
            self.text(name).into()
        } else {
            self.down.made_up()
        };
        let body = node.child_by_field_name("body");
        Class {
            name,
            bases: self.bases(node),
            decorators: self.decorators(node),
            body: body.map_or_else(Vec::new, |body| self.members(body)),
            span: span(node),
        }
    }

    fn bases(&mut self, node: Node<'_>) -> Vec<Expr> {
        let heritage = children(node)
            .into_iter()
            .find(|child| child.kind() == "class_heritage");
        let Some(heritage) = heritage.and_then(first) else {
            return Vec::new();
        };
        let base = match heritage.kind() {
            "extends_clause" => heritage.child_by_field_name("value"),
            "implements_clause" => None,
            _ => Some(heritage),
        };
        base.map(|base| self.expr(base)).into_iter().collect()
    }

    fn members(&mut self, body: Node<'_>) -> Vec<Stmt> {
        let mut members = Vec::new();
        // In TypeScript a decorator stands before its method, beside it.
        let mut decorators = Vec::new();
        for member in children(body) {
            match member.kind() {
                "decorator" => {
                    decorators.extend(first(member).map(|inner| self.expr(inner)));
                }
                "method_definition" => {
                    let mut function = self.function(member);
                    function.decorators = std::mem::take(&mut decorators);
                    function.decorators.extend(self.decorators(member));
                    members.push(stmt(member, StmtKind::Function(Box::new(function))));
                }
                "field_definition" | "public_field_definition" => {
                    decorators.clear();
                    self.field_of_class(member, &mut members);
                }
                "class_static_block" => {
                    members.extend(
                        self.statements(member.child_by_field_name("body").unwrap_or(member)),
                    );
                }
                _ => decorators.clear(),
            }
        }
        members
    }

    /// A field with a function in it is a method, as far as data goes.
    fn field_of_class(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let name = node
            .child_by_field_name("property")
            .or_else(|| node.child_by_field_name("name"));
        let Some((name, value)) = name.zip(node.child_by_field_name("value")) else {
            return;
        };
        if matches!(value.kind(), "arrow_function" | "function_expression") {
            let mut function = self.function(value);
            function.name = self.name(name);
            function.receiver = Some("this".into());
            into.push(stmt(node, StmtKind::Function(Box::new(function))));
            return;
        }
        let name = self.name(name);
        let value = self.expr(value);
        into.push(assign(node, Expr::name(&name, span(node)), value));
    }
}
