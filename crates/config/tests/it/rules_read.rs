//! What a file of rules may say, and what is said of one that is wrong.

use dam_config::rules::ListedRule;
use dam_policy::RuleDecision;
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::rules::read;

fn refusal(text: &str) -> String {
    let Err(error) = read(text) else {
        panic!("nothing was refused");
    };
    let hint = error
        .hint()
        .map_or_else(String::new, |hint| format!("\nhint: {hint}"));
    format!("{error}{hint}")
}

/// The rules of a text, one in a line.
fn said(text: &str) -> String {
    let book = read(text).unwrap_or_else(|error| panic!("{error}"));
    let line = |listed: &ListedRule| {
        let decision = listed.decision().map_or("", RuleDecision::name);
        format!("{decision} {}", listed.kind.summary())
    };
    book.listed().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_function_and_parameter() {
    assert_snapshot!(said(r#"
prefix_rule(["git", ["push", "send-email"]], "prompt", [["git", "push", "origin"], "git send-email x"], ["git pull"], "it leaves the machine")
prefix_rule(pattern = ["make"], not_match = ["cmake"])
prefix_rule(pattern = ("gh", "pr"), decision = "unsandboxed", expires = "2027-01-31", justification = None)
network_rule(host = "API.Example.com", protocol = "https", decision = "allow", justification = "ours")
network_rule("[::1]", "socks5_tcp", "deny")
network_rule(host = "example.com", decision = "prompt")
host_executable(name = "git", paths = ["/usr/bin/git", "/opt/git/bin/git"])
prefix_rule(pattern = ["git", "status"], match = ["/usr/bin/git status"], not_match = ["/tmp/git status"])
"#), @r"
    prompt prefix_rule(git push|send-email)
    allow prefix_rule(make)
    unsandboxed prefix_rule(gh pr)
    allow network_rule(api.example.com)
    forbidden network_rule([::1])
    prompt network_rule(example.com)
     host_executable(git: /usr/bin/git, /opt/git/bin/git)
    allow prefix_rule(git status)
    ");
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let page = include_str!("../../../../docs/rules.md");
    let blocks = page.split("```python\n").skip(1);
    let texts: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(texts.len(), 3);
    for text in texts {
        assert!(!said(text).is_empty(), "{text}");
    }
}

#[test]
fn the_language() {
    assert_snapshot!(said(r#"
# Loops, conditions, functions, and what can be made of strings and lists.
registries = {"npm": ["publish", "unpublish"], "cargo": ["publish"]}
for tool, acts in registries.items():
    for act in acts:
        if act == "unpublish" and tool != "cargo":
            continue
        elif not act:
            break
        else:
            prefix_rule(pattern = [tool, act], decision = "forbidden")
"#), @r"
    forbidden prefix_rule(npm publish)
    forbidden prefix_rule(cargo publish)
    ");
    assert_snapshot!(said(r#"
def ask(program, words = ["x"], why = ""):
    if len(words) == 0:
        return
    for word in words:
        prefix_rule(pattern = [program, word], decision = "prompt", justification = why or f"{program} is asked")

ask("a")
ask("b", words = ["c" + "d", "%s-%d" % ("e", 1 + 2 * 3 - 9 // 2 % 3), "{}{1}{x}".format("f", "g", x = "h")])
ask("n", [])
names = [n.upper() for n in "p q,r".replace(",", " ").split() if n not in ("q",)]
names += ["-".join(names), names[0], names[-1], "abc"[1:], r"\d", 'it\'s', """t"""]
names.append(str(None) + str(True))
prefix_rule(pattern = [names, "x" if len(names) > 100 else "y"])
pairs = [(i, w) for i, w in enumerate(sorted(["z", "y"]))]
prefix_rule(pattern = ["%d%s" % pair for pair in pairs] + [w for _, w in zip(range(1), ["k"])])
"#), @r"
    prompt prefix_rule(a x)
    prompt prefix_rule(b cd)
    prompt prefix_rule(b e-6)
    prompt prefix_rule(b fgh)
    allow prefix_rule(P|R|P-R|P|R|bc|\d|it's|t|NoneTrue y)
    allow prefix_rule(0y 1z k)
    ");
}

#[test]
fn what_is_no_rule() {
    assert_snapshot!(refusal("prefix_rules(pattern = [\"x\"])"), @r#"
    /rules:1:1: `prefix_rules` means nothing here
      prefix_rules(pattern = ["x"])
      ^^^^^^^^^^^^
    hint: did you mean `prefix_rule`?
    "#);
    assert_snapshot!(refusal("prefix_rule()"), @r"
    /rules:1:1: `prefix_rule` needs `pattern`, with a word at least
      prefix_rule()
      ^^^^^^^^^^^^^
    ");
    assert_snapshot!(refusal("prefix_rule(pattern = [])"), @r"
    /rules:1:1: `prefix_rule` needs `pattern`, with a word at least
      prefix_rule(pattern = [])
      ^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(refusal("prefix_rule(pattern = \"git push\")"), @r#"
    /rules:1:1: `pattern` is a list, not a string
      prefix_rule(pattern = "git push")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule(pattern = [1])"), @r"
    /rules:1:1: `pattern` is made of strings and lists, not a number
      prefix_rule(pattern = [1])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(refusal("prefix_rule(pattern = [\"x\", []])"), @r#"
    /rules:1:1: `pattern` has a place without a word
      prefix_rule(pattern = ["x", []])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule(pattern = [\"\"])"), @r#"
    /rules:1:1: `pattern` starts with a program, which has a name
      prefix_rule(pattern = [""])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule(patern = [\"x\"])"), @r#"
    /rules:1:1: `prefix_rule` has no `patern`
      prefix_rule(patern = ["x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `pattern`?
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], pattern = [\"x\"])"), @r#"
    /rules:1:1: `pattern` is given twice
      prefix_rule(["x"], pattern = ["x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], decision = \"promt\")"), @r#"
    /rules:1:1: `promt` is no decision; use `allow`, `unsandboxed`, `prompt` or `forbidden`
      prefix_rule(["x"], decision = "promt")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `prompt`?
    "#);
}

#[test]
fn what_is_no_value_of_a_rule() {
    assert_snapshot!(refusal("prefix_rule([\"x\"], decision = 1)"), @r#"
    /rules:1:1: `decision` is a string, not a number
      prefix_rule(["x"], decision = 1)
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], justification = \" \")"), @r#"
    /rules:1:1: `justification` says nothing
      prefix_rule(["x"], justification = " ")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], expires = \"soon\")"), @r#"
    /rules:1:1: `soon` is no day; write one as `2027-01-31`
      prefix_rule(["x"], expires = "soon")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], expires = \"2027-02-30\")"), @r#"
    /rules:1:1: `2027-02-30` is no day; write one as `2027-01-31`
      prefix_rule(["x"], expires = "2027-02-30")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], match = [\"\"])"), @r#"
    /rules:1:1: an example in `match` is empty
      prefix_rule(["x"], match = [""])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("prefix_rule([\"x\"], match = [\"x 'y\"])"), @r#"
    /rules:1:1: an example in `match` has a quotation without end
      prefix_rule(["x"], match = ["x 'y"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn what_is_no_rule_for_a_host_or_a_place() {
    assert_snapshot!(refusal("network_rule(decision = \"allow\")"), @r#"
    /rules:1:1: `network_rule` needs `host`
      network_rule(decision = "allow")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("network_rule(host = \"*.example.com\", decision = \"allow\")"), @r#"
    /rules:1:1: `*.example.com` is more than one host: patterns and ports belong to `network.domains` of a profile in config.toml
      network_rule(host = "*.example.com", decision = "allow")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("network_rule(host = \"https://x\", decision = \"allow\")"), @r#"
    /rules:1:1: `https://x` is more than a host: leave out the scheme, the user and the path
      network_rule(host = "https://x", decision = "allow")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("network_rule(host = \"\", decision = \"allow\")"), @r#"
    /rules:1:1: `` is not the name or address of a host
      network_rule(host = "", decision = "allow")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("network_rule(host = \"x\", decision = \"unsandboxed\")"), @r#"
    /rules:1:1: `unsandboxed` is no decision; use `allow`, `prompt`, `forbidden` or `deny`
      network_rule(host = "x", decision = "unsandboxed")
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("network_rule(host = \"x\", protocol = \"ftp\", decision = \"deny\")"), @r#"
    /rules:1:1: `ftp` is no protocol; use `http`, `https`, `socks5_tcp` or `socks5_udp`
      network_rule(host = "x", protocol = "ftp", decision = "deny"
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("host_executable(name = \"bin/x\", paths = [\"/bin/x\"])"), @r#"
    /rules:1:1: `name` is a name without a directory
      host_executable(name = "bin/x", paths = ["/bin/x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("host_executable(name = \"x\", paths = [\"/bin/y\"])"), @r#"
    /rules:1:1: `/bin/y` is no absolute path that ends in `x`
      host_executable(name = "x", paths = ["/bin/y"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("host_executable(name = \"x\", paths = [])"), @r#"
    /rules:1:1: `host_executable` needs `paths`
      host_executable(name = "x", paths = [])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn an_example_that_does_not_hold() {
    assert_snapshot!(refusal("\n\nprefix_rule(\n    pattern = [\"git\", \"push\"],\n    match = [\"git push\", \"git 'pull x'\"],\n)"), @r"
    /rules:3:1: prefix_rule(git push) does not match its example `git 'pull x'`
      prefix_rule(
      ^^^^^^^^^^^^
    hint: change the pattern or the example
    ");
    assert_snapshot!(refusal("prefix_rule([\"rm\"], \"forbidden\", not_match = [\"/bin/rm x\"])"), @r#"
    /rules:1:1: prefix_rule(rm) matches `/bin/rm x`, which it should not
      prefix_rule(["rm"], "forbidden", not_match = ["/bin/rm x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: change the pattern or the example
    "#);
    // A name that allows is no path, unless the path is listed.
    assert_snapshot!(refusal("prefix_rule([\"rm\"], \"allow\", match = [\"/bin/rm x\"])"), @r#"
    /rules:1:1: prefix_rule(rm) does not match its example `/bin/rm x`
      prefix_rule(["rm"], "allow", match = ["/bin/rm x"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: change the pattern or the example
    "#);
}

#[test]
fn what_is_not_in_the_language() {
    assert_snapshot!(refusal("load(\"x\", \"y\")"), @r#"
    /rules:1:1: there is no `load`: a file of rules stands alone
      load("x", "y")
      ^^^^
    "#);
    assert_snapshot!(refusal("while True:\n    pass"), @r"
    /rules:1:1: expected a value, and found `while`
      while True:
      ^^^^^
    ");
    assert_snapshot!(refusal("f = lambda x: x"), @r"
    /rules:1:5: expected a value, and found `lambda`
      f = lambda x: x
          ^^^^^^
    ");
    assert_snapshot!(refusal("import os"), @r"
    /rules:1:1: expected a value, and found `import`
      import os
      ^^^^^^
    ");
    assert_snapshot!(refusal("x = open(\"/etc/passwd\")"), @r#"
    /rules:1:5: `open` means nothing here
      x = open("/etc/passwd")
          ^^^^
    "#);
    assert_snapshot!(refusal("x = [1"), @r"
    /rules:1:7: expected `,`, and found the end of the line
      x = [1
            ^
    ");
    assert_snapshot!(refusal("x = \"a"), @r#"
    /rules:1:5: this string has no end
      x = "a
          ^^
    "#);
    assert_snapshot!(refusal("x = 'a\\q'"), @r"
    /rules:1:7: `\q` means nothing in a string
      x = 'a\q'
            ^^
    ");
    assert_snapshot!(refusal("if True:\npass"), @r"
    /rules:2:1: expected an indented block
      pass
      ^^^^
    ");
    assert_snapshot!(refusal("if True:\n\tpass"), @r"
    /rules:2:1: a line is indented with spaces
       pass
      ^
    ");
    assert_snapshot!(refusal("if 1: if 2: pass"), @r"
    /rules:1:7: this starts a block, which needs a line of its own
      if 1: if 2: pass
            ^^
    ");
    assert_snapshot!(refusal("x = 1\n  y = 2"), @r"
    /rules:2:1: this line is indented, and need not be
        y = 2
      ^^
    ");
}

#[test]
fn what_the_language_cannot_do() {
    assert_snapshot!(refusal("x = 1 < 2 < 3"), @r"
    /rules:1:11: comparisons cannot be chained; use `and`
      x = 1 < 2 < 3
                ^
    ");
    assert_snapshot!(refusal("x = \"a\" + 1"), @r#"
    /rules:1:5: `+` does not go with a string and a number
      x = "a" + 1
          ^^^^^^^
    "#);
    assert_snapshot!(refusal("x = 1 // 0"), @r"
    /rules:1:5: 1 // 0 is no number that can be used here
      x = 1 // 0
          ^^^^^^
    ");
    assert_snapshot!(refusal("x = 9223372036854775807 + 1"), @r"
    /rules:1:5: 9223372036854775807 + 1 is no number that can be used here
      x = 9223372036854775807 + 1
          ^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(refusal("x = [1][1]"), @r"
    /rules:1:9: there is no item 1
      x = [1][1]
              ^
    ");
    assert_snapshot!(refusal("x = {}[\"k\"]"), @r#"
    /rules:1:8: there is no key `k`
      x = {}["k"]
             ^^^
    "#);
    assert_snapshot!(refusal("a, b = 1, 2, 3"), @r"
    /rules:1:8: 3 values cannot be given to 2 names
      a, b = 1, 2, 3
             ^^^^^^^
    ");
    assert_snapshot!(refusal("x()"), @r"
    /rules:1:1: `x` means nothing here
      x()
      ^
    ");
}

#[test]
fn what_fails_while_it_runs() {
    assert_snapshot!(refusal("def f():\n    prefix_rul([\"x\"])"), @r#"
    /rules:2:5: `prefix_rul` means nothing here
          prefix_rul(["x"])
          ^^^^^^^^^^
    hint: did you mean `prefix_rule`?
    "#);
    assert_snapshot!(refusal("1()"), @r"
    /rules:1:1: a number cannot be called
      1()
      ^^^
    ");
    assert_snapshot!(refusal("f(1) = 2"), @r"
    /rules:1:1: nothing can be assigned to this
      f(1) = 2
      ^^^^
    ");
    assert_snapshot!(refusal("fail(\"no\", 1)"), @r#"
    /rules:1:1: the file says: no 1
      fail("no", 1)
      ^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refusal("def f(a):\n    return a\nf()"), @r"
    /rules:3:1: `f` needs `a`
      f()
      ^^^
    ");
    assert_snapshot!(refusal("x = [1]\nfor y in x:\n    x.append(y)"), @r"
    /rules:3:5: this cannot be changed while a loop runs over it
          x.append(y)
          ^^^^^^^^^^^
    ");
    assert_snapshot!(refusal("x = 5 $ 3"), @r"
    /rules:1:7: `$` means nothing here
      x = 5 $ 3
            ^
    ");
    assert_snapshot!(refusal("return 1"), @r"
    /rules:1:1: `return` outside of a function
      return 1
      ^
    ");
    assert_snapshot!(refusal("x = [].pop()"), @r"
    /rules:1:5: a list has no `.pop` that takes this
      x = [].pop()
          ^^^^^^^^
    ");
}

#[test]
fn nothing_runs_for_long_or_grows_large() {
    let mut nested = String::new();
    for depth in 0..999 {
        nested.push_str(&" ".repeat(depth));
        nested.push_str("if 1:\n");
    }
    nested.push_str(&" ".repeat(999));
    nested.push_str("pass");
    for text in [
        "def f(n):\n    return f(n)\nf(1)".to_owned(),
        "def f():\n    for i in range(1000):\n        for j in range(1000):\n            pass\nf()"
            .to_owned(),
        "x = \"a\" * 1000000000".to_owned(),
        "x = [[]] * 99999999999".to_owned(),
        "x = [0]\nfor i in range(99):\n    x += x".to_owned(),
        "x = \"a\"\nfor i in range(99):\n    x = x + x".to_owned(),
        "x = range(99999999)".to_owned(),
        format!("x = {}1{}", "(".repeat(9999), ")".repeat(9999)),
        format!("x = {}1", "-".repeat(9999)),
        format!("x = {}1", "not ".repeat(9999)),
        format!("x = 1{}", "+1".repeat(9999)),
        format!("x = y{}", "[0]".repeat(9999)),
        format!("x = {}", "[".repeat(9999)),
        format!("x = {}", "1 if 1 else ".repeat(9999)),
        nested,
        format!("if 0:\n  pass\n{}", "elif 0:\n  pass\n".repeat(999)),
        "prefix_rule([\"x\"])\n".repeat(2500),
        "#".repeat(300 << 10),
    ] {
        let shown: String = text.chars().take(60).collect();
        assert!(read(&text).is_err(), "{shown}");
    }
    // What holds itself is let go of.
    assert_eq!(said("x = []\nx.append(x)\ny = [x] == [x]"), "");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn any_soup_of_words_is_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "prefix_rule", "(", ")", "[", "]", "{", "}", ",", ":", "=", "\"a\"", "'b'", "x", "1",
            "\n", "\n  ", "\n    ", "if", "else", "elif", "for", "in", "def", "return", "not", "and",
            "or", "+", "-", "*", "%", "//", "==", "<", ".", "format", "join", "append", "f\"{x}\"",
            "pattern", "decision", "match", "pass", "break", "range", "len", ";", "#", "\\",
        ]), 0..60)
    ) {
        let _ = read(&words.join(" "));
    }
}
