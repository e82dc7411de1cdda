//! Templates of pages that put a value into the page as it is.

use super::{Found, has_ending};
use crate::SourceFile;

/// Filters whose answer is safe, or was meant to be a page.
const SAFE_BEFORE: &[&str] = &[
    "tojson",
    "csrf",
    "escape",
    "bleach",
    "sanitize",
    "striptags",
    "markdown",
    "linebreaks",
    "render",
    "widget",
    "super(",
    "caller(",
    "_(",
    "gettext(",
    "url_for(",
    "media",
];

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if file.is_test || !is_template(file) {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        let line_number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(value) = put_in_as_it_is(file.path, line) {
            found.add(
                "template-unescaped",
                line_number,
                format!("`{value}` is put into the page without being escaped: markup in it runs as a script."),
            );
        } else if switches_escaping_off(line) {
            found.add(
                "template-unescaped",
                line_number,
                "Nothing is escaped from here on: markup in any value runs as a script.",
            );
        }
    }
}

/// Jinja, Django, Twig and Nunjucks by what stands in them; Handlebars and EJS
/// by their names.
fn is_template(file: &SourceFile<'_>) -> bool {
    let pages = [
        "html",
        "htm",
        "jinja",
        "jinja2",
        "j2",
        "njk",
        "twig",
        "djhtml",
        "hbs",
        "handlebars",
        "mustache",
        "ejs",
    ];
    has_ending(file.path, &pages)
}

/// The value that a line puts in as it is.
fn put_in_as_it_is<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    if has_ending(path, &["ejs"]) {
        let value = between(line, "<%-", "%>")?;
        return (!value.starts_with("include") && is_a_value(value)).then_some(value);
    }
    if has_ending(path, &["hbs", "handlebars", "mustache"]) {
        return between(line, "{{{", "}}}").filter(|value| is_a_value(value));
    }
    let mut rest = line;
    while let Some(at) = rest.find("{{") {
        let inside = &rest[at + 2..];
        let end = inside.find("}}").unwrap_or(inside.len());
        let (value, filters) = inside[..end]
            .split_once('|')
            .unwrap_or((&inside[..end], ""));
        let mut filters = filters.split('|').map(str::trim);
        if filters.any(|filter| filter == "safe" || filter == "raw") && is_a_value(&inside[..end]) {
            return Some(value.trim());
        }
        rest = &inside[end..];
    }
    None
}

fn switches_escaping_off(line: &str) -> bool {
    let Some(tag) = between(line, "{%", "%}") else {
        return false;
    };
    let mut words = tag.trim_matches('-').split_ascii_whitespace();
    words.next() == Some("autoescape") && matches!(words.next(), Some("false" | "off" | "False"))
}

fn between<'a>(line: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(begin)?;
    let (inside, _) = rest.split_once(end)?;
    Some(inside.trim())
}

/// Not text of the template's own, nor the answer of what makes it safe.
fn is_a_value(inside: &str) -> bool {
    let value = inside.trim();
    !value.starts_with(['"', '\'']) && !SAFE_BEFORE.iter().any(|word| value.contains(word))
}
