//! How a browser would read a page, as far as it matters here: whether a word
//! of the input became an element, an attribute, or script.

/// What a word became.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Became {
    /// The name of an element.
    Element,
    /// The name of an attribute.
    Attribute,
    /// Script, outside of any literal.
    Script,
    /// An address that runs script.
    Address,
}

impl Became {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Element => "an element",
            Self::Attribute => "an attribute",
            Self::Script => "script",
            Self::Address => "an address that runs script",
        }
    }
}

/// What `word` (lower case) has become in this page, if it is more than text.
pub(super) fn became(page: &str, word: &str) -> Option<Became> {
    let page = page.to_ascii_lowercase();
    let mut rest = page.as_str();
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let named = rest.strip_prefix('/').unwrap_or(rest);
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (tag, after) = read_tag(rest);
        if tag.name.trim_start_matches('/') == word {
            return Some(Became::Element);
        }
        if let Some(found) = tag
            .attributes
            .iter()
            .find_map(|pair| in_attribute(pair, word))
        {
            return Some(found);
        }
        rest = after;
        if let Some(raw) = ["script", "style", "textarea", "title", "xmp", "noscript"]
            .into_iter()
            .find(|raw| *raw == tag.name)
        {
            let end = rest.find(&format!("</{raw}")).unwrap_or(rest.len());
            if raw == "script" && runs(&rest[..end], word) {
                return Some(Became::Script);
            }
            rest = &rest[end..];
        }
    }
    None
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// A tag, from behind its `<`, and what comes after it.
fn read_tag(text: &str) -> (Tag<'_>, &str) {
    let end = |c: char| c.is_ascii_whitespace() || c == '>';
    let length = text.find(end).unwrap_or(text.len());
    let name = text[..length].trim_end_matches('/');
    let mut rest = &text[length..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            let after = rest.strip_prefix('>').unwrap_or(rest);
            return (Tag { name, attributes }, after);
        }
        let stop = |c: char| c.is_ascii_whitespace() || "=>/".contains(c);
        // An attribute's name may begin with what would end it.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = rest[first..].find(stop).map_or(rest.len(), |at| at + first);
        let key = &rest[..length];
        rest = rest[length..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = read_value(after.trim_start());
        }
        attributes.push((key, value));
    }
}

fn read_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return match inner.find(quote) {
                Some(end) => (&inner[..end], &inner[end + 1..]),
                None => (inner, ""),
            };
        }
    }
    let end = |c: char| c.is_ascii_whitespace() || c == '>';
    let length = text.find(end).unwrap_or(text.len());
    text.split_at(length)
}

fn in_attribute((key, value): &(&str, &str), word: &str) -> Option<Became> {
    if *key == word {
        return Some(Became::Attribute);
    }
    let value = value.trim_start();
    let address = ["href", "src", "action", "formaction"].contains(key);
    if address && value.starts_with("javascript:") && value.contains(word) {
        return Some(Became::Address);
    }
    (key.starts_with("on") && runs(value, word)).then_some(Became::Script)
}

/// Whether a word stands in a script outside of its literals and comments.
fn runs(script: &str, word: &str) -> bool {
    let mut literal: Option<char> = None;
    let mut at = 0;
    while let Some(c) = script[at..].chars().next() {
        let rest = &script[at..];
        at += c.len_utf8();
        match literal {
            Some(_) if c == '\\' => {
                at += script[at..].chars().next().map_or(0, char::len_utf8);
            }
            Some(quote) if c == quote || (c == '\n' && quote != '`') => literal = None,
            None if rest.starts_with("//") => {
                at += rest.find('\n').unwrap_or(rest.len()) - 1;
            }
            None if rest.starts_with("/*") => {
                at += rest[2..].find("*/").map_or(rest.len(), |end| end + 4) - 1;
            }
            None if "'\"`".contains(c) => literal = Some(c),
            None if rest.starts_with(word) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_a_browser_makes_of_it() {
        for (page, expected) in [
            ("<p>hello cfdx</p>", None),
            ("<p>hello <cfdx></p>", Some(Became::Element)),
            ("<p>hello &lt;cfdx&gt;</p>", None),
            ("<p title='<cfdx>'>hello</p>", None),
            ("<!-- <cfdx> -->", None),
            ("<textarea><cfdx></textarea>", None),
            ("<textarea></textarea><cfdx>", Some(Became::Element)),
            (r#"<input value="a" cfdx="1">"#, Some(Became::Attribute)),
            (r#"<input value="a&quot; cfdx=&quot;1">"#, None),
            (r#"<input value='a" cfdx="1'>"#, None),
            ("<input value=a cfdx=1>", Some(Became::Attribute)),
            (
                "<script>var a = 'b';cfdx//';</script>",
                Some(Became::Script),
            ),
            (r"<script>var a = 'b\';cfdx//';</script>", None),
            ("<script>// cfdx\nf()</script>", None),
            ("<a href='javascript:cfdx()'>", Some(Became::Address)),
            ("<a href='/javascript:cfdx()'>", None),
            ("<a onclick=\"f('x');cfdx()\">", Some(Became::Script)),
            ("a < cfdx and <3", None),
        ] {
            assert_eq!(became(page, "cfdx"), expected, "{page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_page_breaks_it(page in "[<>a-c/=\"'!*`é\\\\ \n-]{0,60}(<script>)?[\\PC]{0,20}") {
            let _ = became(&page, "c");
        }
    }
}
