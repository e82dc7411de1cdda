# An application with one hole of each kind, and for each something that looks
# like it and is none.
import os
import pickle
import re
import shlex
import sqlite3
import subprocess
import urllib.request
import xml.sax
from xml.sax.handler import ContentHandler, feature_external_ges

from flask import Flask, make_response, redirect, render_template_string, request, session
from markupsafe import escape

app = Flask(__name__)
app.secret_key = "only for this test"
app.config["SESSION_COOKIE_SECURE"] = True
db = sqlite3.connect("app.db", check_same_thread=False)
db.execute("CREATE TABLE people (id INTEGER, name TEXT)")


@app.route("/search")
def search():
    q = request.args.get("q", "")
    rows = db.execute("SELECT id FROM people WHERE name = '%s'" % q).fetchall()
    return str(len(rows))


@app.route("/safe/search")
def safe_search():
    rows = db.execute("SELECT id FROM people WHERE name = ?", [request.args.get("q", "")]).fetchall()
    quoted = request.args.get("r", "").replace("'", "''")
    rows += db.execute("SELECT id FROM people WHERE name = '%s'" % quoted).fetchall()
    return str(len(rows))


def nobody_calls(identifier):
    return db.execute("SELECT name FROM people WHERE id = '%s'" % identifier)


@app.route("/run")
def run():
    os.system("echo %s > /dev/null" % request.args["host"])
    return "done"


@app.route("/safe/run")
def safe_run():
    host = request.args["host"]
    subprocess.run(["echo", host], capture_output=True)
    os.system("echo %s > /dev/null" % shlex.quote(host))
    return "done"


@app.route("/file/<path:name>")
def file(name):
    with open("static/" + name) as found:
        return found.read()


@app.route("/safe/file/<path:name>")
def safe_file(name):
    path = os.path.realpath(os.path.join("static", name))
    if not path.startswith(os.path.realpath("static") + os.sep):
        return "no", 403
    with open(path) as found:
        return found.read()


@app.route("/hello")
def hello():
    return "<p>Hello %s</p>" % request.args.get("name", "")


@app.route("/safe/hello")
def safe_hello():
    name = request.args.get("name", "")
    if request.args.get("plain"):
        return name, 200, {"Content-Type": "text/plain"}
    return "<p title='%s'>Hello %s</p>" % (escape(name), escape(name))


@app.route("/go")
def go():
    return redirect(request.args.get("next", "/"))


@app.route("/safe/go")
def safe_go():
    target = request.args.get("next", "/")
    if not re.fullmatch(r"/[\w-]*", target):
        target = "/"
    return redirect(target)


@app.route("/template")
def template():
    return render_template_string("Dear " + request.headers.get("X-Greeting", ""))


@app.route("/safe/template")
def safe_template():
    return render_template_string("Dear {{ name }}", name=request.headers.get("X-Greeting", ""))


@app.route("/calculate", methods=["POST"])
def calculate():
    return str(eval(request.get_json()["sum"], {}))


@app.route("/safe/calculate", methods=["POST"])
def safe_calculate():
    words = request.get_json()["sum"]
    if not re.fullmatch(r"[\d+*() -]{1,20}", words):
        return "no", 400
    return str(eval(words, {}))


@app.route("/load", methods=["POST"])
def load():
    pickle.loads(bytes.fromhex(request.form["state"]))
    return "loaded"


class Harmless(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError("no classes")


@app.route("/safe/load", methods=["POST"])
def safe_load():
    import io
    Harmless(io.BytesIO(bytes.fromhex(request.form["state"]))).load()
    return "loaded"


def parse_with(external):
    parser = xml.sax.make_parser()
    parser.setFeature(feature_external_ges, external)
    parser.setContentHandler(ContentHandler())
    parser.feed(request.get_data().decode())
    return "parsed"


@app.route("/parse", methods=["POST"])
def parse():
    return parse_with(True)


@app.route("/safe/parse", methods=["POST"])
def safe_parse():
    return parse_with(False)


@app.route("/reach")
def reach():
    with urllib.request.urlopen(request.args["url"], timeout=2) as answer:
        return answer.read()[:10]


@app.route("/safe/reach")
def safe_reach():
    if not request.args["url"].startswith("https://api.example.com/"):
        return "no", 400
    with urllib.request.urlopen(request.args["url"], timeout=2) as answer:
        return answer.read()[:10]


@app.route("/cookie")
def cookie():
    answer = make_response("set")
    answer.set_cookie("seen", "1")
    return answer


@app.route("/safe/cookie")
def safe_cookie():
    answer = make_response("set")
    answer.set_cookie("seen", "1", secure=True, httponly=True)
    session["visits"] = 1
    return answer


if __name__ == "__main__":
    app.run(debug=True)
