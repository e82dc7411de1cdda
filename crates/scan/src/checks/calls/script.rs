//! Calls in Python and JavaScript, read from their syntax trees.

use tree_sitter::Node;

use crate::checks::Found;
use crate::{Confidence, Language, SourceFile};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    // Most files have none of these words: they need not be parsed for this.
    const WORDS: &[&str] = &[
        "requests",
        "urlopen",
        "verify",
        "axios",
        "debug",
        "DEBUG",
        "except",
        "catch",
        "SMTP",
        "HTTPConnection",
        "err",
    ];
    if !WORDS.iter().any(|word| file.text.contains(word)) {
        return;
    }
    let Some(tree) = file.tree() else {
        return;
    };
    let is_python = file.language == Language::Python;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if is_python {
            python(node, file, found);
        } else {
            javascript(node, file, found);
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

fn text<'a>(node: Node<'_>, file: &SourceFile<'a>) -> &'a str {
    file.text.get(node.byte_range()).unwrap_or_default()
}

fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(0) + 1
}

/// Calls of Python's libraries that wait without a limit unless told.
const WAITS: &[&str] = &[
    "requests.get",
    "requests.post",
    "requests.put",
    "requests.patch",
    "requests.delete",
    "requests.head",
    "requests.options",
    "requests.request",
    "urllib.request.urlopen",
    "urlopen",
    "urllib2.urlopen",
    "smtplib.SMTP",
    "smtplib.SMTP_SSL",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "ftplib.FTP",
    "telnetlib.Telnet",
];

fn python(node: Node<'_>, file: &SourceFile<'_>, found: &mut Found<'_>) {
    match node.kind() {
        "call" => python_call(node, file, found),
        "except_clause" => python_except(node, file, found),
        "assignment" => python_switch(node, file, found),
        _ => {}
    }
}

fn python_call(node: Node<'_>, file: &SourceFile<'_>, found: &mut Found<'_>) {
    let (Some(function), Some(arguments)) = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    ) else {
        return;
    };
    let name = text(function, file);
    let mut cursor = arguments.walk();
    let children: Vec<Node<'_>> = arguments.named_children(&mut cursor).collect();
    let keyword = |wanted: &str| {
        children
            .iter()
            .filter(|child| child.kind() == "keyword_argument")
            .find_map(|child| {
                let name = child.child_by_field_name("name")?;
                (text(name, file) == wanted).then(|| child.child_by_field_name("value"))?
            })
    };
    let spread = children
        .iter()
        .any(|child| child.kind() == "dictionary_splat");
    if WAITS.contains(&name) && keyword("timeout").is_none() && !spread && !file.is_test {
        // `urlopen(url, data, timeout)` and `SMTP(host, port, …, timeout)`.
        let by_place = (name.ends_with("urlopen") && children.len() >= 3) || children.len() >= 4;
        if !by_place {
            found.add("outbound-without-timeout", line(node), format!("`{name}` has no `timeout`: if the other side does not answer, neither does this."));
        }
    }
    // A token that is not verified is told by the flows.
    let is_token = name.ends_with("jwt.decode");
    if !is_token && keyword("verify").is_some_and(|value| text(value, file) == "False") {
        found.add("tls-verification-off", line(node), format!("`verify=False` in `{name}`: whoever stands between can answer in the other side's place."));
    }
    let last = name.rsplit('.').next();
    if matches!(
        last,
        Some("run" | "Application" | "FastAPI" | "Starlette" | "Sanic")
    ) && keyword("debug").is_some_and(|value| text(value, file) == "True")
        && !file.is_test
    {
        found
            .add(
                "debug-enabled",
                line(node),
                "`debug=True` gives whoever causes an error a console on the server.",
            )
            .confidence = Confidence::A;
    }
}

fn python_switch(node: Node<'_>, file: &SourceFile<'_>, found: &mut Found<'_>) {
    let (Some(left), Some(right)) = (
        node.child_by_field_name("left"),
        node.child_by_field_name("right"),
    ) else {
        return;
    };
    if text(right, file) != "True" || file.is_test {
        return;
    }
    let name = text(left, file);
    let in_settings = crate::checks::file_name(file.path).contains("settings")
        || file.path.contains("/settings/");
    let local = ["dev", "local", "test", "debug"]
        .iter()
        .any(|word| file.path.to_ascii_lowercase().contains(word));
    if (name == "DEBUG" && in_settings && !local)
        || matches!(
            name,
            "app.debug" | "app.config[\"DEBUG\"]" | "app.config['DEBUG']"
        )
    {
        found.add(
            "debug-enabled",
            line(node),
            format!("`{name} = True`: errors show the code, the settings and what was sent."),
        );
    }
}

/// What hands something to a client in Python's frameworks.
const PYTHON_ANSWERS: &[&str] = &[
    "jsonify",
    "HttpResponse",
    "JsonResponse",
    "Response",
    "make_response",
    "JSONResponse",
    "HTMLResponse",
    "PlainTextResponse",
    "HttpResponseServerError",
    "HttpResponseBadRequest",
    "HTTPException",
    "render_template",
    "abort",
    "web.Response",
    "web.json_response",
];

const PYTHON_FRAMEWORKS: &[&str] = &[
    "flask",
    "django",
    "fastapi",
    "starlette",
    "aiohttp",
    "bottle",
    "tornado",
    "sanic",
    "quart",
    "rest_framework",
];

fn python_except(node: Node<'_>, file: &SourceFile<'_>, found: &mut Found<'_>) {
    let serves = PYTHON_FRAMEWORKS.iter().any(|name| {
        file.text.contains(&format!("import {name}")) || file.text.contains(&format!("from {name}"))
    });
    if !serves || file.is_test {
        return;
    }
    let name = exception_name(node, file);
    let mut stack = vec![node];
    while let Some(inner) = stack.pop() {
        if matches!(inner.kind(), "return_statement" | "raise_statement") {
            let said = text(inner, file);
            let answers = inner.kind() == "return_statement"
                || PYTHON_ANSWERS
                    .iter()
                    .any(|call| said.contains(&format!("{call}(")));
            if let Some(what) = leaks(said, name.as_deref()).filter(|_| answers) {
                let finding = found.add(
                    "error-detail-leak",
                    line(inner),
                    format!("`{what}` goes to the client: paths, queries and settings with it."),
                );
                if what.contains("traceback") {
                    finding.confidence = Confidence::A;
                }
            }
            continue;
        }
        let mut cursor = inner.walk();
        stack.extend(
            inner
                .children(&mut cursor)
                .filter(|child| child.kind() != "function_definition"),
        );
    }
}

/// The name in `except Error as e`.
fn exception_name(node: Node<'_>, file: &SourceFile<'_>) -> Option<String> {
    let head = text(node, file).split(':').next()?;
    let (_, name) = head.rsplit_once(" as ")?;
    Some(name.trim().to_owned())
}

fn leaks(said: &str, name: Option<&str>) -> Option<String> {
    if said.contains("traceback.format_exc(") || said.contains("traceback.format_exception(") {
        return Some("traceback.format_exc()".to_owned());
    }
    let name = name?;
    let forms = [
        format!("str({name})"),
        format!("repr({name})"),
        format!("{{{name}}}"),
        format!("{{{name}!r}}"),
        format!("{{str({name})}}"),
        format!("{name}.args"),
    ];
    forms.into_iter().find(|form| said.contains(form.as_str()))
}

fn javascript(node: Node<'_>, file: &SourceFile<'_>, found: &mut Found<'_>) {
    if node.kind() != "call_expression" || file.is_test {
        return;
    }
    let (Some(function), Some(arguments)) = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    ) else {
        return;
    };
    let name = text(function, file);
    let said = text(arguments, file);
    let waits = matches!(
        name,
        "axios"
            | "axios.get"
            | "axios.post"
            | "axios.put"
            | "axios.delete"
            | "axios.patch"
            | "axios.request"
    );
    if waits
        && !said.contains("timeout")
        && !said.contains("signal")
        && !said.contains("...")
        && !file.text.contains("axios.defaults.timeout")
    {
        found.add(
            "outbound-without-timeout",
            line(node),
            format!(
                "`{name}` has no `timeout`: if the other side does not answer, neither does this."
            ),
        );
    }
    let method = name.rsplit('.').next().unwrap_or_default();
    let root = name.split(['.', '(']).next().unwrap_or_default();
    let answers = matches!(root, "res" | "response" | "reply" | "ctx")
        && matches!(method, "send" | "json" | "end" | "write" | "render");
    if answers {
        if let Some(what) = ["err.stack", "error.stack", "e.stack", "ex.stack"]
            .into_iter()
            .find(|what| said.contains(what))
        {
            found
                .add(
                    "error-detail-leak",
                    line(node),
                    format!("`{what}` goes to the client: paths and code with it."),
                )
                .confidence = Confidence::A;
        } else if matches!(
            said,
            "(err)" | "(error)" | "(err.toString())" | "(err.message)" | "(error.message)"
        ) {
            found
                .add(
                    "error-detail-leak",
                    line(node),
                    format!(
                        "`{}` goes to the client as it is.",
                        said.trim_matches(['(', ')'])
                    ),
                )
                .confidence = Confidence::C;
        }
    }
}
