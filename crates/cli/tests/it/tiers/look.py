"""Looks for a word in everything that can be read of any process, by each way
to it, and reads of itself what it may. Prints what it found."""
import os

WORD = b"ORDINARY=outside-alone"


def read(path, **where):
    try:
        with os.fdopen(os.open(path, os.O_RDONLY, **where), "rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""


print(read("comm", dir_fd=os.open("/proc/self", os.O_RDONLY)).decode(), end="")
os.symlink("/proc/self", "by-link")
proc = os.open("/proc", os.O_RDONLY)
ways = [("by-link/environ", {}), ("self/environ", {"dir_fd": proc})]
for name in os.listdir("/proc"):
    if name.isdigit() and name != str(os.getpid()):
        ways += [(f"/proc/{name}/environ", {}), (f"/proc/{name}/task/{name}/environ", {})]
for path, where in ways:
    if WORD in read(path, **where):
        print("found in", path)
for name in ["a.env", "/proc/self/cwd/a.env"]:
    print(read(name).decode(), end="")
os.unlink("by-link")
print("end")
