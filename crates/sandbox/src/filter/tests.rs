//! The filters, run as the kernel would run them.

use super::*;
use crate::sys::Notification;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

fn errno(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno.unsigned_abs()
}

fn static_filter(tier: Tier, road: bool) -> Vec<Instruction> {
    static_calls(tier, road).assemble()
}

impl Doorman {
    fn filter(self) -> Vec<Instruction> {
        self.calls().assemble()
    }
}

fn run(filter: &[Instruction], number: i64, args: &[u64]) -> u32 {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    Instruction::run(filter, ARCHITECTURE, u32::try_from(number).unwrap(), all)
}

#[test]
fn every_listed_call_has_its_answer_and_every_other_does_not_exist() {
    let filter = static_filter(Tier::Full, false);
    let conditional: Vec<i64> = conditional()
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    for number in 0..1_000 {
        let answer = run(&filter, number, &[]);
        if conditional.contains(&number) {
            continue;
        }
        let expected = if lists::ALLOWED.iter().any(|list| list.contains(&number)) {
            ALLOW
        } else if refused().any(|(refused, _)| *refused == number) {
            errno(libc::EPERM)
        } else {
            errno(libc::ENOSYS)
        };
        assert_eq!(answer, expected, "system call {number}");
    }
}

#[test]
fn other_interfaces_are_killed() {
    let filter = static_filter(Tier::Full, false);
    assert_eq!(Instruction::run(&filter, 0x4000_0003, 5, [0; 6]), KILL);
    assert_eq!(run(&filter, 0x4000_0000, &[]), KILL);
    assert_eq!(run(&filter, 0x4000_0000 + libc::SYS_openat, &[]), KILL);
}

#[test]
fn calls_that_libraries_can_do_without_do_not_exist() {
    let filter = static_filter(Tier::Full, false);
    for number in [
        libc::SYS_clone3,
        libc::SYS_openat2,
        libc::SYS_io_uring_setup,
    ] {
        assert_eq!(run(&filter, number, &[]), errno(libc::ENOSYS));
    }
}

#[test]
fn clone_makes_threads_and_processes_but_no_namespaces() {
    let filter = static_filter(Tier::Full, false);
    assert_eq!(run(&filter, libc::SYS_clone, &[0x0120_0011]), ALLOW);
    for flag in [
        0x0002_0000_u64,
        0x0200_0000,
        0x0400_0000,
        0x0800_0000,
        0x1000_0000,
        0x2000_0000,
        0x4000_0000,
    ] {
        assert_eq!(
            run(&filter, libc::SYS_clone, &[flag | 0x11]),
            errno(libc::EPERM),
            "{flag:#x}"
        );
    }
}

#[test]
fn sockets_by_family_type_and_protocol() {
    let filter = static_filter(Tier::Full, false);
    let socket = |family: i32, kind: i32, protocol: i32| {
        run(
            &filter,
            libc::SYS_socket,
            &[
                u64::from(family.cast_unsigned()),
                u64::from(kind.cast_unsigned()),
                u64::from(protocol.cast_unsigned()),
            ],
        )
    };
    let cloexec = libc::SOCK_CLOEXEC;
    assert_eq!(socket(libc::AF_UNIX, libc::SOCK_STREAM | cloexec, 0), ALLOW);
    assert_eq!(
        socket(libc::AF_UNIX, libc::SOCK_DGRAM | cloexec, 0),
        errno(libc::EPERM)
    );
    assert_eq!(
        socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_TCP),
        ALLOW
    );
    assert_eq!(socket(libc::AF_INET6, libc::SOCK_DGRAM, 0), ALLOW);
    assert_eq!(
        socket(libc::AF_INET, libc::SOCK_RAW, 1),
        errno(libc::EAFNOSUPPORT)
    );
    assert_eq!(
        socket(libc::AF_INET, libc::SOCK_STREAM, 262),
        errno(libc::EAFNOSUPPORT)
    );
    assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, 0), ALLOW);
    assert_eq!(
        socket(libc::AF_NETLINK, libc::SOCK_RAW, 9),
        errno(libc::EAFNOSUPPORT)
    );
    for family in [
        libc::AF_VSOCK,
        libc::AF_PACKET,
        libc::AF_ALG,
        libc::AF_BLUETOOTH,
        libc::AF_XDP,
    ] {
        assert_eq!(
            socket(family, libc::SOCK_STREAM, 0),
            errno(libc::EAFNOSUPPORT),
            "{family}"
        );
    }
    let pair = |kind: i32| {
        run(
            &filter,
            libc::SYS_socketpair,
            &[1, u64::from(kind.cast_unsigned())],
        )
    };
    assert_eq!(pair(libc::SOCK_STREAM), ALLOW);
    assert_eq!(
        pair(libc::SOCK_DGRAM | libc::SOCK_NONBLOCK),
        errno(libc::EPERM)
    );
}

#[test]
fn high_halves_of_arguments_do_not_hide_a_terminal_request() {
    let filter = static_filter(Tier::Full, false);
    for request in [0x5412_u64, 0x541c, 0x1_0000_5412] {
        assert_eq!(
            run(&filter, libc::SYS_ioctl, &[0, request]),
            errno(libc::EPERM)
        );
    }
    assert_eq!(run(&filter, libc::SYS_ioctl, &[0, 0x5401]), ALLOW);
}

#[test]
fn the_doorman_is_asked_for_writes_and_not_for_reads() {
    let filter = Doorman::default().filter();
    let openat = |flags: i32| {
        run(
            &filter,
            libc::SYS_openat,
            &[0, 0, u64::from(flags.cast_unsigned())],
        )
    };
    assert_eq!(
        openat(libc::O_RDONLY | libc::O_CLOEXEC | libc::O_DIRECTORY),
        ALLOW
    );
    assert_eq!(openat(libc::O_PATH | libc::O_NOFOLLOW), ALLOW);
    for flags in [
        libc::O_WRONLY,
        libc::O_RDWR,
        libc::O_CREAT,
        libc::O_TRUNC,
        libc::O_TMPFILE,
    ] {
        assert_eq!(openat(flags), NOTIFY, "{flags:#x}");
    }
    assert_eq!(run(&filter, libc::SYS_mkdirat, &[]), NOTIFY);
    assert_eq!(run(&filter, libc::SYS_read, &[]), ALLOW);
}

#[test]
fn owner_and_times_of_an_open_file_are_free_behind_walls_only() {
    let by_name = 0x1_0000_0000;
    for (walled, answer) in [(true, ALLOW), (false, NOTIFY)] {
        let filter = Doorman {
            walled,
            ..Doorman::default()
        }
        .filter();
        assert_eq!(run(&filter, libc::SYS_fchown, &[3, 0, 0]), answer);
        assert_eq!(run(&filter, libc::SYS_utimensat, &[3, 0, 1, 0]), answer);
        assert_eq!(
            run(&filter, libc::SYS_utimensat, &[3, by_name, 1, 0]),
            NOTIFY
        );
        assert_eq!(run(&filter, libc::SYS_utimensat, &[3, 1, 1, 0]), NOTIFY);
        assert_eq!(run(&filter, libc::SYS_fchmod, &[3, 0o644]), NOTIFY);
        assert_eq!(run(&filter, libc::SYS_fchownat, &[3, 1, 0, 0]), NOTIFY);
    }
}

#[test]
fn who_only_waits_can_do_nothing_else() {
    let filter = idle_filter();
    assert_eq!(run(&filter, libc::SYS_read, &[]), ALLOW);
    for number in [
        libc::SYS_openat,
        libc::SYS_execve,
        libc::SYS_socket,
        libc::SYS_ptrace,
    ] {
        assert_eq!(run(&filter, number, &[]), errno(libc::EPERM));
    }
}

#[test]
fn the_filter_fits_the_kernel() {
    for (tier, road, doorman) in every_box() {
        for told in [false, true] {
            let filter = command_filter(tier, road, doorman, told);
            assert!(filter.len() < 4096, "{}", filter.len());
        }
    }
}

/// Every number of a call, and those of which arguments are looked at with many.
fn calls() -> Vec<(u32, [u64; 6])> {
    let mut values = vec![0, 1, 2, 3, 6, 25, 30, 4711, 0x800, 0x1_0000_0000];
    values.extend([lists::MSG_FASTOPEN, CLONE_NEW, 0x5412, 0x4008_6602].map(u64::from));
    let dispatch = static_calls(Tier::NoNamespaces, true);
    let looked_at = [libc::SYS_openat, libc::SYS_utimensat, libc::SYS_listen];
    let looks =
        move |number: u32| looked_at.contains(&number.into()) || !dispatch.is_one_answer(number);
    let numbers = (0..600).chain([0x4000_0000, 0x4000_0101, u32::MAX]);
    let all = numbers.flat_map(|number| {
        let values = if looks(number) { &values } else { &values[..1] };
        let of = values.iter().flat_map(move |value| {
            // Alike, and not all alike.
            let mut args = [*value; 6];
            args[0] = 1;
            args[1] = 2;
            [(number, [*value; 6]), (number, args)]
        });
        of.collect::<Vec<_>>()
    });
    all.collect()
}

fn every_box() -> impl Iterator<Item = (Tier, bool, Doorman)> {
    let tiers = [Tier::Full, Tier::NoNamespaces, Tier::NoLandlock];
    tiers.into_iter().flat_map(|tier| {
        (0..16).map(move |bits| {
            let doorman = Doorman {
                reading: bits & 1 != 0,
                walled: bits & 2 != 0,
                listening: bits & 4 != 0,
            };
            (tier, bits & 8 != 0, doorman)
        })
    })
}

#[test]
fn one_filter_answers_as_the_stricter_of_its_parts() {
    for (tier, road, doorman) in every_box() {
        let (fixed, asking) = (static_filter(tier, road), doorman.filter());
        let both = command_filter(tier, road, doorman, false);
        for (number, args) in calls() {
            let of = |filter| Instruction::run(filter, ARCHITECTURE, number, args);
            // As the kernel compares them: a lower action is stricter, and to
            // kill a process is below zero.
            let strictest = |a: u32, b: u32| {
                let action = |answer: u32| (answer & libc::SECCOMP_RET_ACTION_FULL).cast_signed();
                if action(a) <= action(b) { a } else { b }
            };
            let expected = strictest(of(&fixed), of(&asking));
            assert_eq!(of(&both), expected, "{tier} {number:#x} {args:x?}");
        }
        assert_eq!(Instruction::run(&both, 0x4000_0003, 5, [0; 6]), KILL);
    }
}

#[test]
fn what_is_told_is_allowed_by_nobody_and_refused_as_ever() {
    for (tier, road, doorman) in every_box() {
        let silent = command_filter(tier, road, doorman, false);
        let told = command_filter(tier, road, doorman, true);
        let refusals = Refusals::new(tier, road);
        for (number, args) in calls() {
            let of = |filter| Instruction::run(filter, ARCHITECTURE, number, args);
            let call = Notification {
                id: 0,
                tid: 0,
                number: number.into(),
                args,
            };
            let text = format!("{tier} {number:#x} {args:x?}");
            let refused = refusals.of(&call);
            match of(&silent) & libc::SECCOMP_RET_ACTION_FULL {
                libc::SECCOMP_RET_ERRNO if lists::PROBED.contains(&number.into()) => {
                    assert_eq!(of(&told), of(&silent), "{text}");
                }
                libc::SECCOMP_RET_ERRNO => {
                    assert_eq!(of(&told), NOTIFY, "{text}");
                    let refused = refused.expect("refused by the broker, too");
                    assert_eq!(errno(refused.errno), of(&silent), "{text}");
                }
                libc::SECCOMP_RET_KILL_PROCESS => assert_eq!(of(&told), KILL, "{text}"),
                // Allowed, or the doorman's own.
                _ => {
                    assert_eq!(of(&told), of(&silent), "{text}");
                    assert!(refused.is_none(), "{text}");
                }
            }
        }
        assert_eq!(Instruction::run(&told, 0x4000_0003, 5, [0; 6]), KILL);
    }
}

fn refused() -> impl Iterator<Item = &'static lists::Named> {
    lists::REFUSED.iter().flat_map(|group| group.calls)
}

#[test]
fn every_refused_call_has_a_name() {
    let conditional = conditional().into_iter().map(|(number, _)| number);
    let others = lists::ON_PROCESSES.iter().chain(lists::SENDING);
    let others = others
        .map(|(number, _)| *number)
        .chain([libc::SYS_setsockopt]);
    let numbers = refused().map(|(number, _)| *number);
    let numbers: Vec<i64> = numbers.chain(conditional).chain(others).collect();
    for tier in [Tier::Full, Tier::NoNamespaces] {
        let refusals = Refusals::new(tier, true);
        let named = numbers.iter().filter_map(|number| {
            refusals.of(&Notification {
                id: 0,
                tid: 0,
                number: *number,
                args: [u64::MAX; 6],
            })
        });
        for refused in named {
            assert!(!refused.name.contains(' '), "{}", refused.name);
            let other = "there is no such system call inside";
            assert_ne!(refused.reason, other, "{}", refused.name);
        }
    }
}

#[test]
fn without_namespaces_nobody_else_is_touched_and_no_internet_socket_made() {
    let filter = static_filter(Tier::NoNamespaces, false);
    for (number, argument) in lists::ON_PROCESSES {
        let mut args = [0_u64; 6];
        assert_eq!(run(&filter, *number, &args), ALLOW, "{number}");
        args[*argument as usize] = 4711;
        assert_eq!(run(&filter, *number, &args), errno(libc::EPERM), "{number}");
    }
    for (number, all_of_a_user) in lists::ON_USERS {
        let args = [(*all_of_a_user).into(), 0];
        assert_eq!(run(&filter, *number, &args), errno(libc::EPERM), "{number}");
    }
    for (number, _) in lists::MESSAGES {
        assert_eq!(run(&filter, *number, &[]), errno(libc::ENOSYS));
    }
    let socket = |family: i32| {
        let stream = libc::SOCK_STREAM.unsigned_abs().into();
        run(
            &filter,
            libc::SYS_socket,
            &[family.unsigned_abs().into(), stream],
        )
    };
    assert_eq!(socket(libc::AF_UNIX), ALLOW);
    for family in [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK] {
        assert_eq!(socket(family), errno(libc::EAFNOSUPPORT));
    }
}

#[test]
fn reading_is_asked_about_only_where_it_is_looked_at() {
    let open = |filter: &[Instruction]| run(filter, libc::SYS_openat, &[0, 0, 0]);
    let reading = Doorman {
        reading: true,
        ..Doorman::default()
    };
    assert_eq!(open(&Doorman::default().filter()), ALLOW);
    assert_eq!(open(&reading.filter()), NOTIFY);
}

#[test]
fn watching_refuses_nothing() {
    let filter = watch_filter();
    for number in 0..1_000 {
        let answer = run(&filter, number, &[]);
        assert!(answer == ALLOW || answer == NOTIFY, "system call {number}");
    }
    let other = Instruction::run(&filter, 0x4000_0003, 5, [0; 6]);
    assert_eq!(other, ALLOW, "32-bit programs run on, unwatched");
    for number in [libc::SYS_openat, libc::SYS_execve, libc::SYS_connect] {
        assert_eq!(run(&filter, number, &[]), NOTIFY);
    }
}

#[test]
fn files_are_asked_and_not_changed_by_controls() {
    for tier in [Tier::Full, Tier::NoNamespaces, Tier::NoLandlock] {
        let filter = static_filter(tier, false);
        let answer = |request| run(&filter, libc::SYS_ioctl, &[0, request]);
        // FIONREAD, TCGETS, TIOCGPTN, SIOCGIFCONF, FS_IOC_GETFLAGS, FICLONE
        for request in [
            0x541b,
            0x5401,
            0x8004_5430,
            0x8912,
            0x8008_6601,
            0x4004_9409,
        ] {
            assert_eq!(answer(request), ALLOW, "{request:#x}");
        }
        // FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY,
        // BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SNAP_DESTROY, FIDEDUPERANGE
        for request in [
            0x4008_6602,
            0x401c_5820,
            0x4080_6685,
            0x5000_940e,
            0x5000_940f,
            0xc018_9436,
        ] {
            assert_eq!(answer(request), errno(libc::ENOTTY), "{request:#x}");
        }
    }
}

#[test]
fn where_there_is_a_road_nothing_connects_but_connect() {
    let fast = u64::from(lists::MSG_FASTOPEN);
    for tier in [Tier::Full, Tier::NoNamespaces, Tier::NoLandlock] {
        let filter = static_filter(tier, true);
        for (number, flags) in lists::SENDING {
            let mut args = [0_u64; 6];
            args[*flags as usize] = 0x4000; // MSG_NOSIGNAL
            assert_eq!(run(&filter, *number, &args), ALLOW, "{number}");
            args[*flags as usize] |= fast;
            let refused = errno(libc::EOPNOTSUPP);
            assert_eq!(run(&filter, *number, &args), refused, "{number}");
        }
        let option = |level: u64, name: u64| run(&filter, libc::SYS_setsockopt, &[3, level, name]);
        for name in lists::CONNECTS_BY_SENDING {
            let unknown = errno(libc::ENOPROTOOPT);
            assert_eq!(option(6, u64::from(*name)), unknown, "{tier}");
        }
        assert_eq!(option(6, 1), ALLOW, "TCP_NODELAY");
        assert_eq!(option(1, 2), ALLOW, "SO_REUSEADDR");
    }
}

#[test]
fn without_namespaces_a_socket_that_goes_out_is_led_nowhere_else() {
    let filter = static_filter(Tier::NoNamespaces, true);
    let option = |level: u64, name: u64| run(&filter, libc::SYS_setsockopt, &[3, level, name]);
    // SO_BINDTODEVICE, SO_MARK, SO_ATTACH_FILTER, IP_OPTIONS, IP_TRANSPARENT,
    // IPV6_RTHDR, TCP_REPAIR, TCP_MD5SIG
    for (level, name) in [
        (1, 25),
        (1, 36),
        (1, 26),
        (0, 4),
        (0, 19),
        (41, 57),
        (6, 19),
        (6, 14),
    ] {
        assert_eq!(
            option(level, name),
            errno(libc::ENOPROTOOPT),
            "{level} {name}"
        );
    }
    let socket = |family: i32, kind: i32, protocol: u64| {
        let args = [family, kind].map(|number| u64::from(number.unsigned_abs()));
        run(&filter, libc::SYS_socket, &[args[0], args[1], protocol])
    };
    let none = errno(libc::EAFNOSUPPORT);
    for family in [libc::AF_INET, libc::AF_INET6] {
        for kind in [libc::SOCK_STREAM, libc::SOCK_STREAM | libc::SOCK_NONBLOCK] {
            assert_eq!(socket(family, kind, 0), ALLOW);
            assert_eq!(socket(family, kind, 6), ALLOW);
            // SCTP and MPTCP
            assert_eq!(socket(family, kind, 132), none);
            assert_eq!(socket(family, kind, 262), none);
        }
        assert_eq!(socket(family, libc::SOCK_DGRAM, 0), none);
        assert_eq!(socket(family, libc::SOCK_RAW, 1), none);
    }
    assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, 0), none);
    let listening = Doorman {
        listening: true,
        ..Doorman::default()
    };
    assert_eq!(run(&listening.filter(), libc::SYS_listen, &[3, 1]), NOTIFY);
    assert_eq!(
        run(&Doorman::default().filter(), libc::SYS_listen, &[3, 1]),
        ALLOW
    );
}
