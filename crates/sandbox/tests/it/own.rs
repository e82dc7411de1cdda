//! A `/tmp` of the box's own, and places within what grants less.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dam_policy::{
    Access, FileRule, FileRules, Origin, Places, Profile, ResolvedProfile, Rule, SandboxMode,
};
use dam_sandbox::{Launch, Stream};
use tempfile::TempDir;

dam_testkit::tests! {
    what_is_written_to_an_own_tmp_is_not_on_the_host
    a_workspace_below_an_own_tmp_is_the_real_one
    a_working_directory_below_an_own_tmp_is_shown_read_only
    names_are_free_in_an_own_tmp_and_nowhere_else
    a_writable_place_below_a_read_only_one_is_writable
    what_is_granted_below_a_denied_directory_is_all_that_is_there
    what_is_denied_below_what_is_granted_there_stays_closed
    a_denied_link_into_another_place_closes_that
}

/// A directory below `/tmp`, canonical.
fn below_tmp() -> TempDir {
    tempfile::Builder::new()
        .prefix("dam-")
        .tempdir_in("/tmp")
        .expect("a directory below /tmp")
}

/// Runs a script under rules that let everything be read; gives what it wrote.
fn run(cwd: &Path, rules: &[(&Path, Access)], own_tmp: bool, script: &str) -> String {
    let rule = |(path, access): &(&Path, Access)| FileRule {
        path: (*path).to_owned(),
        access: *access,
        rule: Rule::builtin("files.path"),
        origin: Origin::BUILTIN,
        what: "named".to_owned(),
    };
    let root = (Path::new("/"), Access::Read);
    let rules = rules.iter().chain([&root]).map(rule).collect();
    let launch = Launch {
        tier: dam_sandbox::Tier::Full,
        argv: ["sh", "-c", script].map(Into::into).to_vec(),
        cwd: cwd.to_owned(),
        env: BTreeMap::new(),
        profile: ResolvedProfile {
            files: FileRules::new(rules, true),
            own_tmp,
            ..Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&Places::default())
        },
        transaction: None,
        stdin: Stream::Null,
        stdout: Stream::Pipe,
        stderr: Stream::Null,
        asking: None,
    };
    let mut running = launch.spawn().expect("a command that runs");
    let mut stdout = running.stdout.take().expect("its output");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut said).expect("text");
    running.wait().expect("a command that ends");
    said
}

fn what_is_written_to_an_own_tmp_is_not_on_the_host() {
    let host = below_tmp();
    let name = host.path().file_name().expect("a name").to_string_lossy();
    let script = format!("ls -A /tmp; echo 1 > /tmp/{name}; cat /tmp/{name}; stat -c %a /tmp");
    let said = run(Path::new("/"), &[], true, &script);
    assert_eq!(said, "1\n1777\n");
    assert!(host.path().is_dir());
}

fn a_workspace_below_an_own_tmp_is_the_real_one() {
    let host = below_tmp();
    let work = host.path().join("deep/work");
    fs::create_dir_all(&work).expect("a directory");
    fs::write(host.path().join("beside"), "x").expect("a file");
    let script = "echo 1 > made; echo 1 > ../../beside; ls -A /tmp/*/; cat made";
    let said = run(&work, &[(&work, Access::Write)], true, script);
    assert_eq!(said, "beside\ndeep\n1\n");
    assert_eq!(fs::read(work.join("made")).expect("a file"), b"1\n");
    assert_eq!(fs::read(host.path().join("beside")).expect("a file"), b"x");
}

fn a_working_directory_below_an_own_tmp_is_shown_read_only() {
    let host = below_tmp();
    fs::write(host.path().join("there"), "x").expect("a file");
    let script = "cat there; echo 1 > made; ls -A; echo 2 > /tmp/made; cat /tmp/made";
    let said = run(host.path(), &[], true, script);
    assert_eq!(said, "xthere\n2\n");
    assert!(!host.path().join("made").exists());
}

fn names_are_free_in_an_own_tmp_and_nowhere_else() {
    let host = below_tmp();
    let work = host.path().join("work");
    fs::create_dir(&work).expect("a directory");
    let make = "mkdir -p .git/hooks .github/workflows; echo 1 > .git/hooks/x; ln -s . .vscode; \
                echo 1 > AGENTS.md; echo 1 > .git/HEAD; mkdir .git/refs .git/objects; \
                echo 1 > .git/config; mv .git moved; mkdir bare; cd bare; echo 1 > HEAD; \
                mkdir refs objects hooks; echo 1 > config; cd ..; find . -type f -o -type l | sort | xargs echo";
    let rules = [(&*work, Access::Write)];
    let expected = "./.vscode ./AGENTS.md ./bare/HEAD ./bare/config ./moved/HEAD ./moved/config ./moved/hooks/x";
    let there = run(
        &work,
        &rules,
        true,
        &format!("mkdir /tmp/a; cd /tmp/a; {make}"),
    );
    assert_eq!(there.trim(), expected);
    // The workspace keeps its rules, by whatever way it is reached, though it
    // lies below the same `/tmp`.
    let work_path = work.display();
    let here = format!(
        "{make}; mkdir -p /tmp/a/.git; echo 1 > /tmp/a/.git/config; mv /tmp/a/.git .; cp -r /tmp/a/.git .; \
         ln -s {work_path} /tmp/a/link; echo 1 > /tmp/a/link/AGENTS.md; ls -A"
    );
    let here = run(&work, &rules, true, &here);
    assert!(here.contains("bare"), "{here}");
    for name in [".git", "AGENTS.md", ".vscode", "moved"] {
        assert!(
            fs::symlink_metadata(work.join(name)).is_err(),
            "{name}: {here}"
        );
    }
    assert!(
        !work.join("bare/config").exists() || !work.join("bare/HEAD").exists(),
        "{here}"
    );
    // A `/tmp` of the host's is no such place.
    let rules = [(&*work, Access::Write), (host.path(), Access::Write)];
    run(&work, &rules, false, &format!("cd ..; {make}"));
    assert!(!host.path().join("AGENTS.md").exists());
}

fn a_writable_place_below_a_read_only_one_is_writable() {
    let host = below_tmp();
    let (closed, open) = (host.path().join("closed"), host.path().join("closed/open"));
    fs::create_dir_all(&open).expect("a directory");
    let rules = [
        (host.path(), Access::Write),
        (&*closed, Access::Read),
        (&*open, Access::Write),
    ];
    let script = "echo 1 > a; echo 1 > closed/b; echo 1 > closed/open/c; find . -type f | sort";
    let said = run(host.path(), &rules, false, script);
    assert_eq!(said, "./a\n./closed/open/c\n");
}

/// A home directory of closed and open things.
fn home() -> TempDir {
    let home = below_tmp();
    for file in [
        "secret",
        "note",
        "way/beside",
        "way/docs/readme",
        "work/.git/config",
        "work/closed/key",
        "work/closed/open/page",
        "work/closed/open/key",
    ] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, "x").expect("a file");
    }
    home
}

fn what_is_granted_below_a_denied_directory_is_all_that_is_there() {
    let home = home();
    let at = |path: &str| home.path().join(path);
    let (work, docs, note) = (at("work"), at("way/docs"), at("note"));
    let rules = [
        (home.path(), Access::Deny),
        (&*work, Access::Write),
        (&*docs, Access::Read),
        (&*note, Access::Read),
        (&at("way/missing"), Access::Read),
    ];
    let script = "cd .. && cat note way/docs/readme; echo; \
        for path in . way secret way/beside; do ls $path && echo $path; done; \
        for path in note way/docs/new way/new new work/.git/config work/made; do \
            echo 1 > $path && echo $path; done; \
        chmod 700 . && echo mode; mkdir way/missing && echo made; rmdir way && echo gone; \
        cat work/made";
    let said = run(&work, &rules, false, script);
    assert_eq!(said, "xx\nwork/made\n1\n");
    assert_eq!(fs::read(at("work/made")).expect("a file"), b"1\n");
    for file in ["note", "secret", "way/beside", "work/.git/config"] {
        assert_eq!(fs::read(at(file)).expect("a file"), b"x", "{file}");
    }
}

fn what_is_denied_below_what_is_granted_there_stays_closed() {
    let home = home();
    let at = |path: &str| home.path().join(path);
    let (closed, open) = (at("work/closed"), at("work/closed/open"));
    let rules = [
        (home.path(), Access::Deny),
        (&*at("work"), Access::Write),
        (&*closed, Access::Deny),
        (&*open, Access::Read),
        (&*at("work/closed/open/key"), Access::Deny),
        // Of two on one path, the one that denies counts.
        (&*at("secret"), Access::Write),
        (&*at("secret"), Access::Deny),
        // Denied twice on the way.
        (&*at("way"), Access::Deny),
        (&*at("way/docs"), Access::Write),
    ];
    let script = "cat closed/open/page; echo; cat closed/key; cat closed/open/key; ls closed; \
        echo 1 > closed/open/new; echo 1 > closed/new; cat ../way/beside; ls ../way; \
        cat ../secret; echo 1 > ../secret; echo 1 > ../way/docs/new; ls -A ../way/docs";
    let said = run(&at("work"), &rules, false, script);
    assert_eq!(said, "x\nnew\nreadme\n");
    assert!(!at("work/closed/open/new").exists() && !at("work/closed/new").exists());
    assert_eq!(fs::read(at("secret")).expect("a file"), b"x");
}

fn a_denied_link_into_another_place_closes_that() {
    let home = home();
    let at = |path: &str| home.path().join(path);
    std::os::unix::fs::symlink(at("work/closed"), at("way/store")).expect("a link");
    let rules = [
        (&*at("way"), Access::Deny),
        (&*at("way/store"), Access::Deny),
        (&*at("way/docs"), Access::Read),
        (&*at("work"), Access::Write),
    ];
    let script = "cat ../way/docs/readme; cat closed/key; cat ../way/store/key; cat .git/config";
    let said = run(&at("work"), &rules, false, script);
    assert_eq!(said, "xx");
}
