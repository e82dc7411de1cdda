//! Settings in files that are no programs, where one value is right for
//! certain.

use super::{Edit, NoFix, Proposal, no_fix};
use crate::{Finding, SourceFile};

/// A rule, what stands in the line, what is right, and what may go wrong.
const VALUES: &[(&str, &str, &str, &str)] = &[
    (
        "terraform-public-database",
        "true",
        "false",
        "whoever reached it over the internet no longer does",
    ),
    (
        "terraform-no-encryption",
        "false",
        "true",
        "switching encryption on may make the resource anew",
    ),
    (
        "terraform-metadata-v1",
        "\"optional\"",
        "\"required\"",
        "programs that ask without a token get no answer",
    ),
    (
        "container-privilege-escalation",
        "true",
        "false",
        "programs that gain rights, such as sudo, fail",
    ),
    (
        "container-privileged",
        "true",
        "false",
        "what needs rights over the host fails",
    ),
    (
        "container-host-namespace",
        "true",
        "false",
        "what needs the host's namespace fails",
    ),
];

/// What could be written instead.
pub(super) fn propose(finding: &Finding, file: &SourceFile<'_>) -> Result<Vec<Proposal>, NoFix> {
    let Some((_, wrong, right, risk)) = VALUES.iter().find(|(rule, ..)| *rule == finding.rule)
    else {
        return Err(no_fix(format!(
            "there is no one right form for `{}` in such a file",
            finding.rule
        )));
    };
    let (start, line) =
        line_of(file.text, finding.line).ok_or_else(|| no_fix("the line is not there"))?;
    // The value alone, behind `=` or `:`.
    let value_at = line.find(['=', ':']).map(|at| at + 1);
    let value = value_at.and_then(|at| Some((at, line.get(at..)?)));
    let Some((at, value)) = value.filter(|(_, value)| value.trim() == *wrong) else {
        return Err(no_fix(format!("the line does not set it to {wrong}")));
    };
    let begin = start + at + (value.len() - value.trim_start().len());
    Ok(vec![Proposal {
        path: file.path.to_owned(),
        edits: vec![Edit::replace(begin..begin + wrong.len(), *right)],
        what: format!("set it to {right}"),
        risks: vec![(*risk).to_owned()],
    }])
}

/// Where a line begins, and its text.
fn line_of(text: &str, number: u32) -> Option<(usize, &str)> {
    let mut start = 0;
    for (line, at) in text.split_inclusive('\n').zip(1..) {
        if at == number {
            return Some((start, line.trim_end_matches(['\n', '\r'])));
        }
        start += line.len();
    }
    None
}
