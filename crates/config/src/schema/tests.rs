//! The table of keys, and the page that lists them.

use std::fmt::Write;

use super::*;

fn row(page: &mut String, place: &str, key: &Key) {
    let project = if key.by == By::Anybody { "yes" } else { "no" };
    writeln!(page, "| `{place}{}` | {} | {project} |", key.name, key.doc).expect("a string");
}

/// Tables whose keys stand elsewhere on the page.
const ELSEWHERE: &[&str] = &["environment", "network_proxy"];

/// Whose `limits` are those of the top level.
fn is_profile(place: &str) -> bool {
    place == "permissions.<name>."
}

fn rows_of(page: &mut String, place: &str, keys: &[Key], around: By) {
    for key in keys {
        let by = around.max(key.by);
        row(page, place, &Key { by, ..*key });
        let is_elsewhere =
            ELSEWHERE.contains(&key.name) || key.name == "limits" && is_profile(place);
        match key.shape {
            _ if is_elsewhere => {}
            Shape::Table(keys) => rows_of(page, &format!("{place}{}.", key.name), keys, by),
            Shape::Tables(_, keys) => {
                rows_of(page, &format!("{place}{}.<name>.", key.name), keys, by);
            }
            _ => {}
        }
    }
}

fn rows() -> String {
    let mut page = String::new();
    rows_of(&mut page, "", TOP, By::Anybody);
    page
}

/// What could send a session elsewhere, or run something.
#[test]
fn no_project_names_providers_credentials_telemetry_or_hooks() {
    const NEVER: &[&str] = &[
        "model_provider",
        "model_providers",
        "otel",
        "hooks",
        "notify",
        "history",
        "journal",
        "mcp_servers",
        "features",
        "permissions",
        "projects",
        "secrets",
        "shell_environment_policy",
    ];
    let mut never = TOP.iter().filter(|key| NEVER.contains(&key.name));
    assert!(never.all(|key| key.by != By::Anybody));
    assert!(TOP.iter().any(|key| key.name == NEVER[1]));
}

#[test]
fn the_page_lists_every_key() {
    let page = include_str!("../../../../docs/configuration.md");
    let rows = rows();
    assert!(
        page.contains(&rows),
        "docs/configuration.md must hold these rows:\n{rows}"
    );
}
