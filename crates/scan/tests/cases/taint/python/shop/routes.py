# A flow through three files.
from flask import Flask, request

from . import store
from .checks import require_word, is_fine

app = Flask(__name__)


@app.get("/one")
def one():
    store.find(request.args["name"])
    return "done"


@app.get("/two")
def two():
    name = request.args["name"]
    require_word(name)
    store.find_checked(name)
    return "done"


@app.get("/three")
def three():
    name = request.args["name"]
    if is_fine(name):
        store.find_checked(name)
    return "done"
