//! The rules: what is said of each kind of finding.

use crate::Severity;
use crate::taint::kind::Kind;

/// What is said of one kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its identifier, never changed.
    pub id: &'static str,
    /// Weaknesses, the most exact first.
    pub cwe: &'static [u16],
    /// What it is, in a few words.
    pub title: &'static str,
    /// What could happen.
    pub harm: &'static str,
    /// What to write instead.
    pub safer: &'static str,
    /// How bad it is.
    pub severity: Severity,
}

macro_rules! rules {
    ($($name:ident: $id:literal, $cwe:expr, $severity:ident, $title:literal, $harm:literal, $safer:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Rule = Rule {
                id: $id, cwe: &$cwe, title: $title, harm: $harm, safer: $safer, severity: Severity::$severity,
            };
        )*
        /// Every rule.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    SQL: "sql-injection", [89], High, "SQL put together from data",
        "Whoever chooses the data can change the query: read, change or delete anything that the database user may.",
        "Write the query with placeholders and pass the values beside it. Choose the name of a table or column from a fixed list.";
    NOSQL: "nosql-injection", [943], High, "A database query taken from data",
        "An object in the place of a value brings operators along, such as `$ne` or `$where`, and matches what it should not.",
        "Take single values out of the request, as text or numbers, and put those into the query.";
    COMMAND: "command-injection", [78, 77], Critical, "A command put together from data",
        "A shell reads the data: a `;` or `$(…)` in it runs any program.",
        "Start the program with a list of arguments and without a shell. If a shell must be, quote each value.";
    CODE: "code-injection", [94, 95], Critical, "Data is run as code",
        "Whoever chooses the data runs any code with the rights of this process.",
        "Parse what is needed, or use a table from names to functions.";
    PATH: "path-traversal", [22, 23, 73], High, "A path put together from data",
        "`..` or an absolute path in the data leads to any file that this process may reach.",
        "Resolve the path and check that it is below the directory that is meant, or choose the file from a fixed list.";
    XSS: "cross-site-scripting", [79, 80], High, "Data in a page without escaping",
        "Markup in the data runs as a script in the page of whoever sees it.",
        "Use a template that escapes, or escape the data where it is put into the page.";
    SSRF: "server-side-request-forgery", [918], High, "An address to fetch is taken from data",
        "The server can be sent to hosts that only it may reach, such as metadata services.",
        "Choose the host from a fixed list, and check the address after the name is resolved.";
    REDIRECT: "open-redirect", [601], Medium, "A redirect to an address from data",
        "A link to this site leads to another, which can look the same and ask for a password.",
        "Redirect to paths of this site only: compare the host with a fixed list, or look up the target by a key.";
    DESERIALIZE: "unsafe-deserialization", [502], Critical, "Data is turned into objects",
        "This format can name any function to call while it is read.",
        "Use JSON, or a loader that makes plain values only.";
    TEMPLATE: "template-injection", [1336, 94], Critical, "Data is used as a template",
        "Expressions in the data are run by the template engine, and reach the whole process.",
        "Keep the template constant and pass the data as a variable.";
    XXE: "xml-external-entity", [611], High, "XML with entities from data",
        "The XML can include local files and make requests.",
        "Use a parser that resolves no entities.";
    LDAP: "ldap-injection", [90], High, "An LDAP filter put together from data",
        "Parentheses and `*` in the data change whom the filter finds.",
        "Escape each value for filters.";
    XPATH: "xpath-injection", [643], High, "An XPath expression put together from data",
        "A quote in the data changes what the expression finds.",
        "Pass the value as a variable of the expression.";
    TRUST: "trust-boundary", [501], Low, "Data of a request is kept in the session",
        "Later code takes what is in the session for its own and does not check it.",
        "Check the value before it is kept.";
    HEADER: "header-injection", [113], Medium, "Data in a header of the answer",
        "A line break in the data starts another header or the body.",
        "Take line breaks out of the value, or choose it from a fixed list.";
    MASS: "mass-assignment", [915], Medium, "Fields are set as the request names them",
        "A request can set fields that it should not, such as the owner or the role.",
        "Name the fields that may be set.";
    REGEX: "regex-denial-of-service", [1333, 400, 730], Medium, "An expression that can take for ever",
        "A text of some dozen characters can keep this process busy for hours.",
        "Write the expression without repeats in repeats, and limit the length of the text.";
    PROTOTYPE: "prototype-pollution", [1321], High, "Keys from data are set in objects",
        "The key `__proto__` changes every object of the process.",
        "Refuse `__proto__`, `constructor` and `prototype`, or use a `Map`.";
    WEAK_HASH: "weak-hash", [328, 327, 916], Medium, "A hash that is broken",
        "Collisions can be made, and passwords hashed with it are found quickly.",
        "Use SHA-256; for passwords argon2, scrypt or bcrypt.";
    WEAK_CIPHER: "weak-cipher", [327], Medium, "A cipher that is broken",
        "What was encrypted so can be read or changed by others.",
        "Use AES-GCM or ChaCha20-Poly1305 from a maintained library.";
    WEAK_RANDOM: "weak-random", [330, 338], Low, "Random numbers that can be foreseen",
        "Whoever sees some of them knows the next: no good for tokens, passwords and keys.",
        "Use a generator that is made for secrets.";
    COOKIE_SECURE: "cookie-without-secure", [614, 1004, 16], Low, "A cookie that goes over plain connections",
        "Somebody on the network can read it.",
        "Set `secure`, `httponly` and `samesite`.";
    COOKIE_HTTPONLY: "cookie-without-httponly", [1004], Low, "A cookie that scripts can read",
        "A script that gets into a page can take it.",
        "Set `httponly`.";
    CREDENTIAL: "hard-coded-credential", [798, 259, 321], Medium, "A password or key in the code",
        "Everybody who sees the code has it, and it cannot be changed without a release.",
        "Read it from the environment or a store of secrets, and change it.";
    JWT: "unverified-token", [347, 345], High, "A token is read and not verified",
        "Anybody can write such a token, with any name in it.",
        "Verify the signature, with the algorithms that are expected.";
    TEMP: "predictable-temporary-file", [377], Low, "A temporary file with a foreseeable name",
        "Another user can put a file or a link there first.",
        "Let the library make and open the file in one step.";
}

/// The rule for a kind of harm that data does.
pub fn of(kind: Kind) -> &'static Rule {
    match kind {
        Kind::Sql => &SQL,
        Kind::NoSql => &NOSQL,
        Kind::Command => &COMMAND,
        Kind::Code => &CODE,
        Kind::Path => &PATH,
        Kind::Xss => &XSS,
        Kind::Ssrf => &SSRF,
        Kind::Redirect => &REDIRECT,
        Kind::Deserialize => &DESERIALIZE,
        Kind::Template => &TEMPLATE,
        Kind::Xxe => &XXE,
        Kind::Ldap => &LDAP,
        Kind::XPath => &XPATH,
        Kind::TrustBoundary => &TRUST,
        Kind::Header => &HEADER,
        Kind::MassAssignment => &MASS,
        Kind::Regex => &REGEX,
        Kind::Prototype => &PROTOTYPE,
    }
}
