import os
import subprocess as sp

from flask import Flask, request

app = Flask(__name__)


@app.post("/system")
def system():
    os.system("ping -c 1 " + request.form["host"])
    return "done"


@app.post("/status")
def status():
    host = request.form["host"]
    if os.system(f"ping -c 1 '{host}'") != 0:
        return "down"
    return "up"


@app.post("/shell")
def shell():
    host = request.form["host"]
    out = sp.check_output(f"host -t A {host}", shell=True, text=True)
    return {"out": out}


@app.post("/variable")
def variable():
    command = "tar -czf /tmp/%s.tgz ." % request.form["name"]
    sp.run(command, shell=True, check=True)
    return "done"


@app.post("/open")
def opened():
    return {"out": os.popen("date -d " + request.form["day"]).read()}


@app.post("/list")
def as_list():
    sp.run(["sh", "-c", "ping " + request.form["host"]])
    return "done"


@app.post("/pipe")
def pipe():
    sp.run("cat " + request.form["name"] + " | wc -l", shell=True)
    return "done"
