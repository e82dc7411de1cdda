//! Reads YAML: every document of a file, with aliases in place.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, Span};

use super::{DEEPEST, Key, MOST, Node, Unreadable, Value};

/// The trees of the documents of a YAML text.
pub(in crate::checks) fn yaml(text: &str) -> Result<Vec<Node>, Unreadable> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Unreadable::new(line_of(error.marker().line()), error.info()))?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

fn line_of(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

/// A list or a map that is not yet closed.
struct Open {
    line: u32,
    anchor: usize,
    is_map: bool,
    /// Of a map: the name that waits for its value.
    name: Option<Key>,
    entries: Vec<(Key, Node)>,
    items: Vec<Node>,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let line = line_of(span.start.line());
        match event {
            Event::Scalar(text, _, anchor, _) => self.put(Node::scalar(line, text), anchor),
            Event::Alias(anchor) => {
                // An alias of what is open, or of nothing, is empty: a tree
                // that holds itself cannot be had.
                let node = self.anchors.get(&anchor).cloned();
                let node = node.unwrap_or_else(|| Node::scalar(line, ""));
                self.nodes += node.every().len();
                self.put(node, 0)
            }
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, false),
            Event::MappingStart(anchor, _) => self.begin(line, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let value = if open.is_map {
                    Value::Map(open.entries)
                } else {
                    Value::List(open.items)
                };
                self.put(
                    Node {
                        line: open.line,
                        value,
                    },
                    open.anchor,
                )
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, line: u32, anchor: usize, is_map: bool) -> Result<(), Unreadable> {
        if self.open.len() > DEEPEST {
            return Err(Unreadable::too_deep(line));
        }
        self.open.push(Open {
            line,
            anchor,
            is_map,
            name: None,
            entries: Vec::new(),
            items: Vec::new(),
        });
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > MOST {
            return Err(Unreadable::too_much(node.line));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(open) if !open.is_map => open.items.push(node),
            Some(open) => match open.name.take() {
                None => {
                    // What is no text is no name that anybody looks for.
                    let name = node.text().unwrap_or_default().to_owned();
                    open.name = Some(Key {
                        line: node.line,
                        name,
                    });
                }
                // `<<: *base` puts the base's names in.
                Some(name) if name.name == "<<" => {
                    open.entries.extend(node.entries().iter().cloned());
                }
                Some(name) => open.entries.push((name, node)),
            },
        }
        Ok(())
    }
}
