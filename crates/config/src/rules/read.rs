//! Reads one file of rules: what its functions are given, and its examples.

use std::ops::Range;
use std::path::Path;

use dam_policy::{HostExecutable, HostRule, Layer, PrefixRule, Protocol, RuleDecision};

use super::book::{ListedRule, RuleFile, RuleKind};
use super::day::Day;
use super::examples::{self, Example};
use super::starlark::{Call, Fault, Heap, Host, Value, run};
use crate::ConfigError;
use crate::error::Problem;
use crate::source::{Source, nearest};

/// No file has more rules.
const MOST_RULES: usize = 2_000;

/// Reads a file and tries its examples.
pub(super) fn read(source: &Source, today: Day) -> Result<RuleFile, ConfigError> {
    if source.text.len() > super::LARGEST {
        let text = "a file of rules cannot be larger than 256 KiB";
        return Err(source.wrong(&(0..0), text));
    }
    let mut reader = Reader {
        source,
        today,
        rules: Vec::new(),
        trials: Vec::new(),
    };
    run(&source.text, &mut reader)
        .and_then(|()| reader.try_examples())
        .map_err(|fault| source.wrong(&fault.at, fault.problem))?;
    Ok(RuleFile {
        path: source.file.clone().unwrap_or_default(),
        rules: reader.rules,
    })
}

struct Reader<'s> {
    source: &'s Source,
    today: Day,
    rules: Vec<ListedRule>,
    trials: Vec<Trial>,
}

/// Examples that are still to be tried: a place of a program may follow.
struct Trial {
    rule: PrefixRule,
    matching: Vec<Example>,
    others: Vec<Example>,
    at: Range<usize>,
}

const PREFIX: &[&str] = &[
    "pattern",
    "decision",
    "match",
    "not_match",
    "justification",
    "expires",
];
const NETWORK: &[&str] = &[
    "host",
    "protocol",
    "decision",
    "justification",
    "expires",
    "port",
];
const EXECUTABLE: &[&str] = &["name", "paths"];

impl Host for Reader<'_> {
    fn names(&self) -> &'static [&'static str] {
        &["prefix_rule", "network_rule", "host_executable"]
    }

    fn call(&mut self, heap: &Heap, call: &Call) -> Result<(), Fault> {
        if self.rules.len() == MOST_RULES {
            return Err(call.fault(format!("a file cannot have more than {MOST_RULES} rules")));
        }
        match call.name {
            "prefix_rule" => self.prefix(&Given::of(heap, call, PREFIX)?),
            "network_rule" => self.network(&Given::of(heap, call, NETWORK)?),
            _ => self.executable(&Given::of(heap, call, EXECUTABLE)?),
        }
    }
}

impl Reader<'_> {
    fn prefix(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        let pattern = given.pattern()?;
        let decision = match given.text("decision")? {
            None => RuleDecision::Allow,
            Some(name) => self.decision(given, name, &DECISIONS)?,
        };
        let rule = PrefixRule {
            pattern,
            decision,
            justification: given.justification()?,
            expires: given.expires()?,
            origin: self.source.spot(&given.call.at).origin,
        };
        let matching = given.examples("match")?;
        let others = given.examples("not_match")?;
        let examples = matching.len() + others.len();
        self.trials.push(Trial {
            rule: rule.clone(),
            matching,
            others,
            at: given.call.at.clone(),
        });
        self.add(RuleKind::Prefix(rule), examples);
        Ok(())
    }

    fn network(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        let host = dam_policy::Host::alone(given.needed("host")?)
            .map_err(|error| given.call.fault(error.to_string()))?;
        let protocol = given.text("protocol")?;
        let protocol = protocol
            .map(|name| {
                Protocol::parse(name).ok_or_else(|| {
                    given.call.fault(format!(
                        "`{name}` is no protocol; use `http`, `https`, `socks5_tcp` or `socks5_udp`"
                    ))
                })
            })
            .transpose()?;
        let decision = self.decision(given, given.needed("decision")?, &HOST_DECISIONS)?;
        let rule = HostRule {
            host,
            port: given.port()?,
            protocol,
            decision,
            justification: given.justification()?,
            expires: given.expires()?,
            origin: self.source.spot(&given.call.at).origin,
        };
        self.add(RuleKind::Host(rule), 0);
        Ok(())
    }

    fn executable(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        if self.source.layer == Layer::Project {
            let text = "a project may not say where programs are; put this into your own rules";
            return Err(given.call.fault(text));
        }
        let name = given.needed("name")?.to_owned();
        if name.is_empty() || name.contains('/') {
            return Err(given.call.fault("`name` is a name without a directory"));
        }
        let paths = given.strings("paths")?;
        for path in &paths {
            let file = Path::new(path).file_name().and_then(|file| file.to_str());
            if !path.starts_with('/') || file != Some(&name) {
                return Err(given.call.fault(format!(
                    "`{path}` is no absolute path that ends in `{name}`"
                )));
            }
        }
        let origin = self.source.spot(&given.call.at).origin;
        self.add(
            RuleKind::Executable(HostExecutable {
                name,
                paths,
                origin,
            }),
            0,
        );
        Ok(())
    }

    fn add(&mut self, kind: RuleKind, examples: usize) {
        let mut listed = ListedRule {
            kind,
            expired: false,
            examples,
        };
        let last = listed.expires().and_then(|day| day.parse::<Day>().ok());
        listed.expired = last.is_some_and(|last| last < self.today);
        self.rules.push(listed);
    }

    fn decision(
        &self,
        given: &Given<'_>,
        name: &str,
        known: &[(&'static str, RuleDecision)],
    ) -> Result<RuleDecision, Fault> {
        let names = || known.iter().map(|(name, _)| *name);
        let Some((_, decision)) = known.iter().find(|(known, _)| *known == name) else {
            let list: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            let text = format!("`{name}` is no decision; use {}", either(&list));
            let mut fault = given.call.fault(text);
            if let Some(near) = nearest(name, names()) {
                fault.problem = fault.problem.hint(format!("did you mean `{near}`?"));
            }
            return Err(fault);
        };
        if *decision == RuleDecision::Unsandboxed && self.source.layer == Layer::Project {
            let text =
                "a project may not let commands leave the boundary; put this into your own rules";
            return Err(given.call.fault(text));
        }
        Ok(*decision)
    }

    fn try_examples(&self) -> Result<(), Fault> {
        let executables: Vec<HostExecutable> = self
            .rules
            .iter()
            .filter_map(|listed| match &listed.kind {
                RuleKind::Executable(found) => Some(found.clone()),
                _ => None,
            })
            .collect();
        for trial in &self.trials {
            for (all, wanted) in [(&trial.matching, true), (&trial.others, false)] {
                let fails = |example: &&Example| {
                    examples::matches(&trial.rule, &executables, example) != wanted
                };
                if let Some(example) = all.iter().find(fails) {
                    let shown = examples::shown(example);
                    let name = trial.rule.name();
                    let text = if wanted {
                        format!("{name} does not match its example `{shown}`")
                    } else {
                        format!("{name} matches `{shown}`, which it should not")
                    };
                    let problem = Problem::new(text).hint("change the pattern or the example");
                    let at = trial.at.clone();
                    return Err(Fault { at, problem });
                }
            }
        }
        Ok(())
    }
}

const DECISIONS: [(&str, RuleDecision); 4] = [
    ("allow", RuleDecision::Allow),
    ("unsandboxed", RuleDecision::Unsandboxed),
    ("prompt", RuleDecision::Prompt),
    ("forbidden", RuleDecision::Forbidden),
];

const HOST_DECISIONS: [(&str, RuleDecision); 4] = [
    ("allow", RuleDecision::Allow),
    ("prompt", RuleDecision::Prompt),
    ("forbidden", RuleDecision::Forbidden),
    ("deny", RuleDecision::Forbidden),
];

fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// What a call gives, by the names of its parameters.
struct Given<'c> {
    heap: &'c Heap,
    call: &'c Call,
    values: Vec<(&'static str, &'c Value)>,
}

impl Call {
    fn fault(&self, text: impl Into<String>) -> Fault {
        Fault::new(self.at.clone(), text.into())
    }
}

impl<'c> Given<'c> {
    fn of(
        heap: &'c Heap,
        call: &'c Call,
        parameters: &'static [&'static str],
    ) -> Result<Self, Fault> {
        if call.positional.len() > parameters.len() {
            return Err(call.fault(format!("`{}` is given too many values", call.name)));
        }
        let mut values: Vec<(&'static str, &Value)> =
            parameters.iter().copied().zip(&call.positional).collect();
        for (name, value) in &call.named {
            let Some(known) = parameters.iter().find(|known| *known == name) else {
                let mut fault = call.fault(format!("`{}` has no `{name}`", call.name));
                if let Some(near) = nearest(name, parameters.iter().copied()) {
                    fault.problem = fault.problem.hint(format!("did you mean `{near}`?"));
                }
                return Err(fault);
            };
            if values.iter().any(|(other, _)| other == known) {
                return Err(call.fault(format!("`{name}` is given twice")));
            }
            values.push((known, value));
        }
        Ok(Self { heap, call, values })
    }

    /// A value that is given, and is not `None`.
    fn value(&self, name: &str) -> Option<&'c Value> {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| *value)
            .filter(|value| !matches!(value, Value::None))
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Value) -> Fault {
        let kind = found.kind();
        self.call.fault(format!("`{name}` is {wanted}, not {kind}"))
    }

    fn text(&self, name: &str) -> Result<Option<&'c str>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a string", other)),
        }
    }

    fn needed(&self, name: &str) -> Result<&'c str, Fault> {
        let missing = || {
            self.call
                .fault(format!("`{}` needs `{name}`", self.call.name))
        };
        self.text(name)?.ok_or_else(missing)
    }

    fn list(&self, name: &str) -> Result<&'c [Value], Fault> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::List(place) | Value::Tuple(place)) => Ok(self.heap.held(*place)),
            Some(other) => Err(self.wrong(name, "a list", other)),
        }
    }

    fn strings(&self, name: &str) -> Result<Vec<String>, Fault> {
        let words = self.list(name)?;
        if words.is_empty() {
            return Err(self
                .call
                .fault(format!("`{}` needs `{name}`", self.call.name)));
        }
        self.words(name, words)
    }

    fn words(&self, name: &str, values: &[Value]) -> Result<Vec<String>, Fault> {
        let word = |value: &Value| match value {
            Value::Text(text) => Ok(text.to_string()),
            other => Err(self.wrong(name, "made of strings", other)),
        };
        values.iter().map(word).collect()
    }

    fn pattern(&self) -> Result<Vec<Vec<String>>, Fault> {
        let items = self.list("pattern")?;
        let mut pattern = Vec::new();
        for item in items {
            let alternatives = match item {
                Value::Text(text) => vec![text.to_string()],
                Value::List(place) | Value::Tuple(place) => {
                    self.words("pattern", self.heap.held(*place))?
                }
                other => return Err(self.wrong("pattern", "made of strings and lists", other)),
            };
            if alternatives.is_empty() {
                return Err(self.call.fault("`pattern` has a place without a word"));
            }
            pattern.push(alternatives);
        }
        match pattern.first() {
            None => Err(self
                .call
                .fault("`prefix_rule` needs `pattern`, with a word at least")),
            Some(programs) if programs.iter().any(String::is_empty) => Err(self
                .call
                .fault("`pattern` starts with a program, which has a name")),
            Some(_) => Ok(pattern),
        }
    }

    fn justification(&self) -> Result<Option<String>, Fault> {
        match self.text("justification")? {
            Some(text) if text.trim().is_empty() => {
                Err(self.call.fault("`justification` says nothing"))
            }
            text => Ok(text.map(|text| text.trim().to_owned())),
        }
    }

    fn port(&self) -> Result<Option<u16>, Fault> {
        let port = match self.value("port") {
            None => return Ok(None),
            Some(Value::Int(number)) => u16::try_from(*number).ok().filter(|port| *port != 0),
            Some(other) => return Err(self.wrong("port", "a number", other)),
        };
        let wrong = || self.call.fault("`port` is a number from 1 to 65535");
        port.map(Some).ok_or_else(wrong)
    }

    fn expires(&self) -> Result<Option<String>, Fault> {
        match self.text("expires")? {
            Some(text) if text.parse::<Day>().is_err() => Err(self
                .call
                .fault(format!("`{text}` is no day; write one as `2027-01-31`"))),
            text => Ok(text.map(str::to_owned)),
        }
    }

    fn examples(&self, name: &str) -> Result<Vec<Example>, Fault> {
        let mut found = Vec::new();
        for value in self.list(name)? {
            let words = match value {
                Value::Text(text) => examples::words(text).ok_or_else(|| {
                    self.call.fault(format!(
                        "an example in `{name}` has a quotation without end"
                    ))
                })?,
                Value::List(place) | Value::Tuple(place) => {
                    self.words(name, self.heap.held(*place))?
                }
                other => return Err(self.wrong(name, "made of strings and lists", other)),
            };
            if words.is_empty() {
                return Err(self.call.fault(format!("an example in `{name}` is empty")));
            }
            found.push(words);
        }
        Ok(found)
    }
}
