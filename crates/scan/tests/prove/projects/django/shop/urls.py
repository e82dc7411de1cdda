from django.urls import include, path, re_path

from shop import views

SAFE = [
    path("search", views.safe_search),
    path("run", views.safe_run),
    re_path(r"^file/(?P<name>.+)$", views.safe_file),
    path("hello", views.safe_hello),
    path("go", views.safe_go),
    path("template", views.safe_template),
    path("calculate", views.safe_calculate),
    path("load", views.safe_load),
    path("parse", views.safe_parse),
    path("reach", views.safe_reach),
    path("cookie", views.safe_cookie),
    path("header", views.safe_header),
]

urlpatterns = [
    path("safe/", include(SAFE)),
    path("search", views.Search.as_view()),
    path("run", views.run),
    re_path(r"^file/(?P<name>.+)$", views.file),
    path("hello", views.hello),
    path("go", views.go),
    path("template", views.template),
    path("calculate", views.calculate),
    path("load", views.load),
    path("parse", views.parse),
    path("reach", views.reach),
    path("cookie", views.cookie),
]
