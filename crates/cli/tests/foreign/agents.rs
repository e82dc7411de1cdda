//! The agents: how each is started, and how its model makes it do something.

use serde_json::{Value, json};

use crate::scene::Step;

/// An agent that somebody else made.
pub struct Agent {
    pub name: &'static str,
    /// Shell text that plays one conversation to its end, with its own
    /// questions and its own sandbox off: ours is the only boundary. It finds
    /// its packages in `$AGENTS`, its own directory in `$STATE`, and the
    /// model's address in `$origin`.
    pub start: &'static str,
    /// The turns of the model that make it take this step, by its own tools.
    pub turns: fn(&Step) -> Vec<Value>,
}

pub const CODEX: Agent = Agent {
    name: "codex",
    start: r#"CODEX_HOME=$STATE timeout 60 node "$AGENTS/@openai/codex/bin/codex.js" exec \
        --dangerously-bypass-approvals-and-sandbox --skip-git-repo-check \
        --model scripted --config model_provider=scripted --config check_for_update_on_startup=false \
        --config "model_providers.scripted={name=\"scripted\",base_url=\"$origin/v1\",wire_api=\"responses\"}" \
        'Do your day'\''s work.'"#,
    turns: codex_turns,
};

pub const CLAUDE: Agent = Agent {
    name: "claude",
    // Not the program that `bin` names: that one is put there by a script of
    // the package's, and packages' scripts are not run here.
    start: r#"CLAUDE_CONFIG_DIR=$STATE CLAUDE_CODE_TMPDIR=$STATE IS_SANDBOX=1 \
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 \
        ANTHROPIC_BASE_URL=$origin ANTHROPIC_API_KEY=none \
        timeout 60 node "$AGENTS/@anthropic-ai/claude-code/cli-wrapper.cjs" --print \
        --dangerously-skip-permissions --model scripted 'Do your day'\''s work.'"#,
    turns: claude_turns,
};

fn codex_turns(step: &Step) -> Vec<Value> {
    let run = |command: &str| call("exec_command", json!({"cmd": command, "login": false}));
    // It takes a patch in such a command for itself, and starts no program.
    let patch = |hunk: String| {
        run(&format!(
            "apply_patch <<'EOF'\n*** Begin Patch\n{hunk}\n*** End Patch\nEOF"
        ))
    };
    vec![match step {
        Step::Read(file) => run(&format!("cat {}", file.display())),
        Step::Write { path, text } => patch(format!("*** Add File: {}\n+{text}", path.display())),
        Step::Edit {
            path,
            before,
            after,
        } => patch(format!(
            "*** Update File: {}\n@@\n-{before}\n+{after}",
            path.display()
        )),
        Step::Run(command) => run(command),
    }]
}

fn claude_turns(step: &Step) -> Vec<Value> {
    let read = |path| call("Read", json!({ "file_path": path }));
    match step {
        Step::Read(path) => vec![read(path)],
        Step::Write { path, text } => {
            vec![call("Write", json!({"file_path": path, "content": text}))]
        }
        // It edits only what it has read.
        Step::Edit {
            path,
            before,
            after,
        } => vec![
            read(path),
            call(
                "Edit",
                json!({"file_path": path, "old_string": before, "new_string": after}),
            ),
        ],
        Step::Run(command) => vec![call(
            "Bash",
            json!({"command": command, "description": "A step of the day"}),
        )],
    }
}

fn call(name: &str, arguments: impl Into<Value>) -> Value {
    json!({"function_call": {"name": name, "arguments": arguments.into()}})
}
