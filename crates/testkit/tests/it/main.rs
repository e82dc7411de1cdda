//! The test support is tested where the product's own tests do not show that
//! it works.
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has to stop, and a test's client dials and starts programs"
)]

mod scripted_server;
