//! Paths that stay below their directory, and redirects that stay on the site.

use tree_sitter::Node;

use super::call::Call;
use super::imports;
use super::strings::built;
use crate::Finding;
use crate::fix::code::{Code, around, below, field};
use crate::fix::sql::Piece;
use crate::fix::{Edit, NoFix, Proposal, no_fix};

const OUT: &str = "paths that lead out of the directory, also by a link, are refused now";

/// Checks that a path is below the directory that is meant.
pub(super) fn propose(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if call.method() == "send_file" {
            proposals.extend(from_directory(code, &call));
        }
        for path in call.positional.iter().take(2) {
            proposals.extend(guarded(code, &call, *path));
        }
    }
    if proposals.is_empty() {
        return Err(no_fix(
            "which directory the path is to stay in cannot be seen",
        ));
    }
    Ok(proposals)
}

/// `send_file(os.path.join(ROOT, name))` becomes `send_from_directory(ROOT, name)`.
fn from_directory(code: &Code<'_>, call: &Call<'_>) -> Option<Proposal> {
    let join =
        Call::of(code, *call.positional.first()?).filter(|join| join.name == "os.path.join")?;
    let [root, name] = join.positional.as_slice() else {
        return None;
    };
    let (called, import) = imports::name(code, "flask", "send_from_directory");
    let edits = import.into_iter().chain([
        Edit::replace(call.function.byte_range(), called),
        Edit::replace(
            join.node.byte_range(),
            format!("{}, {}", code.text(*root), code.text(*name)),
        ),
    ]);
    Some(code.proposal(edits.collect(), "send files of that directory only", &[OUT]))
}

/// Puts a check before the statement, and uses the path that was checked.
fn guarded(code: &Code<'_>, call: &Call<'_>, path: Node<'_>) -> Option<Proposal> {
    let statement = statement(code, call.node)?;
    let made = if path.kind() == "identifier" {
        set_once(code, path)?
    } else {
        path
    };
    let root = root_of(code, made)?;
    let (os, import) = imports::module(code, "os");
    let (refuse, also) = refusal(code, "404");
    let newline = code.newline();
    let indent = code.indent(statement.start_byte());
    let inner = deeper(code, indent);
    let mut edits: Vec<Edit> = import.into_iter().chain(also).collect();
    let check = |name: &str| {
        format!(
            "if not {name}.startswith({os}.path.realpath({root}) + {os}.sep):{newline}{inner}{refuse}{newline}{indent}"
        )
    };
    let resolved = format!("{os}.path.realpath({})", code.text(made));
    if made == path {
        let name = free_name(code, statement, "path");
        let before = format!("{name} = {resolved}{newline}{indent}{}", check(&name));
        edits.push(Edit::insert(statement.start_byte(), before));
        edits.push(Edit::replace(path.byte_range(), name));
    } else {
        edits.push(Edit::replace(made.byte_range(), resolved));
        edits.push(Edit::insert(statement.start_byte(), check(code.text(path))));
    }
    Some(code.proposal(edits, "check that the path is below its directory", &[OUT]))
}

/// What a variable is set to, once in the function.
fn set_once<'a>(code: &Code<'a>, name: Node<'a>) -> Option<Node<'a>> {
    let function = around(name, &["function_definition", "module"])?;
    let wanted = code.text(name);
    let set = below(function, "assignment").into_iter();
    let set = set.chain(below(function, "augmented_assignment"));
    let mut set =
        set.filter(|node| field(*node, "left").is_some_and(|left| code.text(left) == wanted));
    let only = set.next()?;
    let is_only = set.next().is_none() && only.kind() == "assignment";
    field(only, "right").filter(|_| is_only)
}

/// The directory that a path begins with.
fn root_of(code: &Code<'_>, path: Node<'_>) -> Option<String> {
    if let Some(join) = Call::of(code, path).filter(|join| join.name == "os.path.join") {
        let first = join
            .positional
            .first()
            .filter(|_| join.positional.len() > 1)?;
        return Some(code.text(*first).to_owned());
    }
    let built = built(code, path)?;
    match built.pieces.as_slice() {
        [Piece::Text(text), ..] => {
            let end = text.rfind('/')?;
            built.literal(&text[..=end])
        }
        [Piece::Value { source, .. }, Piece::Text(text), ..] if text.starts_with('/') => {
            Some(source.clone())
        }
        _ => None,
    }
}

/// The statement in a block that a node is part of, where what is put before
/// it is done before it.
pub(super) fn statement<'a>(code: &Code<'a>, node: Node<'a>) -> Option<Node<'a>> {
    let mut at = node;
    loop {
        let parent = at.parent()?;
        if matches!(parent.kind(), "block" | "module") {
            break;
        }
        let elsewhere = matches!(
            at.kind(),
            "lambda"
                | "list_comprehension"
                | "generator_expression"
                | "set_comprehension"
                | "dictionary_comprehension"
                | "elif_clause"
                | "else_clause"
                | "while_statement"
                | "except_clause"
                | "finally_clause"
                | "decorator"
                | "function_definition"
        );
        if elsewhere {
            return None;
        }
        at = parent;
    }
    let is_first =
        code.indent(at.start_byte()).len() == at.start_byte() - code.line_start(at.start_byte());
    (is_first && at.kind() != "while_statement").then_some(at)
}

/// One level deeper than a line: as the file does it.
fn deeper(code: &Code<'_>, indent: &str) -> String {
    let uses_tabs = code.file.text.lines().any(|line| line.starts_with('\t'));
    format!("{indent}{}", if uses_tabs { "\t" } else { "    " })
}

/// How a request is refused here.
fn refusal(code: &Code<'_>, status: &str) -> (String, Option<Edit>) {
    if imports::has(code, "flask") {
        let (called, import) = imports::name(code, "flask", "abort");
        return (format!("{called}({status})"), import);
    }
    if imports::has(code, "fastapi") {
        let (called, import) = imports::name(code, "fastapi", "HTTPException");
        return (format!("raise {called}(status_code={status})"), import);
    }
    if imports::has(code, "django") {
        let (module, name) = match status {
            "404" => ("django.http", "Http404"),
            _ => ("django.core.exceptions", "SuspiciousOperation"),
        };
        let (called, import) = imports::name(code, module, name);
        return (format!("raise {called}"), import);
    }
    ("raise ValueError(\"this is not allowed\")".to_owned(), None)
}

/// A name that nothing around a node has.
fn free_name(code: &Code<'_>, node: Node<'_>, wanted: &str) -> String {
    let around = around(node, &["function_definition"]).unwrap_or(code.tree.root_node());
    let mut names = below(around, "identifier");
    // What stands behind a dot is another's name.
    names.retain(|node| {
        let parent = node.parent().and_then(|parent| field(parent, "attribute"));
        parent != Some(*node)
    });
    let is_free = |name: &str| !names.iter().any(|node| code.text(*node) == name);
    let mut candidates =
        std::iter::once(wanted.to_owned()).chain((2..).map(|number| format!("{wanted}{number}")));
    candidates
        .find(|name| is_free(name))
        .unwrap_or_else(|| wanted.to_owned())
}

const ELSEWHERE: &str =
    "redirects to other sites, and to addresses without a leading `/`, are refused now";

/// Refuses to redirect to other sites.
pub(super) fn redirect(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let is_redirect = call.method().to_ascii_lowercase().contains("redirect");
        let Some(target) = call.positional.first().filter(|_| is_redirect) else {
            continue;
        };
        let Some(statement) = statement(code, call.node) else {
            return Err(no_fix("the redirect is in the middle of an expression"));
        };
        let (parse, import) = imports::name(code, "urllib.parse", "urlparse");
        let (refuse, also) = refusal(code, "400");
        let newline = code.newline();
        let indent = code.indent(statement.start_byte());
        let inner = deeper(code, indent);
        let mut edits: Vec<Edit> = import.into_iter().chain(also).collect();
        let is_name = target.kind() == "identifier";
        let name = if is_name {
            code.text(*target).to_owned()
        } else {
            free_name(code, statement, "target")
        };
        let mut before = String::new();
        if !is_name {
            before = format!("{name} = {}{newline}{indent}", code.text(*target));
            edits.push(Edit::replace(target.byte_range(), name.clone()));
        }
        let check = format!(
            "if {parse}({name}).netloc != \"\" or not {name}.startswith(\"/\") or {name}[1:2] in (\"/\", \"\\\\\"):{newline}{inner}{refuse}{newline}{indent}"
        );
        before.push_str(&check);
        edits.push(Edit::insert(statement.start_byte(), before));
        proposals.push(code.proposal(edits, "redirect to paths of this site only", &[ELSEWHERE]));
    }
    Ok(proposals)
}
