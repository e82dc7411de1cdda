//! From merged layers to a posture, and to one that keeps to what an
//! administrator requires.

use std::path::{Path, PathBuf};

use dam_policy::{
    Access, ApprovalPolicy, CommandRules, GitAccess, Held, Layer, Limits, Places, Posture,
    Requirements, ResolvedProfile, Sourced,
};

use crate::ConfigError;
use crate::environment;
use crate::error::Problem;
use crate::grants::{Ground, chosen};
use crate::merged::Merged;
use crate::permissions::{self, Shape};
use crate::project::Project;
use crate::requirements;
use crate::reviewer;
use crate::settings::Options;
use crate::value::Value;

/// What a posture depends on besides the layers.
pub(crate) struct Scene<'a> {
    pub options: &'a Options,
    pub ground: &'a Ground,
    pub project: &'a Project,
    pub interactive: bool,
    /// What `.rules` files say.
    pub rules: CommandRules,
    /// The working directory, canonical.
    pub cwd: &'a Path,
}

/// A posture, and what it came from.
pub(crate) struct Resolved {
    pub posture: Posture,
    pub merged: Merged,
    pub notices: Vec<String>,
    /// The directories that the session works in.
    roots: Vec<PathBuf>,
}

impl Scene<'_> {
    /// The posture that the layers and flags come to, as far as requirements
    /// allow it. The requirements get the floor of the repository's class.
    pub(crate) fn constrained(
        &self,
        mut merged: Merged,
        requirements: &mut Requirements,
    ) -> Result<Resolved, ConfigError> {
        requirements::own_profiles(&merged, requirements)?;
        let default = requirements::choose_default(&mut merged, requirements);
        let mut wanted = self.resolved(merged.clone(), self.options)?;
        if let Some(origin) = default {
            wanted.posture.profile.origin = origin;
        }
        self.classify(&mut wanted, requirements)?;
        let profile = &wanted.posture.profile.value;
        let instead = match requirements.admits(profile) {
            Ok(()) => Vec::new(),
            Err(_) => self.instead(&merged, requirements, profile)?,
        };
        let profiles: Vec<Sourced<ResolvedProfile>> = instead
            .iter()
            .map(|resolved| resolved.posture.profile.clone())
            .collect();
        let (posture, said) = requirements
            .constrain(wanted.posture.clone(), &profiles)
            .map_err(|unmet| ConfigError::Unmet(unmet.to_string()))?;
        let name = &posture.profile.value.name;
        let is_taken = |one: &Resolved| one.posture.profile.value.name == *name;
        let mut taken = if wanted.posture.profile.value.name == *name {
            wanted
        } else {
            instead.into_iter().find(is_taken).unwrap_or(wanted)
        };
        taken.notices.extend(said.iter().map(ToString::to_string));
        show(&mut taken.merged, &posture);
        taken.posture = posture;
        self.check_reading(&taken.posture)?;
        Ok(taken)
    }

    fn classify(
        &self,
        wanted: &mut Resolved,
        requirements: &mut Requirements,
    ) -> Result<(), ConfigError> {
        let own = wanted.merged.get(["sensitivity"]);
        let git = self.ground.git();
        if let Some((class, floor)) = requirements::class(requirements, own, &wanted.roots, git)? {
            wanted.posture.held.class = Some(class);
            *requirements = std::mem::take(requirements).with_floor(floor);
        }
        Ok(())
    }

    /// The postures of the profiles that could take the place of the one that
    /// was wanted. What makes a directory writable has no effect in one that
    /// only reads.
    fn instead(
        &self,
        merged: &Merged,
        requirements: &Requirements,
        wanted: &ResolvedProfile,
    ) -> Result<Vec<Resolved>, ConfigError> {
        let mut found = Vec::new();
        for choice in requirements::instead(requirements, wanted) {
            let mut merged = merged.clone();
            choice.put_into(&mut merged);
            found.push(match self.resolved(merged.clone(), self.options) {
                Err(ConfigError::Flags(_)) => self.without_grants(merged)?,
                resolved => resolved?,
            });
        }
        Ok(found)
    }

    fn without_grants(&self, merged: Merged) -> Result<Resolved, ConfigError> {
        let options = Options {
            add_dirs: Vec::new(),
            allow_git: false,
            ..self.options.clone()
        };
        let mut resolved = self.resolved(merged, &options)?;
        resolved
            .notices
            .push("`--add-dir` and `--allow-git` have no effect in this session".to_owned());
        Ok(resolved)
    }

    /// The posture that the layers and flags come to.
    fn resolved(&self, mut merged: Merged, options: &Options) -> Result<Resolved, ConfigError> {
        let mut notices = Vec::new();
        let mut shape = chosen(&mut merged, self.ground, &mut notices)?;
        let approval_policy = approval_policy(&merged, shape.profile.confined)?;
        if options.allow_git {
            shape.profile.git = git_access(&shape)?;
        }
        shape.profile.environment = environment::read(&merged, &shape.environment)?;
        let places =
            self.ground
                .places(&mut shape, &merged, options, self.project, &mut notices)?;
        let limits = permissions::limits(&merged);
        if !shape.profile.confined && limits != Limits::default() {
            let text = "[limits] holds nothing in this session, which has no boundary";
            notices.push(text.to_owned());
        }
        let profile = shape.profile.limited(limits).resolve(&places);
        let roots = roots(places, &profile);
        let posture = Posture {
            profile: Sourced::new(profile, shape.origin),
            approval_policy,
            reviewer: reviewer::chosen(&merged, self.interactive),
            rules: self.rules.clone(),
            held: Held::default(),
            flow: reviewer::flow(&merged),
        };
        Ok(Resolved {
            posture,
            merged,
            notices,
            roots,
        })
    }

    /// A session where nothing can be read could only fail, and not say why.
    fn check_reading(&self, posture: &Posture) -> Result<(), ConfigError> {
        let files = &posture.profile.value.files;
        if !files.is_withheld(self.cwd) {
            return Ok(());
        }
        let found = files.read(self.cwd);
        Err(ConfigError::Unmet(format!(
            "{} (required by {})",
            found.reason, found.origin
        )))
    }
}

/// Where a session works: its workspace, and what else it writes to but for
/// temporary directories, which hold a bit of everything.
fn roots(places: Places, profile: &ResolvedProfile) -> Vec<PathBuf> {
    let Places {
        workspace_roots: mut roots,
        tmpdir,
        ..
    } = places;
    let is_temporary =
        |path: &&Path| *path == Path::new("/tmp") || tmpdir.as_deref() == Some(*path);
    let written = profile.files.paths(Access::Write);
    roots.extend(
        written
            .filter(|path| !is_temporary(path))
            .map(PathBuf::from),
    );
    roots.sort();
    roots.dedup();
    roots
}

/// The settings say what is in effect, and where that was set.
fn show(merged: &mut Merged, posture: &Posture) {
    let Posture {
        profile,
        approval_policy,
        ..
    } = posture;
    if profile.origin.layer == Layer::Requirements {
        merged.point(["sandbox_mode"], &profile.origin);
        merged.point(["default_permissions"], &profile.origin);
    }
    if approval_policy.origin.layer == Layer::Requirements {
        let value = Value::Approval(approval_policy.value);
        merged.replace(["approval_policy"], value, Layer::Requirements);
        merged.point(["approval_policy"], &approval_policy.origin);
    }
}

/// What `--allow-git` asks for.
fn git_access(shape: &Shape) -> Result<GitAccess, ConfigError> {
    if shape.profile.confined && !shape.writes() {
        return Err(ConfigError::Flags(
            "--allow-git lets commands write to repositories, and this session is read-only; add `--sandbox workspace-write`"
                .to_owned(),
        ));
    }
    Ok(GitAccess::Commit)
}

fn approval_policy(
    merged: &Merged,
    is_confined: bool,
) -> Result<Sourced<ApprovalPolicy>, ConfigError> {
    let Some(leaf) = merged.get(["approval_policy"]) else {
        return Ok(Sourced::builtin(ApprovalPolicy::OnRequest));
    };
    if leaf.spot.origin.layer == Layer::Project && !is_confined {
        let text = "a project may not say when you are asked while there is no boundary";
        let hint = "say `--ask-for-approval` for the session";
        return Err(leaf.spot.wrong(Problem::new(text).hint(hint)));
    }
    let policy = match leaf.value {
        Value::Approval(policy) => policy,
        _ => ApprovalPolicy::OnRequest,
    };
    Ok(Sourced::new(policy, leaf.spot.origin.clone()))
}
