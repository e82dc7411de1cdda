//! The two system-call filters of a boxed process.
//!
//! The **static** filter allows what is listed and nothing else. The
//! **doorman's** filter, installed after it, hands write-class path calls and
//! socket addresses to the broker. Of several filters the strictest answer
//! counts, so neither can weaken the other.

mod bpf;
mod lists;

use bpf::{Action, Argument, Dispatch, Test};

use crate::sys::Instruction;

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

/// The filter that allows what is listed.
pub(crate) fn static_filter() -> Vec<Instruction> {
    let mut dispatch = Dispatch::new(ARCHITECTURE, Action::Errno(libc::ENOSYS));
    for number in lists::ALLOWED.iter().copied().flatten() {
        dispatch.on(*number, Test::always(Action::Allow));
    }
    for number in lists::REFUSED {
        dispatch.on(*number, Test::always(Action::Errno(libc::EPERM)));
    }
    for (number, test) in conditional() {
        dispatch.on(number, test);
    }
    dispatch.assemble()
}

/// Calls that are allowed with some arguments only.
fn conditional() -> Vec<(i64, Test)> {
    let refuse = Action::Errno(libc::EPERM);
    let no_family = Test::always(Action::Errno(libc::EAFNOSUPPORT));
    let family = Argument(0);
    let kind = Argument(1);
    let protocol = Argument(2);
    let connected = |others: Test| {
        Test::masked_in(
            kind,
            TYPE_MASK,
            &[1, 5],
            Test::always(Action::Allow),
            others,
        )
    };
    let internet = Test::masked_in(
        kind,
        TYPE_MASK,
        &[1, 2],
        Test::one_of(
            protocol,
            &[0, 6, 17],
            Test::always(Action::Allow),
            no_family.clone(),
        ),
        no_family.clone(),
    );
    let routing = Test::one_of(
        protocol,
        &[0],
        Test::always(Action::Allow),
        no_family.clone(),
    );
    let socket = Test::one_of(
        family,
        &[libc::AF_UNIX.unsigned_abs()],
        // A datagram socket can address any socket of the host with each
        // message, which no broker can look at in time.
        connected(Test::always(refuse)),
        Test::one_of(
            family,
            &[libc::AF_INET.unsigned_abs(), libc::AF_INET6.unsigned_abs()],
            internet,
            Test::one_of(
                family,
                &[libc::AF_NETLINK.unsigned_abs()],
                routing,
                no_family.clone(),
            ),
        ),
    );
    let pair = Test::one_of(
        family,
        &[libc::AF_UNIX.unsigned_abs()],
        connected(Test::always(refuse)),
        no_family,
    );
    vec![
        (
            libc::SYS_clone,
            Test::any_bit(
                Argument(0),
                CLONE_NEW,
                Test::always(refuse),
                Test::always(Action::Allow),
            ),
        ),
        (
            libc::SYS_ioctl,
            // TIOCSTI, TIOCLINUX and TIOCCONS put words into a terminal's mouth.
            Test::one_of(
                Argument(1),
                &[0x5412, 0x541c, 0x541d],
                Test::always(refuse),
                Test::always(Action::Allow),
            ),
        ),
        (
            libc::SYS_personality,
            Test::one_of(
                Argument(0),
                &[0, u32::MAX],
                Test::always(Action::Allow),
                Test::always(refuse),
            ),
        ),
        (libc::SYS_socket, socket),
        (libc::SYS_socketpair, pair),
    ]
}

/// The filter that hands calls to the broker.
pub(crate) fn doorman_filter() -> Vec<Instruction> {
    let mut dispatch = Dispatch::new(ARCHITECTURE, Action::Allow);
    for number in lists::MEDIATED.iter().copied().flatten() {
        dispatch.on(*number, Test::always(Action::Notify));
    }
    let when_writing = |argument| {
        Test::any_bit(
            argument,
            OPEN_WRITES,
            Test::always(Action::Notify),
            Test::always(Action::Allow),
        )
    };
    dispatch.on(libc::SYS_openat, when_writing(Argument(2)));
    #[cfg(target_arch = "x86_64")]
    dispatch.on(libc::SYS_open, when_writing(Argument(1)));
    dispatch.assemble()
}

#[cfg(test)]
mod tests;
