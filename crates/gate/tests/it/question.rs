//! The text of questions: short, exact, and safe for a terminal.

use std::path::Path;

use dam_gate::{Answer, Asker, Gate, Nobody, Question, Request};
use dam_policy::ApprovalPolicy::{OnRequest, Untrusted};
use dam_policy::SandboxMode::WorkspaceWrite;
use proptest::prelude::*;

use crate::{command, escalated, gate, posture, write};

/// The question that a request becomes.
fn question(request: &Request) -> String {
    let (mut gate, asked) = gate(posture(WorkspaceWrite, Untrusted), Answer::Once);
    gate.settle(request);
    let asked = asked
        .0
        .lock()
        .map(|asked| asked.clone())
        .unwrap_or_default();
    asked.iter().map(Question::to_string).collect()
}

#[test]
fn a_question_says_what_would_happen_and_why_it_is_asked() {
    insta::assert_snapshot!(question(&command(&["bash", "-lc", "git push -f"])), @"
    Run: bash -lc 'git push -f'
      in /w
      can touch what is in /tmp, /w; no network
      asked because dangerous: `git push` overwrites what others have (command.dangerous)
    ");
    insta::assert_snapshot!(question(&escalated(&["npm", "i"], "needs the network")), @r"
    Run with no boundary: npm i
      in /w
      it says: needs the network
      can touch everything that you can: nothing holds it
      asked because it wants to leave the boundary (command.escalation)
        and because not known to be safe: it runs `npm`
    ");
    insta::assert_snapshot!(question(&write("/w/.git/hooks/pre-commit")), @r"
    Write /w/.git/hooks/pre-commit
      asked because `.git` is a protected name: git configuration and hooks that run on the host (files.protected-name)
    ");
    insta::assert_snapshot!(
        question(&Request::UseTool { server: "s".into(), tool: "t".into() }),
        @"
        Call the tool t of s
          asked because no rule knows the tool `t` of `s` (tool.unknown)
        ");
    insta::assert_snapshot!(question(&Request::SearchWeb { query: "a b".into() }), @r"
    Search the web for a b
      asked because no rule knows a web search (web-search.unknown)
    ");
}

#[test]
fn a_question_about_a_refusal_says_who_waits() {
    let (mut gate, asked) = gate(posture(WorkspaceWrite, Untrusted), Answer::Once);
    let waiting = Asker {
        process: "sh -c \u{1b}[2Jmake".to_owned(),
        pid: 7,
        reads: true,
    };
    gate.settle_refused(Path::new("/opt/x"), waiting);
    let asked = asked.0.lock().map(|asked| asked.clone());
    let text: String = asked.iter().flatten().map(Question::to_string).collect();
    insta::assert_snapshot!(text, @r"
    Write /opt/x
      tried by sh -c \u{1b}[2Jmake (process 7), which could read it, too
      asked because /opt/x is not writable: it is outside the workspace (files.root)
    ");
}

#[test]
fn what_a_terminal_would_obey_or_hide_is_shown() {
    let hidden = "x\u{1b}[2J\r\u{202e}txt\u{200b}\u{3164}\u{e0041}\n; rm";
    insta::assert_snapshot!(question(&escalated(&[hidden], hidden)), @r"
    Run with no boundary: 'x\u{1b}[2J\r\u{202e}txt\u{200b}\u{3164}\u{e0041}\n; rm'
      in /w
      it says: x\u{1b}[2J\r\u{202e}txt\u{200b}\u{3164}\u{e0041}\n; rm
      can touch everything that you can: nothing holds it
      asked because it wants to leave the boundary (command.escalation)
        and because not known to be safe: it runs `x\u{1b}[2J\r\u{202e}txt\u{200b}\u{3164}\u{e0041}\n; rm`
    ");
}

#[test]
fn a_long_command_keeps_its_end() {
    let script = format!("echo {} ; git push -f", "a".repeat(2000));
    let text = question(&command(&["bash", "-c", &script]));
    assert!(text.contains("more characters…]"), "{text}");
    assert!(text.contains("; git push -f'"), "{text}");
    assert!(text.len() < 900, "{text}");
}

#[test]
fn quoting_shows_where_words_end() {
    let text = question(&command(&["x", "", "a b", "it's", "$(y)", "-n=1"]));
    assert!(
        text.starts_with(r"Run: x '' 'a b' 'it'\''s' '$(y)' -n=1"),
        "{text}"
    );
}

#[test]
fn answers_have_short_names() {
    let shown = [
        Answer::Once,
        Answer::Session,
        Answer::NobodyToAsk,
        Answer::Declined(String::new()),
        Answer::Declined("no\u{1b}[1m".into()),
    ]
    .map(|answer| answer.to_string());
    assert_eq!(
        shown,
        [
            "once",
            "session",
            "nobody to ask",
            "declined",
            r"declined: no\u{1b}[1m"
        ]
    );
}

/// Only what a terminal shows as it is.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| {
        let direction = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        c == '\n' || !(c.is_control() || direction || c == '\u{feff}' || ('\u{e0000}'..='\u{e0fff}').contains(&c))
    })
}

proptest! {
    #[test]
    fn any_question_is_short_and_harmless(words in prop::collection::vec("\\PC*|.*|[\\x00-\\x9f\u{200b}-\u{202f}\u{e0000}-\u{e007f}]*", 1..4), why in ".*") {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = question(&escalated(&words, &why));
        prop_assert!(is_harmless(&text), "{text:?}");
        prop_assert!(text.lines().count() <= 9, "{}", text);
        let mut gate = Gate::new(posture(WorkspaceWrite, OnRequest), Box::new(Nobody));
        let message = gate.settle(&escalated(&words, &why)).message;
        prop_assert!(is_harmless(&message), "{message:?}");
        prop_assert!(message.lines().count() <= 6);
    }

    #[test]
    fn any_path_is_shown_harmlessly(path in "/\\PC*|/.*") {
        prop_assert!(is_harmless(&question(&write(&path))));
    }
}
