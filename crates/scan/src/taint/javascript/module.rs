//! What a file imports and exports.

use tree_sitter::Node;

use super::{EXPORTED, Lowering};
use crate::taint::ir::{Expr, ExprKind, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, assign, children, first, span, stmt};

impl Lowering<'_> {
    /// `import a, { b as c } from "d"`.
    pub(super) fn import(&mut self, node: Node<'_>) {
        for clause in children(node) {
            match clause.kind() {
                "import_clause" => {
                    if let Some(source) = node.child_by_field_name("source") {
                        let module = self.string(source);
                        self.import_clause(clause, &module);
                    }
                }
                // import a = require("d")
                "import_require_clause" => {
                    let source = clause.child_by_field_name("source");
                    if let Some((name, source)) = first(clause).zip(source) {
                        let module = self.string(source);
                        self.bind(clause, &module, None, self.text(name));
                    }
                }
                _ => {}
            }
        }
    }

    fn import_clause(&mut self, clause: Node<'_>, module: &str) {
        for part in children(clause) {
            match part.kind() {
                // What a module exports as a whole is the module, as with
                // `require`.
                "identifier" => self.bind(part, module, None, self.text(part)),
                "namespace_import" => {
                    if let Some(name) = first(part) {
                        self.bind(part, module, None, self.text(name));
                    }
                }
                "named_imports" => {
                    for specifier in children(part) {
                        self.import_specifier(specifier, module);
                    }
                }
                _ => {}
            }
        }
    }

    fn import_specifier(&mut self, node: Node<'_>, module: &str) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let bound = node.child_by_field_name("alias").unwrap_or(name);
        let item = self.text(name);
        let item = (item != EXPORTED).then_some(item);
        self.bind(node, module, item, self.text(bound));
    }

    /// `const a = require("d")`, `const { b: c } = require("d")`,
    /// `const e = require("d").e`: true if it was one.
    pub(super) fn import_by_call(&mut self, name: Node<'_>, value: Node<'_>) -> bool {
        let value = match value.kind() {
            "await_expression" => first(value).unwrap_or(value),
            _ => value,
        };
        if value.kind() == "member_expression"
            && name.kind() == "identifier"
            && let Some(object) = value.child_by_field_name("object")
            && let Some(property) = value.child_by_field_name("property")
            && let Some(module) = self.required(object)
        {
            self.bind(name, &module, Some(self.text(property)), self.text(name));
            return true;
        }
        let Some(module) = self.required(value) else {
            return false;
        };
        match name.kind() {
            "identifier" => self.bind(name, &module, None, self.text(name)),
            "object_pattern" => {
                for part in children(name) {
                    self.import_part(part, &module);
                }
            }
            _ => return false,
        }
        true
    }

    fn import_part(&mut self, part: Node<'_>, module: &str) {
        let (item, bound) = match part.kind() {
            "pair_pattern" => (
                part.child_by_field_name("key"),
                part.child_by_field_name("value"),
            ),
            "object_assignment_pattern" => {
                let left = part.child_by_field_name("left");
                (left, left)
            }
            _ => (Some(part), Some(part)),
        };
        if let Some((item, bound)) = item.zip(bound) {
            self.bind(part, module, Some(self.text(item)), self.text(bound));
        }
    }

    /// `export …`: what is declared stays declared; what is renamed is bound
    /// under its other name, too.
    pub(super) fn export(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let source = node.child_by_field_name("source");
        let module = source.map(|source| self.string(source));
        if let Some(declaration) = node.child_by_field_name("declaration") {
            let at = into.len();
            into.extend(self.single(declaration));
            let decorators = self.decorators(node);
            if let Some(Stmt {
                kind: StmtKind::Class(class),
                ..
            }) = into.get_mut(at)
            {
                class.decorators.extend(decorators);
            }
            if is_default(node)
                && let Some(name) = declaration.child_by_field_name("name")
            {
                self.also(node, EXPORTED, self.text(name));
            }
            return;
        }
        if let Some(value) = node.child_by_field_name("value") {
            self.bind_whole(node, EXPORTED, value, into);
            return;
        }
        for clause in children(node) {
            if clause.kind() == "export_clause" {
                for specifier in children(clause) {
                    self.export_specifier(specifier, module.as_deref());
                }
            }
        }
    }

    fn export_specifier(&mut self, node: Node<'_>, module: Option<&str>) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let alias = node.child_by_field_name("alias").unwrap_or(name);
        let (name, alias) = (self.text(name), self.text(alias));
        match module {
            Some(module) => self.bind(node, module, Some(name), alias),
            None if name != alias => self.also(node, alias, name),
            None => {}
        }
    }

    /// Binds a name to what another name is, when all is there.
    fn also(&mut self, node: Node<'_>, alias: &str, name: &str) {
        let here = span(node);
        let kind = StmtKind::Assign {
            target: Expr::name(alias, here),
            op: None,
            value: Expr::name(name, here),
        };
        self.exports.push(stmt(node, kind));
    }

    /// `exports.f = …`, `module.exports = …`, `module.exports.f = …`: true if it
    /// was one of these.
    pub(super) fn exported(
        &mut self,
        left: Node<'_>,
        right: Node<'_>,
        into: &mut Vec<Stmt>,
    ) -> bool {
        let target: String = self
            .text(left)
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        if target == "module.exports" || target == "exports" {
            self.exported_whole(left, right, into);
            return true;
        }
        let name = target
            .strip_prefix("module.exports.")
            .or_else(|| target.strip_prefix("exports."));
        match name {
            Some(name) if !name.contains(['.', '[']) => {
                self.bind_whole(left, name, right, into);
                true
            }
            _ => false,
        }
    }

    /// An object's entries are the names of the module.
    fn exported_whole(&mut self, node: Node<'_>, value: Node<'_>, into: &mut Vec<Stmt>) {
        // exports = module.exports = …
        if value.kind() == "assignment_expression" {
            if let Some(right) = value.child_by_field_name("right") {
                self.exported_whole(node, right, into);
            }
            return;
        }
        if value.kind() != "object" {
            self.bind_whole(node, EXPORTED, value, into);
            return;
        }
        for entry in children(value) {
            match entry.kind() {
                "pair" => {
                    let key = entry.child_by_field_name("key");
                    let inner = entry.child_by_field_name("value");
                    if let Some((key, inner)) = key.zip(inner) {
                        let name = self.name(key);
                        if self.text(inner) != &*name {
                            self.bind_whole(entry, &name, inner, into);
                        }
                    }
                }
                "method_definition" => {
                    let function = self.function(entry);
                    into.push(stmt(entry, StmtKind::Function(Box::new(function))));
                }
                _ => {}
            }
        }
    }

    /// Binds a name to a value; a function is then a function of that name.
    fn bind_whole(&mut self, node: Node<'_>, name: &str, value: Node<'_>, into: &mut Vec<Stmt>) {
        if let Some(module) = self.required(value) {
            self.bind(node, &module, None, name);
            return;
        }
        let value_of = self.expr(value);
        match value_of.kind {
            ExprKind::Lambda(mut function) => {
                let own = std::mem::replace(&mut function.name, name.into());
                into.push(stmt(node, StmtKind::Function(function)));
                // Its own name is known inside it; outside only where it is told.
                if !own.is_empty() && &*own != name {
                    self.also(node, &own, name);
                }
            }
            _ => into.push(assign(node, Expr::name(name, span(node)), value_of)),
        }
    }
}

/// Whether it is `export default`.
fn is_default(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .any(|child| child.kind() == "default")
}
