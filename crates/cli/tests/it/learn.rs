//! `dam sandbox --learn`: what a trusted command did, as a profile.

use std::fs;

use dam_testkit::environment::Environment;
use insta::{allow_duplicates, assert_snapshot};

use crate::{environment, everybody};

/// A home with a credential in it, and a tool's cache.
fn scene(environment: &Environment) {
    environment.write(environment.home().join(".ssh/config"), "Host x\n");
    environment.create_dirs(&environment.home().join(".cache/thing"));
}

fn learn(environment: &Environment, script: &str) -> String {
    let words = ["sandbox", "--learn", "--name", "tool", "--", "sh", "-c"];
    let outcome = environment.dam(words).arg(script).run();
    assert!(outcome.success(), "{}", outcome.page());
    outcome.stdout
}

/// The lines that would have an effect.
fn grants(proposal: &str) -> Vec<&str> {
    let lines = proposal.lines();
    lines
        .filter(|line| !line.starts_with('#') && line.contains("= \"write\""))
        .filter_map(|line| Some(line.split_once("  #")?.0))
        .collect()
}

#[test]
fn what_would_have_been_refused_is_proposed_or_remarked() {
    for environment in everybody() {
        scene(&environment);
        let script = "echo said; mkdir ~/.cache/thing/a; echo x > ~/.cache/thing/a/b
            echo x > here; echo x > ~/.toolrc; echo x > AGENTS.md; cat ~/.ssh/config > /dev/null";
        let outcome = environment
            .dam([
                "sandbox", "--learn", "--name", "tool", "--", "sh", "-c", script,
            ])
            .env("API_TOKEN", "x")
            .run();
        assert!(outcome.success(), "{}", outcome.page());
        assert_eq!(outcome.stderr, "said\n");
        let (_, proposal) = outcome.stdout.split_once("\n\n").expect("a head");
        allow_duplicates!(assert_snapshot!(proposal, @r##"
        [permissions.tool]
        extends = ":workspace"

        [permissions.tool.filesystem]
        "[HOME]/.cache/thing/a" = "write"  # mkdir by `mkdir [HOME]/.cache/thing/a` and 1 more
        "[HOME]/.toolrc" = "write"  # openat by `sh -c echo said; mkdir ~/.cache/thing/a; echo x > ~/.cache/t…`

        # Credential stores that it read. Remove the `#` in front of what it may have:
        # "[HOME]/.ssh" = "read"  # [HOME]/.ssh is unreadable: SSH keys; [HOME]/.ssh/config (openat by `cat [HOME]/.ssh/config`)

        # Protected names and paths, which no profile makes writable unasked:
        # [WORK]/AGENTS.md: instructions to a coding agent; openat by `sh -c echo said; mkdir ~/.cache/thing/a; echo x > ~/.cache/t…`

        # Variables that the profile takes away; whether it needs one cannot be seen:
        # API_TOKEN
        "##));
    }
}

#[test]
fn a_proposal_is_enough_for_its_command_and_for_nothing_else() {
    for environment in everybody() {
        scene(&environment);
        let script = "mkdir -p ~/.cache/thing/a && echo x > ~/.cache/thing/a/b && echo x > here \
            && mv ~/.cache/thing/a/b ~/.cache/thing/a/c && echo x >> ~/.toolrc";
        let run = |script: &str| environment.dam(["run", "--", "sh", "-c", script]).run();
        let refused = run(script);
        assert!(!refused.success(), "{}", refused.page());
        let outcome = environment
            .dam([
                "sandbox",
                "--learn",
                "--name",
                "tool",
                "-o",
                "tool.toml",
                "--",
                "sh",
                "-c",
            ])
            .arg(script)
            .run();
        assert!(outcome.success(), "{}", outcome.page());
        let profile = fs::read_to_string(environment.work().join("tool.toml"));
        let profile = profile.expect("a profile");
        environment.write_config(&format!("default_permissions = \"tool\"\n{profile}"));
        let allowed = run(script);
        assert!(allowed.success(), "{}\n{profile}", allowed.page());
        for other in [
            "echo x > ~/.cache/thing/b",
            "echo x > ~/.other",
            "cat ~/.ssh/config",
        ] {
            let refused = run(other);
            assert!(!refused.success(), "{other}: {}", refused.page());
        }
    }
}

#[test]
fn many_places_become_their_directory() {
    let environment = environment();
    scene(&environment);
    let proposal = learn(
        &environment,
        "cd ~/.cache/thing; for i in 1 2 3 4 5; do mkdir $i; echo x > $i/f; done",
    );
    assert_eq!(grants(&proposal), ["\"[HOME]/.cache/thing\" = \"write\""]);
}

#[test]
fn what_would_undo_the_boundary_is_never_proposed() {
    let environment = environment();
    scene(&environment);
    environment.create_dirs(&environment.home().join("bin"));
    let proposal = environment
        .dam(["sandbox", "--learn", "--", "sh", "-c"])
        .arg(
            "cd ~; echo x > tmp; rm tmp; mv .cache .c; mv .c .cache; echo x > .ssh/new
            echo x > bin/tool; echo x > .bashrc; touch ../x; rm ../x; touch .cache/x; rm .cache/x",
        )
        .env(
            "PATH",
            format!("/usr/bin:/bin:{}", environment.home().join("bin").display()),
        )
        .run();
    assert_eq!(
        grants(&proposal.stdout),
        [] as [&str; 0],
        "{}",
        proposal.page()
    );
    for part in [
        "# [HOME] (everything at home lies in it",
        "# [HOME]/.cache ([HOME]/.cache/",
        "# [HOME]/bin/tool (programs are started from it)",
        "# [HOME]/.ssh/new: [HOME]/.ssh is unreadable: SSH keys",
        "# [HOME]/.bashrc: a script that the shell runs",
        "# [ROOT] (",
    ] {
        assert!(
            proposal.stdout.contains(part),
            "{part}: {}",
            proposal.page()
        );
    }
}

#[test]
fn what_would_fail_anyway_is_not_learnt() {
    for environment in everybody() {
        scene(&environment);
        let proposal = learn(
            &environment,
            "cd ~/.cache/thing; rm -f nothing; mkdir . 2>/dev/null; cat nothing 2>/dev/null
            echo x 2>/dev/null > no/directory; echo x > /dev/null; echo $$ > /proc/self/comm; true",
        );
        assert!(
            proposal.contains("# Nothing but what :workspace grants."),
            "{proposal}"
        );
    }
}

#[test]
fn streams_and_exit_codes_are_the_commands_where_the_profile_goes_to_a_file() {
    for environment in everybody() {
        let outcome = environment
            .dam(["sandbox", "--learn", "-o", "profile.toml", "--", "sh", "-c"])
            .arg("cat; echo err >&2; exit 42")
            .stdin("in\n")
            .run();
        assert_eq!(outcome.page(), "exit 42\n-- stdout\nin\n-- stderr\nerr\n");
        let profile = fs::read_to_string(environment.work().join("profile.toml"));
        assert!(profile.expect("a profile").contains("[permissions.sh]"));
    }
}

#[test]
fn what_the_command_leaves_running_is_watched_to_its_end() {
    let environment = environment();
    scene(&environment);
    let proposal = learn(
        &environment,
        "(sleep 0.2; echo x > ~/.cache/thing/late; echo y > ~/.cache/thing/later) &",
    );
    assert_eq!(grants(&proposal), ["\"[HOME]/.cache/thing\" = \"write\""]);
}

#[test]
fn addresses_and_sockets_outside_are_remarked() {
    let environment = environment();
    let script = "
import os, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.connect(('192.0.2.7', 53))
own = socket.socket(socket.AF_UNIX); own.bind('own'); own.listen()
socket.socket(socket.AF_UNIX).connect('own')
tcp = socket.socket(); tcp.bind(('127.0.0.1', 0)); tcp.listen()
socket.socket().connect(tcp.getsockname())
outside = socket.socket(socket.AF_UNIX); outside.connect('../outside')
";
    let path = environment.work().join("../outside");
    let _listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
    let outcome = environment
        .dam(["sandbox", "--learn", "--", "python3", "-c", script])
        .run();
    let (_, text) = outcome.stdout.split_once("\n\n").expect("a head");
    assert!(
        text.contains("# 192.0.2.7:53: connect by `python3"),
        "{}",
        outcome.page()
    );
    assert!(
        text.contains("# [ROOT]/outside: connect"),
        "{}",
        outcome.page()
    );
    assert!(
        !text.contains("127.0.0.1") && !text.contains("[WORK]/own"),
        "{}",
        outcome.page()
    );
}

#[test]
fn watching_is_leaving_the_boundary_and_in_the_journal() {
    let environment = environment();
    let refused = environment
        .dam(["sandbox", "--learn", "-a", "never", "--", "touch", "made"])
        .run();
    assert_eq!(refused.code, Some(6), "{}", refused.page());
    assert!(!environment.work().join("made").exists());
    learn(&environment, "true");
    let log = environment.dam(["log", "show", "latest"]).run().stdout;
    assert!(log.contains("it wants to leave the boundary"), "{log}");
    assert!(log.contains("boundary none"), "{log}");
}

#[test]
fn words_that_make_no_sense_are_refused() {
    let environment = environment();
    for (words, part) in [
        (
            &["--learn", "--name", "a b", "--", "true"][..],
            "cannot be the name of a profile",
        ),
        (
            &["--learn", "-s", "danger-full-access", "--", "true"],
            "nothing is left to learn",
        ),
        (&["--learn"], "there is no command to run"),
        (&["--name", "x", "--", "true"], "--learn"),
        (
            &["--learn", "-o", "no/such/file", "--", "true"],
            "cannot write the profile",
        ),
    ] {
        let outcome = environment.dam(["sandbox"]).args(words).run();
        assert!(!outcome.success(), "{}", outcome.page());
        assert!(outcome.stderr.contains(part), "{}", outcome.page());
    }
}
