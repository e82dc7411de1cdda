//! One program in many spellings: each must be found behind what hides it.

use dam_shell::{Analysis, Word};

use crate::script;

/// Whether `rm -rf /srv/data` is listed, and whether anything is opaque.
fn found(analysis: &Analysis) -> bool {
    let words = ["rm", "-rf", "/srv/data"];
    analysis.commands.iter().any(|simple| {
        let name = simple.name();
        let arguments: Vec<Option<&str>> = simple.arguments().iter().map(Word::known).collect();
        name == Some("rm") && arguments.starts_with(&words.map(Some)[1..])
    })
}

/// Ways to have a shell run `rm -rf /srv/data`. `⏎` ends a line.
const DISGUISES: &str = include_str!("../data/disguises.txt");

#[test]
fn what_hides_a_program_is_seen_through() {
    let missed: Vec<&str> = DISGUISES
        .lines()
        .filter(|text| !found(&script(&text.replace('⏎', "\n"))))
        .collect();
    assert!(
        missed.is_empty(),
        "not found behind:\n{}",
        missed.join("\n")
    );
}
