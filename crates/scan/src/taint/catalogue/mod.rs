//! What matters of libraries and frameworks: where data comes in, where it
//! does harm and what makes it harmless. All of it is data, one [`Profile`]
//! for each language.

pub mod java;
pub mod javascript;
pub mod python;
pub mod rules;

use std::collections::HashMap;
use std::rc::Rc;

use super::engine::Tier;
use super::ir::{Const, Expr, ExprKind};
use super::kind::{Kind, Kinds};
use crate::Language;

/// What matters of the libraries of a language. Languages without a front end
/// have nothing to ask it about.
pub fn profile_of(language: Language) -> &'static Profile {
    match language {
        Language::Java => &java::JAVA,
        Language::JavaScript | Language::Tsx | Language::TypeScript => &javascript::JAVASCRIPT,
        _ => &python::PYTHON,
    }
}

/// What a call of something outside of the project makes of the data it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It hands it on.
    Pass,
    /// What it gives has nothing of it.
    Clean,
    /// It gives a number, or something else that no text can hide in.
    Number,
    /// It hands it on, harmless for these.
    Safe(Kinds),
    /// It hands on a path without links and `..`.
    Normalize,
    /// It hands it on and undoes what made it harmless.
    Unsafe,
}

/// Which of a call's arguments do harm.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// By its place or its name.
    At(usize, &'static str),
    /// Any of them.
    Any,
    /// What the method is called on.
    Receiver,
}

/// Under which condition a call does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Where what it is called on has one of these in its name.
    On(&'static [&'static str]),
    /// Where the argument is text that was put together.
    Built,
    /// Where it certainly comes from a stranger: it tells only whether
    /// something is there.
    Probe,
    /// Where it is text that reads like a query, put together.
    Query,
    /// A program and its arguments: only through a shell.
    Process,
    /// The same, where options are an object.
    Spawn,
    /// Where an object of options has this, and it is not false.
    Option(&'static str),
    /// Where the answer is taken for HTML.
    Html,
    /// Where no safe loader is named.
    Loader,
    /// Where the parser is not told to leave entities alone.
    Entities,
    /// Where the parser is told to resolve entities.
    EntitiesOn,
}

/// A call that does harm with data of strangers.
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    /// Its full name, or the name of a method with a dot before it.
    pub name: &'static str,
    /// What harm.
    pub kind: Kind,
    /// By which argument.
    pub arg: Arg,
    /// When.
    pub when: When,
}

/// Which functions a framework calls, and with what.
#[derive(Debug)]
pub struct Routes {
    /// Methods of an application that decorate a handler with its path.
    pub verbs: &'static [&'static str],
    /// Decorators and annotations that make a handler by their names alone.
    pub marks: &'static [&'static str],
    /// Frameworks whose handlers answer with JSON unless told otherwise.
    pub json_frameworks: &'static [&'static str],
    /// How names of classes end whose methods are handlers.
    pub handler_classes: &'static [&'static str],
    /// Which of their methods.
    pub handler_methods: &'static [&'static str],
    /// Whether the text that a handler gives back is the page.
    pub returns_are_pages: bool,
    /// Whether parameters of which nothing else is known come out of the request.
    pub params_are_data: bool,
    /// Frameworks that hand a handler its request.
    pub request_frameworks: &'static [&'static str],
    /// What a parameter of a type is, in any function.
    pub types: &'static [(&'static str, &'static str)],
    /// What a parameter of a name is, where it may be.
    pub names: &'static [(&'static str, &'static str)],
    /// Where one of these stands beside it, if any are named, or the function is
    /// registered for a path.
    pub beside: &'static [&'static str],
    /// What parameters are of functions that are passed on, where a module
    /// imports something with one of these words in its name.
    pub passed: (&'static [&'static str], &'static str),
    /// Decorators of parameters that come out of the request.
    pub param_marks: &'static [&'static str],
    /// Names of defaults that the framework fills in by itself.
    pub handed_in: &'static [&'static str],
}

/// What is known of a language that declares types, and whose methods need no
/// receiver before a name.
#[derive(Debug)]
pub struct Types {
    /// Calls whose answer is of a class that is known: full name and instance.
    pub results: &'static [(&'static str, &'static str)],
    /// Classes of libraries that are made of what a caller gives.
    pub data: &'static [&'static str],
}

/// What matters of one language's libraries.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about a language"
)]
#[derive(Debug)]
pub struct Profile {
    /// The method that a new object is made by.
    pub constructor: &'static str,
    /// Whether `break` leaves a `switch`.
    pub break_leaves_match: bool,
    /// Whether an empty list counts as false.
    pub empty_is_false: bool,
    /// Whether `a / b` joins paths.
    pub slash_joins_paths: bool,
    /// Whether `a.b` is `a["b"]`.
    pub elements_are_attributes: bool,
    /// Names of the request in a handler, by framework.
    pub request_roots: &'static [&'static str],
    /// What of a request a stranger chooses.
    pub request_parts: &'static [&'static str],
    /// What else comes in: full name, how sure, and what it is.
    pub sources: &'static [(&'static str, Tier, &'static str)],
    /// What a handler class inherits: how the class's name ends, the
    /// attribute, and what that is.
    pub inherited: &'static [(&'static str, &'static str, &'static str)],
    /// Calls that do not come back.
    pub no_return: &'static [&'static str],
    /// What calls make of data, by full name or `.method`.
    pub effects: &'static [(&'static str, Effect)],
    /// The same by a part of the name, for functions that are not known.
    pub effect_words: &'static [(&'static str, Effect)],
    /// What is modelled: full name and model.
    pub models: &'static [(&'static str, &'static str)],
    /// Functions that the engine knows, and as what.
    pub builtins: &'static [(&'static str, &'static str)],
    /// Methods that are true of harmless text only.
    pub charset_tests: &'static [&'static str],
    /// Methods that compare how a text begins.
    pub prefix_tests: &'static [&'static str],
    /// Types that no text can hide in.
    pub number_types: &'static [&'static str],
    /// Parts of names of functions that say whether a value is harmless.
    pub guard_words: &'static [&'static str],
    /// How names of functions begin that raise where it is not.
    pub raising_words: &'static [&'static str],
    /// Attributes and functions that give the host of an address.
    pub host_parts: &'static [&'static str],
    /// Methods that register a function for a path.
    pub registrars: &'static [&'static str],
    /// Attributes that give nothing of the data.
    pub harmless: &'static [&'static str],
    /// Whether a function without a name is one that others may call.
    pub lambdas_are_entries: bool,
    /// Properties that do harm when they are set: of what, by its full name or
    /// of anything, their names, and what harm.
    pub property_sinks: &'static [(&'static str, &'static str, Kind)],
    /// Which functions a framework calls.
    pub routes: &'static Routes,
    /// What is known where the language declares types.
    pub types: Option<&'static Types>,
    /// Calls that do harm.
    pub sinks: &'static [&'static [Sink]],
}

impl Profile {
    /// Whether this name is data that comes in, how sure that is, and what it is.
    pub fn source(&self, path: &str) -> Option<(Tier, &'static str)> {
        if self
            .request_roots
            .iter()
            .any(|root| self.is_request_part(path, root))
        {
            return Some((Tier::Strong, "comes with the request"));
        }
        let bare = path.strip_suffix("()").unwrap_or(path);
        // An item of something is like it.
        let items = bare.replace("[]", "");
        let bare = if bare.contains("[].") { &*items } else { bare };
        self.sources
            .iter()
            .find(|(name, ..)| *name == bare || *name == path)
            .map(|(_, tier, what)| (*tier, *what))
    }

    fn is_request_part(&self, path: &str, root: &str) -> bool {
        let Some(rest) = path.strip_prefix(root) else {
            return false;
        };
        if rest.starts_with("[]") {
            return true;
        }
        let Some(part) = rest.strip_prefix('.') else {
            return false;
        };
        let first = part.split(['.', '(', '[']).next().unwrap_or(part);
        self.request_parts.contains(&first)
    }

    /// Whether an attribute gives nothing of the data in its object.
    pub fn is_harmless_attribute(&self, name: &str) -> bool {
        self.harmless.contains(&name)
    }

    /// What a class inherits under this name from one outside of the project.
    pub fn inherited(&self, bases: &[Rc<str>], name: &str) -> Option<&'static str> {
        self.inherited
            .iter()
            .find(|(base, each, _)| *each == name && bases.iter().any(|have| have.ends_with(base)))
            .map(|(.., known)| *known)
    }

    /// Whether a call does not come back.
    pub fn never_returns(&self, path: &str, method: &str) -> bool {
        self.no_return
            .iter()
            .any(|name| *name == path || name.strip_prefix('.') == Some(method))
    }

    /// What a call makes of the data that it gets.
    pub fn effect(&self, path: Option<&str>, method: &str) -> Effect {
        let named = path.and_then(|path| self.effects.iter().find(|(name, _)| *name == path));
        let named = named.or_else(|| {
            self.effects
                .iter()
                .find(|(name, _)| name.strip_prefix('.') == Some(method))
        });
        if let Some((_, effect)) = named {
            return *effect;
        }
        let lower = method.to_ascii_lowercase();
        self.effect_words
            .iter()
            .find(|(word, _)| lower.contains(word))
            .map_or(Effect::Pass, |(_, effect)| *effect)
    }

    /// Of what class the answer of a call is.
    pub fn result(&self, path: &str) -> Option<&'static str> {
        find(self.types?.results, path)
    }

    /// As what something is modelled.
    pub fn model(&self, path: &str) -> Option<&'static str> {
        find(self.models, path)
    }

    /// As what the engine knows a function.
    pub fn builtin(&self, path: &str) -> Option<&'static str> {
        find(self.builtins, path)
    }

    /// Whether a method is true of harmless text only.
    pub fn is_charset_test(&self, name: &str) -> bool {
        self.charset_tests.contains(&name)
    }

    /// Whether a method compares how a text begins.
    pub fn is_prefix_test(&self, name: &str) -> bool {
        self.prefix_tests.contains(&name)
    }

    /// Whether this names a type that no text can hide in.
    pub fn is_number_type(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) | ExprKind::Attribute(_, name) => {
                self.number_types.contains(&&**name)
            }
            ExprKind::Const(Const::Str(text)) => self.number_types.contains(&&**text),
            ExprKind::List(_, items) => {
                !items.is_empty() && items.iter().all(|item| self.is_number_type(item))
            }
            // `Optional[int]`
            ExprKind::Element(object, index) => {
                matches!(&object.kind, ExprKind::Name(name) if &**name == "Optional")
                    && self.is_number_type(index)
            }
            _ => false,
        }
    }

    /// For what a value is harmless where a function of this name says so.
    pub fn guard(&self, name: &str) -> Kinds {
        let lower = name.to_ascii_lowercase();
        if self.guard_words.iter().any(|word| lower.contains(word)) {
            Kinds::ALL
        } else {
            Kinds::NONE
        }
    }

    /// For what a value is harmless where a function of this name came back.
    pub fn raising_guard(&self, name: &str) -> Kinds {
        let lower = name.trim_start_matches('_').to_ascii_lowercase();
        if self
            .raising_words
            .iter()
            .any(|word| lower.starts_with(word))
        {
            Kinds::ALL
        } else {
            Kinds::NONE
        }
    }

    /// Whether this gives the host of an address.
    pub fn is_host_part(&self, name: &str) -> bool {
        self.host_parts.contains(&name)
    }

    /// Sinks that a call may be, by the last part of their names.
    pub fn index(&self) -> HashMap<&'static str, Vec<&'static Sink>> {
        let mut index: HashMap<&'static str, Vec<&'static Sink>> = HashMap::new();
        for sink in self.sinks.iter().flat_map(|table| table.iter()) {
            let last = sink.name.rsplit('.').next().unwrap_or(sink.name);
            index.entry(last).or_default().push(sink);
        }
        index
    }
}

fn find(table: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(each, _)| *each == name)
        .map(|(_, what)| *what)
}
