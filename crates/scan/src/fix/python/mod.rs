//! Right forms in Python.

mod call;
mod imports;
mod pages;
mod paths;
mod process;
mod queries;
mod strings;
mod switches;
mod weak;

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
        "sql-injection" => queries::sql(&code, finding, around),
        "xpath-injection" => queries::xpath(&code, finding),
        "ldap-injection" => queries::ldap(&code, finding),
        "command-injection" => process::propose(&code, finding),
        "cross-site-scripting" | "xss" => Ok(pages::propose(&code, finding)),
        "template-injection" => pages::template(&code, finding),
        "path-traversal" => paths::propose(&code, finding),
        "open-redirect" => paths::redirect(&code, finding),
        "unsafe-deserialization" | "deserialization" => weak::yaml(&code, finding),
        "xml-external-entity" | "xxe" => Ok(weak::xml(&code, finding)),
        "code-injection" => weak::literal(&code, finding),
        "weak-hash" => Ok(weak::hash(&code, finding)),
        "weak-random" => weak::random(&code, finding),
        "predictable-temporary-file" => weak::temporary(&code, finding),
        "cookie-without-secure" | "cookie-without-httponly" | "insecure-cookie" => {
            Ok(switches::cookie(&code, finding))
        }
        "tls-verification-off" => Ok(switches::verify(&code, finding)),
        "outbound-without-timeout" => Ok(switches::timeout(&code, finding)),
        "debug-enabled" => Ok(switches::debug(&code, finding)),
        rule => Err(no_fix(format!(
            "there is no one right form for `{rule}` in Python"
        ))),
    }
}
