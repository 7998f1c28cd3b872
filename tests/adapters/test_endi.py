"""enDI's `notify`, called as its documentation calls it."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import Group
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.email.mails import SMTP, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.adapters.endi.markdown import markdown_of
from tocsin.channels.text import to_html, to_text
from tocsin.errors import InvalidInput
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.tenants.models import Membership, Organization, Team, TeamMember
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def endi(switch_on, monkeypatch):
    monkeypatch.setattr(types, "_types", dict(types._types))
    switch_on("endi")
    from endi.utils import notification

    return notification


@pytest.fixture
def people(django_user_model):
    """ana is a manager, ben has a company, cid looks after both."""
    ana, ben, cid = (
        django_user_model.objects.create_user(n, f"{n}@example.org", "x") for n in ("ana", "ben", "cid")
    )
    Group.objects.create(name="manager").user_set.add(ana)
    default = Organization.objects.get(slug="default")
    team = Team.objects.create(organization=default, slug="bakery", name="Bakery", account_manager=cid)
    TeamMember.objects.create(team=team, user=ben)
    Membership.objects.create(organization=default, user=ben, account_manager=cid)
    return {"ana": ana, "ben": ben, "cid": cid, "team": team}


def told() -> list[str]:
    deliver_now()
    return sorted(InboxItem.objects.values_list("user__username", flat=True))


@pytest.mark.parametrize(
    "module", ["endi.utils.notification", "endi.utils.nofitication", "endi.utils.notification.notification"]
)
def test_the_documented_call_under_each_of_its_names(endi, people, module) -> None:
    code = (
        f"from {module} import AbstractNotification, notify\n"
        "abstract = AbstractNotification(body='Corps de message', title='Titre', key='message:internal')\n"
        "notify(request, abstract, group_names=['manager', 'admin'])\n"
    )
    exec(code, {"request": None})
    assert told() == ["ana"]
    assert InboxItem.objects.get().event.title == "Titre"


def test_each_way_to_name_people(endi, people) -> None:
    def tell(**given):
        InboxItem.objects.all().delete()
        endi.notify(None, endi.AbstractNotification("message:internal", "t", "b"), **given)
        return told()

    assert tell(user_ids=[people["ana"].pk, people["ben"].pk]) == ["ana", "ben"]
    assert tell(company_id=people["team"].pk) == ["ben"]
    assert tell(company_id="bakery") == ["ben"]
    assert tell(follower_user_id=people["ben"].pk) == ["cid"]
    assert tell(follower_user_id=people["team"].pk, account_type="company") == ["cid"]
    assert tell(account_type="manager") == ["ana"]
    assert tell(group_names=["manager"], company_id="bakery") == ["ana", "ben"]


def test_who_looks_after_an_account_is_asked_when_it_is_due(endi, people) -> None:
    endi.notify(None, endi.AbstractNotification("message:internal", "t"), follower_user_id=people["ben"].pk)
    Membership.objects.update(account_manager=people["ana"])
    assert told() == ["ana"]


def test_a_naive_date_is_in_the_zone_of_the_site(endi, people, settings) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    due = datetime.datetime(2037, 7, 1, 12, 0)  # noqa: DTZ001 (as enDI gives it)
    made = endi.notify(
        None, endi.AbstractNotification("message:internal", "t", due_datetime=due), group_names=["manager"]
    )
    assert Event.objects.get(pk=made.id).due_at == datetime.datetime(2037, 7, 1, 10, 0, tzinfo=datetime.UTC)
    assert told() == []
    aware = due.replace(tzinfo=datetime.UTC)
    made = endi.notify(
        None, endi.AbstractNotification("message:internal", "t", due_datetime=aware), group_names=["manager"]
    )
    assert Event.objects.get(pk=made.id).due_at == aware


def test_a_forced_channel(endi, people, settings) -> None:
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        endi.notify(
            None, endi.AbstractNotification("message:internal", "Titre", "<p>Le <b>corps</b></p>"),
            group_names=["manager"], force_channel="email",
        )  # fmt: skip
        assert told() == []
        [mail] = relay.accepted
    assert mail.recipients == ["ana@example.org"]
    assert b"<strong>corps</strong>" in mail.content


def test_what_it_is_about_and_who_did_it(endi, people) -> None:
    request = RequestFactory().get("/")
    request.user = people["cid"]
    abstract = endi.AbstractNotification("message:internal", "t", context_tablename="invoice", context_id=42)
    made = endi.notify(request, abstract, group_names=["manager"])
    event = Event.objects.get(pk=made.id)
    assert (event.about, event.actor) == ("invoice/42", f"user:{people['cid'].pk}")


@pytest.mark.parametrize(
    ("fields", "given", "field"),
    [
        ({"key": "mesage:internal"}, {}, "key"), ({"title": ""}, {}, "title"),
        ({}, {"force_channel": "pigeon"}, "force_channel"), ({}, {"group_names": []}, "group_names"),
        ({}, {"group_names": "manager"}, "group_names"), ({}, {"company_id": 999}, "company_id"),
        ({}, {"follower_user_id": 1, "account_type": "odd"}, "account_type"),
        ({"check_query": "SELECT 1"}, {}, "check_query"), ({"context_id": 3}, {}, "context_id"),
        ({"due_datetime": datetime.datetime.min.replace(tzinfo=datetime.UTC)}, {}, "due_datetime"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_argument_and_nothing_is_stored(
    endi, people, fields, given, field
) -> None:
    abstract = endi.AbstractNotification(**{"key": "message:internal", "title": "t", **fields})
    with pytest.raises(InvalidInput) as caught:
        endi.notify(None, abstract, **{"group_names": ["manager"], **given})
    assert [one.field for one in caught.value.errors] == [field]
    assert not Event.objects.exists()


def test_the_safe_way_in_place_of_a_query_is_named(endi, people) -> None:
    abstract = endi.AbstractNotification("message:internal", "t", check_query="SELECT count(*) FROM invoice")
    with pytest.raises(InvalidInput, match=r"tocsin\.check.*still_valid"):
        endi.notify(None, abstract, group_names=["manager"])


def test_types_have_a_channel_and_a_status(endi) -> None:
    from endi.models.notification import NotificationEventType

    NotificationEventType("invoice:late", "Late", default_channel_name="alert", status_type="danger")
    made = types.get_type("invoice:late")
    assert (made.channels, made.level.slug) == (("alert",), "error")
    for wrong in ({"default_channel_name": "pigeon"}, {"status_type": "odd"}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            NotificationEventType("invoice:odd", "x", **wrong)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("Corps de message", "Corps de message"),
        ("1 * 2 [x] <3", r"1 \* 2 \[x\] \<3"),
        ("- no list\n1. nor this", "\\- no list\n1\\. nor this"),
        ("<p>Un <b>gros</b> et <i>petit</i></p><p>deux</p>", "Un **gros** et *petit*\n\ndeux"),
        ("<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>", "- a\n- b\n  1. c"),
        ('<a href="https://x.example/?a=1&amp;b=2">ici</a>', "[ici](<https://x.example/?a=1&b=2>)"),
        ('<a href="javascript:alert(1)">ici</a>', "[ici]"),
        ("<script>alert(1)</script>après", "après"),
        ("<h2>T</h2>x<br>y", "## T\n\nx  \ny"),
        ("<p>a &amp;lt; b</p>", r"a \&lt; b"),
        ("---", "\\---"),
    ],
)
def test_html_becomes_markdown(html, markdown) -> None:
    assert markdown_of(html) == markdown


HTML = st.lists(
    st.sampled_from(["<b>", "</b>", "<p>", "</p>", "<ul><li>", "</li></ul>", '<a href="https://a.example">', "</a>",
                     "<script>", "<img src=x onerror=alert(1)>", "a*b_c", "[x](javascript:y)", "&lt;i&gt;", "<br>",
                     "1. ", "# ", "`", "\n", "<pre>", "</pre>"]), max_size=12
)  # fmt: skip


@given(HTML.map("".join))
def test_nothing_of_a_body_becomes_markup_that_was_not_there(html) -> None:
    shown = to_html(markdown_of(html))
    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:" not in shown.replace("[x](javascript:y)", "")


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<&"), min_size=1))
def test_plain_text_is_shown_as_it_is_written(text) -> None:
    assert to_text(markdown_of(text)).rstrip("\n") == text
