//! What is said between this process and a box. What comes from inside is
//! hostile: it is read into these types, with a bound on everything, and is
//! nothing but text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an input of a request goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A part of the path.
    Path,
    /// A parameter of the query.
    Query,
    /// A field of a form.
    Form,
    /// A key of a JSON body.
    Json,
    /// A cookie.
    Cookie,
    /// A header.
    Header,
    /// The body as it is.
    Body,
    /// The name of a parameter of the query.
    QueryName,
    /// The name of a field of a form.
    FormName,
    /// No input at all: the answer alone.
    None,
}

impl Channel {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Form => "form",
            Self::Json => "json",
            Self::Cookie => "cookie",
            Self::Header => "header",
            Self::Body => "body",
            Self::QueryName => "query-name",
            Self::FormName => "form-name",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in the project: file, line, function.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place(pub String, pub u32, pub String);

impl Place {
    /// Whether it can be a place in the project, and be shown as it is: what is
    /// said of it comes from inside.
    pub(super) fn is_plain(&self) -> bool {
        let plain = |text: &str| {
            text.len() <= 300 && dam_journal::clean(text) == text && !text.contains('\n')
        };
        let below = !self.0.starts_with('/') && self.0.split('/').all(|part| part != "..");
        below && plain(&self.0) && plain(&self.2)
    }
}

/// What the watcher is to start.
#[derive(Debug, Serialize)]
pub(super) struct Order {
    pub source: String,
    /// The most bytes of a project.
    pub most: u64,
    pub driver: String,
    pub argv: Vec<String>,
    pub env: std::collections::BTreeMap<String, String>,
    pub options: Options,
    /// Seconds.
    pub start_patience: u64,
    /// Seconds.
    pub patience: u64,
}

/// What the worker is told.
#[derive(Debug, Serialize)]
pub(super) struct Options {
    /// Seconds for one request.
    pub seconds: u64,
    /// Whether functions are called by themselves, and no application is
    /// started.
    pub alone: bool,
}

/// A request that the worker is to answer.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Request {
    pub app: usize,
    pub method: String,
    /// As an application sees it.
    pub path: String,
    /// As a browser sends it.
    pub encoded_path: String,
    pub query: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
    pub cookies: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_type: Option<String>,
    /// Canary files to be laid out.
    pub plant: Vec<String>,
    /// A function to be called instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

/// A function that is called by itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Call {
    /// The file, in the project.
    pub path: String,
    /// `function` or `Class.method`.
    pub name: String,
    /// All its parameters, in order.
    pub parameters: Vec<String>,
    /// The one that gets the value; the others get what is harmless.
    pub parameter: String,
    pub value: String,
}

/// What the watcher says.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    /// What the worker said, as it said it.
    #[serde(default)]
    pub said: Option<String>,
    /// Why it said nothing.
    #[serde(default)]
    pub ended: Option<String>,
    #[serde(default)]
    pub seen: Option<Seen>,
    /// That the project is copied, and is started now.
    #[serde(default)]
    pub begun: bool,
    /// What the worker says that the project tried, as it said it.
    #[serde(default)]
    pub acts: Vec<String>,
    /// The listener's port, at the start.
    #[serde(default)]
    pub port: u16,
}

/// What the watcher has seen itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Seen {
    /// Canary files that were opened.
    #[serde(default)]
    pub opened: Vec<String>,
    /// Files that were made beside them.
    #[serde(default)]
    pub made: Vec<String>,
    /// First lines of what reached the listener.
    #[serde(default)]
    pub hits: Vec<String>,
    /// How often something stood in the worker's output that is not its own.
    #[serde(default)]
    pub noise: u32,
    /// The most processes at one time.
    #[serde(default)]
    pub processes: u32,
}

/// The worker's first words.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ready {
    #[serde(default)]
    pub routes: Vec<Route>,
    #[serde(default)]
    pub problems: Vec<String>,
}

/// One entry of a framework's route table.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Route {
    pub app: usize,
    pub methods: Vec<String>,
    /// With `{name}` where it has parts that vary.
    pub path: String,
    pub place: Place,
    #[serde(default)]
    pub constants: Vec<String>,
    #[serde(default)]
    pub declared: Vec<(Channel, String)>,
}

/// An answer to a request.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub events: Vec<Event>,
    /// Channels and names that the project asked for; `*` for any.
    #[serde(default)]
    pub asked: Vec<(String, String)>,
    /// What the watcher saw meanwhile.
    #[serde(skip)]
    pub seen: Seen,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        let found = all.find(|(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Something that the project's code did.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub kind: String,
    pub words: Vec<String>,
    #[serde(default)]
    pub places: Vec<Place>,
}
