//! The policy language, read back: forms, rules, and what they say of an act on
//! a path. What is not known here panics, so that a misspelt word in a policy
//! is found.

use dam_sandbox::seatbelt::Policy;

use crate::expression::Expression;

/// A policy that can be asked.
pub struct Rules(Vec<Rule>);

struct Rule {
    allow: bool,
    acts: Vec<String>,
    filters: Vec<Filter>,
}

enum Filter {
    Literal(String),
    Subpath(String),
    Regex(Expression),
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// Never true of what is asked here.
    Never,
    /// Filters of acts that are not on files: their name and argument.
    Named(String, String),
}

#[derive(Debug)]
enum Form {
    Word(String),
    Text(String),
    List(Vec<Form>),
}

/// The acts that the policies name. A misspelt one would make the whole policy
/// unreadable to the kernel.
const ACTS: &[&str] = &[
    "default",
    "file-clone",
    "file-ioctl",
    "file-link",
    "file-map-executable",
    "file-read*",
    "file-read-data",
    "file-read-metadata",
    "file-write*",
    "file-write-create",
    "file-write-data",
    "file-write-setugid",
    "file-write-unlink",
    "iokit-get-properties",
    "ipc-posix-sem",
    "mach-lookup",
    "network*",
    "network-outbound",
    "nvram*",
    "process-exec",
    "process-fork",
    "process-info*",
    "pseudo-tty",
    "signal",
    "sysctl-read",
    "system-socket",
];

impl Rules {
    /// Reads a policy.
    pub fn read(policy: &Policy) -> Self {
        let forms = forms(&policy.text);
        let mut forms = forms.iter();
        let version = forms.next().map(|form| format!("{form:?}"));
        assert_eq!(
            version.as_deref(),
            Some(r#"List([Word("version"), Word("1")])"#)
        );
        Self(forms.map(rule).collect())
    }

    /// Whether an act on a path is granted: what the last rule says that
    /// matches.
    pub fn grants(&self, act: &str, path: &str) -> bool {
        let last = self
            .0
            .iter()
            .rev()
            .find(|rule| rule.is_about(act) && rule.matches(path));
        last.expect("the first rule is about everything").allow
    }

    /// What is granted with a filter of this name, such as the services.
    pub fn named(&self, filter: &str) -> Vec<&str> {
        let allowed = self.0.iter().filter(|rule| rule.allow);
        let filters = allowed.flat_map(|rule| &rule.filters);
        filters
            .filter_map(|found| match found {
                Filter::Named(name, argument) if name == filter => Some(argument.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Rule {
    fn is_about(&self, act: &str) -> bool {
        self.acts.iter().any(|own| {
            own == "default"
                || own == act
                || own
                    .strip_suffix('*')
                    .is_some_and(|start| act.starts_with(start))
        })
    }

    fn matches(&self, path: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(path))
    }
}

impl Filter {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Literal(own) => own == path,
            Self::Subpath(own) => std::path::Path::new(path).starts_with(own),
            Self::Regex(expression) => expression.finds(path),
            Self::All(filters) => filters.iter().all(|filter| filter.matches(path)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(path)),
            Self::Not(filter) => !filter.matches(path),
            Self::Never => false,
            Self::Named(name, _) => panic!("{name} says nothing of a path"),
        }
    }
}

fn rule(form: &Form) -> Rule {
    let Form::List(parts) = form else {
        panic!("no rule: {form:?}")
    };
    let words: Vec<String> = parts.iter().map_while(Form::word).collect();
    let (verb, acts) = words.split_first().expect("a verb");
    assert!(matches!(verb.as_str(), "allow" | "deny"), "{verb}");
    assert!(!acts.is_empty());
    for act in acts {
        assert!(ACTS.contains(&act.as_str()), "{act} is no act");
    }
    Rule {
        allow: verb == "allow",
        acts: acts.to_vec(),
        filters: parts[words.len()..].iter().map(filter).collect(),
    }
}

fn filter(form: &Form) -> Filter {
    let Form::List(parts) = form else {
        panic!("no filter: {form:?}")
    };
    let all = || parts[1..].iter().map(filter).collect();
    match parts.as_slice() {
        [Form::Word(name), Form::Text(text)] => match name.as_str() {
            "literal" => Filter::Literal(text.clone()),
            "subpath" => Filter::Subpath(text.clone()),
            "regex" => Filter::Regex(Expression::new(text)),
            "extension" => Filter::Never,
            "global-name" | "sysctl-name" | "sysctl-name-prefix" => {
                Filter::Named(name.clone(), text.clone())
            }
            _ => panic!("{name} is no filter"),
        },
        [Form::Word(name), Form::Word(word)] => match name.as_str() {
            "target" | "socket-domain" => Filter::Named(name.clone(), word.clone()),
            _ => panic!("{name} is no filter"),
        },
        [Form::Word(name), Form::Word(kind), Form::Text(text)]
            if name == "remote" && kind == "ip" =>
        {
            Filter::Named(name.clone(), text.clone())
        }
        [Form::Word(name), ..] => match name.as_str() {
            "require-all" => Filter::All(all()),
            "require-any" => Filter::Any(all()),
            "require-not" => Filter::Not(Box::new(filter(&parts[1]))),
            _ => panic!("{name} is no filter"),
        },
        _ => panic!("no filter: {form:?}"),
    }
}

impl Form {
    fn word(&self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.clone()),
            _ => None,
        }
    }
}

/// The forms of a text.
fn forms(text: &str) -> Vec<Form> {
    let mut open = vec![Vec::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let form = match c {
            ';' => {
                rest.by_ref().find(|c| *c == '\n');
                continue;
            }
            '(' => {
                open.push(Vec::new());
                continue;
            }
            ')' => Form::List(open.pop().expect("an open bracket")),
            '"' => Form::Text(quoted(&mut rest)),
            c if c.is_whitespace() => continue,
            c => {
                let mut word = c.to_string();
                while let Some(c) = rest.next_if(|c| !c.is_whitespace() && !"()\";".contains(*c)) {
                    word.push(c);
                }
                Form::Word(word)
            }
        };
        open.last_mut()
            .expect("a closing bracket too many")
            .push(form);
    }
    assert_eq!(open.len(), 1, "a bracket stays open");
    open.remove(0)
}

fn quoted(rest: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    loop {
        match rest.next().expect("a string ends") {
            '"' => return text,
            '\\' => match rest.next() {
                Some(c @ ('"' | '\\')) => text.push(c),
                other => panic!("\\{other:?} is not known"),
            },
            c => text.push(c),
        }
    }
}
