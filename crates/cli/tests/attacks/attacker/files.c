/* Steps on files: every way to open, make, move, alias or change one. */
#include "attacker.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int write_new(char **a) { return leave(open(a[0], O_WRONLY | O_CREAT, 0644)); }
static int append(char **a) { return leave(open(a[0], O_WRONLY | O_APPEND)); }
static int truncating(char **a) { return leave(open(a[0], O_WRONLY | O_TRUNC)); }
static int write_both(char **a) { return leave(open(a[0], O_RDWR)); }
static int openat2_write(char **a) {
    uint64_t how[3] = {O_WRONLY | O_CREAT, 0644, 0};
    return leave((int)syscall(SYS_openat2, AT_FDCWD, a[0], how, sizeof how));
}
static int fifo_write(char **a) { return leave(open(a[0], O_WRONLY | O_NONBLOCK)); }
static int open_to_write(char **a) {
    int fd = open(a[0], O_WRONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}
static int open_to_read(char **a) {
    int fd = open(a[0], O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}
/* O_PATH needs no right on the file; its /proc entry is then opened anew. */
static int reopen(char **a) {
    char path[64];
    int fd = open(a[0], O_PATH);
    if (fd < 0) return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return leave(open(path, O_WRONLY));
}
static int map_shared(char **a) {
    int fd = open(a[0], O_RDWR);
    if (fd < 0) return -1;
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return -1;
    memcpy(p, "attacked", 8);
    return msync(p, 4096, MS_SYNC);
}

static int read_file(char **a) { return pour(open(a[0], O_RDONLY)); }
static int openat2_read(char **a) {
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return pour((int)syscall(SYS_openat2, AT_FDCWD, a[0], how, sizeof how));
}
static int list(char **a) {
    DIR *dir = opendir(a[0]);
    if (!dir) return -1;
    for (struct dirent *e; (e = readdir(dir));) dprintf(1, "entry %s\n", e->d_name);
    return closedir(dir);
}

static int make_dir(char **a) { return mkdir(a[0], 0755); }
static int remove_dir(char **a) { return rmdir(a[0]); }
static int remove_file(char **a) { return unlink(a[0]); }
static int move(char **a) { return rename(a[0], a[1]); }
static int exchange(char **a) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE);
}
static int hard_link(char **a) { return link(a[0], a[1]); }
static int sym_link(char **a) { return symlink(a[0], a[1]); }
static int make_fifo(char **a) { return mkfifo(a[0], 0666); }
static int make_null(char **a) { return mknod(a[0], S_IFCHR | 0666, (1 << 8) | 3); }
/* The first virtual disk, wherever its device node is hidden. */
static int make_disk(char **a) { return mknod(a[0], S_IFBLK | 0600, (254 << 8) | 0); }
static int fill_in(char **a) {
    int fd = open(a[0], O_WRONLY);
    if (fd < 0) return -1;
    return write(fd, a[1], strlen(a[1])) < 0 ? -1 : 0;
}
static int change_dir(char **a) { return chdir(a[0]); }

static int change_mode(char **a) { return chmod(a[0], 0777); }
static int change_mode_open(char **a) {
    int fd = open(a[0], O_RDONLY);
    return fd < 0 ? -1 : fchmod(fd, 0777);
}
static int change_mode_2(char **a) { return (int)syscall(SYS_fchmodat2, AT_FDCWD, a[0], 0777, 0); }
static const struct timespec long_ago[2] = {{1000000, 0}, {1000000, 0}};
static int change_times(char **a) { return utimensat(AT_FDCWD, a[0], long_ago, 0); }
static int change_times_open(char **a) {
    int fd = open(a[0], O_RDONLY);
    return fd < 0 ? -1 : futimens(fd, long_ago);
}
static int set_attribute(char **a) { return setxattr(a[0], "user.attacked", "1", 1, 0); }
static int set_attribute_open(char **a) {
    int fd = open(a[0], O_RDONLY);
    return fd < 0 ? -1 : fsetxattr(fd, "user.attacked", "1", 1, 0);
}
static int cut(char **a) { return truncate(a[0], 3); }
static int change_owner(char **a) { return chown(a[0], 12345, 12345); }
/* FS_IOC_SETFLAGS needs no descriptor open for writing. */
static int set_flags(char **a) {
    int fd = open(a[0], O_RDONLY);
    int flags = 0;
    if (fd < 0 || ioctl(fd, 0x80086601UL, &flags) != 0) return -1;
    flags |= 0x40; /* do not dump */
    return ioctl(fd, 0x40086602UL, &flags);
}

/* A descriptor that a later step uses. */
static int hold_dir(char **a) {
    held_fd = open(a[0], O_PATH | O_DIRECTORY);
    return held_fd < 0 ? -1 : 0;
}
static int hold_fd(char **a) {
    held_fd = atoi(a[0]);
    return fcntl(held_fd, F_GETFD) < 0 ? -1 : 0;
}
static int write_at(char **a) { return leave(openat(held_fd, a[0], O_WRONLY | O_CREAT, 0644)); }
static int read_at(char **a) { return pour(openat(held_fd, a[0], O_RDONLY)); }
static int mkdir_at(char **a) { return mkdirat(held_fd, a[0], 0755); }
static int held_write(char **a) { (void)a; return leave(held_fd); }
static int held_mode(char **a) { (void)a; return fchmod(held_fd, 0777); }
static int held_times(char **a) { (void)a; return futimens(held_fd, long_ago); }
static int held_attribute(char **a) { (void)a; return fsetxattr(held_fd, "user.attacked", "1", 1, 0); }
static int held_reopen(char **a) {
    char path[64];
    (void)a;
    snprintf(path, sizeof path, "/proc/self/fd/%d", held_fd);
    return leave(open(path, O_WRONLY));
}
static int held_chdir(char **a) { (void)a; return fchdir(held_fd); }

static int tmpfile_link(char **a) {
    char path[64];
    int fd = open(a[0], O_TMPFILE | O_WRONLY, 0644);
    if (fd < 0 || write(fd, PAYLOAD, sizeof PAYLOAD - 1) < 0) return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW);
}
static int fd_link(char **a) {
    char path[64];
    int fd = open(a[0], O_RDONLY);
    if (fd < 0) return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW);
}
static int empty_link(char **a) {
    int fd = open(a[0], O_PATH);
    if (fd < 0) return -1;
    return linkat(fd, "", AT_FDCWD, a[1], AT_EMPTY_PATH);
}

/* A file handle names an inode without any path. */
struct handle {
    unsigned bytes;
    int type;
    unsigned char id[128];
};
static int handle_open(const char *path, const char *mount, int flags) {
    struct handle h = {.bytes = sizeof h.id};
    int id;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &h, &id, 0) != 0) return -1;
    int root = open(mount, O_RDONLY | O_DIRECTORY);
    if (root < 0) return -1;
    return (int)syscall(SYS_open_by_handle_at, root, &h, flags);
}
static int handle_read(char **a) { return pour(handle_open(a[0], a[1], O_RDONLY)); }
static int handle_write(char **a) { return leave(handle_open(a[0], a[1], O_WRONLY)); }

static int core_dump(char **a) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    int status;
    if (chdir(a[0]) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &all);
        abort();
    }
    waitpid(child, &status, 0);
    if (WCOREDUMP(status)) return 0;
    errno = ENODATA;
    return -1;
}

/* Two threads: one exchanges a directory with a symbolic link to the target
 * without pause, the other makes things below that name. */
static char race_a[4096], race_b[4096];
static volatile int race_over;
static void *race_thread(void *unused) {
    (void)unused;
    while (!race_over) syscall(SYS_renameat2, AT_FDCWD, race_a, AT_FDCWD, race_b, RENAME_EXCHANGE);
    return NULL;
}
static int race_swap(char **a) {
    char path[4200], beyond[4200], source[4200];
    pthread_t thread;
    int landed = 0;
    time_t end = time(NULL) + 2;
    mkdir(a[1], 0755);
    snprintf(race_a, sizeof race_a, "%s/a", a[1]);
    snprintf(race_b, sizeof race_b, "%s/b", a[1]);
    snprintf(source, sizeof source, "%s/source", a[1]);
    snprintf(path, sizeof path, "%s/%s", race_a, a[3]);
    snprintf(beyond, sizeof beyond, "%s/%s", a[2], a[3]);
    if (mkdir(race_a, 0755) != 0 || symlink(a[2], race_b) != 0) return -1;
    pthread_create(&thread, NULL, race_thread, NULL);
    while (!landed && time(NULL) < end) {
        if (strcmp(a[0], "open") == 0) leave(open(path, O_WRONLY | O_CREAT, 0644));
        if (strcmp(a[0], "mkdir") == 0) mkdir(path, 0755);
        if (strcmp(a[0], "rename") == 0) {
            close(open(source, O_WRONLY | O_CREAT, 0644));
            rename(source, path);
        }
        if (strcmp(a[0], "chmod") == 0) chmod(path, 0777);
        struct stat there;
        landed = stat(beyond, &there) == 0;
        if (strcmp(a[0], "chmod") == 0) {
            landed = landed && (there.st_mode & 0777) == 0777;
            continue;
        }
        if (unlink(path) != 0) rmdir(path);
        if (landed) leave(open(beyond, O_WRONLY | O_CREAT, 0644));
    }
    race_over = 1;
    pthread_join(thread, NULL);
    errno = ETIME;
    return landed ? 0 : -1;
}

/* One thread changes the path in memory while the other passes it: what is
 * checked and what is used are two readings. */
static char race_path[4096];
static const char *race_good, *race_bad;
static void *memory_thread(void *unused) {
    (void)unused;
    while (!race_over) {
        memcpy(race_path, race_good, strlen(race_good) + 1);
        memcpy(race_path, race_bad, strlen(race_bad) + 1);
    }
    return NULL;
}
static int race_memory(char **a) {
    pthread_t thread;
    time_t end = time(NULL) + 2;
    race_good = a[0];
    race_bad = a[1];
    strcpy(race_path, race_good);
    pthread_create(&thread, NULL, memory_thread, NULL);
    while (time(NULL) < end && access(race_bad, F_OK) != 0)
        leave(open(race_path, O_WRONLY | O_CREAT, 0644));
    race_over = 1;
    pthread_join(thread, NULL);
    errno = ETIME;
    return access(race_bad, F_OK);
}

static int wait_step(char **a) {
    dprintf(1, "waiting\n");
    return wait_for(a[0]);
}
/* Reads as soon as the file is there and has something in it. */
static int read_when_there(char **a) {
    dprintf(1, "waiting\n");
    for (int i = 0; i < 100; i++) {
        int fd = open(a[0], O_RDONLY);
        if (fd >= 0 && (lseek(fd, 0, SEEK_END) > 0 || errno == EACCES)) {
            lseek(fd, 0, SEEK_SET);
            return pour(fd);
        }
        close(fd);
        usleep(10000);
    }
    return -1;
}

const struct step file_steps[] = {
    {"write", 1, write_new}, {"append", 1, append}, {"overwrite", 1, truncating}, {"write-rdwr", 1, write_both},
    {"openat2-write", 1, openat2_write}, {"fifo-write", 1, fifo_write}, {"open-write", 1, open_to_write},
    {"open-read", 1, open_to_read}, {"reopen-write", 1, reopen}, {"mmap-write", 1, map_shared},
    {"read", 1, read_file}, {"openat2-read", 1, openat2_read}, {"list", 1, list},
    {"mkdir", 1, make_dir}, {"rmdir", 1, remove_dir}, {"unlink", 1, remove_file}, {"rename", 2, move},
    {"exchange", 2, exchange}, {"link", 2, hard_link}, {"symlink", 2, sym_link}, {"mkfifo", 1, make_fifo},
    {"mknod-null", 1, make_null}, {"mknod-disk", 1, make_disk}, {"fill-sysctl", 2, fill_in}, {"chdir", 1, change_dir}, {"chmod", 1, change_mode},
    {"fchmod", 1, change_mode_open}, {"fchmodat2", 1, change_mode_2}, {"utimes", 1, change_times},
    {"futimes", 1, change_times_open}, {"setxattr", 1, set_attribute}, {"fsetxattr", 1, set_attribute_open},
    {"truncate", 1, cut}, {"chown", 1, change_owner}, {"chattr", 1, set_flags}, {"hold-dir", 1, hold_dir},
    {"hold-fd", 1, hold_fd}, {"write-at", 1, write_at}, {"read-at", 1, read_at}, {"mkdir-at", 1, mkdir_at},
    {"held-write", 0, held_write}, {"held-fchmod", 0, held_mode}, {"held-futimes", 0, held_times},
    {"held-fsetxattr", 0, held_attribute}, {"held-reopen", 0, held_reopen}, {"held-chdir", 0, held_chdir},
    {"tmpfile-link", 2, tmpfile_link}, {"fd-link", 2, fd_link}, {"empty-link", 2, empty_link},
    {"handle-read", 2, handle_read}, {"handle-write", 2, handle_write}, {"core-dump", 1, core_dump},
    {"race-swap", 4, race_swap}, {"race-memory", 2, race_memory}, {"wait-for", 1, wait_step},
    {"read-when-there", 1, read_when_there}, {0},
};
