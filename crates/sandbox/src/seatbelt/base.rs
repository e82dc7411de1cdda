//! The parts of a policy that are the same for every profile: reviewed data.

/// Before the rules on files: what a program needs to run at all.
pub(super) const BEFORE: &str = r#"(version 1)
(deny default)
; These are granted unless they are named.
(deny file-map-executable process-info* nvram* iokit-get-properties)

; Processes: its own children, and nobody else's.
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))

; What the machine is, for runtimes and build tools. Not the list of processes,
; nor their arguments and variables.
(allow sysctl-read
    (sysctl-name "hw.activecpu")
    (sysctl-name "hw.byteorder")
    (sysctl-name "hw.cachelinesize")
    (sysctl-name "hw.cpu64bit_capable")
    (sysctl-name "hw.cpufamily")
    (sysctl-name "hw.cpufrequency")
    (sysctl-name "hw.cpusubtype")
    (sysctl-name "hw.cputype")
    (sysctl-name "hw.l1dcachesize")
    (sysctl-name "hw.l1icachesize")
    (sysctl-name "hw.l2cachesize")
    (sysctl-name "hw.l3cachesize")
    (sysctl-name "hw.logicalcpu")
    (sysctl-name "hw.logicalcpu_max")
    (sysctl-name "hw.machine")
    (sysctl-name "hw.memsize")
    (sysctl-name "hw.model")
    (sysctl-name "hw.ncpu")
    (sysctl-name "hw.nperflevels")
    (sysctl-name "hw.packages")
    (sysctl-name "hw.pagesize")
    (sysctl-name "hw.pagesize_compat")
    (sysctl-name "hw.physicalcpu")
    (sysctl-name "hw.physicalcpu_max")
    (sysctl-name "hw.tbfrequency")
    (sysctl-name "hw.vectorunit")
    (sysctl-name "kern.argmax")
    (sysctl-name "kern.boottime")
    (sysctl-name "kern.hostname")
    (sysctl-name "kern.maxfilesperproc")
    (sysctl-name "kern.maxproc")
    (sysctl-name "kern.osproductversion")
    (sysctl-name "kern.osrelease")
    (sysctl-name "kern.ostype")
    (sysctl-name "kern.osvariant_status")
    (sysctl-name "kern.osversion")
    (sysctl-name "kern.secure_kernel")
    (sysctl-name "kern.usrstack64")
    (sysctl-name "kern.version")
    (sysctl-name "sysctl.proc_cputype")
    (sysctl-name "sysctl.proc_translated")
    (sysctl-name "vm.loadavg")
    (sysctl-name-prefix "hw.optional.")
    (sysctl-name-prefix "hw.perflevel")
    (sysctl-name-prefix "machdep.cpu."))

; Services. Not here, on purpose: the keychain, the pasteboard, names of hosts,
; opening documents and programs, Apple events, preferences.
(allow mach-lookup
    ; names of users and groups
    (global-name "com.apple.system.opendirectoryd.libinfo")
    ; the groups of a user
    (global-name "com.apple.system.opendirectoryd.membership")
    ; where the user's own temporary directory is
    (global-name "com.apple.bsd.dirhelper"))

; Semaphores with a name: locks of language runtimes between processes.
(allow ipc-posix-sem)

; Pairs of connected sockets. No name and no address can be had, see below.
(allow system-socket (socket-domain AF_UNIX))

; What every program is loaded from.
(allow file-read* file-map-executable
    (subpath "/System/Cryptexes")
    (subpath "/System/Library")
    (subpath "/System/Volumes/Preboot/Cryptexes")
    (subpath "/usr/lib"))
(allow file-read* (literal "/"))
"#;

/// After the rules on files: devices, and what no profile grants.
pub(super) const AFTER: &str = r#"
; Devices. Terminals that are handed in can be set up, not opened; a command
; has no controlling terminal, so that it cannot type into one. Its own
; terminals carry a mark.
(deny file-read-data file-write* (subpath "/dev"))
(allow file-read* file-write-data file-ioctl
    (literal "/dev/null")
    (literal "/dev/zero"))
(allow file-read*
    (literal "/dev/random")
    (literal "/dev/urandom"))
(allow file-read* file-write-data
    (literal "/dev/stderr")
    (literal "/dev/stdin")
    (literal "/dev/stdout")
    (regex "^/dev/fd/[0-9]+$"))
(allow pseudo-tty)
(allow file-read* file-write-data file-ioctl (literal "/dev/ptmx"))
(allow file-ioctl (regex "^/dev/ttys[0-9]+$"))
(allow file-read* file-write-data file-ioctl
    (require-all
        (regex "^/dev/ttys[0-9]+$")
        (extension "com.apple.sandbox.pty")))

; A second name for a file would be a way around every rule on its first one.
(deny file-link file-clone)
; A program that runs with its owner's rights.
(deny file-write-setugid)
; Sockets with a name or an address, of any kind.
(deny network*)
"#;

/// After everything else: the one address that can be dialled.
pub(super) fn proxy(port: u16) -> String {
    format!(
        r#"
; The way out: the proxy, by its port, and no other.
(allow system-socket (socket-domain AF_INET))
(allow network-outbound (remote ip "localhost:{port}"))
"#
    )
}
