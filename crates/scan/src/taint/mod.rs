//! Follows data of strangers to where it does harm, without a model.
//!
//! A front end for each language lowers a file to the [`ir`]; one [`engine`]
//! reads that, and knows of libraries what the [`catalogue`] says.

pub mod catalogue;
mod detector;
pub mod engine;
pub mod ir;
pub mod java;
pub mod javascript;
pub mod kind;
pub mod python;
#[cfg(test)]
mod show;
mod tree;
pub mod visit;

pub use detector::Taint;

use crate::{Language, SourceFile};

/// The program in a file, where there is a front end for its language.
pub(crate) fn lower(file: &SourceFile<'_>) -> Option<ir::Module> {
    match file.language {
        Language::JavaScript | Language::Tsx | Language::TypeScript => javascript::lower(file),
        Language::Java => java::lower(file),
        Language::Python => python::lower(file),
        _ => None,
    }
}

/// Whether there is a front end for a language.
pub fn reads(language: Language) -> bool {
    matches!(
        language,
        Language::Java
            | Language::JavaScript
            | Language::Python
            | Language::Tsx
            | Language::TypeScript
    )
}
