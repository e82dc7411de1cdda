//! File name patterns: `*`, `?`, `[…]` and what is escaped.

/// A longer pattern or text is not matched: the answer is then yes.
const LONGEST: usize = 4096;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Glob {
    Char(char),
    Any,
    Many,
    /// The ranges of a bracket, and whether they are excluded.
    Class(Vec<(char, char)>, bool),
}

/// Reads characters, each with whether it is meant as it is.
pub(crate) fn parse(chars: &[(char, bool)]) -> Vec<Glob> {
    let mut globs = Vec::new();
    let mut at = 0;
    while let Some((c, literal)) = chars.get(at).copied() {
        at += 1;
        globs.push(match c {
            '*' if !literal => Glob::Many,
            '?' if !literal => Glob::Any,
            '[' if !literal => match class(&chars[at..]) {
                Some((class, length)) => {
                    at += length;
                    class
                }
                None => Glob::Char(c),
            },
            c => Glob::Char(c),
        });
    }
    globs
}

/// Reads a pattern in which a backslash stands before what is meant as it is.
pub(crate) fn parse_escaped(text: &str) -> Vec<Glob> {
    let mut chars = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => chars.extend(rest.next().map(|c| (c, true))),
            c => chars.push((c, false)),
        }
    }
    parse(&chars)
}

/// A bracket after its opening, and its length.
fn class(chars: &[(char, bool)]) -> Option<(Glob, usize)> {
    let negated = matches!(chars.first(), Some(('!' | '^', false)));
    let start = usize::from(negated);
    let mut at = start;
    let mut ranges = Vec::new();
    loop {
        let (c, literal) = *chars.get(at)?;
        if c == ']' && !literal && at > start {
            return Some((Glob::Class(ranges, negated), at + 1));
        }
        if c == '[' && matches!(chars.get(at + 1), Some((':' | '.' | '=', _))) {
            let sign = chars[at + 1].0;
            let rest = &chars[at + 2..];
            let end = rest
                .windows(2)
                .position(|pair| pair[0].0 == sign && pair[1].0 == ']')?;
            let name: String = rest[..end].iter().map(|(c, _)| *c).collect();
            ranges.extend_from_slice(named(&name));
            at += end + 4;
            continue;
        }
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some(('-', false)), Some((last, _))) if *last != ']' => {
                ranges.push((c, *last));
                at += 3;
            }
            _ => {
                ranges.push((c, c));
                at += 1;
            }
        }
    }
}

fn named(name: &str) -> &'static [(char, char)] {
    match name {
        "alpha" => &[('a', 'z'), ('A', 'Z')],
        "digit" => &[('0', '9')],
        "lower" => &[('a', 'z')],
        "upper" => &[('A', 'Z')],
        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
        "xdigit" => &[('a', 'f'), ('A', 'F'), ('0', '9')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        _ => &[('\0', '\u{10ffff}')],
    }
}

/// Whether a pattern is all of a text.
pub(crate) fn matches(pattern: &[Glob], text: &[char]) -> bool {
    if pattern.len() > LONGEST || text.len() > LONGEST {
        return true;
    }
    // The classic: go back to the last star only.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&Glob::Many) {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|glob| one(glob, text[t])) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|glob| *glob == Glob::Many)
}

fn one(glob: &Glob, c: char) -> bool {
    match glob {
        Glob::Char(wanted) => *wanted == c,
        Glob::Any => true,
        Glob::Many => false,
        Glob::Class(ranges, negated) => {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&c))
                != *negated
        }
    }
}

/// Whether what a file name pattern yields may be `path`, or lie below it. In
/// the pattern a backslash stands before what is meant as it is.
pub fn may_be_below(pattern: &str, path: &str) -> bool {
    let mut patterns = pattern.split('/');
    path.split('/').all(|part| {
        patterns.next().is_some_and(|pattern| {
            let text: Vec<char> = part.chars().collect();
            // A leading dot is not found by a sign.
            let hidden = part.starts_with('.') && !pattern.starts_with(['.', '\\']);
            !hidden && matches(&parse_escaped(pattern), &text)
        })
    })
}

/// Whether a path may be what a pattern yields: a star takes no slash.
pub(crate) fn matches_path(pattern: &str, path: &str) -> bool {
    let patterns: Vec<&str> = pattern.split('/').collect();
    let parts: Vec<&str> = path.split('/').collect();
    patterns.len() == parts.len()
        && patterns.iter().zip(&parts).all(|(pattern, part)| {
            let text: Vec<char> = part.chars().collect();
            matches(&parse_escaped(pattern), &text)
        })
}
