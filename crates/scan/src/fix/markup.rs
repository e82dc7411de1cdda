//! Where in a page a value stands: escaping helps in text and in quotes only.

/// Whether a value behind this markup is text, or in the quotes of an ordinary
/// attribute.
pub(super) fn takes_text(before: &str) -> bool {
    let lower = before.to_ascii_lowercase();
    for name in ["script", "style"] {
        let opened = lower.rfind(&format!("<{name}"));
        if opened > lower.rfind(&format!("</{name}")) {
            return false;
        }
    }
    let Some(tag) = lower
        .rfind('<')
        .filter(|open| lower.rfind('>') < Some(*open))
    else {
        return true;
    };
    // In a tag: only behind `name="`.
    let tag = &lower[tag..];
    let Some(quote) = tag.rfind(['"', '\'']) else {
        return false;
    };
    let sign = &tag[quote..=quote];
    let is_open = tag.matches(sign).count() % 2 == 1;
    let head = tag[..quote].trim_end_matches('\\').trim_end();
    let Some(name) = head.strip_suffix('=').filter(|_| is_open) else {
        return false;
    };
    let name = name.trim_end().rsplit([' ', '\n', '\t']).next();
    let name = name.unwrap_or_default();
    let leads = [
        "action",
        "data",
        "formaction",
        "href",
        "src",
        "srcdoc",
        "style",
    ];
    // Behind the beginning of a path of this site: `href="/goods/`.
    let begun = &tag[quote + 1..];
    let is_path = begun.len() > 1 && begun.starts_with('/') && !begun.starts_with("//");
    !name.starts_with("on") && (!leads.contains(&name) || is_path && name != "style")
}

#[cfg(test)]
mod tests {
    use super::takes_text;

    #[test]
    fn escaping_helps_in_text_and_in_quotes_of_ordinary_attributes() {
        for before in [
            "<p>",
            "",
            "<b class=\"x\">",
            "<input value=\"",
            "<a title='",
            "<script>1</script> ",
            "<a href=\"/goods/",
        ] {
            assert!(takes_text(before), "{before}");
        }
        for before in [
            "<script>x = '",
            "<input value=",
            "<a href=\"",
            "<",
            "<p ",
            "<b onclick=\"f(",
            "<b onclick=\"",
            "<style>a {",
        ] {
            assert!(!takes_text(before), "{before}");
        }
    }
}
