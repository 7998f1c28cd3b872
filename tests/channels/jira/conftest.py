"""A loopback Jira for each test: once as Cloud, once as a Data Center below a path."""

from __future__ import annotations

import pytest

from tests.servers.jira import JiraServer
from tocsin.channels import http


@pytest.fixture(params=["cloud", "own"])
def jira(request, settings):
    http.forget_rests()
    settings.TOCSIN = settings.TOCSIN | {
        "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
        "BASE_URL": "https://tocsin.example",
    }
    is_cloud = request.param == "cloud"
    with JiraServer(cloud=is_cloud, path="" if is_cloud else "/jira") as server:
        yield server
    assert server.refused == []
    http.forget_rests()
