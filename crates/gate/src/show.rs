//! Text from elsewhere, made fit to be shown: on one line, short, and with
//! nothing that a terminal would obey or hide.

/// A command as a person would type it.
pub(crate) fn command(argv: &[String]) -> String {
    let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
    short(&words.join(" "), 400)
}

/// Some text on one line, at most about `longest` characters long. What is
/// left out is counted, and the end stays visible: it is where surprises hide.
pub(crate) fn short(text: &str, longest: usize) -> String {
    let shown: Vec<char> = one_line(text).chars().collect();
    if shown.len() <= longest {
        return shown.into_iter().collect();
    }
    let head = longest * 2 / 3;
    let tail = longest - head;
    let left_out = shown.len() - longest;
    let text = |part: &[char]| part.iter().collect::<String>();
    format!(
        "{} […{left_out} more characters…] {}",
        text(&shown[..head]),
        text(&shown[shown.len() - tail..])
    )
}

/// Text with every character visible.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// Letters that have no shape though they are no control characters.
const BLANK_LETTERS: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

fn visible(c: char) -> String {
    match c {
        ' ' => c.to_string(),
        _ if c.is_ascii_graphic() => c.to_string(),
        _ if BLANK_LETTERS.contains(&c) => c.escape_unicode().to_string(),
        // Escapes control and format characters, odd spaces, and marks that
        // would join their neighbour.
        _ => c.escape_debug().to_string(),
    }
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
