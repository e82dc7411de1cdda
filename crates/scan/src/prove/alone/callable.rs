//! Which function a finding is about: the one whose parameter its data is.

use std::path::Path;

use super::super::payloads::Language;
use crate::file::LARGEST;
use crate::taint::ir::{Function, ParamKind, Stmt, StmtKind};
use crate::taint::visit::statements;
use crate::{Finding, SourceFile};

/// The most parameters that are tried.
const PARAMETERS: usize = 6;

/// A function that can be called from outside of its file.
#[derive(Debug, PartialEq)]
pub(super) struct Callable {
    /// The file, in the project.
    pub path: String,
    /// `function` or `Class.method`.
    pub name: String,
    /// Its parameters in order, without the receiver.
    pub parameters: Vec<String>,
}

/// The language whose runtime calls a file's functions.
pub(super) fn language(path: &str) -> Option<Language> {
    match path.rsplit_once('.')?.1 {
        "py" => Some(Language::Python),
        "js" | "cjs" => Some(Language::JavaScript),
        _ => None,
    }
}

impl Callable {
    pub fn of(project: &Path, finding: &Finding) -> Result<Self, &'static str> {
        let first = finding.steps.first();
        let (path, line) = first.map_or((&finding.path, finding.line), |step| {
            (&step.path, step.line)
        });
        let text = read(project, path).ok_or("its file could not be read")?;
        let file = SourceFile::of_text(path, &text);
        let program = file.program().ok_or("its file could not be parsed")?;
        let mut found = None;
        find(&program.body, None, line, &mut found);
        let mut callable: Self =
            found.ok_or("it is in no function that can be called by itself")?;
        callable.path.clone_from(path);
        if callable.parameters.is_empty() {
            return Err("its function takes nothing");
        }
        Ok(callable)
    }
}

/// The text of a file of the project, if it is one.
fn read(project: &Path, path: &str) -> Option<String> {
    let path = project.join(path).canonicalize().ok()?;
    if !path.starts_with(project) || path.metadata().ok()?.len() > LARGEST {
        return None;
    }
    String::from_utf8(std::fs::read(path).ok()?).ok()
}

/// Functions in functions cannot be called from outside: they are not looked
/// at.
fn find(body: &[Stmt], class: Option<&str>, line: u32, found: &mut Option<Callable>) {
    statements(body, &mut |stmt| match &stmt.kind {
        StmtKind::Function(function)
            if (function.span.line..=function.span.end_line).contains(&line) =>
        {
            *found = Some(callable(function, class));
        }
        StmtKind::Class(inner) if class.is_none() => {
            find(&inner.body, Some(&inner.name), line, found);
        }
        _ => {}
    });
}

fn callable(function: &Function, class: Option<&str>) -> Callable {
    let is_receiver = |name: &str| class.is_some() && matches!(name, "self" | "cls");
    let parameters = function
        .params
        .iter()
        .filter(|param| param.kind == ParamKind::One && !is_receiver(&param.name))
        .take(PARAMETERS)
        .map(|param| param.name.to_string())
        .collect();
    let name = match class {
        Some(class) => format!("{class}.{}", function.name),
        None => function.name.to_string(),
    };
    Callable {
        path: String::new(),
        name,
        parameters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
def plain(a, b=1, *rest, **named):
    return a

class Shop:
    def find(self, name):
        def inner(x):
            return x
        return inner(name)
";

    fn at(line: u32) -> Option<Callable> {
        let file = SourceFile::of_text("a.py", TEXT);
        let mut found = None;
        find(&file.program()?.body, None, line, &mut found);
        found
    }

    #[test]
    fn a_function_is_found_by_its_lines() {
        let plain = at(3).expect("it");
        assert_eq!(
            (&*plain.name, &*plain.parameters),
            ("plain", &["a".to_owned(), "b".to_owned()][..])
        );
        let method = at(8).expect("it");
        assert_eq!(
            (&*method.name, &*method.parameters),
            ("Shop.find", &["name".to_owned()][..])
        );
        assert_eq!(at(1), None);
    }
}
