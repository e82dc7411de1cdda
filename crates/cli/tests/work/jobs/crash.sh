# Programs that crash, and one that handles its own crash.
# needs: cc
cat >crash.c <<'END'
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void handle(int signal) {
    void *frames[16]; int n = backtrace(frames, 16);
    backtrace_symbols_fd(frames, n, 2);
    write(1, n > 1 ? "handled\n" : "no frames\n", n > 1 ? 8 : 10);
    raise(signal);
}
int main(int argc, char **argv) {
    if (argc > 2) { struct sigaction a = {.sa_handler = handle, .sa_flags = SA_RESETHAND}; sigaction(SIGSEGV, &a, 0); }
    if (!strcmp(argv[1], "segv")) *(volatile int *)8 = 1;
    if (!strcmp(argv[1], "abort")) abort();
    if (!strcmp(argv[1], "trap")) __builtin_trap();
    return 3;
}
END
cc -g -O0 -rdynamic -o crash crash.c
for how in segv abort trap none; do ./crash $how 2>/dev/null || echo "$how: $?"; done 2>/dev/null
./crash segv handle 2>frames || echo "handled: $?"
grep -q crash frames
ls core* 2>/dev/null || echo no core
python3 -c 'import os, signal
pid = os.fork()
if pid == 0: os.kill(os.getpid(), signal.SIGBUS)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))'
