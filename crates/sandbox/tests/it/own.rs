//! A `/tmp` of the box's own, and writable places within what is read-only.

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
    a_writable_place_below_a_read_only_one_is_writable
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
