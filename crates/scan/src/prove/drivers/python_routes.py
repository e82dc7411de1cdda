# Third part of the worker for Python: finds the application and its routes,
# in the framework's own table.
import inspect, runpy

_apps = []
SKIPPED = {"tests", "test", "docs", "node_modules", "venv", ".venv", "migrations", "site-packages"}
MADE = re.compile(rb"\b(Flask|FastAPI|Starlette|Quart)\s*\(|get_(w|a)sgi_application")
FIRST = ("app.py", "wsgi.py", "main.py", "application.py", "server.py", "api.py", "run.py", "asgi.py", "__init__.py")


class Stop(BaseException):
    """Ends a program that would serve for ever."""


def remember_apps():
    for module, name in (("flask", "Flask"), ("fastapi", "FastAPI"), ("starlette.applications", "Starlette")):
        owner = getattr(load(module), name, None)
        if owner is None:
            continue

        def begin(self, *args, _i=owner.__init__, **named):
            _apps.append(self)
            _i(self, *args, **named)

        owner.__init__ = begin
        if name == "Flask":
            owner.run = lambda self, *args, **named: None
    uvicorn = load("uvicorn")
    if uvicorn is not None:
        uvicorn.run = lambda *args, **named: None
    import socketserver
    socketserver.BaseServer.serve_forever = lambda self, *args, **named: None


def candidates():
    found = []
    for here, folders, files in os.walk(ROOT):
        depth = here[len(ROOT):].count("/")
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith(".")) if depth < 4 else []
        for name in sorted(files):
            path = os.path.join(here, name)
            if name == "manage.py":
                found.append((0, depth, path))
            elif name.endswith(".py") and not name.startswith("test_"):
                try:
                    with open(path, "rb") as file:
                        text = file.read(1 << 19)
                except OSError:
                    continue
                if MADE.search(text):
                    rank = FIRST.index(name) if name in FIRST else len(FIRST)
                    found.append((1 + rank, depth, path))
    return [path for _, _, path in sorted(found)][:20]


def import_path(path):
    """Imports a file as the module that it is in its package."""
    folder, name = os.path.split(path)
    words = [] if name == "__init__.py" else [name[:-3]]
    while os.path.exists(os.path.join(folder, "__init__.py")) and folder.startswith(ROOT + "/"):
        folder, last = os.path.split(folder)
        words.insert(0, last)
    for place in (folder, ROOT):
        if place not in sys.path:
            sys.path.insert(0, place)
    os.chdir(folder)
    return importlib.import_module(".".join(words))


def import_app():
    """Imports what makes an application, until there is one with routes."""
    errors = []
    for path in candidates():
        name = os.path.relpath(path, ROOT)
        try:
            if name.endswith("manage.py"):
                if django_app(path):
                    return errors
                continue
            module = import_path(path)
            if not _apps:
                make_app(module)
            if not any(routes_of(app) for app in _apps):
                runpy.run_path(path, run_name="__main__")
        except BaseException as error:
            errors.append("%s: %s: %s" % (name, type(error).__name__, cut(error)[:200]))
        if any(routes_of(app) for app in _apps):
            return errors
    return errors or ["no file makes an application of a framework that is known here"]


def make_app(module):
    for name in ("create_app", "make_app", "app_factory", "build_app", "get_app"):
        maker = getattr(module, name, None)
        if callable(maker):
            maker()
            return


def django_app(path):
    with open(path) as file:
        named = re.search(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)", file.read())
    if named is None or load("django") is None:
        return False
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    os.chdir(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = named.group(1)
    import django
    from django.conf import settings
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    # Each error would be made into a page for administrators.
    settings.LOGGING_CONFIG = None
    for name, database in settings.DATABASES.items():
        if "sqlite" not in database.get("ENGINE", ""):
            settings.DATABASES[name] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/cofferdam/" + name}
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "CsrfViewMiddleware" not in each]
    django.setup()
    from django.core.management import call_command
    try:
        call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    except BaseException:
        # Without tables more requests fail; that is then what is seen.
        pass
    from django.core.wsgi import get_wsgi_application
    _apps.append(get_wsgi_application())
    return True


def handler_of(function):
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    for name in ("view_class", "cls"):
        if hasattr(function, name):
            function = getattr(function, name)
    return function


def place_of(function):
    function = handler_of(function)
    code = getattr(function, "__code__", None)
    if code is None:
        try:
            file, line = inspect.getsourcefile(function), inspect.getsourcelines(function)[1]
        except Exception:
            return ["", 0, getattr(function, "__name__", "")]
    else:
        file, line = code.co_filename, code.co_firstlineno
    file = os.path.normpath(os.path.join(os.getcwd(), file or ""))
    file = file[len(ROOT) + 1:] if file.startswith(ROOT + "/") else ""
    return [file, line, getattr(function, "__name__", "")]


def constants_of(function):
    """Words in its code that may be names of inputs."""
    found, codes = [], [getattr(handler_of(function), "__code__", None)]
    while codes:
        code = codes.pop()
        for constant in getattr(code, "co_consts", ()):
            if isinstance(constant, types.CodeType):
                codes.append(constant)
            elif isinstance(constant, str) and re.fullmatch(r"[A-Za-z_][\w.-]{1,39}=?", constant):
                word = constant.rstrip("=")
                if word not in found:
                    found.append(word)
    return found[:12]


def route(methods, path, function, declared=()):
    return {"methods": sorted(m for m in methods if m not in ("HEAD", "OPTIONS")), "path": path,
            "place": place_of(function), "constants": constants_of(function), "declared": list(declared)}


def routes_of(app):
    if hasattr(app, "url_map"):
        return flask_routes(app)
    if hasattr(app, "routes"):
        return list(starlette_routes(app.routes, ""))
    return list(django_routes())


def flask_routes(app):
    found = []
    for rule in app.url_map.iter_rules():
        function = app.view_functions.get(rule.endpoint)
        if function is not None and rule.endpoint.rpartition(".")[2] != "static":
            found.append(route(rule.methods or (), re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule), function))
    return found


def starlette_routes(routes, before):
    for each in routes:
        path = before + getattr(each, "path", "")
        if hasattr(each, "routes") and not hasattr(each, "endpoint"):
            yield from starlette_routes(each.routes or (), path)
        elif getattr(each, "methods", None) and hasattr(each, "endpoint"):
            if each.endpoint.__module__.startswith("fastapi"):
                continue
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
            yield route(each.methods, path, each.endpoint, list(declared_by(getattr(each, "dependant", None))))


def declared_by(dependant):
    if dependant is None:
        return
    for channel, name in (("query", "query_params"), ("header", "header_params"), ("cookie", "cookie_params")):
        for field in getattr(dependant, name, ()):
            yield [channel, getattr(field, "alias", field.name)]
    fields = list(getattr(dependant, "body_params", ()))
    for field in fields:
        kind = "form" if type(field.field_info).__name__ in ("Form", "File") else "json"
        model = getattr(field, "type_", None) or getattr(field.field_info, "annotation", None)
        inner = getattr(model, "model_fields", None) or getattr(model, "__fields__", None)
        if kind == "json" and inner:
            for name in inner:
                yield ["json", name if len(fields) == 1 else field.alias + "." + name]
        else:
            yield [kind, field.alias]
    for inner in getattr(dependant, "dependencies", ()):
        yield from declared_by(inner)


def django_routes():
    from django.urls import get_resolver
    return walk_django(get_resolver().url_patterns, "/")


def walk_django(patterns, before):
    for each in patterns:
        path = before + django_path(str(each.pattern))
        if hasattr(each, "url_patterns"):
            if getattr(each, "app_name", None) != "admin":
                yield from walk_django(each.url_patterns, path)
        else:
            yield route(django_methods(each.callback), path, each.callback)


def django_methods(view):
    """What a view tells of the methods that it takes."""
    function = handler_of(view)
    methods = ("get", "post", "put", "patch", "delete")
    if inspect.isclass(function):
        return [name.upper() for name in methods if hasattr(function, name)]
    names = set(getattr(getattr(function, "__code__", None), "co_names", ()))
    reads_body = names & {"POST", "FILES", "body", "data", "method", "read"}
    if "GET" in names and not reads_body:
        return ["GET"]
    return ["GET", "POST"]


def django_path(pattern):
    pattern = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\))?[^()]*\)", r"{\1}", pattern))
    return pattern.replace("^", "").replace("\\Z", "").replace("$", "").replace("\\", "")
