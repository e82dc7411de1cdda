//! JavaScript and TypeScript as the taint engine reads them.
//!
//! Types are left out. `require` and `import` are the same thing, and what a
//! file exports are names of the file itself: `exports.f = …` binds `f`, and
//! `module.exports = f` binds [`EXPORTED`].

mod class;
mod expr;
mod function;
mod markup;
mod module;
mod pattern;
mod statement;
#[cfg(test)]
mod tests;
mod text;

use tree_sitter::Node;

use super::ir::{Expr, ExprKind, Import, Module, Span, Stmt, StmtKind};
use super::tree::{Descent, FrontEnd, expr as placed};
use crate::SourceFile;

/// What a file exports as a whole is bound to this name.
pub const EXPORTED: &str = "default";

/// The file as the engine reads it; nothing where it has no tree.
pub fn lower(file: &SourceFile<'_>) -> Option<Module> {
    let root = file.tree()?.root_node();
    let mut lowering = Lowering {
        down: Descent::new(file.text, root),
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let body = lowering.statements(root);
    Some(Module {
        body: lowering.hoisted(body),
        cuts: lowering.down.cuts,
    })
}

impl<'t> FrontEnd<'t> for Lowering<'t> {
    fn down(&mut self) -> &mut Descent<'t> {
        &mut self.down
    }

    fn expr(&mut self, node: Node<'_>) -> Expr {
        let kind = self.deeper(node, |lowering| lowering.kind(node));
        placed(node, kind.unwrap_or(ExprKind::Opaque(Vec::new())))
    }
}

struct Lowering<'t> {
    down: Descent<'t>,
    /// Modules that are required inside expressions: bound before all else.
    imports: Vec<(Span, Import)>,
    /// Names that the file exports under others: bound after all else.
    exports: Vec<Stmt>,
}

impl<'t> Lowering<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.down.text(node)
    }

    fn made_up(&mut self, span: Span) -> Expr {
        Expr::name(&self.down.made_up(), span)
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
