//! Files and secrets that are sent out.

use crate::analysis::{Input, Simple, Word};
use crate::class::operands;

use super::found::{Danger, Found};

/// Why a command sends something out, if it does.
pub(super) fn danger(simple: &Simple) -> Option<Found> {
    let name = simple.name()?;
    let words = simple.arguments();
    let what = match name {
        "curl" | "wget" | "wget2" | "http" | "https" | "xh" | "curlie" | "aria2c" => {
            if is_local(words) {
                return None;
            }
            uploads(name, simple).or_else(|| in_address(words))
        }
        "nc" | "ncat" | "netcat" | "socat" | "telnet" | "openssl" => {
            let connects =
                name != "openssl" || words.first().and_then(Word::known) == Some("s_client");
            let fed = matches!(simple.input, Input::Pipe { .. } | Input::File(_));
            (connects && fed && !is_local(words)).then(|| "what it is given".to_owned())
        }
        "scp" | "rsync" | "sftp" | "rcp" | "lftp" | "rclone" => copies(name, simple),
        "ssh" => matches!(simple.input, Input::Pipe { .. } | Input::File(_))
            .then(|| "what it is given".to_owned()),
        "ftp" | "tftp" | "ncftpput" | "croc" | "wormhole" | "magic-wormhole" | "transfer"
        | "ffsend" | "smbclient" | "swaks" | "sendmail" | "mutt" | "mail" | "mailx" | "gist"
        | "pastebinit" => (!words.is_empty()).then(|| "files".to_owned()),
        "dig" | "nslookup" | "host" | "drill" | "ping" | "ping6" | "traceroute" | "mtr" => {
            in_name(words)
        }
        _ => None,
    }?;
    Some(Found::new(
        Danger::SendsOut,
        format!("`{name}` sends {what} out"),
    ))
}

/// Whether every host that is named is this machine.
fn is_local(words: &[Word]) -> bool {
    const HERE: &[&str] = &[
        "localhost",
        "127.",
        "0.0.0.0",
        "[::1]",
        "::1",
        "host.docker.internal",
        "unix:",
    ];
    let mut hosts = words
        .iter()
        .map(|word| word.written().trim_matches(['"', '\'']))
        .filter(|text| !text.starts_with(['-', '@', '{', '[']) || text.starts_with("[::1]"))
        .filter(|text| {
            text.contains("://")
                || HERE.iter().any(|here| text.starts_with(here))
                || text.starts_with(':')
        })
        .peekable();
    hosts.peek().is_some()
        && hosts.all(|text| {
            let host = text.split("://").last().unwrap_or(text);
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            host.starts_with(':') || HERE.iter().any(|here| host.starts_with(here))
        })
}

/// Options whose value is a file to send, or text read from one.
fn uploads(name: &str, simple: &Simple) -> Option<String> {
    let words = simple.arguments();
    let file_options = ["-T", "--upload-file", "--post-file", "--body-file"];
    for (index, word) in words.iter().enumerate() {
        let text = word.written().trim_matches('"');
        let (option, attached) = match text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (text, None),
        };
        let value = attached
            .map(ToOwned::to_owned)
            .or_else(|| words.get(index + 1).map(|word| word.written().to_owned()))
            .unwrap_or_default();
        if file_options.contains(&option) || text.starts_with("-T") && text.len() > 2 {
            return Some(format!("`{value}`"));
        }
        let data = option.starts_with("--data")
            || matches!(option, "--json" | "--form" | "--post-data" | "--body-data")
            || name == "curl" && option.starts_with("-d")
            || name == "curl" && (option == "-F" || option.starts_with("-F"))
            || name == "curl" && is_cluster_of_data(option);
        let attached_short = option
            .strip_prefix("-d")
            .or_else(|| option.strip_prefix("-F"));
        let value = attached_short
            .filter(|rest| !rest.is_empty())
            .unwrap_or(&value);
        let value = value.trim_matches(['"', '\'']);
        let from_file = value.starts_with('@') || value.contains("=@") || value.contains("=<");
        if data && (from_file || substitutes_a_file(value)) {
            return Some(format!("`{value}`"));
        }
        if data && value == "@-" {
            return Some("what it is given".to_owned());
        }
    }
    let httpie = matches!(name, "http" | "https" | "xh")
        && (words.iter().any(|word| word.prefix().contains('@'))
            || matches!(simple.input, Input::Pipe { .. } | Input::File(_)));
    httpie.then(|| "a file".to_owned())
}

/// `-sd`, `-XPOSTd` and their kind: a cluster that ends in the option for data.
fn is_cluster_of_data(option: &str) -> bool {
    option.starts_with('-')
        && !option.starts_with("--")
        && option.len() <= 5
        && option.ends_with(['d', 'F'])
}

/// Whether a value holds what a command reads from somewhere.
fn substitutes_a_file(text: &str) -> bool {
    const READERS: &[&str] = &[
        "cat ",
        "base64",
        "base32",
        "env",
        "printenv",
        "tar ",
        "gzip",
        "zip ",
        "xxd",
        "od ",
        "openssl",
        "history",
        "<",
        "head ",
        "tail ",
        "find ",
        "set ",
        "export",
        "declare",
        "hostname;",
        "sed ",
        "awk ",
        "strings ",
    ];
    let Some(at) = text.find("$(").or_else(|| text.find('`')) else {
        return false;
    };
    let inner = &text[at..];
    READERS.iter().any(|reader| inner.contains(reader))
}

fn in_address(words: &[Word]) -> Option<String> {
    let word = words
        .iter()
        .find(|word| word.known().is_none() && substitutes_a_file(word.written()))?;
    Some(format!("what `{word}` holds"))
}

/// A host name made of something else: how text leaves in questions for names.
fn in_name(words: &[Word]) -> Option<String> {
    let word = words.iter().find(|word| {
        word.known().is_none()
            && word.written().contains('.')
            && (word.written().contains("$(")
                || word.written().contains('`')
                || word.written().contains("}.")
                || word.written().starts_with('$'))
    })?;
    Some(format!("what `{word}` holds"))
}

/// Copies to another machine.
fn copies(name: &str, simple: &Simple) -> Option<String> {
    let words = simple.arguments();
    let remote = |word: &Word| {
        let text = word.prefix();
        let host = text.split(':').next().unwrap_or_default();
        text.contains("://") && name != "rclone"
            || text.len() > host.len()
                && !host.is_empty()
                && !host.contains('/')
                && !host.starts_with('-')
                && !matches!(host, "localhost" | "127.0.0.1")
    };
    let operands: Vec<&Word> = operands(words).collect();
    let last = operands.last()?;
    if matches!(name, "sftp" | "lftp") {
        return Some("files".to_owned());
    }
    let to = remote(last) || name == "rcp";
    to.then(|| format!("files to `{last}`"))
}
