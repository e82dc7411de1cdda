//! Requirements as people are shown them: each key with its value as TOML has
//! it, and its place.

use std::fmt::Display;

use dam_policy::{
    Argument, DenyRead, Floor, Identity, Origin, PrefixRule, Repositories, Requirements,
    Sensitivity, Sourced,
};

use crate::value::quoted;

/// A key, its value as TOML has it, and where it was set.
pub type Entry = (String, String, Origin);

/// Every requirement. What the class of a repository adds is in it by then.
pub fn entries(requirements: &Requirements) -> Vec<Entry> {
    let mut found = floor_entries("", &requirements.floor);
    for (key, ..) in &mut found {
        // In the whole file these stand elsewhere than in a class.
        if key.starts_with("deny_read") {
            key.insert_str(0, "permissions.filesystem.");
        } else if key.starts_with("network") {
            key.insert_str(0, "experimental_");
        }
    }
    let mut add = |key: &str, value: String, origin: &Origin| {
        found.push((key.to_owned(), value, origin.clone()));
    };
    if let Some(names) = &requirements.profiles {
        let names_of = names
            .value
            .iter()
            .map(|name| format!("{} = true", quoted(name)));
        add(
            "allowed_permission_profiles",
            table(names_of),
            &names.origin,
        );
    }
    let texts = [
        ("default_permissions", &requirements.default_permissions),
        ("guardian_policy_config", &requirements.reviewer_policy),
        ("enforce_residency", &requirements.residency),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            add(key, quoted(&text.value), &text.origin);
        }
    }
    if let Some(only) = &requirements.managed_hooks_only {
        add(
            "allow_managed_hooks_only",
            only.value.to_string(),
            &only.origin,
        );
    }
    for (name, feature) in &requirements.features {
        add(
            &format!("features.{name}"),
            feature.value.to_string(),
            &feature.origin,
        );
    }
    if let Some(servers) = &requirements.mcp_servers {
        for (name, identity) in &servers.value.0 {
            let key = format!("mcp_servers.{}.identity", quoted(name));
            add(&key, self::identity(identity), &servers.origin);
        }
        if servers.value.0.is_empty() {
            add("mcp_servers", "{}".to_owned(), &servers.origin);
        }
    }
    for one in &requirements.rules {
        add("rules.prefix_rules[]", rule(one), &one.origin);
    }
    if let Some(sensitivity) = &requirements.sensitivity {
        found.extend(sensitivity_entries("sensitivity.", sensitivity));
    }
    found
}

/// What is said of classes.
pub(crate) fn sensitivity_entries(before: &str, sensitivity: &Sensitivity) -> Vec<Entry> {
    let place = || {
        let first = sensitivity.repositories.first();
        first.map_or(Origin::BUILTIN, |listed| listed.origin.clone())
    };
    let classes = list(sensitivity.classes.iter().map(|name| quoted(name)));
    let mut found = vec![(format!("{before}classes"), classes, place())];
    if let Some(unknown) = &sensitivity.unknown {
        found.push((format!("{before}unknown"), quoted(unknown), place()));
    }
    for (name, floor) in &sensitivity.floors {
        found.extend(floor_entries(
            &format!("{before}floors.{}.", quoted(name)),
            floor,
        ));
    }
    if !sensitivity.repositories.is_empty() {
        let all = list(sensitivity.repositories.iter().map(repositories));
        found.push((format!("{before}repositories"), all, place()));
    }
    found
}

fn floor_entries(before: &str, floor: &Floor) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut add = |key: &str, value: String, origin: &Origin| {
        found.push((format!("{before}{key}"), value, origin.clone()));
    };
    if let Some(modes) = &floor.sandbox_modes {
        add("allowed_sandbox_modes", words(&modes.value), &modes.origin);
    }
    if let Some(names) = &floor.approval_policies {
        add(
            "allowed_approval_policies",
            words(&names.value),
            &names.origin,
        );
    }
    if let Some(names) = &floor.reviewers {
        add(
            "allowed_approvals_reviewers",
            words(&names.value),
            &names.origin,
        );
    }
    if let Some(modes) = &floor.web_search_modes {
        add(
            "allowed_web_search_modes",
            words(&modes.value),
            &modes.origin,
        );
    }
    for denied in &floor.deny_read {
        add("deny_read[]", denied_path(denied), &denied.origin);
    }
    let network = &floor.network;
    let switches = [
        ("network.enabled", "false", &network.off),
        (
            "network.managed_allowed_domains_only",
            "true",
            &network.only_allowed,
        ),
        (
            "network.allow_local_binding",
            "false",
            &network.no_local_binding,
        ),
    ];
    for (key, value, origin) in switches {
        if let Some(origin) = origin {
            add(key, value.to_owned(), origin);
        }
    }
    let domains = [
        ("network.allowed_domains[]", &network.allowed),
        ("network.denied_domains[]", &network.denied),
    ];
    for (key, names) in domains {
        for Sourced { value, origin } in names {
            add(key, quoted(&value.to_string()), origin);
        }
    }
    found
}

fn denied_path(denied: &DenyRead) -> String {
    let base = denied.base.display();
    match &denied.glob {
        None => quoted(&base.to_string()),
        Some(glob) => quoted(&format!(
            "{}/{glob}",
            base.to_string().trim_end_matches('/')
        )),
    }
}

fn rule(rule: &PrefixRule) -> String {
    let word = |choices: &Vec<String>| match &choices[..] {
        [only] => table([format!("token = {}", quoted(only))]),
        many => {
            let choices = list(many.iter().map(|choice| quoted(choice)));
            table([format!("any_of = {choices}")])
        }
    };
    let mut fields = vec![
        format!("pattern = {}", list(rule.pattern.iter().map(word))),
        format!("decision = {}", quoted(rule.decision.name())),
    ];
    let why = rule.justification.as_ref();
    fields.extend(why.map(|why| format!("justification = {}", quoted(why))));
    table(fields)
}

fn identity(identity: &Identity) -> String {
    let argument = |argument: &Argument| match argument {
        Argument::Exact(text) => quoted(text),
        Argument::Prefix(text) => format!("{{ match = \"prefix\", value = {} }}", quoted(text)),
    };
    match identity {
        Identity::Command(command) => table([format!("command = {}", quoted(command))]),
        Identity::Url(url) => table([format!("url = {}", argument(url))]),
        Identity::Invocation { executable, args } => table([format!(
            "command = {{ executable = {}, args = {} }}",
            quoted(executable),
            list(args.iter().map(argument))
        )]),
    }
}

fn repositories(listed: &Repositories) -> String {
    let mut fields = vec![format!("class = {}", quoted(&listed.class))];
    if !listed.remotes.is_empty() {
        let remotes = list(listed.remotes.iter().map(|remote| quoted(remote)));
        fields.push(format!("remotes = {remotes}"));
    }
    if !listed.paths.is_empty() {
        let paths = listed.paths.iter().map(|(base, glob)| {
            let base = base.display().to_string();
            match glob {
                None => quoted(&base),
                Some(glob) => quoted(&format!("{}/{glob}", base.trim_end_matches('/'))),
            }
        });
        fields.push(format!("paths = {}", list(paths)));
    }
    table(fields)
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    list(words.into_iter().map(|word| quoted(&word.to_string())))
}

fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}

fn table(fields: impl IntoIterator<Item = String>) -> String {
    format!(
        "{{ {} }}",
        fields.into_iter().collect::<Vec<_>>().join(", ")
    )
}
