//! The oracles: what an answer to hostile input shows, compared with the
//! answers to harmless input.

use super::class::Class;
use super::html;
use super::payloads::{CANARIES, Fresh};
use super::protocol::{Answer, Event, Place};
use super::structure;

/// What was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Evidence {
    pub text: String,
    /// Whether the watcher saw it.
    pub watched: bool,
    /// Where in the project.
    pub places: Vec<Place>,
}

/// An answer and what was new in the request.
pub(super) struct Trial<'a> {
    pub fresh: &'a Fresh,
    pub answer: &'a Answer,
}

/// Whether hostile input of this class did what it was made for.
pub(super) fn judge(class: Class, trial: &Trial<'_>, controls: &[Trial<'_>]) -> Option<Evidence> {
    match class {
        Class::Command => made(
            trial,
            "command",
            "a command in the input was run: it made a directory",
        ),
        Class::Code => made(
            trial,
            "file",
            "code in the input was run: it made a directory",
        ),
        Class::Deserialization => made(
            trial,
            "file",
            "an object in the input ran code: it made a directory",
        ),
        Class::Path => path(trial),
        Class::Xxe => opened(trial).then(|| {
            watched(
                trial,
                "file",
                "an entity in the input opened a file outside of the project",
            )
        }),
        Class::Sql => changed(trial, controls, "sql", |text| structure::sql(text).to_vec()),
        Class::Ldap => changed(trial, controls, "ldap", |text| vec![structure::ldap(text)]),
        Class::XPath => changed(trial, controls, "xpath", |text| {
            vec![structure::xpath(text)]
        }),
        Class::NoSql => operator(trial).or_else(|| {
            changed(trial, controls, "nosql-code", |text| {
                structure::sql(text).to_vec()
            })
        }),
        Class::Redirect => redirect(trial),
        Class::Xss => markup(trial),
        Class::Template => product(trial, controls),
        Class::Ssrf => reached(trial),
        Class::Header => header(trial),
        Class::TrustBoundary => stored(trial),
        Class::Cookie => None,
    }
}

/// The cookies that an answer sets without `Secure`, by name.
pub(super) fn open_cookies(answer: &Answer) -> Vec<String> {
    let set = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let open = set.filter(|(_, value)| {
        let mut attributes = value.split(';').skip(1);
        // What takes a cookie away sets none.
        let removes = value.to_ascii_lowercase().contains("max-age=0");
        !removes && !attributes.any(|each| each.trim().eq_ignore_ascii_case("secure"))
    });
    let name =
        |(_, value): &(String, String)| value.split('=').next().unwrap_or("").trim().to_owned();
    open.map(name).filter(|name| !name.is_empty()).collect()
}

fn events<'a>(answer: &'a Answer, kind: &'a str) -> impl Iterator<Item = &'a Event> {
    answer.events.iter().filter(move |event| event.kind == kind)
}

/// Where an event of this kind happened that the input had part in; if none
/// did, the last of the kind.
fn places_of(trial: &Trial<'_>, kind: &str) -> Vec<Place> {
    let mut all: Vec<&Event> = events(trial.answer, kind).collect();
    let has_word = |event: &&&Event| {
        event
            .words
            .iter()
            .any(|word| word.contains(&trial.fresh.word))
    };
    let event = all.iter().find(has_word).copied().or_else(|| all.pop());
    event.map_or(Vec::new(), |event| event.places.clone())
}

fn watched(trial: &Trial<'_>, kind: &str, text: &str) -> Evidence {
    Evidence {
        text: text.to_owned(),
        watched: true,
        places: places_of(trial, kind),
    }
}

fn made(trial: &Trial<'_>, kind: &str, text: &str) -> Option<Evidence> {
    let name = &trial.fresh.word;
    let seen = trial
        .answer
        .seen
        .made
        .iter()
        .any(|made| made.starts_with(name.as_str()));
    seen.then(|| watched(trial, kind, text))
}

fn opened(trial: &Trial<'_>) -> bool {
    trial.answer.seen.opened.contains(&trial.fresh.word)
}

fn path(trial: &Trial<'_>) -> Option<Evidence> {
    let canary = format!("{CANARIES}/{}", trial.fresh.word);
    let runs = events(trial.answer, "command").any(|event| event.words.get(1) == Some(&canary));
    if runs {
        return None;
    }
    if opened(trial) {
        return Some(watched(
            trial,
            "file",
            "the input led to a file outside of the project, which was opened",
        ));
    }
    if trial
        .answer
        .seen
        .made
        .iter()
        .any(|made| made.starts_with(&trial.fresh.word))
    {
        return Some(watched(
            trial,
            "file",
            "the input led to a place outside of the project, where a file was made",
        ));
    }
    let event = events(trial.answer, "file").find(|event| {
        let outside = event
            .words
            .get(1)
            .is_some_and(|path| path.starts_with(&canary));
        outside && event.words[0] != "stat"
    })?;
    Some(Evidence {
        text: format!(
            "`{}` was called on a path outside of the project that the input named",
            event.words[0]
        ),
        watched: false,
        places: event.places.clone(),
    })
}

/// Whether a file outside of the project was asked for.
pub(super) fn asks(trial: &Trial<'_>) -> bool {
    asked(trial).is_some()
}

fn asked(trial: &Trial<'_>) -> Option<Vec<Place>> {
    let canary = format!("{CANARIES}/{}", trial.fresh.word);
    let mut files =
        events(trial.answer, "file").filter(|event| event.words.get(1) == Some(&canary));
    files
        .find(|event| event.words[0] == "stat")
        .map(|event| event.places.clone())
}

/// Whether an answer tells if a file outside of the project exists: `absent` is
/// the answer to the name of one that does not.
pub(super) fn tells(there: &Trial<'_>, absent: &Trial<'_>) -> Option<Evidence> {
    let places = asked(there)?;
    asked(absent)?;
    let masked = |trial: &Trial<'_>| trial.answer.body.replace(&trial.fresh.word, "");
    let differs = masked(there) != masked(absent) || there.answer.status != absent.answer.status;
    differs.then(|| Evidence {
        text: "the answer tells whether a file exists that is outside of the project and that the input names".to_owned(),
        watched: false,
        places,
    })
}

/// Whether a statement has another structure than those that harmless input
/// gave at the same place.
fn changed(
    trial: &Trial<'_>,
    controls: &[Trial<'_>],
    kind: &str,
    structures: impl Fn(&str) -> Vec<String>,
) -> Option<Evidence> {
    let numeric = trial.fresh.a.to_string();
    let carries = |text: &str, fresh: &Fresh| {
        text.contains(&fresh.word) || text.contains(&fresh.a.to_string())
    };
    for event in events(trial.answer, kind) {
        let Some(text) = event.words.first() else {
            continue;
        };
        let by_word = text.contains(&trial.fresh.word);
        if !by_word && !text.contains(&numeric) {
            continue;
        }
        // Outside of quotes the word is a name, and a new one in each request.
        let structures = |text: &str, fresh: &Fresh| structures(&text.replace(&fresh.word, "word"));
        let mine = structures(text, trial.fresh);
        let mut compared = Vec::new();
        for control in controls {
            for other in events(control.answer, kind) {
                let Some(harmless) = other.words.first() else {
                    continue;
                };
                // A word is compared with a word, a number with a number.
                let same_sort = harmless.contains(&control.fresh.word) == by_word;
                if same_sort
                    && carries(harmless, control.fresh)
                    && other.places.first() == event.places.first()
                {
                    compared.push((harmless.clone(), structures(harmless, control.fresh)));
                }
            }
        }
        let differs = |theirs: &Vec<String>| mine.iter().zip(theirs).all(|(a, b)| a != b);
        if !compared.is_empty() && compared.iter().all(|(_, theirs)| differs(theirs)) {
            return Some(Evidence {
                text: format!(
                    "the input changed the structure of the query: `{}`",
                    short(text)
                ),
                watched: false,
                places: event.places.clone(),
            });
        }
    }
    None
}

/// Whether an object came where a value belongs.
fn operator(trial: &Trial<'_>) -> Option<Evidence> {
    let event = events(trial.answer, "nosql").find(|event| {
        event
            .words
            .iter()
            .any(|word| word.contains(&format!("\"$ne\":\"{}\"", trial.fresh.word)))
    })?;
    Some(Evidence {
        text: "an operator in the input became part of the query".to_owned(),
        watched: false,
        places: event.places.clone(),
    })
}

fn redirect(trial: &Trial<'_>) -> Option<Evidence> {
    let goes = (300..400).contains(&trial.answer.status);
    let location = trial.answer.header("location").filter(|_| goes)?;
    let host = format!("{}.example", trial.fresh.word);
    (host_of(location) == host).then(|| Evidence {
        text: format!(
            "the answer sends the browser to the host `{}`",
            short(&host)
        ),
        watched: false,
        places: Vec::new(),
    })
}

/// The host that a browser goes to from an HTTP page, empty for the same one.
fn host_of(location: &str) -> String {
    let location: String = location
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !"\t\r\n".contains(*c))
        .map(|c| if c == '\\' { '/' } else { c })
        .collect();
    let lower = location.to_ascii_lowercase();
    let scheme = ["http:", "https:"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme));
    let rest = match scheme {
        // A scheme that is not the page's own needs no slashes.
        Some("https:") => lower["https:".len()..].trim_start_matches('/'),
        Some(scheme) if lower[scheme.len()..].starts_with("//") => {
            lower[scheme.len()..].trim_start_matches('/')
        }
        None if lower.starts_with("//") => lower.trim_start_matches('/'),
        _ => return String::new(),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    host.split(':').next().unwrap_or("").to_owned()
}

fn markup(trial: &Trial<'_>) -> Option<Evidence> {
    let kind = trial.answer.header("content-type").unwrap_or("text/html");
    // A browser that is sent elsewhere shows no page.
    let elsewhere = (300..400).contains(&trial.answer.status);
    let is_page = kind.to_ascii_lowercase().contains("html") && !elsewhere;
    let became = html::became(&trial.answer.body, &trial.fresh.word).filter(|_| is_page)?;
    Some(Evidence {
        text: format!("the input became {} of the page", became.name()),
        watched: false,
        places: Vec::new(),
    })
}

fn product(trial: &Trial<'_>, controls: &[Trial<'_>]) -> Option<Evidence> {
    let product = (u64::from(trial.fresh.a) * u64::from(trial.fresh.b)).to_string();
    let silent = controls
        .iter()
        .all(|control| !control.answer.body.contains(&product));
    (silent && trial.answer.body.contains(&product)).then(|| Evidence {
        text: format!("the page holds {product}, the product of two numbers in the input"),
        watched: false,
        places: Vec::new(),
    })
}

fn reached(trial: &Trial<'_>) -> Option<Evidence> {
    let seen = trial
        .answer
        .seen
        .hits
        .iter()
        .any(|hit| hit.contains(&trial.fresh.word));
    seen.then(|| {
        watched(
            trial,
            "connect",
            "the application reached the address in the input",
        )
    })
}

fn header(trial: &Trial<'_>) -> Option<Evidence> {
    let value = trial.answer.header("x-cofferdam")?;
    (value.trim() == trial.fresh.word).then(|| Evidence {
        text: "a header in the input became a header of the answer".to_owned(),
        watched: false,
        places: Vec::new(),
    })
}

fn stored(trial: &Trial<'_>) -> Option<Evidence> {
    let event = events(trial.answer, "session").find(|event| {
        event
            .words
            .iter()
            .any(|word| word.contains(&trial.fresh.word))
    })?;
    Some(Evidence {
        text: "the input is in the session as it came".to_owned(),
        watched: false,
        places: event.places.clone(),
    })
}

/// Text from inside, as it may be shown.
pub(super) fn short(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    dam_journal::clean(&dam_journal::mask(&clean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_where_a_browser_goes() {
        for (location, host) in [
            ("https://evil.example/x", "evil.example"),
            ("//evil.example", "evil.example"),
            ("/\\evil.example/", "evil.example"),
            ("https:evil.example", "evil.example"),
            ("http:evil.example", ""),
            ("https://good.example@evil.example:80/", "evil.example"),
            ("https://good.example/?u=//evil.example", "good.example"),
            ("/evil.example", ""),
            ("evil.example", ""),
            ("\u{1} //evil.example", "evil.example"),
        ] {
            assert_eq!(host_of(location), host, "{location}");
        }
    }

    #[test]
    fn only_a_cookie_that_is_set_without_secure_is_open() {
        let header = |value: &str| ("Set-Cookie".to_owned(), value.to_owned());
        let answer = Answer {
            headers: vec![
                header("a=1; Path=/; Secure"),
                header("b=secure; HttpOnly"),
                header("c=; Max-Age=0"),
            ],
            ..Answer::default()
        };
        assert_eq!(open_cookies(&answer), ["b"]);
    }
}
