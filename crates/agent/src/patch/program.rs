//! The program that applies a patch. The agent starts it inside the boundary,
//! so that an edit meets the same walls and the same broker as a command.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{CommitError, Following, Kind, ParseError, PlanError, commit, parse, plan};

/// The first argument that turns the command into this program.
pub const APPLY_PATCH_WORD: &str = "internal-apply-patch";

/// The second argument that says that the paths are absolute and without
/// links: the agent has resolved them for the gate, and nothing that was put
/// there since may lead elsewhere.
pub(crate) const EXACT: &str = "--exact";

/// Why a patch was not applied.
#[derive(Debug, thiserror::Error)]
enum PatchError {
    #[error("unknown argument `{0}`: this program is for the agent's own use")]
    Argument(String),
    #[error("the working directory cannot be found: {0}")]
    Cwd(io::Error),
    #[error("the patch cannot be read: {0}")]
    Input(io::Error),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Reads a patch on standard input and applies it in the working directory.
/// Changed files are printed as `A path`, `M path` or `D path`, one a line;
/// errors go to standard error. To be called when the first argument is
/// [`APPLY_PATCH_WORD`].
pub fn apply_patch_main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(2).collect();
    let arguments: Vec<_> = arguments
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let following = match arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..] {
        [] => Ok(Following::Links),
        [EXACT] => Ok(Following::Nothing),
        [word, ..] => Err(PatchError::Argument(word.to_owned())),
    };
    let done = following.and_then(|following| {
        let cwd = std::env::current_dir().map_err(PatchError::Cwd)?;
        apply(&cwd, following, &mut io::stdin().lock())
    });
    match done {
        Ok(changed) => {
            let mut out = io::stdout().lock();
            for (kind, path) in changed {
                // Whoever listened is gone; the files are changed all the same.
                let _ = writeln!(out, "{} {}", kind.letter(), path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn apply(
    cwd: &Path,
    following: Following,
    input: &mut dyn Read,
) -> Result<Vec<(Kind, PathBuf)>, PatchError> {
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(PatchError::Input)?;
    let plan = plan(&parse(&text)?, cwd, following)?;
    Ok(commit(&plan)?)
}
