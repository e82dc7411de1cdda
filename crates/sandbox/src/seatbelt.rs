//! The boundary of macOS: a profile rendered as a Seatbelt policy, the text
//! that `/usr/bin/sandbox-exec` takes.
//!
//! Rendering is pure and the same on every system, so that the policy can be
//! read, compared and tested where no macOS is. The same profile gives the same
//! bytes. In Seatbelt the last rule that matches decides, so what is more
//! specific comes later.

mod base;
mod files;
mod glob;
mod pattern;
#[cfg(target_os = "macos")]
pub(crate) mod running;

use std::path::PathBuf;

use dam_policy::{GitAccess, Limits, Network, Property, ResolvedProfile};

use crate::Tier;

/// A policy for `sandbox-exec`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The policy, ASCII but for what paths hold.
    pub text: String,
    /// What the profile asks for and this policy does not hold, one sentence
    /// each.
    pub gaps: Vec<String>,
}

/// Why a profile cannot be rendered. Nothing may run then.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// There is no boundary to render.
    #[error("the profile `{0}` has no boundary, so there is no policy")]
    Unconfined(String),
    /// A path that the policy language cannot say exactly.
    #[error("{} cannot be written in a Seatbelt policy: {why}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Network access, and no proxy that it could go through.
    #[error(
        "network access goes through a proxy on the loopback, which this version does not start on macOS yet"
    )]
    NoProxy,
    /// A property that this boundary does not have.
    #[error("the profile needs `{0}`, which macOS does not give: {why}", why = .0.without())]
    Lacks(Property),
    /// Longer than `sandbox-exec` can be given.
    #[error(
        "the policy has {0} bytes, more than the {LONGEST} that can be passed on; name fewer paths"
    )]
    TooLong(usize),
}

/// The longest policy. It travels as an argument, and all arguments and
/// variables together may have a megabyte.
const LONGEST: usize = 512 * 1024;

/// The policy of a profile. One with a network has none without a proxy: see
/// [`policy_with_proxy`].
pub fn policy(profile: &ResolvedProfile) -> Result<Policy, PolicyError> {
    render(profile, None)
}

/// The policy of a profile whose connections go to a proxy that listens on the
/// loopback at this port, and nowhere else: not to a resolver, not to other
/// servers of this machine. Programs that know no proxy have no network.
///
/// Rendered only: no test has run it on a Mac.
pub fn policy_with_proxy(profile: &ResolvedProfile, port: u16) -> Result<Policy, PolicyError> {
    render(profile, Some(port))
}

fn render(profile: &ResolvedProfile, proxy: Option<u16>) -> Result<Policy, PolicyError> {
    if !profile.confined {
        return Err(PolicyError::Unconfined(profile.name.clone()));
    }
    let wants_network = matches!(profile.network, Network::Proxy(_));
    if wants_network && proxy.is_none() {
        return Err(PolicyError::NoProxy);
    }
    let own_tmp = profile.own_tmp.then_some(Property::OwnTmp);
    let mut needs = profile.needs.iter().copied().chain(own_tmp);
    if let Some(lacking) = needs.find(|need| Tier::Seatbelt.lacks().contains(need)) {
        return Err(PolicyError::Lacks(lacking));
    }
    let mut text = String::from(base::BEFORE);
    files::write(&profile.files, &mut text)?;
    text.push_str(base::AFTER);
    if let Some(port) = proxy.filter(|_| wants_network) {
        text.push_str(&base::proxy(port));
    }
    if text.len() > LONGEST {
        return Err(PolicyError::TooLong(text.len()));
    }
    let gaps = gaps(profile);
    Ok(Policy { text, gaps })
}

fn gaps(profile: &ResolvedProfile) -> Vec<String> {
    let Limits {
        memory,
        processes,
        cpu_time,
        wall_time: _,
        open_files: _,
        file_size: _,
        written,
    } = profile.limits;
    let missing = [
        (
            matches!(profile.network, Network::Proxy(_)),
            "on macOS only programs that use the proxy have a network, and who dials is not known",
        ),
        (memory.is_some(), "the limit on memory is not held on macOS"),
        (
            processes.is_some(),
            "the limit on processes is not held on macOS",
        ),
        (
            cpu_time.is_some(),
            "the limit on processor time holds for each process alone on macOS",
        ),
        (
            written.is_some(),
            "the limit on what is written is not held on macOS",
        ),
        (
            profile.git == GitAccess::Commit,
            "nothing can be committed on macOS: what an index lists cannot be looked at there",
        ),
    ];
    missing
        .into_iter()
        .filter(|(missing, _)| *missing)
        .map(|(_, sentence)| sentence.to_owned())
        .collect()
}
