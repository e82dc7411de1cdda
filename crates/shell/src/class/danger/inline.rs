//! Code in other languages that is given in the words or the input of an
//! interpreter: dangerous where that is plain to see.

use crate::analysis::{Input, Simple, Word};
use crate::class::paths;
use crate::unwrap::{gives_code, is_interpreter};

use super::found::{Danger, Found};
use super::{Around, secrets};

/// Why code is dangerous, if that is plain.
pub(super) fn danger(name: &str, simple: &Simple, around: Around) -> Option<Found> {
    let code = code(name, simple)?;
    of_code(name, &code, around)
}

/// The same for code that stands in a file.
pub(super) fn of_code(name: &str, code: &str, around: Around) -> Option<Found> {
    let found = |danger, what: &str| {
        Some(Found::new(
            danger,
            format!("`{name}` is given code that {what}"),
        ))
    };
    let starts = calls(code, STARTS) || shells_out(name, code);
    let hides = calls(code, HIDES) && (starts || calls(code, EVALUATES));
    if hides {
        return found(Danger::RunsHidden, "runs text that is decoded first");
    }
    if calls(code, CONNECTS) && (calls(code, JOINS) || starts && !calls(code, REQUESTS)) {
        return found(Danger::OpensShell, "joins a connection and a shell");
    }
    let texts = literals(&with_plain_quotes(code));
    if starts && let Some(inner) = started(&texts, around) {
        return Some(Found {
            because: format!(
                "`{name}` is given code that starts something: {}",
                inner.because
            ),
            ..inner
        });
    }
    if calls(code, FETCHES) && (starts || calls(code, EVALUATES)) {
        return found(Danger::RunsDownload, "runs what it downloads");
    }
    let secret = texts.iter().find(|text| secrets::is_secret_path(text));
    if let Some(path) = secret.filter(|_| !calls(code, ONLY_NAMES)) {
        return found(
            Danger::ReadsSecret,
            &format!("reads the secret in `{path}`"),
        );
    }
    if shows_environment(code) {
        return found(Danger::ShowsEnvironment, "shows every variable");
    }
    if calls(code, DELETES_TREES) && !texts.iter().any(|text| is_everyday(text)) {
        return found(Danger::Deletes, "deletes directories");
    }
    if calls(code, DELETES) && texts.iter().any(|text| is_outside(text)) {
        return found(Danger::Deletes, "deletes what is outside the workspace");
    }
    let grave = texts.iter().find_map(|text| {
        paths::harm_in_writing(&Word::Known((*text).clone())).map(|harm| (text, harm))
    });
    if let Some((path, harm)) = grave.filter(|_| calls(code, WRITES)) {
        return found(harm.danger, &format!("opens `{path}`: that {}", harm.what));
    }
    if calls(code, KILLS) {
        return found(Danger::Kills, "ends processes");
    }
    None
}

/// Calls that start programs.
const STARTS: &[&str] = &[
    "subprocess",
    "os.system",
    "os.popen",
    "os.exec",
    "os.spawn",
    "pty.spawn",
    "posix_spawn",
    "commands.getoutput",
    "popen(",
    "Popen",
    "child_process",
    "execSync",
    "spawnSync",
    "execFile",
    "execa",
    "Bun.spawn",
    "Deno.run",
    "Deno.Command",
    "shelljs",
    "shell_exec",
    "passthru",
    "proc_open",
    "pcntl_exec",
    "Kernel.exec",
    "IO.popen",
    "Open3",
    "%x",
    "Process.spawn",
    "os.execute",
    "io.popen",
    "'system'",
    "\"system\"",
    "'sys'",
    "__import__('os')",
    "__import__(\"os\")",
    "getattr(os",
    "doShellScript",
    "do shell script",
    "ProcessBuilder",
    "Runtime.getRuntime",
];

/// Calls that turn one text into another.
const HIDES: &[&str] = &[
    "b64decode",
    "b32decode",
    "b16decode",
    "a85decode",
    "unhexlify",
    "fromhex",
    "fromCharCode",
    "atob(",
    "'base64'",
    "\"base64\"",
    "base64_decode",
    "decode_base64",
    "Base64.decode",
    "unpack(",
    "chr(",
    "codecs.decode",
    "rot13",
    "zlib.decompress",
    "marshal.loads",
    "[::-1]",
    "reverse",
    "\\x",
    "\\u00",
    "bytes([",
    "bytes.decode",
    "hex2bin",
    "str_rot13",
    "pack(",
    "strrev",
    "gzinflate",
    "''.join",
    "\"\".join",
];

/// Calls that run text as code.
const EVALUATES: &[&str] = &[
    "eval(",
    "exec(",
    "eval ",
    "Function(",
    "instance_eval",
    "compile(",
    "__import__",
    "vm.run",
    "getattr(",
    "assert(",
    "create_function",
];

const CONNECTS: &[&str] = &[
    "socket",
    "net.connect",
    "require(\"net\")",
    "require('net')",
    "/inet/tcp",
    "net.Socket",
    "TCPSocket",
    "fsockopen",
    "IO::Socket",
    "/dev/tcp",
    "createConnection",
    "LuaSocket",
];

const REQUESTS: &[&str] = &[
    "AF_UNIX",
    "bind((",
    "getservbyname",
    "gethostbyname",
    "localhost",
    "127.0.0.1",
];

const JOINS: &[&str] = &[
    "dup2",
    "/bin/sh",
    "/bin/bash",
    "cmd.exe",
    "exec sprintf",
    "STDIN->fdopen",
    "open(STDIN",
    "pty.spawn",
    "stdin.pipe",
    ".stdin)",
    "|&getline",
    "|& getline",
    "\"sh\"",
    "'sh'",
    "\"bash\"",
    "'bash'",
    "pipe(sh",
];

const FETCHES: &[&str] = &[
    "urlopen",
    "urlretrieve",
    "requests.get",
    "http.get",
    "https.get",
    "fetch(",
    "file_get_contents('http",
    "file_get_contents(\"http",
    "Net::HTTP",
    "LWP::Simple",
    "URI.open",
    "open-uri",
    "httpx.get",
];

const DELETES_TREES: &[&str] = &[
    "rmtree",
    "rmSync",
    "fs.rm(",
    "rmdirSync",
    "rm_rf",
    "rm_r(",
    "remove_dir_all",
    "remove_tree",
    "removeSync",
    "rimraf",
    "emptyDir",
    "FileUtils.rm",
    "deltree",
    "delete_tree",
];

const DELETES: &[&str] = &[
    "os.remove",
    "os.unlink",
    ".unlink(",
    "unlinkSync",
    "unlink(",
    "File.delete",
    "unlink ",
    "os.rmdir",
    "fs.unlink",
    "Deno.remove",
    "Path.unlink",
    "os.truncate",
    "File.unlink",
];

const WRITES: &[&str] = &[
    "open(",
    "write",
    "appendFile",
    "copy",
    "rename",
    "File.",
    "symlink",
    "chmod",
    "put_contents",
    "print ",
];

const KILLS: &[&str] = &[
    "os.kill",
    "os.killpg",
    "process.kill(",
    "Process.kill",
    "posix_kill",
];

/// Calls that look at a name and not at what is in the file.
const ONLY_NAMES: &[&str] = &[
    "os.path.exists",
    "existsSync",
    "File.exist",
    "file_exists",
    ".exists()",
    "is_file()",
    "basename",
];

fn calls(code: &str, names: &[&str]) -> bool {
    names.iter().any(|name| code.contains(name))
}

/// Signs that start programs in some languages only.
fn shells_out(name: &str, code: &str) -> bool {
    let language = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match language {
        "perl" | "ruby" | "php" | "lua" | "awk" | "gawk" | "mawk" | "nawk" | "tclsh"
        | "osascript" | "expect" => {
            let by_word = code.contains("system")
                || code.contains("exec")
                || code.contains("popen")
                || code.contains("qx");
            let by_sign = code.contains('`')
                || language.ends_with("awk")
                    && (code.contains("| \"")
                        || code.contains("|\"")
                        || code.contains("\" |")
                        || code.contains("\"|")
                        || code.contains("getline"));
            by_word || by_sign
        }
        "R" | "Rscript" | "octave" | "octave-cli" | "gnuplot" | "guile" | "ghc" | "jrunscript"
        | "bpftrace" | "groovy" | "elixir" | "erl" | "ocaml" | "swift" | "scala" | "julia"
        | "nim" => ["system", "exec", "callCommand", "shell", "cmd", "run("]
            .iter()
            .any(|sign| code.contains(sign)),
        "vim" | "vi" | "nvim" | "ex" | "view" | "emacs" => true,
        _ => false,
    }
}

/// The code that an interpreter is given.
fn code(name: &str, simple: &Simple) -> Option<String> {
    let words = simple.arguments();
    if matches!(name, "awk" | "gawk" | "mawk" | "nawk") {
        let script = crate::class::operands(words).next()?;
        return Some(script.written().to_owned());
    }
    if matches!(
        name,
        "vim"
            | "vi"
            | "nvim"
            | "ex"
            | "view"
            | "emacs"
            | "gdb"
            | "expect"
            | "tclsh"
            | "lua"
            | "osascript"
            | "R"
            | "octave"
            | "octave-cli"
            | "gnuplot"
            | "guile"
            | "ghc"
            | "jrunscript"
            | "bpftrace"
            | "groovy"
            | "elixir"
            | "erl"
            | "ocaml"
    ) {
        let code: Vec<&str> = words
            .windows(2)
            .filter(|pair| {
                matches!(
                    pair[0].known(),
                    Some("-c" | "-e" | "--cmd" | "--eval" | "-ex" | "--eval-command")
                )
            })
            .map(|pair| pair[1].written())
            .chain(words.iter().map(Word::written).filter(|text| {
                text.starts_with("+:") || text.starts_with("-c:") || text.starts_with("+!")
            }))
            .collect();
        if !code.is_empty() {
            return Some(code.join("\n").replace(":!", "system ").replace('!', " "));
        }
    }
    if !is_interpreter(name)
        && !matches!(
            name,
            "deno"
                | "bun"
                | "tsx"
                | "ts-node"
                | "uv"
                | "uvx"
                | "poetry"
                | "pipenv"
                | "irb"
                | "rails"
                | "cscript"
        )
    {
        return None;
    }
    let mut code: Vec<&str> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if gives_code(base(name), word) {
            let attached = word
                .written()
                .get(2..)
                .filter(|rest| !rest.is_empty() && !word.prefix().starts_with("--"));
            code.extend(attached);
            code.extend(words.get(index + 1).map(Word::written));
        }
    }
    if name == "deno" && words.first().and_then(Word::known) == Some("eval") {
        code.extend(words.iter().skip(1).map(Word::written));
    }
    if let Input::Text(text) = &simple.input {
        code.push(text);
    }
    (!code.is_empty()).then(|| code.join("\n"))
}

/// What `uv run python -c` and its kind are read as.
fn base(name: &str) -> &str {
    match name {
        "uv" | "uvx" | "poetry" | "pipenv" => "python",
        "tsx" | "ts-node" => "node",
        "irb" | "rails" => "ruby",
        _ => name,
    }
}

/// Quotes of perl and ruby, as ordinary ones.
fn with_plain_quotes(code: &str) -> String {
    const QUOTES: &[(&str, char)] = &[
        ("qw(", ')'),
        ("qw/", '/'),
        ("qx(", ')'),
        ("qx{", '}'),
        ("qx/", '/'),
        ("qq(", ')'),
        ("%x(", ')'),
        ("%x{", '}'),
        ("%x[", ']'),
        ("%w(", ')'),
        ("%w[", ']'),
    ];
    let mut code = code.to_owned();
    for (open, close) in QUOTES {
        while let Some(at) = code.find(open) {
            let start = at + open.len();
            let Some(end) = code[start..].find(*close) else {
                break;
            };
            let text = code[start..start + end].replace('\'', " ");
            code.replace_range(at..=start + end, &format!("'{text}'"));
        }
    }
    code
}

/// The texts in quotes, with those joined that `+` or nothing joins.
fn literals(code: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut joins = false;
    let mut rest = code;
    while let Some(at) = rest.find(['\'', '"', '`']) {
        let (between, quoted) = rest.split_at(at);
        joins &= matches!(between.trim(), "+" | "" | "." | "..");
        let Some(quote) = quoted.chars().next() else {
            break;
        };
        let Some((text, after)) = until(&quoted[1..], quote) else {
            break;
        };
        match texts.last_mut().filter(|_| joins) {
            Some(last) => last.push_str(&text),
            None => texts.push(text),
        }
        joins = true;
        rest = after;
    }
    texts
}

/// The text up to a quote, and what follows.
fn until(text: &str, quote: char) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => found.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return Some((found, &text[at + 1..])),
            c => found.push(c),
        }
    }
    None
}

/// What texts that are given to a program or a shell would do.
fn started(texts: &[String], around: Around) -> Option<Found> {
    let script = |text: &str| ["bash", "-c", text].map(str::to_owned).to_vec();
    let single = texts
        .iter()
        .filter(|text| text.contains(char::is_whitespace))
        .map(|text| script(text));
    // A list of words, as programs take it.
    let lists = (0..texts.len())
        .filter(|at| !texts[*at].contains(char::is_whitespace) && !texts[*at].is_empty())
        .map(|at| texts[at..].to_vec());
    single
        .chain(lists)
        .take(40)
        .find_map(|argv| around.inside(&argv))
}

fn shows_environment(code: &str) -> bool {
    let after = |name: &str| {
        code.match_indices(name).any(|(at, _)| {
            let rest = code[at + name.len()..].trim_start();
            !rest.starts_with(['.', '[', '{', '-'])
                || rest.starts_with(".items")
                || rest.starts_with(".copy")
                || rest.starts_with(".each")
                || rest.starts_with(".to_h")
                || rest.starts_with(".values")
        })
    };
    after("os.environ") && !code.contains("os.environ.get") && !code.contains("in os.environ")
        || code.contains("for k in os.environ")
        || after("process.env")
        || code.contains("ENVIRON)")
        || after("%ENV")
        || code.contains("ENV.to_h")
        || code.contains("ENV.each")
        || code.contains("getenv()")
}

/// What any build makes anew, or a temporary file.
fn is_everyday(path: &str) -> bool {
    let place = paths::Place::nowhere();
    place.is_temporary(path)
        || place.makes_anew(path)
        || place.below(path).is_some() && path.contains('/') && !paths::is_git_internal(path)
}

fn is_outside(path: &str) -> bool {
    let place = paths::Place::nowhere();
    path.starts_with(['/', '~'])
        && path.len() > 1
        && !place.is_temporary(path)
        && !path.contains(' ')
}
