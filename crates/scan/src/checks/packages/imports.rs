//! Which modules code imports.

use tree_sitter::Node;

use super::{Import, System};
use crate::checks::{Found, file_name};
use crate::{Language, SourceFile};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let system = match file.language {
        Language::Python => System::Python,
        Language::JavaScript | Language::TypeScript | Language::Tsx => System::Npm,
        _ => return,
    };
    // What builds a package is there before what the package asks for.
    if file.is_minified() || file_name(file.path) == "setup.py" {
        return;
    }
    let has_word = file.text.contains("import") || file.text.contains("require");
    let Some(tree) = file.tree().filter(|_| has_word) else {
        return;
    };
    let mut names: Vec<Import> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let imported = match system {
            System::Python => python(node, file.text),
            _ => script(node, file.text),
        };
        let line = u32::try_from(node.start_position().row).unwrap_or(0) + 1;
        for name in imported {
            if !names.iter().any(|known| known.name == name) {
                names.push(Import { system, name, line });
            }
        }
        // What is tried, or is for types alone, may be missing.
        let optional = system == System::Python
            && (node.kind() == "try_statement" || is_for_types(node, file.text));
        if !optional && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                found.facts.imports = names;
                return;
            }
        }
    }
}

fn is_for_types(node: Node<'_>, text: &str) -> bool {
    node.kind() == "if_statement"
        && node
            .child_by_field_name("condition")
            .and_then(|condition| text.get(condition.byte_range()))
            .is_some_and(|condition| condition.contains("TYPE_CHECKING"))
}

fn python(node: Node<'_>, text: &str) -> Vec<String> {
    let of = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default().to_owned();
    match node.kind() {
        "import_statement" => {
            let mut cursor = node.walk();
            let children: Vec<_> = node.named_children(&mut cursor).collect();
            children
                .into_iter()
                .filter_map(|child| match child.kind() {
                    "aliased_import" => child.child_by_field_name("name"),
                    _ => Some(child),
                })
                .map(|name| first_part(&of(name)))
                .collect()
        }
        "import_from_statement" => {
            let module = node
                .child_by_field_name("module_name")
                .filter(|module| module.kind() == "dotted_name");
            module
                .map(|module| first_part(&of(module)))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn first_part(dotted: &str) -> String {
    dotted
        .split('.')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn script(node: Node<'_>, text: &str) -> Vec<String> {
    let source = match node.kind() {
        "import_statement" | "export_statement" => node.child_by_field_name("source"),
        "call_expression" => {
            let name = node
                .child_by_field_name("function")
                .and_then(|function| text.get(function.byte_range()));
            let first = node
                .child_by_field_name("arguments")
                .and_then(|arguments| arguments.named_child(0));
            first.filter(|first| {
                matches!(name, Some("require" | "import" | "require.resolve"))
                    && first.kind() == "string"
            })
        }
        _ => None,
    };
    let written = source
        .and_then(|source| text.get(source.byte_range()))
        .map(|text| text.trim_matches(['"', '\'', '`']));
    written.and_then(package_of).into_iter().collect()
}

/// The package that a module of a script is of; nothing where it is its own.
fn package_of(module: &str) -> Option<String> {
    let own = module.is_empty()
        || module.starts_with(['.', '/', '#', '~', '$', '!'])
        || module.starts_with("@/")
        || module.contains(['?', '{', ' ']);
    // `node:fs`, `virtual:x`, `https://…`.
    if own || module.contains(':') {
        return None;
    }
    let mut parts = module.split('/');
    let first = parts.next()?;
    if first.starts_with('@') {
        return Some(format!("{first}/{}", parts.next()?));
    }
    Some(first.to_owned())
}
