//! Presets: hosts that many projects need to be built, under one name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Host, UnknownNetworkWord};

/// Hosts under one name.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostPreset {
    /// No host.
    #[default]
    None,
    /// Where packages, compilers and images come from.
    CommonDependencies,
    /// Every host that is not local.
    All,
}

/// What `common-dependencies` names: the hosts from which package managers,
/// tool chains and base images are fetched, and whatever is below them. Hosts
/// that serve what anybody may put there for anybody to run are among them, so
/// that this list is a convenience and no proof against a leak.
pub const COMMON_DEPENDENCIES: &[&str] = &[
    // Rust
    "crates.io",
    "static.crates.io",
    "index.crates.io",
    "docs.rs",
    "rust-lang.org",
    "rustup.rs",
    // JavaScript
    "npmjs.org",
    "npmjs.com",
    "yarnpkg.com",
    "nodejs.org",
    "deno.land",
    "jsr.io",
    "bun.sh",
    "unpkg.com",
    "jsdelivr.net",
    // Python
    "pypi.org",
    "pythonhosted.org",
    "python.org",
    "anaconda.com",
    "anaconda.org",
    "conda.io",
    "pytorch.org",
    // Go
    "go.dev",
    "golang.org",
    "proxy.golang.org",
    "sum.golang.org",
    "goproxy.io",
    "gopkg.in",
    // JVM
    "maven.org",
    "maven.apache.org",
    "repo.maven.apache.org",
    "maven.google.com",
    "gradle.org",
    "jcenter.bintray.com",
    "kotlinlang.org",
    "scala-sbt.org",
    "spring.io",
    "adoptium.net",
    // Ruby, PHP, Perl
    "rubygems.org",
    "ruby-lang.org",
    "packagist.org",
    "getcomposer.org",
    "php.net",
    "cpan.org",
    "metacpan.org",
    // .NET
    "nuget.org",
    "dotnet.microsoft.com",
    "dotnetcli.azureedge.net",
    "visualstudio.com",
    // Apple, Dart, Swift
    "cocoapods.org",
    "pub.dev",
    "swift.org",
    // Haskell, Erlang, Elixir, OCaml, R, Julia
    "haskell.org",
    "hex.pm",
    "elixir-lang.org",
    "opam.ocaml.org",
    "r-project.org",
    "julialang.org",
    // Systems
    "debian.org",
    "ubuntu.com",
    "alpinelinux.org",
    "fedoraproject.org",
    "centos.org",
    "archlinux.org",
    "nixos.org",
    "packages.microsoft.com",
    "launchpad.net",
    "brew.sh",
    // Source and images
    "github.com",
    "githubusercontent.com",
    "ghcr.io",
    "gitlab.com",
    "bitbucket.org",
    "docker.io",
    "docker.com",
    "quay.io",
    "gcr.io",
    "mcr.microsoft.com",
    "k8s.io",
    "hashicorp.com",
    "sourceforge.net",
];

const WORDS: &str = "`none`, `common-dependencies` and `all`";

impl HostPreset {
    /// Whether it names a host. A local one never.
    pub(super) fn covers(self, host: &Host) -> bool {
        match (self, host) {
            (Self::None, _) | (Self::CommonDependencies, Host::Address(_)) => false,
            (Self::All, host) => !host.is_local(),
            (Self::CommonDependencies, Host::Name(name)) => {
                let mut hosts = COMMON_DEPENDENCIES.iter();
                hosts.any(|base| super::host::is_at_or_below(name, base))
            }
        }
    }
}

impl FromStr for HostPreset {
    type Err = UnknownNetworkWord;

    fn from_str(word: &str) -> Result<Self, UnknownNetworkWord> {
        match word {
            "none" => Ok(Self::None),
            "common-dependencies" => Ok(Self::CommonDependencies),
            "all" => Ok(Self::All),
            other => Err(UnknownNetworkWord(other.to_owned(), WORDS)),
        }
    }
}

impl fmt::Display for HostPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::CommonDependencies => "common-dependencies",
            Self::All => "all",
        })
    }
}
