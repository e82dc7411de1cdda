//! What every fixer needs of a syntax tree: the nodes at a finding, and text
//! around them.

use tree_sitter::{Node, Tree};

use super::{Edit, NoFix, Proposal, no_fix};
use crate::{Finding, SourceFile};

/// A file's text with its tree.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub file: &'a SourceFile<'a>,
    pub tree: &'a Tree,
}

impl<'a> Code<'a> {
    /// The code of a file, where it parses.
    pub fn of(file: &'a SourceFile<'a>) -> Result<Self, NoFix> {
        let tree = file
            .tree()
            .ok_or_else(|| no_fix("the file does not parse"))?;
        Ok(Self { file, tree })
    }

    /// The text of a node.
    pub fn text(&self, node: Node<'_>) -> &'a str {
        self.file.text.get(node.byte_range()).unwrap_or_default()
    }

    /// All nodes of these kinds that a finding's line is in, those that begin
    /// there first, then the smallest.
    pub fn at(&self, finding: &Finding, kinds: &[&str]) -> Vec<Node<'a>> {
        let line = usize::try_from(finding.line).unwrap_or(1).saturating_sub(1);
        let mut found = Vec::new();
        let mut waiting = vec![self.tree.root_node()];
        while let Some(node) = waiting.pop() {
            if node.start_position().row > line || node.end_position().row < line {
                continue;
            }
            if kinds.contains(&node.kind()) && is_short(node) {
                found.push(node);
            }
            let mut cursor = node.walk();
            waiting.extend(node.children(&mut cursor));
        }
        found.sort_by_key(|node| {
            let begins = node.start_position().row == line;
            (!begins, node.byte_range().len(), node.start_byte())
        });
        found
    }

    /// Where the line of a byte begins.
    pub fn line_start(&self, at: usize) -> usize {
        let before = self.file.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The white space that the line of a byte begins with.
    pub fn indent(&self, at: usize) -> &'a str {
        let line = self
            .file
            .text
            .get(self.line_start(at)..at)
            .unwrap_or_default();
        let rest = line.trim_start_matches([' ', '\t']);
        &line[..line.len() - rest.len()]
    }

    /// How the file ends its lines.
    pub fn newline(&self) -> &'static str {
        if self.file.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// A proposal for this file.
    pub fn proposal(&self, mut edits: Vec<Edit>, what: &str, risks: &[&str]) -> Proposal {
        // What goes on in a line comes before what begins a new one.
        edits.sort_by_key(|edit| {
            let begins = edit.text.starts_with(['\n', '\r']);
            (edit.range.start, edit.range.end, begins)
        });
        Proposal {
            path: self.file.path.to_owned(),
            edits,
            what: what.to_owned(),
            risks: risks.iter().map(|risk| (*risk).to_owned()).collect(),
        }
    }
}

/// Where something goes over hundreds of lines, it is not what is meant.
fn is_short(node: Node<'_>) -> bool {
    node.end_position().row - node.start_position().row < 60
}

/// The named children that are no comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// A node's field.
pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The nearest node around, itself included, of one of these kinds.
pub(super) fn around<'a>(node: Node<'a>, kinds: &[&str]) -> Option<Node<'a>> {
    let mut at = Some(node);
    while let Some(node) = at {
        if kinds.contains(&node.kind()) {
            return Some(node);
        }
        at = node.parent();
    }
    None
}

/// Every node below one, of this kind.
pub(super) fn below<'a>(node: Node<'a>, kind: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if node.kind() == kind {
            found.push(node);
        }
        let mut cursor = node.walk();
        waiting.extend(node.children(&mut cursor));
    }
    found.sort_by_key(Node::start_byte);
    found
}
