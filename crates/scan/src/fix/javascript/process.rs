//! Programs started with a list of arguments and without a shell.

use super::call::{Call, set_once};
use super::strings::{built, one_value};
use crate::Finding;
use crate::fix::code::{Code, below, children, field};
use crate::fix::sql::Piece;
use crate::fix::words::words;
use crate::fix::{Edit, NoFix, Proposal, no_fix};

/// ``exec(`ping ${host}`)`` becomes `execFile("ping", [String(host)])`.
pub(super) fn propose(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    let mut why = None;
    for call in Call::at(code, finding) {
        let new = match call.method(code) {
            "exec" => "execFile",
            "execSync" => "execFileSync",
            _ => continue,
        };
        match of_call(code, &call, new) {
            Ok(proposal) => proposals.push(proposal),
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    match why {
        Some(why) if proposals.is_empty() => Err(no_fix(why)),
        _ => Ok(proposals),
    }
}

fn of_call(code: &Code<'_>, call: &Call<'_>, new: &str) -> Result<Proposal, String> {
    let first = *call.given.first().ok_or("the call has no command")?;
    if code.text(call.arguments).contains("shell") {
        return Err("the call chooses a shell".to_owned());
    }
    let text = set_once(code, first).unwrap_or(first);
    let built = built(code, text).ok_or("the command is not put together once and here")?;
    let words = words(&built.pieces)?;
    let mut items = Vec::new();
    for word in &words.words {
        items.push(match word.as_slice() {
            [Piece::Text(text)] => built.literal(text),
            [Piece::Value { source, .. }] => Some(format!("String({source})")),
            _ => one_value(word),
        });
    }
    let items: Option<Vec<String>> = items.into_iter().collect();
    let items = items.ok_or("an argument cannot be written as one text")?;
    let (program, arguments) = items.split_first().ok_or("the command is empty")?;
    let mut edits = called(code, call, new)?;
    edits.push(Edit::replace(
        first.byte_range(),
        format!("{program}, [{}]", arguments.join(", ")),
    ));
    let mut risks = vec!["a value that begins with `-` is still read as an option by the program"];
    if words.splits {
        risks.push("a value with spaces in it was several arguments and is one now");
    }
    if text != first {
        risks.push("the variable that the command was in is no longer used");
    }
    risks.push("a program that is not there is another error now");
    Ok(code.proposal(
        edits,
        "start the program with a list of arguments and without a shell",
        &risks,
    ))
}

/// The other function in the place of this one: also where it is imported.
fn called(code: &Code<'_>, call: &Call<'_>, new: &str) -> Result<Vec<Edit>, String> {
    if let Some(property) = field(call.function, "property") {
        let is_module = code.file.text.contains("child_process");
        return is_module
            .then(|| vec![Edit::replace(property.byte_range(), new)])
            .ok_or_else(|| "it is not seen to be `child_process`".to_owned());
    }
    let mut edits = vec![Edit::replace(call.function.byte_range(), new)];
    let root = code.tree.root_node();
    let lists = below(root, "object_pattern")
        .into_iter()
        .chain(below(root, "named_imports"));
    for list in lists {
        let from = list.parent().and_then(|node| node.parent());
        let from = from.map_or("", |node| code.text(node.parent().unwrap_or(node)));
        let names = children(list);
        let Some(own) = names.iter().find(|name| code.text(**name) == call.name) else {
            continue;
        };
        if !from.contains("child_process") {
            continue;
        }
        if !names.iter().any(|name| code.text(*name) == new) {
            edits.push(Edit::insert(own.end_byte(), format!(", {new}")));
        }
        return Ok(edits);
    }
    Err("where the function comes from is not seen".to_owned())
}
