"""A person's hours over HTTP: their own, and nobody else's."""

from __future__ import annotations

import pytest

import tocsin
from tocsin.deliveries.models import Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

SHUT = {"hours": {"open": [{"days": ["mon"], "from": "08:00", "to": "08:01"}]}, "channels": ["memory"]}
EMPTY = {"time_zone": "", "dnd_until": None, "windows": [], "locale": ""}


def test_hours_are_kept_in_parts_and_are_ones_own(signed_in) -> None:
    ana, ben = signed_in("ana"), signed_in("ben", "rival")
    assert ana.get("/windows").json() == EMPTY
    assert ana.call("PUT", "/windows", {"windows": [SHUT]}).json() == {**EMPTY, "windows": [SHUT]}
    changed = ana.call(
        "PUT", "/windows", {"time_zone": "Europe/Oslo", "dnd_until": "2100-01-01T00:00:00Z"}
    ).json()
    assert changed == {
        "time_zone": "Europe/Oslo",
        "dnd_until": "2100-01-01T00:00:00+00:00",
        "windows": [SHUT],
        "locale": "",
    }
    assert ana.call("PUT", "/windows", {"locale": "fr"}).json() == {**changed, "locale": "fr"}
    refused = ana.call("PUT", "/windows", {"locale": "xx"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "locale")
    ana.call("PUT", "/windows", {"locale": None})
    assert ana.get("/windows").json() == changed
    assert ben.get("/windows").json() == EMPTY
    assert ana.call("PUT", "/windows", dict.fromkeys(EMPTY)).json() == EMPTY


def test_what_waits_is_told_when_the_hours_are_taken_back(signed_in, django_user_model) -> None:
    ana = signed_in("ana")
    user = django_user_model.objects.get(username="ana")
    add_destination(user, "memory", {"name": "ana"})
    ana.call("PUT", "/windows", {"dnd_until": "2100-01-01T00:00:00Z"})
    tocsin.notify("drill", title="x", to=["user:ana"], channel="memory", organization="acme")
    deliver_now()
    assert Delivery.objects.get().state == "deferred"
    ana.call("PUT", "/windows", {"dnd_until": None})
    deliver_now()
    assert Delivery.objects.get().state == "sent"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"time_zone": "Mars"}, ["#/time_zone"]),
        ({"windows": [{**SHUT, "channels": ["fax"]}], "dnd_until": "x"}, ["#/dnd_until", "#/windows/0/channels/0"]),
        ({"windows": [{"hours": {"open": [{"days": ["mon"], "from": "1", "to": "2"}]}}]},
         ["#/windows/0/hours/open/0/from", "#/windows/0/hours/open/0/to"]),
        ({"window": []}, ["#/window"]),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused_by_their_place(signed_in, body, where) -> None:
    ana = signed_in("ana")
    refused = ana.call("PUT", "/windows", body)
    assert refused.status_code == 422
    assert sorted(error["pointer"] for error in refused.json()["errors"]) == where
    assert ana.get("/windows").json() == EMPTY


def test_a_token_has_no_hours(acme) -> None:
    assert acme.get("/windows").status_code == 403
