"""Every page has a decision about who may see it, and keeps to it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import URLResolver, reverse

from tocsin import clock
from tocsin import urls as hosts
from tocsin.adapters.sentry import urls as sentry
from tocsin.recipients import unsubscribe
from tocsin.tenants.inbox_tokens import inbox_token
from tocsin.tenants.models import Role
from tocsin.tenants.roles import PERMISSIONS
from tocsin.web import account_urls, urls
from tocsin.web.access import ledger_scope

KEEPER_PAGES = ["tocsin:overview", "tocsin:events", "tocsin:deliveries"]
READER_PAGES = ["tocsin:home", "tocsin:inbox"]
POSTS = ["tocsin:inbox-change", "tocsin:replay", "tocsin:events-cancel", "tocsin:pause"]


DECISIONS = {"anyone", "reader", "events:read", "events:write", "deliveries:write"}
AT_DESK = {"desk:rules", "desk:destinations", "desk:admin"}


def addresses(patterns):
    for one in patterns:
        yield from addresses(one.url_patterns) if isinstance(one, URLResolver) else [one]


@pytest.mark.parametrize(
    "pattern", [*addresses([*urls.urlpatterns, *account_urls.urlpatterns])], ids=lambda one: one.name
)
def test_every_address_has_a_decision(pattern):
    assert pattern.callback.access in (AT_DESK if pattern.name.startswith("desk-") else DECISIONS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*KEEPER_PAGES, *READER_PAGES, *POSTS])
def test_strangers_are_sent_to_the_sign_in_of_the_site(browse, name):
    answer = browse().get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/tocsin/")


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("admin", 200), ("manager", 200), ("member", 403)]
)
def test_the_role_decides_about_the_ledger(acme, person, browse, role, status):
    client = browse(person("ana", acme=role))
    assert {client.get(reverse(name)).status_code for name in KEEPER_PAGES} == {status}


@pytest.mark.parametrize("name", KEEPER_PAGES)
def test_a_superuser_sees_the_ledger_and_a_plain_user_does_not(person, browse, name):
    assert browse(person("root", is_superuser=True)).get(reverse(name)).status_code == 200
    refused = browse(person("ana")).get(reverse(name))
    assert refused.status_code == 403
    assert "kept by others" in refused.content.decode()


def test_the_navigation_offers_only_what_is_open(acme, person, browse):
    ledger = reverse("tocsin:overview")
    assert ledger in browse(person("ana", acme="owner")).get(reverse("tocsin:inbox")).content.decode()
    assert ledger not in browse(person("ben", acme="member")).get(reverse("tocsin:inbox")).content.decode()


def test_who_may_only_look_can_change_nothing(acme, person, browse, tell, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.MEMBER, frozenset({"events:read"}))
    ana = person("ana", acme="member")
    event = tell(ana, organization="acme", due_at=clock.now() + timedelta(hours=1))
    client = browse(ana)
    page = client.get(reverse("tocsin:event", args=[event]))
    assert page.status_code == 200
    assert "Cancel what is unsent" not in page.content.decode()
    assert client.post(reverse("tocsin:event-cancel", args=[event])).status_code == 403
    assert client.post(reverse("tocsin:replay"), {"id": "d1"}).status_code == 403


def test_a_user_model_without_staff_columns_is_judged_by_role():
    class Plain:
        pk = None
        is_authenticated = False

    assert ledger_scope(Plain()) is None


def test_anothers_event_is_missing_byte_for_byte(acme, globex, person, browse, tell):
    reader = person("ben", globex="owner")
    theirs = tell(reader, organization="globex")
    client = browse(person("ana", acme="owner"))
    foreign = client.get(reverse("tocsin:event", args=[theirs]))
    missing = client.get(reverse("tocsin:event", args=[uuid.uuid4()]))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_nothing_changes_by_looking(acme, person, browse, tell):
    ana = person("ana", acme="owner")
    event = tell(ana, organization="acme")
    client = browse(ana)
    for name, args in (("inbox-change", []), ("replay", []), ("event-cancel", [event])):
        assert client.get(reverse(f"tocsin:{name}", args=args)).status_code == 405


def test_nothing_changes_without_a_csrf_token(acme, person, browse, tell):
    ana = person("ana", acme="owner")
    event = tell(ana, organization="acme")
    client = browse(ana, strict=True)
    for name, args in (("inbox-change", []), ("replay", []), ("event-cancel", [event])):
        assert client.post(reverse(f"tocsin:{name}", args=args), {"action": "read-all"}).status_code == 403


def test_pages_are_not_kept_by_caches(person, browse):
    answer = browse(person("ana")).get(reverse("tocsin:inbox"))
    assert "no-store" in answer["Cache-Control"]


def test_a_host_that_asks_everybody_to_sign_in_does_not_ask_programs_to(browse, person, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    token = {"Authorization": f"Bearer {inbox_token(person('ana'))}"}
    assert browse().get("/tocsin/api/v1/inbox/count", headers=token).status_code == 200
    link = unsubscribe.link(person("ben").pk, "email", ["message:system"])
    assert browse().post(link).status_code == 200
    for path, status in (("worker.js", 200), ("healthz", 200), ("metrics", 401), ("api/v1/nothing", 404)):
        assert browse().get(f"/tocsin/{path}").status_code == status, path
    assert browse().post("/tocsin/push/clicked/").status_code == 404
    assert browse().get("/tocsin/inbox/")["Location"] == "/accounts/login/?next=/tocsin/inbox/"


@pytest.mark.parametrize("pattern", [*addresses([*hosts.urlpatterns, *sentry.urlpatterns])], ids=str)
def test_each_address_decides_for_itself(pattern):
    assert pattern.callback.login_required is False
