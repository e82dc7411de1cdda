# A static program, and one without a C library that makes raw system calls
# from threads of its own making, as Go's runtime does.
# needs: cc
cat >static.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
int main(void) {
    FILE *f = fopen("static.txt", "w"); if (!f) return 1;
    fputs("written\n", f); fclose(f);
    if (mkdir("static.d", 0750) || rename("static.txt", "static.d/moved")) return 2;
    char *line = NULL; size_t n = 0; f = fopen("static.d/moved", "r");
    getline(&line, &n, f); fputs(line, stdout); return 0;
}
END
cc -static -O1 -o static static.c && ./static
cp "$JOBS/raw.c" raw.c
cc -static -nostdlib -O1 -fno-stack-protector -o raw raw.c && ./raw
cat raw.d/moved
