//! A change as a unified difference that `git apply` takes.

use std::fmt::Write;
use std::time::Duration;

use similar::{Algorithm, TextDiff};

/// How long comparing may take before the answer gets coarse.
const PATIENCE: Duration = Duration::from_secs(2);

/// What changes in one file; nothing where nothing does.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let difference = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let (old, new) = (quoted("a/", path), quoted("b/", path));
    let mut text = format!("diff --git {old} {new}\n--- {old}\n+++ {new}\n");
    for hunk in difference.unified_diff().iter_hunks() {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{hunk}");
    }
    text
}

/// A path as git writes it: in quotes where it would not be read back.
fn quoted(side: &str, path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if path.bytes().all(plain) {
        return format!("{side}{path}");
    }
    let mut text = format!("\"{side}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            0x20..=0x7e => text.push(char::from(byte)),
            _ => {
                // Writing to a string cannot fail.
                let _infallible = write!(text, "\\{byte:03o}");
            }
        }
    }
    text.push('"');
    text
}
