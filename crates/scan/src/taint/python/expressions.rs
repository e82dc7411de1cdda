//! Expressions of Python.

use tree_sitter::Node;

use crate::taint::ir::{
    Arg, Call, Clause, CompareOp, Comprehension, Const, Expr, ExprKind, Function, ListKind, Stmt,
    StmtKind,
};

use super::statements::operator_of;
use super::{Lower, expr, named, named_children, span};

impl Lower<'_> {
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, |lower| lower.expr_of_kind(node))
            .unwrap_or_else(|| Expr::opaque(span(node)))
    }

    fn expr_of_kind(&mut self, node: Node<'_>) -> Expr {
        let kind = match node.kind() {
            "identifier" | "keyword_identifier" | "dotted_name" => {
                ExprKind::Name(self.text_of(node).into())
            }
            "integer" => integer(self.text_of(node)),
            "float" => ExprKind::Const(Const::Float(
                self.text_of(node).replace('_', "").parse().unwrap_or(0.5),
            )),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "none" => ExprKind::Const(Const::None),
            "string" => self.string(node),
            "concatenated_string" => ExprKind::Template(
                named_children(node)
                    .into_iter()
                    .map(|part| self.expr(part))
                    .collect(),
            ),
            "attribute" => {
                let name = node
                    .child_by_field_name("attribute")
                    .map(|name| self.text_of(name).into())
                    .unwrap_or_default();
                ExprKind::Attribute(Box::new(self.field_expr(node, "object")), name)
            }
            "subscript" => self.subscript(node),
            "call" => self.call(node),
            "binary_operator" => return self.binary(node),
            "boolean_operator" => self.boolean(node),
            "comparison_operator" => return self.comparison(node),
            "not_operator" => ExprKind::Not(Box::new(self.field_expr(node, "argument"))),
            "unary_operator" => self.unary(node),
            "conditional_expression" => match named_children(node).as_slice() {
                [then, test, otherwise] => {
                    let parts = [self.expr(*test), self.expr(*then), self.expr(*otherwise)];
                    ExprKind::Conditional(Box::new(parts))
                }
                _ => return self.opaque(node),
            },
            "list" | "list_pattern" => self.list(ListKind::List, node),
            "tuple" | "tuple_pattern" | "expression_list" | "pattern_list" => {
                self.list(ListKind::Tuple, node)
            }
            "set" => self.list(ListKind::Set, node),
            "dictionary" => self.dictionary(node),
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => {
                return self.comprehension(node);
            }
            "lambda" => self.lambda(node),
            "await" => match self.inner(node) {
                Some(inner) => ExprKind::Await(Box::new(inner)),
                None => return Expr::opaque(span(node)),
            },
            "yield" => ExprKind::Yield(self.inner(node).map(Box::new)),
            "named_expression" => ExprKind::Assign(
                Box::new(self.field_expr(node, "name")),
                Box::new(self.field_expr(node, "value")),
            ),
            "parenthesized_expression" | "type" | "as_pattern_target" => match self.inner(node) {
                Some(inner) => return inner,
                None => return Expr::opaque(span(node)),
            },
            "list_splat"
            | "dictionary_splat"
            | "list_splat_pattern"
            | "dictionary_splat_pattern" => match self.inner(node) {
                Some(inner) => ExprKind::Spread(Box::new(inner)),
                None => return Expr::opaque(span(node)),
            },
            _ => return self.opaque(node),
        };
        expr(kind, node)
    }

    fn inner(&mut self, node: Node<'_>) -> Option<Expr> {
        named_children(node).first().map(|child| self.expr(*child))
    }

    pub(super) fn opaque(&mut self, node: Node<'_>) -> Expr {
        let parts = named_children(node)
            .into_iter()
            .map(|child| self.expr(child))
            .collect();
        expr(ExprKind::Opaque(parts), node)
    }

    fn list(&mut self, kind: ListKind, node: Node<'_>) -> ExprKind {
        ExprKind::List(
            kind,
            named_children(node)
                .into_iter()
                .map(|item| self.expr(item))
                .collect(),
        )
    }

    fn subscript(&mut self, node: Node<'_>) -> ExprKind {
        let object = Box::new(self.field_expr(node, "value"));
        let mut cursor = node.walk();
        let indices: Vec<Node<'_>> = node
            .children_by_field_name("subscript", &mut cursor)
            .collect();
        match indices.as_slice() {
            [slice] if slice.kind() == "slice" => {
                let (start, end) = self.bounds(*slice);
                ExprKind::Slice(object, start.map(Box::new), end.map(Box::new))
            }
            [index] => ExprKind::Element(object, Box::new(self.expr(*index))),
            many => {
                let items = many.iter().map(|each| self.expr(*each)).collect();
                ExprKind::Element(
                    object,
                    Box::new(expr(ExprKind::List(ListKind::Tuple, items), node)),
                )
            }
        }
    }

    /// `start:end`, by where the colon stands.
    fn bounds(&mut self, node: Node<'_>) -> (Option<Expr>, Option<Expr>) {
        let (mut start, mut end, mut colons) = (None, None, 0);
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            match (child.kind(), colons) {
                (":", _) => colons += 1,
                ("comment", _) => {}
                (_, 0) => start = Some(self.expr(child)),
                (_, 1) => end = Some(self.expr(child)),
                _ => {}
            }
        }
        (start, end)
    }

    fn call(&mut self, node: Node<'_>) -> ExprKind {
        let callee = self.field_expr(node, "function");
        let mut args = Vec::new();
        if let Some(list) = node.child_by_field_name("arguments") {
            if list.kind() == "generator_expression" {
                args.push(Arg {
                    name: None,
                    spread: false,
                    value: self.expr(list),
                });
            } else {
                args.extend(named_children(list).into_iter().map(|arg| self.arg(arg)));
            }
        }
        ExprKind::Call(Box::new(Call {
            callee,
            args,
            construct: false,
        }))
    }

    fn arg(&mut self, node: Node<'_>) -> Arg {
        match node.kind() {
            "keyword_argument" => Arg {
                name: node
                    .child_by_field_name("name")
                    .map(|name| self.text_of(name).into()),
                spread: false,
                value: self.field_expr(node, "value"),
            },
            "list_splat" | "dictionary_splat" => Arg {
                name: None,
                spread: true,
                value: self.inner(node).unwrap_or_else(|| Expr::opaque(span(node))),
            },
            _ => Arg {
                name: None,
                spread: false,
                value: self.expr(node),
            },
        }
    }

    /// The left side may be as deep as the sum is long: it is gone down in a
    /// loop.
    fn binary(&mut self, node: Node<'_>) -> Expr {
        let mut rights = Vec::new();
        let mut at = node;
        let mut left = loop {
            let operator = at
                .child_by_field_name("operator")
                .map(|op| self.text_of(op))
                .unwrap_or_default();
            rights.push((operator, at.child_by_field_name("right"), at));
            match at.child_by_field_name("left") {
                Some(left) if left.kind() == "binary_operator" => at = left,
                Some(left) => break self.expr(left),
                None => break Expr::opaque(span(at)),
            }
        };
        let mut height = 0;
        for (operator, right, whole) in rights.into_iter().rev() {
            let right = right.map_or_else(|| Expr::opaque(span(whole)), |right| self.expr(right));
            left = match (operator, left.kind) {
                ("+", ExprKind::Concat(mut parts)) => {
                    parts.push(right);
                    expr(ExprKind::Concat(parts), whole)
                }
                ("+", kind) => {
                    let first = Expr {
                        kind,
                        span: left.span,
                    };
                    expr(ExprKind::Concat(vec![first, right]), whole)
                }
                (operator, kind) => {
                    height += 1;
                    let first = Expr {
                        kind,
                        span: left.span,
                    };
                    match operator_of(operator) {
                        // Too many of them in each other: only whose data is in it.
                        _ if height > 24 => flat(first, right, whole),
                        Some(op) => expr(
                            ExprKind::Binary(op, Box::new(first), Box::new(right)),
                            whole,
                        ),
                        None => expr(ExprKind::Opaque(vec![first, right]), whole),
                    }
                }
            };
        }
        left
    }

    fn boolean(&mut self, node: Node<'_>) -> ExprKind {
        let operator = node
            .child_by_field_name("operator")
            .map(|op| self.text_of(op).to_owned())
            .unwrap_or_default();
        // `a and b and c` leans to the left.
        let mut parts = Vec::new();
        let mut at = node;
        loop {
            parts.extend(at.child_by_field_name("right"));
            match at.child_by_field_name("left") {
                Some(left)
                    if left.kind() == "boolean_operator"
                        && left
                            .child_by_field_name("operator")
                            .is_some_and(|op| self.text_of(op) == operator) =>
                {
                    at = left;
                }
                left => {
                    parts.extend(left);
                    break;
                }
            }
        }
        let parts = parts
            .into_iter()
            .rev()
            .map(|part| self.expr(part))
            .collect();
        if operator == "and" {
            ExprKind::And(parts)
        } else {
            ExprKind::Or(parts)
        }
    }

    /// `a < b <= c` is `a < b and b <= c`.
    fn comparison(&mut self, node: Node<'_>) -> Expr {
        let mut operands = Vec::new();
        let mut operators: Vec<String> = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if child.kind() == "comment" {
            } else if child.is_named() {
                operands.push(self.expr(child));
            } else if operators.len() == operands.len() {
                if let Some(last) = operators.last_mut() {
                    last.push(' ');
                    last.push_str(self.text_of(child));
                }
            } else {
                operators.push(self.text_of(child).to_owned());
            }
        }
        let mut tests: Vec<Expr> = operands
            .windows(2)
            .zip(&operators)
            .filter_map(|(pair, operator)| {
                let [left, right] = pair else {
                    return None;
                };
                let op = compare_of(operator)?;
                Some(expr(
                    ExprKind::Compare(op, Box::new(left.clone()), Box::new(right.clone())),
                    node,
                ))
            })
            .collect();
        match tests.len() {
            0 => expr(ExprKind::Opaque(operands), node),
            1 => tests.remove(0),
            _ => expr(ExprKind::And(tests), node),
        }
    }

    fn unary(&mut self, node: Node<'_>) -> ExprKind {
        let operator = node
            .child_by_field_name("operator")
            .map(|op| self.text_of(op))
            .unwrap_or_default();
        let value = self.field_expr(node, "argument");
        match (operator, &value.kind) {
            ("-", ExprKind::Const(Const::Int(number))) => {
                ExprKind::Const(Const::Int(number.wrapping_neg()))
            }
            ("-", ExprKind::Const(Const::Float(number))) => ExprKind::Const(Const::Float(-number)),
            _ => ExprKind::Opaque(vec![value]),
        }
    }

    fn dictionary(&mut self, node: Node<'_>) -> ExprKind {
        let mut entries = Vec::new();
        for child in named_children(node) {
            match child.kind() {
                "pair" => {
                    let key = self.field_expr(child, "key");
                    entries.push((Some(key), self.field_expr(child, "value")));
                }
                _ => entries.extend(self.inner(child).map(|value| (None, value))),
            }
        }
        ExprKind::Dict(entries)
    }

    fn comprehension(&mut self, node: Node<'_>) -> Expr {
        let Some(body) = node.child_by_field_name("body") else {
            return self.opaque(node);
        };
        let (key, element) = match body.kind() {
            "pair" => (
                Some(self.field_expr(body, "key")),
                self.field_expr(body, "value"),
            ),
            _ => (None, self.expr(body)),
        };
        let mut clauses: Vec<Clause> = Vec::new();
        for child in named_children(node) {
            match child.kind() {
                "for_in_clause" => clauses.push(Clause {
                    target: self.field_expr(child, "left"),
                    iterable: self.field_expr(child, "right"),
                    tests: Vec::new(),
                }),
                "if_clause" => {
                    let test = self.inner(child);
                    if let (Some(clause), Some(test)) = (clauses.last_mut(), test) {
                        clause.tests.push(test);
                    }
                }
                _ => {}
            }
        }
        expr(
            ExprKind::Comprehension(Box::new(Comprehension {
                key,
                element,
                clauses,
            })),
            node,
        )
    }

    fn lambda(&mut self, node: Node<'_>) -> ExprKind {
        let params = named(node, "lambda_parameters")
            .map(|list| self.params(list))
            .unwrap_or_default();
        let value = self.field_expr(node, "body");
        let place = value.span;
        ExprKind::Lambda(Box::new(Function {
            params,
            body: vec![Stmt {
                kind: StmtKind::Return(Some(value)),
                span: place,
            }],
            span: span(node),
            ..Function::default()
        }))
    }
}

fn flat(first: Expr, right: Expr, whole: Node<'_>) -> Expr {
    let mut parts = match first.kind {
        ExprKind::Opaque(parts) => parts,
        kind => vec![Expr {
            kind,
            span: first.span,
        }],
    };
    parts.push(right);
    expr(ExprKind::Opaque(parts), whole)
}

fn integer(text: &str) -> ExprKind {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let parsed = match plain.get(..2) {
        Some("0x") => i64::from_str_radix(&plain[2..], 16).ok(),
        Some("0o") => i64::from_str_radix(&plain[2..], 8).ok(),
        Some("0b") => i64::from_str_radix(&plain[2..], 2).ok(),
        _ => plain.parse().ok(),
    };
    // What does not fit is a number all the same.
    ExprKind::Const(parsed.map_or(Const::Float(1e300), Const::Int))
}

fn compare_of(text: &str) -> Option<CompareOp> {
    Some(match text {
        "==" => CompareOp::Equal,
        "!=" | "<>" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterEqual,
        "in" => CompareOp::In,
        "not in" => CompareOp::NotIn,
        "is" => CompareOp::Is,
        "is not" => CompareOp::IsNot,
        _ => return None,
    })
}
