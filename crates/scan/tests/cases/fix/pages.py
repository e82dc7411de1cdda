from flask import Flask, make_response, redirect, render_template_string, request

app = Flask(__name__)
TITLE = "Shop"


@app.get("/plus")
def plus():
    name = request.args.get("name", "")
    return "<h1>" + TITLE + "</h1><p>Hello " + name + "</p>"


@app.get("/letter")
def letter():
    name = request.args["name"]
    page = f"<p>Hello {name}, {len(name)}</p>"
    return page


@app.get("/plain")
def plain():
    return request.args["name"]


@app.get("/answer")
def answer():
    return make_response("<p>%s</p>" % request.args["name"])


@app.get("/template")
def template():
    name = request.args["name"]
    return render_template_string(f"<p>Hello {name}, {request.args['b']}</p>")


@app.get("/away")
def away():
    return redirect(request.args["next"])


@app.get("/cookie")
def cookie():
    answer = make_response("done")
    answer.set_cookie("a", "1", httponly=False)
    return answer
