"""Templates are kept in versions, tried before they are saved, and applied where a message is made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import clock
from tocsin.deliveries import story
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.prune import prune_events, prune_templates
from tocsin.deliveries.wording import apply, choose, preview, sample, save
from tocsin.deliveries.wording.models import Template, TemplateVersion
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Person
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import OPERATOR
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

TYPE = "message:system"


@pytest.fixture(autouse=True)
def _nothing_read(monkeypatch):
    choose.forget()
    monkeypatch.setattr(apply, "_told", set())


def template(template=None, *, version=None, by="ana", **fields):
    place = {} if template else {"event_type": TYPE, "channel": "memory"}
    return save.save(organization_id(), place | fields, by, template, version=version)


def refused(call):
    with pytest.raises(InvalidInput) as caught:
        call()
    return {error.field: f"{error.message} {error.remedy}".strip() for error in caught.value.errors}


def tell(user, title="It happened", **fields):
    event = tocsin.notify(TYPE, title=title, to=[f"user:{user.pk}"], channel="memory", **fields)
    deliver_now()
    return Event.objects.get(pk=event.id)


def sent(memory):
    return [(event.title, event.body) for message in memory.sent for event in message.events]


def test_title_and_body_are_reworded_and_the_version_is_on_record(person, memory) -> None:
    made = template(
        title="{{ event.data.host }}: {{ event.title }}", body="Look at **{{ event.data.host }}**"
    )
    event = tell(person("ana"), body="its own", data={"host": "db_1"})
    assert sent(memory) == [("db_1: It happened", "Look at **db\\_1**")]
    row = Delivery.objects.get(event=event)
    assert row.template_version == made.current
    [line] = story.lines(OPERATOR, event=event.pk).items
    assert line.worded_by == (made.pk, 1)
    assert f"Worded by template {made.pk}, version 1." in line.sentence


def test_explain_says_what_worded_it(person) -> None:
    made = template(title="x")
    ana = person("ana")
    told = " ".join(explain(tell(ana), ana).sentences)
    assert f"Worded by template {made.pk}, version 1." in told


def test_an_empty_text_keeps_the_events_own(person, memory) -> None:
    template(body="told")
    tell(person("ana"), body="its own")
    assert sent(memory) == [("It happened", "told")]


def test_a_title_is_one_line_and_no_longer_than_titles_are_and_never_empty(person, memory) -> None:
    made = template(title="a\n\nb {{ event.body }}")
    ana = person("ana")
    tell(ana, body="x" * 400)
    template(made, title="{{ event.data.nothing }}")
    tell(ana)
    [(long, _), (own, _)] = sent(memory)
    assert long.startswith("a b xxx")
    assert len(long) == 300
    assert own == "It happened"


def test_each_is_told_in_their_language_and_numbers_and_dates_are_written_in_it(person, memory) -> None:
    source = "{{ event.data.n }} {{ event.created_at|date:'F' }}"
    template(title=f"any {source}")
    template(title=f"fr {source}", locale="fr")
    for name, locale in (("ana", "fr-ca"), ("ben", "de"), ("cid", "")):
        Person.objects.create(user=person(name), locale=locale)
    with clock.supposing(clock.now().replace(month=2, day=1)):
        tocsin.notify(
            TYPE, title="x", to=["user:ana", "user:ben", "user:cid"], channel="memory", data={"n": 1.5}
        )
    deliver_now()
    told = {message.target.label: message.event.title for message in memory.sent}
    assert told == {"ana": "fr 1,5 février", "ben": "any 1,5 Februar", "cid": "any 1.5 February"}


def test_the_template_of_another_type_channel_or_organization_is_not_for_it(person, memory) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    save.save(other.pk, {"event_type": TYPE, "channel": "memory", "title": "other's"}, "x")
    template(event_type="drill", title="drill")
    template(channel="email", title="mail")
    tell(person("ana"))
    assert sent(memory) == [("It happened", "")]


def test_what_fails_when_it_is_sent_is_told_in_the_events_own_words_and_says_so(
    person, memory, caplog
) -> None:
    made = template(title="{% for a, b in event.data.pairs %}{{ a }}{% endfor %}")
    ana = person("ana")
    for pairs in ([[1]], [[2]], [[3, 4]]):
        tell(ana, data={"pairs": pairs})
    assert [title for title, _ in sent(memory)] == ["It happened", "It happened", "3"]
    rows = Delivery.objects.order_by("pk").values_list("state", "template_version")
    assert list(rows) == [("sent", None), ("sent", None), ("sent", made.current)]
    details = list(Attempt.objects.order_by("pk").values_list("detail", flat=True))
    assert details[0].startswith(f"Template version {made.current} was not used: ValueError: Need 2 values")
    assert details[2] == ""
    assert len([record for record in caplog.records if "was not used" in record.getMessage()]) == 1


def test_a_template_that_does_too_much_loses_no_message(person, memory) -> None:
    template(body="{% for a in event.data.l %}{% for b in event.data.l %}{% endfor %}{% endfor %}")
    tell(person("ana"), data={"l": [0] * 2_000})
    assert sent(memory) == [("It happened", "")]
    assert "too much" in Attempt.objects.get().detail


def test_what_was_put_off_is_merged_in_its_new_words_and_each_row_keeps_the_version(person, memory) -> None:
    made = template(title="{{ event.title }}!")
    ana = person("ana")
    Person.objects.create(user=ana, dnd_until=clock.now() + timedelta(hours=1))
    for title in ("one", "two"):
        tell(ana, title)
    assert sent(memory) == []
    with clock.supposing(clock.now() + timedelta(hours=2)):
        deliver_now()
    [message] = memory.sent
    assert [event.title for event in message.events] == ["one!", "two!"]
    assert set(Delivery.objects.values_list("state", "template_version")) == {("sent", made.current)}


def test_without_any_template_nothing_is_asked_and_with_one_a_claim_asks_once(person, memory) -> None:
    ana = person("ana")
    add_destination(ana, "memory", {"name": "second"})
    tell(ana)
    with CaptureQueriesContext(connection) as asked:
        tell(ana)
    assert not [one for one in asked if "tocsin_template" in one["sql"]]
    template(title="x")
    with CaptureQueriesContext(connection) as asked:
        tell(ana)
    assert (
        len([one for one in asked if 'FROM "tocsin_template"' in one["sql"]]) == 2
    )  # is there any, and which
    assert len(memory.sent) == 6


@pytest.mark.parametrize(
    ("fields", "wrong", "said"),
    [
        ({"event_type": "message:sytem"}, "event_type", "message:system"),
        ({"channel": "emial", "title": "x"}, "channel", "email"),
        ({"locale": "french", "title": "x"}, "locale", "'fr'"),
        ({"locale": "FR", "title": "x"}, "locale", "'fr'"),
        ({"title": "x", "body": "a\n{% include 'x' %}"}, "body", "Line 2: There is no tag 'include'"),
        ({"title": "{{ event.title|safe }}"}, "title", "Line 1: There is no filter 'safe'"),
        ({"title": 5}, "title", "string"),
        ({"title": "x" * 10_001}, "title", "10000"),
        ({"title": "a\x00"}, "title", "control"),
        ({"title": " ", "body": ""}, "body", "Write at least one"),
        ({"title": "{% for a, b in event.data.names %}{% endfor %}"}, "title", "Need 2 values"),
        ({"title": "x", "nonsense": 1}, "nonsense", "no field"),
    ],
)
def test_what_is_wrong_is_told_by_field_and_nothing_is_stored(fields, wrong, said) -> None:
    assert said in refused(lambda: template(**fields))[wrong]
    assert not TemplateVersion.objects.exists()
    assert not Template.objects.exists()


def test_there_is_one_template_for_a_place(person) -> None:
    template(title="x")
    template(title="x", locale="fr")
    assert set(refused(lambda: template(title="y"))) == {"locale"}


def test_a_change_is_a_version_and_an_old_one_comes_back_as_a_new_one() -> None:
    made = template(title="one")
    made = template(made, title="two", by="ben", version=1)
    with pytest.raises(Conflict, match="ben"):
        template(made, title="three", version=1)
    made = save.restore(made, 1, "cid")
    assert (made.title, made.version) == ("one", 3)
    assert [(one.number, one.title, one.by) for one in save.versions(made)] == [
        (3, "one", "cid"), (2, "two", "ben"), (1, "one", "ana"),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        save.restore(made, 9, "cid")
    entries = AuditEntry.objects.order_by("pk").values_list("action", "by", "before", "after")
    assert list(entries)[1:] == [
        ("template.change", "ben", {"title": "one"}, {"title": "two"}),
        ("template.restore", "cid", {"title": "two"}, {"title": "one"}),
    ]


def test_where_a_template_is_does_not_change() -> None:
    made = template(title="one")
    assert set(refused(lambda: template(made, title="x", channel="email", locale="fr"))) == {
        "channel",
        "locale",
    }


def test_a_deleted_one_is_not_used_and_its_place_is_free(person, memory) -> None:
    made = template(title="worded")
    save.delete(made, "ben")
    save.delete(made, "ben")
    ana = person("ana")
    tell(ana)
    again = template(title="again")
    tell(ana)
    assert [title for title, _ in sent(memory)] == ["It happened", "again"]
    assert (again.pk, again.version) == (made.pk, 3)
    with pytest.raises(NotFound):
        save.restore(again, 2, "ben")


def test_a_preview_shows_words_and_message_and_stores_and_sends_nothing(memory) -> None:
    fields = {
        "event_type": TYPE,
        "channel": "email",
        "locale": "fr",
        "title": "T {{ event.data.host }}",
        "body": "**b**",
    }
    shown = preview.preview(organization_id(), fields)
    assert (shown["title"], shown["html"]) == ("T db1", "<p><strong>b</strong></p>\n")
    assert shown["message"]["subject"] == "T db1"
    assert "<strong>b</strong>" in shown["message"]["html"]
    assert not Template.objects.exists()
    assert (
        preview.preview(organization_id(), fields | {"channel": "sms"})["message"]["text"]
        == "T db1\nb\nhttp://testserver/example"
    )
    assert preview.preview(organization_id(), fields | {"channel": "message"})["message"] is None
    assert set(refused(lambda: preview.preview(organization_id(), fields | {"body": "{% x %}"}))) == {"body"}


@pytest.mark.parametrize(
    "slug", ["email", "sms", "webhook", "slack", "msteams", "pagerduty", "apprise", "memory"]
)
def test_each_channel_that_shows_a_message_to_nobody_shows_it_and_none_raises(slug) -> None:
    fields = {"event_type": TYPE, "channel": slug, "title": "worded"}
    shown = preview.preview(organization_id(), fields)["message"]
    assert shown is None or "worded" in shown["subject"] + shown["text"]


def test_a_preview_is_of_the_event_that_is_given_else_of_the_newest_of_its_type(person) -> None:
    older = tell(person("ana"), "older")
    tell(person("ben"), "newer")
    fields = {"event_type": TYPE, "channel": "email", "title": "<{{ event.title }}>"}
    assert preview.preview(organization_id(), fields)["title"] == "<newer>"
    assert preview.preview(organization_id(), fields, older)["title"] == "<older>"
    assert sample.sample(TYPE, organization_id())["title"] == "newer"


def test_the_newest_event_of_another_organization_is_no_sample(person) -> None:
    tell(person("ana"), "ours")
    other = Organization.objects.create(slug="other", name="Other")
    found = sample.sample(TYPE, other.pk)
    assert found["title"] != "ours"
    assert found["organization"] == "other"


def test_versions_are_kept_as_long_as_events_that_may_show_them(person) -> None:
    now = clock.now()
    made = None
    for days in (30, 20, 10):
        with clock.supposing(now - timedelta(days=days)):
            made = template(made, title=f"{days}")
            if days == 20:
                tell(person("ana"))
    before = now - timedelta(days=5)
    assert prune_templates(before) == 1
    list(prune_events(before))
    assert prune_templates(before) == 1
    assert [one.title for one in save.versions(made)] == ["10"]
    with clock.supposing(now - timedelta(days=8)):
        save.delete(made, "ana")
    assert prune_templates(before) == 2
    assert not Template.objects.exists()
