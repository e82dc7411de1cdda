//! Where text goes and when it has colour.

use std::process::Stdio;

use crate::environment;

const ESCAPE: char = '\u{1b}';

#[test]
fn colour_can_be_forced_and_forbidden() {
    let environment = environment();
    let colourful = |run: dam_testkit::environment::Run<'_>| run.run().stderr.contains(ESCAPE);
    let failing = || environment.dam(["log", "show", "nothing"]);
    assert!(!colourful(failing()), "no terminal");
    assert!(colourful(failing().env("CLICOLOR_FORCE", "1")));
    assert!(!colourful(
        failing().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")
    ));
    let always = ["--color", "always", "log", "show", "nothing"];
    assert!(colourful(environment.dam(always)));
    assert!(colourful(environment.dam(always).env("NO_COLOR", "1")));
    let unknown = ["log", "--unknown", "--color=always"];
    assert!(colourful(environment.dam(unknown)), "errors of usage, too");
    assert!(!colourful(environment.dam(["log", "--unknown"])));
}

#[test]
fn a_reader_that_goes_away_is_no_error_message() {
    let environment = environment();
    for words in [&["--help"][..], &["completion", "bash"], &["log", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = environment.dam(words).into_command();
        let output = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .expect("a run");
        assert_eq!(output.status.code(), Some(141), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let environment = environment();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let output = environment
        .dam(["completion", "bash"])
        .into_command()
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("a run");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: cannot write to standard output: No space left on device (os error 28)\n"
    );
}
