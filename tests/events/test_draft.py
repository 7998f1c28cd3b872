"""What may be in an event, and what is said where it may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.pipeline import parse

pytestmark = pytest.mark.django_db

GOOD = {"type": "message:internal", "title": "Hello"}


def deep(levels: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


BAD = [
    ({"type": "message:internl"}, "type", "message:internal"),
    ({"type": None}, "type", "event type"),
    ({"title": ""}, "title", "what happened"),
    ({"title": None}, "title", "what happened"),
    ({"title": "two\nlines"}, "title", "one line"),
    ({"title": "nul\x00"}, "title", "one line"),
    ({"title": "lone \ud800"}, "title", "one line"),
    ({"title": "x" * 301}, "title", "Shorten"),
    ({"title": 7}, "title", "string"),
    ({"body": "x" * 300_000}, "body", "link to the rest"),
    ({"body": "nul\x00"}, "body", "control characters"),
    ({"body": ["no"]}, "body", "Markdown"),
    ({"level": "warn"}, "level", "warning"),
    ({"level": 20}, "level", "info"),
    ({"data": [1]}, "data", "object"),
    ({"data": {"x": float("nan")}}, "data", "JSON"),
    ({"data": {"x": {1}}}, "data", "JSON"),
    ({"data": {"x": "\x00"}}, "data", "NUL"),
    ({"data": {"x": "\ud800"}}, "data", "surrogates"),
    ({"data": {1: "x"}}, "data", "keys"),
    ({"data": deep(30)}, "data", "Flatten"),
    ({"url": "javascript:alert(1)"}, "url", "https"),
    ({"url": "//evil.example"}, "url", "https"),
    ({"url": "/\\evil.example"}, "url", "https"),
    ({"url": "http://[::1"}, "url", "https"),
    ({"actions": [{"label": "Open"}]}, "actions.0", "url"),
    ({"actions": [{"label": "", "url": "/x"}]}, "actions.0", "Fill"),
    ({"actions": [{"label": "x", "url": "data:x"}]}, "actions.0.url", "https"),
    ({"actions": [{}] * 11}, "actions", "10"),
    ({"due_at": datetime(2027, 1, 1)}, "due_at", "offset"),  # noqa: DTZ001
    ({"due_at": "2027-01-01T10:00:00"}, "due_at", "offset"),
    ({"due_at": "tomorrow"}, "due_at", "2026"),
    ({"due_at": datetime(1, 1, 1, tzinfo=UTC)}, "due_at", "1970"),
    ({"due_at": "9999-12-31T23:59:59-12:00"}, "due_at", "2200"),
    ({"due_at": "1999-01-01T00:00:00Z"}, "due_at", "at once"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "later"),
    ({"due_at": "2030-01-02T00:00:00Z", "expires_at": "2030-01-01T00:00:00Z"}, "expires_at", "later"),
    ({"still_valid": "no-such-check"}, "still_valid", "nown"),
    ({"status": "closed"}, "status", "resolved"),
    ({"group_key": "x" * 201}, "group_key", "Shorten"),
    ({"dedupe_key": "a\nb"}, "dedupe_key", "one line"),
    ({"channel": "emial"}, "channel", "email"),
    ({"to": "user:ana"}, "to", "[…]"),
    ({"to": ["ana"]}, "to.0", "kind:value"),
    ({"to": ["user:"]}, "to.0", "kind:value"),
    ({"to": ["user:ana", "grup:x"]}, "to.1", "group"),
    ({"to": ["email:not an address"]}, "to.0", ""),
    ({"to": ["destination:x"]}, "to.0", "number"),
    ({"to": ["org:other"]}, "to.0", "default"),
    ({"to": ["team:other/ops"]}, "to.0", "default"),
    ({"to": ["webhook:https://example.org"]}, "to.0", "destination"),
    ({"to": [f"user:{n}" for n in range(501)]}, "to", "group"),
    ({"organization": "nowhere"}, "organization", "slug"),
    ({"project": "nowhere"}, "project", "slug"),
    ({"titel": "x"}, "titel", "title"),
]


@pytest.mark.parametrize(
    ("wrong", "field", "remedy"), BAD, ids=lambda value: str(value)[:40].encode("unicode_escape").decode()
)
def test_bad_input_names_the_field_and_the_remedy(wrong, field, remedy) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(GOOD | wrong)
    assert field in [error.field for error in caught.value.errors]
    assert remedy in str(caught.value)
    assert not Event.objects.exists()


def test_all_errors_come_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse({"type": "x", "title": "", "level": "?", "to": ["no"], "channel": "?", "organization": "?"})
    assert {error.field for error in caught.value.errors} == {
        "type", "title", "level", "to.0", "channel", "organization",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "stored"),
    [("ok", 20), ("INFO", 20), ("warnings", 30), ("errors", 40), ("failed", 50), ("critical", 50)],
)
def test_levels_have_synonyms(given, stored) -> None:
    event = tocsin.notify(**GOOD, level=given)
    assert Event.objects.get(pk=event.id).level == stored


def test_the_type_gives_the_level_where_none_is_given() -> None:
    tocsin.event_type("test:grave", label="Grave", level="error")
    event = tocsin.notify("test:grave", title="x")
    assert Event.objects.get(pk=event.id).level == 40


def test_an_event_hangs_on_an_object_and_names_its_actor(django_user_model) -> None:
    ana = django_user_model.objects.create_user("ana")
    event = tocsin.notify(**GOOD, about=ana, actor=ana)
    stored = Event.objects.get(pk=event.id)
    assert (stored.about, stored.actor) == (f"auth.user/{ana.pk}", f"user:{ana.pk}")


def test_an_unsaved_object_is_refused(django_user_model) -> None:
    with pytest.raises(InvalidInput, match=r"about.*Save the object first"):
        tocsin.notify(**GOOD, about=django_user_model())


def test_unicode_and_long_texts_come_back_as_they_were() -> None:
    body = "żółć 🔔 \t\r\n" * 1000
    data = {"ключ": ["значение", 1.5, None, True, {"x": []}]}
    event = tocsin.notify("message:internal", title="🔔 \u200f\u05e9\u05dc\u05d5\u05dd", body=body, data=data)
    stored = Event.objects.get(pk=event.id)
    assert (stored.title, stored.body, stored.data) == ("🔔 \u200f\u05e9\u05dc\u05d5\u05dd", body, data)


def test_times_are_kept_to_the_second() -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    event = tocsin.notify(**GOOD, due_at=due.isoformat(), expires_at=due + timedelta(hours=1))
    stored = Event.objects.get(pk=event.id)
    assert (stored.due_at, stored.expires_at) == (due, due + timedelta(hours=1))
