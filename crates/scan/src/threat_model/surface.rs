//! What one file touches: stores, hosts, secrets, and acts that do harm if
//! they are misled.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::SourceFile;
use crate::taint::ir::{Expr, ExprKind, Stmt, StmtKind};
use crate::taint::visit::{dotted, expressions, last_name, statements};

/// What one file touches.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Surface {
    /// Libraries that keep data.
    pub stores: Vec<String>,
    /// Acts that do harm if they are misled.
    pub acts: Vec<String>,
    /// Hosts that it names.
    pub hosts: Vec<String>,
    /// Variables of the environment that hold secrets.
    pub secrets: Vec<String>,
    /// Whether it says what a machine builds or deploys.
    pub is_pipeline: bool,
}

/// Modules by which data is kept, and what that is called.
const STORES: &[(&str, &str)] = &[
    ("sqlite3", "SQLite"),
    ("better-sqlite3", "SQLite"),
    ("sqlalchemy", "a database by SQLAlchemy"),
    ("flask_sqlalchemy", "a database by SQLAlchemy"),
    ("django.db", "a database by Django"),
    ("psycopg2", "PostgreSQL"),
    ("psycopg", "PostgreSQL"),
    ("asyncpg", "PostgreSQL"),
    ("pg", "PostgreSQL"),
    ("mysql", "MySQL"),
    ("mysql2", "MySQL"),
    ("pymysql", "MySQL"),
    ("MySQLdb", "MySQL"),
    ("pymongo", "MongoDB"),
    ("mongoose", "MongoDB"),
    ("mongodb", "MongoDB"),
    ("redis", "Redis"),
    ("ioredis", "Redis"),
    ("sequelize", "a database by Sequelize"),
    ("typeorm", "a database by TypeORM"),
    ("@prisma/client", "a database by Prisma"),
    ("knex", "a database by Knex"),
    ("ldap3", "LDAP"),
    ("elasticsearch", "Elasticsearch"),
    ("boto3", "AWS"),
    ("@aws-sdk/client-s3", "S3"),
];

/// How calls end that do harm if they are misled, and what they do.
const ACTS: &[(&str, &str)] = &[
    ("os.system", "runs a shell"),
    ("subprocess.run", "starts programs"),
    ("subprocess.Popen", "starts programs"),
    ("subprocess.call", "starts programs"),
    ("subprocess.check_output", "starts programs"),
    ("exec", "runs code or programs"),
    ("execSync", "starts programs"),
    ("spawn", "starts programs"),
    ("execFile", "starts programs"),
    ("eval", "runs code"),
    ("pickle.loads", "turns bytes into objects"),
    ("pickle.load", "turns bytes into objects"),
    ("yaml.load", "turns text into objects"),
    ("shutil.rmtree", "removes directories"),
    ("os.remove", "removes files"),
    ("os.unlink", "removes files"),
    ("fs.unlink", "removes files"),
    ("fs.rm", "removes files"),
    ("send_file", "sends files"),
    ("sendFile", "sends files"),
    ("ProcessBuilder", "starts programs"),
    ("readObject", "turns bytes into objects"),
    ("set_password", "changes passwords"),
    ("render_template_string", "runs templates"),
];

/// Reads one file.
pub fn of_file(file: &SourceFile<'_>) -> Surface {
    let mut surface = Surface {
        is_pipeline: is_pipeline(file.path),
        ..Surface::default()
    };
    let Some(module) = file.program() else {
        return surface;
    };
    let mut found = Found::default();
    imports(&module.body, &mut found.stores);
    expressions(&module.body, &mut |expr| found.look(expr));
    surface.stores = found.stores.into_iter().collect();
    surface.acts = found.acts.into_iter().collect();
    surface.hosts = found.hosts.into_iter().collect();
    surface.secrets = found.secrets.into_iter().collect();
    surface
}

/// Whether a file says what a machine builds or deploys.
pub fn is_pipeline(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    path.starts_with(".github/workflows/")
        || path.starts_with(".circleci/")
        || matches!(
            name.as_str(),
            ".gitlab-ci.yml"
                | "jenkinsfile"
                | "azure-pipelines.yml"
                | ".travis.yml"
                | "dockerfile"
                | "docker-compose.yml"
                | "compose.yaml"
                | "procfile"
        )
}

#[derive(Default)]
struct Found {
    stores: BTreeSet<String>,
    acts: BTreeSet<String>,
    hosts: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Found {
    fn look(&mut self, expr: &Expr) {
        if let Some(text) = expr.as_str() {
            self.hosts.extend(host_of(text));
        }
        if let Some(name) = environment(expr)
            && is_secret(name)
        {
            self.secrets.insert(name.to_owned());
        }
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let Some(name) = dotted(&call.callee) else {
            return;
        };
        let act = ACTS.iter().find(|(act, _)| {
            name.strip_suffix(act)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        self.acts.extend(act.map(|(_, what)| (*what).to_owned()));
    }
}

fn imports(body: &[Stmt], stores: &mut BTreeSet<String>) {
    statements(body, &mut |stmt| {
        if let StmtKind::Import(import) = &stmt.kind {
            let known = STORES.iter().find(|(module, _)| {
                import
                    .module
                    .strip_prefix(module)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
            });
            stores.extend(known.map(|(_, what)| (*what).to_owned()));
        }
    });
}

/// The host of an address.
fn host_of(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')))
        .unwrap_or(rest.len());
    let host = rest[..end].trim_end_matches(':').to_ascii_lowercase();
    let is_host = host.contains('.') && !host.starts_with(['.', '-']);
    // A namespace is no host that anybody asks.
    let is_asked = !matches!(
        host.as_str(),
        "www.w3.org" | "schemas.xmlsoap.org" | "json-schema.org"
    );
    (is_host && is_asked).then_some(host)
}

/// `os.environ["X"]`, `os.getenv("X")`, `process.env.X`, `System.getenv("X")`.
fn environment(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Element(object, index) if dotted(object)?.ends_with("environ") => index.as_str(),
        ExprKind::Attribute(object, name) if dotted(object)? == "process.env" => Some(name),
        ExprKind::Element(object, index) if dotted(object)? == "process.env" => index.as_str(),
        ExprKind::Call(call) => {
            let reads = matches!(last_name(&call.callee)?, "getenv")
                || dotted(&call.callee)?.ends_with("environ.get");
            call.args.first().filter(|_| reads)?.value.as_str()
        }
        _ => None,
    }
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "KEY",
        "CREDENTIAL",
        "PRIVATE",
        "DSN",
        "DATABASE_URL",
    ]
    .iter()
    .any(|word| upper.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_touches_is_seen() {
        let text = "
const pg = require('pg');
const { exec } = require('child_process');
const key = process.env.STRIPE_SECRET_KEY;
const mode = process.env.NODE_ENV;
fetch('https://api.example.com/v1'); exec(cmd);
const ns = 'http://www.w3.org/2000/svg', bad = 'http://-';
";
        let surface = of_file(&SourceFile::of_text("a.js", text));
        assert_eq!(surface.stores, ["PostgreSQL"]);
        assert_eq!(surface.acts, ["runs code or programs"]);
        assert_eq!(surface.hosts, ["api.example.com"]);
        assert_eq!(surface.secrets, ["STRIPE_SECRET_KEY"]);
        assert!(is_pipeline(".github/workflows/ci.yml") && !is_pipeline("a.yml"));
    }
}
