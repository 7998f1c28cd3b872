"""The static files of the standalone server: small on the way, kept by browsers, open to pages elsewhere."""

from __future__ import annotations

import gzip

import pytest


@pytest.fixture(autouse=True)
def standalone(settings):
    settings.ROOT_URLCONF = "tocsin.server.urls"


def test_a_file_is_sent_compressed_to_whoever_takes_that(client):
    plain = client.get("/static/tocsin/htmx.min.js")
    small = client.get("/static/tocsin/htmx.min.js", headers={"Accept-Encoding": "gzip"})
    assert small["Content-Encoding"] == "gzip"
    body = b"".join(small.streaming_content)
    assert gzip.decompress(body) == b"".join(plain.streaming_content)
    assert len(body) < 20_000
    assert "Accept-Encoding" in small["Vary"]


def test_a_browser_that_has_it_is_told_so(client):
    first = client.get("/static/tocsin/pages.css")
    assert "max-age" in first["Cache-Control"]
    again = client.get("/static/tocsin/pages.css", headers={"If-Modified-Since": first["Last-Modified"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["nothing.js", "../settings.py", "tocsin/../../models.py", "%2e%2e/models.py"]
)
def test_nothing_else_is_served(client, path):
    assert client.get(f"/static/{path}").status_code in {400, 404}
