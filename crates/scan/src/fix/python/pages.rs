//! Pages: values are escaped, or handed to the template.

use tree_sitter::Node;

use super::call::Call;
use super::imports;
use super::strings::{Built, built};
use crate::Finding;
use crate::fix::code::{Code, around, below, children, field};
use crate::fix::markup::takes_text;
use crate::fix::sql::{Piece, before_values};
use crate::fix::{Edit, NoFix, Proposal, no_fix};

/// How many values of one text are tried one by one.
const MOST: usize = 6;

/// Escapes what is put into markup.
pub(super) fn propose(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = template(code, finding).unwrap_or_default();
    proposals.extend(format_html(code, finding));
    let (called, import) = imports::module(code, "html");
    let wrap = |source: &str, is_text: bool| {
        if is_text {
            format!("{called}.escape({source})")
        } else {
            format!("{called}.escape(str({source}))")
        }
    };
    let mut escaped = wrapped(
        code,
        finding,
        &wrap,
        &takes_text,
        "escape the value where it is put into the page",
    );
    for proposal in &mut escaped {
        let edits = import.clone().into_iter().chain(proposal.edits.drain(..));
        *proposal = code.proposal(edits.collect(), &proposal.what, &[]);
    }
    proposals.extend(escaped);
    proposals
}

/// Wraps a value that is put into text at a finding: each by itself, then all.
/// Where nothing is put together there, the value that is handed on. `takes`
/// says whether a value behind some text can be wrapped.
pub(super) fn wrapped(
    code: &Code<'_>,
    finding: &Finding,
    wrap: &dyn Fn(&str, bool) -> String,
    takes: &dyn Fn(&str) -> bool,
    what: &str,
) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    let mut texts: Vec<Built<'_>> = Vec::new();
    for node in handed_on(code, finding) {
        let inner = source_of(code, node).unwrap_or(node);
        match built(code, inner) {
            Some(built) if texts.iter().any(|known| known.node == built.node) => {}
            Some(built) => texts.push(built),
            None if is_plain_value(code, inner) => {
                let text = wrap(code.text(node), true);
                let edit = Edit::replace(node.byte_range(), text);
                proposals.push(code.proposal(vec![edit], what, &[]));
            }
            None => {}
        }
    }
    for text in texts {
        let values = text.values.iter().zip(before_values(&text.pieces));
        let mut edits: Vec<Edit> = values
            .filter(|(_, before)| takes(before))
            .map(|((node, is_text), _)| {
                Edit::replace(node.byte_range(), wrap(code.text(*node), *is_text))
            })
            .collect();
        if edits.is_empty() {
            continue;
        }
        edits.sort_by_key(|edit| edit.range.start);
        edits.dedup();
        if edits.len() > 1 {
            for edit in edits.iter().take(MOST) {
                proposals.push(code.proposal(vec![edit.clone()], what, &[]));
            }
        }
        proposals.push(code.proposal(edits, what, &[]));
    }
    proposals
}

/// What is returned, or given to a call, at a finding.
fn handed_on<'a>(code: &Code<'a>, finding: &Finding) -> Vec<Node<'a>> {
    let mut nodes = Vec::new();
    for node in code.at(finding, &["return_statement", "call"]) {
        if node.kind() == "return_statement" {
            nodes.extend(children(node).into_iter().next());
        } else if let Some(call) = Call::of(code, node) {
            nodes.extend(call.positional.iter().copied());
        }
    }
    nodes
}

/// What a variable was set to, where that is so once in the function.
fn source_of<'a>(code: &Code<'a>, name: Node<'a>) -> Option<Node<'a>> {
    if name.kind() != "identifier" {
        return None;
    }
    let function = around(name, &["function_definition"])?;
    let wanted = code.text(name);
    let assigned = below(function, "assignment").into_iter();
    let assigned = assigned.chain(below(function, "augmented_assignment"));
    let mut found =
        assigned.filter(|node| field(*node, "left").is_some_and(|left| code.text(left) == wanted));
    let only = found.next().filter(|node| node.kind() == "assignment")?;
    if found.next().is_some() {
        return None;
    }
    field(only, "right")
}

/// Whether it is a value of a request as it came, without markup of ours.
fn is_plain_value(code: &Code<'_>, node: Node<'_>) -> bool {
    let text = code.text(node);
    matches!(node.kind(), "subscript" | "call" | "attribute")
        && !text.contains('<')
        && text.contains("request")
}

/// `render_template_string("Hello " + x)` becomes
/// `render_template_string("Hello {{ x }}", x=x)`.
pub(super) fn template(code: &Code<'_>, finding: &Finding) -> Result<Vec<Proposal>, NoFix> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let known = matches!(
            call.method(),
            "render_template_string" | "from_string" | "Template"
        );
        let Some(first) = call.positional.first().filter(|_| known) else {
            continue;
        };
        let text = source_of(code, *first).unwrap_or(*first);
        let Some(built) = built(code, text) else {
            continue;
        };
        let receiver = if call.method() == "render_template_string" {
            Some(call)
        } else {
            rendered(code, call.node)
        };
        let Some(receiver) = receiver else {
            return Err(no_fix("where the template is filled in is not here"));
        };
        proposals.extend(with_variables(code, &built, &receiver));
    }
    if proposals.is_empty() {
        return Err(no_fix("which template is meant is known to people only"));
    }
    Ok(proposals)
}

/// The `….render()` of a template that is made here.
fn rendered<'a>(code: &Code<'a>, template: Node<'a>) -> Option<Call<'a>> {
    let attribute = template
        .parent()
        .filter(|node| node.kind() == "attribute")?;
    let call = Call::of(code, attribute.parent()?)?;
    (call.method() == "render").then_some(call)
}

fn with_variables(code: &Code<'_>, built: &Built<'_>, receiver: &Call<'_>) -> Option<Proposal> {
    let mut text = String::new();
    let mut named: Vec<(String, String)> = Vec::new();
    for piece in &built.pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Value { source, .. } => {
                let known = named.iter().find(|(_, value)| value == source);
                let name = known.map_or_else(
                    || variable(source, receiver, named.len()),
                    |(name, _)| name.clone(),
                );
                text.push_str("{{ ");
                text.push_str(&name);
                text.push_str(" }}");
                if !named.iter().any(|(_, value)| value == source) {
                    named.push((name, source.clone()));
                }
            }
        }
    }
    let given: Vec<String> = named
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let edits = vec![
        Edit::replace(built.node.byte_range(), built.literal(&text)?),
        receiver.add(&given.join(", ")),
    ];
    Some(code.proposal(
        edits,
        "keep the template constant, and hand it the values",
        &[],
    ))
}

fn variable(source: &str, receiver: &Call<'_>, number: usize) -> String {
    let is_name = source
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_')
        && source.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name && receiver.keyword(source).is_none() {
        source.to_owned()
    } else {
        format!("value{}", number + 1)
    }
}

/// `mark_safe(f"<b>{x}</b>")` becomes `format_html("<b>{}</b>", x)`.
fn format_html(code: &Code<'_>, finding: &Finding) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for call in Call::at(code, finding) {
        let Some(built) = call
            .positional
            .first()
            .filter(|_| imports::meant(code, call.name).ends_with("mark_safe"))
            .and_then(|text| built(code, *text))
        else {
            continue;
        };
        let mut text = String::new();
        let mut values = String::new();
        for piece in &built.pieces {
            match piece {
                Piece::Text(part) => text.push_str(&part.replace('{', "{{").replace('}', "}}")),
                Piece::Value { source, .. } => {
                    text.push_str("{}");
                    values.push_str(", ");
                    values.push_str(source);
                }
            }
        }
        let Some(literal) = built.literal(&text) else {
            continue;
        };
        let (called, import) = imports::name(code, "django.utils.html", "format_html");
        let written = Edit::replace(
            call.node.byte_range(),
            format!("{called}({literal}{values})"),
        );
        let edits = import.into_iter().chain([written]).collect();
        proposals.push(code.proposal(edits, "have each value escaped as it is put in", &[]));
    }
    proposals
}
