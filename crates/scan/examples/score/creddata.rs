//! CredData: lines with secrets and lines that only look like them, labelled
//! by people. `PATH` has `meta/*.csv` and `data/`, as the corpus's own script
//! leaves them. Its markup counts lines; so does this.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use dam_scan::{Confidence, Detector, Secrets, Settings, scan_tree};

/// One row of the markup.
struct Row {
    path: String,
    lines: std::ops::RangeInclusive<u32>,
    is_secret: bool,
    category: String,
}

/// What was right and wrong.
#[derive(Default)]
struct Counts {
    found: usize,
    missed: usize,
    labelled_wrong: usize,
    unlabelled: usize,
}

/// Prints precision, recall and their mean, for all repositories and for those
/// whose names sort at even and at odd places: what was tuned on one half is
/// measured on the other. `list` prints what was `missed` or `wrong`.
pub fn score(root: &Path, list: Option<&str>) -> Result<(), String> {
    let rows = read_markup(&root.join("meta"))?;
    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Secrets::default())];
    let begun = std::time::Instant::now();
    let scan = scan_tree(&root.join("data"), &detectors, &Settings::default())
        .map_err(|error| error.to_string())?;
    let took = begun.elapsed();
    let mut found: BTreeMap<String, Vec<(u32, u32, String)>> = BTreeMap::new();
    let likely = scan
        .findings
        .iter()
        .filter(|each| each.confidence > Confidence::C);
    for each in likely {
        let place = (
            each.line,
            each.end_line.max(each.line),
            format!("{} {}", each.rule, each.snippet),
        );
        found
            .entry(format!("data/{}", each.path))
            .or_default()
            .push(place);
    }
    let repositories: BTreeSet<&str> = rows.iter().map(|row| repository(&row.path)).collect();
    let half = |wanted: usize| -> BTreeSet<&str> {
        repositories
            .iter()
            .enumerate()
            .filter(|(index, _)| index % 2 == wanted)
            .map(|(_, name)| *name)
            .collect()
    };
    print_counts("all", &count(&rows, &found, &repositories, list));
    print_counts("even (tuned on)", &count(&rows, &found, &half(0), None));
    print_counts("odd half", &count(&rows, &found, &half(1), None));
    println!(
        "{} files, {} bytes in {took:?}",
        scan.coverage.files.values().sum::<usize>(),
        scan.coverage.bytes
    );
    Ok(())
}

fn repository(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn count(
    rows: &[Row],
    found: &BTreeMap<String, Vec<(u32, u32, String)>>,
    of: &BTreeSet<&str>,
    list: Option<&str>,
) -> Counts {
    let mut counts = Counts::default();
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| of.contains(repository(&row.path)))
        .collect();
    for row in rows.iter().filter(|row| row.is_secret) {
        let hit = found
            .get(&row.path)
            .is_some_and(|places| places.iter().any(|(from, to, _)| overlaps(row, *from, *to)));
        if hit {
            counts.found += 1;
        } else {
            counts.missed += 1;
            if list == Some("missed") {
                println!("{}:{} {}", row.path, row.lines.start(), row.category);
            }
        }
    }
    let mut seen = BTreeSet::new();
    for (path, places) in found
        .iter()
        .filter(|(path, _)| of.contains(repository(path)))
    {
        for (from, to, what) in places {
            let mut labels = rows
                .iter()
                .filter(|row| row.path == *path && overlaps(row, *from, *to))
                .peekable();
            let labelled = labels.peek().is_some();
            if labels.any(|row| row.is_secret) || !seen.insert((path, from)) {
                continue;
            }
            let kind = if labelled { "wrong" } else { "unlabelled" };
            *(if labelled {
                &mut counts.labelled_wrong
            } else {
                &mut counts.unlabelled
            }) += 1;
            if list == Some(kind) {
                println!("{path}:{from} {what}");
            }
        }
    }
    counts
}

fn overlaps(row: &Row, from: u32, to: u32) -> bool {
    *row.lines.start() <= to && from <= *row.lines.end()
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

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn print_counts(name: &str, counts: &Counts) {
    let ratio = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let precision = ratio(counts.found, counts.found + counts.labelled_wrong);
    let strict = ratio(
        counts.found,
        counts.found + counts.labelled_wrong + counts.unlabelled,
    );
    let recall = ratio(counts.found, counts.found + counts.missed);
    let mean = |precision: f64| 2.0 * precision * recall / (precision + recall).max(f64::EPSILON);
    println!(
        "{name}: {} found, {} missed, {} wrong, {} beside the labels: precision {precision:.3} recall {recall:.3} F1 {:.3} (with those beside: {strict:.3}, {:.3})",
        counts.found,
        counts.missed,
        counts.labelled_wrong,
        counts.unlabelled,
        mean(precision),
        mean(strict),
    );
}
