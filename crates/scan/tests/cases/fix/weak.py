import hashlib
import random
import ssl
import tempfile

import lxml.etree
import requests
import yaml
from flask import Flask, request

app = Flask(__name__)


@app.post("/load")
def load():
    return {"a": yaml.load(request.data, Loader=yaml.Loader)}


@app.post("/xml")
def xml():
    return {"a": lxml.etree.fromstring(request.data).tag}


@app.post("/sum")
def total():
    return {"a": eval(request.form["sum"])}


@app.post("/hash")
def hashed():
    return {"a": hashlib.md5(b"x").hexdigest(), "b": random.choice("abc")}


@app.post("/get")
def get():
    context = ssl._create_unverified_context()
    answer = requests.get("https://a.example.org/", verify=False)
    name = tempfile.mktemp(suffix=".txt")
    return {"a": answer.status_code, "b": name, "c": str(context)}


if __name__ == "__main__":
    app.run(debug=True)
