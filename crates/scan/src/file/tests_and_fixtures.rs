//! Which files are tests, fixtures and examples: what is found in them counts
//! less.

/// Directories that hold nothing else.
const DIRECTORIES: &[&str] = &[
    "__tests__",
    "__mocks__",
    "__fixtures__",
    "cypress",
    "e2e",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "mocks",
    "sample",
    "samples",
    "spec",
    "specs",
    "test",
    "testdata",
    "tests",
    "testing",
];

/// Whether a path is a test's, a fixture's or an example's.
pub fn is_test(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_tests = directories
        .split('/')
        .any(|part| DIRECTORIES.contains(&part.to_ascii_lowercase().as_str()));
    in_tests || by_name(name)
}

fn by_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let inner = name
        .split('.')
        .skip(1)
        .any(|part| matches!(part, "test" | "spec"));
    inner
        || matches!(stem, "conftest" | "test" | "tests")
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || (stem.len() > 4 && stem.ends_with("Test"))
        || (stem.len() > 5 && stem.ends_with("Tests"))
}

#[cfg(test)]
mod tests {
    use super::is_test;

    #[test]
    fn tests_are_told_from_what_only_sounds_like_them() {
        for path in [
            "tests/a.py",
            "src/test/java/A.java",
            "a/test_b.py",
            "a/b_test.go",
            "a.spec.ts",
            "x/UserTest.java",
            "conftest.py",
            "src/mask/tests.rs",
            "__tests__/x.js",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "src/contest.py",
            "latest.js",
            "attest/a.py",
            "Test.java",
            "testament.py",
        ] {
            assert!(!is_test(path), "{path}");
        }
    }
}
