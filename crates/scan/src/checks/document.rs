//! Structured files (JSON, YAML, TOML) as one tree that knows its lines.

mod json;
mod toml;
mod yaml;

pub(super) use json::json;
pub(super) use toml::toml;
pub(super) use yaml::yaml;

/// How deep a tree may be nested, and how many nodes it may have. What goes
/// beyond is not read, and said.
const DEEPEST: usize = 100;
const MOST: usize = 400_000;

/// A place in a structured file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: u32,
    pub(super) value: Value,
}

/// What is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Text, a number or a word, as it is written, without quotes.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A name in a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) line: u32,
    pub(super) name: String,
}

impl Node {
    pub(super) fn scalar(line: u32, text: impl Into<String>) -> Self {
        Self {
            line,
            value: Value::Scalar(text.into()),
        }
    }

    /// What a name in a map has.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    /// What a path of names leads to.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The names of a map with what they have; none where it is no map.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The parts of a list; none where it is no list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text that a name in a map has.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Whether a name in a map says yes.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text_of(name)
            .is_some_and(|text| matches!(text, "true" | "True" | "yes" | "on"))
    }

    /// Every node, this one first. The tree is no deeper than it is read.
    pub(super) fn every(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(node) = all.get(next).copied() {
            match &node.value {
                Value::List(items) => all.extend(items),
                Value::Map(entries) => all.extend(entries.iter().map(|(_, node)| node)),
                Value::Scalar(_) => {}
            }
            next += 1;
        }
        all
    }
}

/// Why a file is not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unreadable {
    pub(super) line: u32,
    pub(super) why: String,
}

impl Unreadable {
    fn new(line: u32, why: impl Into<String>) -> Self {
        Self {
            line,
            why: why.into(),
        }
    }

    fn too_deep(line: u32) -> Self {
        Self::new(line, format!("it is nested deeper than {DEEPEST} levels"))
    }

    fn too_much(line: u32) -> Self {
        Self::new(line, format!("it has more than {MOST} parts"))
    }

    /// In a sentence.
    pub(super) fn text(&self) -> String {
        format!("line {} does not parse: {}", self.line, self.why)
    }
}

#[cfg(test)]
mod tests;
