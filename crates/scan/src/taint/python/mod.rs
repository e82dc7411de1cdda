//! Python, lowered to the engine's language.

mod expressions;
mod statements;
mod strings;

use tree_sitter::Node;

use crate::SourceFile;
use crate::taint::ir::{Cut, CutReason, Expr, ExprKind, MAX_DEPTH, Module, Span, Stmt};

/// Lowers a file, as far as it parses.
pub fn lower(file: &SourceFile<'_>) -> Option<Module> {
    Some(lower_tree(file.text, file.tree()?.root_node()))
}

fn lower_tree(text: &str, root: Node<'_>) -> Module {
    let mut lower = Lower {
        text,
        cuts: Vec::new(),
        depth: 0,
    };
    if root.has_error() {
        lower.cut(root, CutReason::Syntax);
    }
    let body = lower.block(root);
    Module {
        body,
        cuts: lower.cuts,
    }
}

/// A file that is being lowered.
struct Lower<'t> {
    text: &'t str,
    cuts: Vec<Cut>,
    depth: usize,
}

impl<'t> Lower<'t> {
    fn text_of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn cut(&mut self, node: Node<'_>, why: CutReason) {
        let line = span(node).line;
        if self.cuts.len() < 16 && !self.cuts.contains(&Cut { line, why }) {
            self.cuts.push(Cut { line, why });
        }
    }

    /// One level down; nothing where that is too deep.
    fn nested<T>(&mut self, node: Node<'_>, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.cut(node, CutReason::Depth);
            return None;
        }
        self.depth += 1;
        let lowered = make(self);
        self.depth -= 1;
        Some(lowered)
    }

    /// The statements of a block, or of anything else with statements in it.
    fn block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut body = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.statement(child, &mut body);
        }
        body
    }

    fn field_block(&mut self, node: Node<'_>, field: &str) -> Vec<Stmt> {
        node.child_by_field_name(field)
            .map(|block| self.block(block))
            .unwrap_or_default()
    }

    fn field_expr(&mut self, node: Node<'_>, field: &str) -> Expr {
        match node.child_by_field_name(field) {
            Some(inner) => self.expr(inner),
            None => Expr::opaque(span(node)),
        }
    }
}

fn span(node: Node<'_>) -> Span {
    let (start, end) = (node.start_position(), node.end_position());
    let number = |place: usize| u32::try_from(place + 1).unwrap_or(u32::MAX);
    Span {
        line: number(start.row),
        column: number(start.column),
        end_line: number(end.row),
    }
}

fn expr(kind: ExprKind, node: Node<'_>) -> Expr {
    Expr {
        kind,
        span: span(node),
    }
}

/// The children of one kind.
fn named<'n>(node: Node<'n>, kind: &str) -> Option<Node<'n>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .find(|child| child.kind() == kind)
}

fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.kind() != "comment")
        .collect()
}
