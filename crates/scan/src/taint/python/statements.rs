//! Statements of Python.

use tree_sitter::Node;

use crate::taint::ir::{
    Arm, BinaryOp, Class, Expr, ExprKind, Function, Handler, Import, ListKind, Param, ParamKind,
    Pattern, Stmt, StmtKind,
};

use super::{Lower, expr, named, named_children, span};

/// How many `elif` of one `if` are told apart.
const MAX_ARMS: usize = 40;

impl Lower<'_> {
    pub(super) fn statement(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) {
        self.nested(node, |lower| lower.statement_of_kind(node, body));
    }

    fn statement_of_kind(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            "expression_statement" => {
                for child in named_children(node) {
                    self.expression_statement(child, body);
                }
                return;
            }
            "assignment" | "augmented_assignment" => return self.expression_statement(node, body),
            "return_statement" => StmtKind::Return(self.first_expr(node)),
            "raise_statement" => StmtKind::Raise(self.first_expr(node)),
            "break_statement" => StmtKind::Break,
            "continue_statement" => StmtKind::Continue,
            "if_statement" => self.if_statement(node),
            "for_statement" => StmtKind::For {
                target: self.field_expr(node, "left"),
                iterable: self.field_expr(node, "right"),
                body: self.field_block(node, "body"),
                otherwise: self.else_block(node),
            },
            "while_statement" => StmtKind::While {
                test: self.field_expr(node, "condition"),
                body: self.field_block(node, "body"),
                otherwise: self.else_block(node),
            },
            "try_statement" => self.try_statement(node),
            "with_statement" => self.with_statement(node),
            "function_definition" => StmtKind::Function(Box::new(self.function(node, Vec::new()))),
            "class_definition" => StmtKind::Class(Box::new(self.class(node, Vec::new()))),
            "decorated_definition" => match self.decorated(node) {
                Some(kind) => kind,
                None => return,
            },
            "import_statement" => return self.import(node, body),
            "import_from_statement" => return self.import_from(node, body),
            "assert_statement" => match self.first_expr(node) {
                Some(test) => StmtKind::Assert(test),
                None => return,
            },
            "delete_statement" => {
                let targets = named_children(node)
                    .into_iter()
                    .flat_map(|child| self.targets(child))
                    .collect();
                StmtKind::Delete(targets)
            }
            "match_statement" => self.match_statement(node),
            // Python 2.
            "print_statement" => StmtKind::Expr(self.opaque(node)),
            "exec_statement" => StmtKind::Expr(self.exec_statement(node)),
            "block" => StmtKind::Block(self.block(node)),
            "ERROR" => {
                // What can be read of it.
                for child in named_children(node) {
                    self.statement(child, body);
                }
                return;
            }
            "comment"
            | "pass_statement"
            | "global_statement"
            | "nonlocal_statement"
            | "future_import_statement"
            | "type_alias_statement" => return,
            _ => StmtKind::Expr(self.expr(node)),
        };
        body.push(Stmt {
            kind,
            span: span(node),
        });
    }

    fn first_expr(&mut self, node: Node<'_>) -> Option<Expr> {
        named_children(node).first().map(|child| self.expr(*child))
    }

    fn expression_statement(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            "assignment" => {
                // `a = b = c`: from the right.
                let mut targets = Vec::new();
                let mut at = node;
                let value = loop {
                    targets.extend(at.child_by_field_name("left"));
                    match at.child_by_field_name("right") {
                        Some(right) if right.kind() == "assignment" => at = right,
                        Some(right) => break right,
                        // An annotation alone.
                        None => return,
                    }
                };
                let value = self.expr(value);
                for target in targets {
                    let kind = StmtKind::Assign {
                        target: self.expr(target),
                        op: None,
                        value: value.clone(),
                    };
                    body.push(Stmt {
                        kind,
                        span: span(node),
                    });
                }
                return;
            }
            "augmented_assignment" => {
                let operator = node
                    .child_by_field_name("operator")
                    .map(|op| self.text_of(op).to_owned())
                    .unwrap_or_default();
                StmtKind::Assign {
                    target: self.field_expr(node, "left"),
                    op: Some(operator_of(operator.trim_end_matches('=')).unwrap_or(BinaryOp::Add)),
                    value: self.field_expr(node, "right"),
                }
            }
            _ => StmtKind::Expr(self.expr(node)),
        };
        body.push(Stmt {
            kind,
            span: span(node),
        });
    }

    fn if_statement(&mut self, node: Node<'_>) -> StmtKind {
        let mut cursor = node.walk();
        let alternatives: Vec<Node<'_>> = node
            .children_by_field_name("alternative", &mut cursor)
            .collect();
        let mut otherwise: Vec<Stmt> = Vec::new();
        for (at, alternative) in alternatives.iter().enumerate().rev() {
            if alternative.kind() == "else_clause" {
                otherwise = self.field_block(*alternative, "body");
                continue;
            }
            let test = self.field_expr(*alternative, "condition");
            let then = self.field_block(*alternative, "consequence");
            let place = span(*alternative);
            if at >= MAX_ARMS {
                // Beside each other, so that a long row is not deep.
                otherwise.insert(
                    0,
                    Stmt {
                        kind: StmtKind::If {
                            test,
                            then,
                            otherwise: Vec::new(),
                        },
                        span: place,
                    },
                );
            } else {
                otherwise = vec![Stmt {
                    kind: StmtKind::If {
                        test,
                        then,
                        otherwise,
                    },
                    span: place,
                }];
            }
        }
        StmtKind::If {
            test: self.field_expr(node, "condition"),
            then: self.field_block(node, "consequence"),
            otherwise,
        }
    }

    fn else_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        node.child_by_field_name("alternative")
            .map(|clause| self.field_block(clause, "body"))
            .unwrap_or_default()
    }

    fn try_statement(&mut self, node: Node<'_>) -> StmtKind {
        let (mut handlers, mut otherwise, mut finally) = (Vec::new(), Vec::new(), Vec::new());
        for child in named_children(node) {
            match child.kind() {
                "except_clause" | "except_group_clause" => handlers.push(self.handler(child)),
                "else_clause" => otherwise = self.field_block(child, "body"),
                "finally_clause" => {
                    finally = named(child, "block")
                        .map(|block| self.block(block))
                        .unwrap_or_default();
                }
                _ => {}
            }
        }
        StmtKind::Try {
            body: self.field_block(node, "body"),
            handlers,
            otherwise,
            finally,
        }
    }

    fn handler(&mut self, node: Node<'_>) -> Handler {
        let mut handler = Handler {
            types: None,
            name: None,
            body: Vec::new(),
        };
        for child in named_children(node) {
            match child.kind() {
                "block" => handler.body = self.block(child),
                "as_pattern" => {
                    let parts = named_children(child);
                    handler.types = parts.first().map(|types| self.expr(*types));
                    handler.name = parts.get(1).map(|name| self.text_of(*name).into());
                }
                _ if handler.types.is_none() => handler.types = Some(self.expr(child)),
                _ => handler.name = Some(self.text_of(child).into()),
            }
        }
        handler
    }

    fn with_statement(&mut self, node: Node<'_>) -> StmtKind {
        let mut items = Vec::new();
        if let Some(clause) = named(node, "with_clause") {
            for item in named_children(clause) {
                let value = item.child_by_field_name("value").unwrap_or(item);
                items.extend(if value.kind() == "tuple" {
                    named_children(value)
                } else {
                    vec![value]
                });
            }
        }
        let mut body = self.field_block(node, "body");
        // More than one: the last is the innermost. Few in practice.
        items.truncate(MAX_ARMS);
        let place = span(node);
        let mut kind = None;
        for item in items.into_iter().rev() {
            let (value, target) = match item.kind() {
                "as_pattern" => {
                    let parts = named_children(item);
                    let value = parts
                        .first()
                        .map_or_else(|| Expr::opaque(place), |value| self.expr(*value));
                    let target = parts
                        .get(1)
                        .and_then(|target| named_children(*target).first().copied());
                    (value, target.map(|target| self.expr(target)))
                }
                _ => (self.expr(item), None),
            };
            if let Some(inner) = kind.take() {
                body = vec![Stmt {
                    kind: inner,
                    span: place,
                }];
            }
            kind = Some(StmtKind::With {
                value,
                target,
                body: std::mem::take(&mut body),
            });
        }
        kind.unwrap_or(StmtKind::Block(body))
    }

    fn decorated(&mut self, node: Node<'_>) -> Option<StmtKind> {
        let mut decorators = Vec::new();
        for child in named_children(node) {
            if child.kind() == "decorator" {
                decorators.extend(self.first_expr(child));
            }
        }
        let definition = node.child_by_field_name("definition")?;
        Some(match definition.kind() {
            "class_definition" => StmtKind::Class(Box::new(self.class(definition, decorators))),
            _ => StmtKind::Function(Box::new(self.function(definition, decorators))),
        })
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Function {
        Function {
            name: node
                .child_by_field_name("name")
                .map(|name| self.text_of(name).into())
                .unwrap_or_default(),
            params: node
                .child_by_field_name("parameters")
                .map(|list| self.params(list))
                .unwrap_or_default(),
            receiver: None,
            decorators,
            body: self.field_block(node, "body"),
            span: span(node),
        }
    }

    pub(super) fn params(&mut self, list: Node<'_>) -> Vec<Param> {
        named_children(list)
            .into_iter()
            .filter_map(|node| self.param(node))
            .collect()
    }

    fn param(&mut self, node: Node<'_>) -> Option<Param> {
        let (inner, kind) = match node.kind() {
            "identifier" => (node, ParamKind::One),
            "list_splat_pattern" => (node.named_child(0)?, ParamKind::Rest),
            "dictionary_splat_pattern" => (node.named_child(0)?, ParamKind::NamedRest),
            "typed_parameter" => {
                let inner = node.named_child(0)?;
                match inner.kind() {
                    "list_splat_pattern" => (inner.named_child(0)?, ParamKind::Rest),
                    "dictionary_splat_pattern" => (inner.named_child(0)?, ParamKind::NamedRest),
                    _ => (inner, ParamKind::One),
                }
            }
            "default_parameter" | "typed_default_parameter" => {
                (node.child_by_field_name("name")?, ParamKind::One)
            }
            _ => return None,
        };
        Some(Param {
            name: self.text_of(inner).into(),
            kind,
            annotation: node
                .child_by_field_name("type")
                .and_then(|kind| self.first_expr(kind)),
            decorators: Vec::new(),
            default: node
                .child_by_field_name("value")
                .map(|value| self.expr(value)),
        })
    }

    fn class(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Class {
        let bases = node
            .child_by_field_name("superclasses")
            .map(named_children)
            .unwrap_or_default();
        let bases = bases
            .into_iter()
            .filter(|base| base.kind() != "keyword_argument")
            .map(|base| self.expr(base))
            .collect();
        Class {
            name: node
                .child_by_field_name("name")
                .map(|name| self.text_of(name).into())
                .unwrap_or_default(),
            bases,
            decorators,
            body: self.field_block(node, "body"),
            span: span(node),
        }
    }

    fn import(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) {
        for child in named_children(node) {
            let import = if child.kind() == "aliased_import" {
                let module = child
                    .child_by_field_name("name")
                    .map(|name| self.text_of(name))
                    .unwrap_or_default();
                let bound = child
                    .child_by_field_name("alias")
                    .map_or(module, |name| self.text_of(name));
                Import {
                    module: module.into(),
                    item: None,
                    bound: bound.into(),
                }
            } else {
                // `import a.b` binds `a`.
                let module = self.text_of(child);
                let top = module.split('.').next().unwrap_or(module).trim();
                Import {
                    module: module.into(),
                    item: None,
                    bound: top.into(),
                }
            };
            body.push(Stmt {
                kind: StmtKind::Import(import),
                span: span(node),
            });
        }
    }

    fn import_from(&mut self, node: Node<'_>, body: &mut Vec<Stmt>) {
        let Some(module) = node.child_by_field_name("module_name") else {
            return;
        };
        let module_text: String = self.text_of(module).split_whitespace().collect();
        let mut push = |item: &str, bound: &str| {
            let import = Import {
                module: module_text.as_str().into(),
                item: Some(item.into()),
                bound: bound.into(),
            };
            body.push(Stmt {
                kind: StmtKind::Import(import),
                span: span(node),
            });
        };
        for child in named_children(node) {
            if child.id() == module.id() {
                continue;
            }
            match child.kind() {
                "wildcard_import" => push("*", "*"),
                "aliased_import" => {
                    let item = child
                        .child_by_field_name("name")
                        .map(|name| self.text_of(name))
                        .unwrap_or_default();
                    let bound = child
                        .child_by_field_name("alias")
                        .map_or(item, |name| self.text_of(name));
                    push(item, bound);
                }
                _ => push(self.text_of(child), self.text_of(child)),
            }
        }
    }

    fn exec_statement(&mut self, node: Node<'_>) -> Expr {
        let code = self
            .first_expr(node)
            .unwrap_or_else(|| Expr::opaque(span(node)));
        let call = crate::taint::ir::Call {
            callee: Expr::name("exec", span(node)),
            args: vec![crate::taint::ir::Arg {
                name: None,
                spread: false,
                value: code,
            }],
            construct: false,
        };
        expr(ExprKind::Call(Box::new(call)), node)
    }

    fn targets(&mut self, node: Node<'_>) -> Vec<Expr> {
        match node.kind() {
            "expression_list" => named_children(node)
                .into_iter()
                .map(|child| self.expr(child))
                .collect(),
            _ => vec![self.expr(node)],
        }
    }

    fn match_statement(&mut self, node: Node<'_>) -> StmtKind {
        let mut cursor = node.walk();
        let subjects: Vec<Node<'_>> = node
            .children_by_field_name("subject", &mut cursor)
            .collect();
        let subject = match subjects.as_slice() {
            [one] => self.expr(*one),
            many => {
                let items = many.iter().map(|each| self.expr(*each)).collect();
                expr(ExprKind::List(ListKind::Tuple, items), node)
            }
        };
        let body = node
            .child_by_field_name("body")
            .map(named_children)
            .unwrap_or_default();
        let arms = body
            .into_iter()
            .filter(|child| child.kind() == "case_clause")
            .map(|child| self.arm(child))
            .collect();
        StmtKind::Match { subject, arms }
    }

    fn arm(&mut self, node: Node<'_>) -> Arm {
        let mut patterns = Vec::new();
        let mut wild = false;
        let cases: Vec<Node<'_>> = named_children(node)
            .into_iter()
            .filter(|child| child.kind() == "case_pattern")
            .collect();
        if let [one] = cases.as_slice() {
            self.pattern(*one, &mut patterns, &mut wild);
        } else {
            patterns.push(Pattern::Shape(
                cases
                    .iter()
                    .flat_map(|case| self.bound_names(*case))
                    .collect(),
            ));
        }
        let guard = node
            .child_by_field_name("guard")
            .and_then(|guard| self.first_expr(guard));
        Arm {
            patterns: if wild { Vec::new() } else { patterns },
            guard,
            body: self.field_block(node, "consequence"),
            falls_through: false,
        }
    }

    fn pattern(&mut self, node: Node<'_>, patterns: &mut Vec<Pattern>, wild: &mut bool) {
        let Some(inner) = named_children(node).first().copied() else {
            *wild = self.text_of(node) == "_";
            if !*wild {
                patterns.push(Pattern::Shape(Vec::new()));
            }
            return;
        };
        match inner.kind() {
            "union_pattern" => {
                for each in named_children(inner) {
                    match each.kind() {
                        "case_pattern" => self.pattern(each, patterns, wild),
                        _ => patterns.push(self.simple_pattern(each)),
                    }
                }
            }
            _ => patterns.push(self.simple_pattern(inner)),
        }
    }

    fn simple_pattern(&mut self, node: Node<'_>) -> Pattern {
        match node.kind() {
            "string" | "concatenated_string" | "integer" | "float" | "true" | "false" | "none" => {
                Pattern::Value(self.expr(node))
            }
            "dotted_name" if !self.text_of(node).contains('.') => {
                Pattern::Capture(self.text_of(node).into())
            }
            "dotted_name" => {
                let mut parts = self.text_of(node).split('.');
                let first = Expr::name(parts.next().unwrap_or_default(), span(node));
                let path = parts.take(8).fold(first, |object, name| {
                    expr(ExprKind::Attribute(Box::new(object), name.into()), node)
                });
                Pattern::Value(path)
            }
            _ => Pattern::Shape(self.bound_names(node)),
        }
    }

    fn bound_names(&self, node: Node<'_>) -> Vec<Box<str>> {
        let mut names = Vec::new();
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if node.kind() == "identifier" && names.len() < 32 {
                names.push(self.text_of(node).into());
            }
            left.extend(named_children(node));
        }
        names
    }
}

/// An operator of arithmetic by its text.
pub(super) fn operator_of(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "//" => BinaryOp::FloorDiv,
        "%" => BinaryOp::Mod,
        "**" => BinaryOp::Pow,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        "<<" => BinaryOp::ShiftLeft,
        ">>" => BinaryOp::ShiftRight,
        _ => return None,
    })
}
