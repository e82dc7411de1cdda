//! Repositories that attack whoever fixes them.

use super::{PLAIN, PYTHON, finding, fix, git};
use crate::environment;

#[test]
fn no_link_of_a_project_is_followed_and_nothing_outside_is_written() {
    let environment = environment();
    environment.create_dirs(&environment.home().join("outside"));
    let outside = environment.write(environment.home().join("outside/app.py"), PLAIN);
    // Git has the file below a directory that is a link on the disk.
    environment.write("src/app.py", PLAIN);
    environment.init_repository();
    std::fs::remove_dir_all(environment.work().join("src")).expect("a directory");
    let link = environment.work().join("src");
    std::os::unix::fs::symlink(environment.home().join("outside"), link).expect("a link");
    let id = finding(&environment, "sql-injection");
    let outcome = fix(&environment, &[&[&*id], PYTHON].concat());
    assert_ne!(outcome.code, Some(0), "{}", outcome.page());
    assert!(
        outcome.page().contains("a link leads to it"),
        "{}",
        outcome.page()
    );
    assert_eq!(std::fs::read_to_string(outside).expect("a file"), PLAIN);
}

#[test]
fn tests_of_a_project_write_nothing_but_their_copy() {
    let environment = environment();
    environment.write("app.py", PLAIN);
    let marks = environment.home().join("marks");
    environment.create_dirs(&marks);
    let attack = format!(
        "import os, pathlib\n\ndef test_attack():\n    here = {here:?}\n    for place in [{marks:?}, here, '/tmp', '/var/tmp']:\n        try:\n            pathlib.Path(place, 'attacked').write_text('x')\n        except OSError:\n            pass\n    try:\n        os.remove(os.path.join(here, 'app.py'))\n    except OSError:\n        pass\n    os.symlink('/etc', 'etc')\n    os.chmod('.', 0o500)\n",
        here = environment.work(),
    );
    environment.write("test_app.py", attack);
    environment.init_repository();
    let id = finding(&environment, "sql-injection");
    let outcome = fix(&environment, &[&[&*id], PYTHON].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert!(
        outcome.stderr.contains("passes, 1 tests"),
        "{}",
        outcome.page()
    );
    assert_eq!(git(&environment, &["status", "--porcelain"]), "");
    for place in [marks.as_path(), "/tmp".as_ref(), "/var/tmp".as_ref()] {
        assert!(!place.join("attacked").exists(), "{}", place.display());
    }
}

#[test]
fn nothing_that_a_repository_names_runs_when_a_branch_is_made() {
    let environment = environment();
    environment.write("app.py", PLAIN);
    environment.init_repository();
    let marks = environment.home().join("marks");
    environment.create_dirs(&marks);
    let trap = |name: &str| format!("touch {}; false", marks.join(name).display());
    for (key, name) in [
        ("core.fsmonitor", "fsmonitor"),
        ("filter.trap.clean", "clean"),
        ("gpg.program", "gpg"),
        ("core.sshCommand", "ssh"),
    ] {
        git(&environment, &["config", key, &trap(name)]);
    }
    git(&environment, &["config", "commit.gpgSign", "true"]);
    environment.write(".git/info/attributes", "* filter=trap\n");
    let hooks = ["reference-transaction", "post-commit", "pre-commit"];
    for hook in hooks {
        let path = environment.write(
            format!(".git/hooks/{hook}"),
            format!("#!/bin/sh\n{}\n", trap(hook)),
        );
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("its mode");
    }
    let id = finding(&environment, "sql-injection");
    let words = [&[&*id, "--branch", "fix"], PYTHON].concat();
    let outcome = fix(&environment, &words);
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let left = std::fs::read_dir(&marks).expect("a directory").count();
    assert_eq!(left, 0);
    // Objects that are kept elsewhere are not written.
    let objects = environment.work().join(".git/objects");
    let away = environment.home().join("objects");
    std::fs::rename(&objects, &away).expect("moved");
    std::os::unix::fs::symlink(&away, &objects).expect("a link");
    let words = [&[&*id, "--branch", "again"], PYTHON].concat();
    let outcome = fix(&environment, &words);
    assert_ne!(outcome.code, Some(0), "{}", outcome.page());
}
