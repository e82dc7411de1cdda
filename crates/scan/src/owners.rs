//! Who answers for a file: `CODEOWNERS`, in the form that GitHub and GitLab
//! read. The last line that matches counts.

/// Where it is looked for, in this order.
pub const PLACES: &[&str] = &[
    "CODEOWNERS",
    ".github/CODEOWNERS",
    ".gitlab/CODEOWNERS",
    "docs/CODEOWNERS",
];

/// The lines of a `CODEOWNERS` file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Owners {
    lines: Vec<(String, Vec<String>)>,
}

impl Owners {
    /// Reads it. Lines that say nothing are left out.
    pub fn read(text: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            // GitLab's sections.
            if line.is_empty() || line.starts_with(['#', '[', '^']) {
                continue;
            }
            let mut words = line.split_whitespace();
            if let Some(pattern) = words.next() {
                lines.push((pattern.to_owned(), words.map(str::to_owned).collect()));
            }
        }
        Self { lines }
    }

    /// Who owns a file; none where nobody is named, or nobody on purpose.
    pub fn of(&self, path: &str) -> &[String] {
        let last = self
            .lines
            .iter()
            .rev()
            .find(|(pattern, _)| matches(pattern, path));
        last.map_or(&[], |(_, owners)| owners)
    }
}

/// As in `.gitignore`: a pattern with a slash in it begins at the root, one
/// without matches at any depth, and a directory stands for all in it.
fn matches(pattern: &str, path: &str) -> bool {
    let inner = pattern.trim_end_matches('/');
    let is_rooted = inner.contains('/');
    let inner = inner.trim_start_matches('/');
    let pattern: Vec<&str> = inner.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    let starts = if is_rooted { 0..1 } else { 0..path.len() };
    starts
        .into_iter()
        .any(|start| parts(&pattern, &path[start..]))
}

/// Whether a path's beginning matches, part by part.
fn parts(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => true,
        Some((&"**", rest)) => (0..=path.len()).any(|skip| parts(rest, &path[skip..])),
        Some((first, rest)) => match path.split_first() {
            // `docs/*` is what is right in it, not below.
            Some((name, left)) => {
                wild(first.as_bytes(), name.as_bytes())
                    && if rest.is_empty() && *first == "*" {
                        left.is_empty()
                    } else {
                        parts(rest, left)
                    }
            }
            None => false,
        },
    }
}

/// `*` and `?` in one part. Linear in memory, and never worse than the product
/// of both lengths.
fn wild(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut on) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while on < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, on));
                at += 1;
            }
            Some(c) if *c == b'?' || *c == name[on] => {
                at += 1;
                on += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = back + 1;
                    on = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_counts() {
        let owners = Owners::read(
            "# all\n*  @all\n*.js @js # scripts\n/build/ @build\napps/ @apps\ndocs/* @docs\n\
             /src/**/auth @security\n/src/free\n[Section]\n",
        );
        for (path, owner) in [
            ("a.py", "@all"),
            ("x/y/a.js", "@js"),
            ("build/out/a.c", "@build"),
            ("x/build/a.c", "@all"),
            ("x/apps/a/b.py", "@apps"),
            ("docs/a.md", "@docs"),
            ("docs/a/b.md", "@all"),
            ("src/a/b/auth/c.py", "@security"),
        ] {
            assert_eq!(owners.of(path), [owner], "{path}");
        }
        assert_eq!(owners.of("src/free/a.py"), [] as [String; 0]);
        assert_eq!(Owners::read("").of("a"), [] as [String; 0]);
    }

    #[test]
    fn stars_match_in_time() {
        let pattern = "*a".repeat(40);
        assert!(!matches(&pattern, &"a".repeat(39)));
        assert!(matches("a*b?c", "axxbyc"));
        assert!(!matches("a*b?c", "axxbc"));
    }
}
