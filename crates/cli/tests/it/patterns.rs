//! Rules about what is read that mounts cannot hold: denied patterns, and
//! profiles that name what may be read.

use dam_testkit::environment::Environment;

use crate::everybody;

const DENIES_ENV: &str = r#"
default_permissions = "x"
[permissions.x]
extends = ":workspace"
[permissions.x.filesystem.":workspace_roots"]
"**/*.env" = "deny"
"#;

fn scene() -> impl Iterator<Item = Environment> {
    everybody().into_iter().inspect(|environment| {
        environment.write_config(DENIES_ENV);
        environment.write(environment.work().join("sub/a.env"), "S3CRET\n");
        environment.write(environment.work().join("fine"), "fine\n");
    })
}

/// What a shell says of a script, inside.
fn inside(environment: &Environment, script: &str) -> String {
    let outcome = environment.dam(["sandbox", "--", "sh", "-c", script]).run();
    format!("{}{}", outcome.stdout, outcome.stderr)
}

#[test]
fn a_denied_file_is_not_read_by_any_of_its_names() {
    for environment in scene() {
        let work = environment.work();
        std::fs::hard_link(work.join("sub/a.env"), work.join("plain")).expect("a link");
        std::os::unix::fs::symlink("sub/a.env", work.join("link")).expect("a link");
        std::fs::hard_link(work.join("fine"), work.join("fine-too")).expect("a link");
        for way in [
            "cat sub/a.env",
            "cat link",
            "cat plain",
            "cat sub/../sub/a.env",
            "cat /proc/self/cwd/sub/a.env",
            "ln sub/a.env x; cat x",
            "mv sub/a.env x; cat x",
            "mv sub x; cat x/a.env",
            "cp fine new.env",
            "mv fine late.env; cat late.env",
            "exec 3<sub/a.env; cat /proc/self/fd/3",
        ] {
            let said = inside(&environment, way);
            assert!(!said.contains("S3CRET"), "{way}: {said}");
            assert!(said.contains("Permission denied"), "{way}: {said}");
        }
        assert_eq!(inside(&environment, "cat fine fine-too"), "fine\nfine\n");
        assert!(!work.join("new.env").exists() && !work.join("late.env").exists());
    }
}

#[test]
fn a_denied_file_that_appears_while_a_command_runs_is_not_read() {
    for environment in scene() {
        let work = environment.work();
        let script = "until [ -e go ]; do sleep 0.01; done; cat late.env";
        let running = environment.dam(["sandbox", "--", "sh", "-c", script]);
        let appear = std::thread::spawn(move || {
            std::fs::write(work.join("late.env"), "S3CRET\n").expect("a file");
            std::fs::write(work.join("go"), "").expect("a file");
        });
        let outcome = running.run();
        appear.join().expect("a thread");
        assert_eq!(outcome.stdout, "");
        assert!(
            outcome.stderr.contains("Permission denied"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn ordinary_work_goes_on_where_reading_is_looked_at() {
    for environment in scene() {
        let work = "git --version; ls /proc/self/fd > /dev/null; head -c 4 /proc/self/exe | wc -c; \
                    mkfifo p; (sleep 0.1; echo through > p) & cat p; \
                    exec 3<fine; cat /dev/fd/3; cat < fine; ls sub; rm -r sub; echo done";
        let said = inside(&environment, work);
        let rest = said.split_once('\n').map_or("", |(_, rest)| rest);
        // What is denied can be listed, and neither read nor removed.
        assert_eq!(
            rest,
            "4\nthrough\nfine\nfine\na.env\ndone\nrm: cannot remove 'sub/a.env': Permission denied\n"
        );
    }
}

#[test]
fn what_no_rule_names_is_not_read() {
    for environment in everybody() {
        environment.write_config(
            r#"
default_permissions = "y"
[permissions.y.filesystem]
":minimal" = "read"
"~/open" = "read"
[permissions.y.filesystem.":workspace_roots"]
"." = "write"
"#,
        );
        environment.write(environment.home().join("open/f"), "open\n");
        environment.write(environment.home().join("closed/f"), "S3CRET\n");
        let said = inside(
            &environment,
            "cat ~/open/f; echo w > w; cat w; cat ~/closed/f; ls ~/closed",
        );
        assert!(said.starts_with("open\nw\n"), "{said}");
        assert!(!said.contains("S3CRET"), "{said}");
        assert_eq!(said.matches("Permission denied").count(), 2, "{said}");
    }
}
