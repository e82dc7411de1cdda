# An application with one hole of each kind, and for each something that looks
# like it and is none.
import os
import pathlib
import pickle
import re
import sqlite3
import subprocess
import urllib.request
from html import escape

from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Form, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from jinja2 import Environment
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel

app = FastAPI()
safe = APIRouter(prefix="/safe")
db = sqlite3.connect("app.db", check_same_thread=False)
db.execute("CREATE TABLE people (id INTEGER, name TEXT)")


class Sum(BaseModel):
    words: str


class Query(BaseModel):
    number: int


@app.get("/search")
async def search(q: str = ""):
    return len(db.execute("SELECT id FROM people WHERE name = '%s'" % q).fetchall())


@safe.get("/search")
async def safe_search(q: str = "", limit: int = 1):
    return len(db.execute("SELECT id FROM people WHERE name = ? LIMIT %d" % limit, [q]).fetchall())


@app.post("/by-number")
def by_number(query: Sum):
    return len(db.execute("SELECT id FROM people WHERE id = " + query.words).fetchall())


@safe.post("/by-number")
def safe_by_number(query: Query):
    return len(db.execute("SELECT id FROM people WHERE id = %s" % query.number).fetchall())


@app.get("/run")
def run(host: str):
    os.system("echo %s > /dev/null" % host)
    return "done"


@safe.get("/run")
def safe_run(host: str):
    subprocess.run(["echo", host], capture_output=True)
    return "done"


@app.get("/file/{name:path}")
def file(name: str):
    return PlainTextResponse(pathlib.Path("static", name).read_text())


@safe.get("/file/{name:path}")
def safe_file(name: str):
    root = pathlib.Path("static").resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        return Response(status_code=403)
    return PlainTextResponse(path.read_text())


@app.get("/hello", response_class=HTMLResponse)
def hello(name: str = ""):
    return "<p>Hello " + name


@safe.get("/hello", response_class=HTMLResponse)
def safe_hello(name: str = ""):
    return "<p title='%s'>Hello" % escape(name)


@safe.get("/json")
def safe_json(name: str = ""):
    return JSONResponse({"hello": "<p>" + name})


@app.post("/go")
def go(next: str = Form("/")):
    return RedirectResponse(next, status_code=303)


@safe.post("/go")
def safe_go(next: str = Form("/")):
    return RedirectResponse(next if re.fullmatch(r"/[\w-]*", next) else "/", status_code=303)


@app.get("/template", response_class=PlainTextResponse)
def template(x_greeting: str = Header("")):
    return Environment().from_string("Dear " + x_greeting).render()


@safe.get("/template", response_class=PlainTextResponse)
def safe_template(x_greeting: str = Header("")):
    return SandboxedEnvironment().from_string("Dear {{ name }}").render(name=x_greeting)


@app.post("/calculate")
def calculate(sum: Sum):
    return str(eval(sum.words, {}))


@safe.post("/calculate")
def safe_calculate(sum: Sum):
    return str(eval(sum.words, {})) if re.fullmatch(r"[\d+*() -]{1,20}", sum.words) else "no"


@app.get("/load")
def load(state: str = Cookie("")):
    return str(pickle.loads(bytes.fromhex(state)))


@safe.get("/load")
def safe_load(state: str = Cookie("")):
    return str(bytes.fromhex(state))


def address(url: str):
    return url


@app.get("/reach")
def reach(url: str = Depends(address)):
    with urllib.request.urlopen(urllib.request.Request(url, headers={}), timeout=2) as answer:
        return answer.status


@safe.get("/reach")
def safe_reach(url: str = Depends(address)):
    if not url.startswith("https://api.example.com/"):
        return "no"
    with urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status


@app.post("/raw", response_class=HTMLResponse)
async def raw(request: Request):
    fields = await request.json()
    return "<p>" + fields["title"]


@safe.post("/raw", response_class=HTMLResponse)
async def safe_raw(request: Request):
    fields = await request.json()
    return "<p>" + escape(fields["title"])


@app.get("/cookie")
def cookie():
    answer = Response("set")
    answer.set_cookie("seen", "1")
    return answer


@safe.get("/cookie")
def safe_cookie():
    answer = Response("set")
    answer.set_cookie("seen", "1", secure=True)
    return answer


app.include_router(safe)
