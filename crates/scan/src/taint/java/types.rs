//! Types that a program declares: of what class a value is where its origin
//! does not tell.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Expr, ExprKind};
use crate::taint::tree::child_of;

/// Types that say nothing of what can be done with a value, or that it is text.
const SAYS_NOTHING: &[&str] = &["CharSequence", "Object", "String", "var"];

impl Lowering<'_> {
    /// What a declaration declares, with the names; their types are noted.
    pub(super) fn declared<'n>(&mut self, node: Node<'n>) -> Vec<(Node<'n>, Node<'n>)> {
        let mut cursor = node.walk();
        let declarators: Vec<Node<'n>> = node
            .children_by_field_name("declarator", &mut cursor)
            .collect();
        let mut all = Vec::new();
        for declarator in declarators {
            let Some(name) = declarator.child_by_field_name("name") else {
                continue;
            };
            if let Some(of) = node.child_by_field_name("type") {
                let text = self.text(name).to_owned();
                if child_of(declarator, "dimensions").is_some() {
                    self.types.remove(&text);
                } else {
                    self.note_type(&text, of);
                }
            }
            all.push((declarator, name));
        }
        all
    }

    /// Notes of what type a variable is, from here on.
    pub(super) fn note_type(&mut self, name: &str, of: Node<'_>) {
        match self.telling(of) {
            Some(class) => self.types.insert(name.to_owned(), class),
            None => self.types.remove(name),
        };
    }

    /// A value as one of the type that its variable has.
    pub(super) fn as_declared(&self, name: Node<'_>, value: Expr) -> Expr {
        let Some(class) = self.types.get(self.text(name)) else {
            return value;
        };
        let span = value.span;
        Expr {
            kind: ExprKind::Typed(Box::new(value), class.as_str().into()),
            span,
        }
    }

    /// The class of a type, where that tells something. Arrays and parameters
    /// of generic classes do not.
    pub(super) fn telling(&mut self, node: Node<'_>) -> Option<String> {
        if node.kind() == "array_type" {
            return None;
        }
        let class = self.class_name(node);
        let is_parameter = class.chars().count() == 1;
        (!is_parameter && !SAYS_NOTHING.contains(&class.as_str())).then_some(class)
    }
}
