//! Measures the classes on other people's commands, where they are at hand.
//! They are data to look at, not expectations: what must hold is that every
//! line gets an answer.

use std::collections::BTreeMap;
use std::path::Path;

use crate::class_of;

/// Where a checkout that has the corpora has them.
pub(crate) const FOLDER: &str = "../../../shared/corpora/commands";

#[test]
fn every_line_of_the_corpora_gets_an_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    for name in ["everyday", "hostile"] {
        let Ok(text) = std::fs::read_to_string(folder.join(name).with_extension("jsonl")) else {
            println!("{name}: not here, nothing to measure");
            continue;
        };
        let mut counts = BTreeMap::new();
        for line in text.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            let command = object["command"].as_str().unwrap();
            let (class, because) = class_of(command);
            assert!(!because.is_empty(), "{command}");
            println!("{name}\t{class:?}\t{because}\t{}", command.escape_debug());
            *counts.entry(class).or_insert(0) += 1;
        }
        println!("{name}: {counts:?}");
    }
}
