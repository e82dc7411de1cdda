//! Queries with placeholders, made of queries that were put together.
//!
//! A value can have a placeholder only where SQL has a value. The name of a
//! table or a column, a keyword and a list cannot: what stands there is
//! refused, with why.

use crate::Language;

/// A piece of text that is put together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// Constant text, as it stands between the quotes of the source.
    Text(String),
    /// What is put in, as it is written.
    Value {
        /// The expression.
        source: String,
        /// Whether it is text for certain: an operand of `+`.
        is_text: bool,
    },
}

/// The text before each value.
pub(super) fn before_values(pieces: &[Piece]) -> Vec<String> {
    let (mut text, mut all) = (String::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Value { .. } => all.push(text.clone()),
        }
    }
    all
}

/// A driver of a database: what its placeholders look like.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Driver {
    Sqlite,
    Odbc,
    Postgres,
    Mysql,
    Django,
    Alchemy,
    Oracle,
    NodeSqlite,
    NodeMysql,
    NodePostgres,
}

/// Modules and the drivers that they are.
const PYTHON: &[(&str, Driver)] = &[
    ("sqlite3", Driver::Sqlite),
    ("aiosqlite", Driver::Sqlite),
    ("apsw", Driver::Sqlite),
    ("pyodbc", Driver::Odbc),
    ("psycopg2", Driver::Postgres),
    ("psycopg", Driver::Postgres),
    ("aiopg", Driver::Postgres),
    ("MySQLdb", Driver::Mysql),
    ("pymysql", Driver::Mysql),
    ("mysql", Driver::Mysql),
    ("aiomysql", Driver::Mysql),
    ("flask_mysqldb", Driver::Mysql),
    ("django", Driver::Django),
    ("sqlalchemy", Driver::Alchemy),
    ("flask_sqlalchemy", Driver::Alchemy),
    ("cx_Oracle", Driver::Oracle),
    ("oracledb", Driver::Oracle),
];

const NODE: &[(&str, Driver)] = &[
    ("sqlite3", Driver::NodeSqlite),
    ("better-sqlite3", Driver::NodeSqlite),
    ("node:sqlite", Driver::NodeSqlite),
    ("sqlite", Driver::NodeSqlite),
    ("mysql", Driver::NodeMysql),
    ("mysql2", Driver::NodeMysql),
    ("mysql2/promise", Driver::NodeMysql),
    ("promise-mysql", Driver::NodeMysql),
    ("pg", Driver::NodePostgres),
    ("pg-promise", Driver::NodePostgres),
];

/// The drivers that a file names.
pub(super) fn drivers(language: Language, text: &str) -> Vec<Driver> {
    match language {
        Language::Python => {
            let lines = text.lines().map(str::trim_start);
            let imported = lines.filter_map(|line| {
                let rest = line
                    .strip_prefix("import ")
                    .or_else(|| line.strip_prefix("from "))?;
                rest.split([' ', '.', ',']).next()
            });
            let known = |name: &str| PYTHON.iter().find(|(module, _)| *module == name);
            imported
                .filter_map(known)
                .map(|(_, driver)| *driver)
                .collect()
        }
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let named = |module: &str| {
                let quoted = ["'", "\""].map(|quote| format!("{quote}{module}{quote}"));
                let mut lines = text.lines();
                lines.any(|line| {
                    (line.contains("require") || line.contains("import") || line.contains("from"))
                        && quoted.iter().any(|quoted| line.contains(quoted.as_str()))
                })
            };
            let all = NODE.iter().filter(|(module, _)| named(module));
            all.map(|(_, driver)| *driver).collect()
        }
        _ => Vec::new(),
    }
}

impl Driver {
    /// What stands for the value of this number, from 1.
    pub fn placeholder(self, number: usize) -> String {
        match self {
            Self::Sqlite | Self::Odbc | Self::NodeSqlite | Self::NodeMysql => "?".to_owned(),
            Self::Postgres | Self::Mysql | Self::Django => "%s".to_owned(),
            Self::Alchemy => format!(":value{number}"),
            Self::Oracle => format!(":{number}"),
            Self::NodePostgres => format!("${number}"),
        }
    }

    /// Whether a percent sign of the query itself is written twice.
    const fn doubles_percent(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql | Self::Django)
    }

    /// Whether a value in double quotes is text to it.
    const fn quotes_twice(self) -> bool {
        matches!(
            self,
            Self::Sqlite | Self::Mysql | Self::NodeSqlite | Self::NodeMysql
        )
    }
}

/// A query with placeholders.
#[derive(Debug)]
pub(super) struct Query {
    /// Its text, as it goes between the quotes of the source.
    pub text: String,
    /// What each placeholder stands for.
    pub values: Vec<Vec<Piece>>,
}

/// Puts placeholders in the place of values.
pub(super) fn with_placeholders(pieces: &[Piece], driver: Driver) -> Result<Query, String> {
    let mut making = Making {
        driver,
        query: Query {
            text: String::new(),
            values: Vec::new(),
        },
        quoted: None,
    };
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => making.text(text)?,
            Piece::Value { source, .. } => match &mut making.quoted {
                Some(quoted) => quoted.content.push(piece.clone()),
                None => making.bare(piece, source, pieces.get(at + 1))?,
            },
        }
    }
    if making.quoted.is_some() {
        return Err("a quote of the query is not closed".to_owned());
    }
    Ok(making.query)
}

struct Making {
    driver: Driver,
    query: Query,
    /// What is in quotes, while it is not closed.
    quoted: Option<Quoted>,
}

struct Quoted {
    /// The quote as the source spells it: `'` or `\'`.
    opening: String,
    content: Vec<Piece>,
}

impl Making {
    fn text(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let escaped = sign == '\\' && rest.len() > 1;
            let length = if escaped {
                1 + rest[1..].chars().next().map_or(0, char::len_utf8)
            } else {
                sign.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            let real = token.trim_start_matches('\\');
            match &mut self.quoted {
                Some(quoted) if real == quoted.opening.trim_start_matches('\\') => {
                    self.close(token)?;
                }
                Some(quoted) => match quoted.content.last_mut() {
                    Some(Piece::Text(before)) => before.push_str(token),
                    _ => quoted.content.push(Piece::Text(token.to_owned())),
                },
                None if real == "'" || real == "\"" => {
                    self.quoted = Some(Quoted {
                        opening: token.to_owned(),
                        content: Vec::new(),
                    });
                }
                None => self.push(token),
            }
            rest = after;
        }
        Ok(())
    }

    fn push(&mut self, token: &str) {
        self.query.text.push_str(token);
        if token == "%" && self.driver.doubles_percent() {
            self.query.text.push('%');
        }
    }

    /// What was in quotes is one value, if there is anything put into it.
    fn close(&mut self, closing: &str) -> Result<(), String> {
        let Some(quoted) = self.quoted.take() else {
            return Ok(());
        };
        let is_constant = !quoted
            .content
            .iter()
            .any(|piece| matches!(piece, Piece::Value { .. }));
        if is_constant {
            self.query.text.push_str(&quoted.opening);
            for piece in &quoted.content {
                if let Piece::Text(text) = piece {
                    for c in text.chars() {
                        self.push(c.encode_utf8(&mut [0; 4]));
                    }
                }
            }
            self.query.text.push_str(closing);
            return Ok(());
        }
        if quoted.opening.ends_with('"') && !(self.driver.quotes_twice() && self.is_value_next()) {
            return Err("the name of a table or column cannot be a placeholder: choose it from a fixed list".to_owned());
        }
        let has_escapes = quoted
            .content
            .iter()
            .any(|piece| matches!(piece, Piece::Text(text) if text.contains('\\')));
        if has_escapes {
            return Err("text in quotes of the query has escapes".to_owned());
        }
        self.bind(quoted.content);
        Ok(())
    }

    fn bind(&mut self, value: Vec<Piece>) {
        self.query.values.push(value);
        let placeholder = self.driver.placeholder(self.query.values.len());
        self.query.text.push_str(&placeholder);
    }

    /// A value without quotes: only where SQL has a value.
    fn bare(&mut self, piece: &Piece, source: &str, next: Option<&Piece>) -> Result<(), String> {
        let goes_on = match next {
            Some(Piece::Text(text)) => {
                text.starts_with(|c: char| c.is_alphanumeric() || "_.(".contains(c))
            }
            Some(Piece::Value { .. }) => true,
            None => false,
        };
        if goes_on || !self.is_value_next() {
            return Err(format!(
                "`{source}` is no value in the query but a name or a part of its structure, which \
                 cannot be a placeholder: choose it from a fixed list"
            ));
        }
        if source.contains("join(") || source.starts_with(['[', '(']) {
            return Err(format!(
                "`{source}` is a list, which needs as many placeholders as it has values"
            ));
        }
        let before = self.query.text.trim_end().to_ascii_uppercase();
        let is_alone =
            matches!(next, Some(Piece::Text(text)) if text.trim_start().starts_with(')'));
        if before.ends_with('(') && is_alone {
            return Err(format!(
                "`{source}` may be a list, which needs as many placeholders as it has values"
            ));
        }
        let is_mysql = matches!(self.driver, Driver::Mysql | Driver::NodeMysql);
        if is_mysql && (before.ends_with("LIMIT") || before.ends_with("OFFSET")) {
            return Err(format!(
                "behind LIMIT this driver takes numbers only: make one of `{source}` first"
            ));
        }
        self.bind(vec![piece.clone()]);
        Ok(())
    }

    /// Whether what comes next in the query is a value.
    fn is_value_next(&self) -> bool {
        let before = self.query.text.trim_end().to_ascii_uppercase();
        if before.ends_with(['=', '<', '>', '+', '-', '|', '/']) {
            return true;
        }
        let word = before
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        match word {
            "LIKE" | "ILIKE" | "GLOB" | "REGEXP" | "LIMIT" | "OFFSET" | "BETWEEN" | "WHEN"
            | "THEN" | "ELSE" | "VALUES" => return word != "VALUES",
            "AND" => {
                return before
                    .rfind("BETWEEN")
                    .is_some_and(|at| !before[at..before.len() - 3].contains(" AND "));
            }
            _ => {}
        }
        before.ends_with(['(', ',']) && is_in_values(&before)
    }
}

/// Whether an open parenthesis is one of `VALUES (` or `IN (`.
fn is_in_values(before: &str) -> bool {
    let mut depth = 0;
    for (at, c) in before.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => {
                let head = before[..at].trim_end();
                // A second row follows the first.
                let rows = head.ends_with(',') && head.contains("VALUES");
                return head.ends_with("VALUES") || head.ends_with(" IN") || rows;
            }
            '(' => depth -= 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (at, part) in text.split('`').enumerate() {
            pieces.push(if at % 2 == 0 {
                Piece::Text(part.to_owned())
            } else {
                Piece::Value {
                    source: part.to_owned(),
                    is_text: true,
                }
            });
        }
        pieces
    }

    #[test]
    fn values_get_placeholders_and_names_do_not() {
        for (text, query) in [
            (
                "SELECT a FROM t WHERE b = '`x`'",
                Some("SELECT a FROM t WHERE b = ?"),
            ),
            (
                "SELECT a FROM t WHERE b=`x` AND c LIKE '%`y`%'",
                Some("SELECT a FROM t WHERE b=? AND c LIKE ?"),
            ),
            (
                "INSERT INTO t (a, b) VALUES ('`x`', `y`)",
                Some("INSERT INTO t (a, b) VALUES (?, ?)"),
            ),
            (
                "SELECT 'it' || '`x`' LIMIT `y`",
                Some("SELECT 'it' || ? LIMIT ?"),
            ),
            (
                "x WHERE a BETWEEN `x` AND `y`",
                Some("x WHERE a BETWEEN ? AND ?"),
            ),
            ("x WHERE a = 1 AND `x`", None),
            ("SELECT a FROM t WHERE b IN (`x`)", None),
            ("INSERT INTO t VALUES (`x`)", None),
            ("SELECT `x` FROM t", None),
            ("SELECT a FROM `x`", None),
            ("SELECT a FROM t ORDER BY `x`", None),
            ("UPDATE t SET `x` = 1", None),
            ("INSERT INTO t (`x`) VALUES (1)", None),
            ("SELECT a FROM t WHERE b = `x`.c", None),
            ("SELECT a FROM t WHERE b = '`x`", None),
        ] {
            let made = with_placeholders(&pieces(text), Driver::Sqlite).ok();
            assert_eq!(made.map(|made| made.text).as_deref(), query, "{text}");
        }
    }

    #[test]
    fn a_percent_sign_of_the_query_stays_one_where_it_is_special() {
        let made = with_placeholders(&pieces("a LIKE 'x%' AND b = '`y`'"), Driver::Postgres);
        assert_eq!(
            made.map(|made| made.text).as_deref(),
            Ok("a LIKE 'x%%' AND b = %s")
        );
    }
}
