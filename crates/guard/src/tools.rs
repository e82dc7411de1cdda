//! The tools of other vendors' agents: what a call of each would do.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use dam_gate::{Request, plain};
use serde_json::Value;
use url::Url;

use crate::{Agent, BadCall};

/// What does nothing but in the agent itself: its plans, its questions to the
/// user, and what it started before, which was judged then.
const INSIDE: &[&str] = &[
    "Agent",
    "AskUserQuestion",
    "BashOutput",
    "EnterPlanMode",
    "ExitPlanMode",
    "KillBash",
    "KillShell",
    "Task",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoRead",
    "TodoWrite",
    "ToolSearch",
    "update_plan",
];

/// How a patch begins, wherever it stands.
const PATCH: &str = "*** Begin Patch";

/// What a call of a tool would do. A tool that is not known is judged as one
/// of a server that is called as the agent.
pub(crate) fn requests(
    agent: Agent,
    tool: &str,
    input: &Value,
    cwd: &Path,
) -> Result<Vec<Request>, BadCall> {
    let call = Input {
        tool,
        fields: input,
        cwd,
    };
    Ok(match tool {
        "Bash" | "Monitor" | "shell" | "exec_command" | "local_shell" => call.command("bash")?,
        "PowerShell" => call.command("pwsh")?,
        "apply_patch" => call.patch()?,
        "Read" | "NotebookRead" => reads(&call.path(&["file_path", "notebook_path"])?),
        "view_image" => reads(&call.path(&["path"])?),
        "Glob" | "Grep" | "LS" => reads(&call.directory()?),
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => {
            writes(&call.path(&["file_path", "notebook_path"])?)
        }
        "WebFetch" => vec![call.reach()?],
        "WebSearch" => vec![Request::SearchWeb {
            query: call.text("query")?.to_owned(),
        }],
        "Skill" => vec![Request::RunSkill {
            skill: call.one_of(&["skill", "command"])?.to_owned(),
        }],
        inside if INSIDE.contains(&inside) => Vec::new(),
        other => vec![server_tool(agent, other)],
    })
}

/// `mcp__server__tool`, or a tool of the agent's own.
fn server_tool(agent: Agent, name: &str) -> Request {
    let named = name.strip_prefix("mcp__");
    let (server, tool) = named
        .and_then(|name| name.split_once("__"))
        .unwrap_or((agent.name(), name));
    Request::UseTool {
        server: server.to_owned(),
        tool: tool.to_owned(),
    }
}

/// The input of one call.
struct Input<'a> {
    tool: &'a str,
    fields: &'a Value,
    cwd: &'a Path,
}

impl<'a> Input<'a> {
    fn missing(&self, field: &'static str) -> BadCall {
        BadCall::NoField {
            tool: self.tool.to_owned(),
            field,
        }
    }

    fn text(&self, field: &'static str) -> Result<&'a str, BadCall> {
        let text = self.fields.get(field).and_then(Value::as_str);
        text.ok_or_else(|| self.missing(field))
    }

    /// The first of these fields that is there.
    fn one_of(&self, fields: &[&'static str]) -> Result<&'a str, BadCall> {
        let there = fields
            .iter()
            .find(|field| self.fields.get(**field).is_some());
        self.text(there.or(fields.first()).copied().unwrap_or_default())
    }

    fn path(&self, fields: &[&'static str]) -> Result<PathBuf, BadCall> {
        Ok(self.cwd.join(self.one_of(fields)?))
    }

    /// What is looked through: the named directory, or the one it runs in.
    fn directory(&self) -> Result<PathBuf, BadCall> {
        match self.fields.get("path") {
            None | Some(Value::Null) => Ok(self.cwd.to_owned()),
            Some(_) => self.path(&["path"]),
        }
    }

    /// A script for a shell, or the words of a command.
    fn command(&self, shell: &str) -> Result<Vec<Request>, BadCall> {
        let given = self
            .fields
            .get("command")
            .or_else(|| self.fields.get("cmd"));
        let script = |text: &str| [shell, "-c", text].map(str::to_owned).to_vec();
        let argv: Option<Vec<String>> = match given {
            Some(Value::String(text)) => Some(script(text)),
            Some(Value::Array(words)) if !words.is_empty() => {
                let text = |word: &Value| word.as_str().map(str::to_owned);
                words.iter().map(text).collect()
            }
            _ => None,
        };
        let argv = argv.ok_or_else(|| self.missing("command"))?;
        let workdir = self.fields.get("workdir").and_then(Value::as_str);
        let cwd = workdir.map_or_else(|| self.cwd.to_owned(), |dir| self.cwd.join(dir));
        // Codex applies a patch that it finds in a command by itself.
        let patched: Vec<PathBuf> = argv.iter().flat_map(|word| patched(word, &cwd)).collect();
        let command = Request::Command {
            argv,
            cwd,
            escalation: None,
        };
        let writes = patched.iter().flat_map(|path| writes(path));
        Ok([command].into_iter().chain(writes).collect())
    }

    fn patch(&self) -> Result<Vec<Request>, BadCall> {
        let text = self.one_of(&["command", "patch", "input"])?;
        let paths = patched(text, self.cwd);
        if paths.is_empty() {
            return Err(BadCall::NoPatch);
        }
        Ok(paths.iter().flat_map(|path| writes(path)).collect())
    }

    fn reach(&self) -> Result<Request, BadCall> {
        let text = self.text("url")?;
        let bad = || BadCall::NoHost(dam_journal::clean(text));
        let url = Url::parse(text).map_err(|_| bad())?;
        let is_web = matches!(url.scheme(), "http" | "https");
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) if is_web => Ok(Request::reach(host, port)),
            _ => Err(bad()),
        }
    }
}

/// The files that a patch in a text would change.
fn patched(text: &str, cwd: &Path) -> Vec<PathBuf> {
    const HEADERS: [&str; 4] = [
        "*** Add File: ",
        "*** Update File: ",
        "*** Delete File: ",
        "*** Move to: ",
    ];
    if !text.contains(PATCH) {
        return Vec::new();
    }
    let named = |line: &str| {
        let line = line.trim();
        let mut headers = HEADERS.iter();
        let path = headers.find_map(|header| line.strip_prefix(header));
        path.map(|path| cwd.join(path.trim()))
    };
    text.lines().filter_map(named).collect()
}

fn reads(path: &Path) -> Vec<Request> {
    let paths = spellings(path).into_iter();
    paths.map(|path| Request::ReadFile { path }).collect()
}

fn writes(path: &Path) -> Vec<Request> {
    let paths = spellings(path).into_iter();
    paths.map(|path| Request::WriteFile { path }).collect()
}

/// A path as it is named, without `.` and `..`, and the place that its links
/// lead to, if that is another: both are judged.
fn spellings(path: &Path) -> Vec<PathBuf> {
    let named = plain(path);
    let led = led_to(path);
    if led == named {
        vec![named]
    } else {
        vec![named, led]
    }
}

/// Where a path leads to: of what is there, the place behind every link.
fn led_to(path: &Path) -> PathBuf {
    let mut missing: Vec<&OsStr> = Vec::new();
    for base in path.ancestors() {
        if let Ok(found) = base.canonicalize() {
            let rest = missing.iter().rev();
            return plain(&rest.fold(found, |path, name| path.join(name)));
        }
        // A link that leads nowhere yet is made by whoever writes to it.
        if let Ok(target) = base.read_link() {
            let around = base.parent().unwrap_or(base);
            let rest = missing.iter().rev();
            let target = rest.fold(around.join(target), |path, name| path.join(name));
            return plain(&target);
        }
        match base.components().next_back() {
            Some(Component::Normal(name)) => missing.push(name),
            Some(Component::ParentDir) => missing.push(OsStr::new("..")),
            _ => {}
        }
    }
    plain(path)
}
