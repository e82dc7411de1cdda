//! What a model thinks, in lines of plain text for every form of the report.

use super::Report;
use crate::Finding;
use crate::judge::{Origin, Stopped, Tokens, Verdict};

/// What a model has to do with a finding: that it found it, what it thinks of
/// it, and its words beside the rule's.
pub(super) fn lines(finding: &Finding) -> Vec<String> {
    told(finding).iter().map(|line| plain(line)).collect()
}

fn told(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    if let Origin::Model { model } = &finding.origin {
        lines.push(format!(
            "found by the model {model} alone: no rule has checked it"
        ));
    }
    let Some(opinion) = &finding.opinion else {
        return lines;
    };
    let model = &opinion.model;
    if opinion.verdict != Verdict::NotAsked {
        let verdict = opinion.verdict.words();
        lines.push(format!("the model {model} {verdict}: {}", opinion.reason));
        for step in &opinion.evidence {
            lines.push(format!("{}:{}  {}", step.path, step.line, step.what));
        }
        if !opinion.counts() && opinion.verdict != Verdict::Unsure {
            lines.push("it names no code for that, so that its opinion does not count".to_owned());
        }
    }
    if let Some(wording) = &opinion.wording {
        let words = [&wording.title, &wording.message];
        let words: Vec<&str> = words
            .into_iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        lines.push(format!("in the words of {model}: {}", words.join(": ")));
        if !wording.safer.is_empty() {
            lines.push(format!("safer, in the words of {model}: {}", wording.safer));
        }
    }
    lines
}

/// How it went with the model, in one line.
pub(super) fn asked(report: &Report) -> Option<String> {
    let part = report.model.as_ref()?;
    let Tokens { input, output } = part.tokens;
    let stopped = match part.stopped {
        None => "",
        Some(Stopped::Cap) => "; then the cap on tokens was reached",
        Some(Stopped::Interrupted) => "; then it was interrupted",
        Some(Stopped::Unavailable) => "; then it was not to be had any more",
    };
    let thrown_away = match part.thrown_away {
        0 => String::new(),
        many => format!("; {many} places that it named are not there, and were left out"),
    };
    Some(format!(
        "the model {} answered {} of {} questions, {} of them before; {input} tokens in, \
         {output} out{stopped}{thrown_away}",
        plain(&part.model),
        part.answered + part.known,
        part.questions,
        part.known,
    ))
}

/// Text of strangers, in one line that acts on nothing.
fn plain(text: &str) -> String {
    crate::finding::fit(text).replace('\n', " ")
}
