//! Variables that hold secrets, and what shows them.

use crate::analysis::{Analysis, RedirectKind, Simple, Word, base_name};
use crate::class::danger::found::{Danger, Found};
use crate::class::danger::has;
use crate::class::operands;

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

pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
        || matches!(name.as_str(), "PGPASSWORD" | "MYSQL_PWD")
}

/// Variables that hold a secret, shown.
pub(super) fn shown(name: &str, simple: &Simple) -> Option<Found> {
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
            .filter(|_| name == "printenv" || has(simple.arguments(), &["-p"]))
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
pub(super) fn whole_environment(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
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
        .filter(|other| matches!(other.name(), Some("grep" | "egrep" | "rg")))
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
