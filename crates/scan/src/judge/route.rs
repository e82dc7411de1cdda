//! Which routes a model is asked about: those whose facts leave a question of
//! who may do what, and those that a change brings.

use std::collections::BTreeMap;

use super::evidence::{Excerpt, Files, one_line};
use super::plan::found_at;
use super::question::{Kind, Question, Subject};
use crate::authorization::{Entry, Table};
use crate::file::is_test;
use crate::source::Revision;
use crate::threat_model::{Model, PLACE};
use crate::{Finding, Scan, routes};

/// How many of the functions that a handler calls are shown.
const CALLED: usize = 2;
/// How many guards are shown.
const GUARDS: usize = 2;
/// How many siblings are told of.
const SIBLINGS: usize = 8;
/// How long a fact may be, in characters.
const FACT: usize = 300;

/// How calls begin that change something.
const CHANGES: &[&str] = &[
    "delete", "remove", "destroy", "drop", "update", "save", "insert", "create", "set_", "add_",
    "commit", "transfer", "revoke", "grant", "reset", "enable", "disable", "approve", "cancel",
];

/// How code looks that takes all fields of a request for an object's.
const WHOLESALE: &[&str] = &[
    "**request.",
    "**data",
    "**payload",
    "**body",
    "...req.body",
    "(req.body)",
    ", req.body)",
    "Object.assign(",
    "setattr(",
    "_.merge(",
    "request.json)",
    "request.get_json())",
    "ctx.request.body)",
    "update_attributes(",
    "populate_obj(",
];

/// The routes of a scan.
pub(super) struct Routes<'a> {
    table: &'a Table,
    found: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// What the revision before has, where there is one.
    before: Option<Files<'a>>,
    /// Routes that people say are for everybody.
    public: Vec<String>,
}

impl<'a> Routes<'a> {
    pub fn new(scan: &'a Scan, revision: &Revision, base: Option<&'a Revision>) -> Self {
        // Where a change is looked at, it does not excuse itself.
        let model = base.unwrap_or(revision).text_of(PLACE);
        Self {
            table: &scan.routes,
            found: found_at(scan),
            before: base.map(|base| Files::new(base, &scan.before)),
            public: model.map_or_else(Vec::new, |text| Model::read(&text).for_everybody()),
        }
    }

    /// The questions about them, the weightiest first.
    pub fn questions(mut self, files: &mut Files<'_>) -> Vec<Question> {
        let mut weighed: Vec<(u8, Question)> = Vec::new();
        let table = self.table;
        for entry in &table.entries {
            let excerpt = files.around(&entry.at.0, entry.at.1, &entry.route.handler.name);
            let Some(excerpt) = excerpt.filter(|_| !is_test(&entry.at.0)) else {
                continue;
            };
            let is_asked = |(_, known): &(u8, Question)| known.about == about(known.kind, entry);
            if !self.is_new(entry, &excerpt) || weighed.iter().any(is_asked) {
                continue;
            }
            let doubts = self.doubts(entry, &excerpt);
            let weight = doubts.iter().map(|(weight, _)| *weight).sum();
            let kind = match (weight, &self.before) {
                (0, None) => continue,
                (0, Some(_)) => Kind::Handler,
                _ => Kind::Route,
            };
            let question = self.question(kind, entry, excerpt, doubts, files);
            weighed.push((weight, question));
        }
        weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        weighed.into_iter().map(|(_, question)| question).collect()
    }

    /// Whether a change brings or alters a handler; all are new where nothing
    /// is compared.
    fn is_new(&mut self, entry: &Entry, now: &Excerpt) -> bool {
        let Some(before) = &mut self.before else {
            return true;
        };
        let (path, line) = &entry.at;
        let same_name = match now.symbol.as_str() {
            "" => None,
            name => before.named(path, name),
        };
        let old = same_name.or_else(|| before.around(path, *line, &now.symbol));
        // Code without a name may have moved: it is old if it is there at all.
        let text = before.text(path);
        let is_there = text.is_some_and(|text| text.has(&now.plain()));
        !is_there && old.is_none_or(|old| old.plain() != now.plain())
    }

    /// What the facts of a route leave open, with how much that weighs.
    fn doubts(&self, entry: &Entry, excerpt: &Excerpt) -> Vec<(u8, String)> {
        let mut doubts = Vec::new();
        let mut doubt = |weight: u8, text: &str| doubts.push((weight, text.to_owned()));
        let handler = &entry.route.handler;
        let is_told = |rule: &str| {
            let mut found = self.found.get(entry.at.0.as_str()).into_iter().flatten();
            found.any(|each| each.rule == rule && (excerpt.from..=excerpt.to).contains(&each.line))
        };
        let is_public = self.public.contains(&entry.route.title())
            || routes::is_public(&entry.route.path, &handler.name);
        let is_open = entry.guards.is_empty() && !entry.asks_itself() && !is_public;
        let others = self.siblings(entry).any(|other| !other.guards.is_empty());
        if is_open && !is_told("missing-authorization") {
            if entry.route.writes() {
                doubt(
                    3,
                    "it changes something, and nothing is seen to ask who calls",
                );
            } else if others {
                doubt(
                    1,
                    "nothing is seen to ask who calls, and other routes of the file are guarded",
                );
            }
        }
        if handler.fetch.is_some() && !is_public && !is_told("object-not-owned") {
            if handler.sees_subject {
                doubt(
                    2,
                    "an object is fetched by an identifier of the request; is it compared with who asks?",
                );
            } else {
                doubt(
                    3,
                    "an object is fetched by an identifier of the request, and who asks is not looked at",
                );
            }
        }
        let methods = &entry.route.methods;
        let only_reads = !methods.is_empty() && !entry.route.writes();
        let changes = |name: &&String| {
            let name = name.to_ascii_lowercase();
            CHANGES.iter().any(|start| name.starts_with(start))
        };
        if let Some(call) = handler.calls.iter().find(changes).filter(|_| only_reads) {
            doubt(2, &format!("it answers GET and calls `{call}`"));
        }
        let code = excerpt.code();
        if WHOLESALE.iter().any(|sign| code.contains(sign)) {
            doubt(
                2,
                "fields of the request may become an object's without a choice",
            );
        }
        doubts
    }

    fn siblings<'b>(&'b self, entry: &'b Entry) -> impl Iterator<Item = &'b Entry> {
        let all = self.table.entries.iter();
        all.filter(move |other| {
            other.path == entry.path && (other.at != entry.at || other.route != entry.route)
        })
    }

    fn question(
        &self,
        kind: Kind,
        entry: &Entry,
        excerpt: Excerpt,
        doubts: Vec<(u8, String)>,
        files: &mut Files<'_>,
    ) -> Question {
        let facts = self.facts(entry, &excerpt, doubts);
        let path = entry.at.0.clone();
        let mut excerpts = vec![excerpt];
        let calls = entry.route.handler.calls.iter();
        let called = calls.filter_map(|name| files.named(&path, name));
        add(&mut excerpts, called, CALLED);
        // A guard is most often in a file of its own.
        let mut homes: Vec<&str> = self
            .table
            .entries
            .iter()
            .map(|each| each.path.as_str())
            .collect();
        homes.dedup();
        let guards = entry.guards.iter();
        let guards: Vec<Excerpt> = guards
            .filter_map(|name| homes.iter().find_map(|home| files.named(home, name)))
            .collect();
        add(&mut excerpts, guards.into_iter(), GUARDS);
        Question {
            kind,
            subject: Subject::Route,
            about: about(kind, entry),
            facts,
            excerpts,
        }
    }

    fn facts(&self, entry: &Entry, excerpt: &Excerpt, doubts: Vec<(u8, String)>) -> Vec<String> {
        let guards = |entry: &Entry| match entry.guards.iter().next() {
            Some(_) => {
                let names: Vec<String> = entry
                    .guards
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                format!("behind {}", names.join(", "))
            }
            None if entry.asks_itself() => {
                "without a guard; its handler looks at who asks".to_owned()
            }
            None => "without a guard".to_owned(),
        };
        let (path, line) = &entry.at;
        let mut facts = vec![format!(
            "the route {} is answered by `{}` at {path}:{line}, {}",
            entry.route.title(),
            entry.route.handler.name,
            guards(entry)
        )];
        let siblings: Vec<&Entry> = self.siblings(entry).collect();
        for other in siblings.iter().take(SIBLINGS) {
            facts.push(format!(
                "its sibling {} is {}",
                other.route.title(),
                guards(other)
            ));
        }
        if let Some(fetch) = &entry.route.handler.fetch {
            facts.push(format!(
                "line {}: `{}` fetches an object by `{}` of the request",
                fetch.line, fetch.call, fetch.by
            ));
        }
        facts.extend(
            doubts
                .into_iter()
                .map(|(_, doubt)| format!("open: {doubt}")),
        );
        for known in self.found.get(path.as_str()).into_iter().flatten() {
            if (excerpt.from..=excerpt.to).contains(&known.line) {
                facts.push(format!(
                    "a rule has found {} at line {}",
                    known.rule, known.line
                ));
            }
        }
        facts.iter().map(|fact| one_line(fact, FACT)).collect()
    }
}

/// Adds some that are not shown yet.
fn add(shown: &mut Vec<Excerpt>, more: impl Iterator<Item = Excerpt>, most: usize) {
    let room = shown.len() + most;
    for each in more {
        let is_there = |known: &Excerpt| {
            known.path == each.path && known.from <= each.from && each.to <= known.to
        };
        if shown.len() < room && !shown.iter().any(is_there) {
            shown.push(each);
        }
    }
}

fn about(kind: Kind, entry: &Entry) -> String {
    let (path, line) = &entry.at;
    let what = match kind {
        Kind::Handler => "what is wrong with",
        _ => "who may do what by",
    };
    one_line(
        &format!("{what} {} at {path}:{line}", entry.route.title()),
        FACT,
    )
}
