/* What a container's system-call filter does to the program inside, for tests:
 * starts a command without the calls that make namespaces and mounts, without
 * Landlock, or both.
 *
 *   confine [namespaces | unshare] [landlock] -- COMMAND...
 *
 * `unshare` leaves the call by which sockets are taken over, which containers
 * allow whoever may trace.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static struct sock_filter code[256];
static unsigned short length;

static void add(unsigned short op, unsigned jt, unsigned jf, unsigned k)
{
	code[length++] = (struct sock_filter){ op, jt, jf, k };
}

static void refuse(long number, int error)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number);
	add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error);
}

static void refuse_namespaces(int and_sockets)
{
	/* As containers do by default without CAP_SYS_ADMIN and CAP_SYS_PTRACE. */
	const long calls[] = {
		SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root,
		SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig,
		SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_chroot,
		SYS_kcmp, SYS_bpf, SYS_perf_event_open,
		SYS_keyctl, SYS_add_key, SYS_request_key, SYS_userfaultfd,
		SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_quotactl,
		SYS_syslog, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct,
		SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	};
	for (size_t at = 0; at < sizeof calls / sizeof *calls; at++)
		refuse(calls[at], EPERM);
	if (and_sockets)
		refuse(SYS_pidfd_getfd, EPERM);
	refuse(SYS_clone3, ENOSYS);
	/* clone with a flag that makes a namespace */
	add(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_clone);
	add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args));
	add(BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x7e020000);
	add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
	add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

int main(int argc, char **argv)
{
	int at = 1;
	add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (; at < argc && strcmp(argv[at], "--"); at++) {
		if (!strcmp(argv[at], "landlock")) {
			refuse(444, ENOSYS);
			refuse(445, ENOSYS);
			refuse(446, ENOSYS);
		} else if (!strcmp(argv[at], "namespaces")) {
			refuse_namespaces(1);
		} else if (!strcmp(argv[at], "unshare")) {
			refuse_namespaces(0);
		} else if (!strcmp(argv[at], "capabilities")) {
			for (int capability = 0; capability < 64; capability++)
				prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
		} else {
			fprintf(stderr, "confine: what is `%s`?\n", argv[at]);
			return 2;
		}
	}
	add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { length, code };
	if (at + 1 >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror("confine");
		return 2;
	}
	execvp(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 127;
}
