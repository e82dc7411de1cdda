//! The report as one page that stands alone: no script, nothing loaded.

use super::{Report, Reported, opinion, summary};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff}\
article{border:1px solid #ccc;border-left-width:.4rem;border-radius:.3rem;padding:.5rem 1rem;margin:1rem 0}\
.critical,.high{border-left-color:#b00020}.medium{border-left-color:#b26a00}.low{border-left-color:#666}\
h2{font-size:1.1rem;margin:.3rem 0}pre,code{font-family:ui-monospace,monospace;font-size:.9em}\
pre{background:#f4f4f4;padding:.5rem;overflow:auto}.faint{color:#555}\
@media(prefers-color-scheme:dark){body{background:#151515;color:#eee}pre{background:#222}.faint{color:#aaa}}";

/// The report as HTML.
pub fn html(report: &Report) -> String {
    let (ignored, open): (Vec<&Reported>, Vec<&Reported>) = report
        .findings
        .iter()
        .partition(|each| each.ignored.is_some());
    let mut body = format!(
        "<h1>Security scan</h1>\n<p>{}</p>\n",
        escaped(&summary(report))
    );
    body.extend(open.iter().map(|each| finding(each)));
    body += &folded(
        "Ignored",
        ignored.iter().map(|each| {
            let reason = each.ignored.as_ref().map(|ignored| ignored.reason.as_str());
            format!("{}: {}", head(each), escaped(reason.unwrap_or_default()))
        }),
    );
    body += &folded(
        "No longer there, or not looked at",
        report.gone.iter().map(|each| {
            format!(
                "{}: {} {}",
                each.state.name(),
                head(each),
                escaped(&each.finding.title)
            )
        }),
    );
    body += &coverage(report);
    let asked = opinion::asked(report);
    body.extend(asked.map(|asked| format!("<p>{}</p>\n", escaped(&asked))));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Security scan</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    )
}

fn finding(each: &Reported) -> String {
    let finding = &each.finding;
    let mut out = vec![format!(
        "<article class=\"{}\"><h2>{}</h2>\n<p>{} · {} · confidence {}</p>\n",
        finding.severity,
        escaped(&finding.title),
        head(each),
        each.state.name(),
        finding.confidence
    )];
    if finding.message != finding.title {
        out.push(format!("<p>{}</p>\n", escaped(&finding.message)));
    }
    if let Some((verdict, why)) = finding.proof.verdict() {
        out.push(format!(
            "<p><strong>{verdict}</strong>: {}</p>\n",
            escaped(why)
        ));
    }
    if !finding.snippet.is_empty() {
        out.push(format!("<pre>{}</pre>\n", escaped(&finding.snippet)));
    }
    if !finding.steps.is_empty() {
        let steps = finding.steps.iter().map(|step| {
            let place = format!("{}:{}", step.path, step.line);
            format!(
                "<li><code>{}</code> {}</li>",
                escaped(&place),
                escaped(&step.what)
            )
        });
        out.push(format!(
            "<ol>{}</ol>\n",
            steps.collect::<Vec<String>>().concat()
        ));
    }
    if !finding.safer.is_empty() {
        out.push(format!(
            "<p><strong>Safer:</strong> {}</p>\n",
            escaped(&finding.safer)
        ));
    }
    for line in opinion::lines(finding) {
        out.push(format!("<p class=\"faint\">{}</p>\n", escaped(&line)));
    }
    let cwe: Vec<String> = finding
        .cwe
        .iter()
        .map(|number| format!("CWE-{number} · "))
        .collect();
    let id = escaped(&each.id);
    out.push(format!(
        "<p class=\"faint\">{}{id}</p></article>\n",
        cwe.concat()
    ));
    out.concat()
}

fn head(each: &Reported) -> String {
    let finding = &each.finding;
    format!(
        "<strong>{}</strong> <code>{}</code> <code>{}</code>",
        finding.severity,
        escaped(&finding.rule),
        escaped(&finding.place())
    )
}

fn folded(title: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| format!("<li>{item}</li>\n")).collect();
    let items = items.concat();
    if items.is_empty() {
        return String::new();
    }
    format!("<details><summary>{title}</summary><ul>\n{items}</ul></details>\n")
}

fn coverage(report: &Report) -> String {
    let coverage = &report.coverage;
    let files = coverage
        .files
        .iter()
        .map(|(language, count)| format!("{count} {language:?}"));
    let files: Vec<String> = files.collect();
    let with = coverage
        .detectors
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    let with: Vec<String> = with.collect();
    let gaps = coverage.gaps.iter().map(|gap| {
        let place = gap
            .path
            .as_deref()
            .map(|path| format!("<code>{}</code> ", escaped(path)));
        format!(
            "{}: {}{}",
            gap.kind.name(),
            place.unwrap_or_default(),
            escaped(&gap.why)
        )
    });
    format!(
        "<h2>Coverage</h2>\n<p>Looked at: {}. With: {}.</p>\n{}",
        escaped(&files.join(", ")),
        escaped(&with.join(", ")),
        folded("Not looked at, or not in full", gaps)
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in dam_journal::clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_of_a_repository_is_only_text() {
        assert_eq!(
            escaped("<a href='x'>&\u{202e}"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&lt;U+202E&gt;"
        );
    }
}
