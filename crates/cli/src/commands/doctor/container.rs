//! In which container this runs, by the marks that each leaves, and what would
//! let the whole boundary be put up in it.

use std::path::Path;

use crate::variables::Variables;

/// What this is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Container {
    Docker,
    Podman,
    Kubernetes,
    Nspawn,
    Lxc,
    Wsl1,
    Wsl2,
    /// Something says that it is one, and not which.
    Other,
}

impl Container {
    /// The one that this runs in, if it leaves a mark.
    pub fn here(variables: &Variables) -> Option<Self> {
        let there = |path: &str| Path::new(path).exists();
        let told = std::fs::read_to_string("/run/systemd/container").ok();
        let told = told.as_deref().or_else(|| variables.named("container"));
        Self::of(
            &Marks {
                kubernetes: variables.named("KUBERNETES_SERVICE_HOST").is_some(),
                podman: there("/run/.containerenv"),
                docker: there("/.dockerenv"),
                told: told.map(str::trim),
            },
            &super::kernel::release(),
        )
    }

    fn of(marks: &Marks<'_>, kernel: &str) -> Option<Self> {
        let by_name = |name: &str| match name {
            "docker" => Self::Docker,
            "podman" => Self::Podman,
            "systemd-nspawn" => Self::Nspawn,
            "lxc" | "lxc-libvirt" => Self::Lxc,
            _ => Self::Other,
        };
        // A pod's container has the mark of its engine, too.
        if marks.kubernetes {
            Some(Self::Kubernetes)
        } else if marks.podman {
            Some(Self::Podman)
        } else if marks.docker {
            Some(Self::Docker)
        } else if let Some(name) = marks.told.filter(|name| *name != "wsl") {
            Some(by_name(name))
        } else if kernel.to_lowercase().contains("microsoft") {
            // Its first kernels did not say so.
            let second = ["wsl2", "microsoft-standard"];
            let second = second
                .iter()
                .any(|mark| kernel.to_lowercase().contains(mark));
            Some(if second { Self::Wsl2 } else { Self::Wsl1 })
        } else {
            None
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
            Self::Kubernetes => "Kubernetes",
            Self::Nspawn => "systemd-nspawn",
            Self::Lxc => "LXC",
            Self::Wsl1 => "WSL 1",
            Self::Wsl2 => "WSL 2",
            Self::Other => "a container",
        }
    }

    /// What to start it with, for the whole boundary.
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Docker => &[
                "`--security-opt seccomp=FILE` with a profile that lets it unshare and mount, or `seccomp=unconfined`",
                "`--security-opt apparmor=unconfined`, where AppArmor is in use",
                "`--security-opt systempaths=unconfined`, so that a /proc can be mounted",
            ],
            Self::Podman => &[
                "`--security-opt seccomp=FILE` with a profile that lets it unshare and mount, or `seccomp=unconfined`",
                "`--security-opt unmask=ALL`, so that a /proc can be mounted",
            ],
            Self::Kubernetes => &[
                "`hostUsers: false` and `securityContext.procMount: Unmasked`, so that a /proc can be mounted",
                "`securityContext.seccompProfile` with a profile that lets it unshare and mount",
                "`securityContext.appArmorProfile.type: Unconfined`, where AppArmor is in use",
            ],
            Self::Nspawn => &[
                "`--private-users=pick` and `--system-call-filter=@mount`, so that it can mount in namespaces of its own",
            ],
            Self::Lxc => &["`security.nesting=true` (`lxc.include` of `nesting.conf`)"],
            Self::Wsl1 => &["`wsl --set-version NAME 2`: WSL 1 has no Linux kernel"],
            Self::Wsl2 | Self::Other => &[],
        }
    }
}

/// What says that this is a container.
struct Marks<'a> {
    kubernetes: bool,
    podman: bool,
    docker: bool,
    told: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Marks<'_> = Marks {
        kubernetes: false,
        podman: false,
        docker: false,
        told: None,
    };

    #[test]
    fn each_is_known_by_its_mark() {
        let plain = "6.18.0-generic";
        for (marks, kernel, expected) in [
            (NONE, plain, None),
            (
                Marks {
                    docker: true,
                    ..NONE
                },
                plain,
                Some(Container::Docker),
            ),
            (
                Marks {
                    podman: true,
                    ..NONE
                },
                plain,
                Some(Container::Podman),
            ),
            (
                Marks {
                    docker: true,
                    kubernetes: true,
                    ..NONE
                },
                plain,
                Some(Container::Kubernetes),
            ),
            (
                Marks {
                    told: Some("systemd-nspawn"),
                    ..NONE
                },
                plain,
                Some(Container::Nspawn),
            ),
            (
                Marks {
                    told: Some("rkt"),
                    ..NONE
                },
                plain,
                Some(Container::Other),
            ),
            (NONE, "4.4.0-19041-Microsoft", Some(Container::Wsl1)),
            (
                Marks {
                    told: Some("wsl"),
                    ..NONE
                },
                "6.6.87.2-microsoft-standard-WSL2",
                Some(Container::Wsl2),
            ),
            (NONE, "4.19.104-microsoft-standard", Some(Container::Wsl2)),
        ] {
            assert_eq!(Container::of(&marks, kernel), expected, "{kernel}");
        }
    }
}
