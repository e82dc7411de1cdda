//! The three forms give one tree, and hostile text gives a reason.

use proptest::prelude::*;

use super::{Node, json, toml, yaml};

fn text<'a>(node: &'a Node, path: &[&str]) -> Option<(&'a str, u32)> {
    let node = node.at(path)?;
    Some((node.text()?, node.line))
}

#[test]
fn three_forms_give_one_tree_with_lines() {
    let of_json = json("{ // c\n \"a\": {\n  \"b\": \"x\\u0041\",\n },\n \"l\": [1, true]\n}\n")
        .expect("json");
    assert_eq!(text(&of_json, &["a", "b"]), Some(("xA", 3)));
    assert_eq!(of_json.get("l").map(|list| list.items().len()), Some(2));
    let of_yaml = yaml("a: &x\n  b: xA\nc:\n  <<: *x\n---\nsecond: 2\n").expect("yaml");
    assert_eq!(of_yaml.len(), 2);
    assert_eq!(text(&of_yaml[0], &["a", "b"]), Some(("xA", 2)));
    assert_eq!(text(&of_yaml[0], &["c", "b"]), Some(("xA", 2)));
    let of_toml = toml("z = 1\n[a]\nb = 'xA'\n").expect("toml");
    assert_eq!(text(&of_toml, &["a", "b"]), Some(("xA", 3)));
}

#[test]
fn hostile_text_gives_a_reason_with_a_line() {
    let deep = "[".repeat(5000);
    assert!(json(&deep).is_err() && yaml(&deep).is_err());
    assert!(toml(&format!("x = {deep}")).is_err());
    // Nine levels of nine aliases each would be millions of nodes.
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 9].join(",");
        bomb = format!("{bomb}a{level}: &a{level} [{below}]\n");
    }
    assert!(yaml(&bomb).is_err());
    assert_eq!(json("{\n\"a\": \"x\n}").expect_err("a reason").line, 2);
    assert!(json("").is_err() && json("{").is_err() && json("{}}").is_err());
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "'", "\n", "- ", "  ", "a", "&a ", "*a", "<<: ", "|\n", ">-\n",
            "? ", "!t ", "%YAML 1.2\n", "---\n", "...\n", "#", "= ", "\\", "\\u12", "/*", "//", "\t", "\r", "\u{feff}",
            "\u{85}", "@", "`", "1", "true", "[[", "]]", "\"\"\"", "'''", "\0", "é",
        ]).prop_map(str::to_owned),
        ".{0,2}",
    ], 0..60)) {
        let text = parts.concat();
        let _ = json(&text);
        let _ = yaml(&text);
        let _ = toml(&text);
    }
}
