//! Links and races: a name inside that leads outside, or does so only at the
//! moment of use.

use crate::attempt::{Attempt, attempt};

pub fn rows() -> Vec<Attempt> {
    vec![
        attempt(
            "A07",
            "write through a hard link that was there",
            &["append {ws}/alias"],
        )
        .writing(),
        attempt(
            "A08",
            "write through a link that it made",
            &["symlink {out}/file {ws}/l", "append {ws}/l"],
        )
        .writing(),
        attempt(
            "A09",
            "write below a directory link that it made",
            &["symlink {out} {ws}/d", "write {ws}/d/new"],
        )
        .writing(),
        attempt(
            "A10",
            "swap a directory for a link while opening",
            &["race-swap open {ws}/r {out} landed"],
        )
        .writing(),
        attempt(
            "A24",
            "link a descriptor's file into the workspace",
            &["fd-link {out}/file {ws}/x", "append {ws}/x"],
        )
        .writing(),
        attempt(
            "A70",
            "write through a link that was there",
            &["append {ws}/link"],
        ),
        attempt(
            "A71",
            "write below a directory link that was there",
            &["write {ws}/dirlink/new"],
        ),
        attempt(
            "A72",
            "make a hard link to a file outside and write",
            &["link {out}/file {ws}/x", "append {ws}/x"],
        )
        .writing(),
        attempt(
            "A73",
            "make a hard link outside",
            &["link {ws}/README {out}/new"],
        ),
        attempt(
            "A74",
            "make a symbolic link outside",
            &["symlink {ws}/README {out}/new"],
        ),
        attempt(
            "A75",
            "truncate through a hard link that was there",
            &["truncate {ws}/alias"],
        )
        .writing(),
        attempt(
            "A76",
            "change the mode through a hard link that was there",
            &["chmod {ws}/alias"],
        )
        .writing(),
        attempt(
            "A77",
            "map a hard link that was there and change it",
            &["mmap-write {ws}/alias"],
        )
        .writing(),
        attempt(
            "A78",
            "write a hard link's alias after moving it",
            &["rename {ws}/alias {ws}/moved", "append {ws}/moved"],
        )
        .writing(),
        attempt(
            "A79",
            "swap a directory for a link while making a directory",
            &["race-swap mkdir {ws}/r {out} landed"],
        )
        .writing(),
        attempt(
            "A80",
            "swap a directory for a link while renaming",
            &["race-swap rename {ws}/r {out} landed"],
        )
        .writing(),
        attempt(
            "A81",
            "swap a directory for a link while changing a mode",
            &["race-swap chmod {ws}/r {out} file"],
        )
        .writing(),
        attempt(
            "A82",
            "make a link of links that ends outside",
            &[
                "symlink two {ws}/one",
                "symlink three/file {ws}/two",
                "symlink {out} {ws}/three",
                "append {ws}/one",
            ],
        )
        .writing(),
        attempt(
            "A83",
            "make a file by a dangling link",
            &["symlink {out}/new {ws}/l", "write {ws}/l"],
        )
        .writing(),
        attempt(
            "A84",
            "change the mode through a link that it made",
            &["symlink {out}/file {ws}/l", "chmod {ws}/l"],
        )
        .writing(),
        attempt(
            "A85",
            "rename below a directory link",
            &["symlink {out} {ws}/d", "rename {ws}/README {ws}/d/new"],
        )
        .writing(),
        attempt(
            "A86",
            "link a path descriptor's file into the workspace",
            &["empty-link {out}/file {ws}/x", "append {ws}/x"],
        )
        .writing(),
        attempt(
            "A87",
            "write by a link through /proc/self/root",
            &["symlink /proc/self/root{out} {ws}/d", "write {ws}/d/new"],
        )
        .writing(),
        attempt(
            "A88",
            "write by a link through /proc/self/cwd",
            &[
                "symlink /proc/self/cwd/../../out {ws}/d",
                "write {ws}/d/new",
            ],
        )
        .writing(),
    ]
}
