"""Jira from `notify` to the issue: groups, what was put off, doubles, and a project that is gone."""

from __future__ import annotations

import pytest

import tocsin
from tests.channels.jira.sending import LOST
from tests.servers.jira import TOKEN
from tocsin.channels import http
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(django_user_model, jira):
    user = django_user_model.objects.create_user("ana")
    add_destination(user, "jira", jira.settings)
    return user


def say(title: str = "x", **fields) -> Delivery:
    event = tocsin.notify("message:internal", title=title, to=["user:ana"], channel="jira", **fields)
    deliver_now()
    return Delivery.objects.get(event=event.id)


def release() -> None:
    http.forget_rests()
    Delivery.objects.exclude(state="sent").update(due_at="2020-01-01T00:00:00Z")
    deliver_now()


def test_a_group_opens_is_acknowledged_is_resolved_and_begins_anew(ana, jira) -> None:
    steps = ("open", "open", "acknowledged", "resolved", "open")
    made = [say(f"Nr {n}", status=status, group_key="disk") for n, status in enumerate(steps)]
    assert [one.state for one in made] == ["sent"] * 5
    assert [one.provider_id for one in made] == ["OPS-1"] * 4 + ["OPS-2"]
    assert (jira.status("OPS-1"), jira.status("OPS-2")) == ("Done", "To Do")
    assert [text.split("\n")[0] for text in jira.comments("OPS-1")] == ["Nr 1", "Nr 2", "Nr 3"]


def test_what_was_closed_by_hand_is_skipped_and_says_why(ana, jira) -> None:
    say(group_key="disk")
    jira.issues["OPS-1"]["status"] = "Done"
    delivery = say(status="resolved", group_key="disk")
    assert (delivery.state, delivery.reason) == ("skipped", "nothing_open")


def test_a_lost_answer_makes_no_second_issue(ana, jira) -> None:
    jira.answers["POST issue"] = [LOST]
    delivery = say()
    assert Attempt.objects.earliest("pk").outcome == "retry"  # the next may have followed at once
    release()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.provider_id, list(jira.issues)) == ("sent", "OPS-1", ["OPS-1"])


def test_a_token_that_was_revoked_disables_the_destination_and_shows_nowhere(ana, jira, caplog) -> None:
    destination = Destination.objects.get()
    caplog.set_level("DEBUG")
    jira.is_locked = True
    delivery = say()
    attempt = Attempt.objects.get()
    destination.refresh_from_db()
    assert delivery.state == "dead"
    assert destination.disabled_at is not None
    assert "save a new token" in attempt.detail
    assert TOKEN not in f"{attempt.detail} {caplog.text} {destination.__dict__}"
