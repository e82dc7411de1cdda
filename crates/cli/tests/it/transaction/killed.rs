//! Transactions whose command, or whose keeping, is killed at any moment.

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use super::{changes, hold, keep, ok, open};
use crate::everybody;

#[test]
fn a_transaction_outlives_a_killed_dam() {
    for environment in everybody() {
        let script = "printf 1 > a; echo ready; exec sleep 60";
        let mut child = environment
            .dam(["run", "--transaction", "-s", "workspace-write", "--"])
            .args(["sh", "-c", script])
            .into_command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a run");
        let mut stdout = child.stdout.take().expect("its output");
        stdout.read_exact(&mut [0; 6]).expect("a sign of life");
        let busy = keep(&environment, &[]);
        assert_eq!(busy.code, Some(2), "{}", busy.page());
        assert!(busy.stderr.contains("in use"), "{}", busy.page());
        child.kill().expect("a kill");
        child.wait().expect("an end");
        // The boundary's helper notices, and ends what is inside; then the end
        // of the output comes.
        let _ = stdout.read_to_end(&mut Vec::new());
        assert_eq!(changes(&environment), "added      a\n");
        let mut kept = keep(&environment, &[]);
        for _ in 0..200 {
            if kept.success() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
            kept = keep(&environment, &[]);
        }
        ok(&kept);
        assert_eq!(
            fs::read(environment.work().join("a")).expect("a file"),
            b"1"
        );
    }
}

const FILES: usize = 400;

#[test]
fn keeping_can_be_killed_anywhere_and_begun_again() {
    for environment in everybody() {
        for number in 0..FILES {
            environment.write(format!("d/{number}"), "old old old");
        }
        let script = format!(
            "i=0; while [ $i -lt {FILES} ]; do echo new-$i > d/$i; echo new-$i > d/n$i; i=$((i+1)); done; rm d/7; mkdir d/7; echo x > d/7/x"
        );
        ok(&hold(&environment, &script));
        for round in 0..12_u64 {
            let mut child = environment
                .dam(["keep"])
                .into_command()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a keep");
            std::thread::sleep(Duration::from_millis(15 + 12 * round));
            child.kill().expect("a kill");
            child.wait().expect("an end");
            for number in (0..FILES).filter(|number| *number != 7) {
                let path = environment.work().join(format!("d/{number}"));
                let held = fs::read_to_string(path).expect("always one of both");
                let whole = held == "old old old" || held == format!("new-{number}\n");
                assert!(whole, "{number}: {held:?}");
                let path = environment.work().join(format!("d/n{number}"));
                let held = fs::read_to_string(path).unwrap_or_default();
                assert!(
                    held.is_empty() || held == format!("new-{number}\n"),
                    "{held:?}"
                );
            }
            if open(&environment).is_empty() {
                break;
            }
        }
        if !open(&environment).is_empty() {
            ok(&keep(&environment, &[]));
        }
        let names = fs::read_dir(environment.work().join("d")).expect("a directory");
        assert_eq!(names.count(), 2 * FILES, "and nothing temporary is left");
        assert!(environment.work().join("d/7/x").exists());
    }
}
