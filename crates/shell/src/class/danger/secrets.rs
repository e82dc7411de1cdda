//! Secrets: files that hold them, in any spelling, and programs and variables
//! that show them.

use crate::analysis::{Analysis, RedirectKind, Simple, Word, base_name};
use crate::class::operands;

use super::found::{Danger, Found};

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

/// Programs that do not show what is in the files that they are given.
const NO_READERS: &[&str] = &[
    "[",
    "[[",
    "test",
    "ls",
    "stat",
    "touch",
    "mkdir",
    "chmod",
    "chown",
    "echo",
    "printf",
    "cd",
    "pushd",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "file",
    "du",
    "rm",
    "rmdir",
    "unlink",
    "ssh",
    "ssh-add",
    "ssh-keygen",
    "ssh-keyscan",
    "export",
    "alias",
    "git",
    "type",
    "which",
    "tree",
    "mktemp",
    "function",
    "local",
    "declare",
    "set",
    "docker",
    "podman",
    "umask",
    "exa",
    "eza",
    "true",
    "false",
    ":",
    "cargo",
    "npm",
    "gh",
    "kubectl",
];

/// Programs that show what is in a file, or take it elsewhere.
const READERS: &[&str] = &[
    "cat", "tac", "nl", "head", "tail", "less", "more", "most", "bat", "batcat", "view", "vi",
    "vim", "nano", "emacs", "grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk", "gawk",
    "cut", "sort", "uniq", "strings", "xxd", "od", "hexdump", "base64", "base32", "jq", "yq",
    "tar", "zip", "7z", "gzip", "cp", "mv", "scp", "rsync", "curl", "wget", "nc", "ncat", "dd",
    "diff", "paste", "rev", "tr", "tee", "column", "pr", "fold", "fmt", "gpg", "ln", "xargs",
];

/// Why a command reads a secret, if it does.
pub(super) fn danger(simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let name = simple.name().unwrap_or_default();
    by_file(name, simple, analysis)
        .or_else(|| by_variable(name, simple))
        .or_else(|| whole_environment(name, simple, analysis))
}

fn by_file(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let reads = |word: &Word| {
        let what = if name.is_empty() { "it" } else { name };
        Found::new(
            Danger::ReadsSecret,
            format!("`{what}` reads the secret in `{word}`"),
        )
    };
    let redirected = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Read)
        .map(|redirect| &redirect.target)
        .find(|word| is_secret(word, true));
    if let Some(word) = redirected {
        return Some(reads(word));
    }
    if name.is_empty() {
        return None;
    }
    if matches!(name, "find" | "gfind" | "fd" | "fdfind") {
        return finds_and_reads(simple, analysis).map(reads);
    }
    if matches!(name, "docker" | "podman" | "nerdctl") {
        return mounted(simple).map(reads);
    }
    let compares = |word: &Word| matches!(word.known(), Some("--no-index" | "hash-object"));
    if name == "git" && simple.arguments().iter().any(compares) {
        let mut words = simple.arguments().iter();
        return words.find(|word| is_secret(word, true)).map(reads);
    }
    if NO_READERS.contains(&name) {
        return None;
    }
    let reader = READERS.contains(&name);
    read_words(name, simple)
        .into_iter()
        .find(|word| is_secret(&placed(word, simple), reader))
        .map(reads)
}

/// A word as a path from where the script starts, if the command is elsewhere.
fn placed(word: &Word, simple: &Simple) -> Word {
    let written = word.written();
    let inside = match simple.directory.as_deref() {
        None | Some("" | ".") => None,
        Some(dir) => (!written.starts_with(['/', '~', '$', '-', '"'])).then_some(dir),
    };
    match inside {
        Some(dir) => Word::Known(format!("{dir}/{written}")),
        None => word.clone(),
    }
}

/// A directory of secrets that a container is given.
fn mounted(simple: &Simple) -> Option<&Word> {
    simple.arguments().iter().find(|word| {
        let text = word.written().trim_matches('"');
        let text = text.strip_prefix("--volume=").unwrap_or(text);
        text.split_once(':')
            .is_some_and(|(path, _)| is_secret(&Word::Known(path.to_owned()), false))
    })
}

/// The words of a command that may be files that it reads.
fn read_words<'a>(name: &str, simple: &'a Simple) -> Vec<&'a Word> {
    let words = simple.arguments();
    let mut found: Vec<&Word> = words.iter().collect();
    let takes_pattern = matches!(
        name,
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "ag"
            | "ack"
            | "sed"
            | "awk"
            | "gawk"
            | "jq"
            | "yq"
            | "perl"
    );
    let given = words
        .iter()
        .any(|word| matches!(word.known(), Some("-e" | "-f" | "--regexp" | "--file")));
    if takes_pattern
        && !given
        && let Some(pattern) = operands(words).next()
    {
        found.retain(|word| !std::ptr::eq(*word, pattern));
    }
    let writes_last = matches!(name, "cp" | "mv" | "install" | "ln" | "tee");
    if writes_last && found.len() > 1 || name == "tee" {
        found.pop();
    }
    // The key that a program uses itself is no reading.
    let keys: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| matches!(name, "scp" | "sftp" | "rsync") && word.known() == Some("-i"))
        .map(|(index, _)| index + 1)
        .collect();
    for key in keys {
        if let Some(key) = words.get(key) {
            found.retain(|word| !std::ptr::eq(*word, key));
        }
    }
    found
}

/// A search for secrets whose findings are given to a program.
fn finds_and_reads<'a>(simple: &'a Simple, analysis: &Analysis) -> Option<&'a Word> {
    let passes_on = simple.arguments().iter().any(|word| {
        matches!(
            word.known(),
            Some("-exec" | "-execdir" | "-ok" | "-x" | "-X" | "--exec" | "--exec-batch")
        )
    }) || analysis.commands.iter().any(|other| {
        other
            .through
            .iter()
            .any(|one| matches!(one.name.as_str(), "xargs" | "parallel"))
    });
    let only_shows = analysis
        .commands
        .iter()
        .filter(|other| super::remove::is_for_each(other))
        .all(|other| {
            other.name().is_some_and(|name| {
                NO_READERS.contains(&name) || name == "find" || name == "sha256sum" || name == "wc"
            })
        });
    simple
        .arguments()
        .iter()
        .filter(|_| passes_on && !only_shows)
        .find(|word| is_secret(word, true))
}

/// Whether a word names a secret file. `reader` says whether the program shows
/// what is in files: only then do files of a project count.
fn is_secret(word: &Word, reader: bool) -> bool {
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
pub(super) fn is_secret_path(text: &str) -> bool {
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
    let literal = part.chars().filter(|c| c.is_alphanumeric()).count();
    let short = name.trim_start_matches('.').len() <= 4 && literal >= 1;
    (literal >= 2 || short && part.starts_with(['.', '?'])) && fits(part, name)
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

/// Parts of names of variables that hold secrets.
const SECRET_NAMES: &[&str] = &[
    "ACCESS_KEY",
    "ACCESSKEY",
    "API_KEY",
    "APIKEY",
    "APITOKEN",
    "AUTH_KEY",
    "BEARER",
    "CREDENTIAL",
    "DATABASE_URL",
    "ENCRYPTION_KEY",
    "MASTER_KEY",
    "PASSWD",
    "PASSWORD",
    "PASSPHRASE",
    "PRIVATE_KEY",
    "SECRET",
    "SIGNING_KEY",
    "TOKEN",
    "_PAT",
];

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
        || matches!(name.as_str(), "PGPASSWORD" | "MYSQL_PWD")
}

/// Variables that hold a secret, shown.
fn by_variable(name: &str, simple: &Simple) -> Option<Found> {
    let shows = |what: &str| {
        Found::new(
            Danger::ReadsSecret,
            format!("`{name}` shows the secret in `{what}`"),
        )
        .safer("ask only whether it is set: `[ -n \"$NAME\" ]`")
    };
    match name {
        "echo" | "printf" | "print" => simple
            .arguments()
            .iter()
            .filter(|word| word.known().is_none())
            .find(|word| expands_secret(word.written()))
            .map(|word| shows(word.written())),
        "cat" | "tee" | "base64" | "xxd" | "od" | "rev" | "tr" => simple
            .redirects
            .iter()
            .filter(|redirect| redirect.kind == RedirectKind::Text)
            .map(|redirect| &redirect.target)
            .find(|word| {
                word.known().is_none()
                    && word.written().len() < 80
                    && expands_secret(word.written())
            })
            .map(|word| shows(word.written())),
        "printenv" | "declare" | "typeset" => simple
            .arguments()
            .iter()
            .filter_map(Word::known)
            .find(|text| !text.contains('=') && is_secret_name(text))
            .filter(|_| name == "printenv" || super::has(simple.arguments(), &["-p"]))
            .map(shows),
        "ps" => simple
            .arguments()
            .first()
            .and_then(Word::known)
            .filter(|text| !text.starts_with('-') && text.contains('e'))
            .map(|_| {
                Found::new(
                    Danger::ReadsSecret,
                    "`ps` with `e` shows the variables of processes",
                )
            }),
        _ => None,
    }
}

/// Whether a word expands a variable that is called as if it held a secret,
/// or one whose name is itself a value.
fn expands_secret(written: &str) -> bool {
    written.match_indices('$').any(|(at, _)| {
        let rest = &written[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        if rest.starts_with('#') {
            return false;
        }
        if let Some(indirect) = rest.strip_prefix('!') {
            return !indirect.contains("[@]")
                && !indirect.contains("[*]")
                && written.contains("${");
        }
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        is_secret_name(name) && !after.starts_with(":+") && !after.starts_with('+')
    })
}

/// The whole environment, shown.
fn whole_environment(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let words = simple.arguments();
    let dumps = match name {
        "env" | "printenv" => words
            .iter()
            .all(|word| matches!(word.known(), Some("-0" | "--null"))),
        "export" | "set" => words.is_empty() || words.iter().all(|word| word.known() == Some("-p")),
        "declare" | "typeset" => {
            !words.is_empty()
                && words
                    .iter()
                    .all(|word| matches!(word.known(), Some("-p" | "-x" | "-px" | "-xp")))
        }
        "compgen" => words
            .iter()
            .any(|word| matches!(word.known(), Some("-v" | "-e" | "-A"))),
        _ => false,
    };
    if !dumps || !simple.assignments.is_empty() {
        return None;
    }
    let filters: Vec<String> = analysis
        .commands
        .iter()
        .filter(|other| matches!(other.name(), Some("grep" | "egrep" | "rg" | "awk" | "sed")))
        .filter_map(|other| operands(other.arguments()).next().and_then(Word::known))
        .map(str::to_ascii_uppercase)
        .collect();
    if filters.iter().any(|filter| asks_for_secrets(filter)) {
        return Some(Found::new(
            Danger::ReadsSecret,
            "it looks for secrets in the environment",
        ));
    }
    let names_only = analysis.commands.iter().any(|other| {
        base_name(other.program().unwrap_or_default()) == "cut"
            && other
                .arguments()
                .iter()
                .any(|word| matches!(word.known(), Some("-f1")))
    });
    if !filters.is_empty() || names_only || goes_nowhere(simple) {
        return None;
    }
    Some(Found::new(
        Danger::ShowsEnvironment,
        format!("`{name}` shows every variable"),
    ))
}

fn asks_for_secrets(filter: &str) -> bool {
    is_secret_name(filter)
        || ["KEY", "PASS", "AWS", "CRED", "AUTH", "PRIVATE", "_PW"]
            .iter()
            .any(|part| filter.contains(part))
        || matches!(filter, "." | ".*" | "=" | "^" | "")
}

fn goes_nowhere(simple: &Simple) -> bool {
    simple.redirects.iter().any(|redirect| {
        redirect.kind == RedirectKind::Write && redirect.target.known() == Some("/dev/null")
    })
}
