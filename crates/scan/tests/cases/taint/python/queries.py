# Queries: put together (found) and with placeholders or checked values (silent).
import sqlite3

from flask import Flask, abort, request

app = Flask(__name__)
COLUMNS = ("name", "price")


@app.route("/found")
def found():
    db = sqlite3.connect("shop.db")
    name = request.args.get("name")
    db.execute("SELECT * FROM goods WHERE name = '" + name + "'")  # finds A sql-injection
    db.execute("SELECT * FROM goods WHERE name = '%s'" % name)  # finds A sql-injection
    db.execute("SELECT * FROM goods WHERE name = '{}'".format(name))  # finds A sql-injection
    db.execute(f"SELECT * FROM goods WHERE name = '{name}'")  # finds A sql-injection
    return "done"


@app.route("/silent")
def silent():
    db = sqlite3.connect("shop.db")
    name = request.args.get("name")
    db.execute("SELECT * FROM goods WHERE name = ?", (name,))
    db.execute("SELECT * FROM goods WHERE id = %d" % int(request.args["id"]))
    column = request.args.get("sort")
    if column not in COLUMNS:
        abort(400)
    db.execute("SELECT * FROM goods ORDER BY " + column)
    word = "fixed" if 7 * 6 == 42 else name
    db.execute("SELECT * FROM goods WHERE name = '" + word + "'")
    return "done"


@app.route("/number/<int:number>")
def number(number):
    sqlite3.connect("shop.db").execute(f"SELECT * FROM goods WHERE id = {number}")
    return "done"


def by_title(cursor, title):
    cursor.execute("SELECT * FROM books WHERE title = '%s'" % title)  # finds B sql-injection


class Store:
    def of(self, key):
        # The name of a table is the program's own; a value is not.
        self.query(f"SELECT * FROM {self.table} WHERE key = ?", key)
        self.query(f"SELECT * FROM goods WHERE owner = '{self.owner}'")  # finds C sql-injection

    def of_table(self, table):
        self.query(f"SELECT * FROM {table}")  # finds B sql-injection
