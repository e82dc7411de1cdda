//! The system-call filter of a boxed process, in two parts.
//!
//! The **static** part allows what is listed and nothing else. Of what it
//! allows, the **doorman's** hands write-class path calls and socket addresses
//! to the broker. They are one filter, because every call passes each that
//! there is: the stricter answer of both, so that neither can weaken the other.

mod bpf;
mod lists;
mod refusals;

use bpf::{Action, Argument, Dispatch, Test};

use crate::sys::Instruction;
use crate::tier::Tier;

pub(crate) use lists::{FCHMODAT2, RENAMEAT};
pub(crate) use refusals::{Refusals, RefusedCall};

/// Other machine interfaces of the same kernel (32-bit calls) are killed.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Flags of `clone` that make namespaces.
const CLONE_NEW: u32 = 0x7e02_0000;
const TYPE_MASK: u32 = 0xf;

/// Everything that opens for writing, creates or truncates.
pub(crate) const OPEN_WRITES: u32 = (libc::O_WRONLY
    | libc::O_RDWR
    | libc::O_CREAT
    | libc::O_TRUNC
    | (libc::O_TMPFILE & !libc::O_DIRECTORY))
    .unsigned_abs();

/// The filter of a command. Where refusals are `told`, the static part's are
/// the broker's to answer; without it there are no such calls.
pub(crate) fn command_filter(
    tier: Tier,
    road: bool,
    doorman: Doorman,
    told: bool,
) -> Vec<Instruction> {
    let calls = static_calls(tier, road);
    let calls = if told { refusals::told(&calls) } else { calls };
    calls.and(&doorman.calls()).assemble()
}

/// The part that allows what is listed, and what it must refuse besides where
/// no namespace keeps it inside, and where there is a road.
fn static_calls(tier: Tier, road: bool) -> Dispatch {
    let absent = Action::Errno(libc::ENOSYS);
    let mut dispatch = Dispatch::new(ARCHITECTURE, absent);
    for number in lists::ALLOWED.iter().copied().flatten() {
        dispatch.on(*number, Test::always(Action::Allow));
    }
    for number in lists::PROBED {
        dispatch.on(*number, Test::always(absent));
    }
    for (number, _) in lists::REFUSED.iter().flat_map(|group| group.calls) {
        dispatch.on(*number, Test::always(Action::Errno(libc::EPERM)));
    }
    for (number, test) in conditional() {
        dispatch.on(number, test);
    }
    if road {
        with_road(&mut dispatch);
    }
    if !tier.has_walls() {
        without_namespaces(&mut dispatch, road);
    }
    dispatch
}

/// Where connections are made by the broker, no other call makes one: sending
/// does not, now or later.
fn with_road(dispatch: &mut Dispatch) {
    let allow = Test::always(Action::Allow);
    let refuse = Test::always(Action::Errno(libc::EOPNOTSUPP));
    for (number, flags) in lists::SENDING {
        let test = Test::any_bit(Argument(*flags), lists::MSG_FASTOPEN, &refuse, &allow);
        dispatch.on(*number, test);
    }
    let unknown = Test::always(Action::Errno(libc::ENOPROTOOPT));
    let by_sending = Test::one_of(Argument(2), lists::CONNECTS_BY_SENDING, &unknown, &allow);
    let tcp = Test::one_of(Argument(1), &[lists::SOL_TCP], &by_sending, &allow);
    dispatch.on(libc::SYS_setsockopt, tcp);
}

fn without_namespaces(dispatch: &mut Dispatch, road: bool) {
    let allow = Test::always(Action::Allow);
    let refuse = Test::always(Action::Errno(libc::EPERM));
    for (number, _) in lists::MESSAGES {
        dispatch.on(*number, Test::always(Action::Errno(libc::ENOSYS)));
    }
    for (number, argument) in lists::ON_PROCESSES {
        let itself = Test::one_of(Argument(*argument), &[0], &allow, &refuse);
        dispatch.on(*number, itself);
    }
    for (number, all_of_a_user) in lists::ON_USERS {
        let itself = Test::one_of(Argument(1), &[0], &allow, &refuse);
        let itself = Test::one_of(Argument(0), &[*all_of_a_user], &refuse, &itself);
        dispatch.on(*number, itself);
    }
    // An address of the internet family could be anybody's.
    dispatch.on(libc::SYS_socket, socket_pair());
    if road {
        // A connection is made outside, on the caller's socket: nothing set on
        // it may lead that elsewhere. Messages to an address, each its own way
        // out, are not there.
        dispatch.on(libc::SYS_socket, connected_socket());
        dispatch.on(libc::SYS_setsockopt, harmless_option());
    }
}

/// Unix sockets with a connection, and TCP.
fn connected_socket() -> Test {
    let allow = Test::always(Action::Allow);
    let none = Test::always(Action::Errno(libc::EAFNOSUPPORT));
    let stream = libc::SOCK_STREAM.unsigned_abs();
    let tcp = Test::one_of(
        Argument(2),
        &[0, libc::IPPROTO_TCP.unsigned_abs()],
        &allow,
        &none,
    );
    let tcp = Test::masked_in(Argument(1), TYPE_MASK, &[stream], &tcp, &none);
    let internet = [libc::AF_INET, libc::AF_INET6].map(i32::unsigned_abs);
    let rest = Test::one_of(Argument(0), &internet, &tcp, &none);
    Test::one_of(Argument(0), &[libc::AF_UNIX.unsigned_abs()], &unix(), &rest)
}

fn harmless_option() -> Test {
    let allow = Test::always(Action::Allow);
    let unknown = Test::always(Action::Errno(libc::ENOPROTOOPT));
    lists::OPTIONS
        .iter()
        .fold(unknown.clone(), |rest, (level, names)| {
            let named = Test::one_of(Argument(2), names, &allow, &unknown);
            Test::one_of(Argument(1), &[*level], &named, &rest)
        })
}

/// The filter of a process that only waits for its end, and for its orphans'. Short, because the
/// kernel's work of taking a filter in grows with its length.
pub(crate) fn idle_filter() -> Vec<Instruction> {
    let mut dispatch = Dispatch::new(ARCHITECTURE, Action::Errno(libc::EPERM));
    for number in [
        libc::SYS_read,
        libc::SYS_recvfrom,
        libc::SYS_write,
        libc::SYS_sendto,
        libc::SYS_exit_group,
        libc::SYS_rt_sigreturn,
        libc::SYS_wait4,
    ] {
        dispatch.on(number, Test::always(Action::Allow));
    }
    dispatch.assemble()
}

/// Calls that are allowed with some arguments only.
fn conditional() -> Vec<(i64, Test)> {
    let allow = Test::always(Action::Allow);
    let refuse = Test::always(Action::Errno(libc::EPERM));
    vec![
        (
            libc::SYS_clone,
            Test::any_bit(Argument(0), CLONE_NEW, &refuse, &allow),
        ),
        (libc::SYS_ioctl, control()),
        (
            libc::SYS_personality,
            Test::one_of(Argument(0), &[0, u32::MAX], &allow, &refuse),
        ),
        (libc::SYS_socket, socket()),
        (libc::SYS_socketpair, socket_pair()),
    ]
}

/// Controls of terminals, pipes and sockets, and what only asks about a file or
/// shares its blocks. File systems have many more, which change files that are
/// open for reading only (flags, seals) or make and remove directories by name
/// (subvolumes): neither the doorman nor the ceiling hears of them.
fn control() -> Test {
    let (request, allow) = (Argument(1), Test::always(Action::Allow));
    let unknown = Test::always(Action::Errno(libc::ENOTTY));
    let files = Test::one_of(request, lists::FILE_CONTROLS, &allow, &unknown);
    let kinds = Test::masked_in(request, 0xff00, lists::CONTROL_KINDS, &allow, &files);
    let refuse = Test::always(Action::Errno(libc::EPERM));
    Test::one_of(request, lists::REFUSED_CONTROLS, &refuse, &kinds)
}

/// Unix sockets with a connection: a datagram socket could address any socket
/// of the host with each message, which no broker can look at in time.
fn unix() -> Test {
    let (stream, sequence) = (libc::SOCK_STREAM, libc::SOCK_SEQPACKET);
    Test::masked_in(
        Argument(1),
        TYPE_MASK,
        &[stream.unsigned_abs(), sequence.unsigned_abs()],
        &Test::always(Action::Allow),
        &Test::always(Action::Errno(libc::EPERM)),
    )
}

fn socket() -> Test {
    let allow = Test::always(Action::Allow);
    let none = Test::always(Action::Errno(libc::EAFNOSUPPORT));
    let protocol = Argument(2);
    let (tcp, udp) = (
        libc::IPPROTO_TCP.unsigned_abs(),
        libc::IPPROTO_UDP.unsigned_abs(),
    );
    let (stream, datagram) = (
        libc::SOCK_STREAM.unsigned_abs(),
        libc::SOCK_DGRAM.unsigned_abs(),
    );
    let plain = Test::one_of(protocol, &[0, tcp, udp], &allow, &none);
    let internet = Test::masked_in(Argument(1), TYPE_MASK, &[stream, datagram], &plain, &none);
    let routing = Test::one_of(protocol, &[0], &allow, &none);
    let by_family = [
        (vec![libc::AF_UNIX], unix()),
        (vec![libc::AF_INET, libc::AF_INET6], internet),
        (vec![libc::AF_NETLINK], routing),
    ];
    by_family
        .into_iter()
        .rev()
        .fold(none, |rest, (families, test)| {
            let families: Vec<u32> = families.into_iter().map(i32::unsigned_abs).collect();
            Test::one_of(Argument(0), &families, &test, &rest)
        })
}

fn socket_pair() -> Test {
    let none = Test::always(Action::Errno(libc::EAFNOSUPPORT));
    Test::one_of(Argument(0), &[libc::AF_UNIX.unsigned_abs()], &unix(), &none)
}

/// What the broker is asked about besides what it is always asked about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doorman {
    /// Every opening, not only those that write.
    pub reading: bool,
    /// Not the owner and the times of what is open: every file that can be
    /// lies in the box's own mounts.
    pub walled: bool,
    /// Listening, which makes a socket that has no address an open port.
    pub listening: bool,
}

impl Doorman {
    /// The part that hands calls to the broker.
    fn calls(self) -> Dispatch {
        let mut dispatch = Dispatch::new(ARCHITECTURE, Action::Allow);
        for number in lists::MEDIATED.iter().copied().flatten() {
            dispatch.on(*number, Test::always(Action::Notify));
        }
        let (notify, allow) = (Test::always(Action::Notify), Test::always(Action::Allow));
        if self.walled {
            // What is not granted is mounted read-only, and nobody but the user
            // is mapped inside. So no open file gets another owner, and times
            // are set in writable places only: of a protected file at most,
            // which changes neither what it holds nor who may use it.
            // Unpacking does both for every file.
            dispatch.on(libc::SYS_fchown, allow.clone());
            let open_file = Test::is_null(Argument(1), &allow, &notify);
            dispatch.on(libc::SYS_utimensat, open_file);
        }
        if self.listening {
            dispatch.on(libc::SYS_listen, notify.clone());
        }
        let when_writing = |argument| {
            let (notify, allow) = (notify.clone(), allow.clone());
            if self.reading {
                return notify;
            }
            Test::any_bit(argument, OPEN_WRITES, &notify, &allow)
        };
        dispatch.on(libc::SYS_openat, when_writing(Argument(2)));
        #[cfg(target_arch = "x86_64")]
        dispatch.on(libc::SYS_open, when_writing(Argument(1)));
        dispatch
    }
}

/// The filter that has a trusted command watched: everything that a profile
/// could say something about is told, and nothing is refused.
pub(crate) fn watch_filter() -> Vec<Instruction> {
    let mut dispatch = Dispatch::new(ARCHITECTURE, Action::Allow).elsewhere(Action::Allow);
    let told = lists::MEDIATED.iter().copied().flatten();
    for number in told.chain(lists::WATCHED.iter().copied().flatten()) {
        dispatch.on(*number, Test::always(Action::Notify));
    }
    dispatch.assemble()
}

#[cfg(test)]
mod tests;
