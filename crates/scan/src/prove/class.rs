//! What can be proved: the classes, and which weaknesses they are.

use serde::{Deserialize, Serialize};

use crate::Severity;

/// A class of what can be proved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Input becomes a command of a shell, or the program that is run.
    Command,
    /// Input becomes code.
    Code,
    /// Input becomes objects that run code.
    Deserialization,
    /// Input leads to a file that it should not.
    Path,
    /// An XML entity in the input reads a file.
    Xxe,
    /// Input changes the structure of an SQL statement.
    Sql,
    /// Input changes the structure of a query of a document store.
    NoSql,
    /// Input changes the structure of an LDAP filter.
    Ldap,
    /// Input changes the structure of an XPath expression.
    XPath,
    /// Input becomes the host that a browser is sent to.
    Redirect,
    /// Input becomes markup or script of a page.
    Xss,
    /// Input is executed as a template.
    Template,
    /// Input becomes the address that the server reaches.
    Ssrf,
    /// Input becomes a header of the answer.
    Header,
    /// A cookie is set that goes over open connections.
    Cookie,
    /// Input is stored in the session as it came.
    TrustBoundary,
}

impl Class {
    /// Every class.
    pub const ALL: &[Self] = &[
        Self::Command,
        Self::Code,
        Self::Deserialization,
        Self::Path,
        Self::Xxe,
        Self::Sql,
        Self::NoSql,
        Self::Ldap,
        Self::XPath,
        Self::Redirect,
        Self::Xss,
        Self::Template,
        Self::Ssrf,
        Self::Header,
        Self::Cookie,
        Self::TrustBoundary,
    ];

    /// Its name, which is the rule of a finding of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command-injection",
            Self::Code => "code-injection",
            Self::Deserialization => "deserialization",
            Self::Path => "path-traversal",
            Self::Xxe => "xxe",
            Self::Sql => "sql-injection",
            Self::NoSql => "nosql-injection",
            Self::Ldap => "ldap-injection",
            Self::XPath => "xpath-injection",
            Self::Redirect => "open-redirect",
            Self::Xss => "xss",
            Self::Template => "template-injection",
            Self::Ssrf => "ssrf",
            Self::Header => "header-injection",
            Self::Cookie => "insecure-cookie",
            Self::TrustBoundary => "trust-boundary",
        }
    }

    /// Its weaknesses, the most usual first.
    pub const fn cwe(self) -> &'static [u16] {
        match self {
            Self::Command => &[78, 77, 88],
            Self::Code => &[94, 95, 96],
            Self::Deserialization => &[502],
            Self::Path => &[22, 23, 36, 73],
            Self::Xxe => &[611],
            Self::Sql => &[89],
            Self::NoSql => &[943],
            Self::Ldap => &[90],
            Self::XPath => &[643],
            Self::Redirect => &[601],
            Self::Xss => &[79, 80],
            Self::Template => &[1336, 94],
            Self::Ssrf => &[918],
            Self::Header => &[113, 93],
            Self::Cookie => &[614],
            Self::TrustBoundary => &[501],
        }
    }

    /// How bad it is where it was shown.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Command | Self::Code | Self::Deserialization | Self::Template => {
                Severity::Critical
            }
            Self::Path
            | Self::Xxe
            | Self::Sql
            | Self::NoSql
            | Self::Ldap
            | Self::XPath
            | Self::Ssrf => Severity::High,
            Self::Redirect | Self::Xss | Self::Header => Severity::Medium,
            Self::Cookie | Self::TrustBoundary => Severity::Low,
        }
    }

    /// What happened, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Command => "Input of a request is run as a command",
            Self::Code => "Input of a request is run as code",
            Self::Deserialization => "Input of a request is made into objects that run code",
            Self::Path => "Input of a request leads to any file",
            Self::Xxe => "XML in a request reads files",
            Self::Sql => "Input of a request changes an SQL statement",
            Self::NoSql => "Input of a request changes a database query",
            Self::Ldap => "Input of a request changes an LDAP filter",
            Self::XPath => "Input of a request changes an XPath expression",
            Self::Redirect => "Input of a request sends the browser to any host",
            Self::Xss => "Input of a request becomes markup of the page",
            Self::Template => "Input of a request is run as a template",
            Self::Ssrf => "Input of a request becomes an address that the server reaches",
            Self::Header => "Input of a request becomes a header of the answer",
            Self::Cookie => "A cookie is set without `Secure`",
            Self::TrustBoundary => "Input of a request is stored in the session as it came",
        }
    }
}
