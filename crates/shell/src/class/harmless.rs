//! Code in other languages that plainly does no more than compute, print and
//! read: an allowance by names, so that what is not named keeps it opaque.

use crate::analysis::{Input, Simple, Word};
use crate::unwrap::gives_code;

/// Modules of Python's library that reach nothing outside the process, but
/// for reading what is named.
const PYTHON_MODULES: &[&str] = &[
    "ast",
    "base64",
    "bisect",
    "calendar",
    "collections",
    "colorsys",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "html",
    "itertools",
    "json",
    "math",
    "operator",
    "platform",
    "pprint",
    "random",
    "re",
    "secrets",
    "statistics",
    "string",
    "struct",
    "sys",
    "textwrap",
    "time",
    "tomllib",
    "typing",
    "unicodedata",
    "uuid",
    "zlib",
    "zoneinfo",
];

/// Names that let Python code do more.
const PYTHON_MORE: &[&str] = &[
    "__",
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "globals",
    "locals",
    "vars(",
    "breakpoint",
    "open(",
    "input(",
    "settrace",
    "modules",
    "sys.path",
    "meta_path",
    "decode(",
    "fromhex",
    "write(",
    "literal_eval",
];

/// What JavaScript code may name.
const NODE_MORE: &[&str] = &[
    "require(",
    "import",
    "eval",
    "Function",
    "constructor",
    "process.b",
    "process.d",
    "process.k",
    "global",
    "fetch",
    "WebSocket",
    "Buffer",
    "prototype",
    "Reflect",
    "setTimeout",
    "process.env",
    "process.m",
];

/// What perl code on lines may not hold: another program, file or module.
const PERL_MORE: &[&str] = &[
    "system", "exec", "`", "qx", "open", "unlink", "require", "use ", "eval", "do ", "socket",
    "fork", "kill", "syscall", "pipe", "|", "rename", "opendir", "chmod", "mkdir", "rmdir", "glob",
    "ENV", "sub ", "tie", "dump", "read", "<$", "(?{", "link", "utime",
];

/// Whether an interpreter is given code that plainly does no harm.
pub(super) fn is_harmless(name: &str, simple: &Simple) -> bool {
    let Some(code) = only_code(name, simple) else {
        return false;
    };
    match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "python" | "pypy" => python(&code),
        "node" | "nodejs" => node(&code),
        "perl" => perl(&code, simple.arguments()),
        _ => false,
    }
}

/// The code, where all of it is known and nothing else is loaded.
fn only_code(name: &str, simple: &Simple) -> Option<String> {
    let words = simple.arguments();
    let mut code = String::new();
    let mut is_code = false;
    for word in words {
        let text = word.known()?;
        if std::mem::take(&mut is_code) {
            code.push_str(text);
            code.push('\n');
        } else if gives_code(name, word) {
            is_code = true;
        } else if [
            "-m",
            "-M",
            "-r",
            "--require",
            "--import",
            "--loader",
            "-I",
            "-x",
            "-S",
        ]
        .iter()
        .any(|option| text.starts_with(option))
        {
            return None;
        }
    }
    if let Input::Text(text) = &simple.input
        && code.is_empty()
    {
        code.push_str(text);
    }
    (!code.trim().is_empty()).then_some(code)
}

fn python(code: &str) -> bool {
    let imported = code.split(['\n', ';']).all(|statement| {
        let statement = statement.trim();
        let modules = statement
            .strip_prefix("import ")
            .or_else(|| statement.strip_prefix("from "));
        let Some(modules) = modules else {
            return !statement.contains("import");
        };
        let modules = modules.split(" import ").next().unwrap_or_default();
        modules.split(',').all(|module| {
            let module = module.split(" as ").next().unwrap_or_default().trim();
            let root = module.split('.').next().unwrap_or_default();
            PYTHON_MODULES.contains(&root)
        })
    });
    imported && !holds(&reads_only(code), PYTHON_MORE)
}

/// Without `open(…)` of a file that is named and only read.
fn reads_only(code: &str) -> String {
    let mut rest = code.to_owned();
    while let Some(at) = rest.find("open(") {
        let Some(end) = rest[at..].find(')') else {
            break;
        };
        let inner = &rest[at + 5..at + end];
        let path = inner.trim_matches(['\'', '"']);
        let plain = !path.contains(['\'', '"', ',', '(', '{', '\\'])
            && !path.starts_with(['/', '~', '.'])
            && !path.contains("..")
            && path.contains('.')
            && inner.starts_with(['\'', '"']);
        if !plain {
            break;
        }
        rest.replace_range(at..=at + end, "file");
    }
    rest
}

fn node(code: &str) -> bool {
    let mut rest = code.to_owned();
    // A file of data is only read.
    while let Some(at) = rest.find("require(") {
        let Some(end) = rest[at..].find(')') else {
            break;
        };
        let path = rest[at + 8..at + end].trim_matches(['\'', '"']);
        if !(path.starts_with("./")
            && path.rsplit('.').next() == Some("json")
            && !path.contains(".."))
        {
            break;
        }
        rest.replace_range(at..=at + end, "data");
    }
    !holds(&rest, NODE_MORE)
}

/// `-n`, `-p` and their kind, where each line is only matched and changed.
fn perl(code: &str, words: &[Word]) -> bool {
    let runs = code.split(['/', '|', '}', '#', '!']).any(|flags| {
        let flags = flags.trim().trim_end_matches(';');
        !flags.is_empty()
            && flags.len() < 6
            && flags.contains('e')
            && flags.chars().all(|c| "gimsxeor".contains(c))
    });
    let in_place = words.iter().any(|word| {
        let text = word.prefix();
        text.starts_with('-') && !text.starts_with("--") && text.contains('i')
    });
    !runs && !in_place && !holds(&code.replace("||", ""), PERL_MORE)
}

fn holds(code: &str, names: &[&str]) -> bool {
    names.iter().any(|name| code.contains(name))
}
