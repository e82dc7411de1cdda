//! What the guard promises, from outside.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod answers;
mod calls;
mod memory;
