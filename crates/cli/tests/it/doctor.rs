//! `dam doctor` and `dam config show`: what is, and where it comes from.
