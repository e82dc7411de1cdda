//! Programs started with a list of arguments and without a shell.

use tree_sitter::Node;

use super::call::Call;
use super::imports;
use super::queries::one_value;
use super::strings::built;
use crate::Finding;
use crate::fix::code::{Code, around, below, children, field};
use crate::fix::sql::Piece;
use crate::fix::words::{Words, words};
use crate::fix::{Edit, NoFix, Proposal, no_fix};

const WHAT: &str = "start the program with a list of arguments and without a shell";
const MISSING: &str =
    "a program that is not there raises an error now, where the shell gave a status";

/// `os.system("ping " + host)` becomes `subprocess.run(["ping", host])`.
pub(super) fn propose(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    let mut why = None;
    for call in Call::at(code, finding) {
        match of_call(code, &call) {
            Ok(Some(proposal)) => proposals.push(proposal),
            Ok(None) => {}
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    match why {
        Some(why) if proposals.is_empty() => Err(no_fix(why)),
        _ => Ok(proposals),
    }
}

fn of_call(code: &Code<'_>, call: &Call<'_>) -> Result<Option<Proposal>, String> {
    let meant = imports::meant(code, call.name);
    let Some(first) = call.positional.first() else {
        return Ok(None);
    };
    match meant.as_str() {
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen" => with_list(code, call, *first),
        "os.system" => system(code, call, *first).map(Some),
        "os.popen" => popen(code, call, *first).map(Some),
        "subprocess.getoutput" => {
            let (list, risks) = list(code, *first)?;
            let make = |module: &str| {
                format!(
                    "{module}.run({list}, stdout={module}.PIPE, stderr={module}.STDOUT, \
                     text=True, check=False).stdout.rstrip(\"\\n\")"
                )
            };
            Ok(Some(instead(code, call.node, &make, &risks)))
        }
        _ => Ok(None),
    }
}

/// The arguments as a list, and what may go wrong with that.
fn list(code: &Code<'_>, node: Node<'_>) -> Result<(String, Vec<&'static str>), String> {
    let built = built(code, node).ok_or("the command is not put together here")?;
    let Words { words, splits } = words(&built.pieces)?;
    let mut items = Vec::new();
    for word in &words {
        let item = match word.as_slice() {
            [Piece::Text(text)] => built.literal(text),
            [Piece::Value { source, is_text }] => {
                let quoted = source
                    .strip_prefix("shlex.quote(")
                    .and_then(|rest| rest.strip_suffix(')'));
                match quoted {
                    Some(inner) => Some(inner.to_owned()),
                    None if *is_text => Some(source.clone()),
                    None => Some(format!("str({source})")),
                }
            }
            _ => one_value(word),
        };
        items.push(item.ok_or("an argument cannot be written as one text")?);
    }
    let mut risks = vec!["a value that begins with `-` is still read as an option by the program"];
    if splits {
        risks.push("a value with spaces in it was several arguments and is one now");
    }
    Ok((format!("[{}]", items.join(", ")), risks))
}

fn with_list(
    code: &Code<'_>,
    call: &Call<'_>,
    first: Node<'_>,
) -> Result<Option<Proposal>, String> {
    // `["sh", "-c", "ping " + host]`
    if first.kind() == "list" {
        let items = children(first);
        let [shell, option, command] = items.as_slice() else {
            return Ok(None);
        };
        let name = code.text(*shell).trim_matches(['"', '\'']);
        let is_shell = matches!(
            name.rsplit('/').next(),
            Some("sh" | "bash" | "dash" | "zsh")
        );
        if !is_shell || code.text(*option).trim_matches(['"', '\'']) != "-c" {
            return Ok(None);
        }
        let (list, risks) = list(code, *command)?;
        let edit = Edit::replace(first.byte_range(), list);
        return Ok(Some(code.proposal(vec![edit], WHAT, &risks)));
    }
    let Some((_, shell)) = call.keywords.iter().find(|(name, _)| *name == "shell") else {
        return Ok(None);
    };
    if call.keyword("shell").map(|value| code.text(value)) != Some("True") {
        return Err("whether a shell is started is not written here".to_owned());
    }
    let (target, text) = match first.kind() {
        "identifier" => {
            let made = only_for_this(code, call, first)?;
            (made, list(code, made)?)
        }
        _ => (first, list(code, first)?),
    };
    let (list, mut risks) = text;
    risks.push(MISSING);
    let edits = vec![
        Edit::replace(target.byte_range(), list),
        Call::remove(*shell),
    ];
    Ok(Some(code.proposal(edits, WHAT, &risks)))
}

/// What a variable is set to that is made for this call and used nowhere else.
fn only_for_this<'a>(code: &Code<'a>, call: &Call<'a>, name: Node<'a>) -> Result<Node<'a>, String> {
    let wanted = code.text(name);
    let elsewhere = || format!("`{wanted}` is not put together once, here, and for this alone");
    let function = around(call.node, &["function_definition", "module"]).ok_or_else(elsewhere)?;
    let uses = below(function, "identifier").into_iter();
    let uses: Vec<Node<'_>> = uses.filter(|node| code.text(*node) == wanted).collect();
    let [first, second] = uses.as_slice() else {
        return Err(elsewhere());
    };
    let assignment = first.parent().filter(|node| node.kind() == "assignment");
    let assignment =
        assignment.filter(|node| field(*node, "left") == Some(*first) && *second == name);
    assignment
        .and_then(|node| field(node, "right"))
        .ok_or_else(elsewhere)
}

fn system(code: &Code<'_>, call: &Call<'_>, first: Node<'_>) -> Result<Proposal, String> {
    let (list, mut risks) = list(code, first)?;
    risks.push(MISSING);
    let is_statement = call
        .node
        .parent()
        .is_some_and(|node| node.kind() == "expression_statement");
    let mut status = "";
    if !is_statement {
        status = ".returncode";
        risks.push("the status is the program's own, not the one that `os.system` makes of it");
    }
    let make = |module: &str| format!("{module}.run({list}, check=False){status}");
    Ok(instead(code, call.node, &make, &risks))
}

fn popen(code: &Code<'_>, call: &Call<'_>, first: Node<'_>) -> Result<Proposal, String> {
    let (list, mut risks) = list(code, first)?;
    risks.push(MISSING);
    let read = call.node.parent().filter(|node| node.kind() == "attribute");
    let read = read.and_then(|node| Call::of(code, node.parent()?));
    let read = read
        .filter(|read| read.method() == "read" && read.positional.is_empty())
        .ok_or("the stream of `os.popen` is used in other ways than by `read()`")?;
    let make = |module: &str| {
        format!("{module}.run({list}, stdout={module}.PIPE, text=True, check=False).stdout")
    };
    Ok(instead(code, read.node, &make, &risks))
}

/// New text in the place of a node. `make` is told what `subprocess` is called.
fn instead(
    code: &Code<'_>,
    node: Node<'_>,
    make: &dyn Fn(&str) -> String,
    risks: &[&str],
) -> Proposal {
    let (called, import) = imports::module(code, "subprocess");
    let written = Edit::replace(node.byte_range(), make(&called));
    code.proposal(import.into_iter().chain([written]).collect(), WHAT, risks)
}
