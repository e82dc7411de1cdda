# A timer's signal that restarts calls must not make any happen twice.
# needs: cc
cat >ticks.c <<'END'
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static volatile int ticks;
static void tick(int s) { (void)s; ticks++; }
static int wrong(const char *what) { printf("%s: %s\n", what, strerror(errno)); return 1; }
int main(void) {
    struct sigaction a = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval t = {{0, 1000}, {0, 1000}};
    sigaction(SIGALRM, &a, 0); setitimer(ITIMER_REAL, &t, 0);
    for (int i = 0; i < 600; i++) {
        if (mkdir("d", 0700)) return wrong("mkdir");
        if (rmdir("d")) return wrong("rmdir");
        int f = open("f", O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (f < 0) return wrong("open");
        close(f);
        if (link("f", "g")) return wrong("link");
        if (unlink("g")) return wrong("unlink");
        if (symlink("f", "s")) return wrong("symlink");
        if (rename("s", "r")) return wrong("rename");
        if (unlink("r") || unlink("f")) return wrong("unlink");
        struct sockaddr_un u = {.sun_family = AF_UNIX, .sun_path = "sock"};
        int s = socket(AF_UNIX, SOCK_STREAM, 0);
        if (i % 10 == 0) { if (bind(s, (void *)&u, sizeof u)) return wrong("bind"); unlink("sock"); }
        close(s);
    }
    struct stat st; printf("%s, nothing left: %d\n", ticks > 10 ? "interrupted" : "too fast", stat("d", &st));
    return 0;
}
END
cc -O1 -o ticks ticks.c && ./ticks
