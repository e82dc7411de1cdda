//! What a command prints, where its words and its input are constants: the
//! ways in which a script may be spelled in another script.

use std::fmt::Write as _;

use crate::analysis::{Input, RedirectKind, Simple, Word};
use crate::syntax::Dialect;

/// Longer texts are not followed.
const LONGEST: usize = 64 * 1024;

/// What a command prints on its standard output.
pub(crate) fn printed(simple: &Simple, dialect: Dialect) -> Option<String> {
    let name = simple.name()?;
    let words: Vec<&str> = simple
        .arguments()
        .iter()
        .map(Word::known)
        .collect::<Option<_>>()?;
    let input = match &simple.input {
        Input::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let text = match name {
        "echo" => echo(&words, dialect),
        "printf" => printf(&words, dialect),
        _ => filter(name, &words, input),
    }?;
    if text.len() > LONGEST {
        return None;
    }
    onto(simple, text)
}

/// What of `text` reaches the standard output past the redirections.
fn onto(simple: &Simple, text: String) -> Option<String> {
    let mut elsewhere = false;
    for redirect in &simple.redirects {
        let moves = matches!(redirect.kind, RedirectKind::Write | RedirectKind::Duplicate);
        match redirect.descriptor {
            None | Some(1) if moves => elsewhere = true,
            Some(0 | 2) => {}
            _ if !moves => {}
            // What a higher descriptor stands for is not followed.
            _ => return None,
        }
    }
    // The other way around, `2>&1`, adds nothing to what is known here.
    Some(if elsewhere { String::new() } else { text })
}

fn echo(words: &[&str], dialect: Dialect) -> Option<String> {
    let mut newline = true;
    let mut escapes = false;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let flags = word.strip_prefix('-').filter(|flags| {
            !flags.is_empty() && flags.chars().all(|c| matches!(c, 'n' | 'e' | 'E'))
        });
        let Some(flags) = flags else { break };
        // Not every `sh` takes these.
        if dialect == Dialect::Posix && flags != "n" {
            return None;
        }
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                flag => escapes = flag == 'e',
            }
        }
        at += 1;
    }
    let mut text = words[at..].join(" ");
    if text.contains('\\') {
        if dialect != Dialect::Bash {
            return None;
        }
        if escapes {
            let (plain, stops) = unescaped(&text, true)?;
            text = plain;
            newline &= !stops;
        }
    }
    if newline {
        text.push('\n');
    }
    Some(text)
}

/// Escapes taken off: those of `echo -e`, or those of a format. Also whether
/// `\c` ends the output.
fn unescaped(text: &str, zero_first: bool) -> Option<(String, bool)> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        if *c != '\\' {
            out.push(*c);
            continue;
        }
        let Some(c) = chars.get(at) else {
            out.push('\\');
            break;
        };
        at += 1;
        let code = |radix: u32, most: usize, at: &mut usize| {
            let digits: String = chars[*at..]
                .iter()
                .take(most)
                .take_while(|c| c.is_digit(radix))
                .collect();
            *at += digits.len();
            u32::from_str_radix(&digits, radix).ok()
        };
        let code = match c {
            'a' => Some(7),
            'b' => Some(8),
            'e' | 'E' => Some(27),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            '\\' => Some(92),
            'c' => return Some((out, true)),
            'x' => code(16, 2, &mut at),
            'u' => code(16, 4, &mut at),
            'U' => code(16, 8, &mut at),
            '0' if zero_first => code(8, 3, &mut at).or(Some(0)),
            '0'..='7' => {
                at -= 1;
                code(8, 3, &mut at)
            }
            '"' if !zero_first => Some(34),
            '\'' if !zero_first => Some(39),
            c => {
                out.push('\\');
                out.push(*c);
                continue;
            }
        }?;
        let wide = matches!(c, 'u' | 'U');
        // Bytes above ASCII make characters together with others.
        if code == 0 || !wide && code > 127 {
            return None;
        }
        out.push(char::from_u32(code)?);
    }
    Some((out, false))
}

fn printf(words: &[&str], dialect: Dialect) -> Option<String> {
    let words = match words {
        ["-v", ..] => return Some(String::new()),
        ["--", rest @ ..] => rest,
        [first, ..] if first.starts_with('-') => return None,
        words => words,
    };
    format(words, dialect)
}

/// What `printf` makes of a format and its values.
pub(crate) fn format(words: &[&str], dialect: Dialect) -> Option<String> {
    let (format, values) = words.split_first()?;
    if dialect != Dialect::Bash && (format.contains("\\x") || format.contains("\\u")) {
        return None;
    }
    let mut values = values.iter();
    let mut out = String::new();
    loop {
        let left = values.len();
        if !once(format, &mut values, &mut out)? || values.len() == 0 || values.len() == left {
            return Some(out);
        }
        if out.len() > LONGEST {
            return None;
        }
    }
}

/// One pass over a format. False where the output ends.
fn once(format: &str, values: &mut std::slice::Iter<'_, &str>, out: &mut String) -> Option<bool> {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (text, stops) = unescaped(&rest[..at], false)?;
        out.push_str(&text);
        if stops {
            return Some(false);
        }
        rest = &rest[at + 1..];
        let directive = rest.chars().next()?;
        rest = &rest[directive.len_utf8()..];
        let mut next = || values.next().copied().unwrap_or_default();
        match directive {
            '%' => out.push('%'),
            's' => out.push_str(next()),
            'b' => {
                let (text, stops) = unescaped(next(), true)?;
                out.push_str(&text);
                if stops {
                    return Some(false);
                }
            }
            'c' => out.extend(next().chars().next()),
            'd' | 'i' | 'x' | 'X' | 'o' => {
                let number = match next() {
                    "" => 0,
                    text => crate::arithmetic::number(text)?,
                };
                let _ = match directive {
                    'x' => write!(out, "{number:x}"),
                    'X' => write!(out, "{number:X}"),
                    'o' => write!(out, "{number:o}"),
                    _ => write!(out, "{number}"),
                };
            }
            _ => return None,
        }
    }
    let (text, stops) = unescaped(rest, false)?;
    out.push_str(&text);
    Some(!stops)
}

/// What a program makes of its input.
fn filter(name: &str, words: &[&str], input: Option<&str>) -> Option<String> {
    let is = |known: &[&[&str]]| known.contains(&words);
    match name {
        "cat" | "tee" if is(&[&[], &["-"]]) => input.map(ToOwned::to_owned),
        "base64" | "gbase64" if is(&[&["-d"], &["-D"], &["--decode"], &["-di"], &["-id"]]) => {
            text(&base64(input?)?)
        }
        "openssl"
            if is(&[
                &["base64", "-d"],
                &["base64", "-d", "-A"],
                &["base64", "-A", "-d"],
                &["enc", "-base64", "-d"],
                &["enc", "-d", "-base64"],
            ]) =>
        {
            text(&base64(input?)?)
        }
        "base32" if is(&[&["-d"], &["--decode"]]) => text(&bits(input?, 5, BASE32)?),
        "xxd"
            if is(&[
                &["-r", "-p"],
                &["-p", "-r"],
                &["-rp"],
                &["-pr"],
                &["-r", "-ps"],
            ]) =>
        {
            text(&hex(input?)?)
        }
        "rev" if words.is_empty() => Some(by_line(input?, |line| line.chars().rev().collect())),
        "tac" if words.is_empty() => {
            let mut lines: Vec<&str> = input?.split_inclusive('\n').collect();
            lines.reverse();
            Some(lines.concat())
        }
        "tr" => tr(words, input?),
        "sed" => sed(words, input?),
        "head" | "tail" => ends(name, words, input?),
        "cut" => cut(words, input?),
        _ => None,
    }
}

fn by_line(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => change(line) + "\n",
            None => change(line),
        })
        .collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn base64(input: &str) -> Option<Vec<u8>> {
    bits(
        input,
        6,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    )
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The bytes that letters of `alphabet` stand for, `width` bits each.
fn bits(input: &str, width: u32, alphabet: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut count) = (0u32, 0);
    for byte in input.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            continue;
        }
        let value = alphabet.iter().position(|known| *known == byte)?;
        held = held << width | u32::try_from(value).ok()?;
        count += width;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(held >> count & 0xff).ok()?);
            held &= (1 << count) - 1;
        }
    }
    Some(out)
}

fn hex(input: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = input
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}

/// `tr` with two sets, or `-d` with one.
fn tr(words: &[&str], input: &str) -> Option<String> {
    match words {
        ["-d", set] => {
            let set = tr_set(set)?;
            Some(input.chars().filter(|c| !set.contains(c)).collect())
        }
        [from, to] if !from.starts_with('-') => {
            let (from, to) = (tr_set(from)?, tr_set(to)?);
            let last = *to.last()?;
            let change = |c: char| match from.iter().rposition(|known| *known == c) {
                Some(at) => to.get(at).copied().unwrap_or(last),
                None => c,
            };
            Some(input.chars().map(change).collect())
        }
        _ => None,
    }
}

fn tr_set(text: &str) -> Option<Vec<char>> {
    if !text.is_ascii() || text.contains('[') {
        return match text {
            "[:upper:]" => Some(('A'..='Z').collect()),
            "[:lower:]" => Some(('a'..='z').collect()),
            "[:space:]" => Some(vec![' ', '\t', '\n', '\r', '\u{b}', '\u{c}']),
            "[:digit:]" => Some(('0'..='9').collect()),
            _ => None,
        };
    }
    let chars: Vec<char> = unescaped(text, false)?.0.chars().collect();
    let mut set = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars.get(at + 1) == Some(&'-') && at + 2 < chars.len() {
            if chars[at] > chars[at + 2] {
                return None;
            }
            set.extend(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            set.push(chars[at]);
            at += 1;
        }
    }
    Some(set)
}

/// `sed s/one/other/` without patterns.
fn sed(words: &[&str], input: &str) -> Option<String> {
    let script = match words {
        [script] | ["-e", script] => *script,
        _ => return None,
    };
    let sign = script.strip_prefix('s')?.chars().next()?;
    let parts: Vec<&str> = script[1 + sign.len_utf8()..].split(sign).collect();
    let [from, to, flags] = parts.as_slice() else {
        return None;
    };
    let plain = |text: &str| !text.contains(['\\', '.', '*', '[', '^', '$', '&', '\n']);
    if !plain(from) || !plain(to) || from.is_empty() {
        return None;
    }
    match *flags {
        "g" => Some(input.replace(from, to)),
        "" => Some(by_line(input, |line| line.replacen(from, to, 1))),
        _ => None,
    }
}

/// `head` and `tail` of lines or bytes.
fn ends(name: &str, words: &[&str], input: &str) -> Option<String> {
    let (unit, count) = match words {
        [] => ("-n", "10"),
        [unit @ ("-n" | "-c"), count] => (*unit, *count),
        [word] if word.len() > 2 && (word.starts_with("-n") || word.starts_with("-c")) => {
            word.split_at(2)
        }
        [word] => ("-n", word.strip_prefix('-')?),
        _ => return None,
    };
    let from_start = name == "tail" && count.starts_with('+');
    let count: usize = count.trim_start_matches('+').parse().ok()?;
    let pieces: Vec<String> = if unit == "-c" {
        if !input.is_ascii() {
            return None;
        }
        input.chars().map(|c| c.to_string()).collect()
    } else {
        input.split_inclusive('\n').map(ToOwned::to_owned).collect()
    };
    let size = pieces.len();
    Some(match (name, from_start) {
        ("head", _) => pieces[..count.min(size)].concat(),
        (_, true) => pieces[count.saturating_sub(1).min(size)..].concat(),
        _ => pieces[size - count.min(size)..].concat(),
    })
}

/// `cut` of one range of characters, or of one field.
fn cut(words: &[&str], input: &str) -> Option<String> {
    let joined: Vec<(char, String)> = {
        let mut options = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut letters = word.strip_prefix('-')?.chars();
            let letter = letters.next()?;
            let value = match letters.as_str() {
                "" => (*words.next()?).to_owned(),
                value => value.to_owned(),
            };
            options.push((letter, value));
        }
        options
    };
    let value = |wanted: char| {
        joined
            .iter()
            .find(|(letter, _)| *letter == wanted)
            .map(|(_, value)| value.as_str())
    };
    let range = |text: &str| -> Option<(usize, usize)> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let from = if from.is_empty() {
            1
        } else {
            from.parse().ok()?
        };
        let to = if to.is_empty() {
            usize::MAX
        } else {
            to.parse().ok()?
        };
        (from > 0 && to >= from).then_some((from, to))
    };
    if !input.is_ascii() || joined.iter().any(|(letter, _)| !"cbfd".contains(*letter)) {
        return None;
    }
    if let Some((from, to)) = value('c').or(value('b')).and_then(range) {
        let take = |line: &str| {
            line.chars()
                .skip(from - 1)
                .take((to - from).saturating_add(1))
                .collect()
        };
        return Some(by_line(input, take));
    }
    let (from, to) = range(value('f')?)?;
    let sign = value('d').unwrap_or("\t");
    let take = |line: &str| {
        if !line.contains(sign) {
            return line.to_owned();
        }
        let fields: Vec<&str> = line.split(sign).skip(from - 1).collect();
        fields[..fields.len().min((to - from).saturating_add(1))].join(sign)
    };
    Some(by_line(input, take))
}
