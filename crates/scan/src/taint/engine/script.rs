//! Which file of the project an import of JavaScript or TypeScript means.

const ENDINGS: &[&str] = &[".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx"];

/// The name of a file as imports see it: `lib/a.js` is `lib/a`, and
/// `lib/index.ts` is `lib`.
pub(crate) fn stem(path: &str) -> &str {
    let bare = ENDINGS
        .iter()
        .find_map(|ending| path.strip_suffix(ending))
        .unwrap_or(path);
    match bare.strip_suffix("index") {
        Some("") => "",
        Some(folder) => folder.strip_suffix('/').unwrap_or(bare),
        None => bare,
    }
}

/// The names that an import may mean, as seen from a file. None where it is a
/// package's.
pub(crate) fn candidates(from: &str, name: &str) -> Vec<String> {
    if name.starts_with('.') {
        return joined(from, name).into_iter().collect();
    }
    // How projects call their own root.
    let own = name.strip_prefix("@/").or_else(|| name.strip_prefix("~/"));
    own.map_or_else(Vec::new, |rest| {
        let rest = stem(rest);
        vec![format!("src/{rest}"), rest.to_owned()]
    })
}

/// `../b` as seen from `lib/a.js`; nothing where it leads out of the project.
fn joined(from: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(stem(&parts.join("/")).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_means_the_file_that_node_would_load() {
        for (from, name, meant) in [
            ("lib/a.js", "./b", Some("lib/b")),
            ("lib/a.js", "../index.js", Some("")),
            ("lib/a.js", "..", Some("")),
            ("test/a.ts", "../src/b.js", Some("src/b")),
            ("lib/a.js", "./b/index", Some("lib/b")),
            ("lib/a.js", "../../b", None),
            ("lib/a.js", "fs", None),
            ("pages/a.tsx", "@/db", Some("src/db")),
        ] {
            let first = candidates(from, name).into_iter().next();
            assert_eq!(first.as_deref(), meant, "{name} of {from}");
        }
        assert_eq!(stem("reindex.js"), "reindex");
    }
}
