/* The attacker: a program that tries to get out of the boundary.
 *
 *     attacker STEP ARGUMENT... [, STEP ARGUMENT...]...
 *
 * It says `begin`, then one line per step with what came back, and goes on
 * after a step that failed, as an attacker would. What it says is shown to
 * people; whether it got out is judged from the host's side. It exits with 0
 * only if every step succeeded. */
#include "attacker.h"

int held_fd = -1;

int pour(int fd) {
    char buffer[65536];
    ssize_t got;
    if (fd < 0) return -1;
    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        if (write(1, buffer, (size_t)got) != got) return -1;
    if (write(1, "\n", 1) != 1) return -1;
    return got < 0 ? -1 : 0;
}

int leave(int fd) {
    if (fd < 0) return -1;
    ssize_t put = write(fd, PAYLOAD, sizeof PAYLOAD - 1);
    int saved = errno;
    close(fd);
    errno = saved;
    return put < 0 ? -1 : 0;
}

int wait_for(const char *path) {
    for (int i = 0; i < 1000; i++) {
        if (access(path, F_OK) == 0) return 0;
        usleep(10000);
    }
    errno = ETIME;
    return -1;
}

static const char *error_name(int e) {
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"}, {EINTR, "EINTR"}, {EIO, "EIO"},
        {ENXIO, "ENXIO"}, {EBADF, "EBADF"}, {ECHILD, "ECHILD"}, {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"}, {EFAULT, "EFAULT"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"}, {EXDEV, "EXDEV"},
        {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"}, {EINVAL, "EINVAL"},
        {ENOTTY, "ENOTTY"}, {EROFS, "EROFS"}, {ENOTEMPTY, "ENOTEMPTY"}, {ELOOP, "ELOOP"},
        {ENOSYS, "ENOSYS"}, {ENODATA, "ENODATA"}, {ETIME, "ETIME"}, {EMLINK, "EMLINK"},
        {EOPNOTSUPP, "EOPNOTSUPP"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"}, {ENOTCONN, "ENOTCONN"},
        {EAFNOSUPPORT, "EAFNOSUPPORT"}, {ENETUNREACH, "ENETUNREACH"}, {ECONNREFUSED, "ECONNREFUSED"},
        {ETIMEDOUT, "ETIMEDOUT"}, {EHOSTUNREACH, "EHOSTUNREACH"}, {ENOKEY, "ENOKEY"}, {ESTALE, "ESTALE"},
        {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"}, {EADDRNOTAVAIL, "EADDRNOTAVAIL"}, {ENOSPC, "ENOSPC"},
        {EUSERS, "EUSERS"}, {EPIPE, "EPIPE"}, {ENOEXEC, "ENOEXEC"}, {EDQUOT, "EDQUOT"},
        {EDESTADDRREQ, "EDESTADDRREQ"}, {EPROTOTYPE, "EPROTOTYPE"},
    };
    static char other[32];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == e) return names[i].name;
    snprintf(other, sizeof other, "errno %d", e);
    return other;
}

static const struct step *find(const char *name) {
    const struct step *tables[] = {file_steps, process_steps, socket_steps, namespace_steps,
                                   kernel_steps, control_steps, host_steps, variant_steps,
                                   network_steps};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct step *s = tables[t]; s->name; s++)
            if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

int main(int argc, char **argv) {
    int failed = 0;
    umask(022);
    dprintf(1, "begin\n");
    for (int i = 1; i < argc;) {
        int end = i;
        while (end < argc && strcmp(argv[end], ",") != 0) end++;
        const struct step *step = find(argv[i]);
        if (!step || end - i - 1 < step->arguments) {
            dprintf(1, "no such step: %s with %d arguments\n", argv[i], end - i - 1);
            return 99;
        }
        argv[end] = NULL;
        errno = 0;
        if (step->run(argv + i + 1) == 0) {
            dprintf(1, "%s: ok\n", step->name);
        } else {
            dprintf(1, "%s: %s\n", step->name, error_name(errno));
            failed = 1;
        }
        i = end + 1;
    }
    return failed;
}
