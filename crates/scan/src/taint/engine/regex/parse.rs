//! Reads an expression of JavaScript.

/// Groups in each other.
const MAX_DEPTH: usize = 40;

/// A set of characters, of which all beyond ASCII are one, and the two ends of
/// the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chars {
    pub(super) ascii: u128,
    pub(super) marks: u8,
}

const OTHER: u8 = 1;
const BEGIN: u8 = 2;
const END: u8 = 4;

impl Chars {
    pub(super) const ANY: Self = Self {
        ascii: u128::MAX,
        marks: OTHER,
    };

    pub(super) fn and(self, other: Self) -> Self {
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

    pub(super) fn is_empty(self) -> bool {
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

    /// The character, where it is one.
    fn single(self) -> Option<char> {
        let is_one = self.marks == 0 && self.ascii.is_power_of_two();
        let code = is_one.then(|| self.ascii.trailing_zeros())?;
        char::from_u32(code)
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
pub(super) enum Node {
    Empty,
    Set(Chars),
    All(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

pub(super) struct Parser<'p> {
    chars: std::iter::Peekable<std::str::Chars<'p>>,
    any_case: bool,
    depth: usize,
}

impl<'p> Parser<'p> {
    pub(super) fn new(pattern: &'p str, any_case: bool) -> Self {
        Self {
            chars: pattern.chars().peekable(),
            any_case,
            depth: 0,
        }
    }

    pub(super) fn alternatives(&mut self) -> Node {
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
                    last = chars.single();
                }
                '-' if last.is_some() && self.chars.peek().is_some_and(|c| *c != ']') => {
                    let mut to = self.chars.next().unwrap_or_default();
                    if to == '\\' {
                        let chars = self.escaped().unwrap_or_default();
                        to = chars.single().unwrap_or('\u{ffff}');
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
        // `{2,3}` is taken already.
        if matches!(self.chars.peek(), Some('*' | '+' | '?')) {
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
