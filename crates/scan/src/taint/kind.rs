//! Kinds of weaknesses that data can lead to, and sets of them.

/// A kind of weakness. Data that is made harmless for one is not for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the catalogue says what each is")]
pub enum Kind {
    Sql,
    NoSql,
    Command,
    Code,
    Path,
    Xss,
    Ssrf,
    Redirect,
    Deserialize,
    Template,
    Xxe,
    Ldap,
    XPath,
    TrustBoundary,
    Header,
    MassAssignment,
    Regex,
    Prototype,
}

/// A set of kinds, and marks that belong to no single kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every kind: a number, one of a fixed set, or text of letters only.
    pub const ALL: Self = Self(0x00ff_ffff);
    /// What no harmless text can do. That it was checked for nothing else says
    /// nothing of whether it should be trusted.
    pub const TEXT: Self = Self::ALL.without(Self::of(&[Kind::TrustBoundary]));
    /// A mark: a path without `..` and links, which may now be compared.
    pub const NORMALIZED: Self = Self(1 << 30);
    /// What needs a quote to break out of.
    pub const QUOTES: Self = Self::of(&[Kind::Sql, Kind::XPath]);

    /// The set of these.
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < kinds.len() {
            bits |= 1 << kinds[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// Whether this one is in it.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Whether all of another are in it.
    pub const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
