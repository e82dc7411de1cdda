//! What every front end needs of a syntax tree.

use tree_sitter::Node;

use super::ir::{
    Arg, BinaryOp, CompareOp, Const, Cut, CutReason, Expr, ExprKind, MAX_DEPTH, Name, Span, Stmt,
    StmtKind,
};

/// Where a front end is on its way down through one tree.
pub struct Descent<'t> {
    text: &'t [u8],
    depth: usize,
    /// How many names were made up.
    hidden: usize,
    /// What was left out.
    pub cuts: Vec<Cut>,
}

impl<'t> Descent<'t> {
    /// At the root of a tree of this text.
    pub fn new(text: &'t str, root: Node<'_>) -> Self {
        let mut descent = Self {
            text: text.as_bytes(),
            depth: 0,
            hidden: 0,
            cuts: Vec::new(),
        };
        if root.has_error() {
            descent.cut(root, CutReason::Syntax);
        }
        descent
    }

    /// The text of a node; nothing where it is not UTF-8, which it always is.
    pub fn text(&self, node: Node<'_>) -> &'t str {
        node.utf8_text(self.text).unwrap_or_default()
    }

    /// The text between two bytes.
    pub fn between(&self, from: usize, to: usize) -> &'t str {
        let bytes = self.text.get(from..to).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Goes one level down, unless that is too deep.
    pub fn enter(&mut self, node: Node<'_>) -> bool {
        if self.depth >= MAX_DEPTH {
            self.cut(node, CutReason::Depth);
            return false;
        }
        self.depth += 1;
        true
    }

    /// Comes one level up again.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn cut(&mut self, node: Node<'_>, why: CutReason) {
        let line = span(node).line;
        if self.cuts.last().is_none_or(|cut| cut.why != why) {
            self.cuts.push(Cut { line, why });
        }
    }

    /// A name that no program has.
    pub fn made_up(&mut self) -> Name {
        self.hidden += 1;
        format!("${}", self.hidden).into()
    }
}

/// A front end on its way.
pub trait FrontEnd<'t> {
    /// Where it is.
    fn down(&mut self) -> &mut Descent<'t>;

    /// An expression. What is nested too deeply is opaque.
    fn expr(&mut self, node: Node<'_>) -> Expr;

    /// What is made one level further down, unless that is too deep.
    fn deeper<T>(&mut self, node: Node<'_>, make: impl FnOnce(&mut Self) -> T) -> Option<T>
    where
        Self: Sized,
    {
        if !self.down().enter(node) {
            return None;
        }
        let result = make(self);
        self.down().leave();
        Some(result)
    }

    /// The expression in a field; opaque where there is none.
    fn field(&mut self, node: Node<'_>, name: &str) -> Expr {
        match node.child_by_field_name(name) {
            Some(child) => self.expr(child),
            None => Expr::opaque(span(node)),
        }
    }

    /// `left operator right`. What division gives is each language's own.
    fn binary(&mut self, node: Node<'_>, division: BinaryOp) -> ExprKind {
        let operator = node.child_by_field_name("operator");
        let operator = operator.map_or("", |operator| self.down().text(operator));
        if let Some(join) = joined(operator) {
            let all = operands(node, operator, self.down());
            return join(all.into_iter().map(|each| self.expr(each)).collect());
        }
        let left = Box::new(self.field(node, "left"));
        let right = Box::new(self.field(node, "right"));
        if let Some(operator) = comparison(operator) {
            return ExprKind::Compare(operator, left, right);
        }
        match arithmetic(operator, division) {
            Some(operator) => ExprKind::Binary(operator, left, right),
            None => ExprKind::Opaque(vec![*left, *right]),
        }
    }
}

/// The operands of `a + b + c`, which is written as `(a + b) + c`: in order,
/// without recursion.
fn operands<'n>(node: Node<'n>, operator: &str, descent: &Descent<'_>) -> Vec<Node<'n>> {
    let mut operands = Vec::new();
    let mut left = node;
    while left.kind() == "binary_expression"
        && left
            .child_by_field_name("operator")
            .is_some_and(|found| descent.text(found) == operator)
        && let Some(next) = left.child_by_field_name("left")
    {
        operands.extend(left.child_by_field_name("right"));
        left = next;
    }
    operands.push(left);
    operands.reverse();
    operands
}

/// What makes one expression of many operands.
fn joined(operator: &str) -> Option<fn(Vec<Expr>) -> ExprKind> {
    Some(match operator {
        "+" => ExprKind::Concat,
        "&&" => ExprKind::And,
        "||" | "??" => ExprKind::Or,
        _ => return None,
    })
}

/// What languages with braces mean by an operator that compares.
fn comparison(operator: &str) -> Option<CompareOp> {
    Some(match operator {
        "==" | "===" => CompareOp::Equal,
        "!=" | "!==" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterEqual,
        _ => return None,
    })
}

/// What they mean by one of arithmetic; division is each language's own.
fn arithmetic(operator: &str, division: BinaryOp) -> Option<BinaryOp> {
    Some(match operator {
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => division,
        "%" => BinaryOp::Mod,
        "**" => BinaryOp::Pow,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        "<<" => BinaryOp::ShiftLeft,
        ">>" | ">>>" => BinaryOp::ShiftRight,
        _ => return None,
    })
}

/// Whether an arm of a `switch` does not go on into the next one.
pub fn leaves_arm(last: Option<&Stmt>) -> bool {
    match last.map(|stmt| &stmt.kind) {
        Some(StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) | StmtKind::Raise(_)) => {
            true
        }
        Some(StmtKind::Block(body)) => leaves_arm(body.last()),
        _ => false,
    }
}

/// Where a node stands.
pub fn span(node: Node<'_>) -> Span {
    let number = |zero_based: usize| u32::try_from(zero_based + 1).unwrap_or(u32::MAX);
    let (start, end) = (node.start_position(), node.end_position());
    Span {
        line: number(start.row),
        column: number(start.column),
        end_line: number(end.row),
    }
}

/// The named children that are no comments.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra() && !child.kind().ends_with("comment"))
        .collect()
}

/// The first of the named children.
pub fn first(node: Node<'_>) -> Option<Node<'_>> {
    children(node).into_iter().next()
}

/// The named child of this kind.
pub fn child_of<'n>(node: Node<'n>, kind: &str) -> Option<Node<'n>> {
    children(node)
        .into_iter()
        .find(|child| child.kind() == kind)
}

/// A statement in the place of a node.
pub fn stmt(node: Node<'_>, kind: StmtKind) -> Stmt {
    let span = span(node);
    Stmt { kind, span }
}

/// An expression in the place of a node.
pub fn expr(node: Node<'_>, kind: ExprKind) -> Expr {
    let span = span(node);
    Expr { kind, span }
}

/// Constant text in the place of a node.
pub fn constant(text: &str, node: Node<'_>) -> Expr {
    expr(node, ExprKind::Const(Const::Str(text.into())))
}

/// An assignment in the place of a node.
pub fn assign(node: Node<'_>, target: Expr, value: Expr) -> Stmt {
    let op = None;
    stmt(node, StmtKind::Assign { target, op, value })
}

/// An argument without a name.
pub fn plain(value: Expr) -> Arg {
    Arg {
        name: None,
        spread: false,
        value,
    }
}
