//! Arithmetic on constants.

/// Deeper expressions are not computed.
const DEEPEST: usize = 32;

/// The value of an expression of numbers, signs and known variables. Nothing
/// where it is anything else, or where it sets a variable.
pub(crate) fn value(text: &str, variable: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut reader = Reader {
        rest: text,
        variable,
        depth: 0,
    };
    let value = reader.binary(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    variable: &'a dyn Fn(&str) -> Option<i64>,
    depth: usize,
}

/// The operators by how tight they bind, the loosest first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n']);
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Some(left)
    }

    fn operator(&mut self, wanted: &[&'static str]) -> Option<&'static str> {
        self.blanks();
        // The longest operator that stands here is meant.
        let here = LEVELS
            .iter()
            .flat_map(|level| level.iter())
            .filter(|operator| self.rest.starts_with(**operator))
            .max_by_key(|operator| operator.len())?;
        let after = &self.rest[here.len()..];
        let assigns =
            after.starts_with('=') || matches!(*here, "+" | "-") && after.starts_with(here);
        if !wanted.contains(here) || assigns || after.starts_with('*') {
            return None;
        }
        self.rest = after;
        Some(here)
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.blanks();
        let rest = self.rest;
        let first = rest.chars().next()?;
        let value = match first {
            '-' | '+' | '!' | '~' if !rest[1..].starts_with(first) => {
                self.rest = &rest[1..];
                let value = self.unary()?;
                match first {
                    '-' => value.checked_neg()?,
                    '!' => i64::from(value == 0),
                    '~' => !value,
                    _ => value,
                }
            }
            '(' => {
                self.rest = &rest[1..];
                let value = self.binary(0)?;
                self.blanks();
                self.rest = self.rest.strip_prefix(')')?;
                value
            }
            c if c.is_ascii_alphanumeric() || c == '_' => self.atom()?,
            _ => return None,
        };
        self.depth -= 1;
        Some(value)
    }

    fn atom(&mut self) -> Option<i64> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | '@');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        if rest.starts_with('[') {
            return None;
        }
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return (self.variable)(text);
        }
        number(text)
    }
}

/// A number in any of the shell's notations.
pub(crate) fn number(text: &str) -> Option<i64> {
    if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().ok()?;
        return (2..=36)
            .contains(&base)
            .then(|| i64::from_str_radix(digits, base).ok())?;
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok();
    }
    if text.len() > 1 && text.starts_with('0') {
        return i64::from_str_radix(text, 8).ok();
    }
    text.parse().ok()
}

fn apply(operator: &str, left: i64, right: i64) -> Option<i64> {
    Some(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
        ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
        "+" => left.checked_add(right)?,
        "-" => left.checked_sub(right)?,
        "*" => left.checked_mul(right)?,
        "/" => left.checked_div(right)?,
        "%" => left.checked_rem(right)?,
        _ => return None,
    })
}
