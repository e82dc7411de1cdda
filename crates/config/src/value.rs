//! Values of settings: from TOML to what is meant, strictly.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use dam_policy::{
    Access, ApprovalPolicy, GitAccess, Granular, HostPattern, HostPreset, Inherit, Layer, Limit,
    Limits, NetworkMode, Permission, Property, ReviewerKind, SandboxMode, Sensitivity,
    is_path_prefix,
};
use toml::Spanned;
use toml::de::DeValue;

use crate::approval;
use crate::error::{ConfigError, Problem};
use crate::permissions::{self, BUILTIN};
use crate::places::below_home;
use crate::record;
use crate::requirements::{Homes, read_sensitivity, sensitivity_entries};
use crate::schema::Kind;
use crate::source::{Source, Spot, nearest};
use crate::telemetry::{self, ExporterSettings};

type Result<T> = std::result::Result<T, ConfigError>;

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Mode(SandboxMode),
    Approval(ApprovalPolicy),
    /// Where telemetry goes, or that it goes nowhere.
    Exporter(Option<Box<ExporterSettings>>),
    Switch(bool),
    Number(u64),
    Text(String),
    Texts(Vec<String>),
    Paths(Vec<PathBuf>),
    Reviewer(ReviewerKind),
    Inherit(Inherit),
    Access(Access),
    Git(GitAccess),
    Needs(Vec<Property>),
    NetworkMode(NetworkMode),
    Permission(Permission),
    Ports(Vec<u16>),
    Preset(HostPreset),
    Sensitivity(Box<Sensitivity>),
    /// Trusted, or not.
    Trust(bool),
}

/// A value where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub source: &'a Source,
    pub inner: &'a Spanned<DeValue<'a>>,
    /// The whole key, for messages.
    pub key: &'a str,
    /// Whether it is nothing to be shown.
    pub may_be_secret: bool,
    pub home: Option<&'a Path>,
    /// The directory that relative paths of a project's file start from.
    pub base: Option<&'a Path>,
}

impl<'a> Written<'a> {
    /// The value, if it is of this kind.
    pub(crate) fn read(self, kind: Kind) -> Result<Value> {
        Ok(match kind {
            Kind::Access => Value::Access(self.one_of(ACCESS)?),
            Kind::Age => Value::Number(self.age()?),
            Kind::Approval => Value::Approval(approval::read(self)?),
            Kind::Directory => Value::Text(self.directory_text()?),
            Kind::Exporter => Value::Exporter(telemetry::read(self)?.map(Box::new)),
            Kind::Git => Value::Git(self.one_of(permissions::GIT)?),
            Kind::HeaderValue => Value::Text(self.checked(is_header_value, HEADER_VALUE)?),
            Kind::Inherit => Value::Inherit(self.inherit()?),
            Kind::Limit(limit) => Value::Number(self.limit(limit)?),
            Kind::Measure(like) => Value::Number(self.measure(like)?),
            Kind::Mode => Value::Mode(self.mode()?),
            Kind::Name => Value::Text(self.filled()?.to_owned()),
            Kind::OnlyFalse(why) => Value::Switch(self.only_false(why)?),
            Kind::PathPrefixes => Value::Texts(self.path_prefixes()?),
            Kind::Refused(why) => return Err(self.refused(why)),
            Kind::SecretFormat => Value::Text(self.secret_format()?),
            Kind::Words => Value::Texts(self.words()?),
            Kind::Needs => Value::Needs(self.needs()?),
            Kind::HostPreset => Value::Preset(self.parse()?),
            Kind::Methods => Value::Texts(self.methods()?),
            Kind::NetworkAccess => Value::Switch(self.network_access()?),
            Kind::NetworkMode => Value::NetworkMode(self.parse()?),
            Kind::Permission => Value::Permission(self.one_of(PERMISSION)?),
            Kind::Ports => Value::Ports(self.ports()?),
            Kind::Number { least, most } => Value::Number(self.number(least, most)?),
            Kind::Patterns => Value::Texts(self.texts()?),
            Kind::Permissions => Value::Text(self.permissions()?),
            Kind::Persistence => Value::Text(self.one_of(record::PERSISTENCE)?.to_owned()),
            Kind::HostPatterns => Value::Texts(self.host_patterns()?),
            Kind::Hosts => Value::Texts(self.hosts()?),
            Kind::Reviewer => Value::Reviewer(self.one_of(REVIEWERS)?),
            Kind::Prefix => Value::Text(self.checked(is_prefix, PREFIX)?),
            Kind::Roots => Value::Paths(self.roots()?),
            Kind::Sensitivity => Value::Sensitivity(Box::new(self.sensitivity()?)),
            Kind::Switch => Value::Switch(self.switch()?),
            Kind::Trust => Value::Trust(self.one_of(&[("trusted", true), ("untrusted", false)])?),
            Kind::Url => Value::Text(self.url()?),
            Kind::Value => Value::Text(self.checked(|text| !text.contains('\0'), NO_NUL)?),
            Kind::Variable => Value::Text(self.checked(is_variable, VARIABLE)?),
            Kind::Variables => Value::Texts(self.variables()?),
            Kind::WireApi => Value::Text(self.wire_api()?),
        })
    }

    pub(crate) fn span(self) -> Range<usize> {
        self.inner.span()
    }

    /// An error at the value.
    pub(crate) fn wrong(self, problem: impl Into<Problem>) -> ConfigError {
        self.spot().wrong(problem)
    }

    /// The place of the value.
    pub(crate) fn spot(self) -> Spot {
        let spot = self.source.spot(&self.span());
        if self.may_be_secret {
            spot.hidden(self.key)
        } else {
            spot
        }
    }

    /// The error that something else is expected.
    pub(crate) fn expected(self, what: &str) -> ConfigError {
        let kind = match self.inner.get_ref() {
            DeValue::Array(_) => "a list",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Float(_) => "a fraction",
            DeValue::Integer(_) => "a number",
            DeValue::String(_) => "a string",
            DeValue::Table(_) => "a table",
        };
        self.wrong(format!("`{}` must be {what}, and this is {kind}", self.key))
    }

    pub(crate) fn switch(self) -> Result<bool> {
        let switch = self.inner.get_ref().as_bool();
        switch.ok_or_else(|| self.expected("true or false"))
    }

    pub(crate) fn text(self) -> Result<&'a str> {
        let text = self.inner.get_ref().as_str();
        text.ok_or_else(|| self.expected("a string"))
    }

    /// A string that says something.
    pub(crate) fn filled(self) -> Result<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Err(self.wrong(format!("`{}` must not be empty", self.key)));
        }
        if text.chars().any(char::is_control) {
            return Err(self.wrong(format!("`{}` must not hold control characters", self.key)));
        }
        Ok(text)
    }

    fn checked(self, is_good: impl Fn(&str) -> bool, what: &str) -> Result<String> {
        let text = self.text()?;
        if is_good(text) {
            return Ok(text.to_owned());
        }
        Err(self.wrong(format!("`{}` must be {what}", self.key)))
    }

    /// A word of policy: its own list of words is in its error.
    pub(crate) fn parse<T>(self) -> Result<T>
    where
        T: std::str::FromStr<Err: fmt::Display>,
    {
        let parsed = self.text()?.parse();
        parsed.map_err(|error: T::Err| self.wrong(error.to_string()))
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(self, words: &[(&'static str, T)]) -> Result<T> {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let names = names.join(", ");
        let Some(text) = self.inner.get_ref().as_str() else {
            return Err(self.expected(&format!("one of {names}")));
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let text_of = format!(
            "`{text}` is no value of `{}`, which is one of {names}",
            self.key
        );
        let problem = Problem::new(text_of);
        let near = nearest(text, words.iter().map(|(word, _)| *word));
        Err(self.wrong(match near {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        }))
    }

    fn mode(self) -> Result<SandboxMode> {
        let mode = self.parse()?;
        if self.source.layer == Layer::Project && mode == SandboxMode::DangerFullAccess {
            let text = "a project may not switch the boundary off";
            let hint = "whoever wants that says `--sandbox danger-full-access` for the session";
            return Err(self.wrong(Problem::new(text).hint(hint)));
        }
        Ok(mode)
    }

    fn inherit(self) -> Result<Inherit> {
        self.one_of(&[
            ("all", Inherit::All),
            ("core", Inherit::Core),
            ("none", Inherit::None),
        ])
    }

    fn limit(self, limit: Limit) -> Result<u64> {
        let text = match self.inner.get_ref() {
            DeValue::Integer(integer) => integer.as_str().replace('_', ""),
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.expected("a number, or a string with its unit")),
        };
        let mut limits = Limits::default();
        let read = limits.set(limit.name(), &text);
        read.map_err(|error| self.wrong(error.to_string()))?;
        Ok(limits.get(limit).unwrap_or_default())
    }

    fn measure(self, like: Limit) -> Result<u64> {
        let text = match self.inner.get_ref() {
            DeValue::Integer(integer) => integer.as_str().replace('_', ""),
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.expected("a number, or a string with its unit")),
        };
        let mut limits = Limits::default();
        let read = limits.set(like.name(), &text).ok();
        let unit = if like == Limit::Written { "10M" } else { "10m" };
        let wrong = || {
            self.wrong(format!(
                "`{}` must be a number above 0, or as in `{unit}`",
                self.key
            ))
        };
        read.and_then(|()| limits.get(like)).ok_or_else(wrong)
    }

    fn age(self) -> Result<u64> {
        let text = match self.inner.get_ref() {
            DeValue::Integer(integer) => integer.as_str().replace('_', ""),
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.expected("an age such as `90d`, `12h` or `2w`")),
        };
        let expected = || format!("`{}` must be an age such as `90d`, `12h` or `2w`", self.key);
        record::seconds(&text).ok_or_else(|| self.wrong(expected()))
    }

    fn directory_text(self) -> Result<String> {
        let directory = self.directory(self.filled()?)?;
        Ok(directory.to_string_lossy().into_owned())
    }

    fn needs(self) -> Result<Vec<Property>> {
        let words = permissions::properties();
        let entries = self.entries()?.into_iter();
        entries.map(|(entry, _)| entry.one_of(&words)).collect()
    }

    /// The name of a profile.
    fn permissions(self) -> Result<String> {
        let name = self.filled()?;
        if name.starts_with(':') && !BUILTIN.iter().any(|(builtin, _)| *builtin == name) {
            let names = BUILTIN.iter().map(|(name, _)| format!("`{name}`"));
            let names = names.collect::<Vec<_>>().join(", ");
            let text = format!("`{name}` is no profile that is built in, which are {names}");
            let near = nearest(name, BUILTIN.iter().map(|(name, _)| *name));
            let problem = Problem::new(text);
            return Err(self.wrong(match near {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            }));
        }
        Ok(name.to_owned())
    }

    fn sensitivity(self) -> Result<Sensitivity> {
        read_sensitivity(self, &Homes::only(self.home), false)
    }

    fn network_access(self) -> Result<bool> {
        let switch = self.switch()?;
        if switch && self.source.layer == Layer::Project {
            let problem = Problem::new("a project may not switch the network on");
            return Err(self.wrong(problem.hint("set it in your own config.toml")));
        }
        Ok(switch)
    }

    /// Methods of HTTP, which are written in capitals.
    fn methods(self) -> Result<Vec<String>> {
        let is_method = |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c == '-');
        for (entry, text) in self.entries()? {
            if !is_method(text) {
                let problem = Problem::new(format!("`{text}` is not a method such as `GET`"));
                return Err(entry.wrong(problem.hint("write it in capitals")));
            }
        }
        self.texts()
    }

    /// Words of a command, of which the same may come twice.
    fn words(self) -> Result<Vec<String>> {
        let expected = || self.expected("a list of strings, the program first");
        let array = self.inner.get_ref().as_array().ok_or_else(expected)?;
        let word = |inner| Self { inner, ..self }.checked(|text| !text.contains('\0'), NO_NUL);
        let words: Vec<String> = array.iter().map(word).collect::<Result<_>>()?;
        match words.first() {
            Some(program) if program.starts_with('/') => Ok(words),
            _ => Err(self.wrong(
                Problem::new(format!("`{}` does not begin with a program", self.key))
                    .hint("write its absolute path first, as in `[\"/usr/bin/pass\", \"token\"]`"),
            )),
        }
    }

    fn path_prefixes(self) -> Result<Vec<String>> {
        for (entry, text) in self.entries()? {
            if !is_path_prefix(text) {
                let problem = Problem::new(format!("`{text}` is not what a path begins with"));
                return Err(
                    entry.wrong(problem.hint("write `/v1` or `/v1/`, without `..` and `%`"))
                );
            }
        }
        self.texts()
    }

    /// Patterns for those hosts that something is for; all of them are too many.
    fn host_patterns(self) -> Result<Vec<String>> {
        for (entry, text) in self.entries()? {
            let pattern = text.parse::<HostPattern>();
            let pattern = pattern.map_err(|error| entry.wrong(error.to_string()))?;
            if pattern.is_any() {
                let problem = Problem::new(format!("`{text}` is every host"));
                return Err(entry.wrong(problem.hint("name the hosts that it is for")));
            }
        }
        self.texts()
    }

    fn secret_format(self) -> Result<String> {
        let text = self.filled()?;
        if text.matches("{}").count() == 1 {
            return Ok(text.to_owned());
        }
        let problem = Problem::new(format!("`{}` has one `{{}}`", self.key));
        Err(self.wrong(problem.hint("as in `Bearer {}`: that is where the placeholder stands")))
    }

    fn only_false(self, why: &str) -> Result<bool> {
        if !self.switch()? {
            return Ok(false);
        }
        let problem = Problem::new(format!("`{}` cannot be true: {why}", self.key));
        Err(self.wrong(problem.hint("leave it out")))
    }

    fn refused(self, why: &str) -> ConfigError {
        let problem = Problem::new(format!("`{}` has no place here: {why}", self.key));
        self.wrong(problem.hint("leave it out"))
    }

    fn ports(self) -> Result<Vec<u16>> {
        let expected = "a list of ports, from 1 to 65535";
        let array = self.inner.get_ref().as_array();
        let array = array.ok_or_else(|| self.expected(expected))?;
        let port = |inner| {
            let number = Self { inner, ..self }.number(1, u16::MAX.into())?;
            u16::try_from(number).map_err(|_| self.expected(expected))
        };
        array.iter().map(port).collect()
    }

    fn number(self, least: u64, most: u64) -> Result<u64> {
        let expected = format!("a whole number from {least} to {most}");
        let integer = self.inner.get_ref().as_integer();
        let integer = integer.ok_or_else(|| self.expected(&expected))?;
        u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(format!("`{}` must be {expected}", self.key)))
    }

    /// The entries of a list, each a string, none empty, none twice.
    pub(crate) fn entries(self) -> Result<Vec<(Self, &'a str)>> {
        let array = self.inner.get_ref().as_array();
        let array = array.ok_or_else(|| self.expected("a list of strings"))?;
        let mut seen = BTreeSet::new();
        array
            .iter()
            .map(|inner| {
                let entry = Self { inner, ..self };
                let text = entry.filled()?;
                if !seen.insert(text) {
                    return Err(entry.wrong(format!("`{text}` is in `{}` twice", self.key)));
                }
                Ok((entry, text))
            })
            .collect()
    }

    pub(crate) fn texts(self) -> Result<Vec<String>> {
        let entries = self.entries()?;
        Ok(entries.iter().map(|(_, text)| (*text).to_owned()).collect())
    }

    fn variables(self) -> Result<Vec<String>> {
        for (entry, text) in self.entries()? {
            if !is_variable(text) {
                return Err(entry.wrong(format!("`{text}` is not {VARIABLE}")));
            }
        }
        self.texts()
    }

    /// Names of hosts, `*.` and `**.` before some of them.
    fn hosts(self) -> Result<Vec<String>> {
        for (entry, text) in self.entries()? {
            let name = text.trim_start_matches("**.").trim_start_matches("*.");
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                let text = format!("`{text}` is no host");
                let problem = Problem::new(text).hint("write `example.com`, or `*.example.com`");
                return Err(entry.wrong(problem));
            }
        }
        self.texts()
    }

    fn roots(self) -> Result<Vec<PathBuf>> {
        let entries = self.entries()?.into_iter();
        entries.map(|(entry, text)| entry.directory(text)).collect()
    }

    fn directory(self, text: &str) -> Result<PathBuf> {
        let path = below_home(text, self.home);
        match (path, self.base) {
            (Some(path), _) => Ok(path),
            (None, Some(base)) if !text.starts_with('~') => Ok(base.join(text)),
            _ => Err(self.wrong(
                Problem::new(format!("`{text}` is not an absolute path"))
                    .hint("begin it with `/`, or with `~/` for your home directory"),
            )),
        }
    }

    fn url(self) -> Result<String> {
        let url = self.filled()?;
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':']));
        if !has_host || url.contains(char::is_whitespace) || url.contains(['?', '#']) {
            let text = format!(
                "`{}` must be an address such as https://host/v1, without `?` and `#`",
                self.key
            );
            return Err(self.wrong(Problem::new(text).hint("parameters go into `query_params`")));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    fn wire_api(self) -> Result<String> {
        match self.text()? {
            "responses" => Ok("responses".to_owned()),
            "chat" => Err(self.wrong(
                Problem::new("`chat` is the older protocol, which is not spoken here")
                    .hint("use a provider that speaks `responses`, and leave `wire_api` out"),
            )),
            other => Err(self.wrong(
                Problem::new(format!("`{other}` is not spoken here: only `responses` is"))
                    .hint("leave `wire_api` out"),
            )),
        }
    }
}

/// `none` is an older word for `deny`.
/// Who may answer, with the name that older files use.
const REVIEWERS: &[(&str, ReviewerKind)] = &[
    ("user", ReviewerKind::User),
    ("auto_review", ReviewerKind::AutoReview),
    ("guardian_subagent", ReviewerKind::AutoReview),
];

const ACCESS: &[(&str, Access)] = &[
    ("read", Access::Read),
    ("write", Access::Write),
    ("deny", Access::Deny),
    ("none", Access::Deny),
];
const PERMISSION: &[(&str, Permission)] =
    &[("allow", Permission::Allow), ("deny", Permission::Deny)];
const NO_NUL: &str = "text without a NUL character";
const PREFIX: &str = "letters, digits, `_` and `.`, such as `codex.`";
const HEADER_VALUE: &str = "the value of a header: text without control characters";
pub(crate) const VARIABLE: &str =
    "the name of an environment variable: letters, digits and `_`, no digit first";

pub(crate) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_prefix(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    !text.is_empty() && text.len() <= 64 && text.chars().all(good)
}

fn is_header_value(value: &str) -> bool {
    !value.trim().is_empty() && !value.chars().any(char::is_control)
}

impl fmt::Display for Value {
    /// As TOML would have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |texts: Vec<String>| format!("[{}]", texts.join(", "));
        match self {
            Self::Mode(mode) => write!(f, "\"{mode}\""),
            Self::Approval(ApprovalPolicy::Granular(granular)) => granular_text(f, *granular),
            Self::Approval(policy) => write!(f, "\"{policy}\""),
            Self::Exporter(exporter) => telemetry::shown(f, exporter.as_deref()),
            Self::Switch(switch) => switch.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Texts(texts) => f.write_str(&list(texts.iter().map(|t| quoted(t)).collect())),
            Self::Paths(paths) => f.write_str(&list(
                paths
                    .iter()
                    .map(|path| quoted(&path.to_string_lossy()))
                    .collect(),
            )),
            Self::Reviewer(ReviewerKind::AutoReview) => f.write_str("\"auto_review\""),
            Self::Reviewer(_) => f.write_str("\"user\""),
            Self::Inherit(inherit) => f.write_str(match inherit {
                Inherit::All => "\"all\"",
                Inherit::Core => "\"core\"",
                Inherit::None => "\"none\"",
            }),
            Self::Access(access) => f.write_str(match access {
                Access::Read => "\"read\"",
                Access::Write => "\"write\"",
                Access::Deny => "\"deny\"",
            }),
            Self::Git(git) => f.write_str(match git {
                GitAccess::Read => "\"read\"",
                GitAccess::Commit => "\"commit\"",
            }),
            Self::Needs(needs) => f.write_str(&list(
                needs
                    .iter()
                    .map(|property| quoted(property.name()))
                    .collect(),
            )),
            Self::NetworkMode(mode) => write!(f, "\"{mode}\""),
            Self::Permission(permission) => write!(f, "\"{permission}\""),
            Self::Ports(ports) => f.write_str(&list(ports.iter().map(u16::to_string).collect())),
            Self::Preset(preset) => write!(f, "\"{preset}\""),
            Self::Sensitivity(sensitivity) => {
                let entries = sensitivity_entries("", sensitivity).into_iter();
                let fields = entries.map(|(key, value, _)| format!("{key} = {value}"));
                write!(f, "{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Self::Trust(true) => f.write_str("\"trusted\""),
            Self::Trust(false) => f.write_str("\"untrusted\""),
        }
    }
}

fn granular_text(f: &mut fmt::Formatter<'_>, granular: Granular) -> fmt::Result {
    write!(
        f,
        "{{ granular = {{ sandbox_approval = {}, rules = {}, mcp_elicitations = {}, request_permissions = {}, skill_approval = {} }} }}",
        granular.sandbox_approval,
        granular.rules,
        granular.mcp_elicitations,
        granular.request_permissions,
        granular.skill_approval
    )
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
