"""`tocsin prune`: what is over and old goes, what anybody still needs stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import checks
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Retry
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.events.models import Event
from tocsin.inbox.queries import list_items, mark_all_read
from tocsin.rules import save
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import Place
from tocsin.schedule.models import Series
from tocsin.sources.tasks.models import TaskRun
from tocsin.tenants.organizations import organization_id
from tocsin.testing import deliver_now, frozen

NONE = {"task_runs": 0, "series": 0, "rule_versions": 0, "template_versions": 0}
LONG_AGO = datetime.now(UTC) - timedelta(days=100)


@pytest.fixture
def ana(db):
    MemoryChannel.clear()
    yield get_user_model().objects.create_user("ana")
    MemoryChannel.clear()


def say(title: str, when=LONG_AGO, **fields) -> None:
    with frozen(when):
        tocsin.notify("drill", title=title, **{"to": ["memory:ops"], "channel": "memory"} | fields)
        deliver_now()


def prune(invoke, *more) -> dict[str, int]:
    return json.loads(invoke("prune", "--json", *more).stdout)


def left() -> set[str]:
    return set(Event.objects.values_list("title", flat=True))


def test_finished_events_go_with_all_their_rows(invoke, ana):
    say("old")
    say("new", when=datetime.now(UTC))
    assert prune(invoke) == {
        "inbox_items": 0,
        "events": 1,
        "deliveries": 1,
        "task_runs": 0,
        "series": 0,
        "rule_versions": 0,
        "template_versions": 0,
    }
    assert (left(), Delivery.objects.count(), Attempt.objects.count()) == ({"new"}, 1, 1)
    assert "0 events" in invoke("prune").stdout


def test_no_transaction_deletes_very_many_rows(invoke, ana, monkeypatch):
    monkeypatch.setattr("tocsin.deliveries.prune.MOST_DELIVERIES", 4)
    for name in ("a", "b", "c"):
        say(name, to=["memory:1", "memory:2", "memory:3"])
    with CaptureQueriesContext(connection) as seen:
        found = prune(invoke)
    assert (found["events"], found["deliveries"]) == (3, 9)
    assert (left(), Delivery.objects.count(), Attempt.objects.count()) == (set(), 0, 0)
    assert sum(query["sql"].startswith('DELETE FROM "tocsin_delivery"') for query in seen) == 3  # 4, 4 and 1


def test_a_series_goes_with_its_last_event(invoke, ana):
    with frozen(LONG_AGO):
        ended, going = (tocsin.repeat("drill", rrule="FREQ=YEARLY", title=name) for name in ("over", "on"))
        tocsin.cancel(series_id=ended.pk)
    gone = prune(invoke)
    assert (gone["events"], gone["series"]) == (1, 1)
    assert list(Series.objects.all()) == [going]
    assert left() == {"on"}


def test_runs_go_but_the_last_of_each_task(invoke, ana):
    for _ in range(3):
        with tocsin.task("import"):
            pass
    TaskRun.objects.update(finished_at=LONG_AGO)
    assert prune(invoke)["task_runs"] == 2
    assert TaskRun.objects.count() == 1


def test_what_is_not_over_stays(invoke, ana, settings):
    say("due later", due_at=datetime.now(UTC) + timedelta(days=1))
    MemoryChannel.script = lambda message: Retry(Cause.TIMEOUT, after=10**7)
    say("retrying")
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"test:none": {"label": "x", "max_recipients": 0}}}
    with frozen(LONG_AGO):
        tocsin.notify("test:none", title="to be confirmed", to=["memory:ops"])
        deliver_now()
    say("unread", to=["user:ana"], channel="message")
    assert prune(invoke)["events"] == 0
    assert left() == {"due later", "retrying", "to be confirmed", "unread"}


def test_items_go_when_they_were_read_long_ago_and_then_their_events(invoke, ana):
    say("read", to=["user:ana"], channel="message")
    with frozen(LONG_AGO):
        mark_all_read(ana)
    say("read today", to=["user:ana"], channel="message")
    mark_all_read(ana)
    assert prune(invoke) == {
        "inbox_items": 1,
        "events": 1,
        "deliveries": 0,
        "task_runs": 0,
        "series": 0,
        "rule_versions": 0,
        "template_versions": 0,
    }
    assert [item.title for item in list_items(ana).items] == ["read today"]


def test_many_are_pruned_in_batches(invoke, ana, monkeypatch):
    monkeypatch.setattr("tocsin.deliveries.prune.BATCH", 2)
    monkeypatch.setattr("tocsin.inbox.prune.BATCH", 2)
    for number in range(5):
        say(f"n{number}", to=["user:ana", "memory:ops"], channel="")
    with frozen(LONG_AGO):
        mark_all_read(ana)
    assert prune(invoke) == {
        "inbox_items": 5,
        "events": 5,
        "deliveries": 5,
        "task_runs": 0,
        "series": 0,
        "rule_versions": 0,
        "template_versions": 0,
    }


def test_versions_that_were_replaced_long_ago_go(invoke, ana):
    given = {"name": "kept", "event_types": ["drill"], "to": ["user:ana"]}
    place = Place(organization_id())
    with frozen(LONG_AGO):
        kept = save.save(given, place, "x")
        save.save({**given, "level": "error"}, place, "x", kept)
        gone = save.save({**given, "name": "gone"}, place, "x")
        save.delete(gone, "x")
    save.save({**given, "level": "critical"}, place, "x", kept)
    assert prune(invoke)["rule_versions"] == 3
    assert list(RuleVersion.objects.order_by("number").values_list("number", flat=True)) == [2, 3]
    assert [rule.pk for rule in Rule.objects.all()] == [kept.pk]
    save.undo(kept, "x")


def test_how_old_is_a_setting(invoke, ana, settings):
    say("old")
    settings.TOCSIN = {**settings.TOCSIN, "RETENTION": {"ledger_days": 200}}
    assert prune(invoke)["events"] == 0
    assert prune(invoke, "--ledger-days", "30")["events"] == 1
    invoke("prune", "--ledger-days", "0", code=2)
    for wrong in ({"days": 1}, {"ledger_days": 0}, {"ledger_days": "x"}, 7):
        settings.TOCSIN = {**settings.TOCSIN, "RETENTION": wrong}
        assert [error.id for error in checks.check_settings()] == ["tocsin.E001"]
