//! Queries with placeholders.

use tree_sitter::Node;

use super::call::{Call, set_once};
use super::strings::{built, one_value};
use crate::Finding;
use crate::fix::code::{Code, field};
use crate::fix::sql::{self, Driver};
use crate::fix::{Edit, NoFix, Proposal, Surroundings, no_fix};

const METHODS: &[&str] = &["all", "each", "execute", "get", "prepare", "query", "run"];

/// ``query(`… '${x}'`)`` becomes `query("… $1", [x])`.
pub(super) fn propose(
    code: &Code<'_>,
    finding: &Finding,
    around: &Surroundings,
) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    let mut why = None;
    for call in Call::at(code, finding) {
        if !METHODS.contains(&call.method(code)) {
            continue;
        }
        match of_call(code, &call, around) {
            Ok(proposal) => proposals.push(proposal),
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    match why {
        Some(why) if proposals.is_empty() => Err(no_fix(why)),
        _ => Ok(proposals),
    }
}

fn of_call(code: &Code<'_>, call: &Call<'_>, around: &Surroundings) -> Result<Proposal, String> {
    let first = *call.given.first().ok_or("the call has no query")?;
    let beside = call.given.get(1).map(Node::kind);
    if matches!(beside, Some("array" | "object" | "identifier")) {
        return Err("the query has values beside it already".to_owned());
    }
    let text = set_once(code, first).unwrap_or(first);
    let built = built(code, text).ok_or("the query is not put together once and here")?;
    let driver = driver(code, around)?;
    let query = sql::with_placeholders(&built.pieces, driver)?;
    let literal = built
        .literal(&query.text)
        .ok_or("the query cannot be written as one text")?;
    let values: Option<Vec<String>> = query.values.iter().map(|value| one_value(value)).collect();
    let values = values
        .ok_or("what is put into quotes cannot be written as one value")?
        .join(", ");
    let given = if call.method(code) == "prepare" {
        let run = run_of(code, call.node).ok_or("where the statement is run is not here")?;
        run.add(None, &values)
    } else {
        call.add(Some(0), &format!("[{values}]"))
    };
    let edits = vec![Edit::replace(built.node.byte_range(), literal), given];
    Ok(code.proposal(
        edits,
        "pass the values beside the query, with placeholders in it",
        &[],
    ))
}

/// The `.all()` of a statement that is prepared here.
fn run_of<'a>(code: &Code<'a>, prepared: Node<'a>) -> Option<Call<'a>> {
    let member = prepared
        .parent()
        .filter(|node| field(*node, "object") == Some(prepared))?;
    let call = Call::of(code, member.parent()?)?;
    matches!(call.method(code), "all" | "get" | "run" | "iterate").then_some(call)
}

fn driver(code: &Code<'_>, around: &Surroundings) -> Result<Driver, String> {
    let mut here = sql::drivers(code.file.language, code.file.text);
    here.dedup();
    let mut all = around.drivers.clone();
    all.retain(|driver| *driver >= Driver::NodeSqlite);
    match (here.as_slice(), all.into_iter().collect::<Vec<_>>().as_slice()) {
        ([one], _) | ([], [one]) => Ok(*one),
        ([], []) => Err("which driver of a database is used cannot be seen, and so not what its placeholders look like".to_owned()),
        _ => Err("several drivers of databases are used, whose placeholders differ".to_owned()),
    }
}
