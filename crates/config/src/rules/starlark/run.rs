//! Runs the statements of a file, within limits.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::syntax::parse;
use super::token::Piece;
use super::tree::{Clause, Def, Expr, Kind, Node, Statement, Target};
use super::value::{Heap, Value};
use super::{Call, Fault, Host, functions, methods, names, operations};

/// How many expressions and statements may be evaluated.
const STEPS: usize = 200_000;

/// How many items and characters may be made.
const SIZE: usize = 4 << 20;

/// How deep evaluation may be nested, calls included.
const DEEPEST: usize = 100;

/// Runs a text. The host is called for its functions.
pub(crate) fn run(text: &str, host: &mut dyn Host) -> Result<(), Fault> {
    let statements = parse(text)?;
    let known = host.names().iter().chain(functions::NAMES).copied();
    names::check(&statements, known)?;
    let mut machine = Machine {
        heap: Heap::new(SIZE),
        globals: HashMap::new(),
        locals: None,
        steps: 0,
        depth: 0,
        host,
    };
    match machine.block(&statements)? {
        Flow::On => Ok(()),
        Flow::Return(_) => Err(Fault::new(
            0..0,
            "`return` outside of a function".to_owned(),
        )),
        Flow::Break | Flow::Continue => Err(Fault::new(
            0..0,
            "`break` or `continue` outside of a loop".to_owned(),
        )),
    }
}

struct Machine<'h> {
    heap: Heap,
    globals: HashMap<String, Value>,
    /// Those of the function that runs.
    locals: Option<HashMap<String, Value>>,
    steps: usize,
    depth: usize,
    host: &'h mut dyn Host,
}

/// What follows a statement.
enum Flow {
    On,
    Break,
    Continue,
    Return(Value),
}

impl Machine<'_> {
    fn deeper<T>(
        &mut self,
        at: &Range<usize>,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.steps += 1;
        if self.steps > STEPS {
            let text = "these rules take too long: a file of rules is a short list";
            return Err(Fault::new(at.clone(), text.to_owned()));
        }
        if self.depth == DEEPEST {
            let text = "calls and expressions are nested too deeply";
            return Err(Fault::new(at.clone(), text.to_owned()));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn block(&mut self, statements: &[Statement]) -> Result<Flow, Fault> {
        for statement in statements {
            let flow = self.deeper(&statement.at, |machine| machine.statement(statement))?;
            if !matches!(flow, Flow::On) {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Fault> {
        match &statement.kind {
            Kind::Expr(node) => {
                self.value(node)?;
            }
            Kind::Assign(target, node) => {
                let value = self.value(node)?;
                self.assign(target, value, &node.at)?;
            }
            Kind::Change(target, operation, node) => {
                self.change(target, operation, node, &statement.at)?;
            }
            Kind::If(test, yes, no) => {
                let test = self.value(test)?;
                return self.block(if self.heap.is_true(&test) { yes } else { no });
            }
            Kind::For(target, items, body) => return self.each(target, items, body),
            Kind::Def(def) => {
                let value = Value::Function(Rc::clone(def));
                self.set(&def.name, value);
            }
            Kind::Return(node) => {
                let value = match node {
                    Some(node) => self.value(node)?,
                    None => Value::None,
                };
                return Ok(Flow::Return(value));
            }
            Kind::Pass => {}
            Kind::Break => return Ok(Flow::Break),
            Kind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn each(&mut self, target: &Target, items: &Node, body: &[Statement]) -> Result<Flow, Fault> {
        let over = self.value(items)?;
        let found = self.items(&over, &items.at)?;
        self.heap.looping(&over, true);
        let mut last = Flow::On;
        for item in found {
            self.assign(target, item, &items.at)?;
            match self.block(body)? {
                Flow::On | Flow::Continue => {}
                Flow::Break => break,
                Flow::Return(value) => {
                    last = Flow::Return(value);
                    break;
                }
            }
        }
        self.heap.looping(&over, false);
        Ok(last)
    }

    fn items(&mut self, value: &Value, at: &Range<usize>) -> Result<Vec<Value>, Fault> {
        let items = self
            .heap
            .items(value)
            .ok_or_else(|| Fault::new(at.clone(), format!("{} has no items", value.kind())))?;
        self.heap
            .pay(items.len())
            .map_err(|text| Fault::new(at.clone(), text))?;
        Ok(items)
    }

    fn set(&mut self, name: &str, value: Value) {
        let names = self.locals.as_mut().unwrap_or(&mut self.globals);
        names.insert(name.to_owned(), value);
    }

    fn assign(&mut self, target: &Target, value: Value, at: &Range<usize>) -> Result<(), Fault> {
        match target {
            Target::Name(name) => self.set(name, value),
            Target::Several(targets) => {
                let items = self.items(&value, at)?;
                if items.len() != targets.len() {
                    let text = format!(
                        "{} values cannot be given to {} names",
                        items.len(),
                        targets.len()
                    );
                    return Err(Fault::new(at.clone(), text));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item, at)?;
                }
            }
            Target::Item(of, index) => {
                let of = self.value(of)?;
                let key = self.value(index)?;
                operations::set_item(&mut self.heap, &of, key, value)
                    .map_err(|text| Fault::new(index.at.clone(), text))?;
            }
        }
        Ok(())
    }

    fn change(
        &mut self,
        target: &Target,
        operation: &'static str,
        node: &Node,
        at: &Range<usize>,
    ) -> Result<(), Fault> {
        let before = match target {
            Target::Name(name) => self.name(name, at)?,
            Target::Item(of, index) => self.index(of, index)?,
            Target::Several(_) => {
                let text = "this changes one value at a time";
                return Err(Fault::new(at.clone(), text.to_owned()));
            }
        };
        let by = self.value(node)?;
        // A list grows where it is, so that every name for it sees that.
        if let (Value::List(place), "+") = (&before, operation)
            && let Some(mut items) = self.heap.items(&by)
        {
            let grown = self.heap.pay(items.len());
            return grown
                .and_then(|()| self.heap.change(*place).map(|list| list.append(&mut items)))
                .map_err(|text| Fault::new(at.clone(), text));
        }
        let after = operations::binary(&mut self.heap, operation, &before, &by)
            .map_err(|text| Fault::new(at.clone(), text))?;
        self.assign(target, after, at)
    }

    fn name(&self, name: &str, at: &Range<usize>) -> Result<Value, Fault> {
        let local = self.locals.as_ref().and_then(|locals| locals.get(name));
        if let Some(value) = local.or_else(|| self.globals.get(name)) {
            return Ok(value.clone());
        }
        match name {
            "None" => return Ok(Value::None),
            "True" => return Ok(Value::Bool(true)),
            "False" => return Ok(Value::Bool(false)),
            _ => {}
        }
        let mut natives = self.host.names().iter().chain(functions::NAMES);
        if let Some(native) = natives.find(|native| **native == name) {
            return Ok(Value::Native(native));
        }
        let known = self.host.names().iter().chain(functions::NAMES).copied();
        Err(Fault::unknown(at.clone(), name, known))
    }

    fn value(&mut self, node: &Node) -> Result<Value, Fault> {
        self.deeper(&node.at, |machine| machine.expression(node))
    }

    fn values(&mut self, nodes: &[Node]) -> Result<Vec<Value>, Fault> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn expression(&mut self, node: &Node) -> Result<Value, Fault> {
        let fault = |text| Fault::new(node.at.clone(), text);
        match &node.expr {
            Expr::Int(number) => Ok(Value::Int(*number)),
            Expr::Text(text) => Ok(Value::Text(Rc::clone(text))),
            Expr::Name(name) => self.name(name, &node.at),
            Expr::Format(pieces) => self.format(pieces, &node.at),
            Expr::List(nodes) => {
                let items = self.values(nodes)?;
                self.heap.list(items).map_err(fault)
            }
            Expr::Tuple(nodes) => {
                let items = self.values(nodes)?;
                self.heap.tuple(items).map_err(fault)
            }
            Expr::Dict(pairs) => self.dict(pairs, &node.at),
            Expr::Each(item, clauses) => {
                let mut items = Vec::new();
                self.comprehension(item, clauses, &mut items)?;
                self.heap.list(items).map_err(fault)
            }
            Expr::Call(callee, positional, named) => self.call(node, callee, positional, named),
            Expr::Method(_, name) => Err(fault(format!("`.{name}` can only be called"))),
            Expr::Index(of, index) => self.index(of, index),
            Expr::Slice(of, start, end) => self.slice(of, start.as_deref(), end.as_deref()),
            Expr::Not(inner) => {
                let inner = self.value(inner)?;
                Ok(Value::Bool(!self.heap.is_true(&inner)))
            }
            Expr::Minus(inner) => match self.value(inner)? {
                Value::Int(number) => Ok(Value::Int(-number)),
                other => Err(fault(format!("`-` does not go with {}", other.kind()))),
            },
            Expr::Binary(operation, left, right) => self.binary(operation, left, right, &node.at),
            Expr::Choice(parts) => {
                let test = self.value(&parts[1])?;
                let chosen = if self.heap.is_true(&test) { 0 } else { 2 };
                self.value(&parts[chosen])
            }
        }
    }

    fn format(&mut self, pieces: &[Piece], at: &Range<usize>) -> Result<Value, Fault> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Name(name) => {
                    let value = self.name(name, at)?;
                    let shown = operations::shown(&value);
                    text.push_str(&shown.map_err(|text| Fault::new(at.clone(), text))?);
                }
            }
        }
        self.heap
            .text(&text)
            .map_err(|text| Fault::new(at.clone(), text))
    }

    fn dict(&mut self, pairs: &[(Node, Node)], at: &Range<usize>) -> Result<Value, Fault> {
        let dict = self.heap.dict(Vec::new());
        let dict = dict.map_err(|text| Fault::new(at.clone(), text))?;
        for (key, value) in pairs {
            let at = &key.at;
            let (key, value) = (self.value(key)?, self.value(value)?);
            operations::set_item(&mut self.heap, &dict, key, value)
                .map_err(|text| Fault::new(at.clone(), text))?;
        }
        Ok(dict)
    }

    /// The names of a comprehension are its own; as all names here end with
    /// the file, what they hid is put back.
    fn comprehension(
        &mut self,
        item: &Node,
        clauses: &[Clause],
        into: &mut Vec<Value>,
    ) -> Result<(), Fault> {
        let outer = self.locals.clone();
        self.locals.get_or_insert_default();
        let result = self.clauses(item, clauses, into);
        self.locals = outer;
        result
    }

    fn clauses(
        &mut self,
        item: &Node,
        clauses: &[Clause],
        into: &mut Vec<Value>,
    ) -> Result<(), Fault> {
        let Some((first, rest)) = clauses.split_first() else {
            into.push(self.value(item)?);
            return Ok(());
        };
        match first {
            Clause::If(test) => {
                let test = self.value(test)?;
                if self.heap.is_true(&test) {
                    self.clauses(item, rest, into)?;
                }
            }
            Clause::For(target, over) => {
                let value = self.value(over)?;
                for found in self.items(&value, &over.at)? {
                    self.assign(target, found, &over.at)?;
                    self.clauses(item, rest, into)?;
                }
            }
        }
        Ok(())
    }

    fn index(&mut self, of: &Node, index: &Node) -> Result<Value, Fault> {
        let (of, key) = (self.value(of)?, self.value(index)?);
        operations::item(&mut self.heap, &of, &key)
            .map_err(|text| Fault::new(index.at.clone(), text))
    }

    fn slice(
        &mut self,
        of: &Node,
        start: Option<&Node>,
        end: Option<&Node>,
    ) -> Result<Value, Fault> {
        let value = self.value(of)?;
        let start = start.map(|node| self.value(node)).transpose()?;
        let end = end.map(|node| self.value(node)).transpose()?;
        operations::slice(&mut self.heap, &value, start.as_ref(), end.as_ref())
            .map_err(|text| Fault::new(of.at.clone(), text))
    }

    fn binary(
        &mut self,
        operation: &str,
        left: &Node,
        right: &Node,
        at: &Range<usize>,
    ) -> Result<Value, Fault> {
        let left = self.value(left)?;
        match operation {
            "and" if !self.heap.is_true(&left) => return Ok(left),
            "or" if self.heap.is_true(&left) => return Ok(left),
            "and" | "or" => return self.value(right),
            _ => {}
        }
        let right = self.value(right)?;
        operations::binary(&mut self.heap, operation, &left, &right)
            .map_err(|text| Fault::new(at.clone(), text))
    }

    fn call(
        &mut self,
        node: &Node,
        callee: &Node,
        positional: &[Node],
        named: &[(String, Node)],
    ) -> Result<Value, Fault> {
        let fault = |text| Fault::new(node.at.clone(), text);
        let receiver = match &callee.expr {
            Expr::Method(of, name) => Some((self.value(of)?, name)),
            _ => None,
        };
        let function = match &receiver {
            Some(_) => Value::None,
            None => self.value(callee)?,
        };
        let positional = self.values(positional)?;
        let mut given = Vec::new();
        for (name, node) in named {
            given.push((name.clone(), self.value(node)?));
        }
        if let Some((receiver, name)) = receiver {
            return methods::call(&mut self.heap, &receiver, name, &positional, &given)
                .map_err(fault);
        }
        match function {
            Value::Function(def) => self.call_def(&def, positional, given, &node.at),
            Value::Native(name) if self.host.names().contains(&name) => {
                let call = Call {
                    name,
                    positional,
                    named: given,
                    at: node.at.clone(),
                };
                self.host.call(&self.heap, &call)?;
                Ok(Value::None)
            }
            Value::Native(name) => {
                functions::call(&mut self.heap, name, &positional, &given).map_err(fault)
            }
            other => Err(fault(format!("{} cannot be called", other.kind()))),
        }
    }

    fn call_def(
        &mut self,
        def: &Def,
        positional: Vec<Value>,
        mut named: Vec<(String, Value)>,
        at: &Range<usize>,
    ) -> Result<Value, Fault> {
        let fault = |text| Fault::new(at.clone(), text);
        if positional.len() > def.parameters.len() {
            return Err(fault(format!("`{}` is given too many values", def.name)));
        }
        let mut locals = HashMap::new();
        let mut positional = positional.into_iter();
        for (name, default) in &def.parameters {
            let given = named.iter().position(|(other, _)| other == name);
            let value = match (positional.next(), given, default) {
                (Some(_), Some(_), _) => return Err(fault(format!("`{name}` is given twice"))),
                (Some(value), None, _) => value,
                (None, Some(found), _) => named.swap_remove(found).1,
                (None, None, Some(default)) => self.value(default)?,
                (None, None, None) => {
                    return Err(fault(format!("`{}` needs `{name}`", def.name)));
                }
            };
            locals.insert(name.clone(), value);
        }
        if let Some((name, _)) = named.first() {
            return Err(fault(format!("`{}` takes no `{name}`", def.name)));
        }
        let outer = self.locals.replace(locals);
        let flow = self.deeper(at, |machine| machine.block(&def.body));
        self.locals = outer;
        match flow? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Value::None),
        }
    }
}
