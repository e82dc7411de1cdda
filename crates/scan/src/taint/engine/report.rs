//! What was found, as findings.

use std::borrow::Cow;

use crate::taint::catalogue::rules::Rule;
use crate::taint::ir::Span;
use crate::{Confidence, Finding, Step};

use super::interp::Interp;
use super::value::Taint;

/// How many steps of a way are told.
const MAX_STEPS: usize = 12;

/// Where and by which rule: one finding for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HitKey {
    pub module: usize,
    pub line: u32,
    pub rule: &'static str,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub rule: &'static Rule,
    pub span: Span,
    pub confidence: Confidence,
    pub taint: Option<Taint>,
    pub detail: String,
    pub symbol: Option<String>,
}

impl Interp<'_> {
    /// Notes a finding. The surest of a place is kept.
    pub(super) fn report(
        &mut self,
        rule: &'static Rule,
        span: Span,
        confidence: Confidence,
        taint: Option<Taint>,
        detail: &str,
    ) {
        if self.is_quiet() {
            return;
        }
        let key = HitKey {
            module: self.frame.module,
            line: span.line,
            rule: rule.id,
        };
        if self
            .hits
            .get(&key)
            .is_some_and(|known| known.confidence >= confidence)
        {
            return;
        }
        let symbol = self
            .frame
            .function
            .map(|function| function.name.to_string())
            .filter(|name| !name.is_empty());
        let hit = Hit {
            rule,
            span,
            confidence,
            taint,
            detail: detail.to_owned(),
            symbol,
        };
        self.hits.insert(key, hit);
    }

    /// Everything that was found.
    pub(super) fn findings(&self) -> Vec<Finding> {
        self.hits
            .iter()
            .map(|(key, hit)| self.finding(key, hit))
            .collect()
    }

    fn finding(&self, key: &HitKey, hit: &Hit) -> Finding {
        let steps = hit.taint.map(|taint| self.way(taint)).unwrap_or_default();
        let known = match hit
            .taint
            .and_then(|taint| self.sources.get(taint.source as usize))
        {
            Some(source) => {
                let place = format!("line {}", source.span.line);
                let file = if source.module == key.module {
                    String::new()
                } else {
                    format!(" of {}", self.program.path(source.module))
                };
                format!(
                    " The value {} ({place}{file}), and here {}.",
                    source.what, hit.detail
                )
            }
            None => format!(" Here, {}.", hit.detail),
        };
        Finding {
            rule: Cow::Borrowed(hit.rule.id),
            cwe: hit.rule.cwe.to_vec(),
            title: hit.rule.title.to_owned(),
            message: format!("{}{known}", hit.rule.harm),
            path: self.program.path(key.module).to_owned(),
            line: hit.span.line,
            column: hit.span.column,
            end_line: hit.span.end_line,
            symbol: hit.symbol.clone(),
            steps: if steps.is_empty() {
                steps
            } else {
                self.with_end(steps, key, hit)
            },
            severity: hit.rule.severity,
            confidence: hit.confidence,
            safer: hit.rule.safer.to_owned(),
            ..Finding::default()
        }
    }

    /// How data came, from its source on.
    fn way(&self, taint: Taint) -> Vec<Step> {
        let mut back = Vec::new();
        let mut at = (taint.step != u32::MAX).then_some(taint.step);
        while let Some(step) = at.and_then(|at| self.steps.get(at as usize)) {
            if back.len() < MAX_STEPS {
                back.push(Step {
                    path: self.program.path(step.module).to_owned(),
                    line: step.line,
                    what: step.what.clone(),
                });
            }
            at = step.before;
        }
        if let Some(source) = self.sources.get(taint.source as usize) {
            back.push(Step {
                path: self.program.path(source.module).to_owned(),
                line: source.span.line,
                what: format!("a value {}", source.what),
            });
        }
        back.reverse();
        back
    }

    fn with_end(&self, mut steps: Vec<Step>, key: &HitKey, hit: &Hit) -> Vec<Step> {
        steps.push(Step {
            path: self.program.path(key.module).to_owned(),
            line: hit.span.line,
            what: hit.detail.clone(),
        });
        steps
    }
}
