//! `dam policy test`: the examples in every file of rules.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use dam_config::rules::{self, Tested};

use crate::arguments::{Approvals, Grants};
use crate::error::CommandError;
use crate::exit;
use crate::output::{HINT, Output};
use crate::settings;
use crate::variables::Variables;

/// `dam policy test`.
#[derive(Args, Debug)]
pub struct Test {
    /// Test in this directory instead of the current one
    #[arg(short = 'C', long = "cd", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cd: Option<PathBuf>,
    /// Test this file, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub rules: Vec<PathBuf>,
}

/// Tries every example and prints a table.
pub fn run(test: &Test, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let grants = Grants {
        cd: test.cd.clone(),
        rules: test.rules.clone(),
        ..Grants::default()
    };
    let options = settings::options(&grants, &Approvals::default())?;
    let tested = rules::test(&options, &settings::surroundings(variables))?;
    if tested.is_empty() {
        output.labelled(HINT, "note", "there are no files of rules");
        return Ok(exit::OK.code);
    }
    output.data("rules  expired  examples  result  file")?;
    for one in &tested {
        output.data(&line(one))?;
    }
    let mut wrong = 0;
    for error in tested.iter().filter_map(|one| one.result.as_ref().err()) {
        wrong += 1;
        output.labelled(crate::output::WARNING, "wrong", &error.to_string());
        if let Some(hint) = error.hint() {
            output.labelled(HINT, "hint", &hint);
        }
    }
    Ok(if wrong == 0 {
        exit::OK.code
    } else {
        exit::CONFIGURATION.code
    })
}

fn line(tested: &Tested) -> String {
    let path = tested.path.display().to_string();
    let path = dam_journal::clean(&path);
    match &tested.result {
        Ok(file) => {
            let expired = file.rules.iter().filter(|rule| rule.expired).count();
            let examples: usize = file.rules.iter().map(|rule| rule.examples).sum();
            let rules = file.rules.len();
            format!("{rules:>5}  {expired:>7}  {examples:>8}  ok      {path}")
        }
        Err(_) => format!("{:>5}  {:>7}  {:>8}  wrong   {path}", "-", "-", "-"),
    }
}
