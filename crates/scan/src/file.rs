//! One file as detectors see it: text in UTF-8, its language, its tree.

mod decode;
mod parse;
mod tests_and_fixtures;

use std::cell::OnceCell;
use std::sync::Arc;

use crate::taint::ir::Module;
use crate::{Gap, GapKind, Language};

pub use tests_and_fixtures::is_test;

/// The most bytes of a file that are read. What is larger is no source text.
pub const LARGEST: u64 = 8 << 20;

/// A file as detectors see it.
#[derive(Debug)]
pub struct SourceFile<'a> {
    /// Its path in the repository, with `/`.
    pub path: &'a str,
    /// Its text. What was UTF-16 or Latin-1 has been read as such; a mark of
    /// the byte order is left out.
    pub text: &'a str,
    /// Its bytes, as they are.
    pub raw: &'a [u8],
    /// What it is written in.
    pub language: Language,
    /// Whether it is a test, a fixture or an example.
    pub is_test: bool,
    tree: OnceCell<Result<tree_sitter::Tree, Gap>>,
    program: OnceCell<Option<Arc<Module>>>,
}

impl<'a> SourceFile<'a> {
    /// A file of this text.
    pub fn new(path: &'a str, text: &'a str, raw: &'a [u8]) -> Self {
        Self {
            path,
            text,
            raw,
            language: Language::of(path, text),
            is_test: is_test(path),
            tree: OnceCell::new(),
            program: OnceCell::new(),
        }
    }

    /// A file of this text, for tests of detectors.
    pub fn of_text(path: &'a str, text: &'a str) -> Self {
        Self::new(path, text, text.as_bytes())
    }

    /// Its syntax tree, parsed when it is first asked for. Nothing where its
    /// language has no grammar here, or where it could not be parsed (the
    /// engine says so in the coverage). The tree is nested no deeper than
    /// [`SourceFile::DEEPEST`], so that it can be walked by recursion.
    pub fn tree(&self) -> Option<&tree_sitter::Tree> {
        let grammar = self.language.grammar()?;
        self.tree
            .get_or_init(|| {
                parse::parse(self.text, &grammar)
                    .map_err(|why| Gap::in_file(self.path, GapKind::NotParsed, why))
            })
            .as_ref()
            .ok()
    }

    /// What it does, as the taint engine reads it: lowered when it is first
    /// asked for. Nothing where there is no front end for its language.
    pub fn program(&self) -> Option<&Arc<Module>> {
        let lower = || crate::taint::lower(self).map(Arc::new);
        self.program.get_or_init(lower).as_ref()
    }

    /// Whether it is a script as tools write them, with hardly a line feed:
    /// names are letters there, and say nothing.
    pub(crate) fn is_minified(&self) -> bool {
        const LONGEST: usize = 5_000;
        // Nobody writes that many characters to a line, line after line.
        const LONG: usize = 200;
        let is_long = || self.text.len() / LONG > self.text.lines().count();
        let has_longest = || self.text.lines().any(|line| line.len() > LONGEST);
        matches!(self.language, Language::JavaScript | Language::Css)
            && (has_longest() || self.text.len() > LONGEST && is_long())
    }

    /// How deep a tree may be nested.
    pub const DEEPEST: usize = parse::DEEPEST;

    /// The line of a number from 1, without its end.
    pub fn line(&self, number: u32) -> Option<&'a str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.text.lines().nth(index)
    }

    /// What parsing left out, if it was parsed.
    pub(crate) fn parse_gap(&self) -> Option<Gap> {
        match self.tree.get()? {
            Err(gap) => Some(gap.clone()),
            Ok(tree) if tree.root_node().has_error() => Some(Gap::in_file(
                self.path,
                GapKind::ParseErrors,
                parse::where_it_fails(tree),
            )),
            Ok(_) => None,
        }
    }
}

/// The text of a file, or why it is none.
pub fn text_of(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, GapKind> {
    decode::decode(bytes).ok_or(GapKind::Binary)
}
