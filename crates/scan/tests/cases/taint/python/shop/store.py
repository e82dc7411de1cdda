# What the routes call.
import sqlite3

connection = sqlite3.connect("shop.db")


def _ask(words):
    connection.execute("SELECT * FROM goods WHERE name = '" + words + "'")  # finds A sql-injection


def find(name):
    _ask(name)


def find_checked(name):
    connection.execute("SELECT * FROM goods WHERE id = '" + name + "'")  # finds B sql-injection
