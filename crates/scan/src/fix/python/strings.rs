//! Text that is put together: `"a" + b`, `f"a{b}"`, `"a%s" % b`,
//! `"a{}".format(b)`, as a row of pieces.

use tree_sitter::Node;

use crate::fix::code::{Code, children, field};
use crate::fix::sql::Piece;

/// Text put together of pieces.
pub(super) struct Built<'a> {
    /// The whole expression.
    pub node: Node<'a>,
    pub pieces: Vec<Piece>,
    /// The values among the pieces, in their order, and whether each is text
    /// for certain.
    pub values: Vec<(Node<'a>, bool)>,
    /// What the text begins and ends with: `"`, `'''`.
    quote: String,
    /// What stands before the quote, without `f`.
    prefix: String,
}

/// An expression that puts text together, with at least one value in it.
pub(super) fn built<'a>(code: &Code<'a>, node: Node<'a>) -> Option<Built<'a>> {
    let node = bare(node)?;
    let mut built = Built {
        node,
        pieces: Vec::new(),
        values: Vec::new(),
        quote: String::new(),
        prefix: String::new(),
    };
    built.take(code, node, 0)?;
    built.settle()?;
    let has_value = built
        .pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Value { .. }));
    has_value.then_some(built)
}

/// Without parentheses around it.
fn bare(mut node: Node<'_>) -> Option<Node<'_>> {
    while node.kind() == "parenthesized_expression" {
        node = children(node).into_iter().next()?;
    }
    Some(node)
}

impl<'a> Built<'a> {
    /// The text that these pieces make, as a literal with the same quotes;
    /// nothing where it cannot be written so.
    pub fn literal(&self, text: &str) -> Option<String> {
        let long = self.quote.len() == 3;
        let quote = if long || !has_bare(text, &self.quote) {
            self.quote.as_str()
        } else if self.quote == "\"" && !has_bare(text, "'") {
            "'"
        } else if self.quote == "'" && !has_bare(text, "\"") {
            "\""
        } else {
            return None;
        };
        if long && text.contains(&self.quote) || !long && text.contains('\n') {
            return None;
        }
        Some(format!("{}{quote}{text}{quote}", self.prefix))
    }

    fn take(&mut self, code: &Code<'a>, node: Node<'a>, depth: usize) -> Option<()> {
        if depth > 100 {
            return None;
        }
        match node.kind() {
            "string" => self.string(code, node),
            "concatenated_string" => {
                for each in children(node) {
                    self.string(code, each)?;
                }
                Some(())
            }
            "parenthesized_expression" => {
                let inner = children(node).into_iter().next()?;
                if built(code, inner).is_none() && inner.kind() != "string" {
                    self.value(code, node, false);
                    return Some(());
                }
                self.take(code, inner, depth + 1)
            }
            "binary_operator" => match code.text(field(node, "operator")?) {
                "+" => {
                    self.operand(code, field(node, "left")?, depth)?;
                    self.operand(code, field(node, "right")?, depth)
                }
                "%" => self.percent(code, node, depth),
                _ => None,
            },
            "call" => self.format(code, node),
            _ => None,
        }
    }

    /// What is added to text: text again, or a value that is text.
    fn operand(&mut self, code: &Code<'a>, node: Node<'a>, depth: usize) -> Option<()> {
        let is_text = match node.kind() {
            "string" | "concatenated_string" | "binary_operator" | "parenthesized_expression" => {
                true
            }
            "call" => field(node, "function").is_some_and(|name| {
                let name = code.text(name);
                name.ends_with(".format") && name.starts_with(['"', '\''])
            }),
            _ => false,
        };
        if is_text {
            return self.take(code, node, depth + 1);
        }
        // `str(x)` is what adding needs, and a placeholder or a list does not
        // always.
        self.value(code, node, true);
        Some(())
    }

    fn value(&mut self, code: &Code<'a>, node: Node<'a>, is_text: bool) {
        self.values.push((node, is_text));
        self.pieces.push(Piece::Value {
            source: code.text(node).to_owned(),
            is_text,
        });
    }

    fn string(&mut self, code: &Code<'a>, node: Node<'a>) -> Option<()> {
        let start = children(node)
            .into_iter()
            .find(|node| node.kind() == "string_start")?;
        let start_text = code.text(start);
        let quote = start_text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let prefix: String = start_text[..start_text.len() - quote.len()].to_ascii_lowercase();
        let formatted = prefix.contains('f');
        if prefix.contains('b') {
            return None;
        }
        let prefix = prefix.replace('f', "");
        if self.quote.is_empty() {
            quote.clone_into(&mut self.quote);
            self.prefix = prefix;
        } else if self.prefix != prefix || (self.quote.len() == 3) != (quote.len() == 3) {
            return None;
        }
        for each in children(node) {
            match each.kind() {
                "string_content" => {
                    let text = code.text(each);
                    let text = if formatted {
                        text.replace("{{", "{").replace("}}", "}")
                    } else {
                        text.to_owned()
                    };
                    self.pieces.push(Piece::Text(text));
                }
                "interpolation" => {
                    if field(each, "format_specifier").is_some()
                        || field(each, "type_conversion").is_some()
                    {
                        return None;
                    }
                    self.value(code, field(each, "expression")?, false);
                }
                _ => {}
            }
        }
        Some(())
    }

    /// `"… %s …" % values`
    fn percent(&mut self, code: &Code<'a>, node: Node<'a>, depth: usize) -> Option<()> {
        let before = self.pieces.len();
        self.take(code, bare(field(node, "left")?)?, depth + 1)?;
        let texts = self.pieces.split_off(before);
        let right = bare(field(node, "right")?)?;
        let mut values = match right.kind() {
            "tuple" => children(right),
            "dictionary" => return None,
            _ => vec![right],
        }
        .into_iter();
        for piece in texts {
            let Piece::Text(text) = piece else {
                return None;
            };
            let mut rest = text.as_str();
            while let Some(at) = rest.find('%') {
                self.pieces.push(Piece::Text(rest[..at].to_owned()));
                match rest.as_bytes().get(at + 1)? {
                    b'%' => self.pieces.push(Piece::Text("%".to_owned())),
                    b's' | b'd' | b'i' => self.value(code, values.next()?, false),
                    _ => return None,
                }
                rest = &rest[at + 2..];
            }
            self.pieces.push(Piece::Text(rest.to_owned()));
        }
        values.next().is_none().then_some(())
    }

    /// `"… {} …".format(values)`
    fn format(&mut self, code: &Code<'a>, node: Node<'a>) -> Option<()> {
        let function = field(node, "function").filter(|node| node.kind() == "attribute")?;
        if code.text(field(function, "attribute")?) != "format" {
            return None;
        }
        let call = super::call::Call::of(code, node).filter(|call| !call.spread)?;
        let before = self.pieces.len();
        self.take(code, bare(field(function, "object")?)?, 1)?;
        let texts = self.pieces.split_off(before);
        let mut next = 0;
        for piece in texts {
            let Piece::Text(text) = piece else {
                return None;
            };
            let mut rest = text.as_str();
            while let Some(at) = rest.find(['{', '}']) {
                self.pieces.push(Piece::Text(rest[..at].to_owned()));
                let sign = rest[at..].chars().next()?;
                if rest[at + 1..].starts_with(sign) {
                    self.pieces.push(Piece::Text(sign.to_string()));
                    rest = &rest[at + 2..];
                    continue;
                }
                let end = at + rest[at..].find('}')?;
                let name = rest.get(at + 1..end)?;
                let value = match name.parse::<usize>() {
                    Ok(index) => *call.positional.get(index)?,
                    Err(_) if name.is_empty() => {
                        next += 1;
                        *call.positional.get(next - 1)?
                    }
                    Err(_) => call.keyword(name)?,
                };
                self.value(code, value, false);
                rest = &rest[end + 1..];
            }
            self.pieces.push(Piece::Text(rest.to_owned()));
        }
        Some(())
    }

    /// Joins texts that follow each other. What would mean something else with
    /// other quotes around is none of ours.
    fn settle(&mut self) -> Option<()> {
        if self.quote.is_empty() {
            return None;
        }
        let mut joined: Vec<Piece> = Vec::new();
        for piece in self.pieces.drain(..) {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, Piece::Text(text)) if text.is_empty() => {}
                (_, piece) => joined.push(piece),
            }
        }
        self.pieces = joined;
        Some(())
    }
}

/// Whether a quote stands in text without a backslash before it.
fn has_bare(text: &str, quote: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote.starts_with(c) {
            return true;
        }
    }
    false
}
