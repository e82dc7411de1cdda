//! Arguments that are added, changed or taken away.

use super::call::Call;
use crate::Finding;
use crate::fix::code::{Code, field};
use crate::fix::{Edit, Proposal};

/// `set_cookie("a", "1")` gets `secure=True, httponly=True`.
pub(super) fn cookie(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        if !matches!(call.method(), "set_cookie" | "set_signed_cookie") || call.spread {
            continue;
        }
        let mut edits = Vec::new();
        let mut added = Vec::new();
        for name in ["secure", "httponly"] {
            match call.keyword(name) {
                Some(value) if matches!(code.text(value), "False" | "None") => {
                    edits.push(Edit::replace(value.byte_range(), "True"));
                }
                Some(_) => {}
                None => added.push(format!("{name}=True")),
            }
        }
        if call.keyword("samesite").is_none() {
            added.push("samesite=\"Lax\"".to_owned());
        }
        if !added.is_empty() {
            edits.push(call.add(&added.join(", ")));
        }
        let risks = ["the cookie is no longer sent over plain connections, nor read by scripts"];
        proposals.push(code.proposal(
            edits,
            "keep the cookie to encrypted connections and from scripts",
            &risks,
        ));
    }
    proposals
}

/// `verify=False` goes away, and so do contexts that verify nothing.
pub(super) fn verify(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let risks = ["servers whose certificate does not check are no longer talked to"];
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let off = call.keywords.iter().find(|(name, node)| {
            *name == "verify"
                && field(*node, "value").is_some_and(|value| code.text(value) == "False")
        });
        let edit = match (off, call.name) {
            (Some((_, argument)), _) => Call::remove(*argument),
            (None, "ssl._create_unverified_context") => {
                Edit::replace(call.function.byte_range(), "ssl.create_default_context")
            }
            (None, name) if name.ends_with("AutoAddPolicy") => {
                let name = name.replace("AutoAddPolicy", "RejectPolicy");
                Edit::replace(call.function.byte_range(), name)
            }
            _ => continue,
        };
        proposals.push(code.proposal(vec![edit], "verify the other side", &risks));
    }
    for node in code.at(finding, &["assignment"]) {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            continue;
        };
        let text = match (code.text(left), code.text(right)) {
            (left, "False") if left.ends_with("check_hostname") => "True",
            (_, "ssl.CERT_NONE") => "ssl.CERT_REQUIRED",
            _ => continue,
        };
        let edit = Edit::replace(right.byte_range(), text);
        proposals.push(code.proposal(vec![edit], "verify the other side", &risks));
    }
    proposals
}

/// `requests.get(url)` gets `timeout=10`.
pub(super) fn timeout(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let calls = Call::at(code, finding).into_iter();
    let calls = calls.filter(|call| !call.spread && call.keyword("timeout").is_none());
    calls
        .filter(|call| finding.message.contains(&format!("`{}`", call.name)))
        .map(|call| {
            let risks = ["an answer that takes longer than 10 seconds is an error now"];
            code.proposal(
                vec![call.add("timeout=10")],
                "wait for ten seconds at most",
                &risks,
            )
        })
        .collect()
}

/// `debug=True` and `DEBUG = True` become `False`.
pub(super) fn debug(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut values = Vec::new();
    for call in Call::at(code, finding) {
        values.extend(call.keyword("debug"));
    }
    for node in code.at(finding, &["assignment"]) {
        values.extend(field(node, "right"));
    }
    values.retain(|value| code.text(*value) == "True");
    let off = |value: tree_sitter::Node<'_>| {
        let edit = Edit::replace(value.byte_range(), "False");
        code.proposal(
            vec![edit],
            "switch debugging off",
            &["whoever develops with it switches it on by hand"],
        )
    };
    values.into_iter().map(off).collect()
}
