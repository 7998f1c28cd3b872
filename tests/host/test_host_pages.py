"""The shop's own prefix, its own door, its own sessions: pages and API in a foreign project."""

from __future__ import annotations

import re
import shutil

import pytest
import requests

from tests.host.project import PATIENCE, Project, sign_in
from tests.servers.smtp_catcher import SmtpCatcher

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def told(peopled, tmp_path_factory):
    """A shop after ana was told of an invoice, and ben of nothing."""
    file = shutil.copy(peopled, tmp_path_factory.mktemp("told") / "shop.sqlite3")
    with SmtpCatcher() as relay:
        shop = Project(str(file), relay.port)
        shop.tocsin("user", "create", "ben@example.com", "--password-stdin", stdin=PASSWORD)
        shop.event = shop.tocsin(
            "notify", "invoice:due", "--title", "Invoice 7 is due", "--to", "user:ana@example.com"
        )
        yield shop


@pytest.fixture(scope="module")
def site(told):
    with told.site() as address:
        yield address


def get(session, url, **options):
    return session.get(url, timeout=PATIENCE, **options)


def test_strangers_are_sent_to_the_shops_own_door(site):
    for page in ("", "inbox/", "events/", "deliveries/"):
        answer = get(requests, f"{site}/bells/{page}", allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/door/?next=/bells/")


def test_the_inbox_shows_what_is_theirs_and_nothing_else(site):
    ana, ben = (sign_in(site, f"{name}@example.com", PASSWORD) for name in ("ana", "ben"))
    assert "Invoice 7 is due" in get(ana, f"{site}/bells/inbox/").text
    assert "Invoice 7 is due" not in get(ben, f"{site}/bells/inbox/").text
    mine = get(ana, f"{site}/bells/api/v1/inbox").json()
    assert [item["title"] for item in mine["items"]] == ["Invoice 7 is due"]
    assert get(ben, f"{site}/bells/api/v1/inbox").json()["items"] == []
    public_id = mine["items"][0]["id"]
    token = ben.cookies["csrftoken"]
    path = f"/bells/api/v1/inbox/{public_id}/read"
    foreign = ben.post(site + path, headers={"X-CSRFToken": token}, timeout=PATIENCE)
    assert foreign.status_code == 404


def test_every_link_of_a_page_stays_under_the_prefix(site):
    ana = sign_in(site, "ana@example.com", PASSWORD)
    page = get(ana, f"{site}/bells/inbox/").text
    links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', page))
    assert links
    assert {link for link in links if not link.startswith(("/bells/", "/static/", "/door/"))} == set()
    for link in links:
        if not link.startswith("/bells/inbox/change"):
            assert get(ana, site + link).status_code in (200, 204, 403), link


def test_the_ledger_is_not_for_every_customer(told, site):
    ana = sign_in(site, "ana@example.com", PASSWORD)
    assert get(ana, f"{site}/bells/deliveries/").status_code == 403
    assert get(ana, f"{site}/bells/events/{told.event}/").status_code in (403, 404)


def test_a_token_opens_the_api_under_the_prefix(told, site):
    told.tocsin("user", "create", "cem@example.com")
    token = told.tocsin("token", "create", "cron")
    body = {"type": "invoice:due", "title": "By HTTP", "to": ["user:cem@example.com"]}
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{site}/bells/api/v1/events", json=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 202, answer.text
    event = answer.json()["events"][0]["id"]
    assert get(requests, f"{site}/bells/api/v1/events/{event}/explain", headers=headers).status_code == 200
    assert get(requests, f"{site}/bells/api/v1/events/{event}").status_code == 401
    assert get(requests, f"{site}/bells/healthz").status_code == 200
