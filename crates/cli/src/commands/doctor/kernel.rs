//! What the boundary makes use of in the kernel: whether it is there, what is
//! missing without it, and how to get it. Only for people to read; whether the
//! boundary can be had is found out by putting it up.

use std::fs;
use std::path::{Path, PathBuf};

/// Something of the kernel's.
pub struct Feature {
    pub name: &'static str,
    pub found: String,
    pub hints: Vec<String>,
}

/// The kernel's release.
pub fn release() -> String {
    says("kernel/osrelease").unwrap_or_else(|| "unknown".to_owned())
}

/// Everything that is made use of.
pub fn features() -> Vec<Feature> {
    vec![
        user_namespaces(),
        proc_masks(),
        landlock(dam_sandbox::landlock_version()),
        seccomp(),
        control_groups(),
    ]
}

fn feature(name: &'static str, found: impl Into<String>) -> Feature {
    Feature {
        name,
        found: found.into(),
        hints: Vec::new(),
    }
}

impl Feature {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The switches that most often stand in the boundary's way, and what turns
/// each the other way.
fn user_namespaces() -> Feature {
    const SWITCHES: [(&str, &str, &str); 3] = [
        (
            "user/max_user_namespaces",
            "0",
            "`sysctl -w user.max_user_namespaces=15000`",
        ),
        (
            "kernel/unprivileged_userns_clone",
            "0",
            "`sysctl -w kernel.unprivileged_userns_clone=1`",
        ),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "an AppArmor profile for `dam` with `userns,`, or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`",
        ),
    ];
    let off = SWITCHES
        .iter()
        .filter(|(name, off, _)| says(name).as_deref() == Some(*off));
    let (mut names, mut hints) = (Vec::new(), Vec::new());
    for (name, value, hint) in off {
        names.push(format!("{} = {value}", name.replace('/', ".")));
        hints.push((*hint).to_owned());
    }
    let found = if names.is_empty() {
        "no switch against them".to_owned()
    } else {
        format!("restricted: {}", names.join(", "))
    };
    Feature {
        hints,
        ..feature("user namespaces", found)
    }
}

/// A container that covers parts of `/proc` keeps a user namespace from
/// mounting one of its own.
fn proc_masks() -> Feature {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let masked = covered(&mounts);
    if masked.is_empty() {
        return feature("proc", "not covered");
    }
    feature("proc", format!("covered: {}", masked.join(", ")))
}

/// The paths below `/proc` that something is mounted on.
fn covered(mountinfo: &str) -> Vec<&str> {
    let points = mountinfo
        .lines()
        .filter_map(|line| line.split_whitespace().nth(4));
    points
        .filter(|point| point.starts_with("/proc/") && *point != "/proc/sys/fs/binfmt_misc")
        .collect()
}

/// What each version adds that is made use of, and since when there is one.
const LANDLOCK: [(u32, &str, &str); 4] = [
    (2, "files can be moved between directories", "5.19"),
    (3, "truncating is held by this ring, too", "6.2"),
    (5, "controls of devices are held by this ring, too", "6.10"),
    (
        6,
        "signals and abstract sockets are held by this ring, too",
        "6.12",
    ),
];

fn landlock(version: Option<u32>) -> Feature {
    let Some(version) = version else {
        return feature("landlock", "none").hint(
            "Linux 5.13 or later, built with it, and `landlock` in the `lsm=` list; in a container, a seccomp profile that allows its calls",
        );
    };
    let made = feature("landlock", format!("version {version} in use"));
    LANDLOCK
        .iter()
        .filter(|(since, _, _)| *since > version)
        .fold(made, |made, (since, what, linux)| {
            made.hint(format!("version {since} (Linux {linux}): {what}"))
        })
}

fn seccomp() -> Feature {
    let Some(actions) = says("kernel/seccomp/actions_avail") else {
        return feature("seccomp", "none").hint("Linux built with CONFIG_SECCOMP_FILTER");
    };
    let notifies = actions.split_whitespace().any(|word| word == "user_notif");
    let held = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let already = held
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp_filters:"))
        .map_or("0", str::trim);
    let filters = match already {
        "0" => String::new(),
        "1" => "; one filter holds this process already".to_owned(),
        many => format!("; {many} filters hold this process already"),
    };
    if notifies {
        feature("seccomp", format!("with user notification{filters}"))
    } else {
        feature("seccomp", format!("without user notification{filters}"))
            .hint("Linux 5.14 or later for the calls that the broker uses")
    }
}

/// Where limits for a whole command could be set.
fn control_groups() -> Feature {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let Some(path) = own.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return feature("control groups", "version 2 is not in use")
            .hint("`systemd.unified_cgroup_hierarchy=1` on the kernel's command line");
    };
    let group = PathBuf::from("/sys/fs/cgroup").join(path);
    let Ok(controllers) = fs::read_to_string(group.join("cgroup.controllers")) else {
        return feature("control groups", "version 2, not mounted here");
    };
    let access = rustix::fs::Access::WRITE_OK;
    let writable = rustix::fs::access(&group, access).is_ok();
    if writable {
        return feature(
            "control groups",
            format!("version 2, writable here: {}", controllers.trim()),
        );
    }
    let made = feature("control groups", "version 2, not writable here");
    if Path::new("/run/systemd/system").exists() {
        made.hint(
            "`systemd-run --user --scope -p Delegate=yes -- dam …` starts it in a group of its own",
        )
    } else {
        made
    }
}

fn says(switch: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new("/proc/sys").join(switch)).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_landlock_version_lacks_is_named() {
        assert_eq!(landlock(Some(6)).hints, Vec::<String>::new());
        let third = landlock(Some(3));
        assert_eq!(third.found, "version 3 in use");
        assert_eq!(third.hints.len(), 2, "{:?}", third.hints);
        assert!(third.hints[0].starts_with("version 5 (Linux 6.10)"));
        assert_eq!(landlock(None).found, "none");
    }

    #[test]
    fn what_covers_proc_is_named() {
        let mounts = "\
            22 1 0:21 / /proc rw - proc proc rw\n\
            23 22 0:5 /null /proc/kcore rw - tmpfs tmpfs rw\n\
            24 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n";
        assert_eq!(covered(mounts), ["/proc/kcore"]);
    }
}
