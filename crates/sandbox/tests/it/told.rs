//! What the system-call filter refuses is refused alike whether or not it is
//! told, in every tier, as root and as an ordinary user; and where it is told,
//! each refusal is, in order.
#![expect(
    clippy::disallowed_methods,
    reason = "a caller of refused calls is built, and this program started as another user"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use dam_policy::Network;
use dam_sandbox::{Launch, Outcome, Tier};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::ground::{Ground, TIERS};

dam_testkit::tests! {
    a_refused_call_fails_alike_told_or_not_and_each_is_told
    a_refused_call_fails_alike_for_an_ordinary_user_too
    without_a_broker_a_refused_call_is_not_made
}

/// The word by which this program knows that it is to compare all calls.
pub const COMPARER: &str = "refused-calls";
const ORDINARY: u32 = 20_001;

const PERM: i32 = libc::EPERM;
const NO_FAMILY: i32 = libc::EAFNOSUPPORT;

/// A call that is refused: its name as it is told, its number and arguments,
/// the error, and what is told of the arguments. Those that begin with `/` are
/// text.
type Refused = (&'static str, i64, &'static str, i32, &'static str);

const EVERYWHERE: &[Refused] = &[
    ("mount", libc::SYS_mount, "0,/srv,0,4096,0", PERM, "/srv"),
    ("umount2", libc::SYS_umount2, "/proc,2", PERM, "/proc"),
    (
        "pivot_root",
        libc::SYS_pivot_root,
        "/tmp,/tmp",
        PERM,
        "/tmp",
    ),
    ("chroot", libc::SYS_chroot, "/", PERM, "/"),
    (
        "unshare",
        libc::SYS_unshare,
        "0x10000000",
        PERM,
        "flags 0x10000000",
    ),
    ("setns", libc::SYS_setns, "0,0", PERM, "flags 0"),
    (
        "clone",
        libc::SYS_clone,
        "0x10000011,0,0,0,0",
        PERM,
        "flags 0x10000011",
    ),
    ("bpf", libc::SYS_bpf, "5,0,0", PERM, "command 5"),
    ("keyctl", libc::SYS_keyctl, "0,0,0", PERM, "command 0"),
    (
        "perf_event_open",
        libc::SYS_perf_event_open,
        "0,0,0,0,0",
        PERM,
        "",
    ),
    ("userfaultfd", libc::SYS_userfaultfd, "0", PERM, ""),
    ("syslog", libc::SYS_syslog, "10,0,0", PERM, ""),
    ("settimeofday", libc::SYS_settimeofday, "0,0", PERM, ""),
    ("setgroups", libc::SYS_setgroups, "0,0", PERM, ""),
    (
        "ioctl",
        libc::SYS_ioctl,
        "1,0x5412,0",
        PERM,
        "request 21522",
    ),
    (
        "ioctl",
        libc::SYS_ioctl,
        "1,0x40086602,0",
        libc::ENOTTY,
        "request 0x40086602",
    ),
    (
        "personality",
        libc::SYS_personality,
        "0x40000",
        PERM,
        "personality 0x40000",
    ),
    (
        "socket",
        libc::SYS_socket,
        "40,1,0",
        NO_FAMILY,
        "family 40, type 1, protocol 0",
    ),
    (
        "socket",
        libc::SYS_socket,
        "1,2,0",
        PERM,
        "family 1, type 2, protocol 0",
    ),
    (
        "socketpair",
        libc::SYS_socketpair,
        "2,1,0,0",
        NO_FAMILY,
        "family 2, type 1, protocol 0",
    ),
    (
        "io_uring_setup",
        libc::SYS_io_uring_setup,
        "1,0",
        libc::ENOSYS,
        "",
    ),
    ("system call 700", 700, "", libc::ENOSYS, ""),
];

const WITHOUT_NAMESPACES: &[Refused] = &[
    (
        "prlimit64",
        libc::SYS_prlimit64,
        "1,7,0,0",
        PERM,
        "process 1",
    ),
    (
        "sched_setaffinity",
        libc::SYS_sched_setaffinity,
        "1,0,0",
        PERM,
        "",
    ),
    ("setpriority", libc::SYS_setpriority, "0,1,0", PERM, ""),
    ("shmget", libc::SYS_shmget, "0,4096,0600", libc::ENOSYS, ""),
    (
        "socket",
        libc::SYS_socket,
        "2,1,0",
        NO_FAMILY,
        "family 2, type 1, protocol 0",
    ),
];

/// Not told: C libraries try them all the time.
const PROBED: &[Refused] = &[
    ("", libc::SYS_clone3, "0,0", libc::ENOSYS, ""),
    ("", libc::SYS_openat2, "-100,/proc,0,0", libc::ENOSYS, ""),
];

fn refused_in(tier: Tier) -> Vec<Refused> {
    let more = if tier == Tier::NoNamespaces {
        WITHOUT_NAMESPACES
    } else {
        &[]
    };
    [EVERYWHERE, PROBED, more].concat()
}

fn a_refused_call_fails_alike_told_or_not_and_each_is_told() {
    let kit = Kit::new();
    for tier in TIERS {
        kit.compare(tier);
    }
}

fn a_refused_call_fails_alike_for_an_ordinary_user_too() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let kit = Kit::new();
    let program = kit.place.path().join("comparer");
    let me = std::env::current_exe().expect("this program");
    fs::copy(me, &program).expect("a copy of this program");
    let compared = Command::new(&program)
        .args([COMPARER.as_ref(), kit.caller.as_os_str()])
        .uid(ORDINARY)
        .gid(ORDINARY)
        .output()
        .expect("this program again");
    let erred = String::from_utf8_lossy(&compared.stderr);
    assert!(compared.status.success(), "{erred}");
}

/// As whoever started this program.
pub fn comparer_main() {
    let caller = std::env::args_os().nth(2).expect("the caller");
    let kit = Kit {
        place: place(),
        caller: caller.into(),
    };
    for tier in TIERS {
        kit.compare(tier);
    }
}

fn without_a_broker_a_refused_call_is_not_made() {
    let kit = Kit::new();
    let calls = words(&[EVERYWHERE[0], EVERYWHERE[3], EVERYWHERE[17]]);
    // Only where there are no walls does anything outlive its broker; there
    // the parent of the command is the broker, and can be seen.
    let script = format!(
        "echo $PPID; {} orphaned {} & wait",
        kit.caller.display(),
        calls.join(" ")
    );
    let mut running = told(kit.launch(Tier::NoNamespaces, &["sh", "-c", &script]))
        .spawn()
        .expect("a command that runs");
    let mut said = BufReader::new(running.stdout.take().expect("its output"));
    let mut broker = String::new();
    said.read_line(&mut broker).expect("a number");
    let mut waits = String::new();
    said.read_line(&mut waits).expect("that it waits");
    let broker = broker.trim().parse().ok().and_then(Pid::from_raw);
    rustix::process::kill_process(broker.expect("a process"), Signal::KILL).expect("killed");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    let absent = format!("-1 {}\n", libc::ENOSYS);
    assert_eq!(rest, absent.repeat(3));
    // That it cannot be waited for is what was done.
    let _ = running.wait();
}

/// Makes the calls that its arguments name, and says what came back; after the
/// word `orphaned` when its parent has gone.
const CALLER: &str = r#"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(int count, char **words) {
    int first = 1;
    if (count > 1 && !strcmp(words[1], "orphaned")) {
        pid_t parent = getppid();
        puts("waiting");
        fflush(stdout);
        while (getppid() == parent) usleep(10000);
        first = 2;
    }
    for (int word = first; word < count; word++) {
        long values[7] = {0};
        int at = 0;
        for (char *part = strtok(words[word], ","); part && at < 7; part = strtok(0, ","))
            values[at++] = *part == '/' ? (long)part : (long)strtol(part, 0, 0);
        errno = 0;
        long result = syscall(values[0], values[1], values[2], values[3], values[4], values[5],
                              values[6]);
        printf("%ld %d\n", result, errno);
        fflush(stdout);
    }
    return 0;
}
"#;

/// The caller, and a place that its user can write.
struct Kit {
    place: TempDir,
    caller: PathBuf,
}

fn place() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix("dam-")
        .tempdir_in("/var/tmp")
        .expect("a directory below /var/tmp");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    place
}

fn words(calls: &[Refused]) -> Vec<String> {
    calls
        .iter()
        .map(|(_, number, args, ..)| format!("{number},{args}"))
        .collect()
}

impl Kit {
    fn new() -> Self {
        let place = place();
        let (source, caller) = (place.path().join("caller.c"), place.path().join("caller"));
        fs::write(&source, CALLER).expect("its source");
        let built = Command::new("cc")
            .arg("-o")
            .args([&caller, &source])
            .status()
            .expect("run the C compiler; these tests need `cc`");
        assert!(built.success(), "the caller is not built");
        Self { place, caller }
    }

    fn launch(&self, tier: Tier, argv: &[&str]) -> Launch {
        let ground = Ground::new(tier);
        let mut launch = ground.launch(argv);
        self.place.path().clone_into(&mut launch.cwd);
        launch.profile.network = Network::None;
        launch
    }

    fn compare(&self, tier: Tier) {
        let calls = refused_in(tier);
        let mut argv = vec![self.caller.to_str().expect("a name").to_owned()];
        argv.extend(words(&calls));
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let expected = calls.iter().map(|(.., errno, _)| format!("-1 {errno}\n"));
        let expected: String = expected.collect();

        let (said, outcome) = run(self.launch(tier, &argv));
        assert_eq!(said, expected, "{tier}");
        assert_eq!(outcome.denials, [], "{tier}: what nobody asked to be told");

        let (said, outcome) = run(told(self.launch(tier, &argv)));
        assert_eq!(said, expected, "{tier}, told");
        let named = calls.iter().filter(|(name, ..)| !name.is_empty());
        let named: Vec<(&str, &Path)> = named
            .map(|(name, .., what)| (*name, Path::new(what)))
            .collect();
        let heard = outcome.denials.iter();
        let heard: Vec<(&str, &Path)> = heard
            .map(|denial| (&*denial.syscall, &*denial.path))
            .collect();
        assert_eq!(heard, named, "{tier}");
        for denial in &outcome.denials {
            assert_eq!(denial.rule, "syscalls.refused");
            assert!(denial.process.starts_with(argv[0]), "{denial:?}");
            assert!(denial.pid > 1, "{denial:?}");
        }
    }
}

fn told(mut launch: Launch) -> Launch {
    launch.profile.files = launch.profile.files.telling_of_refusals();
    launch
}

fn run(launch: Launch) -> (String, Outcome) {
    let mut running = launch.spawn().expect("a command that runs");
    let mut said = String::new();
    let mut stdout = running.stdout.take().expect("its output");
    stdout.read_to_string(&mut said).expect("text");
    (said, running.wait().expect("a command that ends"))
}
