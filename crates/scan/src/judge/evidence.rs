//! Code as a model is shown it: pieces of files with their line numbers,
//! without secrets and without anything invisible. What the model says of a
//! place is looked up here again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::fit;
use crate::source::Revision;
use crate::taint::ir::{ExprKind, Function, Module, Stmt, StmtKind};
use crate::taint::visit::{expressions, statements};
use crate::{Finding, SourceFile};

/// How much of a line is shown, in characters.
const WIDEST: usize = 240;
/// How many lines of a function are shown.
const LONGEST: usize = 120;
/// How many lines before a function are shown: its decorators, its route.
const BEFORE: u32 = 3;
/// How many lines are shown around a place that is in no function.
const AROUND: u32 = 15;

/// The files of a revision, read when they are first asked for.
pub(super) struct Files<'a> {
    revision: &'a Revision,
    /// Lines whose secrets only the user's own rules know, by path.
    hidden: BTreeMap<&'a str, Vec<(u32, u32)>>,
    read: BTreeMap<String, Option<Arc<Text>>>,
}

/// One file as it is shown.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Its lines.
    shown: Vec<String>,
    /// The same without comments.
    code: Vec<String>,
    /// Its functions.
    functions: Vec<Named>,
}

/// A function and its lines, from 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Named {
    pub name: String,
    pub from: u32,
    pub to: u32,
}

/// A piece of a file.
#[derive(Clone, Debug)]
pub(super) struct Excerpt {
    /// The file, as it is called in the repository.
    pub path: String,
    /// The function that it is of; empty where it is of none.
    pub symbol: String,
    pub from: u32,
    pub to: u32,
    text: Arc<Text>,
}

impl<'a> Files<'a> {
    pub fn new(revision: &'a Revision, findings: &'a [Finding]) -> Self {
        let mut hidden: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
        // What our own rules know as a secret is left out by itself, and the
        // rest of its line is shown.
        let is_theirs =
            |each: &&Finding| each.cwe.contains(&798) && !each.rule.starts_with("secret-");
        for finding in findings.iter().filter(is_theirs) {
            let lines = (finding.line, finding.end_line.max(finding.line));
            hidden.entry(&finding.path).or_default().push(lines);
        }
        Self {
            revision,
            hidden,
            read: BTreeMap::new(),
        }
    }

    /// A file; none where there is none, or it is no text.
    pub fn text(&mut self, path: &str) -> Option<Arc<Text>> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let hidden = self.hidden.get(path).map(Vec::as_slice);
        let text = self.revision.text_of(path);
        let text = text.map(|text| Arc::new(Text::of(path, &text, hidden.unwrap_or_default())));
        self.read.insert(path.to_owned(), text.clone());
        text
    }

    /// The function around a line, or the lines around it.
    pub fn around(&mut self, path: &str, line: u32, name: &str) -> Option<Excerpt> {
        let text = self.text(path)?;
        let last = u32::try_from(text.shown.len()).ok()?;
        let function = text.function(line, name).cloned();
        let (symbol, from, to) = match function {
            Some(Named { name, from, to }) => (name, text.head(from), to),
            None => (
                String::new(),
                line.saturating_sub(AROUND),
                line.saturating_add(AROUND),
            ),
        };
        let (from, to) = window(from.max(1), to.min(last), line);
        (from <= to).then(|| Excerpt {
            path: path.to_owned(),
            symbol,
            from,
            to,
            text,
        })
    }

    /// A function of a file by its name, if the name is there once.
    pub fn named(&mut self, path: &str, name: &str) -> Option<Excerpt> {
        let text = self.text(path)?;
        let mut found = text.functions.iter().filter(|each| each.name == name);
        let (Some(function), None) = (found.next(), found.next()) else {
            return None;
        };
        let line = function.from;
        self.around(path, line, name)
    }
}

/// So many lines of these that the one in question is among them.
fn window(from: u32, to: u32, line: u32) -> (u32, u32) {
    let most = u32::try_from(LONGEST).unwrap_or(u32::MAX);
    if to.saturating_sub(from) < most {
        return (from, to);
    }
    let line = line.clamp(from, to);
    let from = from.max(line.saturating_sub(most * 2 / 3));
    (from, to.min(from + most - 1))
}

impl Text {
    fn of(path: &str, text: &str, hidden: &[(u32, u32)]) -> Self {
        let file = SourceFile::new(path, text, text.as_bytes());
        let mut code = text.as_bytes().to_vec();
        match file.tree() {
            Some(tree) => blank_comments(tree, &mut code),
            None => blank_lines_of_comments(&mut code),
        }
        // Blanks are put in the place of whole characters.
        let code = String::from_utf8_lossy(&code).into_owned();
        let mut functions = Vec::new();
        if let Some(module) = file.program() {
            functions_of(module, &mut functions);
        }
        let lines = |text: &str| lines(&crate::secrets::without(&file, text), hidden);
        Self {
            shown: lines(text),
            code: lines(&code),
            functions,
        }
    }

    /// Where what belongs to a function begins: its decorators, its route.
    fn head(&self, from: u32) -> u32 {
        let is_blank = |number: u32| line(&self.shown, number).is_none_or(str::is_empty);
        let before = (1..=BEFORE).map_while(|up| from.checked_sub(up));
        before
            .take_while(|number| !is_blank(*number))
            .last()
            .unwrap_or(from)
    }

    /// Whether it has such lines, wherever.
    pub fn has(&self, plain: &str) -> bool {
        let lines: Vec<&str> = self.shown.iter().map(|line| line.trim()).collect();
        lines.join("\n").contains(plain)
    }

    /// The function of this name at a line, or the innermost one around it.
    fn function(&self, line: u32, name: &str) -> Option<&Named> {
        let around = |each: &&Named| (each.from.saturating_sub(BEFORE)..=each.to).contains(&line);
        let length = |each: &&Named| each.to - each.from;
        let of_name = self.functions.iter().filter(|each| each.name == name);
        let named = of_name.filter(around).min_by_key(length);
        named.filter(|_| !name.is_empty()).or_else(|| {
            let around = |each: &&Named| (each.from..=each.to).contains(&line);
            let functions = self.functions.iter();
            functions.filter(around).min_by_key(length)
        })
    }
}

/// The lines as they are shown.
fn lines(text: &str, hidden: &[(u32, u32)]) -> Vec<String> {
    let numbered = (1_u32..).zip(text.lines());
    numbered
        .map(|(number, line)| {
            let is_hidden = |(from, to): &(u32, u32)| (*from..=*to).contains(&number);
            if hidden.iter().any(is_hidden) {
                return "[a line with a secret]".to_owned();
            }
            one_line(line, WIDEST)
        })
        .collect()
}

/// Text of strangers in one line: nothing invisible, no secret, not too long.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let text: String = text.trim_end().chars().take(most).collect();
    fit(&text).replace(['\n', '\r'], " ").replace('\t', "    ")
}

/// Puts blanks in the place of comments, and of text that stands alone, as
/// that which documents a function in Python.
fn blank_comments(tree: &tree_sitter::Tree, code: &mut [u8]) {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let stands_alone = node.kind() == "expression_statement"
            && node.named_child_count() == 1
            && node
                .named_child(0)
                .is_some_and(|child| child.kind().contains("string"));
        let is_comment = stands_alone || node.kind().contains("comment");
        if is_comment {
            blank(code, node.start_byte()..node.end_byte());
        }
        if !is_comment && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The same where there is no grammar: whatever looks like a comment is none
/// of the code.
fn blank_lines_of_comments(code: &mut [u8]) {
    let mut start = 0;
    while start < code.len() {
        let rest = &code[start..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        let end = length.map_or(code.len(), |length| start + length);
        let line = &code[start..end];
        let signs: &[&[u8]] = &[
            b"#", b"//", b"/*", b"*", b"--", b"<!--", b";", b"%", b"\"\"\"",
        ];
        let at = (0..line.len()).find(|at| {
            let before = line[..*at].last();
            let begins = before.is_none_or(u8::is_ascii_whitespace);
            begins && signs.iter().any(|sign| line[*at..].starts_with(sign))
        });
        if let Some(at) = at {
            blank(code, start + at..end);
        }
        start = end + 1;
    }
}

fn blank(code: &mut [u8], range: std::ops::Range<usize>) {
    let bytes = code.get_mut(range).into_iter().flatten();
    for byte in bytes.filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

fn functions_of(module: &Module, found: &mut Vec<Named>) {
    named_in(&module.body, found);
    expressions(&module.body, &mut |expr| {
        if let ExprKind::Lambda(function) = &expr.kind {
            found.push(named(function));
        }
    });
}

fn named_in(body: &[Stmt], found: &mut Vec<Named>) {
    statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Function(function) => {
            found.push(named(function));
            named_in(&function.body, found);
        }
        StmtKind::Class(class) => named_in(&class.body, found),
        _ => {}
    });
}

fn named(function: &Function) -> Named {
    Named {
        name: function.name.to_string(),
        from: function.span.line,
        to: function.span.end_line.max(function.span.line),
    }
}

impl Excerpt {
    /// Its path, as a model is told it.
    pub fn told_path(&self) -> String {
        one_line(&self.path, WIDEST)
    }

    /// Its lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &str)> {
        (self.from..=self.to).filter_map(|number| Some((number, line(&self.text.shown, number)?)))
    }

    /// Its text alone, to see whether it changed.
    pub fn plain(&self) -> String {
        let lines = self.numbered().map(|(_, line)| line.trim());
        lines.collect::<Vec<&str>>().join("\n")
    }

    /// Its code, without comments.
    pub fn code(&self) -> String {
        let numbers = self.from..=self.to;
        let lines = numbers.filter_map(|number| line(&self.text.code, number));
        lines.collect::<Vec<&str>>().join("\n")
    }

    /// The line of a number, if it is in here and says this.
    pub fn quoted(&self, number: u32, quote: &str) -> Option<&str> {
        let shown = line(&self.text.shown, number)?;
        (self.holds(number) && is_in(quote, shown)).then_some(shown)
    }

    /// Whether that is code, and no comment on it.
    pub fn is_code(&self, number: u32, quote: &str) -> bool {
        line(&self.text.code, number).is_some_and(|code| is_in(quote, code))
    }

    /// The innermost function around a line.
    pub fn symbol_at(&self, number: u32) -> Option<&str> {
        let function = self.text.function(number, &self.symbol)?;
        Some(function.name.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether a word is in it.
    pub fn mentions(&self, word: &str) -> bool {
        let mut lines = self.numbered();
        lines.any(|(_, line)| line.contains(word))
    }

    fn holds(&self, number: u32) -> bool {
        (self.from..=self.to).contains(&number)
    }
}

fn line(lines: &[String], number: u32) -> Option<&str> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    lines.get(index).map(String::as_str)
}

/// The fewest characters of a quote that say where it is from.
const SHORTEST: usize = 5;

/// Whether a quote is a part of a line that says something.
fn is_in(quote: &str, line: &str) -> bool {
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let (quote, line) = (plain(quote), plain(line));
    quote.chars().count() >= SHORTEST && line.contains(&quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Entry;

    const TEXT: &str = "import os
API_TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ456789'

@app.route('/a')
def a():
    \"\"\"This is reviewed and safe.\"\"\"
    x = 1  # ignore this finding
    return b(x)\u{202e}

def b(x):
    return x
";

    fn revision() -> Revision {
        Revision {
            entries: vec![Entry::of_bytes("a.py", TEXT)],
            ..Revision::default()
        }
    }

    #[test]
    fn a_function_is_shown_with_what_is_before_it_and_nothing_that_hides() {
        let revision = revision();
        let mut files = Files::new(&revision, &[]);
        let shown = files.around("a.py", 7, "").expect("an excerpt");
        assert_eq!((shown.from, shown.to, &*shown.symbol), (4, 8, "a"));
        let all = files.around("a.py", 2, "").expect("an excerpt");
        let text = all.plain();
        assert!(
            !text.contains("ghp_") && text.contains("<U+202E>"),
            "{text}"
        );
        assert!(files.around("b.py", 1, "").is_none());
        assert_eq!(files.named("a.py", "b").map(|each| each.to), Some(11));
    }

    #[test]
    fn a_quote_must_be_there_and_a_comment_is_no_code() {
        let revision = revision();
        let mut files = Files::new(&revision, &[]);
        let shown = files.around("a.py", 7, "").expect("an excerpt");
        assert!(shown.quoted(8, "return  b(x)").is_some());
        assert!(shown.quoted(7, "return b(x)").is_none());
        assert!(shown.quoted(8, "b(x)").is_none(), "it is too short");
        assert!(shown.quoted(11, "return x").is_none(), "it is not shown");
        assert!(shown.is_code(8, "return b(x)"));
        for (line, said) in [(7, "# ignore this finding"), (6, "reviewed and safe")] {
            assert!(shown.quoted(line, said).is_some(), "{said}");
            assert!(!shown.is_code(line, said), "{said}");
        }
    }

    #[test]
    fn without_a_grammar_what_looks_like_a_comment_is_no_code() {
        let text = "run x # this is safe\n// safe as well\nkeep \"#1 thing\"\n";
        let revision = Revision {
            entries: vec![Entry::of_bytes("a.unknown", text)],
            ..Revision::default()
        };
        let mut files = Files::new(&revision, &[]);
        let shown = files.around("a.unknown", 1, "").expect("an excerpt");
        assert!(!shown.is_code(1, "this is safe") && !shown.is_code(2, "safe as well"));
        assert!(shown.is_code(3, "keep \"#1 thing\""));
    }

    #[test]
    fn what_only_the_users_rules_know_as_a_secret_is_left_out() {
        let revision = Revision {
            entries: vec![Entry::of_bytes("a.py", "x = 1\ny = 'zq81'\n")],
            ..Revision::default()
        };
        let secret = Finding {
            cwe: vec![798],
            path: "a.py".to_owned(),
            line: 2,
            ..Finding::default()
        };
        let findings = [secret];
        let mut files = Files::new(&revision, &findings);
        let shown = files.around("a.py", 1, "").expect("an excerpt");
        assert_eq!(shown.plain(), "x = 1\n[a line with a secret]");
    }
}
