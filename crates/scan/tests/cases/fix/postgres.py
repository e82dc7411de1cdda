import psycopg2
from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def index():
    cursor = psycopg2.connect("dbname=shop").cursor()
    cursor.execute(f"SELECT * FROM goods WHERE kind LIKE 'a%' AND name = '{request.args['name']}'")
    return str(cursor.fetchall())
