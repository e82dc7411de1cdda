//! The imports that new code needs, and what modules are called in a file.

use tree_sitter::Node;

use crate::fix::Edit;
use crate::fix::code::{Code, below, children, field};

/// What a module is called in the file, and the edit that imports it if it is
/// not there yet.
pub(super) fn module(code: &Code<'_>, wanted: &str) -> (String, Option<Edit>) {
    for node in statements(code, "import_statement") {
        for name in children(node) {
            // `import os.path` makes `os` known, too.
            let text = code.text(name);
            let is_below = text
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with('.'));
            if name.kind() == "dotted_name" && (text == wanted || is_below) {
                return (wanted.to_owned(), None);
            }
            let is_it = field(name, "name").is_some_and(|inner| code.text(inner) == wanted);
            if name.kind() == "aliased_import"
                && is_it
                && let Some(alias) = field(name, "alias")
            {
                return (code.text(alias).to_owned(), None);
            }
        }
    }
    // A variable of that name would be in the way.
    let called = if is_taken(code, wanted) {
        format!("{wanted}_module")
    } else {
        wanted.to_owned()
    };
    let text = if called == wanted {
        format!("import {wanted}")
    } else {
        format!("import {wanted} as {called}")
    };
    (called, Some(insert(code, &text, wanted)))
}

/// What a name of a module is called in the file, and the edit that imports it.
pub(super) fn name(code: &Code<'_>, module: &str, wanted: &str) -> (String, Option<Edit>) {
    for node in statements(code, "import_from_statement") {
        let from = field(node, "module_name").map(|name| code.text(name));
        if from != Some(module) {
            continue;
        }
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
        for each in &names {
            if code.text(*each) == wanted {
                return (wanted.to_owned(), None);
            }
            let is_it = field(*each, "name").is_some_and(|inner| code.text(inner) == wanted);
            if is_it && let Some(alias) = field(*each, "alias") {
                return (code.text(alias).to_owned(), None);
            }
        }
        if let Some(last) = names.last() {
            let edit = Edit::insert(last.end_byte(), format!(", {wanted}"));
            return (wanted.to_owned(), Some(edit));
        }
    }
    let text = format!("from {module} import {wanted}");
    (wanted.to_owned(), Some(insert(code, &text, module)))
}

/// Whether the file imports a module, in any form.
pub(super) fn has(code: &Code<'_>, module: &str) -> bool {
    let below = format!("{module}.");
    let is_it = |text: &str| text == module || text.starts_with(&below);
    let plain = statements(code, "import_statement");
    let mut plain = plain.into_iter().flat_map(children);
    let from = statements(code, "import_from_statement");
    plain.any(|name| is_it(code.text(field(name, "name").unwrap_or(name))))
        || from
            .into_iter()
            .any(|node| field(node, "module_name").is_some_and(|name| is_it(code.text(name))))
}

/// What a dotted name means by the file's imports: `run` is `subprocess.run`
/// after `from subprocess import run`.
pub(super) fn meant(code: &Code<'_>, name: &str) -> String {
    let (first, rest) = name
        .split_once('.')
        .map_or((name, None), |(first, rest)| (first, Some(rest)));
    let joined = |whole: String| match rest {
        Some(rest) => format!("{whole}.{rest}"),
        None => whole,
    };
    for node in statements(code, "import_statement") {
        for each in children(node) {
            let alias = field(each, "alias").map(|alias| code.text(alias));
            if alias == Some(first)
                && let Some(inner) = field(each, "name")
            {
                return joined(code.text(inner).to_owned());
            }
        }
    }
    for node in statements(code, "import_from_statement") {
        let Some(module) = field(node, "module_name") else {
            continue;
        };
        let mut cursor = node.walk();
        for each in node.children_by_field_name("name", &mut cursor) {
            let real = field(each, "name").unwrap_or(each);
            let called = field(each, "alias").unwrap_or(real);
            if code.text(called) == first {
                return joined(format!("{}.{}", code.text(module), code.text(real)));
            }
        }
    }
    name.to_owned()
}

fn statements<'a>(code: &Code<'a>, kind: &str) -> Vec<Node<'a>> {
    let root = children(code.tree.root_node()).into_iter();
    root.filter(|node| node.kind() == kind).collect()
}

/// Whether something else in the file has that name.
fn is_taken(code: &Code<'_>, name: &str) -> bool {
    let first = name.split('.').next().unwrap_or(name);
    below(code.tree.root_node(), "identifier")
        .into_iter()
        .any(|node| code.text(node) == first && is_bound(node))
}

fn is_bound(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    let is = |name: &str| field(parent, name) == Some(node);
    match parent.kind() {
        "assignment" | "augmented_assignment" | "for_statement" => is("left"),
        "function_definition" | "class_definition" | "default_parameter" | "named_expression" => {
            is("name")
        }
        "aliased_import" => is("alias"),
        "parameters" | "lambda_parameters" | "pattern_list" | "as_pattern_target" => true,
        _ => false,
    }
}

/// Puts an import among the others: in their order, where they have one.
fn insert(code: &Code<'_>, text: &str, module: &str) -> Edit {
    let newline = code.newline();
    let plain = text.starts_with("import ");
    let root = children(code.tree.root_node());
    let mut after = None;
    for node in &root {
        match node.kind() {
            "import_statement" | "import_from_statement" => {
                let is_plain = node.kind() == "import_statement";
                if plain && !is_plain && after.is_none() {
                    let text = format!("{text}{newline}{newline}");
                    return Edit::insert(node.start_byte(), text);
                }
                let named = field(*node, "module_name").or_else(|| field(*node, "name"));
                let later = named.is_some_and(|name| code.text(name) > module);
                if is_plain == plain && later && after.is_none() {
                    return Edit::insert(node.start_byte(), format!("{text}{newline}"));
                }
                if is_plain == plain && !later || after.is_none() {
                    after = Some(node.end_byte());
                }
                if is_plain == plain && later {
                    break;
                }
            }
            "future_import_statement" => after = Some(node.end_byte()),
            // The text that says what the module is.
            "expression_statement" if after.is_none() && is_text(*node) => {
                after = Some(node.end_byte());
            }
            _ => break,
        }
    }
    if let Some(at) = after {
        return Edit::insert(at, format!("{newline}{text}"));
    }
    let at = root.first().map_or(0, Node::start_byte);
    Edit::insert(at, format!("{text}{newline}"))
}

fn is_text(node: Node<'_>) -> bool {
    children(node)
        .first()
        .is_some_and(|node| node.kind() == "string")
}
