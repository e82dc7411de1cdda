//! Rules by their paths, so that the most specific one around a path is found
//! in as many steps as there are directories, however many rules there are.

use std::path::Path;

use crate::names::names;

/// The numbers of rules, by their paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Tree {
    /// The first is `/`.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Node {
    rule: Option<usize>,
    /// Sorted by name.
    below: Vec<(Box<[u8]>, usize)>,
}

/// The most specific rule around a path.
pub(crate) struct Around<R> {
    /// The number of the rule.
    pub rule: usize,
    /// The names that lead on from the rule's path to the path itself.
    pub rest: R,
}

impl Tree {
    /// The tree of these absolute paths, each with the number that it has
    /// here; of equal paths the first counts.
    pub(crate) fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut tree = Self::default();
        for (rule, path) in paths.into_iter().enumerate() {
            // No absolute path is below a relative one.
            if path.has_root() {
                let node = tree.make(path);
                tree.nodes[node].rule.get_or_insert(rule);
            }
        }
        tree
    }

    fn make(&mut self, path: &Path) -> usize {
        let mut at = 0;
        for name in names(path) {
            at = match self.below(at, name) {
                Ok(node) => node,
                Err(place) => {
                    let new = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].below.insert(place, (name.into(), new));
                    new
                }
            };
        }
        at
    }

    /// The node of a name in a directory, or the place where it would be.
    fn below(&self, at: usize, name: &[u8]) -> Result<usize, usize> {
        let below = &self.nodes[at].below;
        let place = below.binary_search_by(|(other, _)| other.as_ref().cmp(name))?;
        Ok(below[place].1)
    }

    /// The most specific rule around a path of these names.
    pub(crate) fn around<'a, R>(&self, mut names: R) -> Option<Around<R>>
    where
        R: Iterator<Item = &'a [u8]> + Clone,
    {
        let mut at = 0;
        let mut found = None;
        loop {
            if let Some(rule) = self.nodes[at].rule {
                let rest = names.clone();
                found = Some(Around { rule, rest });
            }
            at = match names.next().map(|name| self.below(at, name)) {
                Some(Ok(node)) => node,
                _ => return found,
            };
        }
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}
