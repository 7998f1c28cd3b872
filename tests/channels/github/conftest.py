"""The loopback GitHub of these tests."""

from __future__ import annotations

import pytest

from tests.channels.github.given import AS_APP
from tests.servers.github import GitHub
from tocsin.channels import http
from tocsin.channels.github import asking, tokens


@pytest.fixture(autouse=True)
def no_gap(monkeypatch):
    """Changes follow one another at once, but where a test is about that."""
    monkeypatch.setattr(asking, "GAP_SECONDS", 0.0)


@pytest.fixture
def github(settings):
    http.forget_rests()
    tokens.forget(AS_APP)
    with GitHub() as server:
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "GITHUB_API_URL": server.api_url,
            "BASE_URL": "https://tocsin.example",
        }
        yield server
        assert server.refused == []
    http.forget_rests()
