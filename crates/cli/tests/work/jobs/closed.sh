# What a program opens and closes again is closed: nobody else holds it open,
# so that a pipe ends, a lock is free, and a program just written can be run.
# needs: cc
cat >closed.c <<'END'
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    char byte; int held = 0, locked = 0;
    if (mkfifo("pipe", 0600)) return 1;
    for (int i = 0; i < 2000; i++) {
        int r = open("pipe", O_RDONLY | O_NONBLOCK), w = open("pipe", O_WRONLY);
        if (r < 0 || w < 0) return 2;
        close(w);
        held += read(r, &byte, 1) != 0;
        close(r);
        int f = open("lock", O_CREAT | O_WRONLY, 0600);
        flock(f, LOCK_EX);
        close(f);
        f = open("lock", O_RDONLY);
        locked += flock(f, LOCK_EX | LOCK_NB) != 0;
        close(f);
    }
    printf("held open: %d, still locked: %d\n", held, locked);
    return 0;
}
END
cc -O1 -o closed closed.c && ./closed
