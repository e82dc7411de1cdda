//! Text that is put together: `"a" + b` and `` `a${b}` ``, as a row of pieces.

use tree_sitter::Node;

use crate::fix::code::{Code, children, field};
use crate::fix::sql::Piece;

/// Text put together of pieces.
pub(super) struct Built<'a> {
    /// The whole expression.
    pub node: Node<'a>,
    pub pieces: Vec<Piece>,
    /// The values among the pieces, in their order.
    pub values: Vec<Node<'a>>,
    quote: char,
}

/// An expression that puts text together, with at least one value in it.
pub(super) fn built<'a>(code: &Code<'a>, node: Node<'a>) -> Option<Built<'a>> {
    let mut built = Built {
        node,
        pieces: Vec::new(),
        values: Vec::new(),
        quote: '\0',
    };
    built.take(code, node, 0)?;
    let is_text = built.quote != '\0';
    let mut joined: Vec<Piece> = Vec::new();
    for piece in built.pieces.drain(..) {
        match (joined.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, Piece::Text(text)) if text.is_empty() => {}
            (_, piece) => joined.push(piece),
        }
    }
    built.pieces = joined;
    (is_text && !built.values.is_empty()).then_some(built)
}

impl<'a> Built<'a> {
    /// The text that these pieces make, as a literal; nothing where it cannot
    /// be written so.
    pub fn literal(&self, text: &str) -> Option<String> {
        let fits = |quote: char| {
            let special = quote == '`' && text.contains("${");
            !text.contains(quote) && !special && (quote == '`' || !text.contains('\n'))
        };
        // Without values a template is plain text.
        let first = if self.quote == '`' { '"' } else { self.quote };
        let quote = [first, '"', '\'', '`']
            .into_iter()
            .find(|quote| fits(*quote))?;
        Some(format!("{quote}{text}{quote}"))
    }

    fn take(&mut self, code: &Code<'a>, node: Node<'a>, depth: usize) -> Option<()> {
        if depth > 100 {
            return None;
        }
        match node.kind() {
            "string" | "template_string" => self.string(code, node),
            "parenthesized_expression" if depth == 0 => {
                self.take(code, children(node).into_iter().next()?, depth + 1)
            }
            "binary_expression" if code.text(field(node, "operator")?) == "+" => {
                self.take(code, field(node, "left")?, depth + 1)?;
                self.take(code, field(node, "right")?, depth + 1)
            }
            // Numbers alone are added, and not put together.
            _ if depth > 0 => {
                self.value(code, node);
                Some(())
            }
            _ => None,
        }
    }

    fn value(&mut self, code: &Code<'a>, node: Node<'a>) {
        self.values.push(node);
        self.pieces.push(Piece::Value {
            source: code.text(node).to_owned(),
            is_text: false,
        });
    }

    fn string(&mut self, code: &Code<'a>, node: Node<'a>) -> Option<()> {
        if self.quote == '\0' {
            self.quote = code.text(node).chars().next()?;
        }
        let mut at = node.start_byte() + 1;
        let text = |from: usize, to: usize| code.file.text.get(from..to).map(str::to_owned);
        for each in children(node) {
            if each.kind() == "template_substitution" {
                self.pieces.push(Piece::Text(text(at, each.start_byte())?));
                self.value(code, children(each).into_iter().next()?);
                at = each.end_byte();
            }
        }
        self.pieces
            .push(Piece::Text(text(at, node.end_byte().checked_sub(1)?)?));
        Some(())
    }
}

/// What one placeholder or one argument stands for, as an expression.
pub(super) fn one_value(pieces: &[Piece]) -> Option<String> {
    if let [Piece::Value { source, .. }] = pieces {
        return Some(source.clone());
    }
    let mut text = String::from("`");
    for piece in pieces {
        match piece {
            Piece::Text(part) if part.contains(['`', '\\']) || part.contains("${") => return None,
            Piece::Text(part) => text.push_str(part),
            Piece::Value { source, .. } => {
                text.push_str("${");
                text.push_str(source);
                text.push('}');
            }
        }
    }
    text.push('`');
    Some(text)
}
