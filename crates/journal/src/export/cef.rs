//! Common Event Format: one line for each entry, for systems that collect
//! security events. The names and their content are those of the telemetry's
//! catalogue.

use serde_json::Value;

use crate::Entry;
use crate::otel::{Consent, event_of, name_of};

const VENDOR: &str = "Cofferdam";
const PRODUCT: &str = "dam";

/// An entry as a line.
pub fn cef(entry: &Entry, version: &str, consent: Consent) -> String {
    let event = serde_json::to_value(&entry.event).unwrap_or_default();
    let name = name_of(&event);
    let values = event_of(&event, consent);
    let mut extension = vec![
        ("rt".to_owned(), entry.time.as_millisecond().to_string()),
        (
            "externalId".to_owned(),
            format!("{}:{}", entry.session, entry.seq),
        ),
    ];
    let mut custom = 0;
    for (attribute, value) in values {
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match known(attribute) {
            Some(key) => extension.push((key.to_owned(), text)),
            // There are six strings for what the format has no name for; what
            // is beyond goes into the message.
            None if custom < 6 => {
                custom += 1;
                extension.push((format!("cs{custom}Label"), attribute.to_owned()));
                extension.push((format!("cs{custom}"), text));
            }
            None => more(&mut extension, attribute, &text),
        }
    }
    let extension: Vec<String> = extension
        .iter()
        .map(|(key, value)| format!("{key}={}", escaped_value(value)))
        .collect();
    let head = [VENDOR, PRODUCT, version, name, name].map(escaped_head);
    format!(
        "CEF:0|{}|{}|{}",
        head.join("|"),
        severity(&event),
        extension.join(" ")
    )
}

fn more(extension: &mut Vec<(String, String)>, attribute: &str, text: &str) {
    let told = format!("{attribute}={text}");
    match extension.iter_mut().find(|(key, _)| key == "msg") {
        Some((_, message)) => {
            message.push_str("; ");
            message.push_str(&told);
        }
        None => extension.push(("msg".to_owned(), told)),
    }
}

/// What the format has a name for.
fn known(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "decision" => "act",
        "server.address" => "dhost",
        "server.port" => "dpt",
        "process.pid" => "spid",
        "dam.process.name" => "sproc",
        "dam.denial.path" | "dam.path" | "dam.file" => "filePath",
        "dam.decision.reason" | "dam.denial.reason" => "reason",
        "dam.outcome" => "outcome",
        "network.protocol.name" => "app",
        "http.request.method" => "requestMethod",
        _ => return None,
    })
}

/// From 0 to 10.
fn severity(event: &Value) -> u8 {
    let refused = event.pointer("/allowed") == Some(&Value::Bool(false));
    match event
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
    {
        "denial" => 6,
        "decision" | "network_decision" if refused => 6,
        "flow_marked" | "configuration_changed" | "trust_changed" => 5,
        "error" => 4,
        _ => 2,
    }
}

/// In the head, bars separate, and a line is a line.
fn escaped_head(text: &str) -> String {
    let one_line: String = text
        .chars()
        .map(|c| if is_break(c) { ' ' } else { c })
        .collect();
    one_line.replace('\\', r"\\").replace('|', r"\|")
}

/// In the extension, an equals sign separates, and a line break is spelled.
fn escaped_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '=' => out.push_str(r"\="),
            '\r' => out.push_str(r"\r"),
            c if is_break(c) => out.push_str(r"\n"),
            c => out.push(c),
        }
    }
    out
}

/// What some reader takes for the end of a line.
fn is_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event: &str) -> Entry {
        let body = format!(
            r#"{{"v":1,"seq":3,"time":"2026-11-21T07:04:16.123Z","session":"20261121-070416-1f3a9c","prev":"","event":{event}"#
        );
        crate::line::parse(crate::line::seal(body).as_bytes()).expect("an entry")
    }

    #[test]
    fn what_separates_is_escaped() {
        let denial = entry(
            r#"{"kind":"denial","what":"openat","path":"/a|b=c\\d\ne\rf\u2028g","rule":"files.deny","reason":"no | way = \\","pid":7}"#,
        );
        let all = Consent {
            prompts: true,
            content: true,
        };
        let line = cef(&denial, "1|0\\", all);
        assert_eq!(
            line,
            r"CEF:0|Cofferdam|dam|1\|0\\|sandbox_denial|sandbox_denial|6|rt=1795244656123 externalId=20261121-070416-1f3a9c:3 cs1Label=dam.denial.what cs1=openat cs2Label=dam.denial.rule cs2=files.deny spid=7 filePath=/a|b\=c\\d\ne<U+000D>f<U+2028>g reason=no | way \= \\"
        );
        assert_eq!(escaped_value("a\r\nb\u{85}"), r"a\r\nb\n");
        assert_eq!(escaped_head("a\nb|c"), r"a b\|c");
    }

    #[test]
    fn content_is_left_out_unless_it_is_asked_for() {
        let error = entry(r#"{"kind":"error","text":"the secret plan"}"#);
        let line = cef(&error, "1", Consent::default());
        assert!(!line.contains("plan"), "{line}");
    }
}
