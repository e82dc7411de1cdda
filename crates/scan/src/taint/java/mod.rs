//! Java as the taint engine reads it.
//!
//! Classes of libraries go by their simple names, however they are written:
//! `new java.io.File(x)`, and `new File(x)` after an import, are both `File`.
//! A class of the project is bound by its import, where it is first written
//! with its package, or where it is used and nothing else has its name.

mod class;
mod expr;
mod statement;
#[cfg(test)]
mod tests;
mod text;
mod types;

use std::collections::{BTreeSet, HashMap, HashSet};

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

/// Classes that every program has by their simple names.
const LANGUAGE_CLASSES: &[&str] = &[
    "Boolean",
    "Byte",
    "Character",
    "CharSequence",
    "Class",
    "ClassLoader",
    "Comparable",
    "Double",
    "Enum",
    "Float",
    "Integer",
    "Iterable",
    "Long",
    "Math",
    "Number",
    "Object",
    "Override",
    "Process",
    "ProcessBuilder",
    "Runnable",
    "Runtime",
    "Short",
    "String",
    "StringBuffer",
    "StringBuilder",
    "System",
    "Thread",
    "Throwable",
    "Void",
];

/// The file as the engine reads it; nothing where it has no tree.
pub fn lower(file: &SourceFile<'_>) -> Option<Module> {
    let root = file.tree()?.root_node();
    let mut lowering = Lowering {
        down: Descent::new(file.text, root),
        imports: Vec::new(),
        bound: HashSet::new(),
        used: BTreeSet::new(),
        types: HashMap::new(),
    };
    let mut body = Vec::new();
    for child in children(root) {
        match child.kind() {
            "package_declaration" => {}
            "import_declaration" => lowering.import(child),
            _ => lowering.statement(child, &mut body),
        }
    }
    lowering.bind_neighbours();
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
    /// Classes that are imported or declared here, libraries' among them.
    bound: HashSet<String>,
    /// Classes that are used.
    used: BTreeSet<String>,
    /// Of what type variables and fields are, by their names.
    types: HashMap<String, String>,
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
        self.bound.insert(class.to_owned());
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

    /// Binds what is used and neither imported nor declared here: a class of
    /// the same package.
    fn bind_neighbours(&mut self) {
        let used = std::mem::take(&mut self.used);
        for class in used {
            if !self.bound.contains(&class) && !LANGUAGE_CLASSES.contains(&class.as_str()) {
                self.bind(&class, &class);
            }
        }
    }

    /// Notes a class that is used.
    fn note_use(&mut self, class: &str) {
        let mut chars = class.chars();
        let is_class = chars.next().is_some_and(char::is_uppercase)
            && chars.any(char::is_lowercase)
            && !class.ends_with("Exception")
            && !class.ends_with("Error");
        if is_class && !self.used.contains(class) {
            self.used.insert(class.to_owned());
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
        self.bound.insert(class.to_owned());
        Some(class.to_owned())
    }
}
