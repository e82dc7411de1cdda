//! The routes of web applications, as their code says: what can be reached,
//! how, and what stands in front of it.
//!
//! Read from the taint engine's programs, so that one reader serves all
//! languages; what frameworks call things is in [`frameworks`](self) tables.

mod handler;
mod java;
mod javascript;
mod python;
mod words;

use serde::{Deserialize, Serialize};

use crate::taint::ir::Module;
use crate::{Language, SourceFile};

pub use words::{is_auth_word, is_public, is_role_word};

/// What one file says of routes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FileRoutes {
    /// Its routes, in order.
    pub routes: Vec<Route>,
    /// Functions of the file that turn away who is not known: they are guards.
    pub rejecting: Vec<String>,
    /// What stands in front of every route of the application, whichever file
    /// it is in.
    pub everywhere: Vec<String>,
    /// Functions that may be handlers of routes that another file names.
    pub handlers: Vec<Handler>,
}

/// One route.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Route {
    /// Its methods, in capitals; none is any.
    pub methods: Vec<String>,
    /// Its path, as it is written.
    pub path: String,
    /// What it is registered at: an application, a blueprint, a router, a class.
    pub router: String,
    /// The function that answers.
    pub handler: Handler,
    /// Whether the handler is a function of this file. If not, it is found by
    /// its name.
    pub is_here: bool,
}

/// A function that answers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Handler {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its line, from 1.
    pub line: u32,
    /// What stands in front of it: decorators, dependencies, middleware.
    pub guards: Vec<String>,
    /// What it calls.
    pub calls: Vec<String>,
    /// Whether it looks at who asks.
    pub sees_subject: bool,
    /// Whether it turns somebody away.
    pub rejects: bool,
    /// An object that it fetches by an identifier out of the request.
    pub fetch: Option<Fetch>,
}

/// An object that is fetched by an identifier out of the request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fetch {
    /// The call: `Order.query.get`.
    pub call: String,
    /// The identifier: `order_id`.
    pub by: String,
    /// Its line, from 1.
    pub line: u32,
}

impl Route {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        let writes = |method: &String| !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
        self.methods.iter().any(writes)
    }

    /// Its methods and path, for people.
    pub fn title(&self) -> String {
        if self.methods.is_empty() {
            self.path.clone()
        } else {
            format!("{} {}", self.methods.join("|"), self.path)
        }
    }
}

/// The routes of a file; nothing where its language is not read.
pub fn of_file(file: &SourceFile<'_>) -> Option<FileRoutes> {
    let module = file.program()?;
    Some(of_module(module, file.path, file.language))
}

/// The routes of a program.
pub fn of_module(module: &Module, path: &str, language: Language) -> FileRoutes {
    let mut found = FileRoutes::default();
    match language {
        Language::Python => python::read(module, &mut found),
        Language::Java => java::read(module, &mut found),
        _ => javascript::read(module, path, &mut found),
    }
    found
}
