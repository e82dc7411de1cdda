//! `default_permissions` and `[permissions.<name>]`: which profile is chosen,
//! and what it is made of.

use std::collections::BTreeMap;
use std::path::Path;

use dam_policy::{
    Access, GitAccess, Layer, Limit, Limits, Origin, Place, Profile, Property, SandboxMode, Sourced,
};

use crate::ConfigError;
use crate::error::Problem;
use crate::filesystem::{DEPTH, Named, joined, named};
use crate::merged::{Leaf, Merged};
use crate::network;
use crate::source::{Spot, nearest};
use crate::value::Value;

const CHOICE: &str = "default_permissions";
const OLDER: &str = "sandbox_workspace_write";
const TABLE: &str = "permissions";

/// The names of the built-in profiles.
pub(crate) const BUILTIN: &[(&str, SandboxMode)] = &[
    (":read-only", SandboxMode::ReadOnly),
    (":workspace", SandboxMode::WorkspaceWrite),
    (":danger-full-access", SandboxMode::DangerFullAccess),
];

/// A profile, before it is known where the session stands.
pub(crate) struct Shape {
    pub profile: Profile,
    /// Where it was chosen.
    pub origin: Origin,
    /// What a person granted or denied by a path, besides what is built in.
    pub said: Vec<Said>,
    /// Directories that belong to the workspace, too.
    pub roots: BTreeMap<String, Spot>,
    /// The tables that its environment is described in, the strongest first.
    pub environment: Vec<Vec<String>>,
    /// Whether it is described by the older keys.
    pub is_older: bool,
}

impl Shape {
    /// The places that are granted or denied.
    pub(crate) fn says(&self) -> impl Iterator<Item = (&Place, Access)> {
        let files = &self.profile.files;
        let files = files.iter().map(|(place, access, _)| (place, *access));
        let said = self.said.iter();
        files.chain(said.map(|said| (&said.named.place, said.access)))
    }

    /// Whether anything is writable.
    pub(crate) fn writes(&self) -> bool {
        self.says().any(|(_, access)| access == Access::Write)
    }

    /// Whether anything is writable in this place.
    pub(crate) fn writes_in(&self, wanted: &Place) -> bool {
        let is_it =
            |(place, access): (&Place, Access)| access == Access::Write && place.is_within(wanted);
        self.says().any(is_it)
    }
}

/// What one key of a `filesystem` table says.
pub(crate) struct Said {
    pub named: Named,
    pub access: Access,
    pub spot: Spot,
}

/// The name of the profile that is chosen, if it is not the older keys that
/// choose. The two do not go together in one layer, nor where a project says
/// one of them; else the stronger layer chooses, and it is said what that puts
/// aside.
pub(crate) fn choice(
    merged: &mut Merged,
    notices: &mut Vec<String>,
) -> Result<Option<(String, Spot)>, ConfigError> {
    let Some(leaf) = merged.get([CHOICE]).cloned() else {
        return Ok(None);
    };
    let Value::Text(name) = leaf.value else {
        return Ok(None);
    };
    let older = Older::of(merged);
    let mode = older.mode.as_ref();
    if let Some(mode) = mode.filter(|mode| is_stronger(mode, &leaf.spot)) {
        put_aside(
            "`default_permissions`",
            &leaf.spot,
            "sandbox_mode",
            mode,
            notices,
        );
        merged.remove(&[CHOICE]);
        return Ok(None);
    }
    if let Some(against) = older.all().find(|spot| is_against(spot, &leaf.spot)) {
        let text = format!(
            "`{CHOICE}` does not go together with `sandbox_mode` and `[{OLDER}]`, of which one is set by {}",
            against.origin
        );
        let hint = format!(
            "keep `{CHOICE}`, and say in a profile of your own, [{TABLE}.<name>], what the others say"
        );
        return Err(leaf.spot.wrong(Problem::new(text).hint(hint)));
    }
    if let Some(mode) = older.all().next() {
        let less = "`sandbox_mode` or what belongs to it";
        put_aside(less, mode, CHOICE, &leaf.spot, notices);
    }
    merged.remove(&["sandbox_mode"]);
    merged.remove(&[OLDER]);
    merged.remove(&network::OLDER);
    Ok(Some((name, leaf.spot)))
}

/// What the older keys say.
struct Older {
    mode: Option<Spot>,
    details: Vec<Spot>,
}

impl Older {
    fn of(merged: &Merged) -> Self {
        let is_said = |spot: &Spot| spot.origin.layer > Layer::Builtin;
        let mode = merged.get(["sandbox_mode"]).map(|leaf| leaf.spot.clone());
        let tables: [&[&str]; 2] = [&[OLDER], &network::OLDER];
        let details = tables.into_iter().flat_map(|table| {
            let below = merged.below(table).map(|(_, leaf)| leaf.spot.clone());
            below.collect::<Vec<_>>()
        });
        Self {
            mode: mode.filter(is_said),
            details: details.filter(is_said).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Spot> {
        self.mode.iter().chain(&self.details)
    }
}

/// Whether an older mode counts before a choice: what was typed for this
/// session before what is in files, a flag before `-c`, and among files the
/// stronger layer, but never a project's.
fn is_stronger(mode: &Spot, choice: &Spot) -> bool {
    let (mode, choice) = (mode.origin.layer, choice.origin.layer);
    mode > choice && mode != Layer::Project
}

/// Whether an older key stands against a choice: in the same layer, in one
/// that is stronger, or in a project.
fn is_against(older: &Spot, choice: &Spot) -> bool {
    let (older, choice) = (older.origin.layer, choice.origin.layer);
    older >= choice || older == Layer::Project && choice < Layer::CommandLine
}

/// What is typed puts aside what is written, as everybody expects; between
/// files it is said.
fn put_aside(less: &str, weaker: &Spot, more: &str, stronger: &Spot, notices: &mut Vec<String>) {
    if stronger.origin.layer < Layer::CommandLine {
        notices.push(format!(
            "{less} ({}) has no effect, because `{more}` ({}) is set by a stronger layer",
            weaker.origin, stronger.origin
        ));
    }
}

/// The profile of the older keys.
pub(crate) fn older(
    merged: &Merged,
    mode: Sourced<SandboxMode>,
    home: Option<&Path>,
    notices: &mut Vec<String>,
) -> Result<Shape, ConfigError> {
    let Sourced {
        value: mode,
        origin,
    } = mode;
    let mut profile = Profile::builtin(mode);
    if mode == SandboxMode::WorkspaceWrite {
        add_details(&mut profile, merged, &[OLDER]);
        profile.network = network::older(merged, home, notices)?;
    }
    Ok(Shape {
        profile,
        origin,
        said: Vec::new(),
        roots: BTreeMap::new(),
        environment: Vec::new(),
        is_older: true,
    })
}

/// The profile of a name that stands at this place.
pub(crate) fn shape(
    merged: &Merged,
    name: &str,
    spot: &Spot,
    home: Option<&Path>,
) -> Result<Shape, ConfigError> {
    let (base, chain) = chain(merged, name, spot)?;
    let mut profile = Profile::builtin(base.unwrap_or(SandboxMode::ReadOnly));
    name.clone_into(&mut profile.name);
    if base.is_none() {
        profile.files.clear();
    }
    let mut said = Vec::new();
    let mut roots = BTreeMap::new();
    for name in chain.iter().rev() {
        add_files(&mut said, merged, name)?;
        add_roots(&mut roots, merged, name);
        add_details(&mut profile, merged, &[TABLE, name]);
    }
    if !chain.is_empty() {
        profile.network = network::read(merged, &chain, home)?;
    }
    for one in &said {
        // What is said of the same place takes the place of what was.
        profile
            .files
            .retain(|(place, ..)| *place != one.named.place || one.named.glob.is_some());
    }
    let table = |name: &&str| [TABLE, name, "environment"].map(str::to_owned).to_vec();
    Ok(Shape {
        profile,
        origin: spot.origin.clone(),
        said,
        roots,
        environment: chain.iter().map(table).collect(),
        is_older: false,
    })
}

/// Every profile is looked at, also those that are not chosen.
pub(crate) fn check(merged: &Merged, home: Option<&Path>) -> Result<(), ConfigError> {
    for name in merged.names(&[TABLE]) {
        let mut leaves = merged.below(&[TABLE]);
        let own = leaves.find(|(rest, _)| rest.first().is_some_and(|first| first == name));
        if let Some((_, leaf)) = own {
            shape(merged, name, &leaf.spot, home)?;
        }
    }
    Ok(())
}

/// What `[limits]` says.
pub(crate) fn limits(merged: &Merged) -> Limits {
    let mut limits = Limits::default();
    add_limits(&mut limits, merged, &["limits"]);
    limits
}

/// The names of a profile and of those that it goes back to, the built-in one
/// at the end.
fn chain<'a>(
    merged: &'a Merged,
    name: &'a str,
    spot: &'a Spot,
) -> Result<(Option<SandboxMode>, Vec<&'a str>), ConfigError> {
    let (mut name, mut spot) = (name, spot);
    let known = merged.names(&[TABLE]);
    let mut chain = Vec::new();
    loop {
        if let Some((_, mode)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
            if *mode == SandboxMode::DangerFullAccess && !chain.is_empty() {
                let text = "a profile cannot extend `:danger-full-access`, which has no boundary";
                return Err(spot.wrong(Problem::new(text).hint("extend `:workspace`")));
            }
            return Ok((Some(*mode), chain));
        }
        if !known.contains(&name) {
            return Err(unknown(name, &known, spot));
        }
        if chain.contains(&name) {
            return Err(spot.wrong(format!("the profile `{name}` extends itself")));
        }
        chain.push(name);
        match merged.get([TABLE, name, "extends"]) {
            Some(Leaf {
                value: Value::Text(next),
                spot: next_spot,
            }) => (name, spot) = (next, next_spot),
            _ => return Ok((None, chain)),
        }
    }
}

fn unknown(name: &str, known: &[&str], spot: &Spot) -> ConfigError {
    let builtin = BUILTIN.iter().map(|(name, _)| *name);
    let problem = Problem::new(format!("there is no profile `{name}`"));
    let near = nearest(name, known.iter().copied().chain(builtin));
    spot.wrong(match near {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("add [{TABLE}.{name}], or use `:workspace`")),
    })
}

/// What one profile's table says of files; the stronger layer last, so that it
/// counts.
fn add_files(said: &mut Vec<Said>, merged: &Merged, name: &str) -> Result<(), ConfigError> {
    let path = [TABLE, name, "filesystem"];
    let mut leaves: Vec<_> = merged.below(&path).collect();
    leaves.sort_by_key(|(_, leaf)| leaf.spot.origin.layer);
    for (rest, leaf) in leaves {
        let (Some(key), Value::Access(access)) = (rest.first(), &leaf.value) else {
            debug_assert!(rest.first().is_some_and(|key| key == DEPTH));
            continue;
        };
        let below = rest[1..].iter();
        let below = below.fold(None, |above: Option<String>, below| {
            Some(joined(above.as_deref(), below))
        });
        let named = named(key, below.as_deref(), *access);
        let named = named.map_err(|problem| leaf.spot.wrong(problem))?;
        said.retain(|other| other.named != named);
        said.push(Said {
            named,
            access: *access,
            spot: leaf.spot.clone(),
        });
    }
    Ok(())
}

fn add_roots(roots: &mut BTreeMap<String, Spot>, merged: &Merged, name: &str) {
    for (rest, leaf) in merged.below(&[TABLE, name, "workspace_roots"]) {
        match (rest.first(), &leaf.value) {
            (Some(path), Value::Switch(true)) => roots.insert(path.clone(), leaf.spot.clone()),
            (Some(path), _) => roots.remove(path),
            (None, _) => None,
        };
    }
}

/// What a table says besides files.
fn add_details(profile: &mut Profile, merged: &Merged, table: &[&str]) {
    let get = |name| {
        let path: Vec<&str> = table.iter().copied().chain([name]).collect();
        merged.at(&path).map(|leaf| &leaf.value)
    };
    if let Some(Value::Switch(own_tmp)) = get("own_tmp") {
        profile.own_tmp = *own_tmp;
    }
    if let Some(Value::Git(git)) = get("git") {
        profile.git = *git;
    }
    if let Some(Value::Needs(needs)) = get("needs") {
        profile.needs.clone_from(needs);
    }
    let path: Vec<&str> = table.iter().copied().chain(["limits"]).collect();
    add_limits(&mut profile.limits, merged, &path);
}

fn add_limits(limits: &mut Limits, merged: &Merged, path: &[&str]) {
    for (rest, leaf) in merged.below(path) {
        let limit = rest.first().and_then(|name| Limit::named(name));
        if let (Some(limit), Value::Number(number)) = (limit, &leaf.value) {
            limits.put(limit, *number);
        }
    }
}

/// The words for what may be done to repositories.
pub(crate) const GIT: &[(&str, GitAccess)] =
    &[("read", GitAccess::Read), ("commit", GitAccess::Commit)];

/// The words for what a profile may need.
pub(crate) fn properties() -> Vec<(&'static str, Property)> {
    let named = Property::ALL
        .iter()
        .map(|property| (property.name(), *property));
    named.collect()
}
