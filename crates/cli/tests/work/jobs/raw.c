/* A program without a C library: threads by clone(2), files and a timer by raw
 * system calls. Every thread makes, renames and removes names while a timer
 * interrupts it. */
typedef long word;
enum { READ, WRITE, CLOSE = 3, MMAP = 9, SIGACTION = 13, SIGRETURN = 15, YIELD = 24, SETITIMER = 38,
       CLONE = 56, EXIT = 60, RENAMEAT = 264, UNLINKAT = 263, MKDIRAT = 258, OPENAT = 257, EXIT_GROUP = 231 };
enum { HERE = -100, CREATE = 0101, EXCLUSIVE = 0200 };
static word call(word n, word a, word b, word c, word d, word e, word f) {
    register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return n;
}
#define CALL(n, a, b, c, d) call(n, (word)(a), (word)(b), (word)(c), (word)(d), 0, 0)
static void fail(const char *what, word answer) {
    char text[64]; int n = 0;
    while (*what) text[n++] = *what++;
    text[n++] = ' '; answer = -answer;
    text[n++] = (char)('0' + answer / 100 % 10); text[n++] = (char)('0' + answer / 10 % 10);
    text[n++] = (char)('0' + answer % 10); text[n++] = '\n';
    CALL(WRITE, 1, text, n, 0);
    CALL(EXIT_GROUP, 1, 0, 0, 0);
}
static void expect(const char *what, word answer) { if (answer < 0) fail(what, answer); }
static volatile int ticks, done, next;
static void tick(int signal) { (void)signal; __atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST); }
__asm__("restore: mov $15, %eax\n syscall\n");
void restore(void);
static void work(void) {
    int me = __atomic_add_fetch(&next, 1, __ATOMIC_SEQ_CST);
    char a[] = "raw.d/a0", b[] = "raw.d/b0", d[] = "raw.d/d0";
    a[7] = b[7] = d[7] = (char)('0' + me);
    for (int i = 0; i < 300; i++) {
        word fd = CALL(OPENAT, HERE, a, CREATE | EXCLUSIVE, 0600);
        expect("open", fd);
        expect("write", CALL(WRITE, fd, "x", 1, 0));
        expect("close", CALL(CLOSE, fd, 0, 0, 0));
        expect("rename", CALL(RENAMEAT, HERE, a, HERE, b));
        expect("mkdir", CALL(MKDIRAT, HERE, d, 0700, 0));
        expect("rmdir", CALL(UNLINKAT, HERE, d, 0x200, 0));
        expect("unlink", CALL(UNLINKAT, HERE, b, 0, 0));
    }
    __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    CALL(EXIT, 0, 0, 0, 0);
}
static void start(void) {
    /* The flags that Go's runtime uses. */
    word flags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;
    word stack = call(MMAP, 0, 65536, 3, 0x22, -1, 0) + 65536 - 64;
    *(void (**)(void))stack = work;
    register word r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
    word answer;
    __asm__ volatile("syscall\n test %%eax, %%eax\n jnz 1f\n pop %%rax\n call *%%rax\n1:"
                     : "=a"(answer) : "a"((word)CLONE), "D"(flags), "S"(stack), "d"(0L), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    expect("clone", answer);
}
__attribute__((force_align_arg_pointer)) void _start(void) {
    struct { void (*handler)(int); word flags; void (*restore)(void); word mask; } action = {tick, 0x14000000, restore, 0};
    word interval[4] = {0, 500, 0, 500};
    expect("mkdir", CALL(MKDIRAT, HERE, "raw.d", 0755, 0));
    expect("sigaction", CALL(SIGACTION, 14, &action, 0, 8));
    expect("setitimer", CALL(SETITIMER, 0, interval, 0, 0));
    for (int i = 0; i < 4; i++) start();
    while (done < 4) CALL(YIELD, 0, 0, 0, 0);
    word fd = CALL(OPENAT, HERE, "raw.d/file", CREATE, 0644);
    expect("write", CALL(WRITE, fd, ticks ? "interrupted, and right\n" : "never interrupted\n", ticks ? 23 : 18, 0));
    expect("rename", CALL(RENAMEAT, HERE, "raw.d/file", HERE, "raw.d/moved"));
    CALL(EXIT_GROUP, 0, 0, 0, 0);
}
