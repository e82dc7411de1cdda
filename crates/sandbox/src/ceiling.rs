//! The ceiling: Landlock, coarse. It holds even where a mount was made wrong,
//! and what mounts do not cover: pipes, device controls, abstract sockets,
//! signals.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};

/// The versions of Landlock that are made use of, newest first.
const KNOWN: &[ABI] = &[ABI::V6, ABI::V5, ABI::V4, ABI::V3, ABI::V2, ABI::V1];

/// The newest version that this kernel offers, if any.
pub(crate) fn version() -> Option<ABI> {
    KNOWN.iter().copied().find(|abi| empty(*abi).is_ok())
}

/// A ruleset that handles everything the version knows and grants nothing.
/// "Hard requirement": nothing is left out silently.
fn empty(abi: ABI) -> Result<RulesetCreated, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    let scopes = Scope::from_all(abi);
    let ruleset = if scopes.is_empty() {
        ruleset
    } else {
        ruleset.scope(scopes)?
    };
    ruleset.create()
}

/// Restricts this process and what it starts: everything readable, only
/// `writable` writable, and devices usable but never made.
pub(crate) fn restrict(abi: ABI, writable: &[PathBuf]) -> Result<(), String> {
    let text = |error: RulesetError| error.to_string();
    let read = AccessFs::from_read(abi);
    let mut rules = empty(abi).map_err(text)?;
    let device = AccessFs::from_file(abi);
    rules = rules
        .add_rule(beneath(Path::new("/"), read)?)
        .map_err(text)?;
    rules = rules
        .add_rule(beneath(Path::new("/dev"), read | device)?)
        .map_err(text)?;
    // Only a process's own entries can be written there, and not by ordinary
    // users' hands: the broker looks at each.
    rules = rules
        .add_rule(beneath(Path::new("/proc"), read | AccessFs::WriteFile)?)
        .map_err(text)?;
    let everything = AccessFs::from_all(abi);
    for path in writable
        .iter()
        .map(PathBuf::as_path)
        .chain([Path::new("/dev/shm")])
    {
        rules = rules.add_rule(beneath(path, everything)?).map_err(text)?;
    }
    rules.restrict_self().map(drop).map_err(text)
}

fn beneath(
    path: &Path,
    access: impl Into<landlock::BitFlags<AccessFs>>,
) -> Result<PathBeneath<PathFd>, String> {
    let access = access.into();
    let fd = PathFd::new(path).map_err(|error| error.to_string())?;
    // A rule on a file may only name what can be done with a file.
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::V6)
    };
    Ok(PathBeneath::new(fd, access))
}
