//! Text to a syntax tree, within bounds: hostile text neither takes for ever
//! nor makes a tree that overflows the stack of whoever walks it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Language, ParseOptions, ParseState, Parser, Tree};

/// How deep a tree may be nested. Walkers may recurse: the engine's threads
/// have the stack for it.
pub const DEEPEST: usize = 1000;

/// How long one file may take. Ordinary text takes a millisecond for some
/// thousand lines; what meets this limit was written to do so.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tree of a text, or why there is none.
pub fn parse(text: &str, grammar: &Language) -> Result<Tree, String> {
    let mut parser = Parser::new();
    parser
        .set_language(grammar)
        .map_err(|error| format!("the grammar cannot be used: {error}"))?;
    let begun = Instant::now();
    let mut in_time = |_: &ParseState| {
        if begun.elapsed() < PATIENCE {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let bytes = text.as_bytes();
    let tree = parser
        .parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut in_time)),
        )
        .ok_or_else(|| format!("parsing took longer than {} s", PATIENCE.as_secs()))?;
    if is_too_deep(&tree) {
        return Err(format!("it is nested deeper than {DEEPEST} levels"));
    }
    Ok(tree)
}

/// Walks without recursion.
fn is_too_deep(tree: &Tree) -> bool {
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        if cursor.goto_first_child() {
            depth += 1;
            if depth > DEEPEST {
                return true;
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
            depth -= 1;
        }
    }
}

/// The lines that do not parse, in a sentence.
pub fn where_it_fails(tree: &Tree) -> String {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return format!("line {} does not parse", node.start_position().row + 1);
        }
        // Down to the first child that has the error in it.
        if !cursor.goto_first_child() {
            return "it does not parse in full".to_owned();
        }
        while !cursor.node().has_error() {
            if !cursor.goto_next_sibling() {
                return "it does not parse in full".to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{GapKind, SourceFile};

    #[test]
    fn what_is_nested_too_deeply_is_not_parsed_and_said() {
        let text = format!("x = {}1{}\n", "(".repeat(5000), ")".repeat(5000));
        let file = SourceFile::of_text("a.py", &text);
        assert!(file.tree().is_none());
        let gap = file.parse_gap().expect("a gap");
        assert_eq!(gap.kind, GapKind::NotParsed);
    }

    #[test]
    fn what_does_not_parse_is_said_with_its_line() {
        let file = SourceFile::of_text("a.py", "x = 1\n\ndef (:\n");
        assert!(file.tree().is_some());
        let gap = file.parse_gap().expect("a gap");
        assert_eq!(
            (gap.kind, gap.why.as_str()),
            (GapKind::ParseErrors, "line 3 does not parse")
        );
        let sound = SourceFile::of_text("a.py", "x = 1\n");
        assert!(sound.tree().is_some());
        assert_eq!(sound.parse_gap(), None);
    }
}
