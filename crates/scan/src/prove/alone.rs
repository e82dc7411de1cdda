//! Functions called by themselves, for findings whose data comes in as a
//! parameter of a function that others call. What is shown this way is
//! reachable in isolation, and never confirmed: nobody is known to pass it on.

mod callable;

use std::collections::BTreeSet;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::callable::Callable;
use super::boxed::{Boxed, Gone};
use super::class::Class;
use super::interpreter::{self, Runtime};
use super::judge::{self, Evidence, Trial, short};
use super::payloads::{CONTROLS, Encoding, Fresh, Language, Words, payloads};
use super::protocol::{Answer, Call, Request};
use super::{Proved, Proving, settle};
use crate::{Confidence, Finding, Proof};

/// What a call can show: not what an answer to a browser would.
const CALLABLE: &[Class] = &[
    Class::Command,
    Class::Code,
    Class::Deserialization,
    Class::Path,
    Class::Xxe,
    Class::Sql,
    Class::NoSql,
    Class::Ldap,
    Class::XPath,
    Class::Template,
    Class::Ssrf,
];
/// The most functions that are called.
const MOST: usize = 200;

/// What became of a finding when its function was called by itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Alone {
    /// The finding's rule.
    pub rule: String,
    /// Its file.
    pub path: String,
    /// Its line.
    pub line: u32,
    /// What was seen.
    pub proof: Proof,
}

/// Calls the functions of findings whose data comes in as a parameter, and adds
/// what was seen to `proved`.
pub fn isolate(proving: &Proving, findings: &[Finding], proved: &mut Proved) {
    let begun = Instant::now();
    for language in [Language::Python, Language::JavaScript] {
        let wanted: Vec<(&Finding, Class)> = findings
            .iter()
            .filter(|finding| {
                finding.confidence == Confidence::B
                    && callable::language(&finding.path) == Some(language)
                    && !crate::file::is_test(&finding.path)
            })
            .filter_map(|finding| Some((finding, settle::class_of(finding)?)))
            .take(MOST)
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let boxed = interpreter::of_language(proving, language)
            .and_then(|runtime| start(proving, &runtime).map_err(|gone| short(&gone.to_string())));
        let boxed = match boxed {
            Ok(boxed) => boxed,
            Err(why) => {
                let none = wanted
                    .iter()
                    .map(|(finding, _)| not_attempted(finding, &why));
                proved.alone.extend(none);
                proved.missing.push(why);
                continue;
            }
        };
        let mut caller = Caller {
            words: Words::new(boxed.port),
            boxed,
            language,
            calls: 0,
        };
        for (finding, class) in wanted {
            let proof = if begun.elapsed() > proving.time {
                late(proving)
            } else {
                caller.finding(proving, finding, class)
            };
            proved.alone.push(of(finding, proof));
        }
        proved.requests += caller.calls;
        proved.acts.extend(caller.boxed.acts());
        proved.acts.sort();
        proved.acts.dedup();
    }
}

fn start(proving: &Proving, runtime: &Runtime) -> Result<Boxed, Gone> {
    let mut boxed = Boxed::start(proving, runtime, true)?;
    boxed.hear_ready()?;
    Ok(boxed)
}

fn of(finding: &Finding, proof: Proof) -> Alone {
    Alone {
        rule: finding.rule.to_string(),
        path: finding.path.clone(),
        line: finding.line,
        proof,
    }
}

fn not_attempted(finding: &Finding, why: &str) -> Alone {
    let why = why.to_owned();
    of(finding, Proof::NotAttempted { why })
}

fn late(proving: &Proving) -> Proof {
    Proof::NotAttempted {
        why: format!("the time of {} seconds was over", proving.time.as_secs()),
    }
}

/// Calls functions in a box.
struct Caller {
    boxed: Boxed,
    words: Words,
    language: Language,
    calls: u64,
}

/// What was seen and with what.
struct Hit {
    parameter: String,
    payload: String,
    control: String,
    evidence: Evidence,
}

impl Caller {
    fn finding(&mut self, proving: &Proving, finding: &Finding, class: Class) -> Proof {
        if !CALLABLE.contains(&class) {
            return Proof::NotAttempted {
                why: "a call of the function by itself cannot show this class".to_owned(),
            };
        }
        let callable = match Callable::of(&proving.project, finding) {
            Ok(callable) => callable,
            Err(why) => {
                let why = why.to_owned();
                return Proof::NotAttempted { why };
            }
        };
        let before = self.calls;
        let mut errors = BTreeSet::new();
        for parameter in &callable.parameters {
            match self.parameter(&callable, parameter, class, &mut errors) {
                Ok(Some(hit)) => return reachable(&callable, &hit),
                Ok(None) => {}
                Err(Gone::Ended(why)) => {
                    errors.insert(short(&why));
                }
                Err(gone) => {
                    let why = short(&gone.to_string());
                    return Proof::NotAttempted { why };
                }
            }
        }
        let error = errors.first();
        let error = error.map_or(String::new(), |error| {
            format!("; harmless calls fail: {error}")
        });
        Proof::NotReproduced {
            tried: format!(
                "{} calls of `{}` by itself; parameters: {}{error}",
                self.calls - before,
                short(&callable.name),
                short(&callable.parameters.join(", "))
            ),
        }
    }

    fn parameter(
        &mut self,
        callable: &Callable,
        parameter: &str,
        class: Class,
        errors: &mut BTreeSet<String>,
    ) -> Result<Option<Hit>, Gone> {
        let mut controls = Vec::new();
        for template in CONTROLS {
            let fresh = self.words.fresh();
            let text = fresh.fill(template, Encoding::Plain);
            let answer = self.call(callable, parameter, &text, &fresh)?;
            errors.extend(Some(short(&answer.error)).filter(|error| !error.is_empty()));
            controls.push((fresh, answer));
        }
        let trials: Vec<Trial<'_>> = controls
            .iter()
            .map(|(fresh, answer)| Trial { fresh, answer })
            .collect();
        for (template, encoding) in payloads(class, self.language) {
            if encoding == Encoding::Operator {
                continue;
            }
            let mut seen = None;
            // Twice, with new words.
            for _ in 0..2 {
                let fresh = self.words.fresh();
                let payload = fresh.fill(template, encoding);
                let answer = self.call(callable, parameter, &payload, &fresh)?;
                let (fresh, answer) = (&fresh, &answer);
                seen = judge::judge(class, &Trial { fresh, answer }, &trials)
                    .map(|evidence| (payload, evidence));
                if seen.is_none() {
                    break;
                }
            }
            let Some((payload, evidence)) = seen else {
                continue;
            };
            let fresh = self.words.fresh();
            let control = fresh.fill(CONTROLS[0], Encoding::Plain);
            let answer = self.call(callable, parameter, &control, &fresh)?;
            let (fresh, answer) = (&fresh, &answer);
            if judge::judge(class, &Trial { fresh, answer }, &trials).is_none() {
                let parameter = parameter.to_owned();
                return Ok(Some(Hit {
                    parameter,
                    payload,
                    control,
                    evidence,
                }));
            }
        }
        Ok(None)
    }

    fn call(
        &mut self,
        callable: &Callable,
        parameter: &str,
        value: &str,
        fresh: &Fresh,
    ) -> Result<Answer, Gone> {
        self.calls += 1;
        self.boxed.ask(&Request {
            plant: vec![fresh.word.clone()],
            call: Some(Call {
                path: callable.path.clone(),
                name: callable.name.clone(),
                parameters: callable.parameters.clone(),
                parameter: parameter.to_owned(),
                value: value.to_owned(),
            }),
            ..Request::default()
        })
    }
}

fn reachable(callable: &Callable, hit: &Hit) -> Proof {
    let seen_by = if hit.evidence.watched {
        "seen from outside the project's process"
    } else {
        "seen in the project's process"
    };
    Proof::ReachableInIsolation {
        evidence: format!(
            "`{}` of {} was called by itself with `{}` = `{}`: {} ({seen_by}); with `{}` it did not happen",
            short(&callable.name),
            short(&callable.path),
            short(&hit.parameter),
            short(&hit.payload),
            hit.evidence.text,
            hit.control
        ),
    }
}
