//! What is weak by itself: another function in its place.

use super::call::Call;
use super::imports;
use super::paths::statement;
use crate::Finding;
use crate::fix::code::{Code, field};
use crate::fix::{Edit, NoFix, Proposal, no_fix};

/// `yaml.load(x, Loader=…)` becomes `yaml.safe_load(x)`.
pub(super) fn yaml(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let meant = imports::meant(code, call.name);
        let safe = match meant.as_str() {
            "yaml.load" | "yaml.unsafe_load" | "yaml.full_load" => "safe_load",
            "yaml.load_all" | "yaml.unsafe_load_all" | "yaml.full_load_all" => "safe_load_all",
            _ => continue,
        };
        let (called, import) = match call.name.rsplit_once('.') {
            Some((module, _)) => (format!("{module}.{safe}"), None),
            None => imports::name(code, "yaml", safe),
        };
        let mut edits: Vec<Edit> = import.into_iter().collect();
        edits.push(Edit::replace(call.function.byte_range(), called));
        let loader = call.keywords.iter().find(|(name, _)| *name == "Loader");
        let loader = loader
            .map(|(_, node)| *node)
            .or(call.positional.get(1).copied());
        edits.extend(loader.map(|loader| Call::remove(loader)));
        let risks = ["tags that make objects are refused now"];
        proposals.push(code.proposal(edits, "load plain values only", &risks));
    }
    if proposals.is_empty() {
        return Err(no_fix("another format has to be chosen, on both sides"));
    }
    Ok(proposals)
}

/// Gives lxml a parser that resolves no entities.
pub(super) fn xml(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let meant = imports::meant(code, call.name);
        if !meant.starts_with("lxml.etree.") {
            continue;
        }
        let (module, import) = if let Some((module, _)) = call.name.rsplit_once('.') {
            (format!("{module}."), None)
        } else {
            let (_, import) = imports::name(code, "lxml.etree", "XMLParser");
            (String::new(), import)
        };
        let mut edits: Vec<Edit> = import.into_iter().collect();
        let method = call.method();
        if method == "XMLParser" || method == "iterparse" {
            match call.keyword("resolve_entities") {
                Some(value) => edits.push(Edit::replace(value.byte_range(), "False")),
                None => edits.push(call.add("resolve_entities=False")),
            }
        } else if call.positional.len() == 1 && call.keyword("parser").is_none() {
            edits.push(call.add(&format!(
                "{module}XMLParser(resolve_entities=False, no_network=True)"
            )));
        } else {
            continue;
        }
        let risks = ["entities of documents are no longer put in"];
        proposals.push(code.proposal(edits, "parse without entities", &risks));
    }
    for node in code.at(finding, &["call"]) {
        let Some(call) = Call::of(code, node).filter(|call| call.method() == "setFeature") else {
            continue;
        };
        if let Some(value) = call.positional.get(1) {
            let edit = Edit::replace(value.byte_range(), "False");
            proposals.push(code.proposal(vec![edit], "parse without entities", &[]));
        }
    }
    proposals
}

/// `eval(x)` becomes `ast.literal_eval(x)`.
pub(super) fn literal(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if !matches!(call.name, "eval" | "builtins.eval") || call.positional.len() != 1 {
            continue;
        }
        let (module, import) = imports::module(code, "ast");
        let edits = import.into_iter().chain([Edit::replace(
            call.function.byte_range(),
            format!("{module}.literal_eval"),
        )]);
        let risks = ["only literals are read now: sums, names and calls are errors"];
        proposals.push(code.proposal(
            edits.collect(),
            "read literals instead of running code",
            &risks,
        ));
    }
    if proposals.is_empty() {
        return Err(no_fix("what the code is to do is known to people only"));
    }
    Ok(proposals)
}

/// `hashlib.md5` becomes `hashlib.sha256`.
pub(super) fn hash(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    const RISKS: &[&str] = &[
        "changes stored hashes: what was kept with the old one no longer compares",
        "for passwords neither will do: use argon2, scrypt or bcrypt",
    ];
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let meant = imports::meant(code, call.name);
        let edits = match meant.as_str() {
            "hashlib.md5" | "hashlib.sha1" | "hashlib.md4" => {
                let (called, import) = match call.name.rsplit_once('.') {
                    Some((module, _)) => (format!("{module}.sha256"), None),
                    None => imports::name(code, "hashlib", "sha256"),
                };
                let named = Edit::replace(call.function.byte_range(), called);
                import.into_iter().chain([named]).collect()
            }
            "hashlib.new" => match call.positional.first() {
                Some(name) => vec![Edit::replace(name.byte_range(), "\"sha256\"")],
                None => continue,
            },
            _ => continue,
        };
        proposals.push(code.proposal(edits, "hash with SHA-256", RISKS));
    }
    proposals
}

/// `random.choice(x)` becomes `secrets.choice(x)`.
pub(super) fn random(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let meant = imports::meant(code, call.name);
        let Some(function) = meant.strip_prefix("random.") else {
            continue;
        };
        let (module, import) = imports::module(code, "secrets");
        let called = match (function, call.positional.len()) {
            ("choice", 1) => format!("{module}.choice"),
            ("getrandbits", 1) => format!("{module}.randbits"),
            ("randrange", 1) => format!("{module}.randbelow"),
            (
                "choices" | "randint" | "randrange" | "random" | "sample" | "shuffle" | "uniform"
                | "randbytes",
                _,
            ) => format!("{module}.SystemRandom().{function}"),
            _ => continue,
        };
        let named = Edit::replace(call.function.byte_range(), called);
        let edits = import.into_iter().chain([named]).collect();
        let risks = ["numbers no longer follow from a seed"];
        proposals.push(code.proposal(edits, "take random numbers that cannot be foreseen", &risks));
    }
    if proposals.is_empty() {
        return Err(no_fix(
            "this use of `random` has no counterpart in `secrets`",
        ));
    }
    Ok(proposals)
}

/// `name = tempfile.mktemp()` becomes a file that was made.
pub(super) fn temporary(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if imports::meant(code, call.name) != "tempfile.mktemp" {
            continue;
        }
        let called = match call.name.rsplit_once('.') {
            Some((module, _)) => format!("{module}.mkstemp"),
            None => {
                return Err(no_fix(
                    "`mktemp` is imported by its name: use `tempfile.mkstemp`",
                ));
            }
        };
        let assignment = call
            .node
            .parent()
            .filter(|node| node.kind() == "assignment");
        let name = assignment.and_then(|node| field(node, "left"));
        let (Some(name), Some(statement)) = (name, statement(code, call.node)) else {
            continue;
        };
        let (os, import) = imports::module(code, "os");
        let indent = code.indent(statement.start_byte());
        let mut edits: Vec<Edit> = import.into_iter().collect();
        edits.push(Edit::insert(name.start_byte(), "handle, "));
        edits.push(Edit::replace(call.function.byte_range(), called));
        let close = format!("{}{indent}{os}.close(handle)", code.newline());
        edits.push(Edit::insert(statement.end_byte(), close));
        let risks =
            ["the file is there from the beginning: whoever waits for it to appear does not"];
        proposals.push(code.proposal(edits, "make the file together with its name", &risks));
    }
    if proposals.is_empty() {
        return Err(no_fix("what is done with the name is not seen here"));
    }
    Ok(proposals)
}
