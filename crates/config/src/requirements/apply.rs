//! What requirements do to the settings of a session: the profile where nobody
//! chose, the profiles that take the place of one that is not allowed, and the
//! class of the repository.

use std::path::{Path, PathBuf};

use dam_policy::{
    Class, Floor, Ground, Layer, Origin, Requirements, ResolvedProfile, SandboxMode, Sensitivity,
    classed,
};

use crate::ConfigError;
use crate::error::Problem;
use crate::git::{self, GitSettings};
use crate::merged::{Leaf, Merged};
use crate::permissions::BUILTIN;
use crate::value::Value;

const CHOICE: &str = "default_permissions";
const MODE: &str = "sandbox_mode";

/// A profile to be taken in the place of what was chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    /// One that is built in.
    Mode(SandboxMode),
    /// One of the administrator's, by its name.
    Named(String),
}

impl Choice {
    fn of(name: &str) -> Self {
        let builtin = BUILTIN.iter().find(|(builtin, _)| *builtin == name);
        builtin.map_or_else(
            || Self::Named(name.to_owned()),
            |(_, mode)| Self::Mode(*mode),
        )
    }

    /// Settings that say this and nothing against it.
    pub(crate) fn put_into(&self, merged: &mut Merged) {
        merged.remove(&[CHOICE]);
        merged.remove(&[MODE]);
        let (key, value) = match self {
            Self::Mode(mode) => (MODE, Value::Mode(*mode)),
            Self::Named(name) => {
                merged.remove(&["sandbox_workspace_write"]);
                (CHOICE, Value::Text(name.clone()))
            }
        };
        // As if nobody had said it: it is narrowed where it does not fit.
        merged.replace([key], value, Layer::Builtin);
    }
}

/// The administrator's default, where no layer has chosen a profile.
pub(crate) fn choose_default(merged: &mut Merged, requirements: &Requirements) -> Option<Origin> {
    let default = requirements.default_permissions.as_ref()?;
    let is_said = |leaf: &Leaf| leaf.spot.origin.layer > Layer::Builtin;
    let is_chosen = [CHOICE, MODE]
        .iter()
        .any(|key| merged.get([key]).is_some_and(is_said));
    if is_chosen {
        return None;
    }
    Choice::of(&default.value).put_into(merged);
    Some(default.origin.clone())
}

/// What a session could have in the place of a profile that is not allowed,
/// the nearest first; no more than was wanted, but for what the administrator
/// names.
pub(crate) fn instead(requirements: &Requirements, wanted: &ResolvedProfile) -> Vec<Choice> {
    let default = requirements.default_permissions.iter();
    let mut choices: Vec<Choice> = default.map(|name| Choice::of(&name.value)).collect();
    for mode in [SandboxMode::WorkspaceWrite, SandboxMode::ReadOnly] {
        let choice = Choice::Mode(mode);
        if mode <= wanted.mode() && !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    choices
}

/// A profile that an administrator allows by its name is the administrator's:
/// nobody else may say what is in it.
pub(crate) fn own_profiles(
    merged: &Merged,
    requirements: &Requirements,
) -> Result<(), ConfigError> {
    let known = merged.names(&["permissions"]);
    let is_known =
        |name: &str| known.contains(&name) || BUILTIN.iter().any(|(builtin, _)| *builtin == name);
    let default = requirements.default_permissions.iter();
    let named = default.map(|name| (name.value.as_str(), &name.origin));
    let allowed = requirements.profiles.iter();
    let allowed = allowed.flat_map(|all| all.value.iter().map(|name| (name.as_str(), &all.origin)));
    if let Some((name, origin)) = named.chain(allowed).find(|(name, _)| !is_known(name)) {
        return Err(ConfigError::Unmet(format!(
            "there is no profile `{name}`: no config.toml describes it (required by {origin})"
        )));
    }
    let Some(allowed) = &requirements.profiles else {
        return Ok(());
    };
    let mut own: Vec<String> = allowed.value.iter().cloned().collect();
    let mut at = 0;
    while let Some(name) = own.get(at).cloned() {
        at += 1;
        let table = ["permissions", name.as_str()];
        for (rest, leaf) in merged.below(&table) {
            let layer = leaf.spot.origin.layer;
            if layer != Layer::System && layer != Layer::Managed {
                let text = format!(
                    "the profile `{name}` is allowed by {}, so only an administrator may say what is in it",
                    allowed.origin
                );
                let hint = "give a profile of your own another name";
                return Err(leaf.spot.wrong(Problem::new(text).hint(hint)));
            }
            if let (Some("extends"), Value::Text(next)) =
                (rest.first().map(String::as_str), &leaf.value)
                && !own.contains(next)
            {
                own.push(next.clone());
            }
        }
    }
    Ok(())
}

/// The class of the repository that a session works in, and what it asks for.
pub(crate) fn class(
    requirements: &Requirements,
    own: Option<&Leaf>,
    roots: &[PathBuf],
    settings: &GitSettings,
) -> Result<Option<(Class, Floor)>, ConfigError> {
    let required = requirements.sensitivity.as_ref();
    let own = match own.map(|leaf| (&leaf.value, leaf)) {
        Some((Value::Sensitivity(own), leaf)) => Some((&**own, leaf)),
        _ => None,
    };
    if let (Some(required), Some((own, leaf))) = (required, own) {
        same_classes(required, own, leaf)?;
    }
    if required.is_none() && own.is_none() {
        return Ok(None);
    }
    let paths: Vec<&Path> = roots.iter().map(PathBuf::as_path).collect();
    let ground = Ground {
        roots: roots.to_vec(),
        remotes: git::remotes(&paths, settings)?,
    };
    Ok(classed(required, own.map(|(own, _)| own), &ground))
}

/// Names mean the same to a user and to the administrator.
fn same_classes(required: &Sensitivity, own: &Sensitivity, leaf: &Leaf) -> Result<(), ConfigError> {
    if own.classes == required.classes {
        return Ok(());
    }
    let list = required.classes.join("`, `");
    let text = format!("the classes of this machine are `{list}`, the mildest first");
    let hint = "say the same in `classes`";
    Err(leaf.spot.wrong(Problem::new(text).hint(hint)))
}
