//! Drives the routes of an application: learns which inputs each of them asks
//! for, sends harmless and hostile input in each, and keeps what was shown.

mod request;
mod sending;

use std::collections::BTreeSet;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use self::request::Shape;
use super::boxed::{Boxed, Gone};
use super::class::Class;
use super::interpreter::Runtime;
use super::judge::{self, Evidence, Trial};
use super::payloads::{CONTROLS, Encoding, Fresh, Language, Words, hex, payloads};
use super::protocol::{Answer, Channel, Place, Ready, Request, Route};
use super::{Proved, Proving, Shown, Tried};

/// An input of a route: where it goes and its name.
type Input = (Channel, String);

/// The most inputs of one route that are driven.
const INPUTS: usize = 24;
/// How often a route may end its process before it is left alone.
const DEATHS: u32 = 2;

/// Drives every route of the project that this runtime can run.
pub(super) fn drive(proving: &Proving, runtime: &Runtime, proved: &mut Proved) {
    let mut boxed = match Boxed::start(proving, runtime, false) {
        Ok(boxed) => boxed,
        Err(gone) => return proved.missing.push(judge::short(&gone.to_string())),
    };
    if let Err(gone) = boxed
        .hear_ready()
        .and_then(|ready| routes(proving, runtime, &mut boxed, ready, proved))
    {
        proved.missing.push(judge::short(&gone.to_string()));
    }
    proved.acts.extend(boxed.acts());
}

/// Drives the routes of an application that has started.
fn routes(
    proving: &Proving,
    runtime: &Runtime,
    boxed: &mut Boxed,
    ready: Ready,
    proved: &mut Proved,
) -> Result<(), Gone> {
    let begun = Instant::now();
    proved.missing.extend(
        ready
            .problems
            .iter()
            .take(10)
            .map(|text| judge::short(text)),
    );
    let words = Words::new(boxed.port);
    let mut driver = Driver {
        boxed,
        language: runtime.language,
        only: proving.only.as_deref(),
        words,
        doors: Vec::new(),
        proved,
    };
    let mut routes: Vec<Route> = ready.routes.into_iter().filter(is_plain).collect();
    // What ends a session comes last.
    routes.sort_by_key(|route| route.path.contains("out"));
    driver.find_doors(&routes)?;
    let mut late = 0;
    for route in &routes {
        for method in &route.methods {
            if begun.elapsed() > proving.time {
                late += 1;
                continue;
            }
            let drive = Drive::new(route, method);
            driver.route(drive)?;
        }
    }
    if late > 0 {
        let most = proving.time.as_secs();
        proved.missing.push(format!(
            "{late} routes were not driven: the time of {most} seconds was over"
        ));
    }
    Ok(())
}

/// Whether a route is one as a framework makes it: what is said of it comes
/// from inside.
fn is_plain(route: &Route) -> bool {
    let is_method =
        |method: &String| method.len() <= 10 && method.bytes().all(|b| b.is_ascii_uppercase());
    let path = Place(String::new(), 0, route.path.clone());
    path.is_plain() && route.place.is_plain() && route.methods.iter().all(is_method)
}

struct Driver<'a> {
    boxed: &'a mut Boxed,
    language: Language,
    only: Option<&'a str>,
    words: Words,
    /// Requests that sign up and in.
    doors: Vec<Request>,
    proved: &'a mut Proved,
}

/// One route with one method, and what is known of it.
struct Drive<'a> {
    route: &'a Route,
    method: &'a str,
    inputs: BTreeSet<Input>,
    cookies: BTreeSet<String>,
    reached: BTreeSet<Place>,
    requests: u64,
    deaths: u32,
    left: Option<String>,
    error: Option<String>,
    /// Whether it takes numbers where nothing tells what it takes.
    numbers: bool,
}

impl<'a> Drive<'a> {
    fn new(route: &'a Route, method: &'a str) -> Self {
        let parts = request::parts(&route.path);
        let inputs = parts.into_iter().map(|name| (Channel::Path, name));
        let declared = route.declared.iter().cloned();
        Self {
            route,
            method,
            inputs: inputs.chain(declared).take(INPUTS).collect(),
            cookies: BTreeSet::new(),
            reached: BTreeSet::new(),
            requests: 0,
            deaths: 0,
            left: None,
            error: None,
            numbers: false,
        }
    }

    fn name(&self) -> String {
        judge::short(&format!("{} {}", self.method, self.route.path))
    }

    fn id(&self, class: Class, input: &Input) -> String {
        let text = format!("{} {} {} {}", class.name(), self.name(), input.0, input.1);
        hex(&Sha256::digest(text.as_bytes())[..5])
    }

    /// Takes in what an answer tells of the route.
    fn learn(&mut self, answer: &Answer) {
        for event in answer.events.iter().take(100) {
            self.reached.extend(event.places.iter().cloned());
        }
        for (channel, name) in answer.asked.iter().take(100) {
            for input in request::asked(self.method, channel, name, &self.route.constants) {
                if self.inputs.len() < INPUTS && input.1.len() <= 80 {
                    self.inputs.insert(input);
                }
            }
        }
    }
}

impl Driver<'_> {
    fn route(&mut self, mut drive: Drive<'_>) -> Result<(), Gone> {
        self.enter()?;
        self.discover(&mut drive)?;
        for input in drive.inputs.clone() {
            self.input(&mut drive, &input)?;
        }
        self.proved.tried.push(Tried {
            route: drive.name(),
            handler: drive.route.place.clone(),
            inputs: drive
                .inputs
                .iter()
                .map(|(channel, name)| judge::short(&format!("{channel} {name}")))
                .collect(),
            requests: drive.requests,
            reached: drive.reached.into_iter().collect(),
            left: drive.left,
            error: drive.error,
        });
        Ok(())
    }

    /// Sends harmless requests until no new input is asked for, with words and,
    /// where those fail, with numbers.
    fn discover(&mut self, drive: &mut Drive<'_>) -> Result<(), Gone> {
        for _ in 0..4 {
            let before = (drive.inputs.len(), drive.numbers);
            for shape in Shape::of(drive.method) {
                let fresh = self.fresh();
                let Some(answer) = self.send(drive, None, &fresh, shape)? else {
                    continue;
                };
                self.look_at_cookies(drive, &answer);
                drive.learn(&answer);
                drive.error = Some(judge::short(&answer.error)).filter(|error| !error.is_empty());
                let fails = drive.error.is_some() || answer.status >= 500;
                drive.numbers |= fails && !drive.inputs.is_empty();
            }
            if (drive.inputs.len(), drive.numbers) == before {
                return Ok(());
            }
        }
        Ok(())
    }

    fn look_at_cookies(&mut self, drive: &mut Drive<'_>, answer: &Answer) {
        for name in judge::open_cookies(answer) {
            let name = judge::short(&name);
            if drive.cookies.len() < 20 && drive.cookies.insert(name.clone()) {
                let evidence = Evidence {
                    text: format!("the answer sets the cookie `{name}` without `Secure`"),
                    watched: false,
                    places: Vec::new(),
                };
                let control = "no input is needed".to_owned();
                self.keep(
                    drive,
                    Class::Cookie,
                    &(Channel::None, name),
                    String::new(),
                    control,
                    evidence,
                );
            }
        }
    }

    /// Drives one input with everything.
    fn input(&mut self, drive: &mut Drive<'_>, input: &Input) -> Result<(), Gone> {
        let mut controls = Vec::new();
        for template in CONTROLS {
            let fresh = self.fresh();
            let text = fresh.fill(template, Encoding::Plain);
            if let Some(answer) = self.send(
                drive,
                Some((input, &text, Encoding::Plain)),
                &fresh,
                Shape::of_input(input),
            )? {
                self.look_at_cookies(drive, &answer);
                drive.learn(&answer);
                controls.push((fresh, answer));
            }
        }
        self.stored(drive, input, &controls);
        for class in Class::ALL {
            if drive.deaths >= DEATHS {
                return Ok(());
            }
            let wanted = self.only.is_none_or(|only| only == drive.id(*class, input));
            // Code in two braces is a block: no template is needed for it.
            let is_code = *class == Class::Template
                && self
                    .proved
                    .shown
                    .iter()
                    .any(|shown| shown.id == drive.id(Class::Code, input));
            if wanted && !is_code && is_worth_it(*class, &controls) {
                self.class(drive, input, *class, &controls)?;
            }
        }
        Ok(())
    }

    /// What harmless input shows by itself.
    fn stored(&mut self, drive: &Drive<'_>, input: &Input, controls: &[(Fresh, Answer)]) {
        let Some((fresh, answer)) = controls.first() else {
            return;
        };
        if let Some(evidence) = judge::judge(Class::TrustBoundary, &Trial { fresh, answer }, &[]) {
            let control = "another word of the input is stored in its place".to_owned();
            self.keep(
                drive,
                Class::TrustBoundary,
                input,
                fresh.word.clone(),
                control,
                evidence,
            );
        }
    }

    fn class(
        &mut self,
        drive: &mut Drive<'_>,
        input: &Input,
        class: Class,
        controls: &[(Fresh, Answer)],
    ) -> Result<(), Gone> {
        for (template, encoding) in payloads(class, self.language) {
            let Some((payload, evidence)) =
                self.attempt(drive, input, class, (template, encoding), controls)?
            else {
                continue;
            };
            // Once more with new words, and harmless input once more after it.
            let again = self.attempt(drive, input, class, (template, encoding), controls)?;
            let fresh = self.fresh();
            let harmless = fresh.fill(CONTROLS[0], Encoding::Plain);
            let tried = Some((input, harmless.as_str(), Encoding::Plain));
            let silent = self.send(drive, tried, &fresh, Shape::of_input(input))?;
            let silent = silent.is_none_or(|answer| {
                let trial = Trial {
                    fresh: &fresh,
                    answer: &answer,
                };
                judge::judge(class, &trial, &trials(controls)).is_none()
            });
            if again.is_some() && silent {
                let control = format!("`{harmless}`, twice, without it");
                self.keep(drive, class, input, payload, control, evidence);
                return Ok(());
            }
        }
        Ok(())
    }

    fn attempt(
        &mut self,
        drive: &mut Drive<'_>,
        input: &Input,
        class: Class,
        (template, encoding): (&str, Encoding),
        controls: &[(Fresh, Answer)],
    ) -> Result<Option<(String, Evidence)>, Gone> {
        let fresh = self.fresh();
        let payload = fresh.fill(template, encoding);
        let answer = self.send(
            drive,
            Some((input, &payload, encoding)),
            &fresh,
            Shape::of_input(input),
        )?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        drive.learn_places(&answer);
        let trial = Trial {
            fresh: &fresh,
            answer: &answer,
        };
        let mut evidence = judge::judge(class, &trial, &trials(controls));
        if evidence.is_none() && class == Class::Path {
            evidence = self.existence(drive, input, template, &trial)?;
        }
        Ok(evidence.map(|evidence| (payload, evidence)))
    }

    fn keep(
        &mut self,
        drive: &Drive<'_>,
        class: Class,
        input: &Input,
        payload: String,
        control: String,
        evidence: Evidence,
    ) {
        let id = drive.id(class, input);
        let known = self.proved.shown.iter().any(|shown| shown.id == id);
        if known || self.only.is_some_and(|only| only != id) {
            return;
        }
        let mut places: Vec<Place> = evidence.places.iter().take(6).cloned().collect();
        if places.last() != Some(&drive.route.place) {
            places.push(drive.route.place.clone());
        }
        self.proved.shown.push(Shown {
            id,
            class,
            route: drive.name(),
            channel: input.0,
            name: judge::short(&input.1),
            payload,
            evidence: evidence.text,
            control,
            watched: evidence.watched,
            places,
        });
    }
}

impl Drive<'_> {
    fn learn_places(&mut self, answer: &Answer) {
        for event in answer.events.iter().take(100) {
            self.reached.extend(event.places.iter().cloned());
        }
    }
}

fn trials(controls: &[(Fresh, Answer)]) -> Vec<Trial<'_>> {
    controls
        .iter()
        .map(|(fresh, answer)| Trial { fresh, answer })
        .collect()
}

/// Whether a class can show anything: a query's structure can only change
/// where harmless input becomes part of one.
fn is_worth_it(class: Class, controls: &[(Fresh, Answer)]) -> bool {
    let kind = match class {
        Class::Sql => "sql",
        Class::Ldap => "ldap",
        Class::XPath => "xpath",
        Class::NoSql => "nosql",
        _ => return true,
    };
    let mut events = controls.iter().flat_map(|(_, answer)| &answer.events);
    events.any(|event| event.kind == kind)
}
