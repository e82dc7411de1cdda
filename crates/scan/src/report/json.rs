//! The report as JSON, in the form of `docs/schema/scan-report.json`.

use super::Report;

/// The report as one indented object.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
