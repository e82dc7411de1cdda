# What is weak by itself.
import hashlib
import random
import re
import secrets

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def token():
    hashlib.new("md5")  # finds C weak-hash
    hashlib.md5(usedforsecurity=False)
    hashlib.sha256()
    secrets.token_hex()
    random.SystemRandom().random()
    re.match("(a+)+$", request.args["text"])  # finds A regex-denial-of-service
    re.match("a+$", request.args["text"])
    return str(random.random())  # finds C weak-random
