/* Steps that make the same few acts by each of the calls that the kernel has
 * for them: a door that watches one must watch all. And steps that try to
 * confuse whoever watches. */
#include "attacker.h"
#include <pthread.h>
#include <sys/prctl.h>

#ifdef SYS_open /* some machines have the newer calls only */
static int old_open(char **a) { return leave((int)syscall(SYS_open, a[0], O_WRONLY | O_CREAT, 0644)); }
static int old_creat(char **a) { return leave((int)syscall(SYS_creat, a[0], 0644)); }
static int old_mkdir(char **a) { return (int)syscall(SYS_mkdir, a[0], 0755); }
static int old_mknod(char **a) { return (int)syscall(SYS_mknod, a[0], S_IFREG | 0644, 0); }
static int old_rename(char **a) { return (int)syscall(SYS_rename, a[0], a[1]); }
static int old_link(char **a) { return (int)syscall(SYS_link, a[0], a[1]); }
static int old_symlink(char **a) { return (int)syscall(SYS_symlink, a[0], a[1]); }
static int old_unlink(char **a) { return (int)syscall(SYS_unlink, a[0]); }
static int old_truncating_read(char **a) { return (int)syscall(SYS_open, a[0], O_RDONLY | O_TRUNC, 0); }
static int old_chmod(char **a) { return (int)syscall(SYS_chmod, a[0], 0777); }
#else
static int old_open(char **a) { return leave(openat(AT_FDCWD, a[0], O_WRONLY | O_CREAT, 0644)); }
static int old_creat(char **a) { return old_open(a); }
static int old_mkdir(char **a) { return mkdirat(AT_FDCWD, a[0], 0755); }
static int old_mknod(char **a) { return mknodat(AT_FDCWD, a[0], S_IFREG | 0644, 0); }
static int old_rename(char **a) { return renameat(AT_FDCWD, a[0], AT_FDCWD, a[1]); }
static int old_link(char **a) { return linkat(AT_FDCWD, a[0], AT_FDCWD, a[1], 0); }
static int old_symlink(char **a) { return symlinkat(a[0], AT_FDCWD, a[1]); }
static int old_unlink(char **a) { return unlinkat(AT_FDCWD, a[0], 0); }
static int old_truncating_read(char **a) { return openat(AT_FDCWD, a[0], O_RDONLY | O_TRUNC); }
static int old_chmod(char **a) { return fchmodat(AT_FDCWD, a[0], 0777, 0); }
#endif
static int at_open(char **a) { return leave((int)syscall(SYS_openat, AT_FDCWD, a[0], O_WRONLY | O_CREAT, 0644)); }
static int at_mkdir(char **a) { return (int)syscall(SYS_mkdirat, AT_FDCWD, a[0], 0755); }
static int at_mknod(char **a) { return (int)syscall(SYS_mknodat, AT_FDCWD, a[0], S_IFREG | 0644, 0); }
static int at_rename(char **a) { return renameat(AT_FDCWD, a[0], AT_FDCWD, a[1]); }
static int at_rename2(char **a) { return (int)syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], 0); }
static int at_link(char **a) { return (int)syscall(SYS_linkat, AT_FDCWD, a[0], AT_FDCWD, a[1], 0); }
static int at_symlink(char **a) { return (int)syscall(SYS_symlinkat, a[0], AT_FDCWD, a[1]); }
static int at_unlink(char **a) { return (int)syscall(SYS_unlinkat, AT_FDCWD, a[0], 0); }
/* The descriptor argument is 32 bits wide, whatever stands above them. */
static int at_wide(char **a) {
    return leave((int)syscall(SYS_openat, 0x1ffffff9cUL, a[0], 0x100000000UL | O_WRONLY | O_CREAT, 0644UL));
}

/* Whoever is watched this way cannot be looked into. */
static int undumpable(char **a) { (void)a; return prctl(PR_SET_DUMPABLE, 0); }

static int leave_set_uid(char **a) {
    int fd = open(a[0], O_WRONLY | O_CREAT, 0755);
    if (fd < 0) return -1;
    close(fd);
    return chmod(a[0], 04755);
}

/* Makes many sockets or pipes and removes them, so that their inode numbers
 * become free for what others make next. */
static int spend(char **a, int pipes) {
    char path[4096];
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "%s/spent-%d", a[0], i);
        if (pipes) {
            if (mkfifo(path, 0600) != 0) return -1;
        } else {
            struct sockaddr_un at = {.sun_family = AF_UNIX};
            strncpy(at.sun_path, path, sizeof at.sun_path - 1);
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            if (fd < 0 || bind(fd, (void *)&at, sizeof at) != 0) return -1;
            close(fd);
        }
    }
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "%s/spent-%d", a[0], i);
        if (unlink(path) != 0) return -1;
    }
    return 0;
}
static int spend_sockets(char **a) { return spend(a, 0); }
static int spend_pipes(char **a) { return spend(a, 1); }

/* One thread changes the directory that both share while the other makes
 * things in it by a relative name. */
static const char *here, *there;
static volatile int over;
static void *wander(void *unused) {
    while (!over)
        if (chdir(here) != 0 || chdir(there) != 0) break;
    return unused;
}
static int race_directory(char **a) {
    pthread_t thread;
    char beyond[4200];
    time_t end = time(NULL) + 2;
    here = a[1];
    there = a[2];
    snprintf(beyond, sizeof beyond, "%s/landed", there);
    if (chdir(here) != 0) return -1;
    pthread_create(&thread, NULL, wander, NULL);
    while (time(NULL) < end && access(beyond, F_OK) != 0) {
        if (strcmp(a[0], "open") == 0) leave(open("landed", O_WRONLY | O_CREAT, 0644));
        if (strcmp(a[0], "mkdir") == 0) mkdir("landed", 0755);
        if (strcmp(a[0], "bind") == 0) {
            struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "landed"};
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            if (fd >= 0) bind(fd, (void *)&at, sizeof at);
            close(fd);
        }
        snprintf(beyond, sizeof beyond, "%s/landed", here);
        if (unlink(beyond) != 0) rmdir(beyond);
        snprintf(beyond, sizeof beyond, "%s/landed", there);
    }
    over = 1;
    pthread_join(thread, NULL);
    int landed = access(beyond, F_OK);
    errno = ETIME;
    return landed;
}

const struct step variant_steps[] = {
    {"open", 1, old_open}, {"creat", 1, old_creat}, {"mkdir-call", 1, old_mkdir}, {"mknod", 1, old_mknod},
    {"rename-call", 2, old_rename}, {"link-call", 2, old_link}, {"symlink-call", 2, old_symlink},
    {"unlink-call", 1, old_unlink}, {"open-truncating", 1, old_truncating_read}, {"chmod-call", 1, old_chmod},
    {"openat", 1, at_open}, {"mkdirat", 1, at_mkdir}, {"mknodat", 1, at_mknod}, {"renameat", 2, at_rename},
    {"renameat2", 2, at_rename2}, {"linkat", 2, at_link}, {"symlinkat", 2, at_symlink}, {"unlinkat", 1, at_unlink},
    {"openat-wide", 1, at_wide}, {"undumpable", 0, undumpable}, {"leave-set-uid", 1, leave_set_uid},
    {"spend-sockets", 1, spend_sockets}, {"spend-pipes", 1, spend_pipes}, {"race-directory", 3, race_directory}, {0},
};
