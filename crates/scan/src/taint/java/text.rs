//! Literals: what their text means.

/// The text of a string or character literal, unescaped.
pub fn unquoted(text: &str) -> String {
    if let Some(block) = text
        .strip_prefix("\"\"\"")
        .and_then(|rest| rest.strip_suffix("\"\"\""))
    {
        return unescaped(&dedented(block));
    }
    let mut inner = text.chars();
    inner.next();
    inner.next_back();
    unescaped(inner.as_str())
}

/// A text block begins on the line after its quotes, and its common margin is
/// none of it.
fn dedented(block: &str) -> String {
    let body = block.split_once('\n').map_or(block, |(_, body)| body);
    let margin = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = body
        .split('\n')
        .map(|line| line.get(margin..).unwrap_or(line.trim_start()))
        .collect();
    lines.join("\n")
}

fn unescaped(text: &str) -> String {
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
            Some('s') => plain.push(' '),
            Some('u') => {
                let digits: String = rest
                    .as_str()
                    .trim_start_matches('u')
                    .chars()
                    .take(4)
                    .collect();
                let skipped = rest.as_str().len() - rest.as_str().trim_start_matches('u').len();
                plain.extend(
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32),
                );
                for _ in 0..skipped + digits.chars().count() {
                    rest.next();
                }
            }
            Some(digit @ '0'..='7') => plain.push(octal(digit, &mut rest)),
            Some('\n') | None => {}
            Some(other) => plain.push(other),
        }
    }
    plain
}

fn octal(first: char, rest: &mut std::str::Chars<'_>) -> char {
    let mut number = first.to_digit(8).unwrap_or(0);
    while let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(8))
        && number * 8 + digit <= 0o377
    {
        number = number * 8 + digit;
        rest.next();
    }
    char::from_u32(number).unwrap_or_default()
}

/// The number of a literal, where it is whole and fits.
pub fn whole(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let lower = lower.strip_suffix('l').unwrap_or(&lower);
    for (prefix, radix) in [("0x", 16), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix).ok();
        }
    }
    match lower.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
        _ => lower.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_it_means() {
        for (text, plain) in [
            (r#""a\n\t\"""#, "a\n\t\""),
            (r#""\u0041\uu0042\101""#, "ABA"),
            ("'x'", "x"),
            ("\"\"\"\n    a\n      b\n    \"\"\"", "a\n  b\n"),
            (r#""\""#, ""),
            ("\"", ""),
        ] {
            assert_eq!(unquoted(text), plain, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_in_every_base() {
        for (text, number) in [
            ("1_000L", Some(1000)),
            ("0xff", Some(255)),
            ("017", Some(15)),
            ("0", Some(0)),
            ("1.5f", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
    }
}
