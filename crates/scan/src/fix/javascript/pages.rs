//! Pages and files that are sent.

use super::call::{Call, set_once};
use super::strings::{Built, built};
use crate::Finding;
use crate::fix::code::{Code, children};
use crate::fix::markup::takes_text;
use crate::fix::sql::{Piece, before_values};
use crate::fix::{Edit, Proposal};

/// There is none in the standard library.
const ESCAPE: &str = "
/** Text as it can be put into HTML. */
function escapeHtml(text) {
  const signs = { \"&\": \"&amp;\", \"<\": \"&lt;\", \">\": \"&gt;\", '\"': \"&quot;\", \"'\": \"&#39;\" };
  return String(text).replace(/[&<>\"']/g, (sign) => signs[sign]);
}
";

/// Escapes what is put into markup.
pub(super) fn propose(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if !matches!(call.method(code), "send" | "end" | "write") {
            continue;
        }
        let Some(first) = call.given.first() else {
            continue;
        };
        let text = set_once(code, *first).unwrap_or(*first);
        match built(code, text) {
            Some(built) => {
                let values = built.values.iter().zip(before_values(&built.pieces));
                let all: Vec<Edit> = values
                    .filter(|(_, before)| takes_text(before))
                    .map(|(value, _)| wrapped(code, value))
                    .collect();
                if all.is_empty() {
                    continue;
                }
                if all.len() > 1 {
                    let each = all.iter().take(6);
                    proposals.extend(each.map(|edit| escaped(code, vec![edit.clone()])));
                }
                proposals.push(escaped(code, all));
            }
            None if code.text(text).starts_with("req") => {
                proposals.push(escaped(code, vec![wrapped(code, first)]));
            }
            None => {}
        }
    }
    proposals
}

fn wrapped(code: &Code<'_>, value: &tree_sitter::Node<'_>) -> Edit {
    let text = format!("escapeHtml({})", code.text(*value));
    Edit::replace(value.byte_range(), text)
}

fn escaped(code: &Code<'_>, mut edits: Vec<Edit>) -> Proposal {
    let text = code.file.text;
    if !text.contains("escapeHtml") {
        let newline = code.newline();
        let begin = if text.ends_with('\n') { "" } else { newline };
        let function = ESCAPE.replace('\n', newline);
        edits.push(Edit::insert(text.len(), format!("{begin}{function}")));
    }
    code.proposal(edits, "escape the value where it is put into the page", &[])
}

/// `res.sendFile(path.join(ROOT, name))` becomes
/// `res.sendFile(name, { root: ROOT })`.
pub(super) fn files(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if !matches!(call.method(code), "sendFile" | "sendfile") || call.given.len() != 1 {
            continue;
        }
        let inner = call.given.first().and_then(|path| Call::of(code, *path));
        let join = inner.filter(|join| matches!(join.name, "path.join" | "path.resolve"));
        if let Some((join, [root, name])) = join.as_ref().map(|join| (join, join.given.as_slice()))
        {
            let text = format!("{}, {{ root: {} }}", code.text(*name), code.text(*root));
            let edit = Edit::replace(join.node.byte_range(), text);
            let risks = ["paths that lead out of the directory are refused now, with 403 or 404"];
            proposals.push(code.proposal(vec![edit], "send files of that directory only", &risks));
        } else if let Some(built) = call.given.first().and_then(|path| built(code, *path)) {
            proposals.extend(below_first(code, &built));
        }
    }
    proposals
}

/// `` `${ROOT}/${name}` `` and `ROOT + "/" + name`.
fn below_first(code: &Code<'_>, built: &Built<'_>) -> Option<Proposal> {
    let [
        Piece::Value { source: root, .. },
        Piece::Text(text),
        Piece::Value { source: name, .. },
    ] = built.pieces.as_slice()
    else {
        return None;
    };
    if text != "/" || children(built.node).is_empty() {
        return None;
    }
    let edit = Edit::replace(
        built.node.byte_range(),
        format!("{name}, {{ root: {root} }}"),
    );
    let risks = ["paths that lead out of the directory are refused now, with 403 or 404"];
    Some(code.proposal(vec![edit], "send files of that directory only", &risks))
}
