//! Literals: what their text means.

/// The text of a string or template without its escapes.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('v') => plain.push('\u{b}'),
            Some('0') => plain.push('\0'),
            Some('x') => plain.extend(hexadecimal(&mut rest, 2)),
            Some('u') => plain.extend(unicode(&mut rest)),
            // A line that goes on.
            Some('\n') | None => {}
            Some(other) => plain.push(other),
        }
    }
    plain
}

fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let Some(braced) = rest.as_str().strip_prefix('{') else {
        return hexadecimal(rest, 4);
    };
    let (digits, after) = braced.split_once('}')?;
    *rest = after.chars();
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

fn hexadecimal(rest: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text = rest.as_str();
    let end = text
        .char_indices()
        .nth(digits)
        .map_or(text.len(), |(at, _)| at);
    let number = u32::from_str_radix(&text[..end], 16).ok()?;
    *rest = text[end..].chars();
    char::from_u32(number)
}

/// The number of a literal, where it is whole and fits.
pub fn whole(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let lower = lower.strip_suffix('n').unwrap_or(&lower);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix).ok();
        }
    }
    lower.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_what_they_mean() {
        for (text, plain) in [
            (r"a\nb", "a\nb"),
            (r"\x41\u0042\u{43}", "ABC"),
            (r"\'\\", "'\\"),
            ("a\\\nb", "ab"),
            (r"\u{zz}\xq", "q"),
            ("\\", ""),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_in_every_base() {
        for (text, number) in [
            ("1_000", Some(1000)),
            ("0xff", Some(255)),
            ("0b11", Some(3)),
            ("10n", Some(10)),
            ("1.5", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
    }
}
