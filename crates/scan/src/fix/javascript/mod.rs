//! Right forms in JavaScript and TypeScript.

mod call;
mod pages;
mod process;
mod queries;
mod strings;
mod switches;

use super::code::Code;
use super::{NoFix, Proposal, Surroundings, no_fix};
use crate::{Finding, SourceFile};

/// What could be written instead.
pub(super) fn propose(
    finding: &Finding,
    file: &SourceFile<'_>,
    around: &Surroundings,
) -> Result<Vec<Proposal>, NoFix> {
    let code = Code::of(file)?;
    match &*finding.rule {
        "sql-injection" => queries::propose(&code, finding, around),
        "command-injection" => process::propose(&code, finding),
        "cross-site-scripting" | "xss" => Ok(pages::propose(&code, finding)),
        "path-traversal" => Ok(pages::files(&code, finding)),
        "cookie-without-secure" | "cookie-without-httponly" | "insecure-cookie" => {
            Ok(switches::cookie(&code, finding))
        }
        "tls-verification-off" => Ok(switches::verify(&code, finding)),
        "outbound-without-timeout" => Ok(switches::timeout(&code, finding)),
        rule => Err(no_fix(format!(
            "there is no one right form for `{rule}` in JavaScript"
        ))),
    }
}
