//! What is aimed at production: told by the names of hosts, contexts,
//! profiles, projects, addresses and variables.

use crate::analysis::{Analysis, Simple, Word};

use super::found::{Danger, Found};

/// Whether a text names production.
pub(super) fn names_production(text: &str) -> bool {
    parts(text).iter().any(|part| {
        let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(
            part,
            "prod" | "prods" | "production" | "prd" | "prodn" | "live"
        )
    })
}

/// The parts of a name: split at signs, and where a capital follows.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before_is_small = false;
    for c in text.chars() {
        let starts = !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() && before_is_small;
        if starts {
            parts.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(last) = parts.last_mut()
        {
            last.push(c.to_ascii_lowercase());
        }
        before_is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    parts
}

/// Whether a command or the variables around it say that it is aimed at
/// production.
pub(super) fn is_aimed(simple: &Simple, analysis: &Analysis) -> bool {
    let by_word = simple
        .arguments()
        .iter()
        .any(|word| word.written().len() < 300 && names_production(word.written()));
    let sets = |simple: &Simple| {
        simple.assignments.iter().any(|set| {
            is_target(&set.name)
                && (names_production(set.value.written()) || names_production(&set.name))
        })
    };
    let exports = |simple: &Simple| {
        simple.name() == Some("export")
            && simple.arguments().iter().any(|word| {
                word.written().split_once('=').is_some_and(|(name, value)| {
                    is_target(name) && (names_production(value) || names_production(name))
                })
            })
    };
    by_word
        || sets(simple)
        || analysis
            .commands
            .iter()
            .any(|other| sets(other) && other.argv.is_empty() || exports(other))
}

/// Variables that say where a program goes.
fn is_target(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "PROFILE",
        "CONTEXT",
        "CLUSTER",
        "PROJECT",
        "HOST",
        "URL",
        "URI",
        "ENV",
        "ENVIRONMENT",
        "DATABASE",
        "DB",
        "SUBSCRIPTION",
        "ACCOUNT",
        "WORKSPACE",
        "STAGE",
        "KUBECONFIG",
        "NAMESPACE",
        "DSN",
        "INVENTORY",
        "REMOTE",
        "SERVER",
    ];
    let name = name.to_ascii_uppercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Whether a cluster or cloud is one on this machine, for certain.
pub(super) fn is_visibly_local(words: &[Word]) -> bool {
    const LOCAL: &[&str] = &[
        "kind-",
        "minikube",
        "docker-desktop",
        "k3d-",
        "rancher-desktop",
        "orbstack",
        "colima",
        "microk8s",
        "http://localhost",
        "http://127.0.0.1",
        "localstack",
    ];
    words.iter().any(|word| {
        let text = word.prefix();
        let text = text
            .strip_prefix("--context=")
            .or_else(|| text.strip_prefix("--kube-context="))
            .or_else(|| text.strip_prefix("--endpoint-url="))
            .unwrap_or(text);
        LOCAL.iter().any(|name| text.starts_with(name))
    })
}

/// Tools of frameworks that change a database, and cloud tools by their verb.
pub(super) fn danger(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let aimed = is_aimed(simple, analysis);
    let found = |what: String| Some(Found::new(Danger::Production, what));
    match name {
        "rails" | "rake" | "artisan" | "php" | "python" | "python3" | "manage.py"
        | "django-admin" | "flask" | "alembic" | "sequelize" | "prisma" | "knex" | "typeorm"
        | "drizzle-kit" | "mix" | "npx" | "bundle" | "flyway" | "liquibase" | "dbmate"
        | "goose" | "diesel" | "sqlx" | "npm" | "yarn" | "pnpm" | "poetry" | "uv" | "pipenv"
        | "sequelize-cli" | "ecto" | "doctrine" | "console" | "symfony" | "wp" | "drush"
        | "bunx" => {
            let task = drops(simple.arguments())?;
            let local = !aimed && !destroys(task);
            if local {
                return None;
            }
            let where_to = if aimed { " on production" } else { "" };
            found(format!("`{name} {task}` changes a database{where_to}"))
        }
        "ansible" | "ansible-playbook" if aimed && !only_looks(simple) => {
            found(format!("`{name}` changes machines of production"))
        }
        "ansible" if runs_module(simple) => found("`ansible` changes other machines".to_owned()),
        "ssh" | "mosh" if aimed => found(format!("`{name}` goes to a machine of production")),
        "aws" | "gcloud" | "az" => cloud(name, simple, aimed),
        "kubectl" | "oc" if aimed => {
            let verb = verbs(simple).next()?;
            let changes = matches!(
                verb,
                "exec"
                    | "apply"
                    | "create"
                    | "delete"
                    | "run"
                    | "cp"
                    | "port-forward"
                    | "debug"
                    | "attach"
                    | "proxy"
                    | "patch"
            );
            changes
                .then(|| Found::new(Danger::Production, format!("`{name} {verb}` on production")))
        }
        "scp" | "rsync" if aimed => found(format!("`{name}` copies to or from production")),
        _ => None,
    }
}

/// The words without options, and without what may be their values where a
/// verb is meant.
fn verbs(simple: &Simple) -> impl Iterator<Item = &str> {
    let words = simple.arguments();
    words.iter().enumerate().filter_map(move |(index, word)| {
        let text = word.known()?;
        let is_value = index > 0
            && words[index - 1].prefix().starts_with('-')
            && !words[index - 1].prefix().contains('=');
        (!text.starts_with('-') && !is_value).then_some(text)
    })
}

/// Clouds have a verb in the name of each operation.
fn cloud(name: &str, simple: &Simple, aimed: bool) -> Option<Found> {
    const DESTROYS: &[&str] = &[
        "delete",
        "terminate",
        "remove",
        "destroy",
        "purge",
        "deregister",
        "detach",
        "revoke",
        "stop",
        "reset",
        "disable",
        "reboot",
        "deallocate",
        "drop",
        "modify",
        "update",
        "put",
        "create",
        "start",
        "restore",
        "set",
        "add",
        "run",
        "deploy",
        "patch",
        "import",
        "ssh",
        "scp",
        "attach",
        "authorize",
        "promote",
        "failover",
        "invoke",
        "publish",
        "send",
        "rotate",
    ];
    const ALWAYS: &[&str] = &[
        "delete",
        "terminate",
        "remove",
        "destroy",
        "purge",
        "deregister",
        "revoke",
        "drop",
        "deallocate",
    ];
    let words: Vec<&str> = verbs(simple).collect();
    let verb = words.iter().skip(1).find_map(|word| {
        let verb = word.split('-').next().unwrap_or_default();
        let listed = if aimed { DESTROYS } else { ALWAYS };
        listed.contains(&verb).then_some(*word)
    })?;
    let dry = super::has(
        simple.arguments(),
        &["--dry-run", "--dryrun", "--generate-cli-skeleton"],
    );
    (!dry).then(|| {
        let what = if aimed {
            "changes production"
        } else {
            "deletes what others may use"
        };
        Found::new(Danger::Production, format!("`{name} … {verb}` {what}")).safer(
            "look at it first (`describe`, `list`, `show`), and leave the change to the user",
        )
    })
}

/// A task that changes a database.
fn drops(words: &[Word]) -> Option<&str> {
    words.iter().filter_map(Word::known).find(|text| {
        destroys(text)
            || matches!(
                *text,
                "db:migrate"
                    | "migrate"
                    | "db:rollback"
                    | "migrate:rollback"
                    | "db:seed"
                    | "upgrade"
                    | "downgrade"
                    | "db:push"
                    | "shell"
                    | "dbshell"
                    | "console"
                    | "runner"
                    | "loaddata"
                    | "deploy"
                    | "ecto.migrate"
                    | "ecto.rollback"
                    | "push"
                    | "execute"
                    | "reset"
            )
    })
}

fn destroys(task: &str) -> bool {
    matches!(
        task,
        "db:drop"
            | "db:reset"
            | "db:purge"
            | "db:drop:all"
            | "db:schema:load"
            | "db:setup"
            | "db:structure:load"
            | "db:truncate_all"
            | "migrate:fresh"
            | "migrate:reset"
            | "migrate:refresh"
            | "db:wipe"
            | "flush"
            | "reset_db"
            | "sqlflush"
            | "ecto.drop"
            | "ecto.reset"
            | "schema:drop"
            | "schema:dropAll"
            | "doctrine:database:drop"
            | "doctrine:schema:drop"
            | "db:migrate:undo:all"
            | "sql-drop"
    )
}

fn only_looks(simple: &Simple) -> bool {
    super::has(
        simple.arguments(),
        &[
            "--check",
            "-C",
            "--list-hosts",
            "--list-tasks",
            "--syntax-check",
            "--version",
        ],
    )
}

/// `ansible HOSTS -m shell -a …`
fn runs_module(simple: &Simple) -> bool {
    let module = simple.arguments().windows(2).any(|pair| {
        matches!(pair[0].known(), Some("-m" | "--module-name"))
            && matches!(
                pair[1].known(),
                Some(
                    "shell"
                        | "command"
                        | "raw"
                        | "script"
                        | "file"
                        | "user"
                        | "service"
                        | "systemd"
                        | "reboot"
                        | "copy"
                        | "apt"
                        | "yum"
                )
            )
    });
    let implicit = super::has(simple.arguments(), &["-a"])
        && !simple
            .arguments()
            .iter()
            .any(|word| word.known() == Some("-m"));
    (module || implicit)
        && !simple
            .arguments()
            .iter()
            .any(|word| matches!(word.known(), Some("localhost" | "127.0.0.1")))
}
