//! The file: sections that are drafted stand between marks and are written
//! anew; all else is people's and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Survey;

/// The sections that are drafted: mark, title, and what people should know.
const SECTIONS: &[(&str, &str)] = &[
    ("entry-points", "Entry points"),
    ("guards", "Guards"),
    ("stores", "Data stores"),
    ("acts", "Privileged acts"),
    ("hosts", "Outbound hosts"),
    ("secrets", "Secrets used"),
    ("pipelines", "Build and deployment"),
];

/// The heading under which people list routes that are for everybody.
const FOR_EVERYBODY: &str = "for everybody";

/// A threat model as it is written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Model {
    text: String,
}

/// A drafted section that is not what the code says now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Drift {
    /// Its title.
    pub section: String,
    /// Lines that the code has and the file does not.
    pub missing: Vec<String>,
    /// Lines that the file has and the code does not.
    pub gone: Vec<String>,
}

impl Model {
    /// The model in a file.
    pub fn read(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }

    /// A first model for a repository that has none.
    pub fn draft(survey: &Survey) -> Self {
        let mut text = "# Threat model\n\n\
            What stands between the marks is drafted from the code by `dam threat-model`, and is \
            written anew when the code changes. Write everything else yourself: it stays.\n\n\
            ## What this is\n\n\
            <!-- Who uses it, and who must not? What would hurt most? -->\n\n\
            ## Trust boundaries\n\n\
            <!-- Whose data comes in where, and where is it trusted? -->\n\n\
            ## For everybody\n\n\
            <!-- Routes that need no guard, one a line: - `GET /status` -->\n"
            .to_owned();
        for (mark, title) in SECTIONS {
            let _ = write!(text, "\n## {title}\n\n{}", section(mark, survey));
        }
        Self { text }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same with its drafted sections as the code has them now. A section
    /// that somebody removed is put at the end.
    #[must_use]
    pub fn renewed(&self, survey: &Survey) -> Self {
        let mut text = self.text.clone();
        for (mark, title) in SECTIONS {
            let new = section(mark, survey);
            if let Some(range) = range_of(&text, mark) {
                text.replace_range(range, &new);
            } else {
                let end = text.trim_end().len();
                text.truncate(end);
                let _ = write!(text, "\n\n## {title}\n\n{new}");
            }
        }
        Self { text }
    }

    /// What its drafted sections say that the code does not, and the reverse.
    pub fn drift(&self, survey: &Survey) -> Vec<Drift> {
        let mut drifts = Vec::new();
        for (mark, title) in SECTIONS {
            let new = section(mark, survey);
            let old = range_of(&self.text, mark).map_or("", |range| &self.text[range]);
            let (old, new) = (lines(old), lines(&new));
            let without = |all: &BTreeSet<&str>, others: &BTreeSet<&str>| {
                let only = all.difference(others);
                only.map(|line| (*line).to_owned()).collect::<Vec<_>>()
            };
            let missing = without(&new, &old);
            let gone = without(&old, &new);
            if !missing.is_empty() || !gone.is_empty() {
                drifts.push(Drift {
                    section: (*title).to_owned(),
                    missing,
                    gone,
                });
            }
        }
        drifts
    }

    /// Routes that people say are for everybody: `GET /status`.
    pub fn for_everybody(&self) -> Vec<String> {
        let mut routes = Vec::new();
        let mut is_here = false;
        for line in self.text.lines() {
            if let Some(title) = line.strip_prefix('#') {
                let title = title.trim_start_matches('#').trim();
                is_here = title.eq_ignore_ascii_case(FOR_EVERYBODY);
            } else if is_here && let Some(item) = line.trim().strip_prefix("- `") {
                routes.extend(item.split('`').next().map(str::to_owned));
            }
        }
        routes
    }
}

fn opening(mark: &str) -> String {
    format!("<!-- dam:{mark} -->")
}

fn closing(mark: &str) -> String {
    format!("<!-- /dam:{mark} -->")
}

/// Where a section is, with its marks and the end of the line.
fn range_of(text: &str, mark: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find(&opening(mark))?;
    let close = closing(mark);
    let end = start + text[start..].find(&close)? + close.len();
    let newline = usize::from(text[end..].starts_with('\n'));
    Some(start..end + newline)
}

/// The lines of a section that say something.
fn lines(section: &str) -> BTreeSet<&str> {
    section
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("<!--") && !line.starts_with("|---"))
        .collect()
}

fn section(mark: &str, survey: &Survey) -> String {
    let body = match mark {
        "entry-points" => entry_points(survey),
        "guards" => guards(survey),
        "stores" => places(&survey.stores),
        "acts" => places(&survey.acts),
        "hosts" => places(&survey.hosts),
        "secrets" => places(&survey.secrets),
        _ => {
            let files = survey
                .pipelines
                .iter()
                .map(|path| format!("- `{}`\n", cell(path)));
            files.collect()
        }
    };
    let body = if body.is_empty() {
        "None that were seen.\n".to_owned()
    } else {
        body
    };
    format!("{}\n{body}{}\n", opening(mark), closing(mark))
}

fn entry_points(survey: &Survey) -> String {
    if survey.entry_points.is_empty() {
        return String::new();
    }
    let mut text = "| route | handler | guard |\n|---|---|---|\n".to_owned();
    for entry in &survey.entry_points {
        let guards: Vec<String> = entry
            .guards
            .iter()
            .map(|guard| format!("`{}`", cell(guard)))
            .collect();
        let guard = match (guards.is_empty(), entry.asks_itself) {
            (false, _) => guards.join(", "),
            (true, true) => "asks itself".to_owned(),
            (true, false) => "**none**".to_owned(),
        };
        let handler = if entry.handler.is_empty() {
            format!("`{}`", cell(&entry.path))
        } else {
            format!("`{}` in `{}`", cell(&entry.handler), cell(&entry.path))
        };
        let _ = writeln!(text, "| `{}` | {handler} | {guard} |", cell(&entry.route));
    }
    text
}

fn guards(survey: &Survey) -> String {
    let mut text = String::new();
    for (guard, routes) in &survey.guards {
        let _ = writeln!(
            text,
            "- `{}`: {routes} of {} routes",
            cell(guard),
            survey.entry_points.len()
        );
    }
    text
}

fn places(names: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for (name, paths) in names {
        let shown: Vec<String> = paths
            .iter()
            .take(3)
            .map(|path| format!("`{}`", cell(path)))
            .collect();
        let more = paths.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = writeln!(text, "- {}: {}{more}", cell(name), shown.join(", "));
    }
    text
}

/// Text of strangers in a table: no mark, cell or line of its own.
fn cell(text: &str) -> String {
    let clean = dam_journal::clean(text);
    clean
        .chars()
        .map(|c| match c {
            '|' | '`' | '<' | '>' => '·',
            c if c.is_control() => ' ',
            c => c,
        })
        .take(120)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::EntryPoint;
    use super::*;

    fn survey() -> Survey {
        let mut survey = Survey::default();
        survey.entry_points.push(EntryPoint {
            route: "GET /a".to_owned(),
            path: "a.py".to_owned(),
            handler: "a".to_owned(),
            guards: BTreeSet::from(["login_required".to_owned()]),
            asks_itself: false,
        });
        survey.guards.insert("login_required".to_owned(), 1);
        survey
    }

    #[test]
    fn what_people_wrote_survives() {
        let drafted = Model::draft(&survey());
        let mine = drafted
            .text()
            .replace("## What this is\n", "## What this is\n\nA shop.\n")
            .replace("## Guards", "## Guards, which I renamed");
        let model = Model::read(&mine);
        let mut now = survey();
        now.entry_points[0].guards.clear();
        now.guards.clear();
        let renewed = model.renewed(&now);
        assert!(renewed.text().contains("\nA shop.\n"));
        assert!(renewed.text().contains("## Guards, which I renamed"));
        assert!(
            renewed
                .text()
                .contains("| `GET /a` | `a` in `a.py` | **none** |")
        );
        // Written twice it is the same.
        assert_eq!(renewed.renewed(&now), renewed);
        assert_eq!(renewed.drift(&now), []);
    }

    #[test]
    fn drift_is_told_line_by_line() {
        let model = Model::draft(&survey());
        assert_eq!(model.drift(&survey()), []);
        let mut now = survey();
        now.entry_points[0].route = "POST /b".to_owned();
        let drift = model.drift(&now);
        assert_eq!(drift.len(), 1);
        assert_eq!(drift[0].section, "Entry points");
        assert!(drift[0].missing[0].contains("POST /b"));
        assert!(drift[0].gone[0].contains("GET /a"));
    }

    #[test]
    fn a_section_that_was_removed_comes_back() {
        let model = Model::read("# Mine\n");
        let renewed = model.renewed(&survey());
        assert!(renewed.text().starts_with("# Mine\n\n## Entry points\n"));
        assert_eq!(renewed.drift(&survey()), []);
    }

    #[test]
    fn routes_for_everybody_are_read_where_they_are_listed() {
        let model =
            Model::read("## For everybody\n\n- `GET /a`: a page\ntext\n## Else\n- `GET /b`\n");
        assert_eq!(model.for_everybody(), ["GET /a"]);
    }

    #[test]
    fn text_of_strangers_makes_no_marks() {
        let mut survey = survey();
        survey.entry_points[0].route = "GET /<!-- /dam:entry-points -->|`x\n".to_owned();
        let model = Model::draft(&survey);
        assert_eq!(
            model.text().matches("<!-- /dam:entry-points -->").count(),
            1
        );
        assert_eq!(model.renewed(&survey), model);
    }
}
