//! JavaScript and TypeScript as the taint engine reads them.
//!
//! Types are left out. `require` and `import` are the same thing, and what a
//! file exports are names of the file itself: `exports.f = …` binds `f`, and
//! `module.exports = f` binds [`EXPORTED`].

mod class;
mod expr;
mod function;
mod module;
mod pattern;
mod statement;
#[cfg(test)]
mod tests;
mod text;

use tree_sitter::Node;

use super::ir::{Cut, CutReason, Expr, Import, MAX_DEPTH, Module, Span, Stmt, StmtKind};
use crate::SourceFile;

/// What a file exports as a whole is bound to this name.
pub const EXPORTED: &str = "default";

/// The file as the engine reads it; nothing where it has no tree.
pub fn lower(file: &SourceFile<'_>) -> Option<Module> {
    let tree = file.tree()?;
    let mut lowering = Lowering {
        text: file.text.as_bytes(),
        depth: 0,
        hidden: 0,
        cuts: Vec::new(),
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let root = tree.root_node();
    if root.has_error() {
        lowering.cut(root, CutReason::Syntax);
    }
    let body = lowering.statements(root);
    Some(Module {
        body: lowering.hoisted(body),
        cuts: lowering.cuts,
    })
}

/// What is on the way down through one tree.
struct Lowering<'t> {
    text: &'t [u8],
    depth: usize,
    /// How many names were made up.
    hidden: usize,
    cuts: Vec<Cut>,
    /// Modules that are required inside expressions: bound before all else.
    imports: Vec<(Span, Import)>,
    /// Names that the file exports under others: bound after all else.
    exports: Vec<Stmt>,
}

impl<'t> Lowering<'t> {
    /// The text of a node; nothing where it is not UTF-8, which it always is.
    fn text(&self, node: Node<'_>) -> &'t str {
        node.utf8_text(self.text).unwrap_or_default()
    }

    /// What is made one level further down, unless that is too deep.
    fn deeper<T>(&mut self, node: Node<'_>, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.cut(node, CutReason::Depth);
            return None;
        }
        self.depth += 1;
        let result = make(self);
        self.depth -= 1;
        Some(result)
    }

    fn cut(&mut self, node: Node<'_>, why: CutReason) {
        let line = span(node).line;
        if self.cuts.last().is_none_or(|cut| cut.why != why) {
            self.cuts.push(Cut { line, why });
        }
    }

    /// A name that no program has.
    fn made_up(&mut self, span: Span) -> Expr {
        self.hidden += 1;
        Expr::name(&format!("${}", self.hidden), span)
    }

    fn hoisted(&mut self, body: Vec<Stmt>) -> Vec<Stmt> {
        let imports = std::mem::take(&mut self.imports);
        let mut all: Vec<Stmt> = imports
            .into_iter()
            .map(|(span, import)| Stmt {
                kind: StmtKind::Import(import),
                span,
            })
            .collect();
        all.extend(body);
        all.append(&mut self.exports);
        all
    }
}

/// Where a node stands.
fn span(node: Node<'_>) -> Span {
    let number = |zero_based: usize| u32::try_from(zero_based + 1).unwrap_or(u32::MAX);
    let (start, end) = (node.start_position(), node.end_position());
    Span {
        line: number(start.row),
        column: number(start.column),
        end_line: number(end.row),
    }
}

/// A statement in the place of a node.
fn stmt(node: Node<'_>, kind: StmtKind) -> Stmt {
    let span = span(node);
    Stmt { kind, span }
}

/// The named children that are no comments.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra() && child.kind() != "comment")
        .collect()
}

/// The first of the named children.
fn first(node: Node<'_>) -> Option<Node<'_>> {
    children(node).into_iter().next()
}
