"""What people do to deliveries: cancel, replay, forget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Cause, Rejected, Retry
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.tenants.models import Organization
from tocsin.tenants.scope import Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"


def test_a_cancelled_event_is_never_planned(person, memory) -> None:
    person("ana")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    assert tocsin.cancel(event_id=event.id) == 1
    deliver_now()
    assert not memory.sent
    assert Event.objects.get().state == "cancelled"
    assert tocsin.cancel(event_id=event.id) == 0


def test_cancelling_stops_what_is_not_sent_yet(person, memory) -> None:
    person("ana")
    person("ben")
    memory.script = lambda message: (
        Retry(Cause.TIMEOUT, after=60) if message.target.identity == "ana" else memory_sent()
    )
    event = tocsin.notify(TYPE, title="x", to=["user:ana", "user:ben"], channel="memory")
    deliver_now()
    assert tocsin.cancel(event_id=str(event.id)) == 1
    with frozen(datetime.now(UTC) + timedelta(minutes=2)):
        deliver_now()
    found = dict(Delivery.objects.values_list("identity", "state"))
    assert found == {"ana": "cancelled", "ben": "sent"}
    assert tocsin.cancel(event_id=event.id) == 0


def memory_sent():
    from tocsin.channels.base import Sent

    return Sent()


def test_what_hangs_on_an_object_is_cancelled_with_it(person) -> None:
    ana, ben = person("ana"), person("ben")
    due = datetime.now(UTC) + timedelta(days=1)
    for about in (ana, ana, ben, "shop.invoice/42"):
        tocsin.notify(TYPE, title="x", to=["user:ana"], about=about, due_at=due)
    assert tocsin.cancel(about=ana) == 2
    assert tocsin.cancel(about="shop.invoice/42") == 1
    assert Event.objects.filter(state="waiting").count() == 1


def test_an_event_that_is_sent_cannot_be_cancelled(person) -> None:
    person("ana")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    assert tocsin.cancel(event_id=event.id) == 0
    assert Event.objects.get().state == "planned"


@pytest.mark.parametrize("given", [{}, {"event_id": "x", "about": "y"}, {"about": ""}])
def test_cancel_says_what_it_needs(given) -> None:
    with pytest.raises(InvalidInput):
        tocsin.cancel(**given)


@pytest.mark.parametrize("event_id", ["no id", "018f0000-0000-7000-8000-000000000000"])
def test_an_event_that_is_not_there_cannot_be_cancelled(event_id) -> None:
    with pytest.raises(NotFound):
        tocsin.cancel(event_id=event_id)


def test_another_organizations_event_is_as_good_as_missing() -> None:
    event = tocsin.notify(TYPE, title="x")
    acme = Organization.objects.create(slug="acme", name="Acme")
    with pytest.raises(NotFound):
        tocsin.cancel(event_id=event.id, scope=Scope(frozenset({acme.pk})))


def test_a_dead_delivery_is_sent_again_on_request(person, memory) -> None:
    person("ana")
    memory.script = lambda message: Rejected(Cause.REFUSED_CONTENT)
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    memory.script = None
    delivery = Delivery.objects.get()
    assert pipeline.replay([f"d{delivery.pk}"]) == 1
    deliver_now()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert Attempt.objects.count() == 2


def test_only_dead_ones_are_replayed_and_all_or_none(person, memory) -> None:
    person("ana")
    memory.script = lambda message: Rejected(Cause.REFUSED_CONTENT)
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    memory.script = None
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    dead, sent = Delivery.objects.order_by("pk")
    with pytest.raises(Conflict, match=f"d{sent.pk}"):
        pipeline.replay([f"d{dead.pk}", f"d{sent.pk}"])
    assert Delivery.objects.get(pk=dead.pk).state == "dead"


@pytest.mark.parametrize(
    ("public_id", "error"), [("d999999", NotFound), ("x", NotFound), ("dx", NotFound), ("i1", Conflict)]
)
def test_ids_that_cannot_be_replayed(public_id, error) -> None:
    with pytest.raises(error):
        pipeline.replay([public_id])


def test_a_forgotten_person_leaves_no_trace_of_theirs(person, memory) -> None:
    ana = person("ana")
    tocsin.event_type("test:forget", label="x", channels=["memory", "message"])
    tocsin.notify("test:forget", title="sent", to=["user:ana"])
    deliver_now()
    tocsin.notify("test:forget", title="pending", to=["user:ana"])
    pipeline.run("plan", 10)
    tocsin.forget(ana.pk)
    states = dict(Delivery.objects.values_list("state", "reason"))
    assert states == {"sent": "", "skipped": "recipient_gone"}
    for row in Delivery.objects.all():
        assert (row.user_id, row.label, row.address) == (None, "", "")
        assert "ana" not in row.identity
    assert not InboxItem.objects.exists()


def test_a_deleted_user_is_not_sent_to(person, memory) -> None:
    ana = person("ana")
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    pipeline.run("plan", 10)
    ana.delete()
    deliver_now()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("skipped", "recipient_gone")
    assert not memory.sent


def test_a_dead_event_is_planned_again_on_request(person, memory) -> None:
    person("ana")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    Event.objects.update(state="dead", reason="poison", claims=3)
    assert pipeline.replay([str(event.id)]) == 1
    deliver_now()
    assert len(memory.sent) == 1
    with pytest.raises(Conflict, match="planned"):
        pipeline.replay([str(event.id)])


def test_a_dead_event_of_another_organization_is_as_good_as_missing() -> None:
    event = tocsin.notify(TYPE, title="x")
    Event.objects.update(state="dead")
    acme = Organization.objects.create(slug="acme", name="Acme")
    for event_id, scope in [(str(event.id), Scope(frozenset({acme.pk}))), ("no-such-event", Scope(None))]:
        with pytest.raises(NotFound):
            pipeline.replay([event_id], scope)
