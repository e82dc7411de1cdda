//! Calls and their arguments.

use tree_sitter::Node;

use crate::Finding;
use crate::fix::Edit;
use crate::fix::code::{Code, children, field};

/// A call.
pub(super) struct Call<'a> {
    pub node: Node<'a>,
    /// What is called, as it is written: `requests.get`.
    pub name: &'a str,
    pub function: Node<'a>,
    /// What is between the parentheses, with them.
    pub arguments: Node<'a>,
    /// Arguments without a name.
    pub positional: Vec<Node<'a>>,
    /// Arguments with a name, and their nodes.
    pub keywords: Vec<(&'a str, Node<'a>)>,
    /// Whether `*args` or `**kwargs` may bring any others.
    pub spread: bool,
}

impl<'a> Call<'a> {
    /// A call node; not one whose argument is a generator.
    pub fn of(code: &Code<'a>, node: Node<'a>) -> Option<Self> {
        let function = field(node, "function")?;
        let arguments = field(node, "arguments").filter(|node| node.kind() == "argument_list")?;
        let mut call = Self {
            node,
            name: code.text(function),
            function,
            arguments,
            positional: Vec::new(),
            keywords: Vec::new(),
            spread: false,
        };
        for argument in children(arguments) {
            match argument.kind() {
                "keyword_argument" => {
                    let name = field(argument, "name")?;
                    call.keywords.push((code.text(name), argument));
                }
                "list_splat" | "dictionary_splat" => call.spread = true,
                _ => call.positional.push(argument),
            }
        }
        Some(call)
    }

    /// All calls at a finding.
    pub fn at(code: &Code<'a>, finding: &Finding) -> Vec<Self> {
        let nodes = code.at(finding, &["call"]);
        let calls = nodes.into_iter();
        calls.filter_map(|node| Self::of(code, node)).collect()
    }

    /// The last part of what is called: `get`.
    pub fn method(&self) -> &'a str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The value of an argument with a name.
    pub fn keyword(&self, name: &str) -> Option<Node<'a>> {
        let (_, argument) = self.keywords.iter().find(|(known, _)| *known == name)?;
        field(*argument, "value")
    }

    /// Adds arguments behind the last one.
    pub fn add(&self, text: &str) -> Edit {
        match children(self.arguments).last() {
            Some(last) => Edit::insert(last.end_byte(), format!(", {text}")),
            None => Edit::insert(self.arguments.start_byte() + 1, text),
        }
    }

    /// Takes an argument away, with the comma that parts it from another.
    pub fn remove(argument: Node<'_>) -> Edit {
        if let Some(before) = argument.prev_named_sibling() {
            return Edit::replace(before.end_byte()..argument.end_byte(), "");
        }
        let end = argument
            .next_named_sibling()
            .map_or(argument.end_byte(), |next| next.start_byte());
        Edit::replace(argument.start_byte()..end, "")
    }
}
