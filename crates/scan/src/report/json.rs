//! The report as JSON, in the form of `docs/schema/scan-report.json`.

use std::fmt::Write;

use serde_json::Value;

use super::Report;

/// The report as one indented object.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    printed(&serde_json::to_value(report)?)
}

/// JSON in ASCII alone: a path may have anything in it, and whoever prints the
/// report sees it spelled out.
pub fn printed(value: &Value) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(value)?;
    let mut ascii = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _infallible = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii.push('\n');
    Ok(ascii)
}
