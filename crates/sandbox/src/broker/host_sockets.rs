//! Unix sockets of the host: reached only where a rule names them, and some
//! never, because whoever speaks to them is out of the box.

use std::ffi::OsStr;
use std::path::Path;

use dam_policy::{NetworkRules, Permission, Reach};
use rustix::io::Errno;

use super::Refusal;

/// How a socket is told: by the beginning of its own name, or by that of a
/// directory around it.
enum Called {
    Itself(&'static str),
    In(&'static str),
}

use Called::{In, Itself};

const CONTAINERS: &str = "it starts containers with any part of the host in them, as root";
const KEYS: &str = "it signs with the user's keys for whoever asks";
const SESSION: &str = "it starts programs outside the boundary for whoever asks";
const SCREEN: &str = "it reads the screen and types for the user";

/// Sockets that no rule opens, with the reason.
const NEVER: &[(Called, &str)] = &[
    (Itself("docker.sock"), CONTAINERS),
    (Itself("docker.raw.sock"), CONTAINERS),
    (Itself("podman.sock"), CONTAINERS),
    (Itself("containerd.sock"), CONTAINERS),
    (Itself("crio.sock"), CONTAINERS),
    (Itself("buildkitd.sock"), CONTAINERS),
    (Itself("libvirt-sock"), CONTAINERS),
    (Itself("virtqemud-sock"), CONTAINERS),
    (In("containerd"), CONTAINERS),
    (In("lxd"), CONTAINERS),
    (In("incus"), CONTAINERS),
    (Itself("snapd.socket"), CONTAINERS),
    (Itself("S.gpg-agent"), KEYS),
    (Itself("S.scdaemon"), KEYS),
    (Itself("S.keyboxd"), KEYS),
    (Itself("ssh-agent"), KEYS),
    (Itself("openssh_agent"), KEYS),
    (Itself("yubikey-agent"), KEYS),
    (Itself("agent.sock"), KEYS),
    (In("ssh-"), KEYS),
    (In("keyring"), KEYS),
    (In("p11-kit"), KEYS),
    (Itself("kwallet"), KEYS),
    (Itself("bus"), SESSION),
    (Itself("dbus-"), SESSION),
    (Itself("system_bus_socket"), SESSION),
    (In("dbus"), SESSION),
    (In("dbus-1"), SESSION),
    (In("systemd"), SESSION),
    (In("tmux-"), SESSION),
    (In("screen"), SESSION),
    (In("screens"), SESSION),
    (Itself("vscode-"), SESSION),
    (Itself("wayland-"), SCREEN),
    (In(".X11-unix"), SCREEN),
    (Itself("pipewire-"), SCREEN),
];

/// An error unless the socket, which was not made inside, may be reached.
pub(super) fn permit(rules: Option<&NetworkRules>, path: &Path) -> Result<(), Refusal> {
    let refused = |rule: &str, reason: String| {
        Err(Refusal::rule(Errno::ACCESS, path.to_owned(), rule, reason))
    };
    let outside = "a socket that was not made inside leads to a program outside";
    let Some(rules) = rules else {
        return refused("network.unix-socket", outside.to_owned());
    };
    let verdict = rules.socket(path);
    if let Some(why) = never(path) {
        let reason = format!("a socket of this name is never opened: {why}");
        return refused("network.unix-socket-never", reason);
    }
    match verdict.reach {
        Reach::Allowed => Ok(()),
        Reach::Denied => refused(verdict.rule.as_str(), verdict.reason),
        Reach::Unlisted => {
            let key = path.display();
            let hint = format!("unix_sockets = {{ \"{key}\" = \"{}\" }}", Permission::Allow);
            let mut refusal = Refusal::rule(
                Errno::ACCESS,
                path.to_owned(),
                "network.unix-socket",
                outside,
            );
            if let Refusal::Rule(refused) = &mut refusal {
                refused.hint = Some(hint);
            }
            Err(refusal)
        }
    }
}

/// Why a socket is never opened, if it is one of those.
fn never(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let around: Vec<&str> = path.parent()?.iter().filter_map(OsStr::to_str).collect();
    let found = NEVER.iter().find(|(called, _)| match called {
        Itself(start) => name.starts_with(start),
        // A name that ends in a hyphen goes on.
        In(start) if start.ends_with('-') => around.iter().any(|part| part.starts_with(start)),
        In(name) => around.contains(name),
    });
    found.map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_the_box_is_known_by_its_name() {
        for path in [
            "/run/docker.sock",
            "/var/run/docker.sock",
            "/run/user/1000/podman/podman.sock",
            "/run/containerd/containerd.sock",
            "/run/user/1000/gnupg/S.gpg-agent.ssh",
            "/tmp/ssh-XXXXabcd/agent.4711",
            "/run/user/1000/keyring/ssh",
            "/run/user/1000/bus",
            "/run/dbus/system_bus_socket",
            "/run/systemd/private",
            "/tmp/tmux-1000/default",
            "/tmp/.X11-unix/X0",
        ] {
            assert!(never(Path::new(path)).is_some(), "{path}");
        }
    }

    #[test]
    fn what_serves_something_is_not() {
        for path in [
            "/run/postgresql/.s.PGSQL.5432",
            "/var/run/mysqld/mysqld.sock",
            "/tmp/service.sock",
            "/srv/screenshots/server",
        ] {
            assert!(never(Path::new(path)).is_none(), "{path}");
        }
    }
}
