"""Queries that are put together."""
import sqlite3

from flask import Flask, request

app = Flask(__name__)


@app.get("/plus")
def plus():
    db = sqlite3.connect("shop.db")
    name = request.args.get("name")
    rows = db.execute("SELECT * FROM goods WHERE name = '" + name + "' AND open = 1")
    return str(rows.fetchall())


@app.get("/percent")
def percent():
    db = sqlite3.connect("shop.db")
    return str(db.execute('SELECT * FROM goods WHERE name = "%s" AND price < %s' % (request.args["a"], request.args["b"])).fetchall())


@app.get("/braces")
def braces():
    db = sqlite3.connect("shop.db")
    db.execute("SELECT * FROM goods WHERE name LIKE '%{}%' LIMIT {n}".format(request.args["a"], n=request.args["n"]))
    return "done"


@app.get("/letter")
def letter():
    db = sqlite3.connect("shop.db")
    name = request.args["name"]
    query = f"""
        SELECT * FROM goods
        WHERE name = '{name}' AND kind IN ('a', 'b')
    """
    return str(db.execute(query).fetchall())


@app.get("/insert")
def insert():
    db = sqlite3.connect("shop.db")
    db.execute(
        "INSERT INTO goods (name, price) "
        f"VALUES ('{request.args['name']}', {request.args['price']})"
    )
    return "done"


@app.get("/column")
def column():
    db = sqlite3.connect("shop.db")
    return str(db.execute("SELECT * FROM goods ORDER BY " + request.args["by"]).fetchall())


@app.get("/changed")
def changed():
    db = sqlite3.connect("shop.db")
    query = "SELECT * FROM goods WHERE name = '" + request.args["name"] + "'"
    if request.args.get("open"):
        query += " AND open = 1"
    return str(db.execute(query).fetchall())
