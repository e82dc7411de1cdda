# Commands: through a shell (found), and as lists or quoted (silent).
import os
import shlex
import subprocess

from flask import Flask, request

app = Flask(__name__)


@app.post("/found")
def found():
    host = request.form["host"]
    os.system("ping -c 1 " + host)  # finds A command-injection
    subprocess.run(f"ping {host}", shell=True)  # finds A command-injection
    subprocess.run(["sh", "-c", "ping " + host])  # finds A command-injection
    return "done"


@app.post("/silent")
def silent():
    host = request.form["host"]
    subprocess.run(["ping", "-c", "1", host])
    subprocess.run("ping " + shlex.quote(host), shell=True)
    parts = ["fixed", host]
    parts.pop()
    os.system("ping " + parts[0])
    if not host.isalnum():
        return "no"
    os.system("ping " + host)
    return "done"
