//! `approval_policy`: a name, or which classes of questions may be asked.

use dam_policy::{ApprovalPolicy, Granular};
use toml::de::DeTable;

use crate::error::{ConfigError, Problem};
use crate::source::nearest;
use crate::value::Written;

type Result<T> = std::result::Result<T, ConfigError>;

const CLASSES: [&str; 5] = [
    "sandbox_approval",
    "rules",
    "mcp_elicitations",
    "request_permissions",
    "skill_approval",
];
/// How many of the classes must be named.
const REQUIRED: usize = 3;
const FORMS: &str = "a name or { granular = { … } }";

/// Reads a policy. The former `reject` names what is refused where `granular`
/// names what may be asked; a class that it does not name may be asked.
pub(crate) fn read(written: Written<'_>) -> Result<ApprovalPolicy> {
    if written.inner.get_ref().is_str() {
        return written.parse();
    }
    let forms = table(written, FORMS)?;
    let mut entries = forms.iter();
    let (Some((name, inner)), None) = (entries.next(), entries.next()) else {
        return Err(written.wrong("`approval_policy` takes one of `granular` and `reject`"));
    };
    let asks = match name.get_ref().as_ref() {
        "granular" => true,
        "reject" => false,
        other => {
            return Err(unknown(
                written,
                other,
                &name.span(),
                &["granular", "reject"],
            ));
        }
    };
    let key = format!("approval_policy.{}", name.get_ref());
    let inner = Written {
        inner,
        key: &key,
        ..written
    };
    classes(inner, asks).map(ApprovalPolicy::Granular)
}

fn classes(written: Written<'_>, asks: bool) -> Result<Granular> {
    let table = table(written, "a table")?;
    let mut asked = [!asks; CLASSES.len()];
    for (name, inner) in table {
        let name_text = name.get_ref().as_ref();
        let Some(at) = CLASSES.iter().position(|class| *class == name_text) else {
            return Err(unknown(written, name_text, &name.span(), &CLASSES));
        };
        let key = format!("{}.{name_text}", written.key);
        let inner = Written {
            inner,
            key: &key,
            ..written
        };
        asked[at] = inner.switch()? == asks;
    }
    let missing = CLASSES[..REQUIRED]
        .iter()
        .find(|class| !table.contains_key(**class));
    if let Some(missing) = missing {
        let text = format!("`{}` does not say `{missing}`", written.key);
        let hint = format!("it needs at least {}", CLASSES[..REQUIRED].join(", "));
        return Err(written.wrong(Problem::new(text).hint(hint)));
    }
    let [
        sandbox_approval,
        rules,
        mcp_elicitations,
        request_permissions,
        skill_approval,
    ] = asked;
    Ok(Granular {
        sandbox_approval,
        rules,
        mcp_elicitations,
        request_permissions,
        skill_approval,
    })
}

fn table<'a>(written: Written<'a>, expected: &str) -> Result<&'a DeTable<'a>> {
    let table = written.inner.get_ref().as_table();
    table.ok_or_else(|| written.expected(expected))
}

fn unknown(
    written: Written<'_>,
    name: &str,
    span: &std::ops::Range<usize>,
    known: &[&'static str],
) -> ConfigError {
    let problem = Problem::new(format!("`{name}` is not a key of `{}`", written.key));
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("keys here: {}", known.join(", ")),
    };
    written.source.wrong(span, problem.hint(hint))
}
