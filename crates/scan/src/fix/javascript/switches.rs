//! Options that are added or changed.

use tree_sitter::Node;

use super::call::Call;
use crate::Finding;
use crate::fix::code::{Code, children, field};
use crate::fix::{Edit, Proposal};

/// `res.cookie("a", "1")` gets `{ secure: true, httpOnly: true }`.
pub(super) fn cookie(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if call.method(code) != "cookie" || call.given.len() < 2 {
            continue;
        }
        let wanted = [
            ("secure", "true"),
            ("httpOnly", "true"),
            ("sameSite", "\"lax\""),
        ];
        let edits = match call.given.get(2) {
            Some(options) if options.kind() == "object" => with_options(code, *options, &wanted),
            Some(_) => continue,
            None => {
                let options = wanted
                    .map(|(name, value)| format!("{name}: {value}"))
                    .join(", ");
                vec![call.add(Some(1), &format!("{{ {options} }}"))]
            }
        };
        let risks = ["the cookie is no longer sent over plain connections, nor read by scripts"];
        proposals.push(code.proposal(
            edits,
            "keep the cookie to encrypted connections and from scripts",
            &risks,
        ));
    }
    proposals
}

/// An object with these in it.
fn with_options(code: &Code<'_>, object: Node<'_>, wanted: &[(&str, &str)]) -> Vec<Edit> {
    let pairs = children(object);
    let mut edits = Vec::new();
    let mut added = Vec::new();
    for (name, value) in wanted {
        let known = pairs
            .iter()
            .find(|pair| field(**pair, "key").is_some_and(|key| code.text(key) == *name));
        match known.and_then(|pair| field(*pair, "value")) {
            Some(old) if code.text(old) == "false" => {
                edits.push(Edit::replace(old.byte_range(), *value));
            }
            Some(_) => {}
            None => added.push(format!("{name}: {value}")),
        }
    }
    let added = added.join(", ");
    match pairs.last() {
        _ if added.is_empty() => {}
        Some(last) => edits.push(Edit::insert(last.end_byte(), format!(", {added}"))),
        None => edits.push(Edit::insert(object.start_byte() + 1, format!(" {added} "))),
    }
    edits
}

/// `rejectUnauthorized: false` becomes `true`.
pub(super) fn verify(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let pairs = code.at(finding, &["pair"]).into_iter();
    let off = pairs.filter_map(|pair| {
        let (key, value) = (field(pair, "key")?, field(pair, "value")?);
        let known = matches!(code.text(key), "rejectUnauthorized" | "strictSSL");
        (known && code.text(value) == "false").then_some(value)
    });
    off.map(|value| {
        let edit = Edit::replace(value.byte_range(), "true");
        let risks = ["servers whose certificate does not check are no longer talked to"];
        code.proposal(vec![edit], "verify the other side", &risks)
    })
    .collect()
}

/// `axios.get(url)` gets `{ timeout: 10000 }`.
pub(super) fn timeout(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let at = match call.name {
            "axios.get" | "axios.delete" => 1,
            "axios.post" | "axios.put" | "axios.patch" => 2,
            "axios" | "axios.request" => 0,
            _ => continue,
        };
        let edits = match call.given.get(at) {
            Some(options) if options.kind() == "object" => {
                with_options(code, *options, &[("timeout", "10000")])
            }
            None if at > 0 && call.given.len() == at => {
                vec![call.add(Some(at - 1), "{ timeout: 10000 }")]
            }
            _ => continue,
        };
        let risks = ["an answer that takes longer than 10 seconds is an error now"];
        proposals.push(code.proposal(edits, "wait for ten seconds at most", &risks));
    }
    proposals
}
