//! A model's part in a scan: asked where the user wants it, given facts and
//! pieces of code, believed nothing that cannot be looked up.

mod ask;

pub use ask::{Advice, Adviser, AskError, Prompt, Tokens, digest};
