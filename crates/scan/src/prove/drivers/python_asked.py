# Second part of the worker for Python: which inputs the project's code asks
# for, noted while it asks.


def asks(channel, name="*"):
    """Notes that the project (not its framework) asks for an input."""
    if _asked is None or len(_asked) > 200:
        return
    frame = sys._getframe(2)
    for _ in range(12):
        if frame is None:
            return
        name_of = frame.f_globals.get("__name__", "").partition(".")[0]
        if frame.f_globals is not globals() and name_of not in FRAMEWORKS:
            if name_of != "__main__" or frame.f_code.co_filename.startswith(ROOT):
                _asked.add((channel, cut(name)[:80]))
            return
        frame = frame.f_back


def asks_directly(channel):
    """Notes it only if the project itself is the caller."""
    caller = sys._getframe(2).f_globals.get("__name__", "").partition(".")[0]
    if caller not in FRAMEWORKS:
        asks(channel)


class Asked(dict):
    """A dictionary of inputs (cookies, a JSON body) that notes what it is
    asked for."""
    channel = "json"

    def __getitem__(self, name):
        asks(self.channel, name)
        return super().__getitem__(name)

    def __contains__(self, name):
        asks(self.channel, name)
        return super().__contains__(name)

    def get(self, name, default=None):
        asks(self.channel, name)
        return super().get(name, default)

    def pop(self, name, *default):
        asks(self.channel, name)
        return super().pop(name, *default)

    def __iter__(self):
        asks(self.channel)
        return super().__iter__()

    def keys(self):
        asks(self.channel)
        return super().keys()

    def items(self):
        asks(self.channel)
        return super().items()

    def values(self):
        asks(self.channel)
        return super().values()


class AskedCookies(Asked):
    channel = "cookie"


class AskedHeaders(Asked):
    channel = "header"

    def get(self, name, default=None):
        return super().get(name, default)


_tags = {}


def tag(thing, channel):
    if _asked is not None and len(_tags) < 1000:
        # Kept, so that no other thing gets its number.
        _tags[id(thing)] = (channel, thing)
    return thing


def noting_lookups(owner, names, iterations):
    """Notes look-ups in containers that are tagged with their channel."""
    def lookup(inner):
        def outer(self, name, *args, **named):
            tagged = _tags.get(id(self))
            if tagged is not None and isinstance(name, str):
                asks(tagged[0], name)
            return inner(self, name, *args, **named)
        return outer

    def iteration(inner):
        def outer(self, *args, **named):
            tagged = _tags.get(id(self))
            if tagged is not None:
                asks(tagged[0])
            return inner(self, *args, **named)
        return outer

    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, lookup(getattr(owner, name)))
    for name in iterations:
        if hasattr(owner, name):
            setattr(owner, name, iteration(getattr(owner, name)))


LOOKUPS = ("__getitem__", "get", "getlist", "get_all", "pop", "__contains__")
ITERATIONS = ("keys", "items", "values", "__iter__", "to_dict", "lists")


def tagging(owner, name, channel):
    """Tags what a property of a request gives."""
    inner = None
    for base in owner.__mro__:
        if name in base.__dict__:
            inner = base.__dict__[name]
            break
    if inner is None:
        return

    def get(self):
        return tag(inner.__get__(self, type(self)), channel)

    setattr(owner, name, property(get, getattr(inner, "__set__", None) and inner.__set__))


def watch_flask_requests():
    wrappers, kinds = load("flask.wrappers"), load("werkzeug.datastructures")
    if wrappers is None or kinds is None:
        return
    for owner in (kinds.ImmutableMultiDict, kinds.CombinedMultiDict, kinds.EnvironHeaders):
        noting_lookups(owner, LOOKUPS, ITERATIONS)
    request = wrappers.Request
    for name, channel in (("args", "query"), ("form", "form"), ("cookies", "cookie"),
                          ("values", "values"), ("files", "file")):
        tagging(request, name, channel)

    # Both are set by the framework, which reads the first on the way to the
    # parameters.
    def query_string(self):
        asks_directly("query")
        return self.__dict__["query_string_as_set"]

    def store(name):
        return lambda self, value: self.__dict__.__setitem__(name, value)

    request.query_string = property(query_string, store("query_string_as_set"))
    request.headers = property(
        lambda self: tag(self.__dict__["headers_as_set"], "header"), store("headers_as_set"))
    json_of, data_of = request.get_json, request.get_data

    def get_json(self, *args, **named):
        value = json_of(self, *args, **named)
        asks("json")
        return Asked(value) if type(value) is dict else value

    def get_data(self, *args, **named):
        asks_directly("body")
        return data_of(self, *args, **named)

    request.get_json, request.get_data = get_json, get_data
    session = load("flask.sessions").SecureCookieSession
    noting_sessions(session)


def noting_sessions(owner):
    def store(inner):
        def outer(self, name, value):
            if isinstance(name, str) and not name.startswith("_"):
                note("session", name, value)
            return inner(self, name, value)
        return outer
    setattr(owner, "__setitem__", store(owner.__setitem__))


def watch_django_requests():
    if load("django") is None:
        return
    base = load("django.core.handlers.base").BaseHandler
    query = load("django.http.request").QueryDict
    noting_lookups(query, LOOKUPS, ITERATIONS)
    inner = base.get_response

    def get_response(self, request):
        tag(request.GET, "query")
        if request.content_type != "application/json":
            tag(request.POST, "form")
        request.COOKIES = AskedCookies(request.COOKIES)
        return inner(self, request)

    base.get_response = get_response
    body = load("django.http.request").HttpRequest.body.fget

    def asked_body(self):
        asks("body")
        asks("json")
        return body(self)

    load("django.http.request").HttpRequest.body = property(asked_body)
    headers = load("django.http.request").HttpHeaders
    lookup = headers.__getitem__

    def asked_header(self, name):
        asks("header", name)
        return lookup(self, name)

    headers.__getitem__ = asked_header
    noting_sessions(load("django.contrib.sessions.backends.base").SessionBase)


def watch_starlette_requests():
    kinds, requests = load("starlette.datastructures"), load("starlette.requests")
    if kinds is None or requests is None:
        return
    for owner in (kinds.ImmutableMultiDict, kinds.Headers):
        noting_lookups(owner, LOOKUPS, ITERATIONS)
    request = requests.Request
    for name, channel in (("query_params", "query"), ("headers", "header")):
        tagging(request, name, channel)
    cookies = requests.HTTPConnection.cookies.fget
    requests.HTTPConnection.cookies = property(lambda self: AskedCookies(cookies(self)))
    json_of, body_of = request.json, request.body

    async def asked_json(self):
        value = await json_of(self)
        asks("json")
        return Asked(value) if type(value) is dict else value

    async def asked_body(self):
        asks_directly("body")
        return await body_of(self)

    request.json, request.body = asked_json, asked_body
    form_of = request._get_form

    async def asked_form(self, **named):
        return tag(await form_of(self, **named), "form")

    request._get_form = asked_form


def watch_requests():
    for step in (watch_flask_requests, watch_django_requests, watch_starlette_requests):
        try:
            step()
        except Exception:
            # Fewer inputs are known then.
            pass
