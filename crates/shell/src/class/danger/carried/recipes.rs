//! Makefiles that stand in the script.

use crate::analysis::{Input, Simple};
use crate::class::danger::Around;
use crate::class::danger::found::Found;

use super::{script, started_by};

/// The recipes of a makefile that comes in, and a shell of one's own.
pub(super) fn recipes(simple: &Simple, around: Around) -> Option<Found> {
    let evaluated = simple
        .arguments()
        .iter()
        .filter_map(|word| word.written().strip_prefix("--eval="))
        .find_map(|text| recipe(text, around));
    let Input::Text(text) = &simple.input else {
        return evaluated;
    };
    let reads = simple.arguments().windows(2).any(|pair| {
        matches!(pair[0].known(), Some("-f" | "--file" | "--makefile"))
            && matches!(pair[1].known(), Some("-" | "/dev/stdin"))
    });
    reads.then(|| recipe(text, around)).flatten()
}

/// The first dangerous line of a makefile.
pub(in crate::class::danger) fn recipe(text: &str, around: Around) -> Option<Found> {
    text.lines().take(200).find_map(|line| {
        let command = line
            .strip_prefix('\t')
            .or_else(|| line.split_once(": ;").map(|(_, command)| command))
            .or_else(|| {
                line.split_once("$(shell ")
                    .map(|(_, rest)| rest.rsplit_once(')').map_or(rest, |(inner, _)| inner))
            })
            .or_else(|| line.split_once("!=").map(|(_, command)| command))?;
        let command = command
            .trim_start_matches(['@', '-', '+', ' '])
            .replace("$$", "$");
        Some(started_by("a recipe of `make`", script(&command, around)?))
    })
}
