//! Tables of a requirements file: every key is known, or it is an error that
//! names the nearest one.

use toml::de::{DeTable, DeValue};

use crate::ConfigError;
use crate::error::Problem;
use crate::source::{Source, nearest};
use crate::value::Written;
use crate::walk::in_order;

type Result<T> = std::result::Result<T, ConfigError>;

/// A table whose keys are all known.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub source: &'a Source,
    /// The whole key of the table; empty at the top.
    key: &'a str,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// The top level of a file.
    pub(crate) fn top(
        source: &'a Source,
        table: &'a DeTable<'a>,
        known: &'static [&'static str],
    ) -> Result<Self> {
        Self {
            source,
            key: "",
            entries: table,
        }
        .checked(known)
    }

    /// A table that is a value.
    pub(crate) fn of(written: Written<'a>, known: &'static [&'static str]) -> Result<Self> {
        Self::any(written)?.checked(known)
    }

    /// A table under names of the administrator's own.
    pub(crate) fn any(written: Written<'a>) -> Result<Self> {
        let table = written.inner.get_ref().as_table();
        Ok(Self {
            source: written.source,
            key: written.key,
            entries: table.ok_or_else(|| written.expected("a table"))?,
        })
    }

    /// Reads one value, if it is there.
    pub(crate) fn read<T>(
        self,
        name: &str,
        read: impl FnOnce(Written<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(inner) = self.entries.get(name) else {
            return Ok(None);
        };
        let key = self.key_of(name);
        read(Written {
            source: self.source,
            inner,
            key: &key,
            may_be_secret: false,
            home: None,
            base: None,
        })
        .map(Some)
    }

    /// Reads every value, with its name, in the order of the text.
    pub(crate) fn each<T>(
        self,
        mut read: impl FnMut(&str, Written<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let entries = in_order(self.entries).into_iter();
        entries
            .map(|(name, _)| name.get_ref().as_ref())
            .filter_map(|name| self.read(name, |written| read(name, written)).transpose())
            .collect()
    }

    /// The error that a key is missing that has to be there.
    pub(crate) fn lacks(self, name: &str, written: Written<'_>) -> ConfigError {
        written.wrong(format!("`{}` is missing here", self.key_of(name)))
    }

    fn key_of(self, name: &str) -> String {
        if self.key.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.key)
        }
    }

    fn checked(self, known: &'static [&'static str]) -> Result<Self> {
        for (name, _) in in_order(self.entries) {
            let written = name.get_ref().as_ref();
            if known.contains(&written) {
                continue;
            }
            let whole = self.key_of(written);
            let problem = Problem::new(format!("`{whole}` is not a key of requirements"));
            let hint = match nearest(written, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("keys here: {}", known.join(", ")),
            };
            return Err(self.source.wrong(&name.span(), problem.hint(hint)));
        }
        Ok(self)
    }
}

/// The entries of a list, whatever they are.
pub(crate) fn list<'a>(written: Written<'a>, what: &str) -> Result<Vec<Written<'a>>> {
    match written.inner.get_ref() {
        DeValue::Array(array) => Ok(array
            .iter()
            .map(|inner| Written { inner, ..written })
            .collect()),
        _ => Err(written.expected(what)),
    }
}
