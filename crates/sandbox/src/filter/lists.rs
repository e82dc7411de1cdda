//! The lists of system calls: reviewed data.
//!
//! What is in none of them is answered with "no such call" (`ENOSYS`), so that
//! a C library falls back to an older one. What is refused by name would open
//! a way out, or gives a stranger's program more of the kernel than building
//! software needs.

#[allow(clippy::wildcard_imports, reason = "hundreds of names of one kind")]
use libc::*;

macro_rules! calls {
    ($($name:ident)*) => { &[$($name),*] };
}

/// The same, with their names.
macro_rules! named {
    ($($name:ident)*) => { &[$(($name, stringify!($name))),*] };
}

/// Changes a mode with flags. The same number everywhere; `libc` does not have
/// it for every architecture.
pub(crate) const FCHMODAT2: c_long = 452;
/// What `rename` of the C library is on aarch64; `libc` does not have it there.
#[cfg(target_arch = "aarch64")]
pub(crate) const RENAMEAT: c_long = 38;
#[cfg(target_arch = "x86_64")]
pub(crate) const RENAMEAT: c_long = SYS_renameat;

/// A call and its name in the kernel's headers.
pub(super) type Named = (c_long, &'static str);

const fn numbers<const N: usize>(named: &[Named]) -> [c_long; N] {
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = named[at].0;
        at += 1;
    }
    out
}

/// Allowed with any arguments.
pub(super) const ALLOWED: &[&[c_long]] =
    &[COMMON, &numbers::<{ MESSAGES.len() }>(MESSAGES), LEGACY];

const COMMON: &[c_long] = calls! {
    // Files and directories.
    SYS_openat SYS_close SYS_close_range SYS_read SYS_write SYS_readv SYS_writev SYS_pread64
    SYS_pwrite64 SYS_preadv SYS_pwritev SYS_preadv2 SYS_pwritev2 SYS_lseek SYS_sendfile SYS_splice
    SYS_tee SYS_vmsplice SYS_copy_file_range SYS_ftruncate SYS_truncate SYS_fallocate SYS_fsync
    SYS_fdatasync SYS_sync SYS_syncfs SYS_sync_file_range SYS_readahead SYS_fadvise64 SYS_fstat
    SYS_newfstatat SYS_statx SYS_statfs SYS_fstatfs SYS_faccessat SYS_faccessat2 SYS_getdents64
    SYS_getcwd SYS_chdir SYS_fchdir SYS_mkdirat SYS_mknodat SYS_unlinkat SYS_renameat2 SYS_linkat
    SYS_symlinkat SYS_readlinkat SYS_fchmod SYS_fchmodat FCHMODAT2 SYS_fchown SYS_fchownat
    SYS_utimensat SYS_getxattr SYS_lgetxattr SYS_fgetxattr SYS_listxattr SYS_llistxattr
    SYS_flistxattr SYS_setxattr SYS_lsetxattr SYS_fsetxattr SYS_removexattr SYS_lremovexattr
    SYS_fremovexattr SYS_umask SYS_dup SYS_dup3 SYS_fcntl SYS_flock SYS_pipe2
    SYS_inotify_init1 SYS_inotify_add_watch SYS_inotify_rm_watch SYS_memfd_create
    // Memory.
    SYS_brk SYS_mmap SYS_munmap SYS_mremap SYS_mprotect SYS_madvise SYS_process_madvise SYS_msync
    SYS_mincore SYS_mlock SYS_mlock2 SYS_munlock SYS_mlockall SYS_munlockall SYS_mseal
    SYS_pkey_alloc SYS_pkey_free SYS_pkey_mprotect SYS_mbind SYS_get_mempolicy SYS_set_mempolicy
    SYS_membarrier SYS_remap_file_pages
    // Processes and threads.
    SYS_execve SYS_execveat SYS_exit SYS_exit_group SYS_wait4 SYS_waitid SYS_set_tid_address
    SYS_set_robust_list SYS_get_robust_list SYS_futex SYS_futex_waitv
    SYS_rseq SYS_getpid SYS_gettid SYS_getppid SYS_getpgid
    SYS_setpgid SYS_getsid SYS_setsid SYS_getuid SYS_geteuid SYS_getgid SYS_getegid SYS_getresuid
    SYS_getresgid SYS_getgroups SYS_setuid SYS_setgid SYS_setreuid SYS_setregid SYS_setresuid
    SYS_setresgid SYS_setfsuid SYS_setfsgid SYS_capget SYS_capset SYS_prctl SYS_prlimit64
    SYS_getrlimit SYS_setrlimit SYS_getrusage SYS_times SYS_uname SYS_sysinfo SYS_getcpu
    SYS_getpriority SYS_setpriority SYS_ioprio_get SYS_ioprio_set SYS_sched_yield
    SYS_sched_getaffinity SYS_sched_setaffinity SYS_sched_getparam SYS_sched_setparam
    SYS_sched_getscheduler SYS_sched_setscheduler SYS_sched_getattr SYS_sched_setattr
    SYS_sched_get_priority_max SYS_sched_get_priority_min SYS_sched_rr_get_interval SYS_ptrace
    SYS_process_vm_readv SYS_process_vm_writev SYS_pidfd_open SYS_pidfd_send_signal
    SYS_pidfd_getfd SYS_kcmp SYS_seccomp SYS_landlock_create_ruleset SYS_landlock_add_rule
    SYS_landlock_restrict_self SYS_restart_syscall SYS_getrandom
    // Signals and time.
    SYS_kill SYS_tkill SYS_tgkill SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigpending
    SYS_rt_sigtimedwait SYS_rt_sigqueueinfo SYS_rt_tgsigqueueinfo SYS_rt_sigreturn
    SYS_rt_sigsuspend SYS_sigaltstack SYS_signalfd4 SYS_nanosleep SYS_clock_nanosleep
    SYS_clock_gettime SYS_clock_getres SYS_gettimeofday SYS_getitimer SYS_setitimer
    SYS_timer_create SYS_timer_settime SYS_timer_gettime SYS_timer_getoverrun SYS_timer_delete
    SYS_timerfd_create SYS_timerfd_settime SYS_timerfd_gettime
    // Waiting for events.
    SYS_ppoll SYS_pselect6 SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2
    SYS_eventfd2 SYS_io_setup SYS_io_destroy SYS_io_submit SYS_io_cancel SYS_io_getevents
    // Sockets, once they exist: making one is looked at more closely.
    SYS_bind SYS_connect SYS_listen SYS_accept SYS_accept4 SYS_getsockname SYS_getpeername
    SYS_sendto SYS_recvfrom SYS_sendmsg SYS_recvmsg SYS_sendmmsg SYS_recvmmsg SYS_setsockopt
    SYS_getsockopt SYS_shutdown
};

/// System V and POSIX interprocess communication, where there is a namespace of
/// its own for it.
pub(super) const MESSAGES: &[Named] = named! {
    SYS_shmget SYS_shmat SYS_shmdt SYS_shmctl SYS_semget SYS_semop SYS_semtimedop SYS_semctl
    SYS_msgget SYS_msgsnd SYS_msgrcv SYS_msgctl SYS_mq_open SYS_mq_unlink SYS_mq_timedsend
    SYS_mq_timedreceive SYS_mq_notify SYS_mq_getsetattr
};

/// What only older architectures have.
#[cfg(target_arch = "x86_64")]
const LEGACY: &[c_long] = calls! {
    SYS_open SYS_creat SYS_stat SYS_lstat SYS_access SYS_getdents SYS_mkdir SYS_rmdir SYS_mknod
    SYS_unlink SYS_rename RENAMEAT SYS_link SYS_symlink SYS_readlink SYS_chmod SYS_chown
    SYS_lchown SYS_utime SYS_utimes SYS_futimesat SYS_dup2 SYS_pipe SYS_inotify_init SYS_poll
    SYS_select SYS_epoll_create SYS_epoll_wait SYS_eventfd SYS_signalfd SYS_alarm SYS_pause
    SYS_fork SYS_vfork SYS_getpgrp SYS_time SYS_arch_prctl
};
#[cfg(target_arch = "aarch64")]
const LEGACY: &[c_long] = calls! { RENAMEAT };

/// Calls that are refused by name, for one reason.
pub(super) struct Group {
    pub reason: &'static str,
    pub calls: &'static [Named],
}

/// Refused by name.
pub(super) const REFUSED: &[Group] = &[
    Group {
        reason: "it makes other views of the file system, or of the machine",
        calls: VIEWS,
    },
    Group {
        reason: "it opens parts of the kernel that building software does without",
        calls: KERNEL,
    },
    Group {
        reason: "it changes the machine itself",
        calls: MACHINE,
    },
];

const VIEWS: &[Named] = named! {
    SYS_unshare SYS_setns SYS_mount SYS_umount2 SYS_pivot_root SYS_chroot SYS_open_tree
    SYS_move_mount SYS_fsopen SYS_fsconfig SYS_fsmount SYS_fspick SYS_mount_setattr
    SYS_name_to_handle_at SYS_open_by_handle_at SYS_quotactl SYS_quotactl_fd SYS_fanotify_init
    SYS_fanotify_mark
};

const KERNEL: &[Named] = named! {
    SYS_bpf SYS_perf_event_open SYS_userfaultfd SYS_add_key SYS_request_key SYS_keyctl
    SYS_memfd_secret SYS_move_pages SYS_migrate_pages SYS_lookup_dcookie SYS_process_mrelease
};

const MACHINE: &[Named] = named! {
    SYS_reboot SYS_kexec_load SYS_kexec_file_load SYS_init_module SYS_finit_module
    SYS_delete_module SYS_swapon SYS_swapoff SYS_acct SYS_syslog SYS_settimeofday
    SYS_clock_settime SYS_clock_adjtime SYS_adjtimex SYS_sethostname SYS_setdomainname
    SYS_vhangup SYS_setgroups
};

/// Not there, and tried by C libraries all the time, which then do it in an
/// older way: nothing that anybody is told of.
pub(super) const PROBED: &[c_long] = calls! { SYS_clone3 SYS_openat2 };

/// Refused with some arguments, with names for whoever is told of that.
pub(super) const CONDITIONAL: &[Named] = named! {
    SYS_clone SYS_ioctl SYS_personality SYS_socket SYS_socketpair SYS_setsockopt SYS_sendto
    SYS_sendmsg SYS_sendmmsg SYS_sched_setaffinity SYS_sched_setparam SYS_sched_setscheduler
    SYS_sched_setattr SYS_prlimit64 SYS_setpriority SYS_ioprio_set
};

/// Not there, with names for whoever is told of them.
pub(super) const ABSENT: &[Named] = named! {
    SYS_io_uring_setup SYS_io_uring_enter SYS_io_uring_register
};

/// Of these calls, the argument of this index is a path.
pub(super) const PATHS: &[(c_long, usize)] = &[
    (SYS_mount, 1),
    (SYS_umount2, 0),
    (SYS_pivot_root, 0),
    (SYS_chroot, 0),
    (SYS_open_tree, 1),
    (SYS_move_mount, 3),
    (SYS_fspick, 1),
    (SYS_mount_setattr, 1),
    (SYS_name_to_handle_at, 1),
    (SYS_quotactl, 1),
    (SYS_fanotify_mark, 4),
    (SYS_swapon, 0),
    (SYS_swapoff, 0),
    (SYS_acct, 0),
];

/// Kinds of `ioctl` requests that are allowed as a whole, by their second byte:
/// terminals with pipes and descriptors of any sort, and sockets.
pub(super) const CONTROL_KINDS: &[u32] = &[0x5400, 0x8900];

/// Of terminals' requests those that put words into another's mouth: `TIOCSTI`,
/// `TIOCLINUX` and `TIOCCONS`.
pub(super) const REFUSED_CONTROLS: &[u32] = &[0x5412, 0x541c, 0x541d];

/// What may be asked of a file: its flags and version, block size, extents and
/// label, and to share blocks with another that is open for writing.
pub(super) const FILE_CONTROLS: &[u32] = &[
    0x8008_6601, // FS_IOC_GETFLAGS
    0x8008_7601, // FS_IOC_GETVERSION
    0x801c_581f, // FS_IOC_FSGETXATTR
    0x0000_0002, // FIGETBSZ
    0xc020_660b, // FS_IOC_FIEMAP
    0x8100_9431, // FS_IOC_GETFSLABEL
    0x4004_9409, // FICLONE
    0x4020_940d, // FICLONERANGE
];

/// Calls that change a process which their argument of this index names, 0
/// meaning the caller. Without a pid namespace that could be any of the user's.
pub(super) const ON_PROCESSES: &[(c_long, u32)] = &[
    (SYS_sched_setaffinity, 0),
    (SYS_sched_setparam, 0),
    (SYS_sched_setscheduler, 0),
    (SYS_sched_setattr, 0),
    (SYS_prlimit64, 0),
    (SYS_setpriority, 1),
    (SYS_ioprio_set, 1),
];

/// Of these, the calls for which 0 may also mean all processes of the caller's
/// user: where the first argument is this.
pub(super) const ON_USERS: &[(c_long, u32)] = &[
    (SYS_setpriority, PRIO_WHO_USER),
    (SYS_ioprio_set, IOPRIO_WHO_USER),
];

/// Calls that send, with the place of their flags.
pub(super) const SENDING: &[(c_long, u32)] =
    &[(SYS_sendto, 3), (SYS_sendmsg, 2), (SYS_sendmmsg, 3)];

/// Sends and connects in one call.
pub(super) const MSG_FASTOPEN: u32 = 0x2000_0000;

pub(super) const SOL_TCP: u32 = 6;

/// Options of TCP by which a later call connects, or by which a socket becomes
/// one of another kind: `TCP_FASTOPEN_CONNECT` and `TCP_ULP`.
pub(super) const CONNECTS_BY_SENDING: &[u32] = &[30, 31];

/// Options that lead a connection nowhere else, by their level: of sockets, IP,
/// TCP and IPv6. Not there: devices and marks to route by, source routes,
/// filters, and what connects by sending.
pub(super) const OPTIONS: &[(u32, &[u32])] = &[
    (
        SOL_SOCKET.unsigned_abs(),
        &[
            2,  // SO_REUSEADDR
            6,  // SO_BROADCAST
            7,  // SO_SNDBUF
            8,  // SO_RCVBUF
            9,  // SO_KEEPALIVE
            10, // SO_OOBINLINE
            12, // SO_PRIORITY
            13, // SO_LINGER
            15, // SO_REUSEPORT
            16, // SO_PASSCRED
            18, // SO_RCVLOWAT
            20, // SO_RCVTIMEO
            21, // SO_SNDTIMEO
            29, // SO_TIMESTAMP
            46, // SO_BUSY_POLL
            60, // SO_ZEROCOPY
            66, // SO_RCVTIMEO_NEW
            67, // SO_SNDTIMEO_NEW
        ],
    ),
    (
        0,
        &[
            1,  // IP_TOS
            2,  // IP_TTL
            10, // IP_MTU_DISCOVER
            11, // IP_RECVERR
        ],
    ),
    (
        SOL_TCP,
        &[
            1,  // TCP_NODELAY
            2,  // TCP_MAXSEG
            3,  // TCP_CORK
            4,  // TCP_KEEPIDLE
            5,  // TCP_KEEPINTVL
            6,  // TCP_KEEPCNT
            7,  // TCP_SYNCNT
            8,  // TCP_LINGER2
            9,  // TCP_DEFER_ACCEPT
            12, // TCP_QUICKACK
            18, // TCP_USER_TIMEOUT
            25, // TCP_NOTSENT_LOWAT
        ],
    ),
    (
        41,
        &[
            16, // IPV6_UNICAST_HOPS
            25, // IPV6_RECVERR
            26, // IPV6_V6ONLY
            67, // IPV6_TCLASS
        ],
    ),
];

/// Of another type, or missing, from one `libc` to the next.
const PRIO_WHO_USER: u32 = 2;
const IOPRIO_WHO_USER: u32 = 3;

/// Always handed to the broker.
pub(super) const MEDIATED: &[&[c_long]] = &[MEDIATED_COMMON, MEDIATED_LEGACY];

/// Told besides, where a trusted command is watched.
#[cfg(target_arch = "x86_64")]
pub(super) const WATCHED: &[&[c_long]] = &[WATCHED_COMMON, calls! { SYS_open }];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const WATCHED: &[&[c_long]] = &[WATCHED_COMMON];

const WATCHED_COMMON: &[c_long] = calls! {
    SYS_openat SYS_openat2 SYS_execve SYS_execveat SYS_io_uring_setup
};

const MEDIATED_COMMON: &[c_long] = calls! {
    SYS_umask     SYS_mkdirat SYS_mknodat SYS_unlinkat SYS_renameat2 SYS_linkat SYS_symlinkat SYS_truncate
    SYS_connect SYS_bind SYS_fchmod SYS_fchmodat FCHMODAT2 SYS_fchown SYS_fchownat SYS_utimensat
    SYS_setxattr SYS_lsetxattr SYS_fsetxattr SYS_removexattr SYS_lremovexattr SYS_fremovexattr
};

#[cfg(target_arch = "x86_64")]
const MEDIATED_LEGACY: &[c_long] = calls! {
    SYS_creat SYS_mkdir SYS_rmdir SYS_mknod SYS_unlink SYS_rename RENAMEAT SYS_link SYS_symlink
    SYS_chmod SYS_chown SYS_lchown SYS_utime SYS_utimes SYS_futimesat
};

#[cfg(target_arch = "aarch64")]
const MEDIATED_LEGACY: &[c_long] = calls! { RENAMEAT };

// Checked while compiling, so that they hold on an architecture that no test
// runs on: `cargo check --target` is enough.
const _: () = {
    let refused: &[&[c_long]] = &[
        &numbers::<{ VIEWS.len() }>(VIEWS),
        &numbers::<{ KERNEL.len() }>(KERNEL),
        &numbers::<{ MACHINE.len() }>(MACHINE),
        PROBED,
        &numbers::<{ ABSENT.len() }>(ABSENT),
    ];
    assert!(disjoint(ALLOWED, refused), "a call is allowed and refused");
    assert!(distinct(ALLOWED) && distinct(refused) && distinct(MEDIATED));
    assert!(
        within(MEDIATED, ALLOWED),
        "a call could never reach the broker"
    );
    assert!(within(&[CHANGES], MEDIATED), "a call goes past the broker");
    assert!(SOL_SOCKET == 1, "options have other numbers here");
};

/// What changes names or attributes on every architecture.
const CHANGES: &[c_long] = calls! {
    SYS_mkdirat SYS_mknodat SYS_unlinkat RENAMEAT SYS_renameat2 SYS_linkat SYS_symlinkat
    SYS_truncate SYS_fchmod SYS_fchmodat FCHMODAT2 SYS_fchown SYS_fchownat SYS_utimensat
    SYS_setxattr SYS_lsetxattr SYS_fsetxattr SYS_removexattr SYS_lremovexattr SYS_fremovexattr
    SYS_connect SYS_bind
};

const fn count(number: c_long, lists: &[&[c_long]]) -> usize {
    let (mut found, mut list) = (0, 0);
    while list < lists.len() {
        let mut call = 0;
        while call < lists[list].len() {
            if lists[list][call] == number {
                found += 1;
            }
            call += 1;
        }
        list += 1;
    }
    found
}

const fn disjoint(ones: &[&[c_long]], others: &[&[c_long]]) -> bool {
    occur(ones, others, 0, 0)
}

const fn within(ones: &[&[c_long]], others: &[&[c_long]]) -> bool {
    occur(ones, others, 1, usize::MAX)
}

const fn distinct(ones: &[&[c_long]]) -> bool {
    occur(ones, ones, 1, 1)
}

/// Whether each call of `ones` is in `others` so many times.
const fn occur(ones: &[&[c_long]], others: &[&[c_long]], least: usize, most: usize) -> bool {
    let mut list = 0;
    while list < ones.len() {
        let mut call = 0;
        while call < ones[list].len() {
            let times = count(ones[list][call], others);
            if times < least || times > most {
                return false;
            }
            call += 1;
        }
        list += 1;
    }
    true
}
