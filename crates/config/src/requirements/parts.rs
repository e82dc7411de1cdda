//! The parts of a requirements file, from TOML to what is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use dam_policy::{
    ApprovalName, Argument, BadHostName, DenyRead, Floor, HostPattern, Identity, Layer,
    NetworkFloor, Origin, Place, PrefixRule, ReviewerName, RuleDecision, SandboxMode, Servers,
    Sourced, WebSearchMode,
};

use super::homes::Homes;
use super::table::{Table, list};
use crate::ConfigError;
use crate::error::Problem;
use crate::filesystem::outer;
use crate::places::settled;
use crate::value::Written;

type Result<T> = std::result::Result<T, ConfigError>;

/// Where a requirement stands, which is no layer whatever file it is in.
pub(super) fn origin(written: Written<'_>) -> Origin {
    Origin {
        layer: Layer::Requirements,
        ..written.spot().origin
    }
}

fn sourced<T>(written: Written<'_>, value: T) -> Sourced<T> {
    Sourced::new(value, origin(written))
}

/// The keys that a class of repositories shares with the whole file.
pub(super) const FLOOR: [&str; 4] = [
    "allowed_sandbox_modes",
    "allowed_approval_policies",
    "allowed_approvals_reviewers",
    "allowed_web_search_modes",
];

/// What `table` says under the names of [`FLOOR`].
pub(super) fn floor(table: Table<'_>) -> Result<Floor> {
    let [modes, policies, reviewers, searches] = FLOOR;
    Ok(Floor {
        sandbox_modes: table.read(modes, sandbox_modes)?,
        approval_policies: table.read(policies, |written| {
            let names = words::<ApprovalName>(written)?;
            if names.value.is_empty() {
                let text = format!("`{}` allows nothing", written.key);
                return Err(written.wrong(Problem::new(text).hint("name at least one policy")));
            }
            Ok(names)
        })?,
        reviewers: table.read(reviewers, words::<ReviewerName>)?,
        web_search_modes: table.read(searches, words::<WebSearchMode>)?,
        deny_read: Vec::new(),
        network: NetworkFloor::default(),
    })
}

/// The modes; without the strictest there would be nothing to fall back to.
pub(super) fn sandbox_modes(written: Written<'_>) -> Result<Sourced<BTreeSet<SandboxMode>>> {
    let modes = words::<SandboxMode>(written)?;
    if modes.value.contains(&SandboxMode::ReadOnly) {
        return Ok(modes);
    }
    let text = format!("`{}` must allow `read-only`", written.key);
    let hint = "nobody is given more than they asked for, so what only reads must be allowed";
    Err(written.wrong(Problem::new(text).hint(hint)))
}

fn words<T>(written: Written<'_>) -> Result<Sourced<BTreeSet<T>>>
where
    T: FromStr<Err: Display> + Ord,
{
    let entries = written.entries()?.into_iter();
    let read: Result<BTreeSet<T>> = entries.map(|(entry, _)| entry.parse()).collect();
    Ok(sourced(written, read?))
}

/// `deny_read`: paths and patterns, absolute or from `~`.
pub(super) fn deny_read(written: Written<'_>, homes: &Homes) -> Result<Vec<DenyRead>> {
    let mut denied: Vec<DenyRead> = Vec::new();
    for (entry, text) in written.entries()? {
        let (bases, glob) = bases(entry, text, homes)?;
        if glob.is_none() && bases.iter().any(|base| base.parent().is_none()) {
            let text = "`/` cannot be kept from being read: nothing would run";
            return Err(entry.wrong(text));
        }
        denied.extend(bases.into_iter().map(|base| DenyRead {
            base,
            glob: glob.clone(),
            origin: origin(entry),
        }));
    }
    Ok(denied)
}

/// What a path or a pattern is, as it is written and where that leads.
pub(super) fn bases(
    entry: Written<'_>,
    text: &str,
    homes: &Homes,
) -> Result<(Vec<std::path::PathBuf>, Option<dam_policy::Glob>)> {
    if !text.starts_with(['/', '~']) {
        let text = format!("`{text}` is not an absolute path");
        let hint = "begin it with `/`, or with `~/` for everybody's home directory";
        return Err(entry.wrong(Problem::new(text).hint(hint)));
    }
    let (place, pattern) = outer(text).map_err(|problem| entry.wrong(problem))?;
    let written = match place {
        Place::Absolute(path) => vec![path],
        Place::Home(below) => homes.below(&below),
        _ => return Err(entry.wrong(format!("`{text}` is not a path"))),
    };
    let glob = pattern.map(str::parse).transpose();
    let glob = glob.map_err(|error: dam_policy::BadGlob| entry.wrong(error.to_string()))?;
    let mut bases = Vec::new();
    for path in written {
        let target = settled(&path);
        for base in [path, target] {
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
    }
    Ok((bases, glob))
}

/// `[rules] prefix_rules`.
pub(super) fn rules(written: Written<'_>) -> Result<Vec<PrefixRule>> {
    let table = Table::of(written, &["prefix_rules"])?;
    let rules = table.read("prefix_rules", |written| {
        let rules = list(written, "a list of rules")?.into_iter();
        rules.map(rule).collect()
    })?;
    Ok(rules.unwrap_or_default())
}

fn rule(written: Written<'_>) -> Result<PrefixRule> {
    let table = Table::of(written, &["pattern", "decision", "justification"])?;
    let missing = |name| table.lacks(name, written);
    let decision = table.read("decision", |written| {
        if written.inner.get_ref().as_str() == Some("allow") {
            let text = "requirements can only ask or forbid, and this allows";
            let hint = "`.rules` files allow; what they allow, requirements can still forbid";
            return Err(written.wrong(Problem::new(text).hint(hint)));
        }
        written.one_of(&[
            ("prompt", RuleDecision::Prompt),
            ("forbidden", RuleDecision::Forbidden),
        ])
    })?;
    let pattern = table.read("pattern", |written| {
        let words = list(written, "a list of words")?;
        if words.is_empty() {
            return Err(written.wrong("a rule without words would be on every command"));
        }
        words.into_iter().map(word).collect::<Result<Vec<_>>>()
    })?;
    let justification = table.read("justification", |written| Ok(written.filled()?.to_owned()))?;
    Ok(PrefixRule {
        pattern: pattern.ok_or_else(|| missing("pattern"))?,
        decision: decision.ok_or_else(|| missing("decision"))?,
        justification,
        expires: None,
        origin: origin(written),
    })
}

/// One word of a pattern: `{ token = … }`, `{ any_of = […] }`.
fn word(written: Written<'_>) -> Result<Vec<String>> {
    let table = Table::of(written, &["token", "any_of"])?;
    let token = table.read("token", |written| Ok(vec![written.filled()?.to_owned()]))?;
    let any_of = table.read("any_of", texts)?;
    match (token, any_of) {
        (Some(words), None) | (None, Some(words)) if !words.is_empty() => Ok(words),
        _ => Err(written.wrong("a word of a pattern is one of `token` and `any_of`")),
    }
}

/// `[experimental_network]`.
pub(super) fn network(written: Written<'_>) -> Result<NetworkFloor> {
    let known = &[
        "enabled",
        "domains",
        "allowed_domains",
        "denied_domains",
        "managed_allowed_domains_only",
        "allow_local_binding",
    ];
    let table = Table::of(written, known)?;
    let switch = |name, wanted| {
        table.read(name, |written| {
            Ok((written.switch()? == wanted).then(|| origin(written)))
        })
    };
    let list = |name| Ok::<_, ConfigError>(table.read(name, domains)?.unwrap_or_default());
    let (mut allowed, mut denied) = (list("allowed_domains")?, list("denied_domains")?);
    table.read("domains", |written| {
        Table::any(written)?.each(|name, written| {
            let words = [("allow", true), ("deny", false)];
            let of = if written.one_of(&words)? {
                &mut allowed
            } else {
                &mut denied
            };
            of.push(sourced(written, domain(written, name)?));
            Ok(())
        })
    })?;
    Ok(NetworkFloor {
        off: switch("enabled", false)?.flatten(),
        denied,
        allowed,
        only_allowed: switch("managed_allowed_domains_only", true)?.flatten(),
        no_local_binding: switch("allow_local_binding", false)?.flatten(),
    })
}

fn domains(written: Written<'_>) -> Result<Vec<Sourced<HostPattern>>> {
    let entries = written.entries()?.into_iter();
    let read = |(entry, text)| Ok(sourced(entry, domain(entry, text)?));
    entries.map(read).collect()
}

/// A pattern for hosts, as in a profile.
fn domain(written: Written<'_>, text: &str) -> Result<HostPattern> {
    let pattern = text.parse();
    pattern.map_err(|error: BadHostName| written.wrong(error.to_string()))
}

/// `[mcp_servers]`.
pub(super) fn servers(written: Written<'_>) -> Result<Sourced<Servers>> {
    let found = Table::any(written)?.each(|name, written| {
        let table = Table::of(written, &["identity"])?;
        let identity = table.read("identity", identity)?;
        let identity = identity.ok_or_else(|| table.lacks("identity", written))?;
        Ok((name.to_owned(), identity))
    })?;
    Ok(sourced(written, Servers(found.into_iter().collect())))
}

fn identity(written: Written<'_>) -> Result<Identity> {
    let table = Table::of(written, &["command", "url"])?;
    let command = table.read("command", command)?;
    let url = table.read("url", |written| Ok(Identity::Url(argument(written)?)))?;
    match (command, url) {
        (Some(identity), None) | (None, Some(identity)) => Ok(identity),
        _ => Err(written.wrong("an identity is one of `command` and `url`")),
    }
}

fn command(written: Written<'_>) -> Result<Identity> {
    if written.inner.get_ref().is_str() {
        return Ok(Identity::Command(written.filled()?.to_owned()));
    }
    let table = Table::of(written, &["executable", "args"])?;
    let executable = table.read("executable", |written| Ok(written.filled()?.to_owned()))?;
    let args = table.read("args", |written| {
        let args = list(written, "a list of arguments")?.into_iter();
        args.map(argument).collect::<Result<Vec<_>>>()
    })?;
    Ok(Identity::Invocation {
        executable: executable.ok_or_else(|| table.lacks("executable", written))?,
        args: args.unwrap_or_default(),
    })
}

/// A string, or `{ match = …, value = … }`.
fn argument(written: Written<'_>) -> Result<Argument> {
    if let Some(text) = written.inner.get_ref().as_str() {
        return Ok(Argument::Exact(text.to_owned()));
    }
    let table = Table::of(written, &["match", "value"])?;
    let is_exact = table.read("match", |written| {
        if written.inner.get_ref().as_str() == Some("regex") {
            let problem = Problem::new("regular expressions are not read here");
            return Err(written.wrong(problem.hint("use `exact` or `prefix`")));
        }
        written.one_of(&[("exact", true), ("prefix", false)])
    })?;
    let value = table.read("value", |written| Ok(written.text()?.to_owned()))?;
    let value = value.ok_or_else(|| table.lacks("value", written))?;
    match is_exact {
        Some(true) => Ok(Argument::Exact(value)),
        Some(false) => Ok(Argument::Prefix(value)),
        None => Err(table.lacks("match", written)),
    }
}

/// Features that other programs have under these names, and this one has not:
/// each is off, and can be required to be.
const FEATURES: &[&str] = &[
    "apps",
    "browser_use",
    "browser_use_full_cdp_access",
    "computer_use",
    "hooks",
    "image_generation",
    "in_app_browser",
    "memories",
    "multi_agent",
    "network_proxy",
    "personality",
    "plugins",
    "remote_control",
    "shell_snapshot",
    "skill_mcp_dependency_install",
    "unified_exec",
    "web_search",
    "web_search_cached",
    "web_search_request",
];

/// `[features]`.
pub(super) fn features(written: Written<'_>) -> Result<BTreeMap<String, Sourced<bool>>> {
    let table = Table::of(written, FEATURES)?;
    let found = table.each(|name, written| {
        if written.switch()? {
            let text =
                format!("the feature `{name}` is required, and this version does not have it");
            return Err(written.wrong(Problem::new(text).hint("take it out, or say `false`")));
        }
        Ok((name.to_owned(), sourced(written, false)))
    })?;
    Ok(found.into_iter().collect())
}

/// `allowed_permission_profiles`: those that are allowed.
pub(super) fn profiles(written: Written<'_>) -> Result<Sourced<BTreeSet<String>>> {
    let found = Table::any(written)?.each(|name, written| {
        if name.starts_with(':')
            && !crate::permissions::BUILTIN
                .iter()
                .any(|(own, _)| *own == name)
        {
            let names = crate::permissions::BUILTIN.iter().map(|(name, _)| *name);
            let near = crate::source::nearest(name, names);
            let problem = Problem::new(format!("`{name}` is no profile that is built in"));
            return Err(written.wrong(match near {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            }));
        }
        Ok(written.switch()?.then(|| name.to_owned()))
    })?;
    let names: BTreeSet<String> = found.into_iter().flatten().collect();
    if names.is_empty() {
        let text = format!("`{}` allows no profile", written.key);
        return Err(written.wrong(Problem::new(text).hint("say `\":read-only\" = true`")));
    }
    Ok(sourced(written, names))
}

/// A text, with its place.
pub(super) fn text(written: Written<'_>) -> Result<Sourced<String>> {
    let text = written.text()?;
    if text.trim().is_empty() {
        return Err(written.wrong(format!("`{}` must not be empty", written.key)));
    }
    Ok(sourced(written, text.to_owned()))
}

/// A list of texts.
pub(super) fn texts(written: Written<'_>) -> Result<Vec<String>> {
    written.texts()
}

/// A truth value, with its place.
pub(super) fn switch(written: Written<'_>) -> Result<Sourced<bool>> {
    Ok(sourced(written, written.switch()?))
}
