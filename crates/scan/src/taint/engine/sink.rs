//! Where data does harm: calls, answers and what is kept in a session.

use crate::Confidence;
use crate::taint::catalogue::{Arg, Sink, When, rules};
use crate::taint::ir::{Call, Const, Expr, ExprKind, Span};
use crate::taint::kind::{Kind, Kinds};

use super::call::{Args, Outside};
use super::interp::{Interp, Tier};
use super::state::State;
use super::value::{Object, Piece, Shape, Taint, Taints, Value};

/// Parts of names of functions that run queries.
const RUNS_QUERIES: &[&str] = &["exec", "query", "sql", "fetch", "select", "run"];
/// Tags by which markup is known.
const TAGS: &[&str] = &[
    "a", "b", "body", "br", "div", "form", "h1", "h2", "h3", "html", "iframe", "img", "input",
    "li", "option", "p", "pre", "script", "span", "strong", "table", "td", "textarea", "title",
    "tr", "ul",
];
/// Programs that read a command out of an argument.
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "cmd",
    "cmd.exe",
    "powershell",
    "pwsh",
];
/// Parts of names of functions that run commands.
const RUNS_COMMANDS: &[&str] = &[
    "ssh",
    "shell",
    "cli_run",
    "run_cmd",
    "run_command",
    "exec_cmd",
    "exec_command",
    "popen",
    "getoutput",
    "get_output",
    "check_output",
    "system",
];

impl<'a> Interp<'a> {
    /// Looks at a call of something outside of the project.
    pub(super) fn check_call(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) {
        if self.is_quiet() {
            return;
        }
        self.check_pattern(outside, args, expr, state);
        self.check_mass_assignment(outside, args, call, expr);
        let sinks = self.program.sinks(self.frame.module, outside.method);
        // What was imported under another name goes by its own.
        let own = outside
            .path
            .as_deref()
            .and_then(|path| path.rsplit('.').next());
        let renamed = own
            .filter(|own| *own != outside.method && self.is_script())
            .and_then(|own| self.program.sinks(self.frame.module, own));
        let mut is_known = false;
        let tables = sinks.into_iter().chain(renamed).flatten();
        for sink in tables {
            if !named_so(sink, outside) {
                continue;
            }
            is_known = true;
            let value = match sink.arg {
                Arg::At(at, name) => args.get(at, name).cloned().or_else(|| args.spread.clone()),
                Arg::Receiver => outside.receiver.clone(),
                Arg::Any => Some(Value::tainted(args.taints(state))),
            };
            if let Some(value) = value {
                self.check_sink(sink, outside, &value, args, expr, state);
            }
        }
        if !is_known {
            self.check_unknown_runner(outside, args, expr, state);
        }
    }

    /// A query or command that is put together and handed to a function that is
    /// not known, but has a name that says what it does with it.
    fn check_unknown_runner(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &State<'a>,
    ) {
        let name = outside.method.to_ascii_lowercase();
        let detail = format!("`{}` gets it", outside.method);
        if RUNS_QUERIES.iter().any(|word| name.contains(word)) {
            for value in args.all().filter(|value| reads_like_a_query(value)) {
                self.check_value(Kind::Sql, value, expr.span, &detail, state);
            }
        }
        let shell = args
            .named("shell")
            .is_some_and(|value| self.truth(value, state) == Some(true));
        if shell || RUNS_COMMANDS.iter().any(|word| name.contains(word)) {
            for value in args.all().filter(|value| {
                shell || (matches!(value.shape, Shape::Text(_)) && !reads_like_a_query(value))
            }) {
                self.check_value(Kind::Command, value, expr.span, &detail, state);
            }
        }
    }

    fn check_sink(
        &mut self,
        sink: &Sink,
        outside: &Outside<'a>,
        value: &Value<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) {
        let fits = match sink.when {
            When::Always => true,
            When::Probe => value.taints.iter().any(|taint| self.is_strong(taint)),
            When::Query => reads_like_a_query(value),
            When::On(words) => is_on(outside, words),
            When::Built => matches!(value.shape, Shape::Text(_)),
            When::Process => return self.check_process(value, args, expr, state),
            When::Spawn => return self.check_spawn(args, expr, state),
            When::Option(name) => self
                .option(args, name, state)
                .is_some_and(|value| self.truth(&value, state) != Some(false)),
            When::Html => !names_another_type(args, state),
            When::Loader => !names_a_safe_loader(args),
            When::Entities => parser_setting(args, "resolve_entities", state) != Some(false),
            When::EntitiesOn => [
                "feature_external_ges",
                "feature_external_pes",
                "http://xml.org/sax/features/external-general-entities",
            ]
            .iter()
            .any(|feature| parser_setting(args, feature, state) == Some(true)),
        };
        if fits {
            let name = outside.path.as_deref().unwrap_or(outside.method);
            let detail = format!("`{}` gets it", shown(name));
            self.check_value(sink.kind, value, expr.span, &detail, state);
        }
    }

    /// Whether data in a value can do this harm, as the value is put together.
    pub(super) fn check_value(
        &mut self,
        kind: Kind,
        value: &Value<'a>,
        span: Span,
        detail: &str,
        state: &State<'a>,
    ) {
        let taints = match &value.shape {
            Shape::Text(pieces) => self.dangerous_pieces(kind, pieces),
            // What a page is made of: a text and perhaps a number beside it.
            Shape::Object(id) => match (kind, state.heap.get(*id)) {
                (Kind::Xss, Some(Object::List { items, .. })) => {
                    return items
                        .first()
                        .cloned()
                        .into_iter()
                        .for_each(|item| self.check_value(kind, &item, span, detail, state));
                }
                (Kind::Xss, Some(_)) => return,
                // `Writer({ path: … })`
                (Kind::Path | Kind::Ssrf, Some(Object::Map { entries, .. }))
                    if self.is_script() =>
                {
                    let named = entries.iter().find(|(key, _)| {
                        matches!(key, Const::Str(key) if matches!(&**key, "path" | "url" | "uri" | "file"))
                    });
                    if let Some((_, value)) = named {
                        let value = value.clone();
                        self.check_value(kind, &value, span, detail, state);
                    }
                    return;
                }
                (Kind::NoSql, Some(Object::Map { entries, rest })) => entries
                    .iter()
                    .map(|(_, value)| value)
                    .chain(rest)
                    .filter(|value| !matches!(value.shape, Shape::Text(_)))
                    .fold(Taints::default(), |all, value| {
                        all.join(&state.heap.taints(value))
                    }),
                _ => state.heap.taints(value),
            },
            _ => value.taints.clone(),
        };
        if let (Kind::Sql, Shape::Text(pieces)) = (kind, &value.shape) {
            self.check_numbers(pieces, span, detail);
        }
        let whole = !matches!(value.shape, Shape::Text(_));
        for taint in taints.iter().filter(|taint| !taint.safe.has(kind)) {
            let tier = self.tier_of(taint);
            let sure = if self.is_script() {
                confidence_in_script(kind, tier, value, taint)
            } else {
                confidence(kind, tier, whole)
            };
            if let Some(confidence) = sure {
                self.report(rules::of(kind), span, confidence, Some(*taint), detail);
            }
        }
    }

    /// Whose data in a text can do this harm, by where in it it stands.
    fn dangerous_pieces(&self, kind: Kind, pieces: &[Piece]) -> Taints {
        let mut all = Taints::default();
        let mut before = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => before.push_str(text),
                Piece::Hole { number: true, .. } => before.push('0'),
                Piece::Hole { taints, .. } => {
                    let fixed = match kind {
                        Kind::Ssrf => fixes_host(&before),
                        Kind::Redirect => fixes_host(&before) || fixes_site(&before),
                        _ => false,
                    };
                    if fixed {
                        break;
                    }
                    all = match kind {
                        Kind::Sql if names_a_table(&before) => all.join(&self.as_name(taints)),
                        _ => all.join(taints),
                    };
                    before.push('\u{0}');
                }
            }
        }
        all
    }

    /// A query takes no placeholder for a table's name. One of which nothing
    /// is known is most often the program's own, and says nothing.
    fn as_name(&self, taints: &Taints) -> Taints {
        taints.map(|taint| match self.tier_of(&taint) {
            Tier::Unknown => Taint {
                safe: taint.safe.or(Kinds::of(&[Kind::Sql])),
                ..taint
            },
            Tier::Weak | Tier::Strong => taint,
        })
    }

    pub(super) fn tier_of(&self, taint: &Taint) -> Tier {
        self.sources
            .get(taint.source as usize)
            .map_or(Tier::Unknown, |source| source.tier)
    }

    /// A query with data that was put in as a number. Text would fail there, so
    /// that it is no more than a pattern.
    fn check_numbers(&mut self, pieces: &[Piece], span: Span, detail: &str) {
        let number = pieces.iter().find_map(|piece| match piece {
            Piece::Hole {
                taints,
                number: true,
            } => taints.iter().next().copied(),
            _ => None,
        });
        if let Some(taint) = number {
            self.report(&rules::SQL, span, Confidence::C, Some(taint), detail);
        }
    }

    /// A program and its arguments.
    fn check_process(
        &mut self,
        value: &Value<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        state: &mut State<'a>,
    ) {
        let detail = "a shell reads it";
        let shell = args.named("shell");
        if shell.is_some_and(|shell| self.truth(shell, state) != Some(false)) {
            let value = match value.shape {
                Shape::Object(_) => Value::tainted(state.heap.taints(value)),
                _ => value.clone(),
            };
            return self.check_value(Kind::Command, &value, expr.span, detail, state);
        }
        let Shape::Object(id) = value.shape else {
            // Text without a shell is the name of a program: its choice is harm.
            if value.taints.iter().any(|taint| self.is_strong(taint)) {
                self.check_value(
                    Kind::Command,
                    value,
                    expr.span,
                    "a program of this name is started",
                    state,
                );
            }
            return;
        };
        let Some(Object::List { items, rest }) = state.heap.get(id).cloned() else {
            return;
        };
        // `-c` says so of shells; of other programs it may say anything.
        let may_be_shell = items.first().is_some_and(|first| {
            first.as_str().is_none_or(|name| {
                let name = name.rsplit('/').next().unwrap_or(name);
                SHELLS.contains(&name)
            })
        });
        // Neither the program nor its first argument is constant: `sh -c` on one
        // system and `cmd /c` on another.
        let may_be_option = |at: usize, item: &Value<'a>| {
            at == 1
                && matches!(item.shape, Shape::Unknown)
                && item.taints.is_empty()
                && items.first().is_some_and(|first| first.as_str().is_none())
        };
        let shell_at = items
            .iter()
            .enumerate()
            .position(|(at, item)| {
                matches!(item.as_str(), Some("-c" | "/c" | "-lc" | "-ec"))
                    || may_be_option(at, item)
            })
            .filter(|_| may_be_shell);
        if let Some(at) = shell_at {
            for item in items.iter().skip(at + 1).chain(&rest) {
                self.check_value(Kind::Command, item, expr.span, detail, state);
            }
        } else if let Some(first) = items.first()
            && first.taints.iter().any(|taint| self.is_strong(taint))
        {
            self.check_value(
                Kind::Command,
                first,
                expr.span,
                "a program of this name is started",
                state,
            );
        }
    }

    pub(super) fn is_strong(&self, taint: &Taint) -> bool {
        self.tier_of(taint) == Tier::Strong
    }

    /// What a handler gives back is the page.
    pub(super) fn check_returned(&mut self, value: &Value<'a>, span: Span, state: &State<'a>) {
        self.check_markup(value, span);
        if self.is_quiet()
            || !self
                .frame
                .route
                .as_ref()
                .is_some_and(|route| route.answers_html)
        {
            return;
        }
        if matches!(value.shape, Shape::Path(_)) {
            return;
        }
        self.check_value(
            Kind::Xss,
            value,
            span,
            "it is the answer of this route",
            state,
        );
    }

    /// Markup that is put together of data nobody has escaped, and given back:
    /// a pattern, wherever it is used.
    fn check_markup(&mut self, value: &Value<'a>, span: Span) {
        if self.is_script() {
            return;
        }
        if let Shape::Text(pieces) = &value.shape
            && reads_like_markup(pieces)
            && let Some(taint) = self
                .dangerous_pieces(Kind::Xss, pieces)
                .iter()
                .find(|taint| !taint.safe.has(Kind::Xss))
        {
            self.report(
                &rules::XSS,
                span,
                Confidence::C,
                Some(*taint),
                "it is put into markup",
            );
        }
    }

    /// `object[key] = value`.
    pub(super) fn check_set_element(
        &mut self,
        span: Span,
        object: &'a Expr,
        object_value: &Value<'a>,
        key: &Value<'a>,
        value: &Value<'a>,
        state: &State<'a>,
    ) {
        if self.is_quiet() {
            return;
        }
        if let (Some(name), Shape::Const(Const::Str(_))) = (key.as_str(), &value.shape) {
            self.check_credential(name, value, span);
        }
        let name = crate::taint::visit::last_name(object).unwrap_or_default();
        let path = object_value.as_path().unwrap_or_default();
        if name == "session" || path.ends_with(".session") {
            for part in [key, value] {
                let taints = state.heap.taints(part);
                if let Some(taint) = taints
                    .iter()
                    .find(|taint| self.is_strong(taint) && !taint.safe.has(Kind::TrustBoundary))
                {
                    self.report(
                        &rules::TRUST,
                        span,
                        Confidence::B,
                        Some(*taint),
                        "it is kept in the session",
                    );
                }
            }
        }
        if name == "headers" && !path.starts_with("flask.request") {
            let taints = state.heap.taints(value);
            if let Some(taint) = taints
                .iter()
                .find(|taint| self.is_strong(taint) && !taint.safe.has(Kind::Header))
            {
                self.report(
                    &rules::HEADER,
                    span,
                    Confidence::C,
                    Some(*taint),
                    "it is a header of the answer",
                );
            }
        }
    }

    /// `object.name = value`.
    pub(super) fn check_set_attribute(&mut self, target: &'a Expr, name: &str, value: &Value<'a>) {
        if !self.is_quiet() {
            self.check_credential(name, value, target.span);
        }
    }

    /// `Model(**request.json)`.
    fn check_mass_assignment(
        &mut self,
        outside: &Outside<'a>,
        args: &Args<'a>,
        call: &'a Call,
        expr: &'a Expr,
    ) {
        let model = outside
            .method
            .chars()
            .next()
            .is_some_and(char::is_uppercase)
            || matches!(outside.method, "update" | "create");
        let keyed =
            call.args.iter().any(|arg| arg.spread && arg.name.is_none()) && args.named.is_empty();
        if let (true, true, Some(spread)) = (model, keyed, &args.spread)
            && let Some(taint) = spread
                .taints
                .iter()
                .find(|taint| self.is_strong(taint) && !taint.safe.has(Kind::MassAssignment))
        {
            self.report(
                &rules::MASS,
                expr.span,
                Confidence::B,
                Some(*taint),
                "its keys name the fields",
            );
        }
    }

    /// The same for a class of the project.
    pub(super) fn check_construct(
        &mut self,
        class: &super::value::ClassValue<'a>,
        args: &Args<'a>,
        expr: &'a Expr,
        _state: &State<'a>,
    ) {
        if self.is_quiet() || class.bases.is_empty() {
            return;
        }
        if let Some(taint) = args
            .spread
            .as_ref()
            .and_then(|spread| spread.taints.iter().find(|taint| self.is_strong(taint)))
        {
            self.report(
                &rules::MASS,
                expr.span,
                Confidence::B,
                Some(*taint),
                "its keys name the fields",
            );
        }
    }
}

fn named_so(sink: &Sink, outside: &Outside<'_>) -> bool {
    if sink.name.starts_with('.') {
        return outside.receiver.is_some();
    }
    match &outside.path {
        Some(path) => **path == *sink.name,
        None => false,
    }
}

fn is_on(outside: &Outside<'_>, words: &[&str]) -> bool {
    let name = outside
        .receiver_name
        .unwrap_or_default()
        .to_ascii_lowercase();
    let path = outside.path.as_deref().unwrap_or_default();
    words
        .iter()
        .any(|word| name.contains(word) || path.contains(word))
}

/// How sure a flow is, by where it begins; nothing where it is not worth a
/// word. A function that takes a whole query or path is one for its callers:
/// that is a pattern, and no more.
fn confidence(kind: Kind, tier: Tier, whole: bool) -> Option<Confidence> {
    let by_place = matches!(
        kind,
        Kind::Sql | Kind::Command | Kind::Path | Kind::Ldap | Kind::XPath | Kind::Ssrf
    );
    match (tier, kind) {
        (Tier::Strong, Kind::TrustBoundary | Kind::Header | Kind::Regex) => Some(Confidence::B),
        (Tier::Strong, _) => Some(Confidence::A),
        (Tier::Weak | Tier::Unknown, Kind::Xss) => Some(Confidence::C),
        (Tier::Weak, Kind::Redirect | Kind::Regex | Kind::Header) => None,
        (Tier::Weak, _) if by_place && whole => Some(Confidence::C),
        (Tier::Weak, _) => Some(Confidence::B),
        (Tier::Unknown, Kind::Sql | Kind::Command) if !whole => Some(Confidence::C),
        (Tier::Unknown, _) => None,
    }
}

/// The same for JavaScript, where most code is a library's: what a caller
/// names as a whole is theirs to choose, and only what is put into something
/// else surprises.
fn confidence_in_script(
    kind: Kind,
    tier: Tier,
    value: &Value<'_>,
    taint: &Taint,
) -> Option<Confidence> {
    let built = match &value.shape {
        // What stands first is the place that is meant.
        Shape::Text(pieces) => pieces.iter().skip(usize::from(kind == Kind::Path)).any(
            |piece| matches!(piece, Piece::Hole { taints, .. } if taints.iter().any(|each| each.source == taint.source)),
        ),
        _ => false,
    };
    match (tier, kind) {
        (Tier::Weak, Kind::Path | Kind::Ssrf) => built.then_some(Confidence::B),
        (Tier::Weak, Kind::Regex) => Some(Confidence::C),
        (Tier::Weak, Kind::Sql) if !built => None,
        (
            Tier::Weak,
            Kind::NoSql | Kind::Template | Kind::Prototype | Kind::Deserialize | Kind::Redirect,
        )
        | (Tier::Unknown, Kind::Xss) => None,
        _ => confidence(kind, tier, !built),
    }
}

/// Whether the next word of a query is a table's name.
fn names_a_table(before: &str) -> bool {
    let words = before.trim_end_matches(['"', '`', '[']);
    let word = words
        .split_ascii_whitespace()
        .next_back()
        .unwrap_or_default();
    words.ends_with(|c: char| c.is_ascii_whitespace())
        && ["FROM", "INTO", "UPDATE", "JOIN", "TABLE"]
            .iter()
            .any(|each| each.eq_ignore_ascii_case(word))
}

/// Whether text that was put together begins as a query does.
fn reads_like_a_query(value: &Value<'_>) -> bool {
    let Shape::Text(pieces) = &value.shape else {
        return false;
    };
    let Some(Piece::Text(first)) = pieces.first() else {
        return false;
    };
    let words = first.trim_start().to_ascii_uppercase();
    let verb = words.split_ascii_whitespace().next().unwrap_or_default();
    let second = match verb {
        "SELECT" | "DELETE" => "FROM",
        "INSERT" | "REPLACE" => "INTO",
        "UPDATE" => "SET",
        "CREATE" | "DROP" | "ALTER" => "",
        _ => return false,
    };
    let all: String = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.to_ascii_uppercase()),
            Piece::Hole { .. } => None,
        })
        .collect();
    all.contains(second)
}

/// Whether the text around what is put in has a tag in it.
fn reads_like_markup(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Text(text) => text.match_indices('<').any(|(at, _)| {
            let rest = text[at + 1..].trim_start_matches('/');
            let name = rest
                .split(|c: char| !c.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default();
            TAGS.contains(&name.to_ascii_lowercase().as_str())
        }),
        Piece::Hole { .. } => false,
    })
}

/// Whether what follows this text can no longer change the host.
pub(super) fn fixes_host(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.len() < rest.len() && !host.is_empty() && !host.contains('\u{0}')
}

fn fixes_site(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && text.len() > 1
}

fn names_another_type(args: &Args<'_>, state: &State<'_>) -> bool {
    let by_name = ["mimetype", "content_type", "media_type", "status"]
        .iter()
        .filter_map(|name| args.named(name))
        .filter_map(Value::as_str)
        .any(|text| text.contains('/') && !text.contains("html"));
    let headers = args.named("headers").or_else(|| args.positional.get(2));
    let by_header = headers.is_some_and(|headers| match headers.shape {
        Shape::Object(id) => match state.heap.get(id) {
            Some(Object::Map { entries, .. }) => entries.iter().any(|(key, value)| {
                matches!(key, Const::Str(key) if key.eq_ignore_ascii_case("content-type"))
                    && value.as_str().is_some_and(|text| !text.contains("html"))
            }),
            _ => false,
        },
        _ => false,
    });
    by_name || by_header
}

fn names_a_safe_loader(args: &Args<'_>) -> bool {
    args.get(1, "Loader")
        .and_then(Value::as_path)
        .is_some_and(|path| {
            let name = path.rsplit('.').next().unwrap_or(path);
            name.contains("Safe") || name.contains("BaseLoader")
        })
}

/// What a parser was told, where that is known.
fn parser_setting(args: &Args<'_>, name: &str, state: &State<'_>) -> Option<bool> {
    let parser = args.get(1, "parser")?;
    let Shape::Object(id) = parser.shape else {
        return None;
    };
    let Some(Object::Instance { fields, .. }) = state.heap.get(id) else {
        return None;
    };
    let (_, value) = fields.iter().find(|(each, _)| &**each == name)?;
    match &value.shape {
        Shape::Const(Const::Bool(known)) => Some(*known),
        Shape::Const(Const::Int(known)) => Some(*known != 0),
        _ => None,
    }
}

/// Whether a program reads a command out of an argument.
pub(super) fn is_shell(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    SHELLS.contains(&name)
}

/// A name without what it was called with.
fn shown(name: &str) -> &str {
    let end = name.len();
    let start = name
        .rmatch_indices("().")
        .next()
        .map_or(0, |(at, _)| at + 3);
    &name[start.min(end)..end]
}

/// The text of a target, where it is a plain name.
pub(super) fn target_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Attribute(_, name) => Some(name),
        ExprKind::Element(_, index) => index.as_str(),
        _ => None,
    }
}
