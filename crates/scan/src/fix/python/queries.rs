//! Queries with placeholders: SQL, XPath, and filters of LDAP.

use tree_sitter::Node;

use super::call::Call;
use super::imports;
use super::strings::{Built, built};
use crate::Finding;
use crate::fix::code::{Code, around, below, field};
use crate::fix::sql::{self, Driver, Piece};
use crate::fix::{Edit, NoFix, Proposal, Surroundings, no_fix};

/// `execute("… %s …" % x)` becomes `execute("… ? …", (x,))`.
pub(super) fn sql(
    code: &Code<'_>,
    finding: &Finding,
    around: &Surroundings,
) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    let mut why = None;
    for call in Call::at(code, finding) {
        if call.method() == "executescript" {
            why =
                Some("`executescript` takes no values beside the query: use `execute`".to_owned());
            continue;
        }
        if !matches!(call.method(), "execute" | "raw" | "exec_driver_sql") {
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
    let [query] = call.positional.as_slice() else {
        return Err("the query has values beside it already".to_owned());
    };
    if call.spread || !call.keywords.is_empty() {
        return Err("the call has more arguments than a query".to_owned());
    }
    let (text, wrapped) = unwrapped(code, *query);
    let built = match built(code, text) {
        Some(built) => built,
        None if text.kind() == "identifier" => put_together_before(code, call, text)?,
        None => return Err("the query is not put together here".to_owned()),
    };
    let driver = driver(code, around, wrapped)?;
    let query = sql::with_placeholders(&built.pieces, driver)?;
    let literal = built
        .literal(&query.text)
        .ok_or("the query cannot be written as one text")?;
    let values: Option<Vec<String>> = query.values.iter().map(|value| one_value(value)).collect();
    let values = values.ok_or("what is put into quotes cannot be written as one value")?;
    let edits = vec![
        Edit::replace(built.node.byte_range(), literal),
        call.add(&beside(&values, driver)),
    ];
    Ok(code.proposal(
        edits,
        "pass the values beside the query, with placeholders in it",
        &[],
    ))
}

/// The values, as this driver takes them.
fn beside(values: &[String], driver: Driver) -> String {
    if driver == Driver::Alchemy {
        let named = values.iter().enumerate();
        let named: Vec<String> = named
            .map(|(at, value)| format!("\"value{}\": {value}", at + 1))
            .collect();
        return format!("{{{}}}", named.join(", "));
    }
    match values {
        [one] => format!("({one},)"),
        all => format!("({})", all.join(", ")),
    }
}

/// `text(query)` is `SQLAlchemy`'s form of a query.
fn unwrapped<'a>(code: &Code<'a>, query: Node<'a>) -> (Node<'a>, bool) {
    if query.kind() == "call"
        && let Some(call) = Call::of(code, query)
        && call.method() == "text"
        && let [inner] = call.positional.as_slice()
    {
        return (*inner, true);
    }
    (query, false)
}

fn driver(code: &Code<'_>, around: &Surroundings, wrapped: bool) -> Result<Driver, String> {
    if wrapped {
        return Ok(Driver::Alchemy);
    }
    let mut here = sql::drivers(code.file.language, code.file.text);
    here.retain(|driver| *driver != Driver::Alchemy);
    here.dedup();
    let mut all = around.drivers.clone();
    all.retain(|driver| *driver < Driver::NodeSqlite && *driver != Driver::Alchemy);
    match (here.as_slice(), all.into_iter().collect::<Vec<_>>().as_slice()) {
        ([one], _) | ([], [one]) => Ok(*one),
        ([], []) => Err("which driver of a database is used cannot be seen, and so not what its placeholders look like".to_owned()),
        _ => Err("several drivers of databases are used, whose placeholders differ".to_owned()),
    }
}

/// A query that a variable holds: put together once, in the same function,
/// and with what has not changed since.
fn put_together_before<'a>(
    code: &Code<'a>,
    call: &Call<'a>,
    name: Node<'a>,
) -> Result<Built<'a>, String> {
    let elsewhere = || format!("`{}` is not put together once and here", code.text(name));
    let function = around(call.node, &["function_definition", "module"]);
    let function = function.ok_or_else(elsewhere)?;
    let wanted = code.text(name);
    let mut assigned = Vec::new();
    for kind in [
        "assignment",
        "augmented_assignment",
        "for_statement",
        "named_expression",
    ] {
        let nodes = below(function, kind).into_iter();
        assigned.extend(nodes.filter(|node| {
            let target = field(*node, "left").or_else(|| field(*node, "name"));
            target.is_some_and(|target| {
                let names = below(target, "identifier").into_iter();
                names.chain([target]).any(|name| code.text(name) == wanted)
            })
        }));
    }
    let [only] = assigned.as_slice() else {
        return Err(elsewhere());
    };
    let built = field(*only, "right")
        .and_then(|right| built(code, right))
        .ok_or_else(elsewhere)?;
    // It must have been made on the way here, out of what is still the same.
    let between = only.end_byte()..call.node.start_byte();
    let statement = only.parent().and_then(|statement| statement.parent());
    let is_on_the_way = statement.is_some_and(|block| {
        let mut at = Some(call.node);
        while let Some(node) = at {
            if node == block {
                return true;
            }
            at = node.parent();
        }
        false
    });
    let changed = below(function, "assignment").into_iter().any(|node| {
        between.contains(&node.start_byte())
            && field(node, "left").is_some_and(|left| {
                let left = code.text(left);
                built.pieces.iter().any(
                    |piece| matches!(piece, Piece::Value { source, .. } if mentions(source, left)),
                )
            })
    });
    if is_on_the_way && !changed && between.start <= between.end {
        Ok(built)
    } else {
        Err(elsewhere())
    }
}

fn mentions(source: &str, name: &str) -> bool {
    let mut words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == name)
}

/// What one placeholder stands for, as an expression.
pub(super) fn one_value(pieces: &[Piece]) -> Option<String> {
    if let [Piece::Value { source, .. }] = pieces {
        return Some(source.clone());
    }
    let certain = pieces
        .iter()
        .all(|piece| !matches!(piece, Piece::Value { is_text: false, .. }));
    if certain {
        let parts: Vec<String> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => format!("\"{text}\""),
                Piece::Value { source, .. } => source.clone(),
            })
            .collect();
        let plain = !pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Text(text) if text.contains('"')));
        return plain.then(|| parts.join(" + "));
    }
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(&part.replace('{', "{{").replace('}', "}}")),
            Piece::Value { source, .. } => {
                text.push('{');
                text.push_str(source);
                text.push('}');
            }
        }
    }
    let quote = ['"', '\'']
        .into_iter()
        .find(|quote| !text.contains(*quote))?;
    let plain = !text.contains(['\\', '\n']);
    plain.then(|| format!("f{quote}{text}{quote}"))
}

/// `tree.xpath("//u[@n='" + x + "']")` becomes `tree.xpath("//u[@n=$value1]", value1=x)`.
pub(super) fn xpath(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let Some(built) = call
            .positional
            .first()
            .filter(|_| call.method() == "xpath" && call.positional.len() == 1)
            .and_then(|query| built(code, *query))
        else {
            continue;
        };
        // The grammar of values is as in SQL: quotes, and `=` before.
        let query = sql::with_placeholders(&built.pieces, Driver::Alchemy).map_err(no_fix)?;
        let text = query.text.replace(":value", "$value");
        let values: Option<Vec<String>> =
            query.values.iter().map(|value| one_value(value)).collect();
        let (Some(literal), Some(values)) = (built.literal(&text), values) else {
            continue;
        };
        let named: Vec<String> = (1..)
            .zip(&values)
            .map(|(number, value)| format!("value{number}={value}"))
            .collect();
        let edits = vec![
            Edit::replace(built.node.byte_range(), literal),
            call.add(&named.join(", ")),
        ];
        proposals.push(code.proposal(edits, "pass the values as variables of the expression", &[]));
    }
    Ok(proposals)
}

/// Escapes what is put into a filter.
pub(super) fn ldap(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let is_old = imports::has(code, "ldap");
    let is_new = imports::has(code, "ldap3");
    let (module, name) = match (is_old, is_new) {
        (true, false) => ("ldap.filter", "escape_filter_chars"),
        (false, true) => ("ldap3.utils.conv", "escape_filter_chars"),
        _ => return Err(no_fix("which library for LDAP is used cannot be seen")),
    };
    let (called, import) = imports::name(code, module, name);
    let wrap = |source: &str, is_text: bool| {
        if is_text {
            format!("{called}({source})")
        } else {
            format!("{called}(str({source}))")
        }
    };
    let mut proposals = super::pages::wrapped(
        code,
        finding,
        &wrap,
        &|_| true,
        "escape the value for filters",
    );
    for proposal in &mut proposals {
        let edits = import.clone().into_iter().chain(proposal.edits.drain(..));
        *proposal = code.proposal(edits.collect(), &proposal.what, &[]);
    }
    Ok(proposals)
}
