//! Java as the taint engine reads it.
//!
//! Classes of libraries go by their simple names, however they are written:
//! `new java.io.File(x)`, and `new File(x)` after an import, are both `File`.
//! A class of the project is bound by its import, or where it is first written
//! with its package.

mod class;
mod expr;
mod statement;
#[cfg(test)]
mod tests;
mod text;

use tree_sitter::Node;

use super::ir::{Expr, ExprKind, Import, Module, Stmt, StmtKind};
use super::tree::{Descent, FrontEnd, children, expr as placed, first, stmt};
use crate::SourceFile;

/// How the packages of libraries begin that are never a project's own.
const LIBRARIES: &[&str] = &[
    "java.",
    "javax.",
    "jakarta.",
    "kotlin.",
    "scala.",
    "android.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "org.slf4j.",
    "org.w3c.",
    "org.xml.",
    "org.json.",
    "org.owasp.esapi.",
    "org.owasp.encoder.",
    "org.jsoup.",
    "org.yaml.",
    "org.dom4j.",
    "org.jdom",
    "com.fasterxml.",
    "com.google.",
    "com.sun.",
    "com.thoughtworks.",
    "com.unboundid.",
    "com.mongodb.",
    "io.jsonwebtoken.",
    "io.netty.",
    "okhttp3.",
    "ognl.",
    "groovy.",
    "freemarker.",
];

/// The file as the engine reads it; nothing where it has no tree.
pub fn lower(file: &SourceFile<'_>) -> Option<Module> {
    let root = file.tree()?.root_node();
    let mut lowering = Lowering {
        down: Descent::new(file.text, root),
        imports: Vec::new(),
    };
    let mut body = Vec::new();
    for child in children(root) {
        match child.kind() {
            "package_declaration" => {}
            "import_declaration" => lowering.import(child),
            _ => lowering.statement(child, &mut body),
        }
    }
    let imports = lowering.imports.into_iter();
    let mut all: Vec<Stmt> = imports
        .map(|import| stmt(root, StmtKind::Import(import)))
        .collect();
    all.extend(body);
    Some(Module {
        body: all,
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
    /// Classes of the project: bound before all else.
    imports: Vec<Import>,
}

impl<'t> Lowering<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.down.text(node)
    }

    /// `import a.b.C`, `import static a.b.C.d`.
    fn import(&mut self, node: Node<'_>) {
        let Some(name) = first(node) else { return };
        let is_static = self
            .text(node)
            .trim_start_matches("import")
            .trim_start()
            .starts_with("static ");
        let path = self.text(name);
        if children(node)
            .iter()
            .any(|child| child.kind() == "asterisk")
        {
            return;
        }
        let Some((package, class)) = path.rsplit_once('.') else {
            return;
        };
        if is_static {
            self.bind(package, class);
        } else {
            self.bind(path, class);
        }
    }

    /// Binds a class of the project by its full name. What it is found by is
    /// the file, which is named as the class is.
    fn bind(&mut self, module: &str, item: &str) {
        if LIBRARIES.iter().any(|library| module.starts_with(library)) {
            return;
        }
        let import = Import {
            module: module.into(),
            item: Some(item.into()),
            bound: item.into(),
        };
        if !self.imports.contains(&import) {
            self.imports.push(import);
        }
    }

    /// The class in a name with a package: `java.io.File` is `File`. Nothing
    /// where it is no package: packages are written small, classes are not.
    fn class_in(&mut self, path: &str) -> Option<String> {
        let mut parts = path.split('.');
        let is_package = |part: &&str| {
            let mut chars = part.chars();
            chars.next().is_some_and(char::is_lowercase) && chars.all(|c| !c.is_uppercase())
        };
        let packages = parts.by_ref().take_while(is_package).count();
        let class = path.split('.').nth(packages)?;
        let is_class = class.starts_with(char::is_uppercase);
        if packages < 2 || !is_class || path.split('.').count() != packages + 1 {
            return None;
        }
        self.bind(path, class);
        Some(class.to_owned())
    }
}
