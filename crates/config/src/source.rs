//! A text that settings are read from, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use dam_policy::{Layer, Origin, Sourced};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Problem};

/// A text that settings are read from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub layer: Layer,
    /// The file; none for the command line.
    pub file: Option<PathBuf>,
    pub text: String,
}

type Result<T> = std::result::Result<T, ConfigError>;

impl Source {
    /// Reads a file; `None` if there is none.
    pub(crate) fn read(layer: Layer, path: &Path) -> Result<Option<Self>> {
        use std::os::unix::fs::MetadataExt;
        let unreadable = |error| ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let foreign = meta.uid() != 0 && meta.uid() != rustix::process::getuid().as_raw();
        // A project's file belongs to whoever wrote the project; it counts
        // only where the user trusts that.
        if layer != Layer::Project && (meta.mode() & 0o022 != 0 || foreign) {
            return Err(ConfigError::Writable {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Ok(Some(Self {
            layer,
            file: Some(path.to_owned()),
            text,
        }))
    }

    /// The text as a table.
    pub(crate) fn table(&self) -> Result<Spanned<DeTable<'_>>> {
        DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.wrong(span, Problem::new(error.message()))
        })
    }

    /// An error at a place in the text.
    pub(crate) fn wrong(&self, span: Range<usize>, problem: Problem) -> ConfigError {
        let Problem { text, hint } = problem;
        let Some(file) = &self.file else {
            let at = format!("-c {}", self.text.trim());
            return ConfigError::Place {
                at,
                problem: text,
                excerpt: String::new(),
                hint,
            };
        };
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() + 1;
        let whole = self.text[line_start..].lines().next().unwrap_or_default();
        let end = span.end.min(line_start + whole.len());
        let width = self
            .text
            .get(start..end)
            .map_or(1, |part| part.chars().count().max(1));
        let excerpt = format!(
            "\n  {whole}\n  {}{}",
            " ".repeat(column - 1),
            "^".repeat(width)
        );
        let at = format!("{}:{line}:{column}", file.display());
        ConfigError::Place {
            at,
            problem: text,
            excerpt,
            hint,
        }
    }

    /// Where a value was set.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).ok();
        Origin {
            layer: self.layer,
            file: self.file.clone(),
            line: line.filter(|_| self.file.is_some()),
        }
    }

    pub(crate) fn sourced<T>(&self, value: T, span: &Range<usize>) -> Sourced<T> {
        Sourced::new(value, self.origin(span))
    }
}

/// A value where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub source: &'a Source,
    pub inner: &'a Spanned<DeValue<'a>>,
    /// The whole key, for messages.
    pub key: &'a str,
}

impl<'a> Value<'a> {
    pub(crate) fn wrong(self, problem: impl Into<Problem>) -> ConfigError {
        self.source.wrong(self.inner.span(), problem.into())
    }

    fn expected(self, what: &str) -> ConfigError {
        let kind = self.inner.get_ref().type_str();
        self.wrong(Problem::new(format!(
            "`{}` must be {what}, and this is a {kind}",
            self.key
        )))
    }

    pub(crate) fn text(self) -> Result<&'a str> {
        self.inner
            .get_ref()
            .as_str()
            .ok_or_else(|| self.expected("a string"))
    }

    /// A string that is parsed further.
    pub(crate) fn parse<T>(self) -> Result<Sourced<T>>
    where
        T: std::str::FromStr,
        Problem: From<T::Err>,
    {
        let value = self
            .text()?
            .parse()
            .map_err(|error: T::Err| self.wrong(Problem::from(error)))?;
        Ok(self.source.sourced(value, &self.inner.span()))
    }

    pub(crate) fn string(self) -> Result<Sourced<String>> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Err(self.wrong(Problem::new(format!("`{}` must not be empty", self.key))));
        }
        Ok(self.source.sourced(text.to_owned(), &self.inner.span()))
    }

    pub(crate) fn boolean(self) -> Result<Sourced<bool>> {
        let value = self
            .inner
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected("true or false"))?;
        Ok(self.source.sourced(value, &self.inner.span()))
    }

    pub(crate) fn number(self) -> Result<u64> {
        let whole = || self.expected("a whole number, 0 or more");
        let integer = self.inner.get_ref().as_integer().ok_or_else(whole)?;
        u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
            .map_err(|_| whole())
    }

    pub(crate) fn strings(self) -> Result<Vec<String>> {
        let array = self
            .inner
            .get_ref()
            .as_array()
            .ok_or_else(|| self.expected("a list of strings"))?;
        array
            .iter()
            .map(|value| {
                Self {
                    inner: value,
                    ..self
                }
                .text()
                .map(str::to_owned)
            })
            .collect()
    }

    /// The entries of a table. Its keys are looked at by the caller.
    pub(crate) fn table(self) -> Result<&'a DeTable<'a>> {
        self.inner
            .get_ref()
            .as_table()
            .ok_or_else(|| self.expected("a table"))
    }

    /// A table from names to strings.
    pub(crate) fn string_map(self) -> Result<std::collections::BTreeMap<String, String>> {
        self.table()?
            .iter()
            .map(|(name, value)| {
                let text = Self {
                    inner: value,
                    ..self
                }
                .text()?;
                Ok((name.get_ref().to_string(), text.to_owned()))
            })
            .collect()
    }
}

/// An unknown key, with the nearest known one.
pub(crate) fn unknown_key(
    source: &Source,
    name: &Spanned<std::borrow::Cow<'_, str>>,
    table: &str,
    known: &[&str],
) -> ConfigError {
    let written = name.get_ref();
    let place = if table.is_empty() {
        String::new()
    } else {
        format!(" of [{table}]")
    };
    let mut problem = Problem::new(format!("`{written}` is not a key{place}"));
    problem.hint = nearest(written, known)
        .map(|near| format!("did you mean `{near}`?"))
        .or_else(|| Some(format!("keys here: {}", known.join(", "))));
    source.wrong(name.span(), problem)
}

/// The most similar of several names, if one is similar enough to be meant.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(written, name), *name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
