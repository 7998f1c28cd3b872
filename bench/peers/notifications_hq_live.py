"""django-notifications-hq: a page with its live badge. Arguments: database port. A line of stdin sends."""

import json
import sys
import threading
import time
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from notifications_hq import configure

PAGE = """{% load static notifications_tags %}<!doctype html><title>peer</title>{% live_notify_badge %}
<script src="{% static 'notifications/notify.js' %}"></script>
{% register_notify_callbacks callbacks='fill_notification_badge' api_name='count' %}"""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_) -> None:
        pass


def main() -> None:
    configure(sys.argv[1], ROOT_URLCONF="notifications_hq_live", STATIC_URL="/static/", DEBUG=True,
              ALLOWED_HOSTS=["*"], MIDDLEWARE=["notifications_hq_live.as_reader"],
              TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
                  "context_processors": ["django.template.context_processors.request",
                                         "django.contrib.auth.context_processors.auth"]}}])  # fmt: skip
    from django.contrib.auth.models import User
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application
    from notifications.signals import notify

    reader = User.objects.create(username="reader")
    application = StaticFilesHandler(get_wsgi_application())
    server = make_server("127.0.0.1", int(sys.argv[2]), application, Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    for _ in sys.stdin:
        called = time.time()
        notify.send(reader, recipient=reader, verb="1,201 of 1,204 invoices are paid")
        print(json.dumps([called * 1000, time.time() * 1000]), flush=True)


def as_reader(get_response):
    """Whoever asks is the reader: signing in is not what is measured."""
    from django.contrib.auth.models import User

    def answer(request):
        request.user = User.objects.get(username="reader")
        return get_response(request)

    return answer


def page(request):
    from django.http import HttpResponse
    from django.template import engines

    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


if __name__ == "__main__":
    main()
else:
    from django.urls import include, path

    urlpatterns = [
        path("", page),
        path("notifications/", include("notifications.urls", namespace="notifications")),
    ]
