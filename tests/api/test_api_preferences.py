"""Preferences over HTTP: the matrix with what is inherited from where, one's own word, the organization's."""

from __future__ import annotations

import pytest

from tocsin.tenants.models import Role

pytestmark = pytest.mark.django_db


def wish(caller, type_="drill", channel="email", query="") -> tuple[bool, str]:
    items = {one["type"]: one for one in caller.get(f"/preferences{query}").json()["items"]}
    found = items[type_]["channels"][channel]
    return found["wanted"], found["layer"]


def off(subject="drill", channel="email", wanted=False) -> dict:
    return {"changes": [{"subject": subject, "channel": channel, "wanted": wanted}]}


def test_each_layer_is_visible(signed_in, rival) -> None:
    ana, boss = signed_in("ana"), signed_in("boss", "acme", Role.ADMIN)
    assert wish(ana) == (True, "default")
    assert boss.call("PUT", "/preferences/organization", off()).status_code == 204
    assert wish(ana) == (False, "organization")
    assert ana.call("PUT", "/preferences", off(wanted=True)).status_code == 200
    assert (wish(ana), wish(boss)) == ((True, "own"), (False, "organization"))
    ana.call("PUT", "/preferences", off(wanted=None))
    assert wish(ana) == (False, "organization")
    assert wish(signed_in("bob", "rival")) == (True, "default")
    assert wish(ana, "destination:disabled") == (True, "mandatory")


def test_who_may_speak_for_an_organization(signed_in, bearer) -> None:
    for caller in (signed_in("ana", "acme", Role.MANAGER), bearer("acme", "rules")):
        assert caller.call("PUT", "/preferences/organization", off()).status_code == 403
    boss = signed_in("boss", "acme", Role.ADMIN)
    assert boss.call("PUT", "/preferences/organization?organization=rival", off()).status_code == 422
    assert boss.get("/preferences?organization=rival").status_code == 422


def test_all_wishes_or_none_are_kept(signed_in) -> None:
    ana = signed_in("ana")
    wrong = {"changes": [*off()["changes"], *off("destination:disabled")["changes"]]}
    refused = ana.call("PUT", "/preferences", wrong)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/changes/1/wanted"]
    assert wish(ana) == (True, "default")
