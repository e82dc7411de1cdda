# Views with one hole of each kind, and for each something that looks like it
# and is none.
import io
import json
import os
import pickle
import re
import subprocess
import urllib.request
import xml.sax
from xml.sax.handler import ContentHandler, feature_external_ges

from django.contrib.auth.models import User
from django.db import connection
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.template import Context, Engine
from django.utils.html import escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

ENGINE = Engine()


class Search(View):
    def get(self, request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM auth_user WHERE username = '%s'" % request.GET.get("q", ""))
            return HttpResponse(len(cursor.fetchall()))


def safe_search(request):
    name = request.GET.get("q", "")
    rows = list(User.objects.filter(username=name))
    rows += User.objects.raw("SELECT id FROM auth_user WHERE username = %s", [name])
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM auth_user WHERE username = %s", [name])
        rows += cursor.fetchall()
    return HttpResponse(len(rows))


def run(request):
    subprocess.run("echo " + request.GET["host"], shell=True, capture_output=True)
    return HttpResponse("done")


def safe_run(request):
    subprocess.run(["echo", request.GET["host"]], capture_output=True)
    return HttpResponse("done")


def file(request, name):
    return FileResponse(open(os.path.join("static", name), "rb"))


def safe_file(request, name):
    return FileResponse(open(os.path.join("static", os.path.basename(name)), "rb"))


def hello(request):
    return HttpResponse("<p>Hello " + request.GET.get("name", ""))


def safe_hello(request):
    name = request.GET.get("name", "")
    if "plain" in request.GET:
        return HttpResponse("<p>" + name, content_type="text/plain")
    return HttpResponse("<p title='%s'>Hello" % escape(name))


def go(request):
    return HttpResponseRedirect(request.POST.get("next", "/"))


def safe_go(request):
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    return HttpResponseRedirect(target)


def template(request):
    text = ENGINE.from_string("Dear " + request.headers.get("X-Greeting", ""))
    return HttpResponse(text.render(Context()))


def safe_template(request):
    text = ENGINE.from_string("Dear {{ name }}")
    return HttpResponse(text.render(Context({"name": request.headers.get("X-Greeting", "")})))


def calculate(request):
    return HttpResponse(str(eval(json.loads(request.body)["sum"], {})))


def safe_calculate(request):
    words = json.loads(request.body)["sum"]
    if not re.fullmatch(r"[\d+*() -]{1,20}", words):
        return HttpResponse(status=400)
    return HttpResponse(str(eval(words, {})))


def load(request):
    pickle.loads(bytes.fromhex(request.COOKIES["state"]))
    return HttpResponse("loaded")


def safe_load(request):
    json.loads(bytes.fromhex(request.COOKIES["state"]))
    return HttpResponse("loaded")


def parse_with(request, external):
    parser = xml.sax.make_parser()
    parser.setFeature(feature_external_ges, external)
    parser.setContentHandler(ContentHandler())
    parser.parse(io.BytesIO(request.body))
    return HttpResponse("parsed")


def parse(request):
    return parse_with(request, True)


def safe_parse(request):
    return parse_with(request, False)


def reach(request):
    with urllib.request.urlopen("http://" + request.GET["host"] + "/status", timeout=2) as answer:
        return HttpResponse(answer.read()[:10])


def safe_reach(request):
    host = {"eu": "127.0.0.1:9"}.get(request.GET["host"], "127.0.0.1:9")
    with urllib.request.urlopen("http://" + host + "/status", timeout=2) as answer:
        return HttpResponse(answer.read()[:10])


def cookie(request):
    answer = HttpResponse("set")
    answer.set_cookie("seen", "1")
    return answer


def safe_cookie(request):
    answer = HttpResponse("set")
    answer.set_cookie("seen", "1", secure=True)
    return answer


def safe_header(request):
    # Django refuses the end of a line in a header.
    answer = HttpResponse("set")
    answer["X-Name"] = request.GET.get("name", "")
    return answer
