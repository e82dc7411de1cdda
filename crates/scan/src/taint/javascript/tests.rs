//! What JavaScript and TypeScript become.

use crate::SourceFile;
use crate::taint::ir::{Arm, Call, Const, Expr, ExprKind, Function, Stmt, StmtKind};

/// The statements of a file, one a line, in a short form.
fn lowered(path: &str, text: &str) -> String {
    let file = SourceFile::of_text(path, text);
    let module = super::lower(&file).expect("a tree");
    let mut out = String::new();
    print(&module.body, 0, &mut out);
    out
}

fn print(body: &[Stmt], depth: usize, out: &mut String) {
    for stmt in body {
        let inner: Vec<&[Stmt]> = match &stmt.kind {
            StmtKind::If {
                then, otherwise, ..
            } => vec![then, otherwise],
            StmtKind::For { body, .. }
            | StmtKind::While { body, .. }
            | StmtKind::With { body, .. }
            | StmtKind::Block(body) => vec![body],
            StmtKind::Function(function) => vec![&function.body],
            StmtKind::Class(class) => vec![&class.body],
            StmtKind::Try {
                body,
                handlers,
                finally,
                ..
            } => {
                let handlers = handlers.iter().map(|handler| handler.body.as_slice());
                std::iter::once(body.as_slice())
                    .chain(handlers)
                    .chain([finally.as_slice()])
                    .collect()
            }
            StmtKind::Match { arms, .. } => arms.iter().map(|arm: &Arm| &arm.body[..]).collect(),
            _ => Vec::new(),
        };
        out.push_str(&"  ".repeat(depth));
        out.push_str(&head(&stmt.kind));
        out.push('\n');
        for body in inner {
            print(body, depth + 1, out);
        }
    }
}

fn head(kind: &StmtKind) -> String {
    match kind {
        StmtKind::Expr(expr) => show(expr),
        StmtKind::Assign { target, op, value } => match op {
            Some(op) => format!("{} {op:?}= {}", show(target), show(value)),
            None => format!("{} = {}", show(target), show(value)),
        },
        StmtKind::Return(value) => {
            format!("return {}", value.as_ref().map_or_else(String::new, show))
        }
        StmtKind::If { test, .. } => format!("if {}", show(test)),
        StmtKind::While { test, .. } => format!("while {}", show(test)),
        StmtKind::For {
            target, iterable, ..
        } => format!("for {} in {}", show(target), show(iterable)),
        StmtKind::Match { subject, arms } => {
            let through: Vec<bool> = arms.iter().map(|arm| arm.falls_through).collect();
            format!("match {} {through:?}", show(subject))
        }
        StmtKind::Function(function) => format!("function {}{}", function.name, params(function)),
        StmtKind::Class(class) => {
            let decorators: Vec<String> = class.decorators.iter().map(show).collect();
            let bases: Vec<String> = class.bases.iter().map(show).collect();
            format!("class {} {bases:?} {decorators:?}", class.name)
        }
        StmtKind::Import(import) => format!(
            "import {} {} as {}",
            import.module,
            import.item.as_deref().unwrap_or("*"),
            import.bound
        ),
        other => format!("{other:?}")
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .collect(),
    }
}

fn params(function: &Function) -> String {
    let params = function.params.iter().map(|param| {
        let decorators: Vec<String> = param
            .decorators
            .iter()
            .map(|each| format!("@{} ", show(each)))
            .collect();
        let decorators = decorators.concat();
        let of = param
            .annotation
            .as_ref()
            .map_or_else(String::new, |of| format!(": {}", show(of)));
        let default = param
            .default
            .as_ref()
            .map_or_else(String::new, |value| format!(" = {}", show(value)));
        format!("{decorators}{}{of}{default}", param.name)
    });
    format!("({})", params.collect::<Vec<_>>().join(", "))
}

fn show(expr: &Expr) -> String {
    let all = |of: &[Expr]| of.iter().map(show).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Const(Const::Str(text)) => format!("{text:?}"),
        ExprKind::Const(Const::Int(number)) => number.to_string(),
        ExprKind::Const(other) => format!("{other:?}").to_lowercase(),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Attribute(of, name) => format!("{}.{name}", show(of)),
        ExprKind::Element(of, index) => format!("{}[{}]", show(of), show(index)),
        ExprKind::Slice(of, from, _) => format!(
            "{}[{}:]",
            show(of),
            from.as_deref().map_or_else(String::new, show)
        ),
        ExprKind::Call(call) => show_call(call),
        ExprKind::Concat(parts) => format!("concat({})", all(parts)),
        ExprKind::Template(parts) => format!("template({})", all(parts)),
        ExprKind::Or(parts) => format!("or({})", all(parts)),
        ExprKind::And(parts) => format!("and({})", all(parts)),
        ExprKind::Not(of) => format!("not {}", show(of)),
        ExprKind::Await(of) => format!("await {}", show(of)),
        ExprKind::Spread(of) => format!("...{}", show(of)),
        ExprKind::List(_, items) => format!("[{}]", all(items)),
        ExprKind::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                format!(
                    "{}: {}",
                    key.as_ref().map_or_else(|| "...".into(), show),
                    show(value)
                )
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Compare(op, one, other) => format!("{} {op:?} {}", show(one), show(other)),
        ExprKind::Conditional(parts) => {
            let [test, then, otherwise] = &**parts;
            format!(
                "if {} then {} else {}",
                show(test),
                show(then),
                show(otherwise)
            )
        }
        ExprKind::Assign(target, value) => format!("({} = {})", show(target), show(value)),
        ExprKind::Lambda(function) => {
            let mut body = String::new();
            print(&function.body, 0, &mut body);
            format!(
                "lambda{} {{ {} }}",
                params(function),
                body.trim_end().replace('\n', "; ")
            )
        }
        ExprKind::Opaque(parts) => format!("opaque({})", all(parts)),
        other => format!("{other:?}"),
    }
}

fn show_call(call: &Call) -> String {
    let args: Vec<String> = call
        .args
        .iter()
        .map(|arg| {
            format!(
                "{}{}",
                if arg.spread { "..." } else { "" },
                show(&arg.value)
            )
        })
        .collect();
    let new = if call.construct { "new " } else { "" };
    format!("{new}{}({})", show(&call.callee), args.join(", "))
}

#[test]
fn modules_are_bound_however_they_are_loaded() {
    let text = "
const express = require('express');
const { exec, spawn: run } = require('child_process');
const join = require('path').join;
require('./a')(app);
import fs, { readFile as rf } from 'fs';
import * as os from 'os';
";
    assert_eq!(
        lowered("a.js", text),
        "\
import express * as express
import child_process exec as exec
import child_process spawn as run
import path join as join
import ./a * as $require:./a
import fs * as fs
import fs readFile as rf
import os * as os
$require:./a(app)
"
    );
}

#[test]
fn what_is_exported_are_names_of_the_file() {
    let text = "
exports.f = function (a) { return a };
module.exports.g = (b) => b;
module.exports = { h, i: j, k(c) { return c } };
export default function main() {}
export { main as start };
module.exports = function own(d) {};
";
    assert_eq!(
        lowered("a.js", text),
        "\
function f(a)
  return a
function g(b)
  return b
i = j
function k(c)
  return c
function main()
function default(d)
default = main
start = main
own = default
"
    );
}

#[test]
fn what_is_taken_apart_is_assigned_name_by_name() {
    let text = "
const { a, b: { c = 1 }, ...rest } = req.body;
const [x, , y] = list;
function f({ id }, [first] = [], ...more) { return id }
for (const { k } of items) use(k);
a = b = c.d;
";
    assert_eq!(
        lowered("a.js", text),
        "\
$1 = req.body
a = $1.a
$2 = $1.b
c = or($2.c, 1)
rest = $1
x = list[0]
y = list[2]
function f($3, $4 = [], more)
  id = $3.id
  first = $4[0]
  return id
for $5 in items
  k = $5.k
  use(k)
b = c.d
a = c.d
"
    );
}

#[test]
fn expressions_keep_what_data_goes_through() {
    let text = r#"
q(`SELECT ${id} FROM "t"` + a + b, ...rest);
const html = cond ? "<b>" : x ?? y;
sql`a ${b} c`;
o = { a: 1, b, ["c" + d]: e, ...f, g() {} };
n = +req.query.n;
x = <div title={t} dangerouslySetInnerHTML={{ __html: h }}>{k}</div>;
new Function(code)(1);
"#;
    assert_eq!(
        lowered("a.jsx", text),
        "\
q(concat(template(\"SELECT \", id, \" FROM \\\"t\\\"\"), a, b), ...rest)
html = if cond then \"<b>\" else or(x, y)
sql([\"a \", \" c\"], b)
o = {\"a\": 1, \"b\": b, concat(\"c\", d): e, ...: f, \"g\": lambda() {  }}
n = Number(req.query.n)
x = opaque(opaque(jsx.title(t), jsx.dangerouslySetInnerHTML({\"__html\": h})), k)
new Function(code)(1)
"
    );
}

#[test]
fn statements_keep_their_shape() {
    let text = "
switch (k) { case 1: a(); break; case 2: b(); default: return c }
for (let i = 0; i < n; i++) d(i);
do { e() } while (f);
try { g() } catch (err) { h(err) } finally { i() }
if (j) k(); else if (l) m(); else { n() }
s += t, u();
";
    assert_eq!(
        lowered("a.js", text),
        "\
match k [false, true, false]
  a()
  b()
  return c
i = 0
while i Less n
  d(i)
  opaque(i)
Block
  e()
while f
  e()
Try
  g()
  h(err)
  i()
if j
  k()
  if l
    m()
    n()
s Add= t
u()
"
    );
}

#[test]
fn types_are_left_out_and_decorators_kept() {
    let text = "
@Controller('cats')
export class Cats extends Base implements I {
  private x: string = make();
  constructor(private readonly db: Db) { super(); }
  @Get(':id') @UseGuards(Auth)
  find(@Param('id') id: string, @Body() dto?: Dto): Promise<Cat> { return this.db.get(id as any)!; }
  handler = async (req: Request) => req.body;
}
interface I { a: string }
const a = <any>b;
";
    assert_eq!(
        lowered("a.ts", text),
        "\
class Cats [\"Base\"] [\"Controller(\\\"cats\\\")\"]
  x = make()
  function constructor(db: Db)
    super()
  function find(@Param(\"id\") id: string, @Body() dto: Dto)
    return this.db.get(id)
  function handler(req: Request)
    return req.body
a = b
"
    );
    let file = SourceFile::of_text("a.ts", text);
    let module = super::lower(&file).unwrap();
    let StmtKind::Class(class) = &module.body[0].kind else {
        panic!("{:?}", module.body[0]);
    };
    let decorators = class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if &*function.name == "find" => Some(&function.decorators),
        _ => None,
    });
    let shown: Vec<String> = decorators.unwrap().iter().map(show).collect();
    assert_eq!(shown, ["Get(\":id\")", "UseGuards(Auth)"]);
}

#[test]
fn depth_is_cut_and_said() {
    let deep = format!("x = {}1{};", "f(".repeat(400), ")".repeat(400));
    let file = SourceFile::of_text("a.js", &deep);
    let module = super::lower(&file).unwrap();
    assert_eq!(module.cuts.len(), 1);
    // A sum is one expression, however long it is.
    let long = format!("x = {};", vec!["'a'"; 900].join(" + "));
    let file = SourceFile::of_text("a.js", &long);
    let module = super::lower(&file).unwrap();
    assert_eq!(module.cuts, []);
}
