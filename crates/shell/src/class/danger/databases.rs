//! Databases: what is asked of them, and whether they are others' as well.

use crate::analysis::{Analysis, Input, Simple, Word};

use super::found::{Danger, Found};
use super::production;

const COPY: &str = "try it on a local copy, inside a transaction that is rolled back";

/// Why a database client destroys, or reaches what others use.
pub(super) fn danger(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let Some(kind) = kind(name, simple) else {
        return tools(name, simple, analysis);
    };
    let aimed = production::is_aimed(simple, analysis);
    if aimed && !only_asks(simple.arguments()) {
        return Some(
            Found::new(
                Danger::Production,
                format!("`{name}` goes to a database of production"),
            )
            .safer(COPY),
        );
    }
    if kind == Kind::File {
        return None;
    }
    let text = asked(simple, analysis);
    let what = match kind {
        Kind::Sql => destroys(&text)?,
        Kind::Redis => redis(&text)?,
        Kind::Mongo => mongo(&text)?,
        Kind::File => return None,
    };
    if is_local(simple) && !what.is_everything {
        return None;
    }
    if is_local(simple) && is_for_tests(&text) {
        return None;
    }
    Some(Found::new(Danger::Production, format!("`{name}` {}", what.what)).safer(COPY))
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Sql,
    Redis,
    Mongo,
    /// In a file: as much one's own as the file is.
    File,
}

fn kind(name: &str, simple: &Simple) -> Option<Kind> {
    Some(match name {
        "psql" | "mysql" | "mariadb" | "sqlcmd" | "mssql-cli" | "pgcli" | "mycli" | "cqlsh"
        | "clickhouse-client" | "clickhouse" | "cockroach" | "snowsql" | "usql" | "trino"
        | "presto" | "impala-shell" | "beeline" | "hive" | "isql" | "sqlplus" | "vsql"
        | "litecli" | "influx" | "bq" => {
            if name == "bq" && simple.arguments().first().and_then(Word::known) != Some("query") {
                return None;
            }
            Kind::Sql
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" => Kind::Redis,
        "mongo" | "mongosh" => Kind::Mongo,
        "sqlite3" | "sqlite" | "duckdb" => Kind::File,
        _ => return None,
    })
}

/// Programs that act on a database by themselves.
fn tools(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let words = simple.arguments();
    let aimed = production::is_aimed(simple, analysis);
    let what = match name {
        "dropdb" | "dropuser" => {
            if !aimed && words.iter().any(|word| is_test_name(word.prefix())) {
                return None;
            }
            "destroys data"
        }
        "mysqladmin" | "mariadb-admin" => words
            .iter()
            .any(|word| {
                matches!(
                    word.known(),
                    Some("drop" | "shutdown" | "kill" | "flush-privileges" | "password")
                )
            })
            .then_some("destroys data or stops a server")?,
        "pg_restore" | "mongorestore" | "mysqlimport" | "pg_resetwal" | "pg_dropcluster" => {
            let drops = super::has(words, &["--clean", "--drop", "-c", "--delete"]);
            (aimed || drops || name == "pg_resetwal" || name == "pg_dropcluster")
                .then_some("overwrites a database")?
        }
        "pg_dump" | "pg_dumpall" | "mysqldump" | "mongodump" | "mongoexport" | "mariadb-dump" => {
            aimed.then_some("copies a database of production")?
        }
        "etcdctl" => words
            .iter()
            .any(|word| {
                matches!(
                    word.known(),
                    Some("del" | "put" | "defrag" | "compaction" | "snapshot")
                )
            })
            .then_some("changes what a cluster keeps")?,
        "kafka-topics"
        | "kafka-topics.sh"
        | "kafka-delete-records.sh"
        | "rabbitmqctl"
        | "rabbitmqadmin"
        | "nats" => {
            let deletes = words.iter().any(|word| {
                matches!(
                    word.known(),
                    Some(
                        "--delete"
                            | "delete"
                            | "purge"
                            | "delete_queue"
                            | "purge_queue"
                            | "reset"
                            | "force_reset"
                            | "delete_vhost"
                    )
                )
            });
            (deletes || name.contains("delete")).then_some("deletes messages")?
        }
        "curl" | "http" | "https" | "xh" => return by_web(name, words),
        _ => return None,
    };
    Some(Found::new(Danger::Production, format!("`{name}` {what}")).safer(COPY))
}

/// A request that deletes, at a host that is not this machine.
fn by_web(name: &str, words: &[Word]) -> Option<Found> {
    let deletes = words.iter().enumerate().any(|(index, word)| {
        let method = match word.known() {
            Some("-X" | "--request") => words
                .get(index + 1)
                .and_then(Word::known)
                .unwrap_or_default(),
            Some(text) => text
                .strip_prefix("-X")
                .or_else(|| text.strip_prefix("--request="))
                .unwrap_or(if index == 0 && name != "curl" {
                    text
                } else {
                    ""
                }),
            None => "",
        };
        method.eq_ignore_ascii_case("DELETE")
    });
    let host = words
        .iter()
        .find(|word| word.written().contains("://") || word.written().starts_with('$'))?;
    let here = [
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "[::1]",
        "host.docker.internal",
        "example.com",
    ]
    .iter()
    .any(|here| host.written().contains(here));
    (deletes && !here).then(|| {
        Found::new(
            Danger::Production,
            format!("`{name}` deletes something at `{host}`"),
        )
        .safer("read it first (`GET`), and leave the change to the user")
    })
}

fn only_asks(words: &[Word]) -> bool {
    !words.is_empty()
        && words
            .iter()
            .all(|word| matches!(word.known(), Some("--version" | "--help" | "-V" | "-?")))
}

/// Everything that a client is told: its words, and what comes in.
fn asked(simple: &Simple, analysis: &Analysis) -> String {
    let mut text: String = simple
        .arguments()
        .iter()
        .map(|word| word.written().trim_matches('"'))
        .collect::<Vec<_>>()
        .join(" ");
    match &simple.input {
        Input::Text(given) => {
            text.push('\n');
            text.push_str(given);
        }
        // What is printed into the pipe, where it stands in the script.
        Input::Pipe { .. } => {
            let printed = analysis
                .commands
                .iter()
                .filter(|other| matches!(other.name(), Some("echo" | "printf" | "yes")))
                .flat_map(Simple::arguments);
            for word in printed {
                text.push('\n');
                text.push_str(word.written());
            }
        }
        Input::Inherited | Input::File(_) => {}
    }
    text
}

/// What a statement destroys.
struct Destroys {
    what: &'static str,
    /// Whether that is more than one table or key.
    is_everything: bool,
}

/// The first statement that destroys.
fn destroys(text: &str) -> Option<Destroys> {
    statements(text).find_map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let at = |index: usize| words.get(index).copied().unwrap_or_default();
        let some = |what, is_everything| {
            Some(Destroys {
                what,
                is_everything,
            })
        };
        let start = words.iter().position(|word| {
            matches!(
                *word,
                "drop"
                    | "truncate"
                    | "delete"
                    | "update"
                    | "alter"
                    | "grant"
                    | "revoke"
                    | "copy"
                    | "shutdown"
            )
        })?;
        match (at(start), at(start + 1)) {
            ("drop", "database" | "schema" | "owned" | "role" | "user" | "keyspace") => {
                some("drops a whole database", true)
            }
            (
                "drop",
                "table" | "view" | "index" | "materialized" | "collection" | "sequence"
                | "function" | "trigger" | "type" | "extension",
            ) => some("drops a table or what belongs to one", false),
            ("truncate", _) => some("empties a table", false),
            ("delete", "from") if !words.contains(&"where") => {
                some("deletes every row of a table", false)
            }
            ("delete", "from") => some("deletes rows", false),
            ("update", _) if words.contains(&"set") && !words.contains(&"where") => {
                some("changes every row of a table", false)
            }
            ("alter", "table") if words.contains(&"drop") => some("drops a column", false),
            ("alter", "role" | "user" | "system") | ("grant" | "revoke", _) => {
                some("changes who may do what", true)
            }
            ("copy", _) if words.contains(&"program") => some("runs a program on the server", true),
            _ => None,
        }
    })
}

/// Statements in small letters, without comments and quotes around them.
fn statements(text: &str) -> impl Iterator<Item = String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        plain.push_str(&rest[..start]);
        plain.push(' ');
        rest = rest[start..]
            .find("*/")
            .map_or("", |end| &rest[start + end + 2..]);
    }
    plain.push_str(rest);
    plain
        .lines()
        .map(|line| line.split("-- ").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ")
        .to_ascii_lowercase()
        .replace(['"', '\'', '`', '(', ')', '\\'], " ")
        .split(';')
        .map(ToOwned::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

fn redis(text: &str) -> Option<Destroys> {
    let text = text.to_ascii_lowercase();
    let has = |word: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|part| part == word)
    };
    let some = |what, is_everything| {
        Some(Destroys {
            what,
            is_everything,
        })
    };
    if has("flushall") || has("flushdb") {
        return some("deletes every key", true);
    }
    if has("shutdown")
        || has("debug")
        || has("replicaof")
        || has("slaveof")
        || has("eval")
        || text.contains("config set")
    {
        return some("stops or changes the server", true);
    }
    (has("del") || has("unlink")).then_some(Destroys {
        what: "deletes keys",
        is_everything: false,
    })
}

fn mongo(text: &str) -> Option<Destroys> {
    let some = |what, is_everything| {
        Some(Destroys {
            what,
            is_everything,
        })
    };
    if text.contains("dropDatabase") || text.contains("shutdownServer") || text.contains("dropUser")
    {
        return some("drops a whole database", true);
    }
    let changes = [
        ".drop(",
        ".remove(",
        ".deleteMany(",
        ".deleteOne(",
        ".updateMany(",
        ".bulkWrite(",
        "getCollectionNames().forEach",
    ];
    changes
        .iter()
        .any(|call| text.contains(call))
        .then_some(Destroys {
            what: "deletes or changes documents",
            is_everything: false,
        })
}

/// Whether the server is one on this machine, as far as the words say.
fn is_local(simple: &Simple) -> bool {
    const HERE: &[&str] = &[
        "localhost",
        "127.0.0.1",
        "::1",
        "/var/run",
        "/tmp",
        "db",
        "postgres",
        "mysql",
        "redis",
        "mongo",
    ];
    let words = simple.arguments();
    if simple
        .assignments
        .iter()
        .any(|set| matches!(set.name.as_str(), "PGHOST" | "MYSQL_HOST" | "REDISCLI_AUTH"))
    {
        return false;
    }
    let is_here = |host: &str| HERE.contains(&host);
    for (index, word) in words.iter().enumerate() {
        let text = word.written().trim_matches('"');
        if let Some(at) = text.find("://") {
            let rest = &text[at + 3..];
            let rest = rest.split('/').next().unwrap_or_default();
            let host = rest.rsplit('@').next().unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            return is_here(host) || host.is_empty();
        }
        if text.contains('$')
            && ["URL", "URI", "HOST", "DSN", "DB"]
                .iter()
                .any(|part| text.to_ascii_uppercase().contains(part))
        {
            return false;
        }
        let host = match text {
            "-h" | "--host" | "--hostname" | "-S" | "-H" => words.get(index + 1).map(Word::written),
            _ => text
                .strip_prefix("--host=")
                .or_else(|| text.strip_prefix("host="))
                .or_else(|| {
                    text.strip_prefix("-h")
                        .filter(|rest| !rest.is_empty() && !text.starts_with("--"))
                }),
        };
        if let Some(host) = host {
            return is_here(host.trim_matches('"'));
        }
    }
    true
}

/// Whether what is dropped is a database for tests, by its name.
fn is_for_tests(text: &str) -> bool {
    let named = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .filter(|part| is_test_name(part));
    named.count() > 0
}

fn is_test_name(name: &str) -> bool {
    name.split(['_', '-', '.']).any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "testing"
                | "dev"
                | "development"
                | "tmp"
                | "temp"
                | "scratch"
                | "ci"
                | "sandbox"
                | "local"
        )
    })
}
