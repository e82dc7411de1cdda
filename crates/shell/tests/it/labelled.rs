//! Our own lists of scripts, and the class that each must have.

use dam_shell::Class;

use crate::class_of;

/// The scripts of a list.
fn scripts(list: &str) -> impl Iterator<Item = String> {
    list.lines()
        .filter(|line| !line.starts_with("# ") || line.contains('⏎') && !line.ends_with("line."))
        .map(|line| line.replace('⏎', "\n"))
}

/// Fails with every script that is not in the class.
fn all_are(wanted: Class, list: &str, at_least: usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for script in scripts(list) {
        count += 1;
        let (class, because) = class_of(&script);
        if class != wanted {
            wrong.push(format!("{script:?} is {class:?}: {because}"));
        }
    }
    assert!(wrong.is_empty(), "not {wanted:?}:\n{}", wrong.join("\n"));
    assert!(count >= at_least, "only {count} scripts");
}

#[test]
fn safe_scripts_are_known_to_be_safe() {
    all_are(Class::KnownSafe, include_str!("../data/safe.txt"), 60);
}

#[test]
fn dangerous_scripts_are_known_to_be_dangerous() {
    all_are(Class::Dangerous, include_str!("../data/dangerous.txt"), 60);
}

#[test]
fn what_cannot_be_known_is_opaque() {
    all_are(Class::Opaque, include_str!("../data/opaque.txt"), 30);
}

#[test]
fn what_is_neither_is_ordinary() {
    all_are(Class::Ordinary, include_str!("../data/ordinary.txt"), 30);
}
