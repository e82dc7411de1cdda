//! Statements.

use tree_sitter::Node;

use super::Lowering;
use crate::taint::ir::{Arm, BinaryOp, Expr, ExprKind, Handler, Pattern, Stmt, StmtKind};
use crate::taint::tree::{FrontEnd, children, first, leaves_arm, span, stmt};

impl Lowering<'_> {
    /// The statements in a node, in order.
    pub(super) fn statements(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut all = Vec::new();
        // Functions are there before anything happens.
        let (early, late): (Vec<_>, Vec<_>) = children(node).into_iter().partition(|child| {
            matches!(
                child.kind(),
                "function_declaration" | "generator_function_declaration"
            )
        });
        for child in early.into_iter().chain(late) {
            self.statement(child, &mut all);
        }
        all
    }

    /// A block, or a single statement that stands for one.
    fn block(&mut self, node: Option<Node<'_>>) -> Vec<Stmt> {
        let mut all = Vec::new();
        if let Some(node) = node {
            self.statement(node, &mut all);
        }
        match all.pop() {
            // A block in its place is that place.
            Some(Stmt {
                kind: StmtKind::Block(inner),
                ..
            }) if all.is_empty() => inner,
            last => {
                all.extend(last);
                all
            }
        }
    }

    fn statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        if self
            .deeper(node, |lowering| lowering.put(node, into))
            .is_none()
        {
            into.push(stmt(node, StmtKind::Expr(Expr::opaque(span(node)))));
        }
    }

    /// One statement, which may become several.
    pub(super) fn single(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut all = Vec::new();
        self.statement(node, &mut all);
        all
    }

    fn put(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            "expression_statement" => return self.expression_statement(node, into),
            "variable_declaration" | "lexical_declaration" => return self.declarations(node, into),
            "import_statement" => return self.import(node),
            "export_statement" => return self.export(node, into),
            "ERROR" | "internal_module" | "module" | "class_static_block" => {
                into.extend(self.statements(node.child_by_field_name("body").unwrap_or(node)));
                return;
            }
            "labeled_statement" => {
                into.extend(self.block(node.child_by_field_name("body")));
                return;
            }
            "function_declaration" | "generator_function_declaration" => {
                StmtKind::Function(Box::new(self.function(node)))
            }
            "class_declaration" | "abstract_class_declaration" => {
                StmtKind::Class(Box::new(self.class(node)))
            }
            "return_statement" => StmtKind::Return(first(node).map(|value| self.expr(value))),
            "throw_statement" => StmtKind::Raise(first(node).map(|value| self.expr(value))),
            "break_statement" => StmtKind::Break,
            "continue_statement" => StmtKind::Continue,
            "statement_block" => StmtKind::Block(self.statements(node)),
            "if_statement" => self.branch(node),
            "for_statement" => return self.counted(node, into),
            "for_in_statement" => self.each(node),
            "while_statement" => StmtKind::While {
                test: self.field(node, "condition"),
                body: self.block(node.child_by_field_name("body")),
                otherwise: Vec::new(),
            },
            "do_statement" => return self.at_least_once(node, into),
            "switch_statement" => self.switch(node),
            "try_statement" => self.attempt(node),
            "with_statement" => StmtKind::With {
                value: self.field(node, "object"),
                target: None,
                body: self.block(node.child_by_field_name("body")),
            },
            // Types, and what says nothing.
            "interface_declaration"
            | "type_alias_declaration"
            | "ambient_declaration"
            | "function_signature"
            | "import_alias"
            | "empty_statement"
            | "debugger_statement"
            | "hash_bang_line" => return,
            "enum_declaration" => self.enumeration(node),
            _ => StmtKind::Expr(self.expr(node)),
        };
        into.push(stmt(node, kind));
    }

    fn expression_statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let Some(inner) = first(node) else { return };
        let parts = match inner.kind() {
            "sequence_expression" => children(inner),
            _ => vec![inner],
        };
        for part in parts {
            self.expression_as_statement(part, into);
        }
    }

    fn expression_as_statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        match node.kind() {
            "assignment_expression" => self.assign_statement(node, into),
            "augmented_assignment_expression" => {
                let operator = node.child_by_field_name("operator");
                let op = match operator.map_or("", |found| self.text(found)) {
                    "+=" => BinaryOp::Add,
                    "-=" => BinaryOp::Sub,
                    _ => {
                        let value = self.expr(node);
                        into.push(stmt(node, StmtKind::Expr(value)));
                        return;
                    }
                };
                let kind = StmtKind::Assign {
                    target: self.field(node, "left"),
                    op: Some(op),
                    value: self.field(node, "right"),
                };
                into.push(stmt(node, kind));
            }
            _ => {
                let value = self.expr(node);
                into.push(stmt(node, StmtKind::Expr(value)));
            }
        }
    }

    fn assign_statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let Some((left, right)) = node
            .child_by_field_name("left")
            .zip(node.child_by_field_name("right"))
        else {
            return;
        };
        if self.exported(left, right, into) {
            return;
        }
        // a = b = value: from the right.
        let mut last = right;
        while last.kind() == "assignment_expression"
            && let Some(right) = last.child_by_field_name("right")
        {
            last = right;
        }
        let value = self.expr(last);
        let mut targets = vec![left];
        let mut next = right;
        while next.kind() == "assignment_expression" {
            targets.extend(next.child_by_field_name("left"));
            let Some(right) = next.child_by_field_name("right") else {
                break;
            };
            next = right;
        }
        for target in targets.into_iter().rev() {
            self.destructure(target, value.clone(), into);
        }
    }

    fn declarations(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        for declarator in children(node) {
            let Some(name) = declarator.child_by_field_name("name") else {
                continue;
            };
            let Some(value) = declarator.child_by_field_name("value") else {
                continue;
            };
            if self.import_by_call(name, value) {
                continue;
            }
            self.declare(declarator, name, value, into);
        }
    }

    /// `const f = (…) => …` is a function of that name.
    fn declare(&mut self, node: Node<'_>, name: Node<'_>, value: Node<'_>, into: &mut Vec<Stmt>) {
        let is_function = matches!(
            value.kind(),
            "arrow_function" | "function_expression" | "generator_function"
        );
        if is_function && name.kind() == "identifier" {
            let mut function = self.function(value);
            function.name = self.text(name).into();
            into.push(stmt(node, StmtKind::Function(Box::new(function))));
        } else if value.kind() == "class" && name.kind() == "identifier" {
            let mut class = self.class(value);
            class.name = self.text(name).into();
            into.push(stmt(node, StmtKind::Class(Box::new(class))));
        } else {
            let value = self.expr(value);
            self.destructure(name, value, into);
        }
    }

    fn branch(&mut self, node: Node<'_>) -> StmtKind {
        let otherwise = node.child_by_field_name("alternative").and_then(first);
        StmtKind::If {
            test: self.field(node, "condition"),
            then: self.block(node.child_by_field_name("consequence")),
            otherwise: self.block(otherwise),
        }
    }

    /// `for (first; test; step)`: its first part, and then a loop.
    fn counted(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        if let Some(initializer) = node.child_by_field_name("initializer") {
            match initializer.kind() {
                "variable_declaration"
                | "lexical_declaration"
                | "expression_statement"
                | "empty_statement" => self.statement(initializer, into),
                _ => self.expression_as_statement(initializer, into),
            }
        }
        let test = match node.child_by_field_name("condition") {
            Some(test) if test.kind() == "expression_statement" => {
                first(test).map(|test| self.expr(test))
            }
            Some(test) if test.kind() != "empty_statement" => Some(self.expr(test)),
            _ => None,
        };
        let mut body = self.block(node.child_by_field_name("body"));
        if let Some(step) = node.child_by_field_name("increment") {
            self.expression_as_statement(step, &mut body);
        }
        let kind = StmtKind::While {
            test: test.unwrap_or_else(|| Expr::opaque(span(node))),
            body,
            otherwise: Vec::new(),
        };
        into.push(stmt(node, kind));
    }

    /// `for (const a of b)`, `for (const k in b)`.
    fn each(&mut self, node: Node<'_>) -> StmtKind {
        let iterable = self.field(node, "right");
        let mut body = Vec::new();
        let target = match node.child_by_field_name("left") {
            Some(left) if left.kind() == "identifier" => self.expr(left),
            Some(left) => {
                let item = self.made_up(span(left));
                self.destructure(left, item.clone(), &mut body);
                item
            }
            None => self.made_up(span(node)),
        };
        body.extend(self.block(node.child_by_field_name("body")));
        StmtKind::For {
            target,
            iterable,
            body,
            otherwise: Vec::new(),
        }
    }

    fn at_least_once(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let body = self.block(node.child_by_field_name("body"));
        into.push(stmt(node, StmtKind::Block(body.clone())));
        let kind = StmtKind::While {
            test: self.field(node, "condition"),
            body,
            otherwise: Vec::new(),
        };
        into.push(stmt(node, kind));
    }

    fn switch(&mut self, node: Node<'_>) -> StmtKind {
        let subject = self.field(node, "value");
        let mut arms = Vec::new();
        for case in node
            .child_by_field_name("body")
            .map_or_else(Vec::new, children)
        {
            let pattern = case.child_by_field_name("value");
            let mut cursor = case.walk();
            let body: Vec<_> = case.children_by_field_name("body", &mut cursor).collect();
            let mut lowered = Vec::new();
            for inner in body {
                self.statement(inner, &mut lowered);
            }
            let leaves = leaves_arm(lowered.last());
            if matches!(lowered.last(), Some(last) if last.kind == StmtKind::Break) {
                lowered.pop();
            }
            arms.push(Arm {
                patterns: pattern
                    .map(|value| Pattern::Value(self.expr(value)))
                    .into_iter()
                    .collect(),
                guard: None,
                body: lowered,
                falls_through: !leaves,
            });
        }
        StmtKind::Match { subject, arms }
    }

    fn attempt(&mut self, node: Node<'_>) -> StmtKind {
        let handlers = node.child_by_field_name("handler").map(|handler| {
            let mut body = Vec::new();
            let name = handler.child_by_field_name("parameter").map(|parameter| {
                if parameter.kind() == "identifier" {
                    return self.text(parameter).into();
                }
                let caught = self.made_up(span(parameter));
                let name = match &caught.kind {
                    ExprKind::Name(name) => name.clone(),
                    _ => "".into(),
                };
                self.destructure(parameter, caught, &mut body);
                name
            });
            body.extend(self.block(handler.child_by_field_name("body")));
            Handler {
                types: None,
                name,
                body,
            }
        });
        let finally = node
            .child_by_field_name("finalizer")
            .and_then(|last| last.child_by_field_name("body"));
        StmtKind::Try {
            body: self.block(node.child_by_field_name("body")),
            handlers: handlers.into_iter().collect(),
            otherwise: Vec::new(),
            finally: self.block(finally),
        }
    }

    /// `enum A { B = "b" }` is an object of constants.
    fn enumeration(&mut self, node: Node<'_>) -> StmtKind {
        let mut entries = Vec::new();
        for member in node
            .child_by_field_name("body")
            .map_or_else(Vec::new, children)
        {
            let value = member.child_by_field_name("value");
            let value = match value {
                Some(value) => self.expr(value),
                None => Expr::opaque(span(member)),
            };
            let name = member.child_by_field_name("name").unwrap_or(member);
            entries.push((Some(self.key(name)), value));
        }
        StmtKind::Assign {
            target: self.field(node, "name"),
            op: None,
            value: Expr {
                kind: ExprKind::Dict(entries),
                span: span(node),
            },
        }
    }
}
