//! Words that `xargs` and its kind hand over, where they stand in the script.

use crate::analysis::{RedirectKind, Simple, Word};
use crate::class::danger::Around;
use crate::class::danger::found::Found;
use crate::unwrap::is_shell;

use super::script;

/// What `xargs` and its kind give to a program, where that stands in the
/// script.
pub(super) fn handed_over(simple: &Simple, around: Around) -> Option<Found> {
    let last = simple.through.last()?;
    if !matches!(last.name.as_str(), "xargs" | "gxargs" | "parallel") {
        return None;
    }
    let given = given(simple, around)?;
    let fills = |word: &Word| {
        let text = word.written();
        match text {
            "…" | "{}" | "%" => given.clone(),
            text => text.replace("{}", &given),
        }
    };
    let is_script = simple.name().is_some_and(is_shell);
    let text: Vec<String> = simple
        .argv
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let text = fills(word);
            let option_before = at > 0 && simple.argv[at - 1].prefix().starts_with('-');
            if is_script && option_before {
                format!("'{}'", text.replace('\'', "'\\''"))
            } else {
                text
            }
        })
        .collect();
    script(&text.join(" "), around)
}

/// What is printed into the pipe before, or stands in a here-string.
fn given(simple: &Simple, around: Around) -> Option<String> {
    let redirected = simple
        .redirects
        .iter()
        .find(|redirect| redirect.kind == RedirectKind::Text)
        .map(|redirect| redirect.target.written().to_owned());
    redirected.or_else(|| {
        let before = around
            .analysis
            .commands
            .iter()
            .take_while(|other| !std::ptr::eq(*other, simple))
            .filter(|other| matches!(other.name(), Some("echo" | "printf")))
            .last()?;
        let words: Vec<&str> = before
            .arguments()
            .iter()
            .map(Word::written)
            .filter(|text| !matches!(*text, "-n" | "-e" | "%s" | "%s\\n" | "%s\\0"))
            .collect();
        Some(words.join(" ").replace("\\n", " ").replace("\\0", " "))
    })
}
