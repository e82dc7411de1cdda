//! Calls and their arguments.

use tree_sitter::Node;

use crate::Finding;
use crate::fix::Edit;
use crate::fix::code::{Code, around, below, children, field};

/// A call.
pub(super) struct Call<'a> {
    pub node: Node<'a>,
    /// What is called, as it is written: `db.query`.
    pub name: &'a str,
    pub function: Node<'a>,
    pub arguments: Node<'a>,
    pub given: Vec<Node<'a>>,
}

impl<'a> Call<'a> {
    /// A call node; not a template that is tagged.
    pub fn of(code: &Code<'a>, node: Node<'a>) -> Option<Self> {
        let function = field(node, "function")?;
        let arguments = field(node, "arguments").filter(|node| node.kind() == "arguments")?;
        let given = children(arguments);
        let spreads = given
            .iter()
            .any(|argument| argument.kind() == "spread_element");
        (!spreads).then(|| Self {
            node,
            name: code.text(function),
            function,
            arguments,
            given,
        })
    }

    /// All calls at a finding.
    pub fn at(code: &Code<'a>, finding: &Finding) -> Vec<Self> {
        let nodes = code.at(finding, &["call_expression"]).into_iter();
        nodes.filter_map(|node| Self::of(code, node)).collect()
    }

    /// The last part of what is called: `query`.
    pub fn method(&self, code: &Code<'a>) -> &'a str {
        field(self.function, "property").map_or(self.name, |property| code.text(property))
    }

    /// Adds an argument behind the one of a number, or as the first.
    pub fn add(&self, behind: Option<usize>, text: &str) -> Edit {
        match behind.and_then(|at| self.given.get(at)) {
            Some(before) => Edit::insert(before.end_byte(), format!(", {text}")),
            None if self.given.is_empty() => Edit::insert(self.arguments.start_byte() + 1, text),
            None => Edit::insert(self.arguments.start_byte() + 1, format!("{text}, ")),
        }
    }
}

/// What a variable is set to, where that is so once in the function.
pub(super) fn set_once<'a>(code: &Code<'a>, name: Node<'a>) -> Option<Node<'a>> {
    const FUNCTIONS: &[&str] = &[
        "arrow_function",
        "function_declaration",
        "function_expression",
        "method_definition",
        "program",
    ];
    if name.kind() != "identifier" {
        return None;
    }
    let function = around(name, FUNCTIONS)?;
    let wanted = code.text(name);
    let is_set = |node: &Node<'_>, name: &str| {
        field(*node, name).is_some_and(|left| code.text(left) == wanted)
    };
    let assigned = below(function, "assignment_expression").into_iter();
    let mut assigned = assigned.chain(below(function, "augmented_assignment_expression"));
    if assigned.any(|node| is_set(&node, "left")) {
        return None;
    }
    let declared = below(function, "variable_declarator").into_iter();
    let declared: Vec<Node<'a>> = declared.filter(|node| is_set(node, "name")).collect();
    match declared.as_slice() {
        [one] if one.end_byte() <= name.start_byte() => field(*one, "value"),
        _ => None,
    }
}
