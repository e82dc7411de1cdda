//! What is read as a script, compared with what bash takes for one, and with a
//! second opinion: the grammar of tree-sitter.
#![expect(clippy::print_stdout, reason = "prints the figures")]

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use tree_sitter::Parser;

use crate::oracle::scripts;
use crate::script;

/// How many scripts are put together.
const HOW_MANY: usize = 200;

/// Who takes a script, of those that ours reads in full and of the others.
#[derive(Debug, Default)]
struct Figures {
    scripts: usize,
    read: usize,
    read_and_refused_by_bash: usize,
    read_and_refused_by_tree_sitter: usize,
    unread: usize,
    unread_and_taken_by_bash: usize,
    unread_and_taken_by_tree_sitter: usize,
}

/// Whether bash takes a text for a script, without running it.
fn bash_takes(text: &str) -> std::io::Result<bool> {
    #[expect(clippy::disallowed_methods, reason = "bash is the judge of this test")]
    let mut bash = std::process::Command::new("/bin/bash")
        .args(["--norc", "-n"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = bash.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = bash.wait_with_output()?;
    // An unended here-document is a warning only.
    Ok(output.status.success() && output.stderr.is_empty())
}

fn tree_sitter_takes(parser: &mut Parser, text: &str) -> bool {
    let tree = parser.parse(text, None);
    tree.is_some_and(|tree| !tree.root_node().has_error())
}

fn compare(texts: impl Iterator<Item = String>) -> Result<Figures, Box<dyn std::error::Error>> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into())?;
    let mut figures = Figures::default();
    for text in texts {
        let bash = bash_takes(&text)?;
        let other = tree_sitter_takes(&mut parser, &text);
        figures.scripts += 1;
        if script(&text).opaque.is_none() {
            figures.read += 1;
            figures.read_and_refused_by_tree_sitter += usize::from(!other);
            if !bash {
                figures.read_and_refused_by_bash += 1;
                println!("read, and refused by bash: {text:?}");
            }
        } else {
            figures.unread += 1;
            figures.unread_and_taken_by_bash += usize::from(bash);
            figures.unread_and_taken_by_tree_sitter += usize::from(other);
        }
    }
    Ok(figures)
}

#[test]
fn what_is_read_is_what_bash_takes_for_a_script() -> Result<(), Box<dyn std::error::Error>> {
    if !Path::new("/bin/bash").exists() {
        println!("bash is not here to judge");
        return Ok(());
    }
    let mut runner = TestRunner::deterministic();
    let strategy = scripts();
    let generated = (0..HOW_MANY)
        .filter_map(|_| strategy.new_tree(&mut runner).ok())
        .map(|tree| tree.current());
    let figures = compare(generated)?;
    println!("{figures:?}");
    // What bash refuses it does not run: to read it costs nothing but a
    // question too many. Much of it would say that the grammar is wrong.
    assert!(
        figures.read_and_refused_by_bash * 50 <= figures.read,
        "{figures:?}"
    );
    assert!(figures.read * 3 >= figures.scripts, "{figures:?}");
    Ok(())
}

/// Other people's commands, where they are at hand: figures to look at.
#[test]
fn the_corpora_are_compared_where_they_are_at_hand() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(crate::corpora::FOLDER);
    // All of them for whoever gives `PROPTEST_CASES`.
    let share = if Config::default().cases == 256 {
        40
    } else {
        1
    };
    for name in ["everyday", "hostile"] {
        let Ok(text) = std::fs::read_to_string(folder.join(name).with_extension("jsonl")) else {
            println!("{name}: not here, nothing to compare");
            continue;
        };
        let mut texts = Vec::new();
        for line in text.lines().step_by(share) {
            let object: serde_json::Value = serde_json::from_str(line)?;
            texts.extend(object["command"].as_str().map(ToOwned::to_owned));
        }
        println!("{name}: {:?}", compare(texts.into_iter())?);
    }
    Ok(())
}
