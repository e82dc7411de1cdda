//! Programs that start others as somebody else or somewhere else: `ssh`, `su`,
//! containers.

use crate::analysis::{Input, Spread, Word};
use crate::syntax::Dialect;
use crate::walk::{Done, Surroundings, Walker};

use super::options::Options;
use super::table::{NONE, Spec};
use super::{Launch, Place};

const SSH: Spec = Spec {
    flags: "46AaCfGgKkMNnqsTtVvXxYy",
    valued: "BbcDEeFIiJLlmOoPpQRSWw",
    operands: 1,
    ..NONE
};

const SU: Spec = Spec {
    flags: "flmpP",
    valued: "cgGsuw",
    long: &["fast", "login", "preserve-environment", "pty"],
    long_valued: &[
        "command",
        "session-command",
        "group",
        "supp-group",
        "shell",
        "user",
        "whitelist-environment",
    ],
    dash: true,
    ..NONE
};

const SCRIPT: Spec = Spec {
    flags: "aefqk",
    valued: "cIOBTmoE",
    attached: "t",
    long: &["append", "return", "flush", "force", "quiet", "timing"],
    long_valued: &[
        "command",
        "log-in",
        "log-out",
        "log-io",
        "log-timing",
        "logging-format",
        "output-limit",
        "echo",
    ],
    ..NONE
};

/// Options of `docker` and its kind before their subcommand.
const ENGINE: Spec = Spec {
    flags: "Dv",
    valued: "Hcl",
    long: &["debug", "tls", "tlsverify", "remote", "version"],
    long_valued: &[
        "host",
        "context",
        "config",
        "log-level",
        "tlscacert",
        "tlscert",
        "tlskey",
        "url",
        "connection",
        "root",
        "namespace",
        "address",
        "file",
        "project-name",
        "profile",
    ],
    ..NONE
};

/// Options of `run`, `exec` and `create` that have no value. All others have
/// one.
const CONTAINER_FLAGS: &[&str] = &[
    "detach",
    "init",
    "interactive",
    "no-healthcheck",
    "no-deps",
    "no-tty",
    "no-TTY",
    "oom-kill-disable",
    "privileged",
    "publish-all",
    "quiet",
    "read-only",
    "rm",
    "service-ports",
    "sig-proxy",
    "tty",
    "use-aliases",
    "build",
    "remove-orphans",
    "stdin",
    "quiet-pull",
    "latest",
    "leave-stdin-open",
    "attach",
    "pod-running-timeout",
    "command",
    "expose",
    "wait",
];

impl Walker {
    /// `ssh`: its words are joined and given to a shell on another machine.
    pub(super) fn ssh(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let mut inside = elsewhere(around.inside(name, launch));
        for (at, word) in launch.words.iter().enumerate() {
            let text = word.prefix();
            let setting = if text == "-o" {
                launch
                    .words
                    .get(at + 1)
                    .map(Word::prefix)
                    .unwrap_or_default()
            } else {
                text.strip_prefix("-o").unwrap_or_default()
            };
            let runs = ["ProxyCommand", "LocalCommand", "KnownHostsCommand"]
                .iter()
                .find_map(|key| setting.trim_start().strip_prefix(key));
            if let Some(command) = runs {
                let script = command.trim_start_matches(['=', ' ']).to_owned();
                self.source_apart(&script, Some(Vec::new()), &Launch::default(), &inside);
            }
        }
        let options = Options::read(&launch.words, &SSH);
        if options.unclear {
            return self.unread(launch, name, &inside);
        }
        let rest = after_options(&launch.words, options.rest, &SSH);
        if launch.words.get(rest).is_none() {
            if launch.words.len() > 1 && !options.has("N") && !options.has("V") {
                self.script_from_input(name, &inside);
            }
            return Done::default();
        }
        inside.input = Input::Inherited;
        self.joined(&launch.words[rest..], name, &inside);
        Done::default()
    }

    /// A shell elsewhere that runs what comes in.
    pub(super) fn script_from_input(&mut self, name: &str, inside: &Surroundings) {
        match &inside.input {
            Input::Text(text) if self.env.read == Some(0) => {
                let around = Surroundings {
                    input: Input::Inherited,
                    ..inside.clone()
                };
                self.source_apart(&text.clone(), None, &Launch::default(), &around);
            }
            Input::Inherited => {}
            _ => self.opaque(format!("`{name}` runs what comes in")),
        }
    }

    /// Words that a program joins and gives to a shell.
    pub(super) fn joined(&mut self, words: &[Word], name: &str, inside: &Surroundings) {
        let known: Option<Vec<&str>> = words.iter().map(Word::known).collect();
        if let Some(words) = known {
            self.source_apart(
                &words.join(" "),
                Some(Vec::new()),
                &Launch::default(),
                inside,
            );
            return;
        }
        self.opaque(format!("`{name}` is given words that are not known"));
        if words.len() > 1 {
            self.launch(Launch::of(words.to_vec()), inside);
        }
        let written: Vec<&str> = words.iter().map(Word::written).collect();
        self.rough(&written.join(" "), inside);
    }

    /// A wrapper that cannot be read: danger in its words is looked for.
    pub(super) fn unread(&mut self, launch: &Launch, name: &str, inside: &Surroundings) -> Done {
        self.opaque(format!("`{name}` starts something that is not read"));
        self.look_for_programs(launch, inside);
        Done::default()
    }

    /// `su` and `runuser`: a script after `-c`, else a login shell, else words.
    pub(super) fn su(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let inside = elsewhere(around.inside(name, launch));
        let options = Options::read(&launch.words, &SU);
        let at = launch.words.iter().position(|word| {
            word.known().is_some_and(|text| {
                text == "--command"
                    || text == "--session-command"
                    || text.starts_with('-') && !text.starts_with("--") && text.ends_with('c')
            })
        });
        let attached = launch.words.iter().find_map(|word| {
            let text = word.known()?;
            text.strip_prefix("--command=")
                .or_else(|| text.strip_prefix("--session-command="))
        });
        if let Some(script) = attached {
            let script = script.to_owned();
            self.source_apart(&script, None, &Launch::default(), &inside);
        } else if let Some(at) = at {
            let script = launch.words.get(at + 1..at + 2).unwrap_or_default();
            self.joined(script, name, &inside);
        } else if name == "runuser" && (options.has("u") || options.has("user")) {
            self.launch(Launch::of(launch.words[options.rest..].to_vec()), &inside);
        } else if options.unclear || launch.words.len() > options.rest + 1 {
            return self.unread(launch, name, &inside);
        } else {
            self.script_from_input(name, &inside);
        }
        Done::default()
    }

    /// `sg`: a group, then a script with or without `-c`.
    pub(super) fn sg(&mut self, launch: &Launch, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let inside = around.inside("sg", launch);
        let script: Vec<Word> = launch
            .words
            .iter()
            .skip(2)
            .filter(|word| !matches!(word.known(), Some("-c" | "-")))
            .cloned()
            .collect();
        self.joined(&script, "sg", &inside);
        Done::default()
    }

    /// `script`: a command for a shell after `-c`.
    pub(super) fn script_command(&mut self, launch: &Launch, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let inside = around.inside("script", launch);
        let options = Options::read_all(&launch.words, &SCRIPT);
        let script = options.value("c").or(options.value("command")).cloned();
        match script {
            Some(script) => self.joined(&[script], "script", &inside),
            None if options.unclear => {
                return self.unread(launch, "script", &inside);
            }
            None => self.script_from_input("script", &inside),
        }
        Done::default()
    }

    /// `docker`, `podman` and their kind. Nothing where they start nothing.
    pub(super) fn container(
        &mut self,
        launch: &Launch,
        name: &str,
        around: &Surroundings,
    ) -> Option<Done> {
        let options = Options::read(&launch.words, &ENGINE);
        let mut at = options.rest;
        let mut subcommand = launch.text(at)?;
        if matches!(subcommand, "compose" | "container") {
            let words = launch.words.get(at..)?;
            let spec = Spec {
                valued: "fp",
                ..ENGINE
            };
            at += Options::read(words, &spec).rest;
            subcommand = launch.text(at).unwrap_or("?");
        }
        if !matches!(subcommand, "run" | "exec" | "create" | "?") {
            return None;
        }
        let is_exec = subcommand == "exec";
        self.list(launch.clone(), around);
        let inside = elsewhere(around.inside(name, launch));
        let mut entry = None;
        let Some(operand) = operand(&launch.words, at + 1, &mut entry) else {
            return Some(self.unread(launch, name, &inside));
        };
        let mut words: Vec<Word> = launch.words.get(operand + 1..).unwrap_or_default().to_vec();
        if let Some(entry) = entry.filter(|_| !is_exec) {
            words.insert(0, entry);
        }
        self.in_container(words, &inside);
        Some(Done::default())
    }

    fn in_container(&mut self, words: Vec<Word>, inside: &Surroundings) {
        let before = self.env.clone();
        self.env.forget();
        // An image may have an entry point of its own, which is then given
        // these words: a dash says so.
        let starts_with_option = words
            .first()
            .is_some_and(|word| word.prefix().starts_with('-'));
        if !starts_with_option {
            self.launch(Launch::of(words), inside);
        }
        self.env = before;
    }

    /// `kubectl exec`, `run` and `debug`.
    pub(super) fn kubectl(
        &mut self,
        launch: &Launch,
        name: &str,
        around: &Surroundings,
    ) -> Option<Done> {
        let at = launch
            .words
            .iter()
            .position(|word| matches!(word.known(), Some("exec" | "run" | "debug")))?;
        self.list(launch.clone(), around);
        let inside = elsewhere(around.inside(name, launch));
        let rest = &launch.words[at + 1..];
        let dashes = rest.iter().position(|word| word.known() == Some("--"));
        let words = match dashes {
            Some(dashes) => rest[dashes + 1..].to_vec(),
            None => match operand(&launch.words, at + 1, &mut None) {
                Some(operand) if launch.text(at) == Some("exec") => {
                    launch.words.get(operand + 1..).unwrap_or_default().to_vec()
                }
                Some(_) => Vec::new(),
                None => return Some(self.unread(launch, name, &inside)),
            },
        };
        self.in_container(words, &inside);
        Some(Done::default())
    }
}

/// The surroundings on another machine or as another user.
fn elsewhere(inside: Surroundings) -> Surroundings {
    Surroundings {
        dialect: Dialect::Bash,
        function: None,
        hands_on: false,
        ..inside
    }
}

/// Options may also follow the host.
fn after_options(words: &[Word], rest: usize, spec: &Spec) -> usize {
    let spec = Spec {
        operands: 0,
        ..*spec
    };
    let again = words.get(rest.saturating_sub(1)..).unwrap_or_default();
    let more = Options::read(again, &spec);
    if more.unclear {
        rest
    } else {
        rest.saturating_sub(1) + more.rest
    }
}

/// Where the image, container or pod stands after the options from `at` on.
fn operand(words: &[Word], mut at: usize, entry: &mut Option<Word>) -> Option<usize> {
    while let Some(word) = words.get(at) {
        let Some(text) = word.known() else {
            return (!word.may_be_option() && word.spread() == Spread::One).then_some(at);
        };
        if text == "--" {
            return Some(at + 1);
        }
        if let Some(long) = text.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(Word::Known(value.to_owned()))),
                None => (long, None),
            };
            let flag = CONTAINER_FLAGS.contains(&name) || value.is_some();
            if name == "entrypoint" {
                *entry = value.or_else(|| words.get(at + 1).cloned());
            }
            at += if flag { 1 } else { 2 };
        } else if text.len() > 1 && text.starts_with('-') {
            let flags = text[1..].chars().all(|c| "ditPTq".contains(c));
            let takes_value = text[1..].starts_with(|c| "evpwuhlmnc".contains(c));
            let attached = text.len() > 2 && !flags && takes_value;
            at += if flags || attached { 1 } else { 2 };
        } else {
            return Some(at);
        }
    }
    None
}

impl Launch {
    /// The same, started by a program and not by the shell.
    pub(super) fn by_program(mut self) -> Self {
        self.place = Place::Program;
        self
    }
}
