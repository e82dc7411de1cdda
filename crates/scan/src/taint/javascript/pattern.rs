//! Destructuring: what is taken apart becomes one assignment for each name.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Const, Expr, ExprKind, ListKind, Stmt};
use crate::taint::tree::{FrontEnd, assign, children, first, span};

impl Lowering<'_> {
    /// Assigns a value to whatever the pattern names.
    pub(super) fn destructure(&mut self, pattern: Node<'_>, value: Expr, into: &mut Vec<Stmt>) {
        let at = into.len();
        if self
            .deeper(pattern, |lowering| {
                lowering.take_apart(pattern, value, into);
            })
            .is_none()
        {
            into.truncate(at);
        }
    }

    fn take_apart(&mut self, pattern: Node<'_>, value: Expr, into: &mut Vec<Stmt>) {
        match pattern.kind() {
            "object_pattern" => {
                let whole = self.held(pattern, value, into);
                for part in children(pattern) {
                    self.part_of_object(part, &whole, into);
                }
            }
            "array_pattern" => {
                let whole = self.held(pattern, value, into);
                self.parts_of_array(pattern, &whole, into);
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                let value = self.or_default(pattern, value);
                if let Some(left) = pattern.child_by_field_name("left") {
                    self.destructure(left, value, into);
                }
            }
            "rest_pattern"
            | "parenthesized_expression"
            | "non_null_expression"
            | "as_expression" => {
                if let Some(inner) = first(pattern) {
                    self.destructure(inner, value, into);
                }
            }
            _ => {
                let target = self.expr(pattern);
                into.push(assign(pattern, target, value));
            }
        }
    }

    /// The value under a name, so that it is computed once.
    fn held(&mut self, node: Node<'_>, value: Expr, into: &mut Vec<Stmt>) -> Expr {
        if matches!(value.kind, ExprKind::Name(_)) {
            return value;
        }
        let name = self.made_up(value.span);
        into.push(assign(node, name.clone(), value));
        name
    }

    fn part_of_object(&mut self, part: Node<'_>, whole: &Expr, into: &mut Vec<Stmt>) {
        match part.kind() {
            "shorthand_property_identifier_pattern" | "shorthand_property_identifier" => {
                let value = attribute(whole, self.text(part), part);
                self.destructure(part, value, into);
            }
            "object_assignment_pattern" => {
                let name = part.child_by_field_name("left").map(|left| self.text(left));
                let value = attribute(whole, name.unwrap_or_default(), part);
                self.destructure(part, value, into);
            }
            "pair_pattern" | "pair" => {
                let Some((key, inner)) = part
                    .child_by_field_name("key")
                    .zip(part.child_by_field_name("value"))
                else {
                    return;
                };
                let key = self.key(key);
                let value = match key.as_str() {
                    Some(name) => attribute(whole, name, part),
                    None => element(whole, key, part),
                };
                self.destructure(inner, value, into);
            }
            // What is left of it.
            "rest_pattern" | "spread_element" => {
                if let Some(inner) = first(part) {
                    self.destructure(inner, whole.clone(), into);
                }
            }
            _ => {}
        }
    }

    fn parts_of_array(&mut self, pattern: Node<'_>, whole: &Expr, into: &mut Vec<Stmt>) {
        // Commas count: `[, b]` takes the second.
        let mut index = 0;
        let mut cursor = pattern.walk();
        let parts: Vec<Node<'_>> = pattern.children(&mut cursor).collect();
        for part in parts {
            match part.kind() {
                "," => index += 1,
                "[" | "]" | "comment" => {}
                "rest_pattern" => {
                    if let Some(inner) = first(part) {
                        let value = rest_of(whole, index, part);
                        self.destructure(inner, value, into);
                    }
                }
                _ => {
                    let value = element(whole, int(index, part), part);
                    self.destructure(part, value, into);
                }
            }
        }
    }

    /// What is there, or the default.
    fn or_default(&mut self, pattern: Node<'_>, value: Expr) -> Expr {
        let default = self.field(pattern, "right");
        Expr {
            span: value.span,
            kind: ExprKind::Or(vec![value, default]),
        }
    }
}

fn attribute(of: &Expr, name: &str, node: Node<'_>) -> Expr {
    Expr {
        kind: ExprKind::Attribute(Box::new(of.clone()), name.into()),
        span: span(node),
    }
}

fn element(of: &Expr, index: Expr, node: Node<'_>) -> Expr {
    Expr {
        kind: ExprKind::Element(Box::new(of.clone()), Box::new(index)),
        span: span(node),
    }
}

fn int(value: i64, node: Node<'_>) -> Expr {
    Expr {
        kind: ExprKind::Const(Const::Int(value)),
        span: span(node),
    }
}

fn rest_of(whole: &Expr, index: i64, node: Node<'_>) -> Expr {
    if index == 0 {
        return Expr {
            kind: ExprKind::List(
                ListKind::List,
                vec![Expr {
                    kind: ExprKind::Spread(Box::new(whole.clone())),
                    span: span(node),
                }],
            ),
            span: span(node),
        };
    }
    Expr {
        kind: ExprKind::Slice(
            Box::new(whole.clone()),
            Some(Box::new(int(index, node))),
            None,
        ),
        span: span(node),
    }
}
