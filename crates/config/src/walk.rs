//! Walks a text of settings by the schema, and yields each value with its
//! place. Nothing is skipped: what the schema does not know is an error.

use std::borrow::Cow;
use std::path::Path;

use dam_policy::{Access, HostPattern, Layer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::ConfigError;
use crate::error::Problem;
use crate::filesystem::{DEPTH, joined, named, outer};
use crate::merged::{KeyPath, Leaf};
use crate::places::below_home;
use crate::schema::{By, Key, Kind, Names, Shape, TOP, table_with};
use crate::source::{Source, nearest};
use crate::value::{VARIABLE, Value, Written, is_variable};

type Result<T> = std::result::Result<T, ConfigError>;
type Name<'a> = Spanned<Cow<'a, str>>;

/// A text that is being read.
pub(crate) struct Reading<'a> {
    pub source: &'a Source,
    pub home: Option<&'a Path>,
    /// The directory that relative paths of a project's file start from.
    pub base: Option<&'a Path>,
}

/// Every value of the text, in the order of the text.
pub(crate) fn leaves(reading: &Reading<'_>) -> Result<Vec<(KeyPath, Leaf)>> {
    let table = reading.source.table()?;
    let mut walk = Walk {
        reading,
        path: KeyPath::default(),
        in_profile: false,
        found: Vec::new(),
    };
    walk.known(table.get_ref(), TOP)?;
    Ok(walk.found)
}

struct Walk<'a> {
    reading: &'a Reading<'a>,
    path: KeyPath,
    in_profile: bool,
    found: Vec<(KeyPath, Leaf)>,
}

impl Walk<'_> {
    /// A table of known keys.
    fn known(&mut self, table: &DeTable<'_>, keys: &'static [Key]) -> Result<()> {
        for (name, inner) in in_order(table) {
            let written = name.get_ref().as_ref();
            let Some(key) = keys.iter().find(|key| key.name == written) else {
                return Err(self.unknown(name, keys));
            };
            self.check_place(name, key)?;
            self.path.push(written);
            self.value(inner, key.shape)?;
            self.path.pop();
        }
        Ok(())
    }

    fn value(&mut self, inner: &Spanned<DeValue<'_>>, shape: Shape) -> Result<()> {
        match shape {
            Shape::Leaf(kind) => self.leaf(inner, kind),
            Shape::SwitchOrTable(_) if inner.get_ref().is_bool() => {
                self.path.push("enabled");
                self.leaf(inner, Kind::Switch)?;
                self.path.pop();
                Ok(())
            }
            Shape::Table(keys) | Shape::SwitchOrTable(keys) => {
                let table = self.table(inner)?;
                self.known(table, keys)
            }
            Shape::Tables(names, keys) => self.named(inner, names, Shape::Table(keys)),
            Shape::Values(names, kind) => self.named(inner, names, Shape::Leaf(kind)),
            Shape::Filesystem => self.filesystem(inner),
            Shape::Profiles => {
                self.in_profile = true;
                self.named(inner, Names::Identifier, Shape::Table(TOP))?;
                self.in_profile = false;
                Ok(())
            }
        }
    }

    /// A table under names of the user's own.
    fn named(&mut self, inner: &Spanned<DeValue<'_>>, names: Names, each: Shape) -> Result<()> {
        for (name, inner) in in_order(self.table(inner)?) {
            if let Err(problem) = check_name(name.get_ref(), names, self.reading.home) {
                return Err(self.reading.source.wrong(&name.span(), problem));
            }
            self.path.push(name.get_ref());
            self.value(inner, each)?;
            self.path.pop();
        }
        Ok(())
    }

    /// What is granted and denied, by paths and one level below them. Nothing
    /// is fine: a proposed profile may have no more to say than what it extends.
    fn filesystem(&mut self, inner: &Spanned<DeValue<'_>>) -> Result<()> {
        if inner.get_ref().as_table().is_some_and(DeTable::is_empty) {
            return Ok(());
        }
        for (name, inner) in in_order(self.table(inner)?) {
            let key = name.get_ref();
            self.path.push(key);
            if key == DEPTH {
                let depth = Kind::Number {
                    least: 1,
                    most: 1000,
                };
                self.leaf(inner, depth)?;
            } else if inner.get_ref().is_table() {
                self.check_path(name, outer(key))?;
                self.below(key, None, inner)?;
            } else {
                let access = self.access(inner)?;
                self.check_path(name, named(key, None, access))?;
            }
            self.path.pop();
        }
        Ok(())
    }

    /// What stands below a path, tables in tables.
    fn below(
        &mut self,
        key: &str,
        above: Option<&str>,
        inner: &Spanned<DeValue<'_>>,
    ) -> Result<()> {
        for (name, inner) in in_order(self.table(inner)?) {
            let below = name.get_ref();
            let path = joined(above, below);
            self.path.push(below);
            if inner.get_ref().is_table() {
                self.check_path(name, named(key, Some(&path), Access::Read))?;
                self.below(key, Some(&path), inner)?;
            } else {
                let access = self.access(inner)?;
                self.check_path(name, named(key, Some(&path), access))?;
            }
            self.path.pop();
        }
        Ok(())
    }

    fn access(&mut self, inner: &Spanned<DeValue<'_>>) -> Result<Access> {
        self.leaf(inner, Kind::Access)?;
        match self.found.last().map(|(_, leaf)| &leaf.value) {
            Some(Value::Access(access)) => Ok(*access),
            _ => Ok(Access::Deny),
        }
    }

    fn check_path<T>(&self, name: &Name<'_>, found: std::result::Result<T, Problem>) -> Result<()> {
        match found {
            Ok(_) => Ok(()),
            Err(problem) => Err(self.reading.source.wrong(&name.span(), problem)),
        }
    }

    fn leaf(&mut self, inner: &Spanned<DeValue<'_>>, kind: Kind) -> Result<()> {
        let key = self.path.to_string();
        let written = Written {
            // Headers, parameters and variables hold keys more often than not.
            may_be_secret: matches!(kind, Kind::Exporter | Kind::HeaderValue | Kind::Value),
            ..self.written(inner, &key)
        };
        let value = written.read(kind)?;
        let spot = written.spot();
        self.found.push((self.path.clone(), Leaf { value, spot }));
        Ok(())
    }

    fn table<'t>(&self, inner: &'t Spanned<DeValue<'t>>) -> Result<&'t DeTable<'t>> {
        let key = self.path.to_string();
        let Some(table) = inner.get_ref().as_table() else {
            return Err(self.written(inner, &key).expected("a table"));
        };
        if table.is_empty() {
            let problem = Problem::new(format!("[{key}] is empty"));
            let error = self.reading.source.wrong(
                &inner.span(),
                problem.hint("say something in it, or leave it out"),
            );
            return Err(error);
        }
        Ok(table)
    }

    fn written<'v>(&'v self, inner: &'v Spanned<DeValue<'v>>, key: &'v str) -> Written<'v> {
        Written {
            source: self.reading.source,
            inner,
            key,
            may_be_secret: false,
            home: self.reading.home,
            base: self.reading.base,
        }
    }

    /// Whether the key may stand in this layer and this table.
    fn check_place(&self, name: &Name<'_>, key: &Key) -> Result<()> {
        let source = self.reading.source;
        if source.layer == Layer::Project && key.by != By::Anybody {
            let text = format!("a project may not set `{}`", key.name);
            let problem = Problem::new(text).hint("set it in your own config.toml");
            return Err(source.wrong(&name.span(), problem));
        }
        let is_own_file = source.layer == Layer::Profile && self.path.is_empty();
        if is_own_file && matches!(key.name, "profile" | "profiles") {
            let text = format!("`{}` cannot be set in a named profile's file", key.name);
            let problem = Problem::new(text).hint("set it in config.toml");
            return Err(source.wrong(&name.span(), problem));
        }
        if self.in_profile && self.path.len() == 2 && key.by == By::PersonOutsideProfiles {
            let text = format!("`{}` cannot be set in a named profile", key.name);
            let problem = Problem::new(text).hint("set it at the top of the file");
            return Err(source.wrong(&name.span(), problem));
        }
        Ok(())
    }

    fn unknown(&self, name: &Name<'_>, keys: &'static [Key]) -> ConfigError {
        let written = name.get_ref();
        let place = if self.path.is_empty() {
            String::new()
        } else {
            format!(" of [{}]", self.path)
        };
        let known = || keys.iter().map(|key| key.name);
        let elsewhere = || table_with(written).filter(|_| self.path.is_empty());
        let hint = match (elsewhere(), nearest(written, known())) {
            (Some(table), _) => format!("it belongs into [{table}]"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("keys here: {}", known().collect::<Vec<_>>().join(", ")),
        };
        let problem = Problem::new(format!("`{written}` is not a key{place}")).hint(hint);
        self.reading.source.wrong(&name.span(), problem)
    }
}

/// The entries as they stand in the text, so that the first mistake is the
/// one that is shown.
pub(crate) fn in_order<'t>(
    table: &'t DeTable<'t>,
) -> Vec<(&'t Name<'t>, &'t Spanned<DeValue<'t>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn check_name(name: &str, names: Names, home: Option<&Path>) -> std::result::Result<(), Problem> {
    if names == Names::Host {
        let pattern = name.parse::<HostPattern>();
        return pattern
            .map(|_| ())
            .map_err(|error| Problem::new(error.to_string()));
    }
    let token = |extra: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || extra.contains(c))
    };
    let (good, what) = match names {
        Names::Identifier => (token("_-."), "a name: letters, digits, `_`, `-` and `.`"),
        Names::Directory => (
            below_home(name, home).is_some(),
            "an absolute path, or one from `~/`",
        ),
        Names::Variable => (is_variable(name), VARIABLE),
        // Looked at above: what is wrong with it is said there.
        Names::Host => (true, ""),
        Names::Header => (
            name.is_ascii() && token("!#$%&'*+-.^_`|~"),
            "the name of a header",
        ),
        Names::Parameter => (
            !name.is_empty() && !name.chars().any(char::is_control),
            "the name of a parameter",
        ),
    };
    if good {
        Ok(())
    } else {
        Err(Problem::new(format!("`{name}` is not {what}")))
    }
}
