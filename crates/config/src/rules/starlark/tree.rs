//! The tree of a file of rules.

use std::ops::Range;
use std::rc::Rc;

use super::token::Piece;

/// An expression and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub expr: Expr,
    pub at: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Int(i64),
    Text(Rc<str>),
    Name(String),
    Format(Vec<Piece>),
    List(Vec<Node>),
    Tuple(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    /// `[item for … if …]`.
    Each(Box<Node>, Vec<Clause>),
    Call(Box<Node>, Vec<Node>, Vec<(String, Node)>),
    Method(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `yes if test else no`.
    Choice(Box<[Node; 3]>),
}

#[derive(Debug)]
pub(crate) enum Clause {
    For(Target, Node),
    If(Node),
}

/// What is assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    Name(String),
    Several(Vec<Target>),
    Item(Node, Node),
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub kind: Kind,
    pub at: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Expr(Node),
    Assign(Target, Node),
    /// `target += value` and its kind.
    Change(Target, &'static str, Node),
    If(Node, Vec<Statement>, Vec<Statement>),
    For(Target, Node, Vec<Statement>),
    Def(Rc<Def>),
    Return(Option<Node>),
    Pass,
    Break,
    Continue,
}

/// A function.
#[derive(Debug)]
pub(crate) struct Def {
    pub name: String,
    pub parameters: Vec<(String, Option<Node>)>,
    pub body: Vec<Statement>,
}
