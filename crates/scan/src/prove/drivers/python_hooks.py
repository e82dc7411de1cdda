# First part of the worker for Python: notes what the project's code does while
# a request is answered. It shares a process with that code, which could
# therefore say anything here: what it says is only ever about itself.
import ctypes, gc, importlib, importlib.util, json, os, re, sys, types

OPTIONS = json.loads(sys.argv[1])
ROOT = OPTIONS["root"]
MOST_EVENTS, MOST_TEXT = 60, 4000
_events = None
_asked = None
_loading = True
_tell = None
# Code of these packages asks on its own behalf.
FRAMEWORKS = ("werkzeug", "flask", "django", "starlette", "fastapi", "asgiref", "rest_framework",
              "anyio", "asyncio", "concurrent", "contextlib", "logging", "pprint", "threading")


def cut(value):
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value)[:MOST_TEXT].encode("utf-8", "replace").decode()


def places():
    """Where in the project this happens, the innermost first."""
    found, frame = [], sys._getframe(2)
    while frame is not None and len(found) < 6:
        code = frame.f_code
        name = code.co_filename
        if not name.startswith("/"):
            name = os.path.join(ROOT, name) if name.endswith(".py") else name
        if name.startswith(ROOT + "/") and "/site-packages/" not in name:
            found.append([os.path.normpath(name)[len(ROOT) + 1:], frame.f_lineno, code.co_name])
        frame = frame.f_back
    return found


def note(kind, *words):
    events = _events
    if events is None or len(events) >= MOST_EVENTS:
        return
    where = places()
    if where:
        events.append({"kind": kind, "words": [cut(word) for word in words], "places": where})


def resolved(path):
    try:
        if isinstance(path, int):
            return ""
        return os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))
    except Exception:
        return ""


def words_of(argument):
    if isinstance(argument, (str, bytes)) or not hasattr(argument, "__iter__"):
        return [argument]
    return list(argument)[:40]


CREDENTIALS = re.compile(
    r"/\.ssh/(id_|config|known)|/\.(netrc|git-credentials|pypirc|npmrc|pgpass|my\.cnf)$|/\.aws/(credentials|config)$"
    r"|/\.docker/config\.json$|/\.kube/config$|/\.gnupg/|/\.config/(gcloud|gh)/|/etc/g?shadow$")
OTHERS = re.compile(r"/proc/(\d+)/(mem|environ|fd|fdinfo|root|cwd|task)\b")
STDLIB = os.path.dirname(os.__file__)
# What gets at the kernel or at other processes past Python's own functions.
CALLS = {"ptrace", "process_vm_readv", "process_vm_writev", "mount", "unshare", "setns", "pivot_root",
         "init_module", "bpf", "kexec_load", "reboot", "keyctl", "kill", "tkill", "tgkill"}
_known_acts = set()


def directly():
    """Where the project does this itself, rather than a package that it uses."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        ours = name.startswith(ROOT + "/") and "/site-packages/" not in name
        if ours:
            return [os.path.normpath(name)[len(ROOT) + 1:], frame.f_lineno, frame.f_code.co_name]
        if frame.f_globals is not globals() and not name.startswith(("<", STDLIB)) or "-packages/" in name:
            return None
        frame = frame.f_back
    return None


def act(kind, text):
    """Tells what no application has to do, each thing once."""
    if _tell is None or (kind, text) in _known_acts or len(_known_acts) >= 40:
        return
    place = directly()
    if place is not None:
        _known_acts.add((kind, text))
        _tell({"kind": kind, "text": cut(text)[:200], "place": place})


def hostile(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        path, flags = resolved(args[0]), args[2] if isinstance(args[2], int) else 0
        other = OTHERS.search(path)
        if CREDENTIALS.search(path):
            act("credentials", "it opened `%s`" % path)
        elif other and other.group(1) != str(os.getpid()):
            act("process", "it opened `%s`" % other.group(0))
        elif flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not path.startswith((ROOT + "/", "/tmp/", "/dev/")):
            act("write", "it opened `%s` to write" % path)
    elif event in ("os.kill", "os.killpg"):
        if args[0] in (0, 1, -1, os.getppid()):
            act("process", "it sent signal %s to process %s" % (args[1], args[0]))
    elif event == "ctypes.dlsym":
        if args[1] in CALLS:
            act("process", "it called `%s` of the C library" % args[1])
    elif _loading and event == "socket.getaddrinfo":
        if str(args[0]) not in ("None", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""):
            act("network", "it asked for `%s` port %s" % (args[0], args[1]))
    elif _loading and event == "socket.connect" and isinstance(args[1], tuple):
        if not str(args[1][0]).startswith(("127.", "::1", "localhost")):
            act("network", "it connected to `%s` port %s" % args[1][:2])


def audit(event, args):
    hostile(event, args)
    if _events is None:
        return
    if event == "open":
        if isinstance(args[0], (str, bytes)):
            note("file", "open", resolved(args[0]))
    elif event in ("os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod"):
        if args and isinstance(args[0], (str, bytes)):
            note("file", event[3:], resolved(args[0]))
    elif event == "os.system":
        note("command", "shell", args[0])
    elif event == "subprocess.Popen":
        note("command", "program", *words_of(args[1]))
    elif event in ("os.exec", "os.posix_spawn", "os.spawn"):
        note("command", "program", *words_of(args[1] if event != "os.spawn" else args[2]))
    elif event == "socket.getaddrinfo":
        note("connect", args[0], args[1])
    elif event == "socket.connect":
        address = args[1]
        if isinstance(address, tuple):
            note("connect", *address[:2])


def wrap(owner, name, kind, position):
    """Notes one argument of a function before it is called."""
    inner = getattr(owner, name, None)
    if inner is None or getattr(inner, "_cofferdam", False):
        return

    def outer(*args, **named):
        if _events is not None:
            value = args[position] if len(args) > position else next(
                (v for v in named.values() if isinstance(v, (str, bytes))), None)
            if isinstance(value, (str, bytes)):
                note(kind, value)
        return inner(*args, **named)

    outer._cofferdam = True
    outer.__name__ = getattr(inner, "__name__", name)
    try:
        setattr(owner, name, outer)
    except TypeError:
        # A class written in C: its dictionary is changed where it lies.
        gc.get_referents(owner.__dict__)[0][name] = outer
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False


def load(name):
    if not has(name.partition(".")[0]):
        return None
    try:
        return importlib.import_module(name)
    except BaseException:
        return None


def watch_sqlite():
    sqlite3 = load("sqlite3")
    if sqlite3 is None:
        return
    connect, cursors, connections = sqlite3.connect, {}, {}

    def cursor_class(base):
        if base not in cursors:
            def noting(name):
                def outer(self, statement, *args):
                    note("sql", statement)
                    return getattr(base, name)(self, statement, *args)
                return outer
            names = ("execute", "executemany", "executescript")
            cursors[base] = type(base.__name__, (base,), {name: noting(name) for name in names})
        return cursors[base]

    def connection_class(base):
        if base not in connections:
            def cursor(self, factory=sqlite3.Cursor):
                if not isinstance(factory, type):
                    return base.cursor(self, factory)
                return base.cursor(self, cursor_class(factory))
            def short_cut(name):
                return lambda self, *args: getattr(self.cursor(), name)(*args)
            methods = {name: short_cut(name) for name in ("execute", "executemany", "executescript")}
            connections[base] = type(base.__name__, (base,), dict(methods, cursor=cursor))
        return connections[base]

    def outer(*args, **named):
        if len(args) <= 5:
            named["factory"] = connection_class(named.get("factory") or sqlite3.Connection)
        return connect(*args, **named)

    sqlite3.connect = sqlite3.dbapi2.connect = outer


class Rows:
    """A cursor of a database that is not there: takes every statement, has no
    rows."""
    rowcount, lastrowid, description, arraysize = 0, 1, None, 1

    def execute(self, statement, *args, **named):
        note("sql", statement if isinstance(statement, (str, bytes)) else str(statement))
        return self

    executemany = execute

    def fetchone(self, *args):
        return None

    def fetchall(self, *args):
        return []

    fetchmany = fetchall

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def close(self, *args):
        pass

    nextset = setinputsizes = close


class Database(Rows):
    """A connection to it."""
    autocommit, closed, encoding, server_version = True, 0, "UTF8", 150000

    def cursor(self, *args, **named):
        return Rows()

    def commit(self, *args, **named):
        pass

    rollback = set_session = select_db = ping = commit

    def is_connected(self):
        return True


def watch_databases():
    """No server can be reached from here, so that these answer themselves."""
    for name in ("psycopg2", "psycopg", "pymysql", "MySQLdb", "mysql.connector", "pyodbc", "pymssql"):
        module = load(name)
        if module is not None:
            module.connect = lambda *args, **named: Database()


def watch_queries():
    for name, attributes in (("ldap3", ["Connection"]), ("ldap.ldapobject", ["SimpleLDAPObject"])):
        module = load(name)
        for attribute in attributes if module else []:
            owner = getattr(module, attribute, None)
            for method in ("search", "search_s", "search_ext", "search_ext_s", "search_st"):
                if owner is not None:
                    wrap(owner, method, "ldap", 2 if name == "ldap3" else 3)
    module = load("xml.etree.ElementPath")
    for function in ("find", "findall", "iterfind", "findtext"):
        wrap(module, function, "xpath", 1)
    module = load("elementpath")
    if module is not None:
        for function in ("select", "iter_select"):
            wrap(module, function, "xpath", 1)
        wrap(module.Selector, "__init__", "xpath", 1)
    module = load("lxml.etree")
    if module is not None:
        for owner in (module._Element, module._ElementTree):
            for method in ("xpath", "find", "findall", "iterfind", "findtext"):
                wrap(owner, method, "xpath", 1)
        for name in ("XPath", "ETXPath"):
            inner = getattr(module, name)
            wrapped = type(name, (inner,), {"__init__": lambda self, path, *a, _i=inner, **k: (
                note("xpath", path), _i.__init__(self, path, *a, **k))[-1]})
            setattr(module, name, wrapped)


def watch_stat():
    """Asking whether a file is there raises no event of its own."""
    def asking(inner):
        def outer(path, *args, **named):
            if _events is not None and isinstance(path, (str, bytes, os.PathLike)):
                note("file", "stat", resolved(path))
            return inner(path, *args, **named)
        return outer
    # Not `lstat`, which is how a path is made plain before it is checked.
    os.stat = asking(os.stat)


def watch():
    for step in (watch_sqlite, watch_databases, watch_queries, watch_stat):
        try:
            step()
        except Exception:
            # Less is seen then; nothing is confirmed by what is not seen.
            pass
    for name in ("yaml", "pickle", "jinja2", "requests", "urllib.request", "xml.sax", "xml.dom.minidom"):
        load(name)
    sys.addaudithook(audit)
