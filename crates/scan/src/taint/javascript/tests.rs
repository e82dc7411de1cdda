//! What JavaScript and TypeScript become.

use crate::SourceFile;
use crate::taint::ir::StmtKind;
use crate::taint::show::{self, show};

fn lowered(path: &str, text: &str) -> String {
    let file = SourceFile::of_text(path, text);
    show::module(&super::lower(&file).expect("a tree"))
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
function f($1, $2 = [], more)
  id = $1.id
  first = $2[0]
  return id
$3 = req.body
a = $3.a
$4 = $3.b
c = or($4.c, 1)
rest = $3
x = list[0]
y = list[2]
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
