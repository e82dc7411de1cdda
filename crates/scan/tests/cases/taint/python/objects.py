# Objects, code, addresses and XML.
import ast
import json
import pickle

import lxml.etree
import requests
import yaml
from django.http import HttpResponse

HOSTS = {"a": "https://a.example.org/"}


def found(request):
    body = request.body
    pickle.loads(body)  # finds A unsafe-deserialization
    yaml.load(body, Loader=yaml.Loader)  # finds A unsafe-deserialization
    eval(request.GET["sum"])  # finds A code-injection
    requests.get(request.GET["url"])  # finds A server-side-request-forgery
    lxml.etree.fromstring(body)  # finds A xml-external-entity
    return HttpResponse(request.GET["name"])  # finds A cross-site-scripting


def silent(request):
    body = request.body
    json.loads(body)
    yaml.safe_load(body)
    yaml.load(body, Loader=yaml.SafeLoader)
    ast.literal_eval(request.GET["sum"])
    requests.get("https://a.example.org/" + request.GET["page"])
    requests.get(HOSTS[request.GET["host"]])
    lxml.etree.fromstring(body, lxml.etree.XMLParser(resolve_entities=False))
    return HttpResponse(request.GET["name"], content_type="text/plain")
