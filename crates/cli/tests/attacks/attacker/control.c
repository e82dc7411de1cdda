/* Steps that every build and test does: a boundary must let them pass. */
#include "attacker.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ptrace.h>

static int fork_many(char **a) {
    for (int i = 0; i < atoi(a[0]); i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) execl("/bin/true", "true", (char *)NULL), _exit(1);
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) return -1;
    }
    return 0;
}
static void *nothing(void *x) { return x; }
static int threads(char **a) {
    for (int i = 0; i < atoi(a[0]); i++) {
        pthread_t thread;
        if ((errno = pthread_create(&thread, NULL, nothing, NULL)) != 0) return -1;
        pthread_join(thread, NULL);
    }
    return 0;
}
/* Listens, connects to it, and passes a few bytes. */
static int talk(int family, int type, struct sockaddr *at, socklen_t length) {
    char got[8] = {0};
    int listener = socket(family, type, 0), caller = socket(family, type, 0);
    if (listener < 0 || caller < 0 || bind(listener, at, length) != 0 || listen(listener, 1) != 0) return -1;
    if (getsockname(listener, at, &length) != 0 || connect(caller, at, length) != 0) return -1;
    int answer = accept(listener, NULL, NULL);
    if (answer < 0 || write(caller, "hello", 5) != 5 || read(answer, got, 5) != 5) return -1;
    return strcmp(got, "hello");
}
static int own_tcp(char **a) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    (void)a;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return talk(AF_INET, SOCK_STREAM, (void *)&at, sizeof at);
}
static int own_unix(char **a) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, a[0], sizeof at.sun_path - 1);
    if (talk(AF_UNIX, SOCK_STREAM, (void *)&at, sizeof at) != 0) return -1;
    /* A socket cannot be opened: an answer at once, and not a wait for a reader. */
    return open(a[0], O_WRONLY) < 0 && errno == ENXIO ? 0 : -1;
}
static int own_pair(char **a) {
    char got[8] = {0};
    int ends[2];
    (void)a;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    if (write(ends[0], "hello", 5) != 5 || read(ends[1], got, 5) != 5) return -1;
    return strcmp(got, "hello");
}
static int own_trace(char **a) {
    int status = 0;
    (void)a;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(1);
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return -1;
    if (ptrace(PTRACE_CONT, child, 0, 0) != 0 || waitpid(child, &status, 0) < 0) return -1;
    return status;
}
static int own_terminal(char **a) {
    (void)a;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) return -1;
    int other = open(ptsname(fd), O_RDWR | O_NOCTTY);
    return other < 0 || write(other, "x", 1) != 1 ? -1 : 0;
}
static int own_shm(char **a) {
    int fd = shm_open(a[0], O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0) return -1;
    return shm_unlink(a[0]);
}
static int own_map(char **a) {
    (void)a;
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

const struct step control_steps[] = {
    {"fork-many", 1, fork_many}, {"threads", 1, threads}, {"own-tcp", 0, own_tcp}, {"own-unix", 1, own_unix},
    {"own-pair", 0, own_pair}, {"own-trace", 0, own_trace}, {"own-terminal", 0, own_terminal},
    {"own-shm", 1, own_shm}, {"own-map", 0, own_map}, {0},
};
