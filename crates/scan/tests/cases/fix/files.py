import os.path

from flask import Flask, request, send_file

app = Flask(__name__)
ROOT = "/srv/files"


@app.get("/send")
def send():
    return send_file(os.path.join(ROOT, request.args["name"]))


@app.get("/open")
def opened():
    name = request.args["name"]
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return {"text": file.read()}


@app.get("/variable")
def variable():
    path = ROOT + "/" + request.args["name"]
    return {"text": open(path).read()}


@app.get("/any")
def anything():
    return {"text": open(request.args["name"]).read()}
