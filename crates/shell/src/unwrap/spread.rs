//! `xargs` and `parallel`, which start a command for what they read.

use crate::analysis::{Input, Spread, Word};
use crate::walk::{Done, Surroundings, Walker};

use super::options::Options;
use super::table::Spec;
use super::{Launch, filled_in};

/// More commands than these are one with unknown words.
const MOST: usize = 16;

impl Walker {
    /// `xargs`, after its options.
    pub(super) fn xargs(
        &mut self,
        launch: &Launch,
        options: &Options,
        around: &Surroundings,
    ) -> Done {
        let mut around = around.inside("xargs", launch);
        let input = std::mem::take(&mut around.input);
        let inner = launch.from(options.rest).by_program();
        let template = if inner.words.is_empty() {
            vec![Word::Known("echo".to_owned())]
        } else {
            inner.words.clone()
        };
        let mark = ["I", "i", "replace"]
            .into_iter()
            .find(|name| options.has(name))
            .map(|name| {
                let text = options.value(name).and_then(Word::known);
                text.unwrap_or("{}").to_owned()
            });
        let simple = !["a", "arg-file", "E", "e", "eof", "s", "max-chars", "J", "R"]
            .iter()
            .any(|name| options.has(name));
        let items = match &input {
            Input::Text(text) if simple && self.env.read == Some(0) => {
                items(text, options, mark.is_some())
            }
            _ => None,
        };
        self.env.read = None;
        let mut all = runs(&template, mark.as_deref(), items, options, &input);
        // GNU `xargs` leaves the program's own name as it is; others do not.
        for at in 0..all.len() {
            if all[at].first() != template.first() {
                let mut words = all[at].clone();
                words.splice(0..1, template.first().cloned());
                all.push(words);
            }
        }
        for words in all {
            self.launch(
                Launch {
                    words,
                    ..inner.clone()
                },
                &around,
            );
        }
        Done::default()
    }

    /// GNU `parallel`: a command line for a shell, with the words after `:::`
    /// or the lines of its input put in.
    pub(super) fn parallel(&mut self, launch: &Launch, around: &Surroundings) -> Done {
        const PARALLEL: Spec = Spec {
            flags: "0kmXqtuvz",
            valued: "jPanNILSCs",
            long: &[
                "bar",
                "dry-run",
                "eta",
                "keep-order",
                "line-buffer",
                "null",
                "pipe",
                "progress",
                "quote",
                "ungroup",
                "verbose",
                "will-cite",
                "xargs",
                "group",
                "tag",
            ],
            long_valued: &[
                "jobs",
                "arg-file",
                "colsep",
                "delay",
                "halt",
                "joblog",
                "load",
                "max-args",
                "max-procs",
                "memfree",
                "retries",
                "results",
                "sshlogin",
                "timeout",
                "tmpdir",
                "wd",
                "workdir",
                "env",
                "block",
                "recstart",
                "recend",
            ],
            ..super::table::NONE
        };
        self.list(launch.clone(), around);
        let inside = Surroundings {
            input: Input::Inherited,
            hands_on: false,
            ..around.inside("parallel", launch)
        };
        let options = Options::read(&launch.words, &PARALLEL);
        if options.unclear {
            return self.unread(launch, "parallel", &inside);
        }
        let rest = &launch.words[options.rest..];
        let is_mark = |word: &Word| word.known().is_some_and(|text| text.starts_with(":::"));
        let end = rest.iter().position(is_mark).unwrap_or(rest.len());
        let (template, sources) = rest.split_at(end);
        let lines = match (sources.first().and_then(Word::known), &around.input) {
            (Some(":::"), _) => Some(sources[1..].to_vec()),
            (None, Input::Text(text)) if self.env.read == Some(0) => Some(
                text.lines()
                    .map(|line| Word::Known(line.to_owned()))
                    .collect(),
            ),
            _ => None,
        };
        let lines = lines.filter(|lines: &Vec<Word>| lines.len() <= MOST);
        if template.is_empty() {
            match lines {
                Some(lines) => {
                    for line in &lines {
                        self.joined(std::slice::from_ref(line), "parallel", &inside);
                    }
                }
                None => self.opaque("`parallel` runs lines that are not known"),
            }
            return Done::default();
        }
        let known: Option<Vec<&str>> = template.iter().map(Word::known).collect();
        let Some(known) = known else {
            return self.unread(launch, "parallel", &inside);
        };
        let mut script = known.join(" ");
        if !script.contains("{}") {
            script.push_str(" {}");
        }
        // What is put in is one word of the command, whatever it holds.
        let script = script.replace("{}", "\"$1\"");
        let variants = match lines {
            Some(lines) if !lines.is_empty() => {
                lines.into_iter().map(|line| Some(vec![line])).collect()
            }
            _ => vec![None],
        };
        for words in variants {
            self.source_apart(&script, words, &Launch::default(), &inside);
        }
        Done::default()
    }
}

/// What `xargs` reads from a text, where that is plain.
fn items(text: &str, options: &Options, by_line: bool) -> Option<Vec<String>> {
    let delimiter = match options.value("d").or(options.value("delimiter")) {
        Some(word) => match word.known()? {
            "\\n" => Some('\n'),
            "\\0" => return None,
            text if text.chars().count() == 1 => text.chars().next(),
            _ => return None,
        },
        None if options.has("0") || options.has("null") => return None,
        None => None,
    };
    let items: Vec<String> = match delimiter {
        Some(sign) => text.split_terminator(sign).map(ToOwned::to_owned).collect(),
        None if text.contains(['\'', '"', '\\']) => return None,
        None if by_line => text
            .lines()
            .map(|line| line.trim_start().to_owned())
            .filter(|line| !line.is_empty())
            .collect(),
        None => text.split_whitespace().map(ToOwned::to_owned).collect(),
    };
    Some(items)
}

/// The commands that `xargs` starts.
fn runs(
    template: &[Word],
    mark: Option<&str>,
    items: Option<Vec<String>>,
    options: &Options,
    input: &Input,
) -> Vec<Vec<Word>> {
    let downloaded = *input == Input::Pipe { downloaded: true };
    let few = options.has("n") || options.has("max-args") || options.has("L") || options.has("l");
    match (mark, items) {
        (Some(mark), Some(items)) if items.len() <= MOST => items
            .iter()
            .map(|item| {
                template
                    .iter()
                    .map(|word| put_in(word, mark, item))
                    .collect()
            })
            .collect(),
        (Some(mark), _) => vec![
            template
                .iter()
                .map(|word| filled_in(word, mark, downloaded))
                .collect(),
        ],
        (None, Some(items)) if !few && items.len() <= 256 => {
            let items = items.into_iter().map(Word::Known);
            vec![template.iter().cloned().chain(items).collect()]
        }
        (None, Some(items)) if items.len() <= MOST && takes_one(options) => items
            .into_iter()
            .map(|item| {
                template
                    .iter()
                    .cloned()
                    .chain([Word::Known(item)])
                    .collect()
            })
            .collect(),
        (None, _) => {
            let mut words = template.to_vec();
            words.push(Word::Unknown {
                written: "…".to_owned(),
                prefix: String::new(),
                spread: Spread::Any,
                downloaded,
                bare: None,
                pattern: None,
                holds: None,
            });
            vec![words]
        }
    }
}

fn takes_one(options: &Options) -> bool {
    let one = |name| options.value(name).and_then(Word::known) == Some("1");
    one("n") || one("max-args")
}

fn put_in(word: &Word, mark: &str, item: &str) -> Word {
    match word {
        Word::Known(text) if !mark.is_empty() => Word::Known(text.replace(mark, item)),
        word => word.clone(),
    }
}
