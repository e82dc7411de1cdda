# Paths: as they come (found), and checked to be below a directory (silent).
import os
import tarfile
from pathlib import Path

from flask import Flask, abort, request, send_file
from werkzeug.utils import secure_filename

app = Flask(__name__)
ROOT = "/srv/files"


@app.get("/found")
def found():
    name = request.args.get("name", "")
    open(os.path.join(ROOT, name))  # finds A path-traversal
    (Path(ROOT) / name).read_text()  # finds A path-traversal
    tarfile.TarFile.open(ROOT + name)  # finds A path-traversal
    return send_file(ROOT + "/" + name)  # finds A path-traversal


@app.get("/silent")
def silent():
    name = request.args.get("name", "")
    open(os.path.join(ROOT, secure_filename(name)))
    path = os.path.realpath(os.path.join(ROOT, name))
    if not path.startswith(ROOT + "/"):
        abort(404)
    open(path)
    other = request.args.get("other", "")
    if ".." in other:
        abort(404)
    return send_file(ROOT + "/" + other)
