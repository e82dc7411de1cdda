//! Follows data of strangers to where it does harm, without a model.
//!
//! A front end for each language lowers a file to the [`ir`]; one engine reads
//! that.

pub mod ir;
pub mod java;
pub mod javascript;
#[cfg(test)]
mod show;
mod tree;
