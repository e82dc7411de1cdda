/* What the parts of the attacker share. A step returns 0 when it got what it
 * wanted and -1 with errno set when it did not. */
#ifndef ATTACKER_H
#define ATTACKER_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct step {
    const char *name;
    int arguments;
    int (*run)(char **a);
};

extern const struct step file_steps[], process_steps[], socket_steps[],
    namespace_steps[], kernel_steps[], control_steps[], host_steps[],
    variant_steps[], network_steps[];

/* What every attempt writes where it should not be able to. */
#define PAYLOAD "attacked\n"

int pour(int fd);            /* copies everything readable to standard output */
int leave(int fd);           /* writes the payload and closes; -1 if fd is -1 */
int wait_for(const char *p); /* until the path exists, ten seconds at most */
int uring_open(const char *path, int flags);
extern int held_fd;          /* the descriptor that one step leaves to the next */
#endif
