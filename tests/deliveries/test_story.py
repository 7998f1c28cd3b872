"""The ledger as it is told: lines, pages, counts, and why someone heard or did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Cause, Retry
from tocsin.deliveries import story
from tocsin.deliveries.explain import explain
from tocsin.errors import InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.recipients.models import Person, Preference
from tocsin.tenants.models import Organization
from tocsin.tenants.scope import OPERATOR, Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_channels():
    return tocsin.event_type("test:story", label="x", channels=["memory", "message"])


def told(event, user=None) -> str:
    return "\n".join(explain(Event.objects.get(pk=event.id), user).sentences)


def test_deliveries_come_first_then_inbox_items_page_by_page(person, two_channels) -> None:
    names = [f"p{n}" for n in range(5)]
    for name in names:
        person(name)
    event = tocsin.notify("test:story", title="x", to=[f"user:{name}" for name in names])
    deliver_now()
    seen, after = [], ""
    while True:
        page = story.lines(OPERATOR, event=event.id, limit=3, after=after)
        seen += page.items
        if not (after := page.next):
            break
    assert [line.id[0] for line in seen] == ["d"] * 5 + ["i"] * 5
    assert len({line.id for line in seen}) == 10
    assert sorted(line.label for line in seen) == sorted(names * 2)
    assert {line.sentence for line in seen} == {"The far side took it.", "It is in their inbox."}


def test_a_page_that_ends_with_the_deliveries_leads_on_to_the_items(person, two_channels) -> None:
    person("ana")
    tocsin.notify("test:story", title="x", to=["user:ana"])
    deliver_now()
    first = story.lines(OPERATOR, limit=1)
    second = story.lines(OPERATOR, limit=1, after=first.next)
    assert [first.items[0].id[0], second.items[0].id[0], second.next] == ["d", "i", ""]


def test_a_deferred_item_is_told_once(person) -> None:
    now = datetime.now(UTC)
    Person.objects.create(user=person("ana"), dnd_until=now + timedelta(hours=1))
    event = tocsin.notify("message:internal", title="x", to=["user:ana"])
    deliver_now()
    with frozen(now + timedelta(hours=2)):
        deliver_now()
    [line] = story.lines(OPERATOR, event=event.id).items
    assert (line.id[0], line.state) == ("d", "sent")
    assert story.counts(Event.objects.get()) == {("message", "sent", "do_not_disturb"): 1}


@pytest.mark.parametrize(
    "given", [{"after": "x"}, {"after": "ZQ"}, {"after": "é"}, {"limit": 0}, {"limit": 201}]
)
def test_a_cursor_or_limit_that_is_none_is_refused(given) -> None:
    with pytest.raises(InvalidInput):
        story.lines(OPERATOR, **given)


def test_another_organizations_lines_are_as_good_as_missing(person, two_channels) -> None:
    person("ana")
    tocsin.notify("test:story", title="x", to=["user:ana"])
    deliver_now()
    foreign = Scope(frozenset({Organization.objects.create(slug="acme", name="Acme").pk}))
    assert story.lines(foreign).items == []
    for line in story.lines(OPERATOR).items:
        assert story.line(line.id, OPERATOR).id == line.id
        with pytest.raises(NotFound):
            story.line(line.id, foreign)


@pytest.mark.parametrize("public_id", ["", "d", "x1", "d1", "i1", "d1x", "d" + "9" * 30, "d१"])
def test_a_line_that_is_not_there(public_id) -> None:
    with pytest.raises(NotFound):
        story.line(public_id, OPERATOR)


def test_an_event_tells_whom_it_named_and_what_came_of_it(person, two_channels) -> None:
    person("ana")
    person("ben", is_active=False)
    event = tocsin.notify("test:story", title="x", to=["user:ana", "user:ben"])
    deliver_now()
    text = told(event)
    assert "Everyone concerned has a delivery or a reason." in text
    assert "user:ana, user:ben by memory, message" in text
    assert "memory: 1 sent." in text
    assert "memory: 1 skipped. The account is not active." in text


def test_a_person_is_told_every_try(person, memory) -> None:
    ana = person("ana")
    memory.script = lambda message: Retry(Cause.TIMEOUT, "after 30 s", after=60)
    event = tocsin.notify("message:internal", title="x", to=["user:ana"], channel="memory")
    pipeline.run("plan", 1)
    pipeline.run("memory", 1)
    text = told(event, ana)
    assert "Did not get through yet" in text
    assert "There was no answer in time. (after 30 s)" in text


def test_someone_at_a_shared_address_learns_whose_delivery_it_was(person) -> None:
    person("ana", at="front desk")
    ben = person("ben", at="front desk")
    event = tocsin.notify("message:internal", title="x", to=["user:ana", "user:ben"], channel="memory")
    deliver_now()
    assert "same address as" in told(event, ben)


def test_an_opt_out_is_told(person) -> None:
    ana = person("ana")
    Preference.objects.create(user=ana, event_type="message:internal", channel="message", wanted=False)
    event = tocsin.notify("message:internal", title="x", to=["user:ana"])
    deliver_now()
    assert "They switched this kind of message off on this channel." in told(event, ana)


def test_someone_in_no_audience_is_told_so(person) -> None:
    person("ana")
    event = tocsin.notify("message:internal", title="x", to=["user:ana"])
    deliver_now()
    assert "in no audience of this event now" in told(event, person("ben"))


def test_someone_who_joined_later_is_told_so(person) -> None:
    group = Group.objects.create(name="g")
    event = tocsin.notify("message:internal", title="x", to=["group:g"])
    deliver_now()
    ana = person("ana")
    group.user_set.add(ana)
    assert "not in the audience when it was planned" in told(event, ana)


def test_explaining_to_one_of_many_costs_no_more_queries(person, django_assert_max_num_queries) -> None:
    group = Group.objects.create(name="g")
    for n in range(30):
        group.user_set.add(person(f"p{n}"))
    event = tocsin.notify("message:internal", title="x", to=["group:g"], channel="memory")
    deliver_now()
    last = group.user_set.last()
    with django_assert_max_num_queries(12):
        told(event, last)
    with django_assert_max_num_queries(12):
        told(event)
