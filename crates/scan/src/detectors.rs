//! The list of detectors. A new one is added here and nowhere else.

use crate::{Authorization, Checks, Detector, Secrets, taint::Taint};

/// Every detector, in the order of their names.
pub fn detectors() -> Vec<Box<dyn Detector>> {
    detectors_with(Secrets::default())
}

/// The same, with what a user says of secrets.
pub fn detectors_with(secrets: Secrets) -> Vec<Box<dyn Detector>> {
    vec![
        Box::new(Authorization),
        Box::new(Checks),
        Box::new(secrets),
        Box::new(Taint),
    ]
}
