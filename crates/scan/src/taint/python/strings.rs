//! Text of Python: prefixes, escapes and what is put in between.

use tree_sitter::Node;

use crate::taint::ir::{Const, Expr, ExprKind};

use super::{Lower, expr, named_children};

impl Lower<'_> {
    pub(super) fn string(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts: Vec<Expr> = Vec::new();
        let mut text = String::new();
        let mut prefix = String::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            match child.kind() {
                "string_start" => prefix = self.text_of(child).to_ascii_lowercase(),
                "string_content" => {
                    let raw = self.text_of(child);
                    if prefix.contains('r') {
                        text.push_str(raw);
                    } else {
                        unescape(raw, &mut text);
                    }
                }
                "escape_interpolation" => {
                    text.push_str(self.text_of(child).get(..1).unwrap_or_default());
                }
                "interpolation" => {
                    if !text.is_empty() {
                        parts.push(expr(
                            ExprKind::Const(Const::Str(std::mem::take(&mut text).into())),
                            child,
                        ));
                    }
                    if let Some(value) = self.interpolated(child) {
                        parts.push(value);
                    }
                }
                _ => {}
            }
        }
        if parts.is_empty() {
            let text = text.into();
            return ExprKind::Const(if prefix.contains('b') {
                Const::Bytes(text)
            } else {
                Const::Str(text)
            });
        }
        if !text.is_empty() {
            parts.push(expr(ExprKind::Const(Const::Str(text.into())), node));
        }
        ExprKind::Template(parts)
    }

    fn interpolated(&mut self, node: Node<'_>) -> Option<Expr> {
        let value = node
            .child_by_field_name("expression")
            .or_else(|| named_children(node).first().copied())?;
        Some(self.expr(value))
    }
}

fn unescape(raw: &str, into: &mut String) {
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            into.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => into.push('\n'),
            Some('t') => into.push('\t'),
            Some('r') => into.push('\r'),
            Some('\n') => {}
            Some(c @ ('\\' | '\'' | '"')) => into.push(c),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                into.extend(
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32),
                );
            }
            Some(c) => {
                into.push('\\');
                into.push(c);
            }
            None => into.push('\\'),
        }
    }
}
