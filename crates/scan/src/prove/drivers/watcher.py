# The first process of a box: it copies the project, starts the worker that
# runs the project's code, passes requests on, and adds to each answer what it
# has seen itself. Nothing of the project runs in here: what is said of canary
# files and of connections comes from the kernel, not from the project.
import ctypes, json, os, re, select, shutil, signal, socket, struct, subprocess, sys, time

CANARIES = "/tmp/cofferdam/canary"
COPY = "/tmp/cofferdam/project"
LINE = 1 << 20
# Too large to copy and written by nobody: the copy points to the original.
BORROWED = {"node_modules", ".venv", "venv"}
LEFT_OUT = {".git", ".hg", ".svn"}
IN_OPEN, IN_CREATE = 0x20, 0x100


def copy_project(source, most):
    """Copies the project, without its history; at most so many bytes."""
    left = most
    for here, folders, files in os.walk(source):
        there = os.path.join(COPY, os.path.relpath(here, source))
        try:
            os.makedirs(there, exist_ok=True)
        except OSError:
            # The boundary keeps such a name from being made: no code is in it.
            folders.clear()
            continue
        for name in list(folders):
            path = os.path.join(here, name)
            if name in LEFT_OUT:
                folders.remove(name)
            elif os.path.islink(path) or name in BORROWED:
                folders.remove(name)
                link(os.readlink(path) if os.path.islink(path) else path, os.path.join(there, name))
        for name in files:
            left -= copy_file(os.path.join(here, name), os.path.join(there, name), left)
            if left < 0:
                return "the project has more than %d MiB" % (most >> 20)
    return None


def link(target, place):
    try:
        os.symlink(target, place)
    except OSError:
        pass


def copy_file(source, target, left):
    try:
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
            return 0
        size = os.stat(source).st_size
        if not os.path.isfile(source) or size > left:
            return size if os.path.isfile(source) else 0
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
        return size
    except OSError:
        return 0


class Eyes:
    """What happens to the canaries: files that nothing may open or make, and
    a listener on the loopback that nothing may reach."""

    def __init__(self):
        os.makedirs(CANARIES, mode=0o700)
        libc = ctypes.CDLL(None, use_errno=True)
        # So that the worker, which has the same user, cannot write here.
        libc.prctl(4, 0, 0, 0, 0)
        self.inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.inotify < 0 or libc.inotify_add_watch(
                self.inotify, CANARIES.encode(), IN_OPEN | IN_CREATE) < 0:
            self.inotify = -1
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.planted, self.forget = set(), None
        self.clear()

    def clear(self):
        self.opened, self.made, self.hits = [], [], []
        self.noise = self.processes = 0

    def plant(self, names):
        for name in names:
            with open(os.path.join(CANARIES, name), "w") as file:
                file.write("cofferdam-canary-%s\n" % name[::-1])
        self.look()
        self.clear()

    def tidy(self):
        for name in os.listdir(CANARIES):
            path = os.path.join(CANARIES, name)
            try:
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
            except OSError:
                pass
        self.look()

    def look(self):
        """Takes in what the kernel has told."""
        if self.inotify < 0:
            return
        try:
            data = os.read(self.inotify, 1 << 16)
        except OSError:
            return
        at = 0
        while at + 16 <= len(data):
            _, mask, _, size = struct.unpack_from("iIII", data, at)
            name = data[at + 16:at + 16 + size].rstrip(b"\0").decode("utf-8", "replace")
            at += 16 + size
            seen = self.made if mask & IN_CREATE else self.opened
            if name and name not in seen and len(seen) < 32:
                seen.append(name)

    def answer(self):
        """Somebody has reached the listener."""
        try:
            link, _ = self.listener.accept()
        except OSError:
            return
        with link:
            link.settimeout(0.3)
            try:
                head = link.recv(2048).decode("latin-1").split("\r\n")[0]
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                             b"Content-Length: 9\r\nConnection: close\r\n\r\ncofferdam")
            except OSError:
                head = ""
        if len(self.hits) < 32:
            self.hits.append(head[:300])

    def count(self):
        """How many processes there are; the box has a table of its own."""
        try:
            here = sum(name.isdigit() for name in os.listdir("/proc"))
        except OSError:
            return
        self.processes = max(self.processes, here)

    def report(self):
        self.look()
        self.count()
        return {"opened": self.opened, "made": self.made, "hits": self.hits,
                "noise": self.noise, "processes": self.processes}


class Worker:
    """The process that runs the project's code."""

    def __init__(self, order, port):
        env = dict(os.environ, **order["env"])
        self.errors = open("/tmp/cofferdam/errors", "w+b")
        # What the worker says begins with it, so that what others write there
        # is not taken for its words. The project could find it out.
        self.token = os.urandom(12).hex()
        self.acts = []
        self.process = subprocess.Popen(
            order["argv"] + [json.dumps(dict(order["options"], root=COPY, canaries=CANARIES, port=port, token=self.token))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            cwd=COPY, env=env, start_new_session=True)
        self.out = self.process.stdout.fileno()
        os.set_blocking(self.out, False)
        self.left = b""

    def tell(self, line):
        try:
            self.process.stdin.write(line + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass

    def hear(self, eyes, patience):
        """The next line, or why there is none."""
        until = time.monotonic() + patience
        while True:
            line, found, rest = self.left.partition(b"\n")
            if found:
                self.left = rest
                line = self.own(line, eyes)
                if line is not None:
                    return line, None
                continue
            if len(self.left) > LINE:
                return None, "it said more than a line may hold"
            wait = until - time.monotonic()
            if wait <= 0:
                return None, "no answer within %d seconds" % patience
            ready, _, _ = select.select(
                [self.out, eyes.listener] + ([eyes.inotify] if eyes.inotify >= 0 else []), [], [], min(wait, 1))
            if not ready:
                eyes.count()
            if eyes.listener in ready:
                eyes.answer()
            if eyes.inotify in ready:
                eyes.look()
            if self.out in ready:
                data = os.read(self.out, 1 << 16)
                if not data:
                    return None, "its process ended: " + self.last_words()
                self.left += data

    def own(self, line, eyes):
        """What the worker itself says in a line, if it answers."""
        before, found, said = line.partition(self.token.encode())
        if before or not found:
            eyes.noise += 1
        if said[:1] != b"+":
            return said[1:] if found else None
        if len(self.acts) < 50:
            self.acts.append(text(said[1:4000]))
        return None

    def taken_acts(self):
        acts, self.acts = self.acts, []
        return acts

    def last_words(self):
        try:
            self.errors.flush()
            size = os.fstat(self.errors.fileno()).st_size
            return os.pread(self.errors.fileno(), 400, max(0, size - 400)).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass
        self.process.kill()
        self.process.wait()
        self.errors.close()


def say(out, message):
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


def serve(order):
    out, commands = sys.stdout.buffer, sys.stdin.buffer
    os.makedirs("/tmp/cofferdam", mode=0o700, exist_ok=True)
    too_large = copy_project(order["source"], order["most"])
    if too_large:
        return say(out, {"ended": too_large, "seen": None})
    with open("/tmp/cofferdam/driver", "w") as file:
        file.write(order["driver"])
    say(out, {"begun": True})
    eyes = Eyes()
    worker = None
    while True:
        if worker is None:
            worker = Worker(order, eyes.port)
            said, ended = worker.hear(eyes, order["start_patience"])
            started = ended is None
            say(out, {"said": text(said), "ended": ended, "seen": eyes.report(), "port": eyes.port,
                      "acts": worker.taken_acts()})
            eyes.clear()
            if not started:
                return worker.end()
        line = commands.readline()
        if not line:
            return worker.end()
        eyes.plant([name for name in json.loads(line).get("plant", [])])
        worker.tell(line.rstrip(b"\n"))
        said, ended = worker.hear(eyes, order["patience"])
        say(out, {"said": text(said), "ended": ended, "seen": eyes.report(), "acts": worker.taken_acts()})
        eyes.tidy()
        eyes.clear()
        if ended is not None:
            worker.end()
            worker = None


def text(line):
    return None if line is None else line.decode("utf-8", "replace")


serve(json.loads(sys.stdin.buffer.readline()))
