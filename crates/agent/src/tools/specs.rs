//! The tools as they are offered to a model.

use dam_model::ToolSpec;
use serde_json::{Value, json};

/// Every tool, in the order in which they are offered.
pub(crate) fn specs() -> Vec<ToolSpec> {
    vec![exec_command(), write_stdin(), apply_patch(), update_plan()]
}

/// The language of patches, for models that are held to a grammar.
const GRAMMAR: &str = r#"start: begin change+ end
begin: "*** Begin Patch" NL
end: "*** End Patch" NL?
?change: add | delete | update
add: "*** Add File: " REST NL added*
added: "+" REST? NL
delete: "*** Delete File: " REST NL
update: "*** Update File: " REST NL (move hunks? | hunks)
move: "*** Move to: " REST NL
hunks: body hunk* | hunk+
hunk: place+ body
place: "@@" (" " REST)? NL
body: line+ last?
line: (" " | "-" | "+") REST? NL
last: "*** End of File" NL
REST: /[^\n]+/
NL: "\n"
"#;

fn exec_command() -> ToolSpec {
    function(
        "exec_command",
        "Runs a script in a shell and gives back what it wrote. If it is still running when the \
         time is up, a session id comes back, for `write_stdin`.",
        &["cmd"],
        &json!({
            "cmd": text("The script."),
            "workdir": text("The directory to run it in; the working directory if left out."),
            "shell": text("The shell: `bash`, `sh`, `dash`, `zsh` or `ksh`."),
            "tty": {
                "type": "boolean",
                "description": "Keep the script's input open, to write to it with `write_stdin`. \
                    Input and output are pipes, never a terminal.",
            },
            "yield_time_ms": number("How long to wait for the end, in milliseconds."),
            "max_output_tokens": number("How much output to give back; its middle is left out."),
            "sandbox_permissions": {
                "type": "string",
                "enum": ["use_default", "require_escalated"],
                "description": "`require_escalated` asks the user to let the script run outside \
                    the boundary.",
            },
            "justification": text("With `require_escalated`: one sentence for the user, why."),
        }),
    )
}

fn write_stdin() -> ToolSpec {
    function(
        "write_stdin",
        "Writes to a script that is still running and was started with `tty`, or only waits for \
         more of its output. Ctrl-C (U+0003) ends it, Ctrl-D (U+0004) ends its input.",
        &["session_id"],
        &json!({
            "session_id": number("Which, as `exec_command` said."),
            "chars": text("What to write; nothing, to wait only. A line needs its `\\n`."),
            "yield_time_ms": number("How long to wait for output, in milliseconds."),
            "max_output_tokens": number("How much output to give back; its middle is left out."),
        }),
    )
}

fn apply_patch() -> ToolSpec {
    ToolSpec::Custom {
        name: "apply_patch".to_owned(),
        description: "Changes files. The input is a patch and nothing else, not JSON. A hunk is \
            found by its lines, so it needs enough unchanged lines around the change to be found \
            once; `@@` with a line above helps where they repeat. The whole patch is applied, or \
            nothing of it."
            .to_owned(),
        format: Some(json!({"type": "grammar", "syntax": "lark", "definition": GRAMMAR})),
    }
}

fn update_plan() -> ToolSpec {
    let step = json!({
        "type": "object",
        "properties": {
            "step": text("What is to be done, in a few words."),
            "status": {"type": "string", "enum": ["pending", "in_progress", "completed"]},
        },
        "required": ["step", "status"],
        "additionalProperties": false,
    });
    function(
        "update_plan",
        "Shows the user the steps of a longer task and how they stand. Give all steps each time, \
         at most one of them in progress.",
        &["plan"],
        &json!({
            "explanation": text("Why the plan is new, if it is not plain."),
            "plan": {"type": "array", "items": step},
        }),
    )
}

fn function(name: &str, description: &str, required: &[&str], properties: &Value) -> ToolSpec {
    ToolSpec::Function {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }),
        // Strict schemas cannot have optional properties.
        strict: false,
    }
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn number(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::read;

    #[test]
    fn every_tool_that_is_offered_is_understood() {
        for spec in specs() {
            let ToolSpec::Function {
                name, parameters, ..
            } = &spec
            else {
                continue;
            };
            let sample = |(key, schema): (&String, &Value)| {
                let value = match schema["type"].as_str() {
                    Some("integer") => json!(1),
                    Some("boolean") => json!(true),
                    Some("array") => json!([{"step": "a", "status": "pending"}]),
                    _ => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("x")),
                };
                (key.clone(), value)
            };
            let properties = parameters["properties"].as_object().unwrap();
            let arguments: serde_json::Map<String, Value> = properties.iter().map(sample).collect();
            read(name, &Value::Object(arguments).to_string()).unwrap();
        }
    }

    #[test]
    fn the_grammar_defines_each_of_its_words() {
        let defined: Vec<&str> = GRAMMAR
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name.trim_start_matches('?'))
            .collect();
        let outside_quotes = |line: &str| -> String {
            let body = line.split_once(": ").map_or("", |(_, body)| body);
            body.split(['"', '/'])
                .step_by(2)
                .collect::<Vec<_>>()
                .join(" ")
        };
        for line in GRAMMAR.lines() {
            for word in outside_quotes(line).split(|c: char| !c.is_alphabetic()) {
                assert!(word.is_empty() || defined.contains(&word), "{word}");
            }
        }
    }
}
