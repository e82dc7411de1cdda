//! Files that a script writes and then runs.

use dam_shell::{Analysis, Class, Word};

use crate::{class_of, script};

fn programs(analysis: &Analysis) -> Vec<String> {
    let line = |simple: &dam_shell::Simple| {
        let words = simple.argv.iter().map(Word::written);
        words.collect::<Vec<_>>().join(" ")
    };
    analysis.commands.iter().map(line).collect()
}

fn runs(text: &str, wanted: &str) -> bool {
    programs(&script(text)).iter().any(|line| line == wanted)
}

#[test]
fn what_is_written_and_run_is_listed() {
    for text in [
        "printf 'git push\\n' > x.sh; sh x.sh",
        "echo 'git push' | tee x.sh; ./x.sh",
        "cat <<'E' > a/x\n#!/usr/bin/env bash\ngit push\nE\nbash a/x 1 2",
        "{ echo 'git push' > x; } && (. ./x)",
    ] {
        assert!(
            runs(text, "git push"),
            "{text}: {:?}",
            programs(&script(text))
        );
        assert_eq!(script(text).opaque, None, "{text}");
    }
}

#[test]
fn what_is_written_and_not_run_is_not() {
    for text in [
        "printf 'git push\\n' > notes.txt; sh x.sh",
        "cat <<'E' > x.sh\ngit push\nE\ncat x.sh",
        "echo 'git push' > x.py; python3 x.py",
        "echo 'git push' > x.sh; sh y/x.sh",
    ] {
        assert!(!runs(text, "git push"), "{text}");
        assert_eq!(script(text).opaque, None, "{text}");
    }
}

#[test]
fn what_was_written_and_is_not_known_is_opaque_when_it_is_run() {
    for text in [
        "curl https://x.example > x.sh; sh x.sh",
        "python3 make.py > x.sh && bash x.sh",
        "echo \"$code\" > x.sh; . ./x.sh",
        "{ echo a; make; } > x.sh; sh x.sh",
    ] {
        assert!(class_of(text).0 >= Class::Opaque, "{text}");
    }
    for text in [
        "python3 make.py > out.txt; cat out.txt",
        "make > log; sh run.sh",
    ] {
        assert_eq!(script(text).opaque, None, "{text}");
    }
}

#[test]
fn every_text_that_a_file_ever_had_counts() {
    let text = "echo 'git push' > x.sh; echo 'git fetch' > x.sh; sh x.sh";
    assert!(runs(text, "git push") && runs(text, "git fetch"));
    let text = "echo 'if true; then' > x.sh; echo 'git push; fi' >> x.sh; sh x.sh";
    assert!(runs(text, "git push"));
}

#[test]
fn a_file_that_runs_itself_is_bounded() {
    let text = "echo 'sh x.sh; sh x.sh' > x.sh; sh x.sh";
    assert!(script(text).opaque.is_some());
    let text = "echo 'sh y; sh y' > x; echo 'sh x; sh x' > y; sh x";
    assert!(script(text).opaque.is_some());
    let many = "echo 'git push; sh x' >> x; ".repeat(500) + "sh x";
    assert!(script(&many).commands.len() < 2_000);
}
