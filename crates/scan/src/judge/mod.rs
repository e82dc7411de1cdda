//! A model's part in a scan: asked where the user wants it, given facts and
//! pieces of code, believed nothing that cannot be looked up.
//!
//! What a rule found stays, with its severity and its confidence; a model's
//! opinion stands beside it and moves its rank by one step at most, and only
//! by lines of code that are there. What a model finds by itself is known by
//! nothing else, and fails no gate. All that is without a model is the same
//! with one.

mod answer;
mod ask;
mod evidence;
mod opinion;
mod plan;
mod question;
mod route;
mod run;

pub use ask::{Advice, Adviser, AskError, Prompt, Tokens, digest};
pub use opinion::{Opinion, Origin, Verdict, Wording};
pub use plan::{Plan, Planned};
pub use question::Kind;
pub use run::{ModelPart, Stopped, ask, estimate};
