//! Compares versions as npm, Cargo and Python do, as far as advisories need.

use std::cmp::Ordering;

/// One part of a version.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Number(u64),
    /// Before the version itself: a preview.
    Before(String),
    /// After it: `post1`.
    After,
}

/// The order of two versions; nothing where one is none.
pub(super) fn compare(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (parts(one)?, parts(other)?);
    let ((one, one_tail), (other, other_tail)) = (divided(&one), divided(&other));
    let mut order = one.cmp(other);
    for index in 0..one_tail.len().max(other_tail.len()) {
        order = order.then_with(|| self::order(one_tail.get(index), other_tail.get(index)));
    }
    Some(order)
}

/// The numbers of the release without zeros at their end, and what follows:
/// `1.0.0-rc1` and `1.0rc1` are one version.
fn divided(parts: &[Part]) -> (&[Part], &[Part]) {
    let is_number = |part: &Part| matches!(part, Part::Number(_));
    let end = parts
        .iter()
        .position(|part| !is_number(part))
        .unwrap_or(parts.len());
    let zeros = parts[..end]
        .iter()
        .rev()
        .take_while(|part| **part == Part::Number(0))
        .count();
    (&parts[..end - zeros], &parts[end..])
}

fn parts(version: &str) -> Option<Vec<Part>> {
    let version = version.trim().trim_start_matches(['v', '=']);
    // What was built from one source is one version.
    let version = version.split('+').next().unwrap_or(version);
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // `1!2.0`: an epoch of Python's comes before all.
    let (epoch, rest) = version.split_once('!').unwrap_or(("0", version));
    let mut parts = vec![Part::Number(epoch.parse().ok()?)];
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        let mut word = String::new();
        let digits = c.is_ascii_digit();
        while let Some(c) =
            chars.next_if(|c| c.is_ascii_alphanumeric() && c.is_ascii_digit() == digits)
        {
            word.push(c.to_ascii_lowercase());
        }
        match word.as_str() {
            "" => {
                chars.next();
            }
            number if digits => parts.push(Part::Number(number.parse().unwrap_or(u64::MAX))),
            "post" | "r" | "rev" | "sp" | "final" | "ga" => parts.push(Part::After),
            // Shorter words for the same.
            "a" => parts.push(Part::Before("alpha".into())),
            "b" => parts.push(Part::Before("beta".into())),
            "c" | "pre" | "preview" => parts.push(Part::Before("rc".into())),
            // Earlier than any preview.
            "dev" => parts.push(Part::Before(String::new())),
            _ => parts.push(Part::Before(word)),
        }
    }
    Some(parts)
}

fn order(one: Option<&Part>, other: Option<&Part>) -> Ordering {
    let rank = |part: Option<&Part>| match part {
        Some(Part::Before(_)) => 0,
        None | Some(Part::Number(0)) => 1,
        Some(Part::After) => 2,
        Some(Part::Number(_)) => 3,
    };
    match (one, other) {
        (Some(Part::Number(one)), Some(Part::Number(other))) => one.cmp(other),
        (Some(Part::Before(one)), Some(Part::Before(other))) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::compare;

    #[test]
    fn versions_are_in_order() {
        let sorted = [
            "0.9",
            "1.0.dev1",
            "1.0a1",
            "1.0.0-alpha.2",
            "1.0.0-beta",
            "1.0rc1",
            "1.0",
            "1.0.post1",
            "1.0.1",
            "1.2",
            "1.10",
            "2.0.0-rc.1",
            "2.0.0",
            "1!0.1",
        ];
        for pair in sorted.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
        }
        assert_eq!(compare("1.0", "1.0.0"), Some(Ordering::Equal));
        assert_eq!(compare("v1.2+build.5", "1.2"), Some(Ordering::Equal));
        assert_eq!(compare("latest", "1"), None);
    }
}
