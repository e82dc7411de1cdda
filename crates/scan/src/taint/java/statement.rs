//! Statements.

use tree_sitter::Node;

use super::Lowering;
use super::expr::as_statement;
use crate::taint::ir::{Arm, Expr, Handler, Pattern, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, assign, child_of, children, first, leaves_arm, span, stmt};

impl Lowering<'_> {
    /// The statements in a node, in order.
    pub(super) fn statements(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut all = Vec::new();
        for child in children(node) {
            self.statement(child, &mut all);
        }
        all
    }

    /// One statement, which may become several.
    pub(super) fn statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        if self
            .deeper(node, |lowering| lowering.put(node, into))
            .is_none()
        {
            into.push(stmt(node, StmtKind::Expr(Expr::opaque(span(node)))));
        }
    }

    /// A block, or a single statement that stands for one.
    fn block(&mut self, node: Option<Node<'_>>) -> Vec<Stmt> {
        match node {
            Some(node) if node.kind() == "block" => self.statements(node),
            Some(node) => {
                let mut all = Vec::new();
                self.statement(node, &mut all);
                all
            }
            None => Vec::new(),
        }
    }

    fn put(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            "expression_statement" => {
                if let Some(inner) = first(node) {
                    let value = self.expr(inner);
                    into.push(as_statement(node, value));
                }
                return;
            }
            "local_variable_declaration" | "field_declaration" | "constant_declaration" => {
                return self.declaration(node, into);
            }
            "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration" => StmtKind::Class(Box::new(self.class(node))),
            "method_declaration" => StmtKind::Function(Box::new(self.method(node))),
            "return_statement" | "yield_statement" => {
                StmtKind::Return(first(node).map(|value| self.expr(value)))
            }
            "throw_statement" => StmtKind::Raise(first(node).map(|value| self.expr(value))),
            "break_statement" => StmtKind::Break,
            "continue_statement" => StmtKind::Continue,
            "block" => StmtKind::Block(self.statements(node)),
            "synchronized_statement" | "labeled_statement" => {
                let body = children(node).into_iter().next_back();
                into.extend(self.block(body));
                return;
            }
            "if_statement" => StmtKind::If {
                test: self.field(node, "condition"),
                then: self.block(node.child_by_field_name("consequence")),
                otherwise: self.block(node.child_by_field_name("alternative")),
            },
            "while_statement" => StmtKind::While {
                test: self.field(node, "condition"),
                body: self.block(node.child_by_field_name("body")),
                otherwise: Vec::new(),
            },
            "do_statement" => {
                let body = self.block(node.child_by_field_name("body"));
                into.push(stmt(node, StmtKind::Block(body.clone())));
                StmtKind::While {
                    test: self.field(node, "condition"),
                    body,
                    otherwise: Vec::new(),
                }
            }
            "for_statement" => return self.counted(node, into),
            "enhanced_for_statement" => self.each(node),
            "switch_expression" => self.switch(node),
            "try_statement" | "try_with_resources_statement" => self.attempt(node),
            "assert_statement" => match first(node) {
                Some(test) => StmtKind::Assert(self.expr(test)),
                None => return,
            },
            "annotation_type_declaration" | "module_declaration" | ";" => return,
            "ERROR" => {
                into.extend(self.statements(node));
                return;
            }
            _ => StmtKind::Expr(self.expr(node)),
        };
        into.push(stmt(node, kind));
    }

    pub(super) fn declaration(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        for (declarator, name) in self.declared(node) {
            if let Some(value) = declarator.child_by_field_name("value") {
                self.declare(declarator, name, value, into);
            }
        }
    }

    /// Fields: one without a value has what is of its type.
    pub(super) fn fields(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        for (declarator, name) in self.declared(node) {
            if let Some(value) = declarator.child_by_field_name("value") {
                self.declare(declarator, name, value, into);
            } else if self.types.contains_key(self.text(name)) {
                let value = self.as_declared(name, Expr::opaque(span(name)));
                let name = Expr::name(self.text(name), span(name));
                into.push(assign(declarator, name, value));
            }
        }
    }

    fn declare(
        &mut self,
        declarator: Node<'_>,
        name: Node<'_>,
        value: Node<'_>,
        into: &mut Vec<Stmt>,
    ) {
        let value = self.expr(value);
        let value = self.as_declared(name, value);
        let name = Expr::name(self.text(name), span(name));
        into.push(assign(declarator, name, value));
    }

    /// `for (first; test; step)`: its first part, and then a loop.
    fn counted(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let parts = |name: &str| {
            let mut cursor = node.walk();
            node.children_by_field_name(name, &mut cursor)
                .collect::<Vec<_>>()
        };
        for part in parts("init") {
            if part.kind() == "local_variable_declaration" {
                self.declaration(part, into);
            } else {
                let value = self.expr(part);
                into.push(as_statement(part, value));
            }
        }
        let test = node
            .child_by_field_name("condition")
            .map(|test| self.expr(test));
        let mut body = self.block(node.child_by_field_name("body"));
        for part in parts("update") {
            let value = self.expr(part);
            body.push(as_statement(part, value));
        }
        let test = test.unwrap_or_else(|| Expr::opaque(span(node)));
        into.push(stmt(
            node,
            StmtKind::While {
                test,
                body,
                otherwise: Vec::new(),
            },
        ));
    }

    fn each(&mut self, node: Node<'_>) -> StmtKind {
        StmtKind::For {
            target: self.field(node, "name"),
            iterable: self.field(node, "value"),
            body: self.block(node.child_by_field_name("body")),
            otherwise: Vec::new(),
        }
    }

    /// `switch`, with labels (which fall through) or arrows (which do not).
    fn switch(&mut self, node: Node<'_>) -> StmtKind {
        let mut arms = Vec::new();
        for group in node
            .child_by_field_name("body")
            .map_or_else(Vec::new, children)
        {
            let mut patterns = Vec::new();
            let mut is_default = false;
            let mut body = Vec::new();
            for child in children(group) {
                if child.kind() == "switch_label" {
                    let values = children(child);
                    is_default |= values.is_empty();
                    patterns.extend(values.into_iter().map(|value| self.pattern(value)));
                } else if child.kind() == "block" && group.kind() == "switch_rule" {
                    body.extend(self.statements(child));
                } else {
                    self.statement(child, &mut body);
                }
            }
            if is_default {
                patterns.clear();
            }
            let leaves = group.kind() == "switch_rule" || leaves_arm(body.last());
            if matches!(body.last(), Some(last) if last.kind == StmtKind::Break) {
                body.pop();
            }
            arms.push(Arm {
                patterns,
                guard: None,
                body,
                falls_through: !leaves,
            });
        }
        StmtKind::Match {
            subject: self.field(node, "condition"),
            arms,
        }
    }

    fn pattern(&mut self, node: Node<'_>) -> Pattern {
        match node.kind() {
            "pattern" | "type_pattern" | "record_pattern" => Pattern::Shape(Vec::new()),
            _ => Pattern::Value(self.expr(node)),
        }
    }

    fn attempt(&mut self, node: Node<'_>) -> StmtKind {
        let mut body = Vec::new();
        for resource in node
            .child_by_field_name("resources")
            .map_or_else(Vec::new, children)
        {
            if let Some((name, value)) = resource
                .child_by_field_name("name")
                .zip(resource.child_by_field_name("value"))
            {
                if let Some(of) = resource.child_by_field_name("type") {
                    let name = self.text(name).to_owned();
                    self.note_type(&name, of);
                }
                self.declare(resource, name, value, &mut body);
            }
        }
        body.extend(self.block(node.child_by_field_name("body")));
        let mut handlers = Vec::new();
        let mut finally = Vec::new();
        for clause in children(node) {
            match clause.kind() {
                "catch_clause" => {
                    let name = child_of(clause, "catch_formal_parameter")
                        .and_then(|caught| caught.child_by_field_name("name"));
                    handlers.push(Handler {
                        types: None,
                        name: name.map(|name| self.text(name).into()),
                        body: self.block(clause.child_by_field_name("body")),
                    });
                }
                "finally_clause" => finally = self.block(child_of(clause, "block")),
                _ => {}
            }
        }
        StmtKind::Try {
            body,
            handlers,
            otherwise: Vec::new(),
            finally,
        }
    }
}
