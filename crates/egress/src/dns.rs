//! Names: the resolver of the box, which knows placeholders only, and our own
//! questions to name servers outside.

pub mod client;
pub mod message;
pub mod placeholders;
pub mod server;
