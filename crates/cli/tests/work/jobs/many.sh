# Much at once: thousands of open files, hundreds of threads that make files,
# paths as deep as they may be, names as long as they may be.
# needs: python3
python3 - <<'END'
import os, resource, threading, errno
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 6000), hard))
os.mkdir("open")
held = [open(f"open/{i}", "w") for i in range(5000)]
[f.write(str(i)) for i, f in enumerate(held)]; [f.close() for f in held]
print(len(os.listdir("open")), open("open/4999").read())
[os.unlink(f"open/{i}") for i in range(5000)]
wrong = []
def work(n):
    try:
        os.makedirs(f"threads/{n % 7}/{n}", exist_ok=True)
        for i in range(10):
            with open(f"threads/{n % 7}/{n}/{i}", "x") as f: f.write("x" * n)
            os.rename(f"threads/{n % 7}/{n}/{i}", f"threads/{n % 7}/{n}/{i}.done")
    except Exception as e: wrong.append(repr(e))
threads = [threading.Thread(target=work, args=(n,)) for n in range(300)]
[t.start() for t in threads]; [t.join() for t in threads]
print(wrong, sum(len(f) for _, _, f in os.walk("threads")))
long = "l" * 255
open(long, "w").close(); os.mkdir("d" * 255); os.rename(long, "d" * 255 + "/" + long); print(os.listdir("d" * 255) == [long])
for name in ("ü" * 127, "a\nb", " ", "-", "\x01", "*"): open(name, "w").close()
open(b"\xff\xfe", "w").close()
print(sorted(os.listdir(b"."))[:8])
path = os.getcwd() + "/"
while len(path) + 101 < 4095: path += "p" * 100 + "/"; os.mkdir(path)
last = path + "f" * (4095 - len(path))
open(last, "w").close(); print(len(last), os.stat(last).st_size)
try: open(last + "x", "w")
except OSError as e: print(errno.errorcode[e.errno])
os.unlink(last)
END
rm -rf ./* && ls
