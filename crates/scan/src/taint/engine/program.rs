//! All modules of a project, and which of them an import means.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::Language;
use crate::taint::catalogue::{Profile, Sink, profile_of};
use crate::taint::ir::{Import, Module, Stmt, StmtKind};
use crate::taint::visit::last_name;

use super::interp::Interp;
use super::script;
use super::state::State;
use super::value::{Shape, Value};

/// All modules that are looked at together.
pub struct Program {
    modules: Vec<Unit>,
    by_name: HashMap<String, usize>,
    /// By the last parts of a name, where only one module has them.
    by_end: HashMap<String, Option<usize>>,
    sinks: HashMap<Language, HashMap<&'static str, Vec<&'static Sink>>>,
}

/// One module and where it is. Cheap to copy: programs share what it does.
#[derive(Clone)]
pub struct Unit {
    /// Its path in the repository.
    pub path: String,
    /// What it is written in.
    pub language: Language,
    /// What it does.
    pub ir: Arc<Module>,
    pub(super) name: String,
    pub(super) frameworks: Vec<String>,
}

impl Unit {
    /// A module of a file.
    pub fn new(path: &str, language: Language, ir: Arc<Module>) -> Self {
        let mut frameworks = Vec::new();
        imported_names(&ir.body, &mut frameworks, 0);
        frameworks.sort();
        frameworks.dedup();
        Self {
            path: path.to_owned(),
            language,
            ir,
            name: if is_script(language) {
                script::stem(path).to_owned()
            } else {
                dotted(path)
            },
            frameworks,
        }
    }

    /// The names of what its classes extend, where the language declares types.
    pub fn bases(&self) -> Vec<String> {
        if profile_of(self.language).types.is_none() {
            return Vec::new();
        }
        let classes = self.ir.body.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Class(class) => Some(class),
            _ => None,
        });
        classes
            .flat_map(|class| &class.bases)
            .filter_map(|base| last_name(base).map(str::to_owned))
            .collect()
    }

    /// The modules that it imports, as written.
    pub fn imports(&self) -> &[String] {
        &self.frameworks
    }
}

impl Program {
    /// These modules together.
    pub fn new(modules: Vec<Unit>) -> Self {
        let mut by_name = HashMap::new();
        let mut by_end: HashMap<String, Option<usize>> = HashMap::new();
        let mut sinks = HashMap::new();
        for (number, unit) in modules.iter().enumerate() {
            by_name.entry(unit.name.clone()).or_insert(number);
            let mut rest = unit.name.as_str();
            while !is_script(unit.language)
                && let Some((_, after)) = rest.split_once('.')
            {
                by_end
                    .entry(after.to_owned())
                    .and_modify(|known| *known = None)
                    .or_insert(Some(number));
                rest = after;
            }
            sinks
                .entry(unit.language)
                .or_insert_with(|| profile_of(unit.language).index());
        }
        Self {
            modules,
            by_name,
            by_end,
            sinks,
        }
    }

    /// The module of this path.
    pub fn named(&self, path: &str) -> Option<usize> {
        self.modules.iter().position(|unit| unit.path == path)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    pub(super) fn module(&self, number: usize) -> &Unit {
        &self.modules[number]
    }

    pub(super) fn path(&self, number: usize) -> &str {
        &self.modules[number].path
    }

    pub(super) fn profile(&self, number: usize) -> &'static Profile {
        profile_of(self.modules[number].language)
    }

    pub(super) fn sinks(&self, module: usize, method: &str) -> Option<&[&'static Sink]> {
        let by_name = self.sinks.get(&self.modules[module].language)?;
        by_name.get(method).map(Vec::as_slice)
    }

    /// Whether a module imports something that begins so.
    pub(super) fn imports(&self, module: usize, name: &str) -> bool {
        self.modules[module]
            .frameworks
            .iter()
            .any(|each| each == name)
    }

    /// The module that an import of another means.
    pub fn resolve(&self, from: usize, name: &str) -> Option<usize> {
        let importer = &self.modules[from];
        if is_script(importer.language) {
            return script::candidates(&importer.path, name)
                .iter()
                .find_map(|meant| self.by_name.get(meant))
                .copied();
        }
        if name.starts_with('.') {
            return self
                .by_name
                .get(&absolute(&self.modules[from], name))
                .copied();
        }
        self.module_named(from, name)
    }

    /// The module of this full name.
    pub(super) fn module_named(&self, from: usize, name: &str) -> Option<usize> {
        if is_script(self.modules[from].language) {
            return None;
        }
        if let Some(number) = self.by_name.get(name) {
            return Some(*number);
        }
        // Beside the one that imports it, or the only one with such an end.
        if let Some((package, _)) = self.modules[from].name.rsplit_once('.')
            && let Some(number) = self.by_name.get(&format!("{package}.{name}"))
        {
            return Some(*number);
        }
        if let Some(number) = self.by_end.get(name).copied().flatten() {
            let is_plain = !name.contains('.') && self.profile(from).types.is_none();
            return (!is_plain).then_some(number);
        }
        self.below_a_package(from, name)
    }

    /// The module that a full name means where what is looked at is a directory
    /// inside of its package: `a.b.c.D` is in `c/D.java`.
    fn below_a_package(&self, from: usize, name: &str) -> Option<usize> {
        self.profile(from).types?;
        let mut rest = name;
        while let Some((_, after)) = rest.split_once('.') {
            if let Some(number) = self.by_name.get(after) {
                return Some(*number);
            }
            rest = after;
        }
        None
    }
}

impl<'a> Interp<'a> {
    /// What an import binds.
    pub(super) fn imported(&mut self, import: &'a Import, state: &mut State<'a>) -> Value<'a> {
        let from = self.frame.module;
        let Some(item) = &import.item else {
            let whole = match import.module.split_once('.') {
                Some((top, _)) if *top == *import.bound => top,
                _ => &*import.module,
            };
            let module = self.program.resolve(from, whole);
            return match module {
                Some(module) => Value::of(Shape::Module(module)),
                None => Value::path(whole),
            };
        };
        if let Some(module) = self.program.resolve(from, &import.module) {
            let env = self.module_env(module);
            if let Some(value) = env.vars.get(&**item) {
                return self.adopt(value, &env.heap, &mut state.heap);
            }
            if let Some(member) = self.static_member(&env, &import.module, item) {
                return member;
            }
        }
        if self.profile.types.is_some() {
            // Classes of libraries go by their simple names.
            return Value::path(item);
        }
        let full = match import.module.strip_suffix('.') {
            _ if import.module.ends_with('.') => format!("{}{item}", import.module),
            _ => format!("{}.{item}", import.module),
        };
        match self.program.resolve(from, &full) {
            Some(inner) => Value::of(Shape::Module(inner)),
            None => Value::of(Shape::Path(Rc::from(full.trim_start_matches('.')))),
        }
    }
}

/// Whether modules are found by the paths of their files.
pub(in crate::taint) fn is_script(language: Language) -> bool {
    matches!(
        language,
        Language::JavaScript | Language::Tsx | Language::TypeScript
    )
}

/// `a/b/__init__.py` is `a.b`, `src/a/c.py` is `src.a.c`.
fn dotted(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    stem.replace('/', ".")
}

/// `..b.c` as seen from a module.
fn absolute(from: &Unit, name: &str) -> String {
    let level = name.bytes().take_while(|byte| *byte == b'.').count();
    let is_package = from.path.ends_with("__init__.py");
    let mut parts: Vec<&str> = from.name.split('.').collect();
    let up = if is_package { level - 1 } else { level };
    parts.truncate(parts.len().saturating_sub(up));
    let rest = &name[level..];
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.join(".")
}

fn imported_names(body: &[Stmt], names: &mut Vec<String>, depth: usize) {
    if depth > 6 {
        return;
    }
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(import) => {
                names.push(import.module.to_string());
                if let Some(top) = import.module.split('.').next() {
                    names.push(top.to_owned());
                }
                if let Some(item) = &import.item {
                    names.push(format!("{}.{item}", import.module));
                }
            }
            StmtKind::Function(function) => imported_names(&function.body, names, depth + 1),
            StmtKind::Class(class) => imported_names(&class.body, names, depth + 1),
            StmtKind::If {
                then, otherwise, ..
            } => {
                imported_names(then, names, depth + 1);
                imported_names(otherwise, names, depth + 1);
            }
            StmtKind::Try { body, handlers, .. } => {
                imported_names(body, names, depth + 1);
                for handler in handlers {
                    imported_names(&handler.body, names, depth + 1);
                }
            }
            StmtKind::Block(body) | StmtKind::With { body, .. } => {
                imported_names(body, names, depth + 1);
            }
            _ => {}
        }
    }
}
