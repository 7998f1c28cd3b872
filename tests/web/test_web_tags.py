"""`{% tocsin_inbox %}` in a page of a host."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

import tocsin
from tocsin.web.words import WORDS

TEMPLATE = "{% load tocsin %}{% tocsin_inbox %}"


def drawn(user, template=TEMPLATE):
    request = RequestFactory().get("/")
    request.user = user
    return Template(template).render(Context({"request": request}))


def attribute(html, name):
    return unescape(re.search(rf'<tocsin-inbox[^>]* {name}="([^"]*)"', html)[1])


def test_it_prints_script_prefix_token_and_locale(person):
    html = drawn(person("ana"))
    assert 'src="/static/tocsin/inbox.js"' in html
    assert attribute(html, "api") == "/tocsin/api/v1/"
    assert attribute(html, "page") == "/tocsin/inbox/"
    assert len(attribute(html, "csrf")) == 64
    assert attribute(html, "locale") == "en"
    assert "show=" not in html
    assert "labels=" not in html


def test_it_speaks_the_language_of_the_page(person, monkeypatch):
    monkeypatch.setattr("tocsin.web.words.gettext", {"Dismiss": "Weg damit"}.get)
    with translation.override("de"):
        html = drawn(person("ana"))
    assert attribute(html, "locale") == "de"
    assert json.loads(attribute(html, "labels"))["dismiss"] == "Weg damit"


def test_parts_can_be_put_in_different_places(person):
    assert (
        attribute(drawn(person("ana"), '{% load tocsin %}{% tocsin_inbox show="bell" %}'), "show") == "bell"
    )


@pytest.mark.django_db
def test_it_prints_nothing_for_strangers():
    assert drawn(AnonymousUser()) == ""
    assert Template(TEMPLATE).render(Context({})) == ""


def test_it_asks_the_database_nothing(person, django_assert_num_queries):
    ana = person("ana")
    with django_assert_num_queries(0):
        drawn(ana)


def test_the_script_and_the_tag_know_the_same_words():
    script = (Path(tocsin.__file__).parent / "static/tocsin/inbox.js").read_text()
    block = script.partition("const WORDS = {")[2].partition("};")[0]
    assert dict(re.findall(r"(\w+): \"([^\"]+)\"", block)) == WORDS
