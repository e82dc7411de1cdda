//! The rendered Seatbelt policies, read back and asked.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where a policy has a word that it does not know"
)]

mod expression;
mod language;
mod laws;
mod policies;
