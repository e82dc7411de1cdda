//! Reads TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{DEEPEST, Key, Node, Unreadable, Value};

/// The tree of a TOML text.
pub(in crate::checks) fn toml(text: &str) -> Result<Node, Unreadable> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Unreadable::new(lines.line(at), error.message())
    })?;
    lines.table(1, table.get_ref(), 0)
}

/// Where lines begin.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn line(&self, at: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= at);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    fn table(&self, line: u32, table: &DeTable<'_>, depth: usize) -> Result<Node, Unreadable> {
        let mut entries = Vec::new();
        for (name, value) in table {
            let key = Key {
                line: self.line(name.span().start),
                name: name.get_ref().to_string(),
            };
            let node = self.node(value, depth + 1)?;
            entries.push((key, node));
        }
        entries.sort_by_key(|(key, _)| key.line);
        Ok(Node {
            line,
            value: Value::Map(entries),
        })
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Unreadable> {
        let line = self.line(value.span().start);
        if depth > DEEPEST {
            return Err(Unreadable::too_deep(line));
        }
        Ok(match value.get_ref() {
            DeValue::String(text) => Node::scalar(line, text.to_string()),
            DeValue::Integer(number) => Node::scalar(line, number.to_string()),
            DeValue::Float(number) => Node::scalar(line, number.to_string()),
            DeValue::Boolean(yes) => Node::scalar(line, yes.to_string()),
            DeValue::Datetime(time) => Node::scalar(line, time.to_string()),
            DeValue::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.node(item, depth + 1))
                    .collect::<Result<_, _>>()?;
                Node {
                    line,
                    value: Value::List(items),
                }
            }
            DeValue::Table(table) => self.table(line, table, depth)?,
        })
    }
}
