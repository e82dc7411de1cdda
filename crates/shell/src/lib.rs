//! What a shell script would run, as far as that can be known before it runs.
//!
//! [`analyse`] takes the words of a command and yields every simple command
//! that it would start: through `bash -lc`, pipes, lists, substitutions and
//! wrappers such as `env` or `find -exec`. [`class`] says what kind of command
//! that makes it. Both are pure, and total: any input gives an answer.
//!
//! Two rules hold everywhere. A word that cannot be known is [`Word::Unknown`],
//! and *unknown is not safe*. What is not understood is never dropped: the
//! analysis is then opaque, with a reason.

mod analysis;
mod arithmetic;
mod class;
mod edit;
mod effects;
mod env;
mod expand;
mod pattern;
mod print;
mod syntax;
mod unwrap;
mod walk;

pub use analysis::{
    Analysis, Assignment, Input, Redirect, RedirectKind, Simple, Spread, Word, Wrapper,
};
pub use class::{Class, Classified, Danger, class, class_in};
pub use effects::written;
pub use pattern::may_be_below;

use unwrap::Launch;
use walk::{Surroundings, Walker};

/// What the command `argv` would run, the program first.
pub fn analyse(argv: &[String]) -> Analysis {
    let mut walker = Walker::new();
    if argv.is_empty() {
        walker.opaque("there is no command");
    }
    let words = argv.iter().cloned().map(Word::Known).collect();
    walker.launch(Launch::of(words), &Surroundings::outermost());
    walker.finish()
}
