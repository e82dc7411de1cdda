//! What the shell crate promises, from outside.

mod analysis;
mod corpora;
mod differential;
mod disguises;
mod labelled;
mod oracle;
mod total;
mod wrapping;
mod written;

use dam_shell::{Analysis, Class, analyse, class};

/// The analysis of a script given to bash.
fn script(text: &str) -> Analysis {
    analyse(&["bash", "-lc", text].map(ToOwned::to_owned))
}

/// The class of a script, with the reason.
fn class_of(text: &str) -> (Class, String) {
    let found = class(&script(text));
    (found.class, found.because)
}
