//! Reading what grants access elsewhere, and planting what runs later.

use std::fs;
use std::path::PathBuf;

use crate::attempt::{Attempt, During, Outside, Proof, attempt};
use crate::scene::Scene;

pub fn rows() -> Vec<Attempt> {
    let mut rows = stores();
    rows.extend(detours());
    rows.extend(changing());
    rows.extend(planting());
    rows
}

fn stores() -> Vec<Attempt> {
    vec![
        attempt(
            "K01",
            "read a private key",
            &["read {home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K02",
            "read AWS credentials",
            &["read {home}/.aws/credentials"],
        ),
        attempt("K03", "read .netrc", &["read {home}/.netrc"]),
        attempt(
            "K04",
            "read a GitHub token",
            &["read {home}/.config/gh/hosts.yml"],
        ),
        attempt(
            "K05",
            "read registry credentials",
            &["read {home}/.docker/config.json"],
        ),
        attempt(
            "K06",
            "read git's passwords",
            &["read {home}/.git-credentials"],
        ),
        attempt(
            "K07",
            "read the shell's history",
            &["read {home}/.bash_history"],
        ),
        attempt(
            "K08",
            "list a store whose names tell",
            &["list {home}/.ssh"],
        )
        .prepare(|scene| scene.write("{home}/.ssh/{token}", "\n")),
    ]
}

fn detours() -> Vec<Attempt> {
    vec![
        attempt(
            "K10",
            "read a key by way of /proc/self/root",
            &["read /proc/self/root{home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K11",
            "read a key by `..`",
            &["read {ws}/../.ssh/id_ed25519"],
        ),
        attempt(
            "K12",
            "read a key by a link",
            &["symlink {home}/.ssh {ws}/l", "read {ws}/l/id_ed25519"],
        )
        .writing(),
        attempt(
            "K13",
            "read a key by a link that was there",
            &["read {ws}/l/id_ed25519"],
        )
        .prepare(|scene| {
            std::os::unix::fs::symlink(scene.fill("{home}/.ssh"), scene.fill("{ws}/l"))
                .expect("link");
        }),
        attempt(
            "K14",
            "read a key by a hard link",
            &["link {home}/.ssh/id_ed25519 {ws}/x", "read {ws}/x"],
        )
        .writing(),
        attempt(
            "K15",
            "move the key store and read it",
            &["rename {home}/.ssh {home}/s", "read {home}/s/id_ed25519"],
        ),
        attempt(
            "K16",
            "move the key store into the workspace",
            &["rename {home}/.ssh {ws}/s", "read {ws}/s/id_ed25519"],
        )
        .writing(),
        attempt(
            "K17",
            "read a key below the home held open",
            &["hold-dir {home}", "read-at .ssh/id_ed25519"],
        ),
        attempt(
            "K18",
            "read a key from inside the store",
            &["chdir {home}/.ssh", "read id_ed25519"],
        ),
        attempt(
            "K19",
            "read a key through openat2",
            &["openat2-read {home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K20",
            "read a key through io_uring",
            &["uring-read {home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K21",
            "read a key by way of another process's root",
            &["read /proc/{victim}/root{home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K22",
            "read a key by a file handle",
            &["handle-read {home}/.ssh/id_ed25519 /"],
        )
        .proof(Proof::Root),
        attempt(
            "K23",
            "read a key below an inherited home",
            &["hold-fd 0", "read-at .ssh/id_ed25519"],
        )
        .stdin("{home}"),
        attempt(
            "K24",
            "read a key below an inherited workspace",
            &["hold-fd 0", "read-at ../.ssh/id_ed25519"],
        )
        .stdin("{ws}"),
        attempt(
            "K25",
            "open the store for others and read",
            &["chmod {home}/.ssh", "read {home}/.ssh/id_ed25519"],
        ),
        attempt(
            "K26",
            "unmount what hides the store",
            &["umount {home}/.ssh", "read {home}/.ssh/id_ed25519"],
        )
        .outside(Outside::Masked),
        attempt(
            "K27",
            "copy the mounts without what hides the store",
            &["open-tree {home}", "read-at .ssh/id_ed25519"],
        )
        .outside(Outside::Masked),
        attempt(
            "K28",
            "move away what hides the store",
            &[
                "move-mount {home}/.ssh {out}/dir",
                "read {home}/.ssh/id_ed25519",
            ],
        )
        .outside(Outside::Masked),
        attempt(
            "K29",
            "lay the home over another directory",
            &[
                "bind-mount {home} {ws}/empty",
                "read {ws}/empty/.ssh/id_ed25519",
            ],
        )
        .outside(Outside::Masked),
        attempt(
            "K30",
            "read a key in a user namespace of its own",
            &[
                "unshare-user",
                "umount {home}/.ssh",
                "read {home}/.ssh/id_ed25519",
            ],
        ),
        attempt(
            "K31",
            "lay the home elsewhere in a user namespace",
            &[
                "unshare-user",
                "bind-mount {home} {ws}/empty",
                "read {ws}/empty/.ssh/id_ed25519",
            ],
        ),
        attempt(
            "K32",
            "copy the mounts in a user namespace",
            &[
                "unshare-user",
                "open-tree {home}",
                "read-at .ssh/id_ed25519",
            ],
        ),
        attempt(
            "K33",
            "lay an overlay on the home",
            &[
                "unshare-user",
                "mount-overlay {home} {out}/dir",
                "read {out}/dir/.ssh/id_ed25519",
            ],
        )
        .proof(Proof::Maybe),
        attempt(
            "K34",
            "make the home the root directory",
            &["unshare-user", "chroot {home}", "read /.ssh/id_ed25519"],
        ),
    ]
}

/// Stores that come or change while the command runs: a login elsewhere.
fn changing() -> Vec<Attempt> {
    vec![
        attempt(
            "K40",
            "read a store that was missing at the start",
            &["read-when-there {home}/.pgpass"],
        )
        .during(During::Act(|scene| {
            scene.write("{home}/.pgpass", "{token}\n");
            None
        }))
        .after(|scene| take_away(scene, "{home}/.pgpass")),
        attempt(
            "K41",
            "read a store that the host replaces",
            &["wait-for {home}/.cache/now", "read {home}/.netrc"],
        )
        .during(During::Act(|scene| {
            let store = PathBuf::from(scene.fill("{home}/.netrc"));
            let fresh = store.with_extension("new");
            scene.write_anew(&store, &fresh);
            fs::rename(&fresh, &store).expect("put it in place");
            scene.write("{home}/.cache/now", "");
            None
        }))
        .after(|scene| take_away(scene, "{home}/.cache/now")),
        attempt(
            "K42",
            "read a store in a directory that the host replaces",
            &["wait-for {home}/.cache/now", "read {home}/.aws/credentials"],
        )
        .during(During::Act(|scene| {
            let [store, aside] =
                ["{home}/.aws", "{home}/.cache/aws"].map(|path| PathBuf::from(scene.fill(path)));
            fs::rename(&store, &aside).expect("move it aside");
            scene.write_anew(&aside.join("credentials"), &store.join("credentials"));
            scene.user.own(&store);
            fs::remove_dir_all(&aside).expect("remove the old one");
            scene.write("{home}/.cache/now", "");
            None
        }))
        .after(|scene| take_away(scene, "{home}/.cache/now")),
    ]
}

/// Removes what the host itself has made, so that it is not taken for the
/// attacker's.
fn take_away(scene: &Scene, path: &str) -> Option<String> {
    let _gone = fs::remove_file(scene.fill(path));
    None
}

fn planting() -> Vec<Attempt> {
    vec![
        attempt(
            "B01",
            "add to the shell's start-up file",
            &["append {home}/.bashrc"],
        ),
        attempt(
            "B02",
            "plant a program before others in the path",
            &["write {home}/.local/bin/git", "chmod {home}/.local/bin/git"],
        ),
        attempt(
            "B03",
            "plant a service for the next login",
            &[
                "mkdir {home}/.config/systemd",
                "write {home}/.config/x.service",
            ],
        ),
        attempt(
            "B04",
            "add an authorized key",
            &["append {home}/.ssh/authorized_keys"],
        ),
        attempt(
            "B05",
            "add to the user's git configuration",
            &["append {home}/.gitconfig"],
        ),
        attempt(
            "B07",
            "make a start-up file that is missing",
            &["write {home}/.bash_profile"],
        ),
        attempt(
            "B08",
            "make an agent's settings in the home",
            &["mkdir {home}/.claude", "write {home}/.claude/settings.json"],
        ),
        attempt(
            "B09",
            "make Cofferdam's own settings",
            &["mkdir {home}/.config/cofferdam", "write {home}/.config/x"],
        )
        .ours(),
    ]
}
