# Keys and passwords in the code. What reads like a secret is told by the
# detector of secrets, and what reads like none of anybody's is told here.
import os

import jwt
from flask import Flask

app = Flask(__name__)
app.config["SECRET_KEY"] = "supersecret"  # finds B hard-coded-credential
app.secret_key = "keep it safe"  # finds B hard-coded-credential
app.config["SESSION_SECRET_KEY"] = os.environ["KEY"]
password = "changeme"
password_hint = "your first pet"
db_password = "kR7vQz2mXw9LpT4s"


def token(user):
    return jwt.encode({"user": user}, "secret", algorithm="HS256")  # finds B hard-coded-credential


def read(text):
    return jwt.decode(text, os.environ["KEY"], algorithms=["HS256"])
