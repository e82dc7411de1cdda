//! Exit codes: each declared once, with the sentence that help prints.

use std::fmt::Write;

/// One exit code.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// The number.
    pub code: u8,
    /// What it means.
    pub meaning: &'static str,
}

const fn exit(code: u8, meaning: &'static str) -> Exit {
    Exit { code, meaning }
}

/// All went well.
pub const OK: Exit = exit(0, "success");
/// The task itself failed, or the program did; or a scan found something.
pub const FAILED: Exit = exit(
    1,
    "the task failed, an attack got out, a scan found something, or Cofferdam itself\n       failed",
);
/// The command line makes no sense; or a scan that was to be complete is not.
pub const USAGE: Exit = exit(
    2,
    "the command line is wrong, or `scan --require-complete` could not look at everything",
);
/// A layer of settings makes no sense.
pub const CONFIGURATION: Exit = exit(3, "the configuration is wrong");
/// Nothing was run, because nothing could have held it.
pub const BOUNDARY: Exit = exit(5, "the boundary cannot be had here; nothing was run");
/// The policy says no.
pub const DENIED: Exit = exit(6, "the policy denies it");
/// The policy asks, and there is nobody to answer.
pub const APPROVAL: Exit = exit(7, "it needs an approval, and nobody is there to give it");
/// What cannot be recorded is not done.
pub const JOURNAL: Exit = exit(8, "the journal cannot be written, read or believed");
/// As shells say it.
pub const NOT_EXECUTABLE: Exit = exit(126, "`run`, `sandbox`: the command cannot be executed");
/// As shells say it.
pub const NOT_FOUND: Exit = exit(127, "`run`, `sandbox`: the command does not exist");
/// 128 + SIGINT, as shells say it.
pub const INTERRUPTED: Exit = exit(130, "interrupted from the keyboard");
/// 128 + SIGPIPE, as if the signal had ended the program.
pub const BROKEN_PIPE: Exit = exit(141, "the reader of the output went away");

/// Every code, in order.
pub const ALL: &[Exit] = &[
    OK,
    FAILED,
    USAGE,
    CONFIGURATION,
    BOUNDARY,
    DENIED,
    APPROVAL,
    JOURNAL,
    NOT_EXECUTABLE,
    NOT_FOUND,
    INTERRUPTED,
    BROKEN_PIPE,
];

/// The table for help.
pub fn table() -> String {
    let mut text = String::new();
    for exit in ALL {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "  {:>3}  {}", exit.code, exit.meaning);
    }
    text.push_str(
        "  Otherwise `run` and `sandbox` exit as the command does, with 128 + N where\n  \
         signal N ended it.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_means_two_things() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
