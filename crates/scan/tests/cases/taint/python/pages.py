# Pages: markup put together (found), and escaped or in a template (silent).
import html

from flask import Flask, jsonify, make_response, redirect, render_template, render_template_string, request
from urllib.parse import urlparse

app = Flask(__name__)


@app.route("/found")
def found():
    name = request.args.get("name")
    return "<p>Hello " + name + "</p>"  # finds A cross-site-scripting


@app.route("/template")
def template():
    return render_template_string("Hello " + request.args["name"])  # finds A cross-site-scripting, A template-injection


@app.route("/away")
def away():
    return redirect(request.args["next"])  # finds A open-redirect


def escape_all(text):
    out = ""
    for c in text:
        out += c if c.isalnum() else f"&#{ord(c)};"
    return out


@app.route("/silent")
def silent():
    return "<p>Hello " + html.escape(request.args["name"]) + "</p>"


@app.route("/own")
def own():
    return "<p>Hello " + escape_all(request.args["name"]) + "</p>"


@app.route("/rendered")
def rendered():
    return render_template("hello.html", name=request.args["name"])


@app.route("/json")
def as_json():
    return jsonify(name=request.args["name"])


@app.route("/near")
def near():
    target = request.args["next"]
    if urlparse(target).netloc != "":
        return "no"
    return redirect(target)


@app.route("/cookie")
def cookie():
    answer = make_response("done")
    answer.set_cookie("a", "1", secure=True, httponly=True)
    answer.set_cookie("b", "1")  # finds B cookie-without-secure
    return answer
