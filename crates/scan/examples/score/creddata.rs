//! CredData: lines with secrets and lines that only look like them, labelled
//! by people. The tree has `meta/*.csv` and `data/`, as the corpus's own
//! script leaves them. Its markup counts lines; so does this.
//!
//! What a tool reports beside all labels is not counted in `precision`, as the
//! corpus's own scorer does not; `strict` is the mean where it counts as wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use super::counts::Counts;
use super::tool::Found;
use super::{Options, Score, Tool};

/// One row of the markup.
struct Row {
    path: String,
    lines: RangeInclusive<u32>,
    is_secret: bool,
    category: String,
}

/// Scores a tool. What was tuned on repositories whose names sort at even
/// places is measured on the others too, as `odd half`.
pub fn score(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    let rows = read_markup(&root.join("meta"))?;
    let looked = tool.look(&root.join("data"), "any")?;
    let mut found: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for each in looked.found {
        found
            .entry(format!("data/{}", each.path))
            .or_default()
            .push(each);
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| repository(&row.path)).collect();
    let odd: BTreeSet<&str> = names.iter().skip(1).step_by(2).copied().collect();
    let (all, beside) = count(&rows, &found, &names, options);
    let (of_odd, _) = count(&rows, &found, &odd, &Options::default());
    let strict = Counts {
        wrong: all.wrong + beside,
        ..all
    };
    Ok(Score {
        figures: vec![
            ("F1", all.f1()),
            ("precision", all.precision()),
            ("recall", all.hit_rate()),
            ("strict", strict.f1()),
            ("odd half", of_odd.f1()),
        ],
        seconds: looked.seconds,
    })
}

fn repository(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// What is right and wrong in these repositories, and how much was reported
/// beside all labels.
fn count(
    rows: &[Row],
    found: &BTreeMap<String, Vec<Found>>,
    of: &BTreeSet<&str>,
    options: &Options,
) -> (Counts, usize) {
    let (mut counts, mut beside) = (Counts::default(), 0);
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| of.contains(repository(&row.path)))
        .collect();
    for row in rows.iter().filter(|row| row.is_secret) {
        let hit = found
            .get(&row.path)
            .is_some_and(|all| all.iter().any(|each| overlaps(row, each)));
        counts.count(true, hit);
        if !hit && options.shows("missed") {
            println!("missed {}:{} {}", row.path, row.lines.start(), row.category);
        }
    }
    let mut seen = BTreeSet::new();
    for (path, all) in found
        .iter()
        .filter(|(path, _)| of.contains(repository(path)))
    {
        for each in all {
            let labels: Vec<&&Row> = rows
                .iter()
                .filter(|row| row.path == *path && overlaps(row, each))
                .collect();
            if labels.iter().any(|row| row.is_secret) || !seen.insert((path, each.line)) {
                continue;
            }
            let kind = if labels.is_empty() { "beside" } else { "wrong" };
            *(if labels.is_empty() {
                &mut beside
            } else {
                &mut counts.wrong
            }) += 1;
            if options.shows(kind) {
                println!("{kind} {path}:{} {}", each.line, each.what);
            }
        }
    }
    (counts, beside)
}

fn overlaps(row: &Row, found: &Found) -> bool {
    *row.lines.start() <= found.end_line && found.line <= *row.lines.end()
}

fn read_markup(dir: &Path) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let entries = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        rows.extend(text.lines().skip(1).filter_map(row));
    }
    Ok(rows)
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').collect();
    let number = |index: usize| cells.get(index)?.parse::<u32>().ok();
    Some(Row {
        path: (*cells.get(4)?).to_owned(),
        lines: number(5)?..=number(6)?,
        is_secret: *cells.get(7)? == "T",
        category: (*cells.last()?).to_owned(),
    })
}
