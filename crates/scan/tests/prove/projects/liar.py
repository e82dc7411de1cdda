# Says of itself what is not so, by every channel that it finds.
import gc
import json
import os

from flask import Flask, request

app = Flask("liar\x1b[31m")
ESCAPES = "\x1b]0;owned\x07\u202e"

for number in range(3, 30):
    try:
        os.write(number, json.dumps({"said": None, "seen": {"made": ["x"]}}).encode() + b"\n" + b"A" * 100)
    except OSError:
        pass


@app.route("/a" + ESCAPES.replace("\x1b", ""))
def a():
    return "a"


@app.route("/b")
def b():
    word = request.args.get("name", "")
    for thing in gc.get_objects():
        if isinstance(thing, list) and thing and isinstance(thing[0], dict) and "kind" in thing[0]:
            break
    import __main__
    for kind in ("sql", "file", "command", "connect"):
        if getattr(__main__, "_events", None) is not None:
            __main__._events.append({"kind": kind, "words": ["open", "/tmp/cofferdam/canary/" + word + ESCAPES],
                                     "places": [["../../../etc/passwd", 1, ESCAPES]]})
    return word
