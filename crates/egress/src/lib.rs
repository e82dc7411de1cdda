//! The only way out of the boundary: a proxy that knows which host was meant.
//!
//! Connections arrive with the address that the boxed process wanted. Names are
//! answered inside with placeholder addresses, so that a connection to one is a
//! wish for its name, whether the program knows of proxies or not. HTTP,
//! `CONNECT`, SOCKS5 and DNS end here too, and meet the same rules. The
//! [`Desk`] decides; this crate resolves the name once, checks where it leads,
//! connects there, and copies within [`Limits`].
//!
//! How it works, what is refused and why is on `docs/security/egress.md`.

mod authority;
mod book;
mod clerk;
mod cursor;
mod desk;
mod dial;
mod dns;
mod egress;
mod error;
mod event;
mod guard;
mod head;
mod hello;
mod inject;
mod inside;
mod limits;
mod mask;
mod passed;
mod proxy;
#[doc(hidden)]
pub mod reading;
mod refusal;
mod relay;
mod secret;
mod session;
mod sniff;
mod socks;
mod tunnel;
mod watched;
mod way;
mod web;

pub use authority::Authority;
pub use desk::{Caller, Desk, Protocol, Ruling, Wish};
pub use egress::Egress;
pub use error::EgressError;
pub use event::{HostTotals, NetworkEvent, SecretUse, Totals};
pub use limits::Limits;
pub use refusal::{Cause, Refusal};
pub use secret::{Secret, Value};
pub use way::{Resolver, UpstreamProxy, Way};
