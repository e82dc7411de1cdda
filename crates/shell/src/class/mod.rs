//! Classes of commands: what kind of thing everything that runs amounts to.

mod danger;
mod files;
mod git;
mod harmless;
mod paths;
mod safe;

use crate::analysis::{Analysis, RedirectKind, Simple, Word};
use crate::unwrap::{gives_code, is_interpreter};

pub use danger::Danger;
pub(crate) use danger::download::downloads;
pub(crate) use danger::is_destructive;

use danger::{Around, Found};

/// Classes of commands. The order is strictness.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Known to read only, whatever its arguments point at.
    KnownSafe,
    /// Neither known to be safe nor known to be dangerous.
    Ordinary,
    /// Cannot be known before it runs: it may be anything.
    Opaque,
    /// Known to destroy, to weaken protection or to reach far.
    Dangerous,
}

/// What everything that a command runs amounts to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Classified {
    /// The strictest class among everything that it runs.
    pub class: Class,
    /// A phrase that says which part decided.
    pub because: String,
    /// What it would do, where it is dangerous.
    pub danger: Option<Danger>,
    /// A way to get the same with less danger, where one is known.
    pub safer: Option<&'static str>,
}

impl Classified {
    fn new(class: Class, because: impl Into<String>) -> Self {
        Self {
            class,
            because: because.into(),
            danger: None,
            safer: None,
        }
    }
}

impl From<Found> for Classified {
    fn from(found: Found) -> Self {
        Self {
            class: Class::Dangerous,
            because: found.because,
            danger: Some(found.danger),
            safer: Some(found.safer),
        }
    }
}

/// The strictest class among everything that a command runs, and what decided.
/// Where it starts is not known.
pub fn class(analysis: &Analysis) -> Classified {
    strictest(Around {
        analysis,
        directory: None,
        depth: 0,
    })
}

/// The same for a command that starts in `directory`, an absolute path: what
/// is below that is the command's own to work on.
pub fn class_in(analysis: &Analysis, directory: &str) -> Classified {
    strictest(Around {
        analysis,
        directory: Some(directory),
        depth: 0,
    })
}

fn strictest(around: Around) -> Classified {
    let analysis = around.analysis;
    let opaque = analysis
        .opaque
        .iter()
        .map(|reason| Classified::new(Class::Opaque, reason));
    let commands = analysis.commands.iter().map(|simple| judge(simple, around));
    let together = danger::together(around).map(Classified::from);
    let mut strictest = Classified::new(Class::KnownSafe, only_reads(analysis));
    for found in opaque.chain(commands).chain(together) {
        let own = |found: &Classified| found.danger.is_some_and(Danger::is_own);
        let graver = found.class == strictest.class && own(&strictest) && !own(&found);
        if found.class > strictest.class || graver {
            strictest = found;
        }
    }
    strictest
}

fn judge(simple: &Simple, around: Around) -> Classified {
    if let Some(found) = danger::danger(simple, around) {
        return found.into();
    }
    if let Some(why) = unknowable(simple) {
        return Classified::new(Class::Opaque, why);
    }
    match unsafe_part(simple) {
        Some(why) => Classified::new(Class::Ordinary, why),
        None => Classified::new(Class::KnownSafe, String::new()),
    }
}

/// Why a command may be anything.
fn unknowable(simple: &Simple) -> Option<String> {
    let loader = simple
        .assignments
        .iter()
        .find(|found| changes_programs(&found.name) && !changes_nothing(found, simple));
    if let Some(variable) = loader {
        return Some(format!("`{}` changes what programs run", variable.name));
    }
    let program = simple.argv.first()?;
    let Some(name) = simple.name() else {
        return Some(format!("the program `{program}` is not known"));
    };
    let gives = simple.arguments().iter().any(|word| gives_code(name, word));
    let is_read = is_known_query(name, simple) || harmless::is_harmless(name, simple);
    if is_interpreter(name) && gives && !is_read {
        return Some(format!("`{name}` is given code that is not read"));
    }
    if is_interpreter(name)
        && crate::unwrap::reads_program_from_input(simple)
        && !matches!(simple.input, crate::Input::Inherited)
        && !is_read
    {
        return Some(format!("`{name}` is given code that is not read"));
    }
    if matches!(name, "source" | ".")
        && simple
            .arguments()
            .first()
            .is_none_or(|word| word.known().is_none())
    {
        return Some(format!("`{name}` reads a file that is not known"));
    }
    files::starts_another(name, simple)
}

/// A question to a database that stands in the words: what it destroys has
/// been looked for.
fn is_known_query(name: &str, simple: &Simple) -> bool {
    name == "psql"
        && simple.arguments().iter().all(|word| {
            word.known()
                .is_some_and(|text| !text.contains("\\!") && !text.contains('`'))
        })
        && matches!(simple.input, crate::Input::Inherited)
}

/// Whether a variable that could change what programs run has a value that
/// does not.
fn changes_nothing(set: &crate::Assignment, simple: &Simple) -> bool {
    let Some(value) = set.value.known() else {
        return false;
    };
    match set.name.as_str() {
        "GIT_PAGER" | "PAGER" | "MANPAGER" => matches!(value, "" | "cat"),
        "GIT_EDITOR" | "EDITOR" | "VISUAL" => matches!(value, ":" | "true" | "cat"),
        "NODE_OPTIONS" => value
            .split_whitespace()
            .all(|option| option.starts_with("--max-old-space-size") || option == "--no-warnings"),
        "PYTHONPATH" => value
            .split(':')
            .all(|path| path == "." || paths::Place::nowhere().below(path).is_some()),
        // Only what it reads is split in another way.
        "IFS" => simple.name() == Some("read"),
        _ => false,
    }
}

/// Variables that make programs load, run or find something else.
fn changes_programs(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "BASH_ENV",
        "BROWSER",
        "CDPATH",
        "DYLD_INSERT_LIBRARIES",
        "EDITOR",
        "ENV",
        "GIT_ASKPASS",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_EDITOR",
        "GIT_EXEC_PATH",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_TEMPLATE_DIR",
        "IFS",
        "JAVA_TOOL_OPTIONS",
        "LESSCLOSE",
        "LESSOPEN",
        "MANPAGER",
        "NODE_OPTIONS",
        "PAGER",
        "PATH",
        "PERL5DB",
        "PERL5LIB",
        "PERL5OPT",
        "PROMPT_COMMAND",
        "PS0",
        "PS1",
        "PS2",
        "PS4",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "RUBYLIB",
        "RUBYOPT",
        "RUSTC",
        "RUSTC_WRAPPER",
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "TAR_OPTIONS",
        "VISUAL",
        "ZDOTDIR",
    ];
    name.starts_with("LD_")
        || name.starts_with("BASH_FUNC_")
        || name.starts_with("GIT_CONFIG_")
        || NAMES.contains(&name)
}

/// What keeps a command from being known as safe.
fn unsafe_part(simple: &Simple) -> Option<String> {
    if let Some(variable) = simple.assignments.first() {
        return Some(format!("it sets `{}`", variable.name));
    }
    for redirect in &simple.redirects {
        let target = &redirect.target;
        match (redirect.kind, target.known()) {
            (RedirectKind::Write, Some(path)) if paths::is_sink(path) => {}
            (RedirectKind::Write, _) => return Some(format!("it writes to `{target}`")),
            (RedirectKind::Read, _) if paths::may_be_device(target) => {
                return Some(format!("it opens `{target}`"));
            }
            (RedirectKind::Read | RedirectKind::Duplicate | RedirectKind::Text, _) => {}
        }
    }
    if let Some(wrapper) = simple
        .through
        .iter()
        .find(|wrapper| !safe::is_wrapper(&wrapper.name))
    {
        return Some(format!("`{}` starts it", wrapper.name));
    }
    if simple.argv.is_empty() {
        return None;
    }
    safe::unsafe_part(simple)
}

/// What a command does that is known to be safe.
fn only_reads(analysis: &Analysis) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in analysis.commands.iter().filter_map(Simple::name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => "nothing is run".to_owned(),
        [one] => format!("`{one}`"),
        [first, second] => format!("`{first}` and `{second}`"),
        [first, second, rest @ ..] => format!("`{first}`, `{second}` and {} more", rest.len()),
    }
}

/// The words that may be options: those before `--`.
fn before_dashes(words: &[Word]) -> &[Word] {
    let end = words.iter().position(|word| word.known() == Some("--"));
    &words[..end.unwrap_or(words.len())]
}

/// The words that are surely no options, and those that may be either.
fn operands(words: &[Word]) -> impl Iterator<Item = &Word> {
    let dashes = words.iter().position(|word| word.known() == Some("--"));
    words.iter().enumerate().filter_map(move |(index, word)| {
        let after = dashes.is_some_and(|at| index > at);
        let is_option = word
            .known()
            .is_some_and(|text| text.len() > 1 && text.starts_with('-'));
        (after || !is_option).then_some(word)
    })
}
