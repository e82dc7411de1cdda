//! What a file's place and language say of the values in it.

use crate::{Language, SourceFile};

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Words without quotes are names here, not text.
    pub(super) is_code: bool,
    /// Only what is known by its form counts: what was generated, translated
    /// or locked has names and random values beside each other by the
    /// thousand.
    pub(super) only_formats: bool,
}

impl Context {
    pub(super) fn of(file: &SourceFile<'_>) -> Self {
        Self {
            is_code: is_code(file.language),
            only_formats: is_generated(file.path)
                || is_translation(file.path)
                || file.is_minified(),
        }
    }
}

/// Whether a place is in a text for people: a document, or a comment.
pub(super) fn is_documented(file: &SourceFile<'_>, at: usize) -> bool {
    let ending = file.path.rsplit('.').next().unwrap_or_default();
    let in_document = matches!(ending, "md" | "mdx" | "rst" | "adoc")
        || file
            .path
            .split('/')
            .any(|part| matches!(part, "doc" | "docs"));
    let begin = file.text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = file.text[begin..at].trim_start();
    let in_comment = is_code(file.language)
        && ["//", "*", "/*", "#", "--"]
            .iter()
            .any(|mark| line.starts_with(mark));
    in_document || in_comment
}

/// Whether a value is no secret by what it is: a digest of a whole file, an
/// identifier of a format, the name of a file.
pub(super) fn is_harmless(value: &str) -> bool {
    const DIGESTS: &[&str] = &[
        "sha1-", "sha256-", "sha384-", "sha512-", "sha256:", "md5:", "urn:", "arn:",
    ];
    let is_digest = DIGESTS.iter().any(|start| value.starts_with(start));
    is_digest || is_file_name(value) || is_hashed_password(value)
}

/// Endings of names of files and hosts.
const FILE_ENDINGS: &[&str] = &[
    ".json",
    ".yaml",
    ".yml",
    ".txt",
    ".pem",
    ".key",
    ".crt",
    ".js",
    ".ts",
    ".py",
    ".go",
    ".html",
    ".md",
    ".com",
    ".org",
    ".net",
    ".io",
    ".xml",
    ".toml",
    ".conf",
    ".properties",
    ".env",
    ".rb",
    ".php",
    ".java",
    ".css",
    ".png",
    ".svg",
];

fn is_file_name(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    FILE_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// `$2a$10$…` and its kin say nothing of the password.
fn is_hashed_password(value: &str) -> bool {
    value.starts_with("pbkdf2_") || value.starts_with("sha1$") || value.starts_with("bcrypt")
}

const fn is_code(language: Language) -> bool {
    matches!(
        language,
        Language::C
            | Language::Css
            | Language::Go
            | Language::Java
            | Language::JavaScript
            | Language::Kotlin
            | Language::Php
            | Language::Python
            | Language::Ruby
            | Language::Rust
            | Language::Sql
            | Language::Terraform
            | Language::Toml
            | Language::Json
            | Language::Tsx
            | Language::TypeScript
    )
}

const GENERATED: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
    "cargo.lock",
    "poetry.lock",
    "uv.lock",
    "pipfile.lock",
    "composer.lock",
    "gemfile.lock",
    "go.sum",
    "go.mod",
    "flake.lock",
    "gradle.lockfile",
    "verification-metadata.xml",
    "mix.lock",
    "podfile.lock",
];

const GENERATED_ENDINGS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".map",
    ".svg",
    ".css",
    ".po",
    ".pot",
    ".snap",
    ".lock",
    ".ipynb",
    ".xlf",
    ".bundle.js",
];

fn is_generated(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    GENERATED.contains(&name)
        || GENERATED_ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending))
        || lower
            .split('/')
            .any(|part| part == "node_modules" || part == "bower_components")
}

/// Files of texts for people, where `password` is a caption.
fn is_translation(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.split('/').any(|part| {
        matches!(
            part,
            "locale"
                | "locales"
                | "i18n"
                | "l10n"
                | "lang"
                | "langs"
                | "translations"
                | "translation"
        ) || part.starts_with("messages_")
            || part.starts_with("messages.")
    })
}
