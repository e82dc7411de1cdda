/* Steps on the network itself: other calls that connect, other families and
 * protocols, routes and interfaces, somebody else's sockets. */
#include "attacker.h"
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static struct sockaddr_in address(char **a) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
    inet_pton(AF_INET, a[0], &to.sin_addr);
    return to;
}

/* The same bytes by each call that takes an address. */
static int by_message(int fd, char **a, int flags) {
    struct sockaddr_in to = address(a);
    struct iovec part = {(void *)PAYLOAD, 8};
    struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    return fd < 0 || sendmsg(fd, &m, flags) < 0 ? -1 : 0;
}
static int by_messages(int fd, char **a, int flags) {
    struct sockaddr_in to = address(a);
    struct iovec part = {(void *)PAYLOAD, 8};
    struct mmsghdr m = {{.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1}, 0};
    return fd < 0 || sendmmsg(fd, &m, 1, (unsigned)flags) < 0 ? -1 : 0;
}
static int tcp_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int udp_socket(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static int fast_message(char **a) { return by_message(tcp_socket(), a, MSG_FASTOPEN); }
static int fast_messages(char **a) { return by_messages(tcp_socket(), a, MSG_FASTOPEN); }
static int udp_message(char **a) { return by_message(udp_socket(), a, 0); }
static int udp_messages(char **a) { return by_messages(udp_socket(), a, 0); }
static int udp_sendto(char **a) {
    struct sockaddr_in to = address(a);
    int fd = udp_socket();
    return fd < 0 || sendto(fd, PAYLOAD, 8, 0, (void *)&to, sizeof to) < 0 ? -1 : 0;
}
/* connect() only notes the address; writing connects. */
static int fast_connect(char **a) {
    struct sockaddr_in to = address(a);
    int fd = tcp_socket(), on = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) != 0) return -1;
    if (connect(fd, (void *)&to, sizeof to) != 0) return -1;
    return leave(fd);
}
/* A socket that was connected once, and is let go and connected anew. */
static int tcp_again(char **a) {
    struct sockaddr_in to = address(a);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int fd = tcp_socket();
    if (fd < 0 || connect(fd, (void *)&to, sizeof to) != 0) return -1;
    if (connect(fd, &nobody, sizeof nobody) != 0) return -1;
    if (connect(fd, (void *)&to, sizeof to) != 0) return -1;
    return leave(fd);
}

/* Another thread changes the port between the look and the act. */
static struct sockaddr_in wanted;
static volatile uint16_t harmless, meant;
static volatile int over;
static void *flip(void *unused) {
    while (!over) {
        ((volatile struct sockaddr_in *)&wanted)->sin_port = harmless;
        ((volatile struct sockaddr_in *)&wanted)->sin_port = meant;
    }
    return unused;
}
static int race(char **a) {
    pthread_t other;
    int reached = -1;
    wanted = address(a);
    meant = wanted.sin_port;
    harmless = htons(9);
    if (pthread_create(&other, NULL, flip, NULL) != 0) return -1;
    for (int i = 0; i < 100; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd >= 0 && connect(fd, (void *)&wanted, sizeof wanted) == 0) reached = 0;
        if (fd >= 0) close(fd);
    }
    over = 1;
    pthread_join(other, NULL);
    return reached;
}

/* A socket that listens without an address gets one; its port is told by a file. */
static int listen_unbound(char **a) {
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    char port[16];
    int fd = tcp_socket();
    if (fd < 0 || listen(fd, 4) != 0 || getsockname(fd, (void *)&at, &length) != 0) return -1;
    int told = open(a[0], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    if (told < 0 || write(told, port, strlen(port)) < 0) return -1;
    dprintf(1, "waiting\n");
    return wait_for(a[1]);
}

/* Any family but those that programs are built with. */
static int odd_family(char **a) {
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    (void)a;
    for (int family = 0; family < 64; family++) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            int fd = socket(family, types[t], 0);
            if (fd < 0) continue;
            close(fd);
            return 0;
        }
    }
    return -1;
}
/* Any protocol of the internet families but TCP and UDP. */
static int odd_protocol(char **a) {
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 6 /* DCCP */};
    static const int protocols[] = {1, 2, 33, 47, 50, 58, 89, 115, 132, 136, 255, 256, 262};
    static const int families[] = {AF_INET, AF_INET6};
    (void)a;
    for (size_t f = 0; f < 2; f++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            for (size_t p = 0; p < sizeof protocols / sizeof *protocols; p++) {
                int fd = socket(families[f], types[t], protocols[p]);
                if (fd < 0) continue;
                close(fd);
                return 0;
            }
    return -1;
}

/* One message to the kernel's routing, and its answer. */
static int ask(void *message, size_t length) {
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0 || send(fd, message, length, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0) return -1;
    close(fd);
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}
/* A route that leads nowhere, to or from the table. */
static int nowhere(char **a, uint16_t type, uint16_t flags) {
    struct {
        struct nlmsghdr head;
        struct rtmsg body;
        struct rtattr attribute;
        struct in_addr to;
    } m = {{sizeof m, type, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), 1, 0},
           {AF_INET, 32, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNREACHABLE, 0},
           {RTA_LENGTH(4), RTA_DST},
           {0}};
    inet_pton(AF_INET, a[0], &m.to);
    return ask(&m, sizeof m);
}
static int route_add(char **a) { return nowhere(a, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL); }
static int route_remove(char **a) { return nowhere(a, RTM_DELROUTE, 0); }
static int nowhere_old(char **a, unsigned long request) {
    struct rtentry entry = {.rt_flags = RTF_UP | RTF_HOST | RTF_REJECT};
    struct sockaddr_in *to = (void *)&entry.rt_dst;
    to->sin_family = AF_INET;
    inet_pton(AF_INET, a[0], &to->sin_addr);
    int fd = udp_socket();
    return fd < 0 ? -1 : ioctl(fd, request, &entry);
}
static int route_add_old(char **a) { return nowhere_old(a, SIOCADDRT); }
static int route_remove_old(char **a) { return nowhere_old(a, SIOCDELRT); }
/* A pair of interfaces, one of which could be given away. */
static int interface(char **a, uint16_t type, uint16_t flags) {
    struct {
        struct nlmsghdr head;
        struct ifinfomsg body;
        struct rtattr name;
        char text[16];
        struct rtattr info;
        struct rtattr kind;
        char word[8];
    } m = {{sizeof m, type, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), 1, 0},
           {0},
           {RTA_LENGTH(16), IFLA_IFNAME},
           {0},
           {RTA_LENGTH(12), IFLA_LINKINFO},
           {RTA_LENGTH(5), IFLA_INFO_KIND},
           "dummy"};
    snprintf(m.text, sizeof m.text, "%s", a[0]);
    return ask(&m, sizeof m);
}
static int interface_add(char **a) { return interface(a, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL); }
static int interface_remove(char **a) { return interface(a, RTM_DELLINK, 0); }

/* Takes a socket that keeps messages apart, such as a channel to somebody
 * outside, from a process. */
static int take_channel(int pid) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    for (int number = 0; process >= 0 && number < 64; number++) {
        int type = 0;
        socklen_t length = sizeof type;
        int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
        if (fd < 0) continue;
        int is_channel = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
        close(fd);
        if (is_channel) return 0;
    }
    return -1;
}
static int steal_channel(char **a) { return take_channel(atoi(a[0])); }
/* Inside, the parent is the broker. */
static int steal_parents_channel(char **a) {
    (void)a;
    return take_channel(getppid());
}

const struct step network_steps[] = {
    {"fast-open-message", 2, fast_message}, {"fast-open-messages", 2, fast_messages},
    {"fast-open-connect", 2, fast_connect}, {"udp-sendto", 2, udp_sendto}, {"udp-message", 2, udp_message},
    {"udp-messages", 2, udp_messages}, {"tcp-again", 2, tcp_again}, {"tcp-race", 2, race},
    {"listen-unbound", 2, listen_unbound}, {"odd-family", 0, odd_family}, {"odd-protocol", 0, odd_protocol},
    {"route-add", 1, route_add}, {"route-remove", 1, route_remove}, {"route-add-old", 1, route_add_old},
    {"route-remove-old", 1, route_remove_old},
    {"interface-add", 1, interface_add}, {"interface-remove", 1, interface_remove},
    {"steal-channel", 1, steal_channel}, {"steal-parents-channel", 0, steal_parents_channel}, {0},
};
