//! What `dam fix` says: the patch as data, the rest for people; or JSON.

use std::io::IsTerminal;
use std::path::Path;

use dam_scan::fix::{Accepted, Advised, ProofSaid, TestsSaid};
use dam_scan::judge::Tokens;
use serde::Serialize;
use serde_json::json;

use super::Found;
use crate::error::CommandError;
use crate::output::{GOOD, Output, WARNING};

/// What came of it.
pub struct Told {
    id: String,
    rule: String,
    title: String,
    path: String,
    line: u32,
    pub accepted: Option<Accepted>,
    /// Why there is nothing by syntax tree.
    pub none: Option<String>,
    /// What was tried, and why it is no fix.
    pub refused: Vec<(String, String)>,
    pub patch: String,
    pub branch: Option<String>,
    pub commit: Option<String>,
    tokens: Option<Tokens>,
}

#[derive(Serialize)]
struct Tried<'a> {
    what: &'a str,
    why: &'a str,
}

impl Told {
    pub fn new(found: &Found) -> Self {
        let finding = &found.reported.finding;
        Self {
            id: found.reported.id.clone(),
            rule: finding.rule.to_string(),
            title: finding.title.clone(),
            path: finding.path.clone(),
            line: finding.line,
            accepted: None,
            none: None,
            refused: Vec::new(),
            patch: String::new(),
            branch: None,
            commit: None,
            tokens: None,
        }
    }

    /// Takes in what a model said.
    pub fn take_advice(&mut self, advised: Advised) {
        self.accepted = advised.accepted;
        self.refused.extend(advised.refused);
        self.tokens = Some(advised.tokens);
        if let Some(why) = advised.stopped {
            self.refused.push(("asking the model".to_owned(), why));
        }
    }

    /// In one line, for the record.
    pub fn summary(&self) -> String {
        let about = format!("{} {} at {}:{}", self.id, self.rule, self.path, self.line);
        match &self.accepted {
            Some(accepted) => format!("a fix for {about}: {}", accepted.what),
            None => format!("no fix for {about}"),
        }
    }

    /// Writes it: the patch as data unless it went elsewhere.
    pub fn write(
        &self,
        json: bool,
        file: Option<&Path>,
        on_branch: bool,
        output: &mut Output,
    ) -> Result<(), CommandError> {
        if let Some(file) = file.filter(|_| self.accepted.is_some()) {
            std::fs::write(file, &self.patch).map_err(|error| {
                CommandError::user(format!("cannot write `{}`: {error}", file.display()))
            })?;
        }
        if json {
            return output.json(&self.as_json());
        }
        self.tell(output);
        if self.accepted.is_some() && file.is_none() && !on_branch {
            // A terminal would act on what a repository has in its lines.
            if std::io::stdout().is_terminal() {
                output.bytes(dam_journal::clean(&self.patch).as_bytes())?;
            } else {
                output.bytes(self.patch.as_bytes())?;
            }
        }
        Ok(())
    }

    fn tell(&self, output: &mut Output) {
        output.note(&dam_journal::clean(&format!(
            "{}: {} ({}:{})",
            self.id, self.title, self.path, self.line
        )));
        let tell = |output: &mut Output, text: String| output.note(&dam_journal::clean(&text));
        if let Some(why) = &self.none {
            tell(output, format!("  by syntax tree: no fix: {why}"));
        }
        for (what, why) in &self.refused {
            tell(output, format!("  refused: {what}: {why}"));
        }
        if let Some(tokens) = self.tokens {
            tell(
                output,
                format!(
                    "  the model took {} tokens and gave {}",
                    tokens.input, tokens.output
                ),
            );
        }
        let Some(accepted) = &self.accepted else {
            output.labelled(WARNING, "no fix", "nothing that was tried is one");
            return;
        };
        output.labelled(GOOD, "fix", &dam_journal::clean(&accepted.what));
        for risk in &accepted.risks {
            output.labelled(WARNING, "risky", &dam_journal::clean(risk));
        }
        output.note("  scan: it is gone, and nothing is new");
        tell(output, format!("  proof: {}", proof(&accepted.proof)));
        tell(output, format!("  tests: {}", tests(&accepted.tests)));
        if let (Some(branch), Some(commit)) = (&self.branch, &self.commit) {
            let short = commit.get(..12).unwrap_or(commit);
            tell(output, format!("  branch: {branch}, commit {short}"));
        }
    }

    fn as_json(&self) -> serde_json::Value {
        let accepted = self.accepted.as_ref();
        let tried: Vec<Tried<'_>> = self
            .refused
            .iter()
            .map(|(what, why)| Tried { what, why })
            .collect();
        json!({
            "version": 1,
            "finding": {
                "id": self.id, "rule": self.rule, "title": self.title,
                "path": self.path, "line": self.line,
            },
            "accepted": accepted.is_some(),
            "risky": accepted.is_some_and(|accepted| !accepted.risks.is_empty()),
            "fix": accepted,
            "no_right_form": self.none,
            "refused": tried,
            "patch": accepted.map(|_| &self.patch),
            "branch": self.branch,
            "commit": self.commit,
            "tokens": self.tokens,
        })
    }
}

fn proof(said: &ProofSaid) -> String {
    match said {
        ProofSaid::Silent { before, control } => {
            format!("falls silent; before: {before}; now: {control}")
        }
        ProofSaid::NotProved { why } => format!("says nothing: {why}"),
    }
}

fn tests(said: &TestsSaid) -> String {
    match said {
        TestsSaid::Passed { command, passed: 0 } => format!("`{command}` passes"),
        TestsSaid::Passed { command, passed } => format!("`{command}` passes, {passed} tests"),
        TestsSaid::SameFailures {
            command,
            passed,
            failed,
        } => format!("`{command}`: {passed} pass; {failed} failed before and still do"),
        TestsSaid::NotRun { why } => format!("not run: {why}"),
    }
}
