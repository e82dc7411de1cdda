//! What the gate promises, from outside.

mod commands;
mod laws;
mod question;
mod settle;
mod tables;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dam_gate::{Answer, Gate, Question, Request, Reviewer};
use dam_policy::{
    ApprovalPolicy, Escalation, Layer, Origin, Places, Posture, Profile, SandboxMode, Sourced,
};

/// A posture in the workspace `/w`.
fn posture(mode: SandboxMode, approval_policy: ApprovalPolicy) -> Posture {
    let places = Places {
        workspace_roots: vec![PathBuf::from("/w")],
        home: Some(PathBuf::from("/home/alice")),
        ..Places::default()
    };
    Posture::new(
        Sourced::builtin(Profile::builtin(mode).resolve(&places)),
        Sourced::new(approval_policy, Origin::of(Layer::Flag)),
    )
}

/// A command in `/w`.
fn command(words: &[&str]) -> Request {
    Request::Command {
        argv: words.iter().map(ToString::to_string).collect(),
        cwd: PathBuf::from("/w"),
        escalation: None,
    }
}

/// A command that wants to leave the boundary.
fn escalated(words: &[&str], justification: &str) -> Request {
    Request::Command {
        argv: words.iter().map(ToString::to_string).collect(),
        cwd: PathBuf::from("/w"),
        escalation: Some(Escalation {
            justification: justification.to_owned(),
        }),
    }
}

fn write(path: &str) -> Request {
    Request::WriteFile {
        path: PathBuf::from(path),
    }
}

/// Gives the same answer each time, and keeps what was asked.
struct Always {
    answer: Answer,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Reviewer for Always {
    fn review(&mut self, question: &Question) -> Answer {
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(question.clone());
        }
        self.answer.clone()
    }
}

/// What a reviewer was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<Question>>>);

impl Asked {
    fn count(&self) -> usize {
        self.0.lock().map_or(0, |asked| asked.len())
    }
}

/// A gate whose reviewer always gives this answer, and what it was asked.
fn gate(posture: Posture, answer: Answer) -> (Gate, Asked) {
    let asked = Asked::default();
    let reviewer = Always {
        answer,
        asked: Arc::clone(&asked.0),
    };
    (Gate::new(posture, Box::new(reviewer)), asked)
}
