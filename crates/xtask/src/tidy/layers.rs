//! The floors: which crate may use which. The table is the one in
//! `docs/architecture.md`; an arrow that it does not allow is an error.

use cargo_metadata::{DependencyKind, Metadata};

use super::Finding;

/// Crates by floor, the lowest first. A crate uses lower floors only.
const FLOORS: &[&[&str]] = &[
    &["dam-policy", "dam-shell", "dam-model", "dam-journal"],
    &["dam-config", "dam-gate", "dam-sandbox", "dam-egress"],
    &["dam-agent", "dam-guard", "dam-scan"],
    &["dam-tui", "dam-cloud"],
    &["cofferdam"],
];

/// Crates beside the floors that nothing but tests may use.
const FOR_TESTS: &str = "dam-testkit";

/// Crates beside the floors that are not built into anything.
const FREE: &[&str] = &["xtask", "dam-fuzz"];

/// One of our crates and the ones of ours that it uses.
#[derive(Clone, Debug)]
pub struct Crate {
    name: String,
    /// What it is built from.
    uses: Vec<String>,
    /// What its tests are built from besides.
    tests_use: Vec<String>,
}

/// Reads our crates from cargo's description of the workspace.
pub fn read(metadata: &Metadata) -> Vec<Crate> {
    let packages = metadata.workspace_packages();
    let ours: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    packages
        .iter()
        .map(|package| {
            let of_kind = |tests: bool| {
                package
                    .dependencies
                    .iter()
                    .filter(|used| (used.kind == DependencyKind::Development) == tests)
                    .map(|used| used.name.clone())
                    .filter(|name| ours.contains(&name.as_str()))
                    .collect()
            };
            Crate {
                name: package.name.to_string(),
                uses: of_kind(false),
                tests_use: of_kind(true),
            }
        })
        .collect()
}

/// Every arrow that the table does not allow.
pub fn check(crates: &[Crate]) -> Vec<Finding> {
    crates
        .iter()
        .filter(|each| !FREE.contains(&each.name.as_str()))
        .flat_map(check_one)
        .collect()
}

fn check_one(each: &Crate) -> Vec<Finding> {
    let mut findings = Vec::new();
    let floor = floor(&each.name);
    if floor.is_none() && each.name != FOR_TESTS {
        findings.push(Finding::error(
            &each.name,
            "stands on no floor: a new crate needs a place in the table of `docs/architecture.md` and in xtask's",
        ));
        return findings;
    }
    for used in &each.uses {
        let allowed = match (floor, self::floor(used)) {
            (Some(upper), Some(lower)) => lower < upper,
            // What serves tests may use anything that is tested.
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !allowed {
            findings.push(Finding::error(
                &each.name,
                format!("may not use `{used}`: arrows point to lower floors only"),
            ));
        }
    }
    // A test that needs a higher floor belongs there.
    for used in &each.tests_use {
        if used != FOR_TESTS && self::floor(used).is_none_or(|other| Some(other) > floor) {
            findings.push(Finding::error(
                &each.name,
                format!("its tests may not use `{used}`, which stands above it"),
            ));
        }
    }
    findings
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|crates| crates.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, uses: &[&str], tests_use: &[&str]) -> Crate {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Crate {
            name: name.to_owned(),
            uses: owned(uses),
            tests_use: owned(tests_use),
        }
    }

    fn messages(each: Crate) -> Vec<String> {
        check(&[each]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn downward_arrows_pass() {
        let agent = made(
            "dam-agent",
            &["dam-gate", "dam-sandbox", "dam-policy"],
            &["dam-testkit", "dam-config"],
        );
        assert_eq!(messages(agent), Vec::<String>::new());
        assert_eq!(messages(made("xtask", &["cofferdam"], &[])).len(), 0);
    }

    #[test]
    fn upward_and_sideways_arrows_fail() {
        assert_eq!(
            messages(made("dam-policy", &["dam-gate"], &[])),
            ["error: dam-policy: may not use `dam-gate`: arrows point to lower floors only"]
        );
        assert_eq!(messages(made("dam-gate", &["dam-config"], &[])).len(), 1);
        assert_eq!(messages(made("dam-policy", &[], &["dam-gate"])).len(), 1);
    }

    #[test]
    fn test_support_in_the_product_fails() {
        let messages = messages(made("cofferdam", &["dam-testkit"], &[]));
        assert_eq!(messages.len(), 1, "{messages:?}");
    }

    #[test]
    fn a_crate_without_a_floor_fails() {
        assert_eq!(messages(made("dam-helpers", &[], &[])).len(), 1);
    }
}
