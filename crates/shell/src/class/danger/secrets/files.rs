//! Files that hold secrets, in any spelling of their path.

use crate::analysis::Word;
use crate::class::paths;

/// Files and directories that hold secrets, wherever they are: by the last
/// parts of their path.
const STORES: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube/config",
    ".docker/config.json",
    ".config/gcloud",
    ".config/gh",
    ".config/hub",
    ".config/glab-cli",
    ".config/op",
    ".config/rclone",
    ".config/sops",
    ".config/doctl",
    ".config/stripe",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".git-credentials",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".composer/auth.json",
    ".terraform.d/credentials.tfrc.json",
    ".vault-token",
    ".password-store",
    ".s3cfg",
    ".boto",
    ".oci",
    ".fly",
    ".local/share/keyrings",
    "Library/Keychains",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".thunderbird",
    "Login Data",
    "logins.json",
    "key4.db",
    "cookies.sqlite",
    ".bash_history",
    ".zsh_history",
    ".psql_history",
    ".mysql_history",
    ".python_history",
    ".codex/auth.json",
    ".claude/.credentials.json",
    ".claude.json",
    ".electrum",
    ".bitcoin",
    "wallet.dat",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/shadow-",
    "/etc/sudoers",
    "/etc/master.passwd",
    "/proc/kcore",
    "/var/run/secrets",
    "/run/secrets",
    "/etc/kubernetes/admin.conf",
    "/etc/krb5.keytab",
    "/etc/ssl/private",
];

/// Files of a project that hold secrets.
const OF_PROJECT: &[&str] = &[
    ".env",
    ".env.local",
    ".env.production",
    ".env.prod",
    ".env.production.local",
    ".env.staging",
    ".env.development.local",
    ".envrc",
    "master.key",
    "credentials.json",
    "service-account.json",
    "serviceAccountKey.json",
    "secrets.yaml",
    "secrets.yml",
    "secrets.json",
    ".htpasswd",
    "terraform.tfvars",
];

/// What is public, though it stands in such a place.
const PUBLIC: &[&str] = &[
    ".pub",
    "known_hosts",
    "known_hosts.old",
    ".example",
    ".sample",
    ".template",
];

/// Whether a word names a secret file. `reader` says whether the program shows
/// what is in files: only then do files of a project count.
pub(super) fn is_secret(word: &Word, reader: bool) -> bool {
    let written: String = word
        .written()
        .chars()
        .filter(|c| !matches!(c, '"' | '\'' | '\\'))
        .collect();
    if word
        .known()
        .is_some_and(|text| text.contains(char::is_whitespace) && !text.contains("Login Data"))
    {
        return false;
    }
    // A value of an option, and `@file` of curl.
    let path = match written.split_once('=') {
        Some((option, value)) if option.starts_with('-') || !option.contains('/') => value,
        _ => written.as_str(),
    };
    let path = path.trim_start_matches(['@', '<']);
    if path.contains("://") && !path.starts_with("file://") {
        return false;
    }
    let path = path.trim_start_matches("file://");
    if PUBLIC.iter().any(|end| path.ends_with(end)) {
        return false;
    }
    let path = &paths::normal(path);
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    is_environment_of_process(&parts)
        || STORES.iter().any(|store| contains(path, &parts, store))
        || is_registry_token_file(path, &parts)
        || reader && OF_PROJECT.iter().any(|file| ends_with(&parts, file))
        || reader && is_private_key(parts.last().copied().unwrap_or_default())
}

/// Whether a text is the path of a secret file, as code names it.
pub(in crate::class) fn is_secret_path(text: &str) -> bool {
    !text.contains(char::is_whitespace) && is_secret(&Word::Known(text.to_owned()), true)
}

/// Whether a path leads to a store of secrets.
pub(in crate::class) fn is_store(path: &str) -> bool {
    is_secret(&Word::Known(path.to_owned()), false)
}

/// Whether a path is a store or below one. A pattern counts if it could be.
fn contains(path: &str, parts: &[&str], store: &str) -> bool {
    if let Some(absolute) = store.strip_prefix('/') {
        let wanted: Vec<&str> = absolute.split('/').collect();
        return path.starts_with('/')
            && parts.len() >= wanted.len()
            && parts
                .iter()
                .zip(&wanted)
                .all(|(part, wanted)| may_be(part, wanted));
    }
    let wanted: Vec<&str> = store.split('/').collect();
    parts.windows(wanted.len()).any(|window| {
        window
            .iter()
            .zip(&wanted)
            .all(|(part, wanted)| may_be(part, wanted))
    })
}

fn ends_with(parts: &[&str], file: &str) -> bool {
    parts
        .last()
        .is_some_and(|last| may_be(last, file) && (!has_pattern(last) || last.starts_with(".e")))
}

fn has_pattern(part: &str) -> bool {
    part.contains(['*', '?', '[', '{', '$'])
}

/// Whether a part of a path is a name, or a pattern that the name fits and
/// that says enough of it.
fn may_be(part: &str, name: &str) -> bool {
    if !has_pattern(part) {
        return part == name;
    }
    // What begins with anything at all is no sign of a name.
    if part.contains('$') || part.starts_with('*') {
        return false;
    }
    literal_length(part) * 2 >= name.len() && fits(part, name)
}

/// How many characters of a pattern stand for themselves.
fn literal_length(pattern: &str) -> usize {
    let mut rest = pattern;
    let mut count = 0;
    while let Some(c) = rest.chars().next() {
        let bracket = rest.find(']').filter(|end| c == '[' && *end > 1);
        if let Some(end) = bracket {
            count += usize::from(end == 2);
            rest = &rest[end + 1..];
        } else {
            count += usize::from(!matches!(c, '*' | '?' | '[' | '{' | '}' | ','));
            rest = &rest[c.len_utf8()..];
        }
    }
    count
}

/// A pattern of a shell, against one name.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    fits_from(&pattern, &name, 0)
}

fn fits_from(pattern: &[char], name: &[char], depth: usize) -> bool {
    const DEEPEST: usize = 200;
    if depth > DEEPEST {
        return true;
    }
    let Some((first, rest)) = pattern.split_first() else {
        return name.is_empty();
    };
    match first {
        '*' => (0..=name.len()).any(|at| fits_from(rest, &name[at..], depth + 1)),
        '?' => !name.is_empty() && fits_from(rest, &name[1..], depth + 1),
        '[' => match rest.iter().skip(1).position(|c| *c == ']') {
            Some(end) if !name.is_empty() => {
                in_class(&rest[..=end], name[0])
                    && fits_from(&rest[end + 2..], &name[1..], depth + 1)
            }
            _ => false,
        },
        '{' => match rest.iter().position(|c| *c == '}') {
            Some(end) => rest[..end].split(|c| *c == ',').any(|choice| {
                let whole: Vec<char> = choice.iter().chain(&rest[end + 1..]).copied().collect();
                fits_from(&whole, name, depth + 1)
            }),
            None => false,
        },
        c => name.first() == Some(c) && fits_from(rest, &name[1..], depth + 1),
    }
}

fn in_class(class: &[char], c: char) -> bool {
    let turned = matches!(class.first(), Some('!' | '^'));
    let class = &class[usize::from(turned)..];
    let found = class.contains(&c)
        || class
            .windows(3)
            .any(|range| range[1] == '-' && (range[0]..=range[2]).contains(&c));
    found != turned
}

/// `/proc/…/environ` and the memory of processes.
fn is_environment_of_process(parts: &[&str]) -> bool {
    parts.first() == Some(&"proc")
        && parts.len() >= 3
        && matches!(parts.last(), Some(&("environ" | "mem" | "maps")))
        && parts.last() != Some(&"maps")
}

/// `.npmrc` and its kind hold tokens in a home directory, settings elsewhere.
fn is_registry_token_file(path: &str, parts: &[&str]) -> bool {
    let home = path.starts_with(['~', '$'])
        || path.starts_with("/home/")
        || path.starts_with("/root/")
        || path.starts_with("/Users/");
    home && parts
        .last()
        .is_some_and(|last| may_be(last, ".npmrc") || may_be(last, ".yarnrc.yml"))
}

fn is_private_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = [
        ".pem",
        ".key",
        ".p12",
        ".pfx",
        ".jks",
        ".keystore",
        ".kdbx",
        ".ppk",
        ".asc",
    ]
    .iter()
    .any(|end| name.ends_with(end));
    ending
        && ["key", "priv", "secret", "id_", "client"]
            .iter()
            .any(|sign| name.trim_end_matches(".keystore").contains(sign))
}
