//! JSX: markup in the middle of a program.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Call, Expr, ExprKind};
use crate::taint::tree::{FrontEnd, children, first, plain, span};

impl Lowering<'_> {
    /// Elements of JSX are what their attributes and contents are; one attribute
    /// puts text into the page as it is, so that it stays to be seen.
    pub(super) fn markup(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = Vec::new();
        for part in children(node) {
            match part.kind() {
                "jsx_opening_element" | "jsx_attribute" | "jsx_expression" => {
                    parts.push(self.markup_part(part));
                }
                "jsx_element" | "jsx_self_closing_element" | "jsx_fragment" => {
                    parts.push(self.expr(part));
                }
                _ => {}
            }
        }
        ExprKind::Opaque(parts)
    }

    fn markup_part(&mut self, node: Node<'_>) -> Expr {
        let made = self.deeper(node, |lowering| match node.kind() {
            "jsx_attribute" => lowering.attribute(node),
            _ => lowering.markup(node),
        });
        let mut kind = made.unwrap_or(ExprKind::Opaque(Vec::new()));
        if node.kind() == "jsx_expression" {
            kind = match first(node) {
                Some(inner) => self.expr(inner).kind,
                None => ExprKind::Opaque(Vec::new()),
            };
        }
        Expr {
            kind,
            span: span(node),
        }
    }

    /// `name={value}` as a call of `jsx.name(value)`, which a catalogue can name.
    fn attribute(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = children(node).into_iter();
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            return ExprKind::Opaque(Vec::new());
        };
        let value = match value.kind() {
            "jsx_expression" => self.markup_part(value),
            _ => self.expr(value),
        };
        let here = span(node);
        let callee = Expr {
            kind: ExprKind::Attribute(Box::new(Expr::name("jsx", here)), self.text(name).into()),
            span: here,
        };
        ExprKind::Call(Box::new(Call {
            callee,
            args: vec![plain(value)],
            construct: false,
        }))
    }
}
