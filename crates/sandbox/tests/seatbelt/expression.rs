//! Regular expressions, as far as the policies use them: over bytes, as
//! Seatbelt reads them. What is not known here panics.

use std::collections::BTreeSet;

/// A regular expression.
#[derive(Debug)]
pub struct Expression(Node);

#[derive(Debug)]
enum Node {
    Byte(u8),
    Class {
        negated: bool,
        ranges: Vec<(u8, u8)>,
    },
    Start,
    End,
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: usize,
        many: bool,
    },
}

impl Expression {
    /// Reads an expression.
    pub fn new(text: &str) -> Self {
        let mut rest = text.as_bytes();
        let node = choice(&mut rest);
        assert!(rest.is_empty(), "unbalanced: {text}");
        Self(node)
    }

    /// Whether it matches some part of `text`.
    pub fn finds(&self, text: &str) -> bool {
        // Most expressions begin at the beginning.
        let last = if self.is_anchored() { 0 } else { text.len() };
        let starts = (0..=last).collect();
        !after(&self.0, text.as_bytes(), &starts).is_empty()
    }
}

impl Expression {
    fn is_anchored(&self) -> bool {
        let Node::Choice(choices) = &self.0 else {
            return false;
        };
        choices.iter().all(
            |choice| matches!(choice, Node::Sequence(nodes) if matches!(nodes.first(), Some(Node::Start))),
        )
    }
}

/// Where a match can end that begins at one of `starts`.
fn after(node: &Node, text: &[u8], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
    let step = |takes: &dyn Fn(u8) -> bool| {
        let taken = |at: &&usize| text.get(**at).is_some_and(|byte| takes(*byte));
        starts.iter().filter(taken).map(|at| at + 1).collect()
    };
    match node {
        Node::Byte(byte) => step(&|found| found == *byte),
        Node::Class { negated, ranges } => step(&|found| {
            ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&found))
                != *negated
        }),
        Node::Start => starts.iter().copied().filter(|at| *at == 0).collect(),
        Node::End => starts
            .iter()
            .copied()
            .filter(|at| *at == text.len())
            .collect(),
        Node::Sequence(nodes) => nodes
            .iter()
            .fold(starts.clone(), |starts, node| after(node, text, &starts)),
        Node::Choice(nodes) => nodes
            .iter()
            .flat_map(|node| after(node, text, starts))
            .collect(),
        Node::Repeat { node, least, many } => repeated(node, *least, *many, text, starts),
    }
}

fn repeated(
    node: &Node,
    least: usize,
    many: bool,
    text: &[u8],
    starts: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let once = after(node, text, starts);
    let mut all = if least == 0 {
        starts.clone()
    } else {
        BTreeSet::new()
    };
    let mut new: BTreeSet<usize> = once.difference(&all).copied().collect();
    while !new.is_empty() {
        all.extend(&new);
        if !many {
            break;
        }
        new = after(node, text, &new).difference(&all).copied().collect();
    }
    all
}

fn choice(rest: &mut &[u8]) -> Node {
    let mut choices = vec![sequence(rest)];
    while rest.first() == Some(&b'|') {
        *rest = &rest[1..];
        choices.push(sequence(rest));
    }
    Node::Choice(choices)
}

fn sequence(rest: &mut &[u8]) -> Node {
    let mut nodes = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        if matches!(first, b'|' | b')') {
            break;
        }
        *rest = after;
        let node = match first {
            b'^' => Node::Start,
            b'$' => Node::End,
            b'.' => panic!("a dot means different things to different engines"),
            b'*' | b'+' | b'?' => {
                let node = Box::new(nodes.pop().expect("something to repeat"));
                let (least, many) = (usize::from(*first == b'+'), *first != b'?');
                Node::Repeat { node, least, many }
            }
            b'(' => {
                let node = choice(rest);
                assert_eq!(rest.first(), Some(&b')'), "a bracket stays open");
                *rest = &rest[1..];
                node
            }
            b'[' => class(rest),
            b'\\' => {
                let taken = rest[0];
                assert!(
                    taken.is_ascii_punctuation(),
                    "\\{} is not known",
                    char::from(taken)
                );
                *rest = &rest[1..];
                Node::Byte(taken)
            }
            b']' | b'{' | b'}' => panic!("{} is not known", char::from(*first)),
            byte => Node::Byte(*byte),
        };
        nodes.push(node);
    }
    Node::Sequence(nodes)
}

fn class(rest: &mut &[u8]) -> Node {
    let negated = rest[0] == b'^';
    let mut at = usize::from(negated);
    let mut ranges = Vec::new();
    while rest[at] != b']' {
        let from = rest[at];
        assert!(
            from.is_ascii() && !b"\\^[".contains(&from),
            "not in a class"
        );
        if rest[at + 1] == b'-' && rest[at + 2] != b']' {
            ranges.push((from, rest[at + 2]));
            at += 3;
        } else {
            ranges.push((from, from));
            at += 1;
        }
    }
    *rest = &rest[at + 1..];
    Node::Class { negated, ranges }
}

#[test]
fn expressions_match_as_they_are_read() {
    for (expression, yes, no) in [
        ("^/a(/|$)", &["/a", "/a/b"][..], &["/ab", "/b/a"][..]),
        (
            "^/a/([^/]+/)*\\.[gG]$",
            &["/a/.g", "/a/b/c/.G"],
            &["/a/xg", "/a/.g/x", "/a//.g"],
        ),
        ("(ab|c)+$", &["xab", "cab"], &["abx", ""]),
        ("^a?b*$", &["", "a", "bbb", "ab"], &["aa", "ba"]),
        ("^[a-c-]+$", &["a-c"], &["d", ""]),
        ("^\u{e9}$", &["\u{e9}"], &["e"]),
    ] {
        let expression = Expression::new(expression);
        for text in yes {
            assert!(expression.finds(text), "{expression:?} {text}");
        }
        for text in no {
            assert!(!expression.finds(text), "{expression:?} {text}");
        }
    }
}
