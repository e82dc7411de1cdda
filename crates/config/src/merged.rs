//! The law of merging: for each key, the strongest layer that sets it counts,
//! and between equals the one read last.
//!
//! Tables are merged key by key, at any depth. Lists are replaced as a whole:
//! a mixture of two people's lists is nobody's wish. What weaker layers said
//! is kept beside it, so that it can be explained.
//!
//! One exception: what an administrator's files deny (a host, a socket, a
//! path) is not allowed again by a user's setting the same key.

use std::collections::BTreeMap;
use std::fmt;

use dam_policy::{Access, Layer, Origin, Permission};

use crate::source::Spot;
use crate::value::{Value, quoted};

/// The names that lead to a value.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct KeyPath(Vec<String>);

impl KeyPath {
    pub(crate) fn push(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.0
    }
}

impl From<Vec<String>> for KeyPath {
    fn from(parts: Vec<String>) -> Self {
        Self(parts)
    }
}

impl<'a, const N: usize> From<[&'a str; N]> for KeyPath {
    fn from(parts: [&'a str; N]) -> Self {
        Self(parts.map(str::to_owned).into())
    }
}

impl fmt::Display for KeyPath {
    /// As TOML would have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !part.is_empty() && part.chars().all(bare) {
                write!(f, "{dot}{part}")?;
            } else {
                write!(f, "{dot}{}", quoted(part))?;
            }
        }
        Ok(())
    }
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub value: Value,
    pub spot: Spot,
}

impl Leaf {
    fn grants_or_denies(&self) -> bool {
        matches!(self.value, Value::Permission(_) | Value::Access(_))
    }

    /// Whether it says no in one of an administrator's files.
    pub(crate) fn is_administrators_denial(&self) -> bool {
        let denies = match &self.value {
            Value::Permission(permission) => *permission == Permission::Deny,
            Value::Access(access) => *access == Access::Deny,
            _ => false,
        };
        denies && self.spot.origin.is_administrators()
    }
}

/// What all layers say together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merged {
    counts: BTreeMap<KeyPath, Leaf>,
    /// Everything that was said, in the order of reading.
    said: BTreeMap<KeyPath, Vec<Leaf>>,
}

impl Merged {
    /// Adds a value, if nothing stronger is there.
    pub(crate) fn add(&mut self, path: KeyPath, leaf: Leaf) {
        let said = self.said.entry(path.clone()).or_default();
        said.push(leaf.clone());
        if leaf.grants_or_denies() {
            if let Some(counting) = administrators_denial(said).or_else(|| strongest(&*said)) {
                self.counts.insert(path, counting.clone());
            }
            return;
        }
        let present = self.counts.get(&path);
        if present.is_none_or(|present| present.spot.origin.layer <= leaf.spot.origin.layer) {
            self.counts.insert(path, leaf);
        }
    }

    /// Everything that layers said of a key, the strongest first and the one
    /// that was read last before its equals.
    pub(crate) fn said(&self, path: &KeyPath) -> Vec<&Leaf> {
        let mut said: Vec<&Leaf> = self.said.get(path).into_iter().flatten().collect();
        said.reverse();
        said.sort_by_key(|leaf| std::cmp::Reverse(leaf.spot.origin.layer));
        said
    }

    /// Every key of which something was said.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &KeyPath> {
        self.said.keys()
    }

    /// Adds a value that is in no text.
    pub(crate) fn set(&mut self, path: impl Into<KeyPath>, value: Value, layer: Layer) {
        let spot = Spot::of(layer);
        self.add(path.into(), Leaf { value, spot });
    }

    /// Puts a value in the place of whatever is there.
    pub(crate) fn replace(&mut self, path: impl Into<KeyPath>, value: Value, layer: Layer) {
        let spot = Spot::of(layer);
        self.counts.insert(path.into(), Leaf { value, spot });
    }

    /// Says where the value that counts was set, if it is one that was put in
    /// the place of another.
    pub(crate) fn point<const N: usize>(&mut self, path: [&str; N], origin: &Origin) {
        if let Some(leaf) = self.counts.get_mut(&KeyPath::from(path)) {
            leaf.spot.origin = origin.clone();
        }
    }

    pub(crate) fn get<const N: usize>(&self, path: [&str; N]) -> Option<&Leaf> {
        self.counts.get(&KeyPath::from(path))
    }

    /// As [`Self::get`], by a path whose length is not known before.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Leaf> {
        let path = path.iter().map(ToString::to_string).collect();
        self.counts.get(&KeyPath(path))
    }

    /// Takes out a value, and whatever is below it.
    pub(crate) fn remove(&mut self, path: &[&str]) {
        self.counts.retain(|found, _| {
            let start = found.parts().iter().take(path.len());
            !start.eq(path.iter())
        });
    }

    /// Every value, by its path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&KeyPath, &Leaf)> {
        self.counts.iter()
    }

    /// The values below a path, each with the names that lead on to it.
    pub(crate) fn below<'a>(
        &'a self,
        path: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a [String], &'a Leaf)> {
        self.counts.iter().filter_map(move |(found, leaf)| {
            let (start, rest) = found.parts().split_at_checked(path.len())?;
            let is_below = !rest.is_empty() && start.iter().eq(path.iter());
            is_below.then_some((rest, leaf))
        })
    }

    /// The names directly below a path.
    pub(crate) fn names<'a>(&'a self, path: &'a [&'a str]) -> Vec<&'a str> {
        let mut names: Vec<&str> = self
            .below(path)
            .filter_map(|(rest, _)| rest.first().map(String::as_str))
            .collect();
        names.dedup();
        names
    }

    /// What a named profile says, as if it stood at the top level of a layer
    /// of its own.
    pub(crate) fn apply_profile(&mut self, name: &str) {
        let lifted: Vec<(KeyPath, Leaf)> = self
            .below(&["profiles", name])
            .map(|(rest, leaf)| {
                let mut leaf = leaf.clone();
                leaf.spot.origin.layer = Layer::Profile;
                (KeyPath(rest.to_vec()), leaf)
            })
            .collect();
        for (path, leaf) in lifted {
            self.add(path, leaf);
        }
    }
}

/// What an administrator's files say of a key in the end, if that is no.
fn administrators_denial(said: &[Leaf]) -> Option<&Leaf> {
    let theirs = said.iter();
    let theirs = theirs.filter(|leaf| leaf.spot.origin.is_administrators());
    strongest(theirs).filter(|leaf| leaf.is_administrators_denial())
}

/// Of equals the one that was read last.
fn strongest<'a>(said: impl IntoIterator<Item = &'a Leaf>) -> Option<&'a Leaf> {
    let said = said.into_iter();
    said.max_by_key(|leaf| leaf.spot.origin.layer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAYERS: [Layer; 8] = [
        Layer::Builtin,
        Layer::System,
        Layer::Managed,
        Layer::User,
        Layer::Profile,
        Layer::Project,
        Layer::CommandLine,
        Layer::Flag,
    ];

    fn merged(said: &[(usize, u64)]) -> Merged {
        let mut merged = Merged::default();
        for &(layer, value) in said {
            merged.set(["key"], Value::Number(value), LAYERS[layer]);
        }
        merged
    }

    proptest! {
        #[test]
        fn the_strongest_layer_counts_in_whatever_order_layers_are_read(
            order in Just((0..LAYERS.len()).collect::<Vec<_>>()).prop_shuffle(),
            count in 1..=LAYERS.len(),
        ) {
            let said: Vec<_> = order[..count].iter().map(|at| (*at, *at as u64)).collect();
            let strongest = said.iter().max().expect("at least one");
            let merged = merged(&said);
            let leaf = merged.get(["key"]).expect("it was set");
            prop_assert_eq!(&leaf.value, &Value::Number(strongest.1));
            prop_assert_eq!(leaf.spot.origin.layer, LAYERS[strongest.0]);
        }

        #[test]
        fn what_an_administrator_denies_is_not_allowed_by_a_user(
            said in prop::collection::vec((0..LAYERS.len(), any::<bool>()), 1..8),
        ) {
            let mut merged = Merged::default();
            for (layer, allows) in &said {
                let permission = if *allows { Permission::Allow } else { Permission::Deny };
                merged.set(["key"], Value::Permission(permission), LAYERS[*layer]);
            }
            let strongest = |most: usize| {
                let said = said.iter().filter(|(layer, _)| *layer <= most);
                said.max_by_key(|(layer, _)| *layer).map(|(_, allows)| *allows)
            };
            let theirs = said.iter().any(|(layer, _)| [1, 2].contains(layer));
            let wanted = if theirs && strongest(2) == Some(false) {
                Some(false)
            } else {
                strongest(LAYERS.len())
            };
            let found = &merged.get(["key"]).expect("it was set").value;
            prop_assert_eq!(Some(*found == Value::Permission(Permission::Allow)), wanted);
        }

        #[test]
        fn between_equals_the_one_read_last_counts(values in prop::collection::vec(0u64..9, 1..5)) {
            let said: Vec<_> = values.iter().map(|value| (2, *value)).collect();
            let merged = merged(&said);
            let last = Value::Number(*values.last().expect("at least one"));
            prop_assert_eq!(&merged.get(["key"]).expect("it was set").value, &last);
        }
    }

    #[test]
    fn one_key_leaves_its_neighbours_alone() {
        let mut merged = Merged::default();
        merged.set(["a", "b"], Value::Switch(true), Layer::System);
        merged.set(["a", "c"], Value::Switch(false), Layer::User);
        assert_eq!(merged.names(&["a"]), ["b", "c"]);
        assert_eq!(merged.below(&["a", "b"]).count(), 0);
    }

    #[test]
    fn paths_are_shown_as_toml_has_them() {
        let path = KeyPath::from(["projects", "/a \"b\"", "", "trust-level_1"]);
        insta::assert_snapshot!(path, @r#"projects."/a \"b\""."".trust-level_1"#);
    }
}
