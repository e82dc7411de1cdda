//! How long an expression may take on the worst text, read from the expression.
//!
//! It is made into an automaton with one state for each character class in it
//! (Glushkov's). The time is exponential where a loop can read some word in
//! two ways, and polynomial where two loops after each other can read the same
//! word and what is between them, too. Both need a way to fail afterwards.

/// How the time grows with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    Linear,
    Polynomial,
    Exponential,
}

/// Classes in one expression. What has more is not looked at.
const MAX_STATES: usize = 160;
/// Steps in all searches over one expression.
const MAX_STEPS: usize = 60_000;
/// Groups in each other.
const MAX_DEPTH: usize = 40;
/// How often a counted repeat is written out.
const MAX_COPIES: u32 = 3;

/// What an expression of JavaScript costs: its text with delimiters and flags.
pub(super) fn cost_of_literal(text: &str) -> Cost {
    let Some((body, flags)) = text
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return Cost::Linear;
    };
    cost(body, flags.contains('i'), !flags.contains('y'))
}

/// What an expression costs; `anywhere` where it is tried from each place.
fn cost(pattern: &str, any_case: bool, anywhere: bool) -> Cost {
    let mut parser = Parser {
        chars: pattern.chars().peekable(),
        any_case,
        depth: 0,
    };
    let node = parser.alternatives();
    let mut automaton = Automaton::default();
    if anywhere {
        automaton.state(Chars::ANY);
        automaton.link(&[0], &[0]);
    }
    let Some(part) = automaton.add(&node) else {
        return Cost::Linear;
    };
    if anywhere {
        automaton.link(&[0], &part.first);
    }
    for state in &part.last {
        automaton.accepts[*state] = true;
    }
    automaton.cost()
}

/// A set of characters, of which all beyond ASCII are one, and the two ends of
/// the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Chars {
    ascii: u128,
    marks: u8,
}

const OTHER: u8 = 1;
const BEGIN: u8 = 2;
const END: u8 = 4;

impl Chars {
    const ANY: Self = Self {
        ascii: u128::MAX,
        marks: OTHER,
    };

    fn and(self, other: Self) -> Self {
        Self {
            ascii: self.ascii & other.ascii,
            marks: self.marks & other.marks,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            marks: self.marks | other.marks,
        }
    }

    fn not(self) -> Self {
        Self {
            ascii: !self.ascii,
            marks: !self.marks & OTHER,
        }
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn range(from: char, to: char) -> Self {
        let mut set = Self::default();
        for code in u32::from(from)..=u32::from(to).min(127) {
            set.ascii |= 1 << code;
        }
        if u32::from(to) > 127 {
            set.marks = OTHER;
        }
        set
    }

    fn one(c: char) -> Self {
        Self::range(c, c)
    }

    fn of(text: &str) -> Self {
        text.chars()
            .fold(Self::default(), |set, c| set.or(Self::one(c)))
    }

    /// `\d`, `\s`, `\w` and what is not in them.
    fn class(letter: char) -> Option<Self> {
        let digits = Self::range('0', '9');
        let spaces = Self::of(" \t\n\r\u{b}\u{c}");
        let words = digits
            .or(Self::range('a', 'z'))
            .or(Self::range('A', 'Z'))
            .or(Self::one('_'));
        Some(match letter {
            'd' => digits,
            'D' => digits.not(),
            's' => spaces,
            'S' => spaces.not(),
            'w' => words,
            'W' => words.not(),
            _ => return None,
        })
    }

    fn in_any_case(self) -> Self {
        let letters = |from: char| (0x03ff_ffff_u128) << u32::from(from);
        let (upper, lower) = (self.ascii & letters('A'), self.ascii & letters('a'));
        Self {
            ascii: self.ascii | (upper << 32) | (lower >> 32),
            marks: self.marks,
        }
    }
}

/// A part of an expression.
#[derive(Debug)]
enum Node {
    Empty,
    Set(Chars),
    All(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

struct Parser<'p> {
    chars: std::iter::Peekable<std::str::Chars<'p>>,
    any_case: bool,
    depth: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Node {
        self.depth += 1;
        let mut all = Vec::new();
        let mut parts = Vec::new();
        while let Some(c) = self.chars.peek().copied() {
            match c {
                ')' if self.depth > 1 => break,
                '|' => {
                    self.chars.next();
                    all.push(Node::All(std::mem::take(&mut parts)));
                }
                _ => {
                    let part = self.atom();
                    parts.push(self.repeated(part));
                }
            }
        }
        self.depth -= 1;
        all.push(Node::All(parts));
        match all.len() {
            1 => all.swap_remove(0),
            _ => Node::Either(all),
        }
    }

    fn set(&self, chars: Chars) -> Node {
        Node::Set(if self.any_case {
            chars.in_any_case()
        } else {
            chars
        })
    }

    fn atom(&mut self) -> Node {
        match self.chars.next().unwrap_or_default() {
            '^' => Node::Set(Chars {
                ascii: 0,
                marks: BEGIN,
            }),
            '$' => Node::Set(Chars {
                ascii: 0,
                marks: END,
            }),
            '.' => self.set(Chars::of("\n\r").not()),
            '[' => {
                let set = self.bracket();
                self.set(set)
            }
            '(' => self.group(),
            '\\' => match self.escaped() {
                Some(set) => self.set(set),
                None => Node::Empty,
            },
            c => self.set(Chars::one(c)),
        }
    }

    fn group(&mut self) -> Node {
        let mut looks = false;
        if self.chars.peek() == Some(&'?') {
            self.chars.next();
            match self.chars.next() {
                Some('=' | '!') => looks = true,
                // `(?<=`, `(?<!` look behind, `(?<name>` does not.
                Some('<') => match self.chars.peek() {
                    Some('=' | '!') => {
                        self.chars.next();
                        looks = true;
                    }
                    _ => while self.chars.next().is_some_and(|c| c != '>') {},
                },
                _ => {}
            }
        }
        if self.depth >= MAX_DEPTH {
            // Too deep: nothing is said of the rest.
            while self.chars.next().is_some() {}
            return Node::Empty;
        }
        let inner = self.alternatives();
        self.chars.next();
        if looks { Node::Empty } else { inner }
    }

    /// What follows a backslash; none for what reads nothing.
    fn escaped(&mut self) -> Option<Chars> {
        let c = self.chars.next()?;
        if let Some(class) = Chars::class(c) {
            return Some(class);
        }
        Some(match c {
            'b' | 'B' | '1'..='9' | 'k' => return None,
            'n' => Chars::one('\n'),
            'r' => Chars::one('\r'),
            't' => Chars::one('\t'),
            'f' => Chars::one('\u{c}'),
            'v' => Chars::one('\u{b}'),
            '0' => Chars::one('\0'),
            'x' => self.code(2),
            'u' => self.code(4),
            'c' => {
                self.chars.next();
                Chars::one('\u{1}')
            }
            'p' | 'P' => {
                while self.chars.next().is_some_and(|c| c != '}') {}
                Chars::ANY
            }
            other => Chars::one(other),
        })
    }

    fn code(&mut self, digits: usize) -> Chars {
        let mut number = 0;
        for _ in 0..digits {
            let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(16)) else {
                break;
            };
            number = number * 16 + digit;
            self.chars.next();
        }
        char::from_u32(number).map_or(Chars::ANY, Chars::one)
    }

    fn bracket(&mut self) -> Chars {
        let negated = self.chars.peek() == Some(&'^');
        if negated {
            self.chars.next();
        }
        let mut set = Chars::default();
        let mut last: Option<char> = None;
        while let Some(c) = self.chars.next() {
            match c {
                ']' => break,
                '\\' => {
                    let plain = self.chars.peek().copied();
                    // In a class it is the character.
                    let chars = match plain {
                        Some('b') => {
                            self.chars.next();
                            Chars::one('\u{8}')
                        }
                        _ => self.escaped().unwrap_or_default(),
                    };
                    set = set.or(chars);
                    last = plain.filter(|c| !c.is_ascii_alphanumeric());
                }
                '-' if last.is_some() && self.chars.peek().is_some_and(|c| *c != ']') => {
                    let mut to = self.chars.next().unwrap_or_default();
                    if to == '\\' {
                        to = match self.chars.peek() {
                            Some('u' | 'x') => {
                                let _ = self.escaped();
                                '\u{ffff}'
                            }
                            _ => self.chars.next().unwrap_or_default(),
                        };
                    }
                    set = set.or(Chars::range(last.unwrap_or(to), to));
                    last = None;
                }
                c => {
                    set = set.or(Chars::one(c));
                    last = Some(c);
                }
            }
        }
        if negated { set.not() } else { set }
    }

    fn repeated(&mut self, part: Node) -> Node {
        let (least, most) = match self.chars.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.bounds() {
                Some(bounds) => bounds,
                None => return part,
            },
            _ => return part,
        };
        if !matches!(self.chars.peek(), Some('*' | '+' | '?')) {
            // `{2,3}` is taken already.
        } else {
            self.chars.next();
        }
        // As few as possible: that changes nothing where it fails.
        if self.chars.peek() == Some(&'?') {
            self.chars.next();
        }
        Node::Repeat(Box::new(part), least, most)
    }

    /// `{2,3}`, and past it; nothing where it is text.
    fn bounds(&mut self) -> Option<(u32, Option<u32>)> {
        let ahead: String = self.chars.clone().take(16).collect();
        let inner = ahead.strip_prefix('{')?.split_once('}')?.0;
        let (least, most) = match inner.split_once(',') {
            Some((least, "")) => (least.parse().ok()?, None),
            Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            None => {
                let exactly = inner.parse().ok()?;
                (exactly, Some(exactly))
            }
        };
        for _ in 0..inner.chars().count() + 2 {
            self.chars.next();
        }
        Some((least, most))
    }
}

/// States, and which may follow which.
#[derive(Default)]
struct Automaton {
    reads: Vec<Chars>,
    follow: Vec<Vec<usize>>,
    /// Pairs that follow each other in two ways.
    twice: Vec<(usize, usize)>,
    accepts: Vec<bool>,
    group: Vec<usize>,
    steps: usize,
}

/// Where a part begins and ends, and whether it may be left out.
#[derive(Clone, Default)]
struct Part {
    first: Vec<usize>,
    last: Vec<usize>,
    empty: bool,
}

impl Automaton {
    fn state(&mut self, reads: Chars) -> usize {
        self.reads.push(reads);
        self.follow.push(Vec::new());
        self.accepts.push(false);
        self.reads.len() - 1
    }

    fn link(&mut self, from: &[usize], to: &[usize]) {
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

    fn add(&mut self, node: &Node) -> Option<Part> {
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
        let mut all = Part {
            empty: true,
            ..Part::default()
        };
        for copy in 0..copies {
            let mut next = self.add(inner)?;
            if most.is_none() && copy + 1 == copies {
                self.link(&next.last.clone(), &next.first.clone());
            }
            next.empty |= copy >= least;
            all = self.then(all, next);
        }
        Some(all)
    }

    fn cost(&mut self) -> Cost {
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
        (0..count * count).any(|pair| {
            pair / count != pair % count && in_diagonal[pairs[pair]]
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_cost_what_they_do() {
        use Cost::{Exponential, Linear, Polynomial};
        for (pattern, cost) in [
            ("/^(a+)+$/", Exponential),
            ("/^(a|a)*$/", Exponential),
            ("/^(a*b*)*c/", Exponential),
            ("/^(([a-z])+.)+[A-Z]$/", Exponential),
            ("/^(\\w+\\s?)*$/", Exponential),
            ("/^(?:[^\"\\\\]|\\\\.)*$/", Linear),
            ("/\\s+$/", Polynomial),
            ("/^\\s*a?\\s*$/", Polynomial),
            ("/^ *, *$/", Linear),
            (" *, *", Linear),
            ("/ *, */", Polynomial),
            ("/^a*b*$/", Linear),
            ("/^[a-z]+$/", Linear),
            ("/[a-z]+/g", Linear),
            ("/a+b/", Polynomial),
            ("/^\\d{1,3}(\\.\\d{1,3})*$/", Linear),
            ("/^.*;.*$/", Polynomial),
            ("/[^/]+\\//", Polynomial),
            ("/(/", Linear),
            ("/[/", Linear),
            ("/a{2,/", Linear),
        ] {
            assert_eq!(cost_of_literal(pattern), cost, "{pattern}");
        }
    }
}
