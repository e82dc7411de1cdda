//! Decides and asks; starts nothing.
//!
//! A [`Request`] is what a front wants done. The [`Gate`] turns it into a
//! policy action (commands are read by `dam-shell`), judges it with the one
//! evaluator, and asks the [`Reviewer`] where the verdict is a question. It
//! fails closed: whatever is no clear yes is a no, with a message that says
//! what was refused, why, by which rule and how to have it allowed.

mod answers;
mod danger;
mod gate;
mod paths;
mod question;
mod refusal;
mod remember;
mod request;
mod seen;
mod show;
mod starts;

pub use gate::{Gate, Settled};
pub use paths::plain;
pub use question::{Answer, Asker, Nobody, Question, Reviewer, described};
pub use request::Request;
pub use seen::FlowMark;
