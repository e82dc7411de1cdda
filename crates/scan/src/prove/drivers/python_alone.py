# Fourth part of the worker for Python: calls a function by itself, one of its
# parameters with what is to be tried.
import itertools

_modules = {}
NUMBERS = re.compile(r"^(n|i|id|num\w*|count|limit|size|page|port|timeout|\w+_(id|count|size))$")


def module_of(path):
    """Imported once; what it does meanwhile is told as that of an application."""
    global _loading
    if path not in _modules:
        _loading = True
        try:
            _modules[path] = import_path(os.path.join(ROOT, path))
        finally:
            _loading = False
    return _modules[path]


def instance_of(owner):
    """An object to call a method of, with a constructor that needs little."""
    try:
        return owner(**harmless_arguments(owner.__init__, skip=1))
    except Exception:
        return owner.__new__(owner)


def harmless_arguments(function, skip=0):
    """What has to be passed to a function, by name."""
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    return {each.name: harmless_value(each) for each in parameters
            if each.default is each.empty and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}


def harmless_value(parameter):
    name, kind = parameter.name.lower(), parameter.annotation
    kind = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "bytes": bytes}.get(kind, kind)
    if kind in (int, float, bool, list, dict, bytes, set, tuple):
        return kind(1) if kind in (int, float) else kind()
    if "cursor" in name or name == "cur":
        return sqlite3_memory().cursor()
    if name in ("db", "conn", "connection", "database", "session", "engine", "con"):
        return sqlite3_memory()
    if kind is not str and NUMBERS.match(name):
        return 1
    return "harmless"


def sqlite3_memory():
    import sqlite3
    return sqlite3.connect(":memory:", check_same_thread=False)


def call_alone(wanted):
    target, owner = module_of(wanted["path"]), None
    for word in wanted["name"].split("."):
        target, owner = getattr(target, word), target
    if inspect.isclass(owner) and not isinstance(owner.__dict__.get(wanted["name"].rpartition(".")[2]), (staticmethod, classmethod)):
        target = getattr(instance_of(owner), wanted["name"].rpartition(".")[2])
    arguments = harmless_arguments(target)
    value = wanted["value"]
    signature = inspect.signature(target).parameters.get(wanted["parameter"])
    if signature is not None and signature.annotation in (bytes, "bytes"):
        value = value.encode("utf-8")
    arguments[wanted["parameter"]] = value
    result = target(**arguments)
    if inspect.isawaitable(result):
        result = _loop.run_until_complete(result)
    elif inspect.isgenerator(result):
        result = list(itertools.islice(result, 100))
    return {"status": 200, "body": result[:MOST_BODY] if isinstance(result, str) else ""}
