//! Requests from the verdict to the answer.

use std::path::Path;

use dam_gate::{Answer, Asker, Gate, Nobody, Request};
use dam_policy::ApprovalPolicy::{Never, OnRequest, Untrusted};
use dam_policy::SandboxMode::{DangerFullAccess, ReadOnly, WorkspaceWrite};
use dam_policy::{Action, CommandClass, Containment, Decision, ReviewerKind};

use crate::{command, escalated, gate, posture, write};

#[test]
fn a_command_is_read_before_it_is_judged() {
    let request = command(&["bash", "-lc", "cat x | sudo sh"]);
    let Action::Command { facts, .. } = request.action(None) else {
        unreachable!("a command is a command")
    };
    assert_eq!(facts.class, CommandClass::Dangerous);
    assert_eq!(facts.because, "`sudo` acts as another user");
    assert_eq!(facts.programs, ["bash", "cat", "sudo", "sh"]);
}

#[test]
fn what_is_allowed_is_not_asked() {
    let (mut gate, asked) = gate(
        posture(WorkspaceWrite, OnRequest),
        Answer::Declined(String::new()),
    );
    for words in [&["ls"][..], &["cargo", "test"], &["bash", "-c", "$x"]] {
        let settled = gate.settle(&command(words));
        assert!(settled.allowed);
        assert_eq!(settled.answer, None);
        assert_eq!(settled.containment, Containment::Boxed);
        assert_eq!(settled.message, "");
    }
    assert!(gate.settle(&write("/w/src/x")).allowed);
    assert_eq!(asked.count(), 0);
}

#[test]
fn under_untrusted_only_safe_reads_go_unasked() {
    let (mut gate, asked) = gate(posture(ReadOnly, Untrusted), Answer::Once);
    assert_eq!(gate.settle(&command(&["ls", "-la"])).answer, None);
    assert_eq!(
        gate.settle(&command(&["cargo", "test"])).answer,
        Some(Answer::Once)
    );
    assert_eq!(asked.count(), 1);
}

#[test]
fn one_yes_is_for_one_time() {
    let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), Answer::Once);
    let request = command(&["git", "reset", "--hard"]);
    for _ in 0..2 {
        let settled = gate.settle(&request);
        assert!(settled.allowed);
        assert_eq!(settled.verdict.decision, Decision::Ask);
        assert_eq!(settled.containment, Containment::Boxed);
    }
    assert_eq!(asked.count(), 2);
}

#[test]
fn a_yes_for_the_session_is_for_exactly_this() {
    let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), Answer::Session);
    let request = command(&["git", "reset", "--hard"]);
    assert!(gate.settle(&request).allowed);
    let again = gate.settle(&request);
    assert!(again.allowed);
    assert_eq!(again.answer, Some(Answer::Session));
    assert_eq!(asked.count(), 1);

    gate.settle(&command(&["git", "reset", "--hard", "HEAD"]));
    assert_eq!(asked.count(), 2, "other words");
    let Request::Command { argv, .. } = request else {
        unreachable!("a command is a command")
    };
    let elsewhere = Request::Command {
        argv,
        cwd: "/w/sub".into(),
        escalation: None,
    };
    gate.settle(&elsewhere);
    assert_eq!(asked.count(), 3, "another directory");
}

#[test]
fn a_yes_in_the_boundary_is_none_outside() {
    let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), Answer::Session);
    let words = ["git", "reset", "--hard"];
    gate.settle(&command(&words));
    let outside = gate.settle(&escalated(&words, "because"));
    assert_eq!(asked.count(), 2);
    assert_eq!(outside.containment, Containment::Open);
    // The stated reason is no part of what was allowed.
    assert!(gate.settle(&escalated(&words, "another reason")).allowed);
    assert!(gate.settle(&command(&words)).allowed);
    assert_eq!(asked.count(), 2);
}

#[test]
fn a_no_holds_for_the_session_however_it_is_spelled() {
    let answer = Answer::Declined("not now".into());
    let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), answer.clone());
    for (words, reason) in [
        (&["npm", "install"][..], "the network"),
        (&["npm", "install"], "I really need it"),
        (&["bash", "-lc", "npm  install"], "please"),
    ] {
        let settled = gate.settle(&escalated(words, reason));
        assert!(!settled.allowed);
        assert_eq!(settled.answer, Some(answer.clone()));
    }
    assert_eq!(asked.count(), 1);
    gate.settle(&escalated(&["npm", "install", "left-pad"], "the network"));
    assert_eq!(asked.count(), 2, "another command");
}

#[test]
fn a_decline_says_so() {
    let (mut gate, _) = gate(
        posture(WorkspaceWrite, OnRequest),
        Answer::Declined("use the lock file".into()),
    );
    let settled = gate.settle(&escalated(&["npm", "install"], "the network"));
    insta::assert_snapshot!(settled.message, @r"
    refused to run with no boundary: npm install
    why: it wants to leave the boundary
    rule: command.escalation (command-line flag)
    answer: declined, saying: use the lock file
    to allow it: do it another way, or ask the user first
    ");
}

#[test]
fn nobody_to_ask_is_a_no_that_says_how() {
    let mut gate = Gate::new(posture(WorkspaceWrite, OnRequest), Box::new(Nobody));
    let settled = gate.settle(&command(&["rm", "-rf", "/"]));
    assert!(!settled.allowed);
    assert_eq!(settled.answer, Some(Answer::NobodyToAsk));
    insta::assert_snapshot!(settled.message, @r"
    refused to run: rm -rf /
    why: dangerous: `rm -rf` deletes `/`
    rule: command.dangerous (command-line flag)
    answer: it is a question, and there is nobody to ask
    to allow it: run this in a terminal, where the question can be answered; or: name exactly the files to delete, inside the workspace; or run it yourself
    ");
}

#[test]
fn a_posture_without_a_reviewer_asks_nobody() {
    let nobody = dam_policy::Posture {
        reviewer: ReviewerKind::Nobody,
        ..posture(WorkspaceWrite, OnRequest)
    };
    let (mut gate, asked) = gate(nobody, Answer::Once);
    let settled = gate.settle(&command(&["sudo", "ls"]));
    assert!(!settled.allowed);
    assert_eq!(settled.answer, Some(Answer::NobodyToAsk));
    assert_eq!(asked.count(), 0);
}

#[test]
fn a_deny_is_not_asked_and_says_what_would_allow_it() {
    let (mut gate, asked) = gate(posture(ReadOnly, Never), Answer::Once);
    let settled = gate.settle(&write("/w/src/main.rs"));
    assert!(!settled.allowed);
    assert_eq!(settled.answer, None);
    assert_eq!(asked.count(), 0);
    insta::assert_snapshot!(settled.message, @r"
    refused to write /w/src/main.rs
    why: /w/src/main.rs is not writable: the profile `:read-only` only reads
    rule: files.root (built-in default)
    to allow it: `--sandbox workspace-write`, which makes the workspace writable
    ");
}

#[test]
fn full_access_with_questions_asks_for_what_nothing_would_hold() {
    let (mut gate, asked) = gate(posture(DangerFullAccess, OnRequest), Answer::Once);
    assert_eq!(
        gate.settle(&command(&["bash", "-c", "$x"])).answer,
        Some(Answer::Once)
    );
    assert_eq!(gate.settle(&command(&["cargo", "test"])).answer, None);
    assert_eq!(asked.count(), 1);
}

#[test]
fn the_gate_keeps_its_posture() {
    let (gate, _) = gate(posture(ReadOnly, Never), Answer::Once);
    assert_eq!(*gate.posture(), posture(ReadOnly, Never));
}

fn asker(reads: bool) -> Asker {
    Asker {
        process: "make".to_owned(),
        pid: 7,
        reads,
    }
}

#[test]
fn what_a_running_command_is_refused_is_asked_until_it_is_answered() {
    for (answer, allowed, asked_twice) in [
        (Answer::Once, true, true),
        (Answer::Session, true, false),
        (Answer::Declined("no".to_owned()), false, false),
        (Answer::NobodyToAsk, false, true),
    ] {
        let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), answer.clone());
        assert!(gate.asks_about_refusals());
        for _ in 0..2 {
            let settled = gate.settle_refused(Path::new("/x"), asker(false));
            assert_eq!(settled.allowed, allowed);
            assert_eq!(settled.answer, Some(answer.clone()));
        }
        assert_eq!(asked.count(), 1 + usize::from(asked_twice), "{answer}");
        gate.settle_refused(Path::new("/y"), asker(false));
        assert_eq!(asked.count(), 2 + usize::from(asked_twice), "{answer}");
    }
}

#[test]
fn what_policy_denies_a_running_command_is_not_asked() {
    let (mut never, asked) = gate(posture(WorkspaceWrite, Never), Answer::Session);
    assert!(!never.asks_about_refusals());
    assert!(!never.settle_refused(Path::new("/x"), asker(false)).allowed);
    assert_eq!(asked.count(), 0);
    let (mut gate, asked) = gate(posture(WorkspaceWrite, OnRequest), Answer::Session);
    let key = Path::new("/home/alice/.ssh/config");
    // Reading it is never a question.
    assert!(!gate.settle_refused(key, asker(true)).allowed);
    assert_eq!(asked.count(), 0);
    assert!(gate.settle_refused(key, asker(false)).allowed);
    // The boundary refused what policy grants: that is no yes.
    assert!(!gate.settle_refused(Path::new("/w/x"), asker(false)).allowed);
    assert_eq!(asked.count(), 1);
}
