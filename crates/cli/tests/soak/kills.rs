//! `dam` and its helper, killed at random moments: nothing goes on.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dam_testkit::environment::{Environment, is_root};

use crate::census::{Census, processes};
use crate::{KILLER, boxed, number, place, start};

/// How soon everything must be over.
const SOON: Duration = Duration::from_secs(2);
/// Ignores every signal that it can, in three sessions, and makes files.
const STUBBORN: &str = "trap '' TERM HUP INT QUIT USR1 USR2 PIPE
(trap '' TERM HUP; sleep 1000 & while :; do echo x >f$$; rm f$$; done) &
setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000; sleep 1000' &
echo x >/dev/shm/x
sleep 0.02
test \"$0\" = ends || while :; do sleep 1000; done";

/// Who is killed.
#[derive(Clone, Copy, Debug)]
enum Whom {
    Dam,
    Helper,
}

#[test]
fn whoever_is_killed_nothing_goes_on() {
    let environment = place(KILLER);
    let kills = number("SOAK_KILLS", 60);
    let mut random = Random::new();
    // What every run leaves on purpose: the journal.
    start(&environment, 0);
    let before = Census::take(&environment, KILLER, false);
    let (mut early, mut moments) = (0, BTreeSet::new());
    for turn in 0..kills {
        let whom = if turn % 2 == 0 {
            Whom::Dam
        } else {
            Whom::Helper
        };
        let how = if turn % 4 < 2 { "ends" } else { "stays" };
        // From before the first namespace to after the end.
        let moment =
            Duration::from_micros(random.below(if turn % 3 == 0 { 12_000 } else { 60_000 }));
        let mut dam = boxed(&environment, &["sh", "-c", STUBBORN, how])
            .spawn()
            .expect("a start");
        std::thread::sleep(moment);
        let hit = kill(&dam, whom);
        early += usize::from(!hit);
        moments.insert(moment.as_millis());
        if !hit && how == "stays" {
            // There was no helper yet: then `dam` it is.
            dam.kill().expect("a signal");
        }
        await_end(&mut dam, whom, moment);
        await_silence(&environment, whom, moment);
    }
    before.assert_same(&|| Census::take(&environment, KILLER, false));
    println!(
        "{kills} kills, {early} before there was a helper, at {} different milliseconds",
        moments.len()
    );
}

/// Sends SIGKILL; false where nobody was there to send it to.
fn kill(dam: &Child, whom: Whom) -> bool {
    let pid = match whom {
        Whom::Dam => Some(dam.id().to_string()),
        Whom::Helper => {
            let id = dam.id();
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            children
                .ok()
                .and_then(|text| text.split_whitespace().next().map(str::to_owned))
        }
    };
    pid.is_some_and(|pid| {
        let mut kill = command("kill");
        let sent = kill.args(["-KILL", &pid]).stderr(Stdio::null()).status();
        sent.expect("kill").success()
    })
}

fn await_end(dam: &mut Child, whom: Whom, moment: Duration) {
    let end = Instant::now() + SOON;
    while dam.try_wait().expect("a child of ours").is_none() {
        if Instant::now() > end {
            let _ = dam.kill();
            let _ = dam.wait();
            assert!(
                Instant::now() < end,
                "{whom:?} was killed after {moment:?}, and `dam` goes on"
            );
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn await_silence(environment: &Environment, whom: Whom, moment: Duration) {
    let place = environment.work().display().to_string();
    let user = is_root().then_some(KILLER);
    let end = Instant::now() + SOON;
    loop {
        let left = processes(&place, user, false);
        if left.is_empty() {
            return;
        }
        assert!(
            Instant::now() < end,
            "{whom:?} was killed after {moment:?}; left: {left:#?}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "sends a signal, as a person would"
)]
fn command(program: &str) -> Command {
    Command::new(program)
}

/// Numbers that differ from run to run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = now.expect("a clock").as_nanos();
        Self(u64::try_from(nanos & u128::from(u64::MAX)).expect("masked") | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
