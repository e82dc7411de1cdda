//! The automaton of an expression, and what its loops have in common.

use super::Cost;
use super::parse::{Chars, Node};

/// Classes in one expression. What has more is not looked at.
const MAX_STATES: usize = 160;
/// Steps in all searches over one expression.
const MAX_STEPS: usize = 60_000;
/// How often a counted repeat is written out.
const MAX_COPIES: u32 = 3;

/// States, and which may follow which.
#[derive(Default)]
pub(super) struct Automaton {
    reads: Vec<Chars>,
    follow: Vec<Vec<usize>>,
    /// Pairs that follow each other in two ways.
    twice: Vec<(usize, usize)>,
    pub(super) accepts: Vec<bool>,
    group: Vec<usize>,
    steps: usize,
}

/// Where a part begins and ends, and whether it may be left out.
#[derive(Clone, Default)]
pub(super) struct Part {
    pub(super) first: Vec<usize>,
    pub(super) last: Vec<usize>,
    empty: bool,
}

impl Automaton {
    pub(super) fn state(&mut self, reads: Chars) -> usize {
        self.reads.push(reads);
        self.follow.push(Vec::new());
        self.accepts.push(false);
        self.reads.len() - 1
    }

    pub(super) fn link(&mut self, from: &[usize], to: &[usize]) {
        for one in from {
            for other in to {
                if self.follow[*one].contains(other) {
                    self.twice.push((*one, *other));
                } else {
                    self.follow[*one].push(*other);
                }
            }
        }
    }

    pub(super) fn add(&mut self, node: &Node) -> Option<Part> {
        if self.reads.len() >= MAX_STATES {
            return None;
        }
        Some(match node {
            Node::Empty => Part {
                empty: true,
                ..Part::default()
            },
            Node::Set(chars) => {
                let state = self.state(*chars);
                Part {
                    first: vec![state],
                    last: vec![state],
                    empty: false,
                }
            }
            Node::All(parts) => {
                let mut all = Part {
                    empty: true,
                    ..Part::default()
                };
                for part in parts {
                    let next = self.add(part)?;
                    all = self.then(all, next);
                }
                all
            }
            Node::Either(parts) => {
                let mut all = Part::default();
                for part in parts {
                    let next = self.add(part)?;
                    all.first.extend(next.first);
                    all.last.extend(next.last);
                    all.empty |= next.empty;
                }
                all
            }
            Node::Repeat(inner, least, most) => self.repeat(inner, *least, *most)?,
        })
    }

    fn then(&mut self, before: Part, after: Part) -> Part {
        self.link(&before.last, &after.first);
        let mut first = before.first;
        if before.empty {
            first.extend(&after.first);
        }
        let mut last = after.last;
        if after.empty {
            last.extend(&before.last);
        }
        Part {
            first,
            last,
            empty: before.empty && after.empty,
        }
    }

    fn repeat(&mut self, inner: &Node, least: u32, most: Option<u32>) -> Option<Part> {
        let copies = match most {
            None => least.clamp(1, MAX_COPIES),
            Some(most) => most.clamp(1, MAX_COPIES),
        };
        // Each copy follows the one before it alone: otherwise one text could
        // be read in several ways.
        let mut all = Part {
            empty: least == 0,
            ..Part::default()
        };
        let mut before: Vec<usize> = Vec::new();
        for copy in 0..copies {
            let next = self.add(inner)?;
            if copy == 0 {
                all.first.clone_from(&next.first);
                all.empty |= next.empty;
            }
            self.link(&before, &next.first);
            if most.is_none() && copy + 1 == copies {
                self.link(&next.last, &next.first);
            }
            if copy + 1 >= least.min(copies) {
                all.last.extend(&next.last);
            }
            before = next.last;
        }
        Some(all)
    }

    pub(super) fn cost(&mut self) -> Cost {
        let count = self.reads.len();
        let follow = &self.follow;
        self.group = components(count, |state| follow[state].clone());
        if self.is_exponential() {
            Cost::Exponential
        } else if self.is_polynomial() {
            Cost::Polynomial
        } else {
            Cost::Linear
        }
    }

    fn loops(&self, state: usize) -> bool {
        self.follow[state].contains(&state)
            || (0..self.reads.len()).any(|other| other != state && self.together(other, state))
    }

    fn together(&self, one: usize, other: usize) -> bool {
        self.group[one] == self.group[other]
    }

    fn is_exponential(&self) -> bool {
        let doubled = self
            .twice
            .iter()
            .any(|(one, other)| self.together(*one, *other) && !self.accepts[*other]);
        if doubled {
            return true;
        }
        let count = self.reads.len();
        if count * count > MAX_STEPS {
            return false;
        }
        let pairs = components(count * count, |pair| {
            let (one, other) = (pair / count, pair % count);
            let mut next = Vec::new();
            for a in &self.follow[one] {
                for b in &self.follow[other] {
                    let same = self.together(*a, one) && self.together(*b, other);
                    if same && !self.reads[*a].and(self.reads[*b]).is_empty() {
                        next.push(a * count + b);
                    }
                }
            }
            next
        });
        let mut in_diagonal = vec![false; count * count];
        for state in (0..count).filter(|state| !self.accepts[*state] && self.loops(*state)) {
            in_diagonal[pairs[state * count + state]] = true;
        }
        (0..count * count).any(|pair| pair / count != pair % count && in_diagonal[pairs[pair]])
    }

    fn is_polynomial(&mut self) -> bool {
        let looping: Vec<usize> = (0..self.reads.len())
            .filter(|state| self.loops(*state))
            .collect();
        for one in &looping {
            for other in &looping {
                if !self.together(*one, *other)
                    && !self.accepts[*other]
                    && self.share_a_word(*one, *other)
                {
                    return true;
                }
            }
        }
        false
    }

    /// Whether some word leads from one loop to itself, to the other, and from
    /// that to itself.
    fn share_a_word(&mut self, one: usize, other: usize) -> bool {
        if self.reads[one].and(self.reads[other]).is_empty() {
            return false;
        }
        let goal = (one, other, other);
        let mut seen = std::collections::BTreeSet::new();
        let mut left = vec![(one, one, other)];
        while let Some((a, b, c)) = left.pop() {
            for x in &self.follow[a] {
                if !self.together(*x, one) {
                    continue;
                }
                for z in &self.follow[c] {
                    let common = self.reads[*x].and(self.reads[*z]);
                    if common.is_empty() || !self.together(*z, other) {
                        continue;
                    }
                    for y in &self.follow[b] {
                        self.steps += 1;
                        if self.steps > MAX_STEPS {
                            return false;
                        }
                        if common.and(self.reads[*y]).is_empty() {
                            continue;
                        }
                        let next = (*x, *y, *z);
                        if next == goal {
                            return true;
                        }
                        if seen.insert(next) {
                            left.push(next);
                        }
                    }
                }
            }
        }
        false
    }
}

/// Which nodes of a graph can reach each other: the same number for these.
fn components(count: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; count];
    let mut low = vec![0; count];
    let mut group = vec![NEW; count];
    let mut stack = Vec::new();
    let mut counter = 0;
    for start in 0..count {
        if order[start] != NEW {
            continue;
        }
        let mut work = vec![(start, next(start), 0)];
        order[start] = counter;
        low[start] = counter;
        counter += 1;
        stack.push(start);
        while let Some((node, after, at)) = work.pop() {
            if let Some(to) = after.get(at).copied() {
                work.push((node, after, at + 1));
                if order[to] == NEW {
                    order[to] = counter;
                    low[to] = counter;
                    counter += 1;
                    stack.push(to);
                    work.push((to, next(to), 0));
                } else if group[to] == NEW {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            if low[node] == order[node] {
                while let Some(member) = stack.pop() {
                    group[member] = node;
                    if member == node {
                        break;
                    }
                }
            }
            if let Some((before, ..)) = work.last() {
                low[*before] = low[*before].min(low[node]);
            }
        }
    }
    group
}
