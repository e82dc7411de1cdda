//! Finds names that nothing gives a value, also where they are never reached:
//! a misspelt function in a branch that is not taken is a rule that is not
//! there.

use std::collections::HashSet;

use super::Fault;
use super::token::Piece;
use super::tree::{Clause, Expr, Kind, Node, Statement, Target};

/// Fails on the first name that nothing in the file gives a value and that is
/// not among the `known` ones.
pub(super) fn check(
    statements: &[Statement],
    known: impl Iterator<Item = &'static str> + Clone,
) -> Result<(), Fault> {
    let mut given: HashSet<&str> = known.clone().collect();
    given.extend(["None", "True", "False"]);
    let mut found = Names::default();
    found.block(statements);
    given.extend(&found.given);
    match found.used.iter().find(|(name, _)| !given.contains(name)) {
        Some((name, node)) => Err(Fault::unknown(node.at.clone(), name, known)),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Names<'t> {
    given: Vec<&'t str>,
    used: Vec<(&'t str, &'t Node)>,
}

impl<'t> Names<'t> {
    fn block(&mut self, statements: &'t [Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'t Statement) {
        match &statement.kind {
            Kind::Expr(node) | Kind::Return(Some(node)) => self.node(node),
            Kind::Assign(target, node) | Kind::Change(target, _, node) => {
                self.target(target);
                self.node(node);
            }
            Kind::If(test, yes, no) => {
                self.node(test);
                self.block(yes);
                self.block(no);
            }
            Kind::For(target, items, body) => {
                self.target(target);
                self.node(items);
                self.block(body);
            }
            Kind::Def(def) => {
                self.given.push(&def.name);
                for (name, default) in &def.parameters {
                    self.given.push(name);
                    self.nodes(default.as_ref());
                }
                self.block(&def.body);
            }
            Kind::Return(None) | Kind::Pass | Kind::Break | Kind::Continue => {}
        }
    }

    fn target(&mut self, target: &'t Target) {
        match target {
            Target::Name(name) => self.given.push(name),
            Target::Several(targets) => targets.iter().for_each(|target| self.target(target)),
            Target::Item(of, index) => {
                self.node(of);
                self.node(index);
            }
        }
    }

    fn nodes(&mut self, nodes: impl IntoIterator<Item = &'t Node>) {
        nodes.into_iter().for_each(|node| self.node(node));
    }

    fn node(&mut self, node: &'t Node) {
        match &node.expr {
            Expr::Int(_) | Expr::Text(_) => {}
            Expr::Name(name) => self.used.push((name, node)),
            Expr::Format(pieces) => {
                for piece in pieces {
                    if let Piece::Name(name) = piece {
                        self.used.push((name, node));
                    }
                }
            }
            Expr::List(nodes) | Expr::Tuple(nodes) => self.nodes(nodes),
            Expr::Dict(pairs) => {
                for (key, value) in pairs {
                    self.nodes([key, value]);
                }
            }
            Expr::Each(item, clauses) => {
                self.node(item);
                for clause in clauses {
                    match clause {
                        Clause::For(target, node) => {
                            self.target(target);
                            self.node(node);
                        }
                        Clause::If(node) => self.node(node),
                    }
                }
            }
            Expr::Call(callee, positional, named) => {
                self.node(callee);
                self.nodes(positional);
                self.nodes(named.iter().map(|(_, node)| node));
            }
            Expr::Method(inner, _) | Expr::Not(inner) | Expr::Minus(inner) => self.node(inner),
            Expr::Index(left, right) | Expr::Binary(_, left, right) => {
                self.nodes([&**left, &**right]);
            }
            Expr::Slice(of, start, end) => {
                self.node(of);
                self.nodes(start.iter().chain(end).map(|node| &**node));
            }
            Expr::Choice(parts) => self.nodes(&**parts),
        }
    }
}
