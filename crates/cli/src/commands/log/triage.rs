//! `dam log triage`: what stands out in the record, ranked, with the entries as
//! evidence; and, where somebody wants it, a model's summary of that.

mod summary;

use clap::Args;
use dam_journal::export::{Finding, Triage};
use dam_journal::{Keys, VerifyError};
use dam_policy::CREDENTIAL_STORES;
use serde::Serialize;

use super::since::Since;
use super::{Places, find, sessions_since};
use crate::error::CommandError;
use crate::exit;
use crate::output::{Output, STRONG};
use crate::variables::Variables;

/// `dam log triage`.
#[derive(Args, Debug)]
pub struct TriageWish {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Only what was written since then: a time, a date, or an age such as `2h` or `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Let the model of the settings say in a few sentences what matters; it is sent the findings
    #[arg(long, conflicts_with = "json")]
    pub summarise: bool,
    /// The model that summarises
    #[arg(short, long, value_name = "MODEL", requires = "summarise")]
    pub model: Option<String>,
    /// The sessions, or `latest`; without them, all
    #[arg(value_name = "SESSION")]
    pub sessions: Vec<String>,
}

/// Looks, and tells.
pub fn run(
    wish: &TriageWish,
    places: &Places,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let findings = findings(wish, places)?;
    let rows: Vec<Row<'_>> = findings.iter().map(Row::from).collect();
    if wish.json {
        output.json(&rows)?;
        return Ok(exit::OK.code);
    }
    if rows.is_empty() {
        output.note("nothing stands out");
        return Ok(exit::OK.code);
    }
    for row in &rows {
        row.tell(output)?;
    }
    if wish.summarise {
        output.flush()?;
        summary::tell(&rows, wish.model.as_deref(), variables, output)?;
    }
    Ok(exit::OK.code)
}

fn findings(wish: &TriageWish, places: &Places) -> Result<Vec<Finding>, CommandError> {
    let dir = &places.dir;
    let keys = Keys::read(&places.keys)?;
    let words = wish.sessions.iter();
    let named: Result<Vec<_>, _> = words.map(|word| find(dir, word)).collect();
    let named = named?;
    let stores = CREDENTIAL_STORES.iter().map(|store| store.path);
    let mut triage = Triage::new(wish.since.map(Since::time), stores);
    // Also sessions before: they say which hosts are not new.
    for (session, _) in sessions_since(dir, None)? {
        if !named.is_empty() && !named.contains(&session) {
            continue;
        }
        if let Err(error) = dam_journal::verify_with(dir, &session, &keys)
            && !matches!(error, VerifyError::Torn { .. })
        {
            triage.damaged(&session, &error.to_string());
        }
        if let Ok(entries) = dam_journal::read(dir, &session) {
            triage.take(&entries);
        }
    }
    Ok(triage.findings())
}

/// One finding, as it is printed.
#[derive(Debug, Serialize)]
struct Row<'a> {
    sign: &'static str,
    about: &'a str,
    score: u64,
    count: u64,
    went_through: bool,
    first: Option<String>,
    last: Option<String>,
    advice: &'a str,
    evidence: Vec<Proof<'a>>,
}

/// One entry that shows it.
#[derive(Debug, Serialize)]
struct Proof<'a> {
    /// `session:seq`.
    entry: String,
    says: &'a str,
}

impl<'a> From<&'a Finding> for Row<'a> {
    fn from(finding: &'a Finding) -> Self {
        let evidence = finding.evidence.iter().map(|one| Proof {
            entry: match one.seq {
                Some(seq) => format!("{}:{seq}", one.session),
                None => one.session.to_string(),
            },
            says: &one.headline,
        });
        Self {
            sign: finding.sign.name(),
            about: &finding.about,
            score: finding.score,
            count: finding.count,
            went_through: finding.went_through,
            first: finding.first.map(|time| time.to_string()),
            last: finding.last.map(|time| time.to_string()),
            advice: &finding.advice,
            evidence: evidence.collect(),
        }
    }
}

impl Row<'_> {
    fn tell(&self, output: &mut Output) -> Result<(), CommandError> {
        let line = |text: &str| dam_journal::clean(text).replace('\n', "<U+000A>");
        let outcome = if self.went_through {
            ", went through"
        } else {
            ""
        };
        let times = if self.count == 1 { "time" } else { "times" };
        output.data(&format!(
            "{:>4}  {STRONG}{}{STRONG:#}  {}  ({} {times}{outcome})",
            self.score,
            self.sign,
            line(self.about),
            self.count
        ))?;
        for proof in &self.evidence {
            output.data(&format!("      {}  {}", proof.entry, line(proof.says)))?;
        }
        let more = self.count.saturating_sub(self.evidence.len() as u64);
        if more > 0 {
            output.data(&format!("      and {more} more"))?;
        }
        output.data(&format!("      -> {}", line(self.advice)))
    }
}
