/* The host's side, for what Rust without unsafe code cannot do: a process
 * that is worth attacking, and terminals. These never run in the boundary. */
#include "attacker.h"
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/shm.h>

/* host-victim TOKEN FILE: holds the token in its memory, in its environment,
 * in a shared segment, in a key and behind a descriptor. It blocks every
 * signal, so that what was sent stays pending for all to see. Says where all
 * that is, answers `?` with the state of the queues, ends at end of input. */
static int victim(char **a) {
    sigset_t all;
    char line[64], name[64], *secret = strdup(a[0]);
    struct mq_attr shape = {.mq_maxmsg = 4, .mq_msgsize = 64};
    key_t key = 0x44000000 | getpid();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    int fd = open(a[1], O_RDONLY);
    int shm = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
    int queue = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
    snprintf(name, sizeof name, "/dam-%d", getpid());
    mqd_t mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &shape);
    long id = syscall(SYS_add_key, "user", name + 1, secret, strlen(secret), -4L);
    int channel[2]; /* held, for somebody to take */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) != 0) return -1;
    if (fd < 0 || shm < 0 || queue < 0 || mq < 0 || id < 0) return -1;
    syscall(SYS_keyctl, 5 /* permissions */, id, 0x3f3f0000);
    char *text = shmat(shm, NULL, 0);
    strcpy(text, secret);
    dprintf(1, "memory=%lx shared=%lx descriptor=%d key=%d\n", (long)secret, (long)text, fd, key);
    while (fgets(line, sizeof line, stdin)) {
        struct msqid_ds state;
        struct mq_attr now = {0};
        int there = msgctl(queue, IPC_STAT, &state) == 0 && mq_getattr(mq, &now) == 0;
        struct shmid_ds segment;
        int kept = shmctl(shm, IPC_STAT, &segment) == 0 && !(segment.shm_perm.mode & 01000);
        dprintf(1, "shared=%.8s memory=%.8s queued=%ld posted=%ld kept=%d\n", text, secret,
                there ? (long)state.msg_qnum : -1, (long)now.mq_curmsgs, kept);
    }
    shmctl(shm, IPC_RMID, NULL);
    msgctl(queue, IPC_RMID, NULL);
    mq_unlink(name);
    syscall(SYS_keyctl, 9 /* unlink */, id, -4L);
    return 0;
}

static int new_terminal(int *slave) {
    char settings[64] = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
    *slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    /* Neither lines nor echo: what is typed lies in the queue as it is. */
    if (*slave < 0 || ioctl(*slave, 0x5401 /* TCGETS */, settings) != 0) return -1;
    ((uint32_t *)settings)[3] = 0;
    ioctl(*slave, 0x5402 /* TCSETS */, settings);
    return master;
}
static void drain(int fd, int to, int patience) {
    struct pollfd ready = {fd, POLLIN, 0};
    char text[4096];
    ssize_t got;
    while (poll(&ready, 1, patience) > 0 && (got = read(fd, text, sizeof text)) > 0)
        if (write(to, text, (size_t)got) < 0) return;
}

/* host-terminal RESULT PROGRAM...: runs the program in a session of its own
 * on a new terminal, and afterwards writes to RESULT what somebody typed. */
static int with_terminal(char **a) {
    int slave = -1, master = new_terminal(&slave), status = 0;
    if (master < 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++) dup2(slave, fd);
        if (slave > 2) close(slave);
        execv(a[1], a + 1);
        _exit(127);
    }
    while (waitpid(child, &status, WNOHANG) == 0) drain(master, 1, 20);
    drain(master, 1, 100);
    int result = open(a[0], O_WRONLY | O_CREAT, 0644);
    drain(slave, result, 0);
    return status == 0 ? 0 : -1;
}

/* host-screen: a terminal that somebody else is using. Says its name, and at
 * end of input what was shown on it. */
static int screen(char **a) {
    char line[8];
    int slave = -1, master = new_terminal(&slave);
    (void)a;
    if (master < 0) return -1;
    dprintf(1, "%s\n", ptsname(master));
    while (fgets(line, sizeof line, stdin)) continue;
    drain(master, 1, 100);
    return 0;
}

const struct step host_steps[] = {
    {"host-victim", 2, victim}, {"host-terminal", 2, with_terminal}, {"host-screen", 0, screen}, {0},
};
