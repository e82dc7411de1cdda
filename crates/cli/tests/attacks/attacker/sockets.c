/* Steps on sockets: every way to send a few bytes to somebody outside. */
#include "attacker.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stddef.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#ifndef AF_ALG
#define AF_ALG 38
#endif

/* `@name` is an abstract address, anything else a path. */
static socklen_t unix_address(struct sockaddr_un *to, const char *name) {
    size_t length = strlen(name);
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    if (length >= sizeof to->sun_path) length = sizeof to->sun_path - 1;
    memcpy(to->sun_path, name, length);
    if (name[0] != '@') return sizeof *to;
    to->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int connect_unix(const char *name, int type) {
    struct sockaddr_un to;
    socklen_t length = unix_address(&to, name);
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0 || connect(fd, (void *)&to, length) != 0) return -1;
    return fd;
}
static int unix_stream(char **a) { return leave(connect_unix(a[0], SOCK_STREAM)); }
static int unix_packet(char **a) { return leave(connect_unix(a[0], SOCK_SEQPACKET)); }
static int unix_connected(char **a) { return leave(connect_unix(a[0], SOCK_DGRAM)); }
static int send_from(int fd, const char *name) {
    struct sockaddr_un to;
    socklen_t length = unix_address(&to, name);
    if (fd < 0) return -1;
    return sendto(fd, PAYLOAD, 8, 0, (void *)&to, length) < 0 ? -1 : 0;
}
static int unix_sendto(char **a) { return send_from(socket(AF_UNIX, SOCK_DGRAM, 0), a[0]); }
/* The filter of types must look at the low bits only. */
static int unix_flagged(char **a) {
    return send_from(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), a[0]);
}
/* A pair needs no socket(); each end is a datagram socket like any other. */
static int unix_pair(char **a) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return -1;
    return send_from(ends[0], a[0]);
}
static int unix_pair_flagged(char **a) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    return send_from(ends[0], a[0]);
}
static int unix_pair_connect(char **a) {
    struct sockaddr_un to;
    socklen_t length = unix_address(&to, a[0]);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return -1;
    if (connect(ends[0], (void *)&to, length) != 0) return -1;
    return leave(ends[0]);
}
static int unix_message(char **a) {
    struct sockaddr_un to;
    struct iovec part = {(void *)PAYLOAD, 8};
    struct msghdr m = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};
    m.msg_namelen = unix_address(&to, a[0]);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    return fd < 0 || sendmsg(fd, &m, 0) < 0 ? -1 : 0;
}
static int unix_messages(char **a) {
    struct sockaddr_un to;
    struct iovec part = {(void *)PAYLOAD, 8};
    struct mmsghdr m = {{.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1}, 0};
    m.msg_hdr.msg_namelen = unix_address(&to, a[0]);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    return fd < 0 || sendmmsg(fd, &m, 1, 0) < 0 ? -1 : 0;
}
static int unix_bind(char **a) {
    struct sockaddr_un at;
    socklen_t length = unix_address(&at, a[0]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? -1 : bind(fd, (void *)&at, length);
}

static int inet(int type, int protocol, const char *address, const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, address, &to.sin_addr);
    int fd = socket(AF_INET, type, protocol);
    if (fd < 0 || connect(fd, (void *)&to, sizeof to) != 0) return -1;
    return fd;
}
static int inet6(int type, const char *address, const char *port) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET6, address, &to.sin6_addr);
    int fd = socket(AF_INET6, type, 0);
    if (fd < 0 || connect(fd, (void *)&to, sizeof to) != 0) return -1;
    return fd;
}
static int tcp(char **a) { return leave(inet(SOCK_STREAM, 0, a[0], a[1])); }
static int udp(char **a) { return leave(inet(SOCK_DGRAM, 0, a[0], a[1])); }
static int mptcp(char **a) { return leave(inet(SOCK_STREAM, IPPROTO_MPTCP, a[0], a[1])); }
static int tcp6(char **a) { return leave(inet6(SOCK_STREAM, a[0], a[1])); }
static int udp6(char **a) { return leave(inet6(SOCK_DGRAM, a[0], a[1])); }
/* Fast open connects without connect(). */
static int tcp_fast_open(char **a) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
    inet_pton(AF_INET, a[0], &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    return sendto(fd, PAYLOAD, 8, MSG_FASTOPEN, (void *)&to, sizeof to) < 0 ? -1 : 0;
}
/* Listens where the host can reach it, and waits for the host to try. */
static int listen_for_host(char **a) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[0]))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (void *)&at, sizeof at) != 0 || listen(fd, 4) != 0) return -1;
    dprintf(1, "waiting\n");
    return wait_for(a[1]);
}

static int listen_by_name(char **a) {
    struct sockaddr_un at;
    socklen_t length = unix_address(&at, a[0]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (void *)&at, length) != 0 || listen(fd, 4) != 0) return -1;
    dprintf(1, "waiting\n");
    return wait_for(a[1]);
}

static int make_socket(char **a) {
    int fd = socket(atoi(a[0]), atoi(a[1]), atoi(a[2]));
    if (fd < 0) return -1;
    close(fd);
    return 0;
}
/* A packet past every rule: an ICMP echo that only raw sockets can write. */
static int raw_icmp(char **a) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct icmphdr echo = {.type = ICMP_ECHO};
    inet_pton(AF_INET, a[0], &to.sin_addr);
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (fd < 0) return -1;
    return sendto(fd, &echo, sizeof echo, 0, (void *)&to, sizeof to) < 0 ? -1 : 0;
}
/* Adds an address to, or removes it from, the first interface. */
static int route(char **a, uint16_t type, uint16_t flags) {
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
        struct rtattr attribute;
        struct in_addr address;
    } m = {{sizeof m, type, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), 1, 0},
           {AF_INET, 32, 0, RT_SCOPE_HOST, 1},
           {RTA_LENGTH(4), IFA_LOCAL},
           {0}};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer;
    inet_pton(AF_INET, a[0], &m.address);
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0 || send(fd, &m, sizeof m, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0) return -1;
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}
static int address_add(char **a) { return route(a, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL); }
static int address_remove(char **a) { return route(a, RTM_DELADDR, 0); }

/* io_uring: a second door to most system calls, past every filter. */
struct sqe {
    uint8_t op, flags;
    uint16_t priority;
    int32_t fd;
    uint64_t off, addr;
    uint32_t len, op_flags;
    uint64_t user_data, rest[3];
};
static int uring(const struct sqe *wanted) {
    uint32_t p[30] = {0};
    int ring = (int)syscall(425, 2, p);
    if (ring < 0) return -1;
    char *sq = mmap(0, p[10 + 6] + p[0] * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0);
    char *cq = mmap(0, p[20 + 5] + p[1] * 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0x8000000);
    struct sqe *slots = mmap(0, p[0] * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0x10000000);
    if (sq == MAP_FAILED || cq == MAP_FAILED || slots == MAP_FAILED) return -1;
    slots[0] = *wanted;
    *(uint32_t *)(sq + p[10 + 6]) = 0;      /* array[0] names slot 0 */
    __sync_synchronize();
    *(uint32_t *)(sq + p[10 + 1]) += 1;     /* tail */
    if (syscall(426, ring, 1, 1, 1, NULL, 0) < 0) return -1;
    int32_t result = *(int32_t *)(cq + p[20 + 5] + 8);
    if (result < 0) errno = -result;
    return result < 0 ? -1 : result;
}
int uring_open(const char *path, int flags) {
    struct sqe s = {.op = 18, .fd = AT_FDCWD, .addr = (uint64_t)(uintptr_t)path, .len = 0644, .op_flags = (uint32_t)flags};
    return uring(&s);
}
static int ring_write(char **a) { return leave(uring_open(a[0], O_WRONLY | O_CREAT)); }
static int ring_read(char **a) { return pour(uring_open(a[0], O_RDONLY)); }
static int ring_unlink(char **a) {
    struct sqe s = {.op = 36, .fd = AT_FDCWD, .addr = (uint64_t)(uintptr_t)a[0]};
    return uring(&s);
}
static int ring_stream(char **a) {
    struct sockaddr_un to;
    struct sqe make = {.op = 45, .fd = AF_UNIX, .off = SOCK_STREAM};
    int fd = uring(&make);
    if (fd < 0) return -1;
    struct sqe join = {.op = 16, .fd = fd, .addr = (uint64_t)(uintptr_t)&to, .off = unix_address(&to, a[0])};
    return uring(&join) < 0 ? -1 : leave(fd);
}

const struct step socket_steps[] = {
    {"unix-stream", 1, unix_stream}, {"unix-seqpacket", 1, unix_packet}, {"unix-dgram-connect", 1, unix_connected},
    {"unix-sendto", 1, unix_sendto}, {"unix-sendto-flagged", 1, unix_flagged}, {"unix-pair", 1, unix_pair},
    {"unix-pair-flagged", 1, unix_pair_flagged}, {"unix-pair-connect", 1, unix_pair_connect},
    {"unix-sendmsg", 1, unix_message}, {"unix-sendmmsg", 1, unix_messages}, {"unix-bind", 1, unix_bind},
    {"tcp", 2, tcp}, {"udp", 2, udp}, {"mptcp", 2, mptcp}, {"tcp6", 2, tcp6}, {"udp6", 2, udp6},
    {"tcp-fast-open", 2, tcp_fast_open}, {"listen", 2, listen_for_host}, {"listen-by-name", 2, listen_by_name}, {"socket", 3, make_socket},
    {"raw-icmp", 1, raw_icmp}, {"address-add", 1, address_add}, {"address-remove", 1, address_remove},
    {"uring-write", 1, ring_write}, {"uring-read", 1, ring_read}, {"uring-unlink", 1, ring_unlink},
    {"uring-stream", 1, ring_stream}, {0},
};
