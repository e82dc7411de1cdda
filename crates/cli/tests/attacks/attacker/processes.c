/* Steps on other processes, on memory and queues they share, and on the
 * terminal. */
#include "attacker.h"
#include <dirent.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/uio.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static pid_t pid(const char *text) { return (pid_t)atol(text); }

static int signal_process(char **a) { return kill(pid(a[0]), SIGUSR1); }
static int signal_group(char **a) { return kill(-pid(a[0]), SIGUSR1); }
static int signal_own_group(char **a) {
    (void)a;
    signal(SIGUSR1, SIG_IGN);
    return kill(0, SIGUSR1);
}
static int signal_thread(char **a) { return (int)syscall(SYS_tgkill, pid(a[0]), pid(a[0]), SIGUSR1); }
static int signal_queue(char **a) { return sigqueue(pid(a[0]), SIGUSR1, (union sigval){0}); }
static int signal_pidfd(char **a) {
    int fd = (int)syscall(SYS_pidfd_open, pid(a[0]), 0);
    return fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0);
}
/* Makes the kernel send the signal: the victim "owns" one end of a socket. */
static int signal_by_owner(char **a) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
    if (fcntl(ends[0], F_SETOWN, pid(a[0])) != 0) return -1;
    if (fcntl(ends[0], F_SETSIG, SIGUSR1) != 0) return -1;
    if (fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0) return -1;
    return write(ends[1], "x", 1) == 1 ? 0 : -1;
}
static int steal_fd(char **a) {
    int fd = (int)syscall(SYS_pidfd_open, pid(a[0]), 0);
    if (fd < 0) return -1;
    fd = (int)syscall(SYS_pidfd_getfd, fd, atoi(a[1]), 0);
    if (fd < 0) return -1;
    lseek(fd, 0, SEEK_SET);
    return pour(fd);
}

static int trace(pid_t p) {
    if (ptrace(PTRACE_SEIZE, p, 0, 0) != 0) return -1;
    if (ptrace(PTRACE_INTERRUPT, p, 0, 0) != 0) return -1;
    return waitpid(p, NULL, __WALL) < 0 ? -1 : 0;
}
static int trace_read(char **a) {
    char words[64] = {0};
    unsigned long address = strtoul(a[1], NULL, 16);
    if (trace(pid(a[0])) != 0) return -1;
    for (size_t i = 0; i < sizeof words; i += sizeof(long)) {
        long word = ptrace(PTRACE_PEEKDATA, pid(a[0]), address + i, 0);
        memcpy(words + i, &word, sizeof word);
    }
    ptrace(PTRACE_DETACH, pid(a[0]), 0, 0);
    dprintf(1, "%.64s\n", words);
    return 0;
}
static int trace_write(char **a) {
    long word;
    memcpy(&word, "attacked", sizeof word);
    if (trace(pid(a[0])) != 0) return -1;
    int result = (int)ptrace(PTRACE_POKEDATA, pid(a[0]), strtoul(a[1], NULL, 16), word);
    ptrace(PTRACE_DETACH, pid(a[0]), 0, 0);
    return result;
}
static int vm_read(char **a) {
    char text[64] = {0};
    struct iovec here = {text, sizeof text}, there = {(void *)strtoul(a[1], NULL, 16), sizeof text};
    if (process_vm_readv(pid(a[0]), &here, 1, &there, 1, 0) < 0) return -1;
    dprintf(1, "%.64s\n", text);
    return 0;
}
static int vm_write(char **a) {
    struct iovec here = {"attacked", 8}, there = {(void *)strtoul(a[1], NULL, 16), 8};
    return process_vm_writev(pid(a[0]), &here, 1, &there, 1, 0) < 0 ? -1 : 0;
}
static int mem_file(char **a, int flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/mem", a[0]);
    int fd = open(path, flags);
    if (fd >= 0) lseek(fd, (off_t)strtoul(a[1], NULL, 16), SEEK_SET);
    return fd;
}
static int mem_read(char **a) {
    char text[64] = {0};
    int fd = mem_file(a, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text) < 0) return -1;
    dprintf(1, "%.64s\n", text);
    return 0;
}
static int mem_write(char **a) {
    int fd = mem_file(a, O_WRONLY);
    if (fd < 0) return -1;
    return write(fd, "attacked", 8) == 8 ? 0 : -1;
}

/* Prints one file of every process that can be seen. */
static int read_all(char **a) {
    DIR *dir = opendir("/proc");
    int some = -1;
    if (!dir) return -1;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[512];
        if (e->d_name[0] < '0' || e->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/%s", e->d_name, a[0]);
        int fd = open(path, O_RDONLY);
        if (fd < 0) continue;
        if (pour(fd) == 0) some = 0;
        close(fd);
    }
    closedir(dir);
    return some;
}
static int read_parent(char **a) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", getppid(), a[0]);
    return pour(open(path, O_RDONLY));
}

extern char **environ;
static int print_environment(char **a) {
    (void)a;
    for (char **e = environ; *e; e++) dprintf(1, "%s\n", *e);
    return 0;
}

static int limit(char **a) {
    struct rlimit few = {7, 4096};
    return prlimit(pid(a[0]), RLIMIT_NOFILE, &few, NULL);
}
static int renice(char **a) { return setpriority(PRIO_PROCESS, (id_t)pid(a[0]), 11); }
static int affinity(char **a) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    return sched_setaffinity(pid(a[0]), sizeof one, &one);
}
static int schedule(char **a) {
    struct sched_param none = {0};
    return sched_setscheduler(pid(a[0]), SCHED_BATCH, &none);
}
static int io_priority(char **a) { return (int)syscall(SYS_ioprio_set, 1, pid(a[0]), (3 << 13) | 7); }
static int oom_score(char **a) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/oom_score_adj", a[0]);
    int fd = open(path, O_WRONLY);
    if (fd < 0) return -1;
    return write(fd, "777", 3) == 3 ? 0 : -1;
}

/* Leaves a grandchild in a session of its own that acts when told to. */
static int outlive(char **a) {
    pid_t child = fork();
    if (child < 0) return -1;
    if (child > 0) return waitpid(child, NULL, 0) == child ? 0 : -1;
    setsid();
    if (fork() != 0) _exit(0);
    setsid();
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0);
    for (int fd = 0; fd < 256; fd++) close(fd);
    if (wait_for(a[0]) == 0) leave(open(a[1], O_WRONLY | O_CREAT, 0644));
    _exit(0);
}

static int shm_text(char **a) {
    int id = shmget((key_t)atol(a[0]), 0, 0);
    char *text = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_RDONLY);
    if (text == (void *)-1) return -1;
    dprintf(1, "%.64s\n", text);
    return 0;
}
static int shm_spoil(char **a) {
    int id = shmget((key_t)atol(a[0]), 0, 0);
    char *text = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
    if (text == (void *)-1) return -1;
    memcpy(text, "attacked", 8);
    return 0;
}
static int shm_remove(char **a) {
    int id = shmget((key_t)atol(a[0]), 0, 0);
    return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}
static int msg_send(char **a) {
    struct { long type; char text[16]; } m = {1, "attacked"};
    int id = msgget((key_t)atol(a[0]), 0);
    return id < 0 ? -1 : msgsnd(id, &m, sizeof m.text, IPC_NOWAIT);
}
static int mq_put(char **a) {
    mqd_t q = mq_open(a[0], O_WRONLY | O_NONBLOCK);
    return q < 0 ? -1 : mq_send(q, "attacked", 8, 0);
}
static int key_read(char **a) {
    char text[128] = {0};
    long id = syscall(SYS_keyctl, 10 /* SEARCH */, -4 /* user keyring */, "user", a[0], 0);
    if (id < 0) return -1;
    long got = syscall(SYS_keyctl, 11 /* READ */, id, text, sizeof text);
    if (got < 0) return -1;
    dprintf(1, "%.*s\n", (int)got, text);
    return 0;
}

/* Types into the controlling terminal. */
static int type_at(int fd, unsigned long request) {
    if (fd < 0) return -1;
    for (const char *c = "attacked\n"; *c; c++)
        if (syscall(SYS_ioctl, fd, request, c) != 0) return -1;
    return 0;
}
static int type_tty(char **a) { (void)a; return type_at(open("/dev/tty", O_RDWR), 0x5412); }
static int type_stdin(char **a) { (void)a; return type_at(0, 0x5412); }
/* The kernel looks at 32 bits of the request, a careless filter at 64. */
static int type_high(char **a) { (void)a; return type_at(0, 0x100005412UL); }

/* Runs a copy of this program that belongs to root and is set-user-id. */
static int set_uid(char **a) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl(a[0], a[0], "become-root", ",", "read", a[1], (char *)NULL);
        _exit(9);
    }
    waitpid(child, &status, 0);
    errno = EPERM;
    return status == 0 ? 0 : -1;
}
static int become_root(char **a) { (void)a; return setresuid(0, 0, 0); }

const struct step process_steps[] = {
    {"kill", 1, signal_process}, {"kill-group", 1, signal_group}, {"kill-own-group", 0, signal_own_group},
    {"tgkill", 1, signal_thread}, {"sigqueue", 1, signal_queue}, {"pidfd-signal", 1, signal_pidfd},
    {"fcntl-setown", 1, signal_by_owner}, {"pidfd-getfd", 2, steal_fd}, {"ptrace-read", 2, trace_read},
    {"ptrace-write", 2, trace_write}, {"vm-read", 2, vm_read}, {"vm-write", 2, vm_write},
    {"mem-read", 2, mem_read}, {"mem-write", 2, mem_write}, {"read-all", 1, read_all},
    {"read-parent", 1, read_parent}, {"print-env", 0, print_environment}, {"prlimit", 1, limit}, {"renice", 1, renice}, {"affinity", 1, affinity},
    {"scheduler", 1, schedule}, {"ioprio", 1, io_priority}, {"oom-score", 1, oom_score}, {"outlive", 2, outlive},
    {"shm-read", 1, shm_text}, {"shm-write", 1, shm_spoil}, {"shm-remove", 1, shm_remove},
    {"msg-send", 1, msg_send}, {"mq-send", 1, mq_put}, {"key-read", 1, key_read}, {"tiocsti", 0, type_tty},
    {"tiocsti-stdin", 0, type_stdin}, {"tiocsti-high", 0, type_high}, {"set-uid", 2, set_uid},
    {"become-root", 0, become_root}, {0},
};
