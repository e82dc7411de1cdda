/* Steps on namespaces and mounts: a new view in which the old rules might
 * not hold. */
#include "attacker.h"
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

static int put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0) return -1;
    ssize_t done = write(fd, text, strlen(text));
    close(fd);
    return done < 0 ? -1 : 0;
}
static int map_ids(unsigned uid, unsigned gid) {
    char text[64];
    put("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "0 %u 1", uid);
    if (put("/proc/self/uid_map", text) != 0) return -1;
    snprintf(text, sizeof text, "0 %u 1", gid);
    return put("/proc/self/gid_map", text);
}
/* A user namespace in which this process holds every capability. */
static int unshare_user(char **a) {
    (void)a;
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
    return map_ids(uid, gid);
}
static int unshare_flags(char **a) { return unshare((int)strtol(a[0], NULL, 16)); }
static int clone3_user(char **a) {
    uint64_t arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    int status = 0;
    (void)a;
    long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return child < 0 || waitpid((pid_t)child, &status, 0) < 0 ? -1 : 0;
}
static int join(char **a) {
    int fd = open(a[0], O_RDONLY);
    return fd < 0 ? -1 : setns(fd, 0);
}
static int join_pidfd(char **a) {
    int fd = (int)syscall(434, atoi(a[0]), 0);
    return fd < 0 ? -1 : setns(fd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
}

static int mount_tmpfs(char **a) { return mount("tmpfs", a[0], "tmpfs", 0, NULL); }
static int mount_proc(char **a) { return mount("proc", a[0], "proc", 0, NULL); }
static int mount_overlay(char **a) {
    char options[4096];
    snprintf(options, sizeof options, "lowerdir=%s:%s", a[0], a[1]);
    return mount("overlay", a[1], "overlay", 0, options);
}
static int bind_mount(char **a) { return mount(a[0], a[1], NULL, MS_BIND, NULL); }
static int bind_recursive(char **a) { return mount(a[0], a[1], NULL, MS_BIND | MS_REC, NULL); }
static int remount(char **a) { return mount(NULL, a[0], NULL, MS_REMOUNT | MS_BIND, NULL); }
static int remount_file_system(char **a) { return mount(NULL, a[0], NULL, MS_REMOUNT, NULL); }
static int unmount(char **a) { return umount2(a[0], MNT_DETACH); }
static int set_attributes(char **a) {
    uint64_t change[4] = {0, 1 /* read-only */, 0, 0};
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, a[0], 0, change, sizeof change);
}
static int clone_tree(char **a) {
    held_fd = (int)syscall(SYS_open_tree, AT_FDCWD, a[0], 1 /* clone */);
    return held_fd < 0 ? -1 : 0;
}
static int clone_tree_recursive(char **a) {
    held_fd = (int)syscall(SYS_open_tree, AT_FDCWD, a[0], 1 | 0x8000);
    return held_fd < 0 ? -1 : 0;
}
static int move_tree(char **a) {
    return (int)syscall(SYS_move_mount, AT_FDCWD, a[0], AT_FDCWD, a[1], 0);
}
static int file_system_open(char **a) {
    int fd = (int)syscall(SYS_fsopen, a[0], 0);
    return fd < 0 ? -1 : 0;
}
static int change_root(char **a) { return chroot(a[0]) != 0 ? -1 : chdir("/"); }
/* The classic way out of a chroot: a second one, with the old directory kept. */
static int break_root(char **a) {
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    if (fd < 0 || chroot(a[0]) != 0 || fchdir(fd) != 0) return -1;
    for (int i = 0; i < 64; i++)
        if (chdir("..") != 0) return -1;
    return chroot(".");
}
static int swap_root(char **a) {
    if (mount(a[0], a[0], NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(a[0]) != 0) return -1;
    if (syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    return umount2(".", MNT_DETACH);
}

const struct step namespace_steps[] = {
    {"unshare-user", 0, unshare_user}, {"unshare", 1, unshare_flags}, {"clone3-user", 0, clone3_user},
    {"setns", 1, join}, {"setns-pidfd", 1, join_pidfd}, {"mount-tmpfs", 1, mount_tmpfs},
    {"mount-proc", 1, mount_proc}, {"mount-overlay", 2, mount_overlay}, {"bind-mount", 2, bind_mount},
    {"bind-recursive", 2, bind_recursive}, {"remount", 1, remount}, {"remount-fs", 1, remount_file_system},
    {"umount", 1, unmount}, {"mount-setattr", 1, set_attributes}, {"open-tree", 1, clone_tree},
    {"open-tree-recursive", 1, clone_tree_recursive}, {"move-mount", 2, move_tree}, {"fsopen", 1, file_system_open},
    {"chroot", 1, change_root}, {"chroot-break", 1, break_root}, {"pivot-root", 1, swap_root}, {0},
};
