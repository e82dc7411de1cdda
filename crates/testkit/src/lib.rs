//! Test support: a scripted model server, and a hermetic environment that runs
//! the real binary. Never linked into the product.

pub mod environment;
