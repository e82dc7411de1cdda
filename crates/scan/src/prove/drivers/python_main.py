# Last part of the worker for Python: answers requests, one line each.
import asyncio, io, signal
from urllib.parse import quote, urlencode

MOST_BODY = 1 << 16
PATIENCE = OPTIONS["seconds"]
_jar = {}


class TooLong(BaseException):
    pass


def alarm(*_):
    raise TooLong()


def cookie_words(pairs):
    def value(text):
        if re.fullmatch(r"[\w!#$%&'()*+./:<=>?@\[\]^`{|}~-]*", text):
            return text
        data = text.encode("utf-8")
        return '"%s"' % "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in '",;\\' else "\\%03o" % b for b in data)
    return "; ".join("%s=%s" % (name, value(text)) for name, text in pairs)


def body_of(request):
    if request.get("json") is not None:
        return "application/json", json.dumps(request["json"]).encode()
    if request.get("body") is not None:
        return request.get("body_type") or "text/plain", request["body"].encode("utf-8")
    if request.get("form") is not None:
        return "application/x-www-form-urlencoded", urlencode([tuple(p) for p in request["form"]]).encode()
    return None, b""


def head_of(request):
    headers = [("Host", "localhost"), ("User-Agent", "cofferdam"), ("Accept", "*/*")]
    named = {name.lower() for name, _ in request["headers"]}
    headers = [pair for pair in headers if pair[0].lower() not in named]
    headers += [tuple(pair) for pair in request["headers"]]
    given = {name for name, _ in request["cookies"]}
    kept = ["%s=%s" % pair for pair in _jar.items() if pair[0] not in given]
    if request["cookies"] or kept:
        sent = [cookie_words(request["cookies"])] if request["cookies"] else []
        headers.append(("Cookie", "; ".join(sent + kept)))
    return headers


def call_wsgi(app, request):
    kind, body = body_of(request)
    environ = {
        "REQUEST_METHOD": request["method"], "SCRIPT_NAME": "", "SERVER_NAME": "localhost",
        "PATH_INFO": request["path"].encode("utf-8").decode("latin-1"), "SERVER_PORT": "80",
        "QUERY_STRING": urlencode([tuple(p) for p in request["query"]], quote_via=quote),
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": False,
        "wsgi.run_once": False}
    if kind:
        environ["CONTENT_TYPE"] = kind
    for name, value in head_of(request):
        environ["HTTP_" + name.upper().replace("-", "_")] = value.encode("utf-8").decode("latin-1")
    answer = {}

    def start(status, headers, error=None):
        answer.update(status=int(status.split()[0]), headers=[list(map(cut, h)) for h in headers])
        return lambda data: None

    chunks, size = [], 0
    result = app(environ, start)
    try:
        for chunk in result:
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BODY:
                break
    finally:
        if hasattr(result, "close"):
            result.close()
    answer["body"] = b"".join(chunks)[:MOST_BODY].decode("utf-8", "replace")
    return answer


def call_asgi(app, request):
    kind, body = body_of(request)
    headers = [(n.lower().encode("latin-1", "replace"), v.encode("utf-8")) for n, v in head_of(request)]
    if kind:
        headers += [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request["method"],
             "scheme": "http", "path": request["path"], "raw_path": quote(request["path"]).encode(),
             "query_string": urlencode([tuple(p) for p in request["query"]], quote_via=quote).encode(),
             "root_path": "", "headers": headers, "server": ("localhost", 80), "client": ("127.0.0.1", 1)}
    answer, given = {"body": b""}, []

    async def receive():
        if given:
            return {"type": "http.disconnect"}
        given.append(1)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            answer["headers"] = [[cut(n), cut(v)] for n, v in message.get("headers", ())]
        elif message["type"] == "http.response.body" and len(answer["body"]) < MOST_BODY:
            answer["body"] += message.get("body", b"")

    _loop.run_until_complete(app(scope, receive, send))
    answer["body"] = answer["body"][:MOST_BODY].decode("utf-8", "replace")
    return answer


def keep_cookies(headers):
    """A session goes on from one request to the next."""
    for name, value in headers:
        pair, _, _ = value.partition(";")
        key, found, text = pair.partition("=")
        if name.lower() == "set-cookie" and found and len(_jar) < 50:
            _jar[key.strip()] = text.strip()


def call(app, request):
    global _events, _asked
    answer = {"status": 0, "headers": [], "body": "", "error": ""}
    _events, _asked = [], set()
    _tags.clear()
    try:
        signal.alarm(PATIENCE)
        if request.get("call"):
            answer.update(call_alone(request["call"]))
        else:
            caller = call_asgi if hasattr(app, "routes") and not hasattr(app, "url_map") else call_wsgi
            answer.update(caller(app, request))
        keep_cookies(answer["headers"])
    except TooLong:
        answer["error"] = "no answer within %d seconds" % PATIENCE
    except BaseException as error:
        answer["error"] = "%s: %s" % (type(error).__name__, cut(error)[:200])
    finally:
        signal.alarm(0)
        answer["events"], answer["asked"] = _events, sorted(map(list, _asked))
        _events = _asked = None
    return answer


def run():
    global _loop, _tell, _loading
    signal.signal(signal.SIGALRM, alarm)
    out, commands = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    dumps, loads, token = json.dumps, json.loads, OPTIONS["token"].encode()

    def say(message, mark=b" "):
        out.write(token + mark + dumps(message).encode() + b"\n")
        out.flush()

    _tell = lambda act: say(act, b"+")
    _loop = asyncio.new_event_loop()
    sys.argv = [""]
    watch()
    watch_requests()
    remember_apps()
    problems = [] if OPTIONS.get("alone") else import_app()
    served, routes = [], []
    for app in _apps:
        for each in routes_of(app):
            each["app"] = len(served)
            routes.append(each)
        served.append(app)
    for app in served:
        if hasattr(app, "config") and hasattr(app, "url_map"):
            app.config["WTF_CSRF_ENABLED"] = False
            app.config["PROPAGATE_EXCEPTIONS"] = False
    say({"routes": routes[:5000], "problems": problems[:10]})
    _loading = False
    for line in commands:
        request = loads(line)
        say(call(None if request.get("call") else served[request["app"]], request))


try:
    run()
except BrokenPipeError:
    pass
