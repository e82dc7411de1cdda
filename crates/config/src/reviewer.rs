//! Who answers questions, and the flow rule: `approvals_reviewer` and `[flow]`.

use dam_policy::{FlowRule, Layer, Origin, ReviewerKind, Sourced};

use crate::merged::Merged;
use crate::places::settled;
use crate::value::Value;

/// Who answers. Without a person there is still the automatic reviewer.
pub(crate) fn chosen(merged: &Merged, interactive: bool) -> ReviewerKind {
    match merged.get(["approvals_reviewer"]).map(|leaf| &leaf.value) {
        Some(Value::Reviewer(ReviewerKind::AutoReview)) => ReviewerKind::AutoReview,
        _ if interactive => ReviewerKind::User,
        _ => ReviewerKind::Nobody,
    }
}

/// The flow rule. It comes from the strongest layer that says anything of it.
pub(crate) fn flow(merged: &Merged) -> Sourced<FlowRule> {
    let mut rule = FlowRule::default();
    let mut origin = Origin::of(Layer::Builtin);
    for (rest, leaf) in merged.below(&["flow"]) {
        match (rest.first().map(String::as_str), &leaf.value) {
            (Some("enabled"), Value::Switch(enabled)) => rule.enabled = *enabled,
            // A link to it is as private as the place that it leads to.
            (Some("private"), Value::Paths(paths)) => {
                rule.private = paths
                    .iter()
                    .flat_map(|path| [path.clone(), settled(path)])
                    .collect();
                rule.private.dedup();
            }
            (Some("trusted_hosts"), Value::Texts(hosts)) => rule.trusted_hosts.clone_from(hosts),
            _ => continue,
        }
        if leaf.spot.origin.layer >= origin.layer {
            origin = leaf.spot.origin.clone();
        }
    }
    Sourced::new(rule, origin)
}
