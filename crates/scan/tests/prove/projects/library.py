# Functions that others call: one of each kind that does harm with what it is
# given, and one that does not.
import os
import pickle
import sqlite3
import subprocess
import urllib.request


def ping(host, count=1):
    os.system("true " + host)


def safe_ping(host):
    subprocess.run(["true", host], check=False)


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE people (name TEXT)")

    def find(self, limit, name):
        return fetch(self.db, "SELECT * FROM people WHERE name = '" + name + "'")

    def safe_find(self, limit, name):
        return fetch(self.db, "SELECT * FROM people WHERE name = ?", name)


def fetch(db, statement, *values):
    return db.execute(statement, values).fetchall()


def read(name: str):
    with open(os.path.join("data", name)) as file:
        return file.read()


def safe_read(name: str):
    with open(os.path.join("data", os.path.basename(name))) as file:
        return file.read()


async def reach(url):
    with urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status


def load(data: bytes):
    return pickle.loads(data)


def hello(name):
    return "<p>" + name


def outer(command):
    def inner(words):
        os.system(words)
    return inner
