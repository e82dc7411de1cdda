SECRET_KEY = "only for this test"
DEBUG = False
ROOT_URLCONF = "shop.urls"
ALLOWED_HOSTS = []
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
# Answers itself where no server can be reached.
DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": "shop"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
SESSION_COOKIE_SECURE = True
