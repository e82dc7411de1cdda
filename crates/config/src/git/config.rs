//! Reads git's configuration files, by git's own grammar.

/// One entry of a configuration file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// The section, in lower case.
    pub section: String,
    /// The subsection, as it is written; in the older form in lower case.
    pub subsection: Option<Vec<u8>>,
    /// The name, in lower case.
    pub name: String,
    /// The value; none where only the name stands.
    pub value: Option<Vec<u8>>,
}

/// Where, by line, a text is no configuration file, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Bad {
    pub line: usize,
    pub why: &'static str,
}

/// Every entry of a text.
pub(super) fn entries(text: &[u8]) -> Result<Vec<Entry>, Bad> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = Reader {
        rest: text,
        line: 1,
    };
    // As in git, names may stand before the first section; none of them means
    // anything.
    let mut section = (String::new(), None);
    let mut entries = Vec::new();
    loop {
        match reader.peek() {
            None => return Ok(entries),
            Some(c) if is_space(c) => {
                reader.next();
            }
            Some(b'#' | b';') => reader.skip_line(),
            Some(b'[') => {
                reader.next();
                section = reader.section()?;
            }
            Some(c) if c.is_ascii_alphabetic() => {
                entries.push(reader.entry(section.clone())?);
            }
            Some(_) => return Err(reader.bad("neither a section nor a name")),
        }
    }
}

/// A section and its subsection.
type Section = (String, Option<Vec<u8>>);

struct Reader<'a> {
    rest: &'a [u8],
    line: usize,
}

impl Reader<'_> {
    /// The next byte, with line ends of either kind as one.
    fn peek(&self) -> Option<u8> {
        match self.rest {
            [b'\r', b'\n', ..] => Some(b'\n'),
            [first, ..] => Some(*first),
            [] => None,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek()?;
        let long = self.rest.starts_with(b"\r\n");
        self.rest = &self.rest[if long { 2 } else { 1 }..];
        self.line += usize::from(next == b'\n');
        Some(next)
    }

    const fn bad(&self, why: &'static str) -> Bad {
        Bad {
            line: self.line,
            why,
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != b'\n') {}
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.next();
        }
    }

    /// What follows `[`: the section and its subsection.
    fn section(&mut self) -> Result<Section, Bad> {
        let mut name = String::new();
        let mut quoted = None;
        loop {
            match self.next() {
                Some(b']') if name.is_empty() => return Err(self.bad("a section has no name")),
                Some(b']') => break,
                Some(b' ' | b'\t') => {
                    quoted = Some(self.subsection()?);
                    break;
                }
                Some(c) if c.is_ascii_alphanumeric() || c == b'-' || c == b'.' => {
                    name.push(char::from(c.to_ascii_lowercase()));
                }
                _ => return Err(self.bad("a section has no end")),
            }
        }
        // The older form, `[section.subsection]`.
        Ok(match (name.split_once('.'), quoted) {
            (Some((name, older)), None) => (name.to_owned(), Some(older.as_bytes().to_vec())),
            (Some((name, older)), Some(quoted)) => {
                let whole = [older.as_bytes(), b".", &quoted].concat();
                (name.to_owned(), Some(whole))
            }
            (None, quoted) => (name, quoted),
        })
    }

    fn subsection(&mut self) -> Result<Vec<u8>, Bad> {
        let mut name = Vec::new();
        self.skip_blanks();
        if self.next() != Some(b'"') {
            return Err(self.bad("a subsection is not quoted"));
        }
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') if self.peek().is_some_and(|c| c != b'\n') => {
                    name.extend(self.next());
                }
                Some(b'\n' | b'\\') | None => return Err(self.bad("a subsection has no end")),
                Some(c) => name.push(c),
            }
        }
        match self.next() {
            Some(b']') => Ok(name),
            _ => Err(self.bad("a section has no end")),
        }
    }

    fn entry(&mut self, (section, subsection): Section) -> Result<Entry, Bad> {
        let mut name = String::new();
        while let Some(c) = self
            .peek()
            .filter(|c| c.is_ascii_alphanumeric() || *c == b'-')
        {
            name.push(char::from(c.to_ascii_lowercase()));
            self.next();
        }
        self.skip_blanks();
        let value = match self.next() {
            None | Some(b'\n') => None,
            Some(b'=') => Some(self.value()?),
            Some(_) => return Err(self.bad("a name is not followed by `=`")),
        };
        Ok(Entry {
            section,
            subsection,
            name,
            value,
        })
    }

    fn value(&mut self) -> Result<Vec<u8>, Bad> {
        let mut value = Vec::new();
        // How much of it is more than blanks at the end.
        let mut solid = 0;
        let mut is_quoted = false;
        self.skip_blanks();
        loop {
            match self.next() {
                None | Some(b'\n') if is_quoted => {
                    return Err(self.bad("a quoted value has no end"));
                }
                None | Some(b'\n') => break,
                Some(b'#' | b';') if !is_quoted => {
                    self.skip_line();
                    break;
                }
                Some(b'"') => {
                    is_quoted = !is_quoted;
                    solid = value.len();
                }
                Some(b'\\') => {
                    value.extend(self.escaped()?);
                    solid = value.len();
                }
                Some(c) if is_space(c) && !is_quoted => {
                    if !value.is_empty() {
                        value.push(c);
                    }
                }
                Some(c) => {
                    value.push(c);
                    solid = value.len();
                }
            }
        }
        value.truncate(solid);
        Ok(value)
    }

    /// What follows a backslash; nothing for a line that goes on.
    fn escaped(&mut self) -> Result<Option<u8>, Bad> {
        match self.next() {
            Some(b'\n') | None => Ok(None),
            Some(c @ (b'"' | b'\\')) => Ok(Some(c)),
            Some(b'n') => Ok(Some(b'\n')),
            Some(b't') => Ok(Some(b'\t')),
            Some(b'b') => Ok(Some(8)),
            _ => Err(self.bad("an escape that there is not")),
        }
    }
}

const fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What git itself reads in a text: each entry as `section.name` with its
    /// value, or nothing if it refuses the text.
    #[expect(
        clippy::disallowed_methods,
        reason = "git is what the reader is compared with"
    )]
    fn by_git(text: &[u8]) -> Option<Vec<(String, Option<Vec<u8>>)>> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config");
        std::fs::write(&path, text).expect("a file");
        let output = std::process::Command::new("git")
            .args(["config", "--no-includes", "--list", "-z", "--file"])
            .arg(path)
            .output()
            .expect("git is installed");
        let entry = |entry: &[u8]| {
            let mut halves = entry.splitn(2, |c| *c == b'\n');
            let key = String::from_utf8_lossy(halves.next()?).into_owned();
            Some((key, halves.next().map(<[u8]>::to_vec)))
        };
        let entries = output
            .stdout
            .split(|c| *c == 0)
            .filter(|entry| !entry.is_empty());
        output
            .status
            .success()
            .then(|| entries.filter_map(entry).collect())
    }

    fn by_us(text: &[u8]) -> Option<Vec<(String, Option<Vec<u8>>)>> {
        let entries = entries(text).ok()?.into_iter();
        let entry = |entry: Entry| {
            let Entry { section, name, .. } = &entry;
            let key = match &entry.subsection {
                None if section.is_empty() => name.clone(),
                None => format!("{section}.{name}"),
                Some(sub) => format!("{section}.{}.{name}", String::from_utf8_lossy(sub)),
            };
            (key, entry.value)
        };
        Some(entries.map(entry).collect())
    }

    /// No tabs: older versions of git make blanks of them.
    fn fragment() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "[core]",
            "[Include]",
            "[includeIf \"a]\\\"b\"]",
            "[a.b]",
            "[ \"x\"]",
            "[.]",
            "\n",
            "\r\n",
            "\n ",
            "hooksPath",
            "path",
            " = ",
            "=",
            "a/b",
            "\"",
            "\\",
            "\\\n",
            "\\n",
            "#",
            ";",
            " ",
            "[",
            "]",
            "x",
            "1",
            "-",
            "é",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn texts_mean_to_us_what_they_mean_to_git(
            fragments in prop::collection::vec(fragment(), 0..16),
            plain in any::<bool>(),
        ) {
            let mut text = if plain { "[core]\nhooksPath = ".to_owned() } else { String::new() };
            text.push_str(&fragments.concat());
            prop_assert_eq!(by_us(text.as_bytes()), by_git(text.as_bytes()), "{:?}", text);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _either = entries(&bytes);
        }
    }
}
