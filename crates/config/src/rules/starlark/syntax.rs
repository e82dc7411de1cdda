//! From tokens to a tree: the statements and expressions of Starlark, without
//! `load` and `lambda`.

use std::ops::Range;
use std::rc::Rc;

use super::Fault;
use super::token::{Lexed, Token, tokens};
use super::tree::{Clause, Def, Expr, Kind, Node, Statement, Target};

/// How deep expressions and blocks may be nested.
const DEEPEST: usize = 40;

/// How many operators, or calls and indices, may follow each other.
const LONGEST: usize = 64;

/// Values that are given by name.
type Named = Vec<(String, Node)>;

/// The statements of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Statement>, Fault> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let mut statements = Vec::new();
    while *parser.peek() != Token::End {
        parser.statement(&mut statements)?;
    }
    Ok(statements)
}

struct Parser {
    tokens: Vec<Lexed>,
    at: usize,
    depth: usize,
}

/// Words that name nothing.
const RESERVED: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "load", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].at.clone()
    }

    /// From a start to the end of the token before.
    fn since(&self, start: usize) -> Range<usize> {
        let end = self.tokens[self.at.saturating_sub(1)].at.end;
        start..end.max(start)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn is(&self, what: &str) -> bool {
        match self.peek() {
            Token::Mark(mark) => *mark == what,
            Token::Name(name) => name == what,
            _ => false,
        }
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.is(what);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, what: &str) -> Result<(), Fault> {
        if self.eat(what) {
            return Ok(());
        }
        let found = shown(self.peek());
        Err(self.fault(format!("expected `{what}`, and found {found}")))
    }

    fn fault(&self, text: impl Into<String>) -> Fault {
        Fault::new(self.span(), text.into())
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault("this is nested too deeply"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn longer(&self, length: usize) -> Result<usize, Fault> {
        if length == LONGEST {
            return Err(self.fault("this expression is too long; give its parts names"));
        }
        Ok(length + 1)
    }

    fn statement(&mut self, into: &mut Vec<Statement>) -> Result<(), Fault> {
        let start = self.span().start;
        let compound = match self.peek() {
            Token::Name(name) => match name.as_str() {
                "if" => Some(self.deeper(Self::if_statement)?),
                "for" => Some(self.deeper(Self::for_statement)?),
                "def" => Some(self.deeper(Self::def_statement)?),
                _ => None,
            },
            Token::Indent => return Err(self.fault("this line is indented, and need not be")),
            _ => None,
        };
        if let Some(kind) = compound {
            let at = start..start + 1;
            into.push(Statement { kind, at });
            return Ok(());
        }
        loop {
            let start = self.span().start;
            let kind = self.simple()?;
            let at = self.since(start);
            into.push(Statement { kind, at });
            if !self.eat(";") || *self.peek() == Token::Newline {
                break;
            }
        }
        match self.next() {
            Token::Newline => Ok(()),
            found => {
                self.at -= usize::from(found != Token::End);
                let found = shown(&found);
                Err(self.fault(format!("expected the end of the line, and found {found}")))
            }
        }
    }

    fn simple(&mut self) -> Result<Kind, Fault> {
        if let Token::Name(name) = self.peek() {
            let kind = match name.as_str() {
                "pass" => Some(Kind::Pass),
                "break" => Some(Kind::Break),
                "continue" => Some(Kind::Continue),
                _ => None,
            };
            if let Some(kind) = kind {
                self.at += 1;
                return Ok(kind);
            }
        }
        if self.eat("return") {
            let value = match self.peek() {
                Token::Newline | Token::End => None,
                _ => Some(self.several()?),
            };
            return Ok(Kind::Return(value));
        }
        let left = self.several()?;
        for (mark, operation) in [
            ("+=", "+"),
            ("-=", "-"),
            ("*=", "*"),
            ("//=", "//"),
            ("%=", "%"),
        ] {
            if self.eat(mark) {
                let target = target(left)?;
                return Ok(Kind::Change(target, operation, self.several()?));
            }
        }
        if self.eat("=") {
            let target = target(left)?;
            return Ok(Kind::Assign(target, self.several()?));
        }
        Ok(Kind::Expr(left))
    }

    fn block(&mut self) -> Result<Vec<Statement>, Fault> {
        self.expect(":")?;
        let mut statements = Vec::new();
        if *self.peek() != Token::Newline {
            if self.is("if") || self.is("for") || self.is("def") {
                return Err(self.fault("this starts a block, which needs a line of its own"));
            }
            self.statement(&mut statements)?;
            return Ok(statements);
        }
        self.next();
        if *self.peek() != Token::Indent {
            return Err(self.fault("expected an indented block"));
        }
        self.next();
        while !matches!(self.peek(), Token::Dedent | Token::End) {
            self.statement(&mut statements)?;
        }
        if *self.peek() == Token::Dedent {
            self.next();
        }
        Ok(statements)
    }

    /// `if` and `elif` alike.
    fn if_statement(&mut self) -> Result<Kind, Fault> {
        self.next();
        let test = self.expression()?;
        let yes = self.block()?;
        let no = if self.is("elif") {
            let at = self.span();
            let kind = self.deeper(Self::if_statement)?;
            vec![Statement { kind, at }]
        } else if self.eat("else") {
            self.block()?
        } else {
            Vec::new()
        };
        Ok(Kind::If(test, yes, no))
    }

    fn for_statement(&mut self) -> Result<Kind, Fault> {
        self.next();
        let target = self.loop_target()?;
        self.expect("in")?;
        let items = self.several()?;
        Ok(Kind::For(target, items, self.block()?))
    }

    fn def_statement(&mut self) -> Result<Kind, Fault> {
        self.next();
        let name = self.name()?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.eat(")") {
            let name = self.name()?;
            let default = if self.eat("=") {
                Some(self.expression()?)
            } else {
                None
            };
            parameters.push((name, default));
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        let body = self.block()?;
        Ok(Kind::Def(Rc::new(Def {
            name,
            parameters,
            body,
        })))
    }

    fn name(&mut self) -> Result<String, Fault> {
        match self.peek().clone() {
            Token::Name(name) if !RESERVED.contains(&name.as_str()) => {
                self.at += 1;
                Ok(name)
            }
            other => Err(self.fault(format!("expected a name, and found {}", shown(&other)))),
        }
    }

    fn loop_target(&mut self) -> Result<Target, Fault> {
        let start = self.span().start;
        // Not a whole expression: `in` would be a part of it.
        let first = self.deeper(Self::suffixed)?;
        if !self.is(",") {
            return target(first);
        }
        let mut parts = vec![first];
        while self.eat(",") && !self.is("in") {
            parts.push(self.deeper(Self::suffixed)?);
        }
        target(self.node(start, Expr::Tuple(parts)))
    }

    fn node(&self, start: usize, expr: Expr) -> Node {
        let at = self.since(start);
        Node { expr, at }
    }

    /// One expression, or a tuple without parentheses.
    fn several(&mut self) -> Result<Node, Fault> {
        let start = self.span().start;
        let first = self.expression()?;
        if !self.is(",") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat(",") && !self.ends() {
            parts.push(self.expression()?);
        }
        Ok(self.node(start, Expr::Tuple(parts)))
    }

    fn ends(&self) -> bool {
        matches!(
            self.peek(),
            Token::Newline | Token::End | Token::Mark(")" | "=" | ":" | "]" | "}")
        )
    }

    fn expression(&mut self) -> Result<Node, Fault> {
        self.deeper(|parser| {
            let start = parser.span().start;
            let yes = parser.operation(0)?;
            if !parser.eat("if") {
                return Ok(yes);
            }
            let test = parser.operation(0)?;
            parser.expect("else")?;
            let no = parser.expression()?;
            Ok(parser.node(start, Expr::Choice(Box::new([yes, test, no]))))
        })
    }

    /// Operations that bind at least as strongly as `least`.
    fn operation(&mut self, least: u8) -> Result<Node, Fault> {
        let start = self.span().start;
        let mut left = if least <= 2 && self.eat("not") {
            let inner = self.deeper(|parser| parser.operation(2))?;
            self.node(start, Expr::Not(Box::new(inner)))
        } else if self.eat("-") {
            let inner = self.deeper(|parser| parser.operation(6))?;
            self.node(start, Expr::Minus(Box::new(inner)))
        } else {
            self.deeper(Self::suffixed)?
        };
        let mut length = 0;
        while let Some((name, words, strength)) = self.operator().filter(|found| found.2 >= least) {
            length = self.longer(length)?;
            self.at += words;
            let right = self.deeper(|parser| parser.operation(strength + 1))?;
            left = self.node(start, Expr::Binary(name, Box::new(left), Box::new(right)));
            // `a < b < c` has no meaning here, as in Starlark.
            if strength == 3 && self.operator().is_some_and(|found| found.2 == 3) {
                return Err(self.fault("comparisons cannot be chained; use `and`"));
            }
        }
        Ok(left)
    }

    /// The operator that is next: its name, of how many tokens, how strong.
    fn operator(&self) -> Option<(&'static str, usize, u8)> {
        let found = match self.peek() {
            Token::Name(name) => match name.as_str() {
                "or" => ("or", 1, 0),
                "and" => ("and", 1, 1),
                "in" => ("in", 1, 3),
                "not" if matches!(&self.tokens[self.at + 1].token, Token::Name(next) if next == "in") => {
                    ("not in", 2, 3)
                }
                _ => return None,
            },
            Token::Mark(mark) => match *mark {
                "==" | "!=" | "<" | ">" | "<=" | ">=" => (*mark, 1, 3),
                "+" | "-" => (*mark, 1, 4),
                "*" | "%" | "//" => (*mark, 1, 5),
                _ => return None,
            },
            _ => return None,
        };
        Some(found)
    }

    /// An atom with calls, indices and methods after it.
    fn suffixed(&mut self) -> Result<Node, Fault> {
        let start = self.span().start;
        let mut node = self.atom()?;
        let mut length = 0;
        loop {
            length = self.longer(length)?;
            let expr = if self.eat("(") {
                let (positional, named) = self.arguments()?;
                Expr::Call(Box::new(node), positional, named)
            } else if self.eat(".") {
                let name = self.name()?;
                Expr::Method(Box::new(node), name)
            } else if self.eat("[") {
                self.index(node)?
            } else {
                return Ok(node);
            };
            node = self.node(start, expr);
        }
    }

    fn arguments(&mut self) -> Result<(Vec<Node>, Named), Fault> {
        let mut positional = Vec::new();
        let mut named = Named::new();
        while !self.eat(")") {
            let next = &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].token;
            if *next == Token::Mark("=") {
                let name = self.name()?;
                if named.iter().any(|(other, _)| *other == name) {
                    return Err(self.fault(format!("`{name}` is given twice")));
                }
                self.expect("=")?;
                named.push((name, self.expression()?));
            } else if named.is_empty() {
                positional.push(self.expression()?);
            } else {
                return Err(self.fault("a value without a name cannot follow one with a name"));
            }
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        Ok((positional, named))
    }

    fn index(&mut self, of: Node) -> Result<Expr, Fault> {
        let start = if self.is(":") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        if let Some(index) = start {
            if self.eat("]") {
                return Ok(Expr::Index(Box::new(of), index));
            }
            self.expect(":")?;
            return self.slice_end(of, Some(index));
        }
        self.expect(":")?;
        self.slice_end(of, None)
    }

    fn slice_end(&mut self, of: Node, start: Option<Box<Node>>) -> Result<Expr, Fault> {
        let end = if self.is("]") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        self.expect("]")?;
        Ok(Expr::Slice(Box::new(of), start, end))
    }

    fn atom(&mut self) -> Result<Node, Fault> {
        let start = self.span().start;
        let expr = match self.peek().clone() {
            Token::Int(number) => Expr::Int(number),
            Token::Text(text) => Expr::Text(text.into()),
            Token::Format(pieces) => Expr::Format(pieces),
            Token::Mark("(") => return self.parenthesis(start),
            Token::Mark("[") => return self.list(start),
            Token::Mark("{") => return self.dict(start),
            Token::Name(name) if name == "load" => {
                return Err(self.fault("there is no `load`: a file of rules stands alone"));
            }
            Token::Name(name) if !RESERVED.contains(&name.as_str()) => Expr::Name(name),
            other => {
                let found = shown(&other);
                return Err(self.fault(format!("expected a value, and found {found}")));
            }
        };
        self.at += 1;
        Ok(self.node(start, expr))
    }

    fn parenthesis(&mut self, start: usize) -> Result<Node, Fault> {
        self.next();
        if self.eat(")") {
            return Ok(self.node(start, Expr::Tuple(Vec::new())));
        }
        let inner = self.several()?;
        self.expect(")")?;
        Ok(self.node(start, inner.expr))
    }

    fn list(&mut self, start: usize) -> Result<Node, Fault> {
        self.next();
        let mut items = Vec::new();
        while !self.eat("]") {
            items.push(self.expression()?);
            if items.len() == 1 && self.is("for") {
                let clauses = self.clauses()?;
                self.expect("]")?;
                let item = Box::new(items.remove(0));
                return Ok(self.node(start, Expr::Each(item, clauses)));
            }
            if !self.is("]") {
                self.expect(",")?;
            }
        }
        Ok(self.node(start, Expr::List(items)))
    }

    fn clauses(&mut self) -> Result<Vec<Clause>, Fault> {
        let mut clauses = Vec::new();
        loop {
            if self.eat("for") {
                let target = self.loop_target()?;
                self.expect("in")?;
                clauses.push(Clause::For(target, self.operation(0)?));
            } else if self.eat("if") {
                clauses.push(Clause::If(self.operation(0)?));
            } else {
                return Ok(clauses);
            }
        }
    }

    fn dict(&mut self, start: usize) -> Result<Node, Fault> {
        self.next();
        let mut pairs = Vec::new();
        while !self.eat("}") {
            let key = self.expression()?;
            self.expect(":")?;
            pairs.push((key, self.expression()?));
            if !self.is("}") {
                self.expect(",")?;
            }
        }
        Ok(self.node(start, Expr::Dict(pairs)))
    }
}

fn target(node: Node) -> Result<Target, Fault> {
    match node.expr {
        Expr::Name(name) => Ok(Target::Name(name)),
        Expr::Tuple(parts) | Expr::List(parts) => {
            let parts = parts.into_iter().map(target).collect::<Result<_, _>>()?;
            Ok(Target::Several(parts))
        }
        Expr::Index(of, index) => Ok(Target::Item(*of, *index)),
        _ => Err(Fault::new(
            node.at,
            "nothing can be assigned to this".to_owned(),
        )),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Mark(mark) => format!("`{mark}`"),
        Token::Int(number) => format!("`{number}`"),
        Token::Text(_) | Token::Format(_) => "a string".to_owned(),
        Token::Newline => "the end of the line".to_owned(),
        Token::Indent | Token::Dedent => "another indentation".to_owned(),
        Token::End => "the end of the file".to_owned(),
    }
}
