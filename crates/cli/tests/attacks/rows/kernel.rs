//! The kernel's surface: calls, interfaces and devices that no build needs.
//! Reaching one is the escape, and nothing is ever changed for good.

use crate::attempt::{Attempt, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = calls();
    rows.extend(files());
    rows
}

fn calls() -> Vec<Attempt> {
    vec![
        attempt("H01", "set up io_uring", &["io_uring_setup"]).proof(Proof::Maybe),
        attempt("H02", "open a performance counter", &["perf_event_open"]).proof(Proof::Maybe),
        attempt("H03", "load into the kernel's virtual machine", &["bpf"]).proof(Proof::Root),
        attempt("H04", "handle page faults", &["userfaultfd"]).proof(Proof::Maybe),
        attempt("H05", "add a key", &["add_key"]),
        attempt("H07", "ask for a key", &["request_key"]),
        attempt("H08", "manage keyrings", &["keyctl"]),
        attempt("H09", "change the execution domain", &["personality"]),
        attempt("H10", "open by a file handle", &["open_by_handle_at"]).proof(Proof::Root),
        attempt("H11", "watch whole file systems", &["fanotify_init"]).proof(Proof::Maybe),
        attempt("H12", "load another kernel", &["kexec_load"]).proof(Proof::Maybe),
        attempt("H13", "load a module", &["finit_module"]).proof(Proof::Maybe),
        attempt("H14", "unload a module", &["delete_module"]).proof(Proof::Maybe),
        attempt("H20", "read the kernel's log", &["syslog"]).proof(Proof::Root),
        attempt("H21", "swap to a file", &["swapon"]).proof(Proof::Root),
        attempt("H22", "keep accounts of processes", &["acct"]).proof(Proof::Root),
        attempt("H23", "reach input and output ports", &["ioperm"]).proof(Proof::Maybe),
        attempt(
            "H24",
            "restart the machine (with a wrong magic)",
            &["reboot"],
        )
        .proof(Proof::Root),
        attempt("H15", "call through the 32-bit gate", &["int80"]).proof(Proof::Maybe),
        attempt(
            "H16",
            "make a socket through the 32-bit gate",
            &["int80-socket"],
        )
        .proof(Proof::Maybe),
        attempt(
            "H17",
            "open a file through the 32-bit gate",
            &["int80-open"],
        )
        .proof(Proof::Maybe),
        attempt("H18", "call with the x32 numbers", &["x32"]).proof(Proof::Maybe),
    ]
    .into_iter()
    .map(|row| row.writing().reached())
    .collect()
}

/// Opened and closed again, with nothing written: except for one setting that
/// is harmless and put back at once.
fn files() -> Vec<Attempt> {
    let open = |id, what, steps| {
        attempt(id, what, steps)
            .reached()
            .writing()
            .proof(Proof::Maybe)
    };
    vec![
        attempt(
            "H30",
            "change a setting of the kernel",
            &["fill-sysctl /proc/sys/kernel/printk_ratelimit_burst 11"],
        )
        .watch(&["/proc/sys/kernel/printk_ratelimit_burst"])
        .proof(Proof::Root)
        .writing()
        .alone()
        .after(|_| {
            let setting = "/proc/sys/kernel/printk_ratelimit_burst";
            let changed = std::fs::read_to_string(setting).is_ok_and(|now| now.trim() == "11");
            if changed {
                std::fs::write(setting, "10").expect("put it back");
            }
            changed.then(|| "the host's setting changed".to_owned())
        }),
        open(
            "H31",
            "open the core dump's program for writing",
            &["open-write /proc/sys/kernel/core_pattern"],
        )
        .proof(Proof::Root),
        open(
            "H32",
            "open the system request key",
            &["open-write /proc/sysrq-trigger"],
        ),
        open(
            "H33",
            "open the kernel's memory",
            &["open-read /proc/kcore"],
        ),
        open(
            "H34",
            "open a setting in /sys",
            &["open-write /sys/kernel/mm/transparent_hugepage/enabled"],
        ),
        open(
            "H35",
            "open the control groups",
            &["open-write /sys/fs/cgroup/cgroup.procs"],
        ),
        open("H36", "open physical memory", &["open-read /dev/mem"]),
        open("H37", "open the kernel's log", &["open-read /dev/kmsg"]),
        open("H38", "open the disk", &["open-read /dev/vda"]),
        open(
            "H39",
            "open the virtual machine device",
            &["open-write /dev/kvm"],
        ),
        open(
            "H40",
            "open the tunnel device",
            &["open-write /dev/net/tun"],
        ),
        open(
            "H41",
            "open the user file system device",
            &["open-write /dev/fuse"],
        ),
        open(
            "H42",
            "open the loop device's control",
            &["open-write /dev/loop-control"],
        ),
        open("H43", "open the first console", &["open-write /dev/tty1"]),
        open(
            "H44",
            "open the system console",
            &["open-write /dev/console"],
        ),
        open(
            "H45",
            "open the hypervisor's socket device",
            &["open-read /dev/vsock"],
        ),
        open(
            "H46",
            "make the disk's device anew and read it",
            &["mknod-disk {ws}/disk", "open-read {ws}/disk"],
        ),
        open(
            "H47",
            "open the tracer",
            &["open-write /sys/kernel/tracing/trace_marker"],
        ),
        open(
            "H48",
            "open the page fault device",
            &["open-write /dev/userfaultfd"],
        ),
    ]
}
