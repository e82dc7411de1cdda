# What programs do with files beyond reading and writing: unnamed files, moves
# with flags, holes, maps, watches, attributes, times, links.
# needs: python3
python3 - <<'END'
import ctypes, errno, mmap, os, stat, struct, select
libc = ctypes.CDLL(None, use_errno=True)
def renameat2(a, b, flags):
    return "ok" if libc.syscall(316, -100, a.encode(), -100, b.encode(), flags) == 0 else errno.errorcode[ctypes.get_errno()]
def name(fd, to):
    return "ok" if libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, to.encode(), 0x400) == 0 else errno.errorcode[ctypes.get_errno()]
def write(name, text): open(name, "w").write(text)
fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o640); os.write(fd, b"unnamed")
print(name(fd, "named")); print(open("named").read(), oct(os.stat("named").st_mode))
fd = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o600)
print(name(fd, "never"))
write("a", "a"); write("b", "b")
print(renameat2("a", "b", 1), renameat2("a", "b", 2), open("a").read(), open("b").read(), renameat2("a", "c", 1), renameat2("nothing", "d", 2))
with open("hole", "wb") as f: f.seek(1 << 32); f.write(b"x"); f.truncate(1 << 33)
s = os.stat("hole"); print(s.st_size, s.st_blocks < 100)
fd = os.open("hole", os.O_RDWR); print(os.lseek(fd, 0, os.SEEK_DATA) == 1 << 32)
os.posix_fallocate(fd, 0, 8192); libc.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(4096)); print(os.lseek(fd, 0, os.SEEK_DATA))
os.truncate("hole", 5); print(os.stat("hole").st_size)
with open("map", "w+b") as f:
    f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[5000] = 65; m.flush(); m.close()
print(open("map", "rb").read()[5000])
i = libc.inotify_init1(os.O_NONBLOCK); libc.inotify_add_watch(i, b".", 0xfff)
write("watched", "x"); os.rename("watched", "moved"); os.unlink("moved")
select.select([i], [], [], 2); data = os.read(i, 65536); seen = 0
while data: _, mask, _, n = struct.unpack("iIII", data[:16]); data = data[16 + n:]; seen |= mask
print(hex(seen & 0xfff & ~0x1))
os.utime("b", ns=(10**18 + 5, 10**18 + 7)); print(os.stat("b").st_mtime_ns)
os.utime("b"); print(os.stat("b").st_mtime_ns > 10**18 + 7)
os.setxattr("b", "user.k", b"v"); print(os.getxattr("b", "user.k"), os.listxattr("b")); os.removexattr("b", "user.k"); print(os.listxattr("b"))
os.symlink("nowhere", "l"); os.link("b", "hard"); os.link("l", "l2", follow_symlinks=False); print(os.readlink("l2"), os.stat("b").st_nlink)
write("hard", "changed"); print(open("b").read())
os.chmod("b", 0o751); print(oct(os.stat("b").st_mode))
d = os.open(".", os.O_RDONLY); os.mkdir("sub", dir_fd=d); e = os.open("sub", os.O_RDONLY | os.O_DIRECTORY)
x = os.open("in", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=e); os.rename("in", "out", src_dir_fd=e, dst_dir_fd=d); os.rmdir("sub"); print(sorted(os.listdir("."))[:4])
for what in (lambda: os.mkdir("b"), lambda: os.rmdir("b"), lambda: os.unlink("nothing"), lambda: os.open("b/x", os.O_CREAT | os.O_WRONLY),
             lambda: os.open("new/x", os.O_CREAT | os.O_WRONLY), lambda: os.rename("b", "nothing/x"), lambda: os.open("l", os.O_WRONLY | os.O_NOFOLLOW),
             lambda: os.open(".", os.O_WRONLY), lambda: os.mkdir("x" * 256), lambda: os.open("b", os.O_CREAT | os.O_EXCL), lambda: os.mkdir(""),
             lambda: os.symlink("x", "b"), lambda: os.link("nothing", "x"), lambda: os.rename("nothing", "x"), lambda: os.unlink("."), lambda: os.rmdir("."), lambda: os.rename(".", "x")):
    try: what(); print("ok")
    except OSError as e: print(errno.errorcode[e.errno], end=" ")
print()
os.mkdir("full"); write("full/x", ""); os.mkdir("empty")
for what in (lambda: os.rmdir("full"), lambda: os.rename("empty", "full"), lambda: os.rename("full", "full/in"), lambda: os.unlink("full"), lambda: os.rename("b", "full"), lambda: os.rename("full", "b")):
    try: what(); print("ok")
    except OSError as e: print(errno.errorcode[e.errno], end=" ")
fd = os.open("gone", os.O_CREAT | os.O_RDWR); os.unlink("gone"); os.fchmod(fd, 0o600); os.ftruncate(fd, 10); print(os.fstat(fd).st_size)
f = os.memfd_create("m"); os.write(f, b"abc"); os.fchmod(f, 0o700); print(os.pread(f, 3, 0), oct(os.fstat(f).st_mode))
fd = os.open(f"/proc/self/fd/{f}", os.O_RDWR); os.write(fd, b"X"); print(os.pread(f, 3, 0))
r, w = os.pipe(); fd = os.open(f"/proc/self/fd/{w}", os.O_WRONLY); os.write(fd, b"p"); print(os.read(r, 1))
os.copy_file_range(os.open("c", os.O_RDONLY), os.open("copied", os.O_CREAT | os.O_WRONLY), 1); print(open("copied").read())
END
