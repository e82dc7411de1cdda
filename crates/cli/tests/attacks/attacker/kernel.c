/* Steps on the kernel's surface: calls that no build or test needs and that
 * have been the way into kernels. A step succeeds when the kernel's own code
 * was reached, which it shows by any answer but a refusal; arguments are
 * chosen so that nothing changes. */
#include "attacker.h"
#include <sys/personality.h>
#include <sys/ptrace.h>

/* Whatever the call says, except that it may not be made. */
static int reached(long result) {
    if (result >= 0) return 0;
    return errno == EPERM || errno == ENOSYS || errno == EACCES ? -1 : 0;
}

static int io_uring(char **a) {
    uint32_t p[30] = {0};
    (void)a;
    return reached(syscall(425 /* set up */, 2, p));
}
static int perf(char **a) {
    uint32_t attribute[32] = {1 /* software */, sizeof attribute};
    (void)a;
    ((uint64_t *)attribute)[5] = 1 << 5 | 1 << 6; /* neither kernel nor hypervisor */
    return reached(syscall(SYS_perf_event_open, attribute, 0, -1, -1, 0));
}
static int bpf(char **a) {
    uint32_t map[32] = {2 /* array */, 4, 4, 1};
    (void)a;
    return reached(syscall(SYS_bpf, 0 /* create a map */, map, sizeof map));
}
static int userfault(char **a) { (void)a; return reached(syscall(SYS_userfaultfd, 1 /* user mode only */)); }
static int add_key(char **a) {
    (void)a;
    return reached(syscall(SYS_add_key, "user", "attacked", "1", 1L, -2 /* process keyring */));
}
static int request_key(char **a) {
    (void)a;
    errno = 0;
    return reached(syscall(SYS_request_key, "user", "attacked-missing", NULL, 0));
}
static int keyctl(char **a) { (void)a; return reached(syscall(SYS_keyctl, 0 /* id */, -2, 1)); }
static int persona(char **a) { (void)a; return reached(personality(0x0040000 /* no randomisation */)); }
static int handle(char **a) {
    struct { unsigned bytes; int type; char id[128]; } h = {128, 0, {0}};
    (void)a;
    return reached(syscall(SYS_open_by_handle_at, AT_FDCWD, &h, 0));
}
static int fanotify(char **a) { (void)a; return reached(syscall(SYS_fanotify_init, 0x200 /* report ids */, O_RDONLY)); }
static int kexec(char **a) { (void)a; return reached(syscall(SYS_kexec_load, 0L, 99999L, NULL, 0xffffL)); }
static int module_load(char **a) { (void)a; return reached(syscall(SYS_finit_module, -1, "", 0)); }
static int module_drop(char **a) { (void)a; return reached(syscall(SYS_delete_module, "attacked_missing", O_NONBLOCK)); }
static int kernel_log(char **a) {
    char text[64];
    (void)a;
    return reached(syscall(SYS_syslog, 3 /* read all */, text, sizeof text));
}
static int swap_on(char **a) { (void)a; return reached(syscall(SYS_swapon, "/attacked-missing", 0)); }
static int account(char **a) { (void)a; return reached(syscall(SYS_acct, "/attacked-missing")); }
static int restart(char **a) { (void)a; return reached(syscall(SYS_reboot, 0, 0, 0, NULL)); /* wrong magic */ }

/* Runs a call in a child, which a filter may kill. */
static int in_child(long (*call)(void), long wanted) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        long got = call();
        _exit(got == wanted || (wanted < 0 && got >= 0) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    errno = WIFSIGNALED(status) ? EPERM : ENOSYS;
    return status == 0 ? 0 : -1;
}
#ifdef __x86_64__
static int port_rights(char **a) { (void)a; return reached(syscall(SYS_ioperm, 0x80L, 1L, 1)); }
static long old_call(long number, long b, long c, long d) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(b), "c"(c), "d"(d) : "memory", "r8", "r9", "r10", "r11");
    return result;
}
static long old_pid(void) { return (int)old_call(20, 0, 0, 0) > 0 ? 1 : -1; }
static long old_socket(void) { return (int)old_call(359, AF_INET, SOCK_STREAM, 0); }
static long old_open(void) {
    /* 32-bit pointers: the string must lie low. */
    char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (low == MAP_FAILED) return -1;
    strcpy(low, "/proc/self/status");
    return (int)old_call(5 /* open */, (long)low, O_RDONLY, 0);
}
static long x32_pid(void) { return syscall(0x40000000L + 39) > 0 ? 1 : -1; }
static int int80(char **a) { (void)a; return in_child(old_pid, 1); }
static int int80_socket(char **a) { (void)a; return in_child(old_socket, -1); }
static int int80_open(char **a) { (void)a; return in_child(old_open, -1); }
static int x32(char **a) { (void)a; return in_child(x32_pid, 1); }
#endif

const struct step kernel_steps[] = {
    {"io_uring_setup", 0, io_uring}, {"perf_event_open", 0, perf}, {"bpf", 0, bpf}, {"userfaultfd", 0, userfault},
    {"add_key", 0, add_key}, {"request_key", 0, request_key}, {"keyctl", 0, keyctl}, {"personality", 0, persona},
    {"open_by_handle_at", 0, handle}, {"fanotify_init", 0, fanotify},
    {"kexec_load", 0, kexec}, {"finit_module", 0, module_load}, {"delete_module", 0, module_drop},
    {"syslog", 0, kernel_log}, {"swapon", 0, swap_on}, {"acct", 0, account}, {"reboot", 0, restart}, 
#ifdef __x86_64__
    {"ioperm", 0, port_rights}, {"int80", 0, int80}, {"int80-socket", 0, int80_socket}, {"int80-open", 0, int80_open}, {"x32", 0, x32},
#endif
    {0},
};
