"""One event, told in other words by mail and in the inbox, in two languages, and edited afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.wording import choose, save
from tocsin.inbox import queries
from tocsin.recipients.models import Person
from tocsin.tenants.organizations import organization_id
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

TYPE = "message:system"


@pytest.fixture(autouse=True)
def _nothing_read():
    choose.forget()


@pytest.fixture
def people():
    make = get_user_model().objects.create_user
    return {name: make(name, f"{name}@example.org") for name in ("ana", "benoit")}


def template(channel, locale, title, body="", template=None):
    fields = {"event_type": TYPE, "channel": channel, "locale": locale, "title": title, "body": body}
    return save.save(organization_id(), fields, "ana", template)


def titles(user, locale="en"):
    with translation.override(locale):
        return [item.title for item in queries.list_items(user).items]


@pytest.fixture
def mailbox(settings):
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        yield server


def test_one_event_is_mailed_in_two_languages_each_in_its_own_words(people, mailbox) -> None:
    Person.objects.create(user=people["benoit"], locale="fr-ca")
    english = template("email", "", "Disk of {{ event.data.host }}", "It has **{{ event.data.left }}** left.")
    french = template("email", "fr", "Disque de {{ event.data.host }}", "Il reste **{{ event.data.left }}**.")
    tocsin.notify(TYPE, title="disk", body="own", to=["user:ana", "user:benoit"], channel="email",
                  data={"host": "db_1", "left": "2 [GB](http://evil.example)"})  # fmt: skip
    deliver_now()
    mails = {mail.recipients[0]: mail.parsed for mail in mailbox.messages}
    assert mails["ana@example.org"]["Subject"] == "Disk of db_1"
    assert mails["benoit@example.org"]["Subject"] == "Disque de db_1"
    html = mails["benoit@example.org"].get_body(("html",)).get_content()
    assert "Il reste <strong>2 [GB](http://evil.example)</strong>" in html
    versions = dict(Delivery.objects.values_list("user__username", "template_version"))
    assert versions == {"ana": english.current, "benoit": french.current}


@pytest.mark.parametrize("channel", ["message", "header_message", "alert"])
def test_an_item_is_worded_when_it_is_read_by_the_version_of_when_it_was_made(people, channel) -> None:
    now = clock.now()

    def tell(title):
        tocsin.notify(TYPE, title=title, to=["user:ana"], channel=channel)
        deliver_now()

    tell("zero")
    steps = [
        lambda: template(channel, "", "one {{ event.title }}"),
        lambda: template(channel, "fr", "un {{ event.title }}"),
        lambda: template(channel, "", "two {{ event.title }}", template=made[0]),
        lambda: save.delete(made[1], "ana"),
    ]
    made = []
    for hours, step in enumerate(steps, 1):
        with clock.supposing(now + timedelta(hours=hours)):
            made.append(step())
            tell(f"{hours}")
    with clock.supposing(now + timedelta(hours=9)):
        assert titles(people["ana"]) == ["two 4", "two 3", "one 2", "one 1", "zero"]
        assert titles(people["ana"], "fr-ca") == ["two 4", "un 3", "un 2", "one 1", "zero"]
        first = queries.list_items(people["ana"]).items[0]
        assert queries.get_item(people["ana"], first.id) == first


def test_data_and_bodies_of_items_are_sanitised_and_literal(people) -> None:
    template("message", "", "", "[go]({{ event.data.url }}) {{ event.data.said }} {{ event.body|markdown }}")
    tocsin.notify(TYPE, title="x", body="**own**", to=["user:ana"], channel="message",
                  data={"url": "javascript:alert(1)", "said": "<script> [a](http://evil.example)"})  # fmt: skip
    deliver_now()
    [item] = queries.list_items(people["ana"]).items
    assert "<a" not in item.html
    assert "<script" not in item.html
    assert "<strong>own</strong>" in item.html


def test_an_item_whose_template_fails_is_shown_in_its_own_words(people) -> None:
    template("message", "", "{% for a, b in event.data.pairs %}{% endfor %}x")
    tocsin.notify(TYPE, title="own", to=["user:ana"], channel="message", data={"pairs": [1]})
    deliver_now()
    assert titles(people["ana"]) == ["own"]


def test_a_page_of_items_asks_once_for_templates_and_never_where_there_are_none(people) -> None:
    for number in range(5):
        tocsin.notify(TYPE, title=f"{number}", to=["user:ana"], channel="message")
    deliver_now()
    titles(people["ana"])
    with CaptureQueriesContext(connection) as without:
        titles(people["ana"])
    assert len(without) == 1
    with clock.supposing(clock.now() - timedelta(days=1)):
        made = template("message", "", "a {{ event.data.x }} {{ event.organization }} {{ event.project }}")
        template("message", "", "b {{ event.organization }}", template=made)
    assert titles(people["ana"])[0] == "b default"
    with CaptureQueriesContext(connection) as asked:
        titles(people["ana"])
    assert len(asked) == 2


def test_the_inbox_over_http_says_the_same(client, people) -> None:
    template("message", "", "worded", "**so**")
    tocsin.notify(TYPE, title="own", to=["user:ana"], channel="message")
    deliver_now()
    client.force_login(people["ana"])
    [item] = client.get("/tocsin/api/v1/inbox").json()["items"]
    assert (item["title"], item["html"]) == ("worded", "<p><strong>so</strong></p>\n")
