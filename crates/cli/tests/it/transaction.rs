//! Transactions: nothing is real before it is kept, and all of it is then.

mod killed;
mod property;
mod tree;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use dam_testkit::environment::{Environment, Outcome};

use crate::everybody;
use tree::Tree;

/// Runs a script whose writes are held back.
fn hold(environment: &Environment, script: &str) -> Outcome {
    environment
        .dam(["run", "--transaction", "-s", "workspace-write", "--"])
        .args(["sh", "-ec", script])
        .run()
}

/// Runs a script outside of any boundary.
fn outside(environment: &Environment, script: &str) {
    let outcome = environment.command("sh", ["-ec", script]).run();
    assert!(outcome.success(), "{}", outcome.page());
}

fn ok(outcome: &Outcome) {
    assert!(outcome.success(), "{}", outcome.page());
}

fn changes(environment: &Environment) -> String {
    let outcome = environment.dam(["changes"]).run();
    ok(&outcome);
    outcome.stdout
}

fn keep(environment: &Environment, words: &[&str]) -> Outcome {
    environment.dam(["keep"].iter().chain(words)).run()
}

/// The open transactions, by the names of their directories.
fn open(environment: &Environment) -> Vec<PathBuf> {
    let all = environment.state().join("transactions");
    let Ok(entries) = fs::read_dir(all) else {
        return Vec::new();
    };
    let entries = entries.map(|entry| entry.expect("an entry").path());
    entries
        .filter(|path| {
            let name = path.file_name().expect("a name");
            name.as_bytes()[0] != b'.'
        })
        .collect()
}

const BEFORE: &str = "
    ln -s kept link-to-directory
    printf one > changed; printf same > moved-away; printf m > mode; printf x > gone
    mkdir -p tree/deep kept; printf f > tree/deep/f; printf k > kept/k
    ln -s changed link; mkdir becomes-file; printf i > becomes-file/i; printf o > becomes-dir";

const EVERYTHING: &str = "
    rm link-to-directory; mkdir link-to-directory; printf d > link-to-directory/k
    printf two > changed; mv moved-away moved-to; chmod 640 mode; rm gone
    rm -r tree; ln -sfn mode link; rm -r becomes-file; printf f > becomes-file
    rm becomes-dir; mkdir becomes-dir; printf i > becomes-dir/i
    mkdir -p new/empty; printf n > new/n; ln new/n new/again; mkfifo pipe
    mkdir tree; printf t > tree/t; printf x > \"$(printf 'a\\nb')\"; printf y > \"$(printf 'c\\377')\"
    mkdir shut; printf s > shut/s; chmod 0 shut";

const LISTED: &str = "\
added      a<U+000A>b
replaced   becomes-dir/
added      becomes-dir/i
deleted    becomes-file/i
replaced   becomes-file
modified   changed
added      c\u{fffd}
deleted    gone
link       link
replaced   link-to-directory/
added      link-to-directory/k
mode       mode 0644 -> 0640
renamed    moved-to <- moved-away
added      new/
added      new/again
added      new/empty/
linked     new/n = new/again
special    pipe  not kept
added      shut/
added      shut/s
deleted    tree/deep/f
deleted    tree/deep/
added      tree/t
";

#[test]
fn nothing_is_real_before_it_is_kept_and_all_of_it_is_then() {
    for environment in everybody() {
        outside(&environment, BEFORE);
        let before = Tree::of(&environment.work());
        ok(&hold(&environment, EVERYTHING));
        assert_eq!(Tree::of(&environment.work()), before);
        assert_eq!(changes(&environment), LISTED);
        let kept = keep(&environment, &[]);
        ok(&kept);
        assert!(kept.stderr.contains("pipes and sockets are not kept"));
        let direct = directly(&environment, &[BEFORE, EVERYTHING, "rm pipe"]);
        assert_eq!(Tree::of(&environment.work()), direct);
        assert_eq!(open(&environment), Vec::<PathBuf>::new());
    }
}

/// The tree that scripts make of nothing outside of any boundary.
fn directly(environment: &Environment, scripts: &[&str]) -> Tree {
    let beside = environment.home().join("beside");
    environment.create_dirs(&beside);
    for script in scripts {
        let run = environment.command("sh", ["-ec", script]).in_dir(&beside);
        ok(&run.run());
    }
    let tree = Tree::of(&beside);
    outside(environment, "chmod -R u+rwx ~/beside; rm -r ~/beside");
    tree
}

#[test]
fn what_is_dropped_has_never_been() {
    for environment in everybody() {
        outside(&environment, BEFORE);
        let before = Tree::of(&environment.work());
        ok(&hold(&environment, EVERYTHING));
        ok(&environment.dam(["drop"]).run());
        assert_eq!(Tree::of(&environment.work()), before);
        assert_eq!(open(&environment), Vec::<PathBuf>::new());
        assert_eq!(environment.dam(["changes"]).run().code, Some(2));
    }
}

#[test]
fn a_part_can_be_kept_or_dropped() {
    for environment in everybody() {
        outside(&environment, BEFORE);
        ok(&hold(&environment, EVERYTHING));
        ok(&keep(&environment, &["new/n", "moved-to"]));
        let work = environment.work();
        assert!(work.join("new/n").exists() && !work.join("new/again").exists());
        assert!(work.join("moved-to").exists() && !work.join("moved-away").exists());
        assert_eq!(fs::read(work.join("changed")).expect("a file"), b"one");
        ok(&environment.dam(["drop", "changed", "./shut/../tree"]).run());
        let left = changes(&environment);
        assert!(
            !left.contains("changed") && !left.contains("tree"),
            "{left}"
        );
        assert!(
            left.contains("new/again") && left.contains("gone"),
            "{left}"
        );
        let resumed = environment.dam(["changes", "--json"]).run();
        let id = resumed
            .raw_stdout
            .windows(22)
            .find(|part| part.starts_with(b"20") && part[8] == b'-');
        let id = String::from_utf8_lossy(id.expect("an identifier")).into_owned();
        let resumed = environment
            .dam([
                "run",
                "-s",
                "workspace-write",
                &format!("--transaction={id}"),
                "--",
                "true",
            ])
            .run();
        assert_eq!(resumed.code, Some(2), "{}", resumed.page());
        ok(&keep(&environment, &[]));
        assert_eq!(fs::read(work.join("changed")).expect("a file"), b"one");
        assert!(work.join("tree/deep/f").exists() && !work.join("gone").exists());
        assert_eq!(keep(&environment, &["nowhere"]).code, Some(2));
    }
}

#[test]
fn a_file_that_has_changed_meanwhile_is_a_conflict() {
    for environment in everybody() {
        outside(&environment, BEFORE);
        let script =
            "printf two > changed; rm gone; rm -r tree; printf new > fresh; printf k2 > kept/k";
        ok(&hold(&environment, script));
        outside(
            &environment,
            "printf mine > changed; printf mine > gone; printf mine > tree/deep/mine; printf mine > fresh",
        );
        let listed = changes(&environment);
        assert_eq!(listed.matches("conflict:").count(), 4, "{listed}");
        let kept = keep(&environment, &[]);
        assert_eq!(kept.code, Some(1), "{}", kept.page());
        let read = |path: &str| fs::read_to_string(environment.work().join(path)).expect(path);
        assert_eq!(read("kept/k"), "k2");
        for path in ["changed", "gone", "tree/deep/mine", "fresh"] {
            assert_eq!(read(path), "mine", "{path}");
        }
        assert!(!environment.work().join("tree/deep/f").exists());
        ok(&keep(&environment, &["--force"]));
        assert_eq!(read("changed") + &read("fresh"), "twonew");
        assert!(!environment.work().join("tree").exists());
    }
}

#[test]
fn a_link_planted_meanwhile_leads_nowhere() {
    for environment in everybody() {
        outside(
            &environment,
            "mkdir dir ~/aim; printf a > dir/a; printf a > file; printf v > ~/victim",
        );
        ok(&hold(
            &environment,
            "printf b > dir/a; printf n > dir/new; printf b > file",
        ));
        let work = environment.work();
        fs::remove_dir_all(work.join("dir")).expect("no directory");
        symlink(environment.home().join("aim"), work.join("dir")).expect("a link");
        fs::remove_file(work.join("file")).expect("no file");
        symlink(environment.home().join("victim"), work.join("file")).expect("a link");
        let aim = Tree::of(&environment.home().join("aim"));
        assert_ne!(keep(&environment, &[]).code, Some(0));
        let _ = keep(&environment, &["--force"]);
        assert_eq!(Tree::of(&environment.home().join("aim")), aim);
        let victim = fs::read(environment.home().join("victim")).expect("the victim");
        assert_eq!(victim, b"v");
    }
}

#[test]
fn protected_names_cannot_be_written_in_a_transaction_either() {
    for environment in everybody() {
        let outcome = hold(
            &environment,
            "printf x > .envrc 2>/dev/null || printf y > note",
        );
        ok(&outcome);
        assert_eq!(changes(&environment), "added      note\n");
        // As if a hole in the boundary had let it through.
        let layer = open(&environment).remove(0).join("0/upper/.envrc");
        fs::write(&layer, "x").expect("a planted file");
        assert!(changes(&environment).contains(".envrc  protected:"));
        assert_eq!(keep(&environment, &[]).code, Some(1));
        assert_eq!(keep(&environment, &["--force"]).code, Some(1));
        assert!(!environment.work().join(".envrc").exists());
        ok(&keep(&environment, &["--force", ".envrc"]));
        assert!(environment.work().join(".envrc").exists());
    }
}

#[test]
fn a_transaction_can_go_on() {
    for environment in everybody() {
        ok(&hold(&environment, "printf 1 > a"));
        let id = open(&environment).remove(0);
        let id = id
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let again = format!("--transaction={id}");
        let words = ["run", "-s", "workspace-write", &again, "--", "sh", "-c"];
        let outcome = environment.dam(words).arg("cat a; printf 2 > b").run();
        assert_eq!(outcome.stdout, "1", "{}", outcome.page());
        assert_eq!(changes(&environment), "added      a\nadded      b\n");
        ok(&environment.dam(["keep", &id]).run());
        assert!(environment.work().join("b").exists());
    }
}

#[test]
fn the_layer_is_private_and_out_of_reach() {
    for environment in everybody() {
        let state = environment.state();
        let script = format!(
            "printf 1 > a; ls -R {} 2>/dev/null || true",
            state.display()
        );
        let outcome = hold(&environment, &script);
        ok(&outcome);
        assert_eq!(outcome.stdout, "");
        for path in [state.join("transactions"), open(&environment).remove(0)] {
            let mode = fs::metadata(&path)
                .expect("a directory")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
    }
}

#[test]
fn what_cannot_be_held_back_does_not_run() {
    for environment in everybody() {
        for mode in ["read-only", "danger-full-access"] {
            let words = ["run", "--transaction", "-s", mode, "--", "touch", "made"];
            assert_eq!(environment.dam(words).run().code, Some(2), "{mode}");
        }
        let words = ["sandbox", "--learn", "--transaction", "--", "touch", "made"];
        assert_eq!(environment.dam(words).run().code, Some(2));
        // A layer cannot lie on a file system that has no room for its marks.
        let words = [
            "run",
            "--transaction",
            "-s",
            "workspace-write",
            "--",
            "touch",
            "made",
        ];
        let outcome = environment
            .dam(words)
            .env("COFFERDAM_HOME", "/proc/none")
            .run();
        assert!(!outcome.success(), "{}", outcome.page());
        assert!(!environment.work().join("made").exists());
    }
}

#[test]
fn temporary_directories_are_thrown_away() {
    for environment in everybody() {
        let name = format!("/tmp/dam-held-{}", std::process::id());
        let script = format!("printf 1 > a; printf 1 > {name}; cat {name}");
        let outcome = hold(&environment, &script);
        assert_eq!(outcome.stdout, "1", "{}", outcome.page());
        assert!(!PathBuf::from(name).exists());
        assert_eq!(changes(&environment), "added      a\n");
    }
}

#[test]
fn work_goes_on_in_a_layer() {
    for environment in everybody() {
        outside(
            &environment,
            "printf 1 > one; ln one two; printf 3 > ~/out; ln ~/out in",
        );
        let script = "
            mkfifo pipe; (printf through > pipe &) ; cat pipe
            ln one three; printf 2 >> three; cat one; printf x >> two; chmod 755 one
            exec 3<one; printf 4 >> one; cat <&3; printf 5 >> in; cat in
            mkdir -p a/b; mv a c; mv c/b d; rmdir c d; git init -q g 2>/dev/null || true";
        let outcome = hold(&environment, script);
        assert_eq!(outcome.stdout, "through1212435", "{}", outcome.page());
        let read = |path: &str| fs::read_to_string(environment.work().join(path)).expect(path);
        assert_eq!(read("one") + &read("two") + &read("in"), "113");
        ok(&keep(&environment, &["one", "two", "three", "in"]));
        // What had several names is a file of its own now, where it was written.
        assert_eq!(
            [read("one"), read("three"), read("two"), read("in")],
            ["124", "124", "1x", "35"]
        );
        let out = fs::read(environment.home().join("out")).expect("a file");
        assert_eq!(out, b"3");
    }
}

#[test]
fn a_layer_may_lie_below_what_it_holds_back() {
    for environment in everybody() {
        // The home directory is the workspace, and the state lies in it.
        environment.write(environment.home().join("note"), "1");
        let words = [
            "run",
            "-C",
            "../home",
            "--transaction",
            "-s",
            "workspace-write",
            "--",
        ];
        let script = "printf 2 > note; ls .local/state/cofferdam 2>/dev/null || true";
        let outcome = environment.dam(words).args(["sh", "-c", script]).run();
        ok(&outcome);
        assert_eq!(outcome.stdout, "");
        let listed = environment.dam(["changes"]).in_dir("../home").run();
        assert_eq!(listed.stdout, "modified   note\n");
        ok(&environment.dam(["keep"]).in_dir("../home").run());
        let note = fs::read(environment.home().join("note")).expect("a file");
        assert_eq!(note, b"2");
    }
}

#[test]
fn holes_times_and_attributes_are_kept() {
    for environment in everybody() {
        let script = "truncate -s 64M sparse; printf end >> sparse; touch -d @1000000000 sparse";
        ok(&hold(&environment, script));
        ok(&keep(&environment, &[]));
        let found = fs::metadata(environment.work().join("sparse")).expect("a file");
        assert_eq!(
            (found.len(), found.mtime()),
            (64 * 1024 * 1024 + 3, 1_000_000_000)
        );
        assert!(found.blocks() < 2048, "{} blocks", found.blocks());
    }
}

#[test]
fn what_is_listed_cannot_act_on_a_terminal() {
    for environment in everybody() {
        let script = "printf '\\033[31mx\\n' > \"$(printf 'a\\033[31m')\"";
        ok(&hold(&environment, script));
        for words in [
            &["changes"][..],
            &["changes", "--diff"],
            &["changes", "--json"],
            &["keep"],
        ] {
            let outcome = environment.dam(words).run();
            ok(&outcome);
            let escape = |text: &str| text.contains('\u{1b}');
            assert!(
                !escape(&outcome.stdout) && !escape(&outcome.stderr),
                "{words:?}"
            );
        }
    }
}

#[test]
fn the_journal_knows_what_was_begun_and_kept() {
    for environment in everybody() {
        ok(&hold(&environment, "printf 1 > a"));
        let told = environment.dam(["log", "show", "latest"]).run().stdout;
        assert!(told.contains(": begun: [WORK]"), "{told}");
        ok(&keep(&environment, &[]));
        let told = environment.dam(["log", "show", "latest"]).run().stdout;
        for step in ["keeping", "kept"] {
            assert!(
                told.contains(&format!(": {step}: added [WORK]/a")),
                "{told}"
            );
        }
        ok(&environment.dam(["log", "verify"]).run());
    }
}
