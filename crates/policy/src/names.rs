//! How the names in a path are taken apart and compared: without regard to
//! case, and as file systems compare them that ignore more than that.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

/// The names in a path, from the outermost in. As in [`Path::components`],
/// empty ones and `.` do not count.
pub(crate) fn names(path: &Path) -> impl Iterator<Item = &[u8]> + Clone {
    let bytes = path.as_os_str().as_encoded_bytes();
    let names = bytes.split(|byte| *byte == b'/');
    names.filter(|name| !name.is_empty() && *name != b".")
}

/// A name as it is compared. An ASCII name costs nothing: these are asked for
/// with every file that a command makes.
pub(crate) enum Folded<'a> {
    Ascii(&'a [u8]),
    Other(Vec<char>),
}

impl<'a> Folded<'a> {
    pub(crate) fn of(name: &'a [u8]) -> Self {
        if name.is_ascii() {
            return Self::Ascii(name);
        }
        Self::Other(fold(&String::from_utf8_lossy(name)).chars().collect())
    }

    pub(crate) fn get(&self, at: usize) -> Option<char> {
        match self {
            Self::Ascii(name) => name.get(at).map(|byte| byte.to_ascii_lowercase().into()),
            Self::Other(name) => name.get(at).copied(),
        }
    }

    pub(crate) fn last(&self) -> Option<char> {
        let len = match self {
            Self::Ascii(name) => name.len(),
            Self::Other(name) => name.len(),
        };
        self.get(len.checked_sub(1)?)
    }
}

/// Whether a name is `folded` as it is compared, which is in that form.
pub(crate) fn is_same(name: &[u8], folded: &str) -> bool {
    if name.is_ascii() {
        return name.eq_ignore_ascii_case(folded.as_bytes());
    }
    fold(&String::from_utf8_lossy(name)) == folded
}

/// The form of a name that is compared: in lower case, after compatibility
/// normalisation, without invisible characters (`.GIT`, `.g\u{200c}it`).
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfkc()
        .filter(|c| !is_ignorable(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Characters that file systems such as HFS+ ignore when they compare names
/// (the list that git keeps for the same purpose), and other invisible ones.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
