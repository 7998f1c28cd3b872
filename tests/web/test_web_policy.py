"""What the pages may load, and what they do not contain."""

from __future__ import annotations

import re

import pytest
from django.template import engines
from django.test import override_settings

from tocsin.web.policy import policy

HOSTS_FRAME = (
    "<title>Shop</title>{% block head %}{% endblock %}<main>{% block content %}{% endblock %}</main>"
)


@pytest.fixture
def page(person, browse, tell):
    ana = person("ana", is_superuser=True)
    tell(ana)
    client = browse(ana)
    return client.get


@pytest.mark.parametrize("url", ["inbox", "preferences", "hours", "pending", "tasks", "events", "deliveries"])
def test_every_page_has_the_policy_and_nothing_inline(page, url):
    answer = page(f"/tocsin/{url}/")
    assert answer["Content-Security-Policy"] == policy()
    html = answer.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag]


def test_the_policy_forbids_what_is_not_ours():
    assert policy().startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy()


PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@override_settings(STATIC_URL="https://cdn.example.org/s/", STORAGES=PLAIN)
def test_static_files_of_another_host_are_allowed():
    assert "script-src 'self' https://cdn.example.org;" in policy()


def test_a_hosts_own_frame_brings_its_own_policy(page, tmp_path, settings):
    (tmp_path / "tocsin").mkdir()
    (tmp_path / "tocsin" / "base.html").write_text(HOSTS_FRAME)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    engines.templates  # noqa: B018 (reads the settings again)
    answer = page("/tocsin/inbox/")
    assert "Content-Security-Policy" not in answer
    assert "<title>Shop</title>" in answer.content.decode()
    assert "tocsin/pages.css" in answer.content.decode()
