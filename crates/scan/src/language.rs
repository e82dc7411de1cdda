//! Languages, known by the name of a file and its first line.

use serde::{Deserialize, Serialize};

/// What a file is written in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Language {
    C,
    Css,
    Dockerfile,
    Go,
    Html,
    Java,
    JavaScript,
    Json,
    Kotlin,
    Markdown,
    Php,
    Python,
    Ruby,
    Rust,
    Shell,
    Sql,
    Terraform,
    Toml,
    Tsx,
    TypeScript,
    Xml,
    Yaml,
    /// Text in none of these.
    Text,
}

impl Language {
    /// The language of a file, by its name and its text.
    pub fn of(path: &str, text: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        by_name(name)
            .or_else(|| by_ending(name))
            .or_else(|| by_interpreter(text))
            .unwrap_or(Self::Text)
    }

    /// The grammar that parses it, where there is one.
    pub fn grammar(self) -> Option<tree_sitter::Language> {
        Some(match self {
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            // A superset: what is plain JavaScript is read as such.
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            _ => return None,
        })
    }
}

fn by_name(name: &str) -> Option<Language> {
    let lower = name.to_ascii_lowercase();
    if lower == "dockerfile" || lower == "containerfile" || lower.starts_with("dockerfile.") {
        return Some(Language::Dockerfile);
    }
    Some(match lower.as_str() {
        "gemfile" | "rakefile" | "config.ru" => Language::Ruby,
        "pipfile" | "cargo.lock" | "poetry.lock" | "uv.lock" => Language::Toml,
        "package-lock.json" | "composer.lock" | "pipfile.lock" => Language::Json,
        "pnpm-lock.yaml" => Language::Yaml,
        ".bashrc" | ".envrc" | ".profile" | ".zshrc" => Language::Shell,
        _ => return None,
    })
}

fn by_ending(name: &str) -> Option<Language> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "c" | "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" | "hxx" => Language::C,
        "css" | "less" | "scss" => Language::Css,
        "dockerfile" => Language::Dockerfile,
        "go" => Language::Go,
        "htm" | "html" | "ejs" | "hbs" | "j2" | "jinja" | "jinja2" | "vue" | "svelte" => {
            Language::Html
        }
        "java" => Language::Java,
        "cjs" | "js" | "jsx" | "mjs" => Language::JavaScript,
        "json" | "jsonc" | "json5" | "ipynb" => Language::Json,
        "kt" | "kts" => Language::Kotlin,
        "markdown" | "md" | "mdc" | "mdx" => Language::Markdown,
        "php" | "phtml" => Language::Php,
        "py" | "pyi" | "pyw" => Language::Python,
        "gemspec" | "rake" | "rb" => Language::Ruby,
        "rs" => Language::Rust,
        "bash" | "ksh" | "sh" | "zsh" => Language::Shell,
        "sql" => Language::Sql,
        "hcl" | "tf" | "tfvars" => Language::Terraform,
        "toml" => Language::Toml,
        "tsx" => Language::Tsx,
        "cts" | "mts" | "ts" => Language::TypeScript,
        "pom" | "svg" | "xml" | "xsd" | "xsl" => Language::Xml,
        "yaml" | "yml" => Language::Yaml,
        _ => return None,
    })
}

/// By `#!/usr/bin/env python3`.
fn by_interpreter(text: &str) -> Option<Language> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_ascii_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words.find(|word| !word.starts_with('-'))?;
    }
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match name {
        "python" => Language::Python,
        "node" | "nodejs" | "bun" => Language::JavaScript,
        "deno" | "ts-node" | "tsx" => Language::TypeScript,
        "ruby" => Language::Ruby,
        "php" => Language::Php,
        "bash" | "dash" | "ksh" | "sh" | "zsh" => Language::Shell,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_endings_and_first_lines_tell_the_language() {
        for (path, text, language) in [
            ("a/b.py", "", Language::Python),
            ("a/B.TSX", "", Language::Tsx),
            ("x/Dockerfile.dev", "", Language::Dockerfile),
            (
                "bin/run",
                "#!/usr/bin/env -S python3.11 -u\n",
                Language::Python,
            ),
            ("bin/run", "#! /bin/sh\n", Language::Shell),
            ("Cargo.lock", "", Language::Toml),
            (".py/none", "", Language::Text),
            ("", "", Language::Text),
        ] {
            assert_eq!(Language::of(path, text), language, "{path}");
        }
    }
}
