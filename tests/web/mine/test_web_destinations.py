"""Destinations on a person's own page and at the desk: made, tried, proved, switched off and removed."""

from __future__ import annotations

import html
import re

import pytest

from tests.web.reading import text
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.spec import Place

MINE, DESK = "/tocsin/destinations/", "/tocsin/desk/acme/destinations/"
HOOK = {"label": "Chat", "setting_url": "https://hooks.example.org/in"}
SECRET = "whsec_" + "c2VjcmV0" * 4
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def ana(acme, person):
    return person("ana", acme="owner")


@pytest.fixture
def client(ana, browse):
    return browse(ana)


@pytest.fixture(params=[MINE, DESK], ids=["mine", "desk"])
def shelf(request):
    return request.param


def made(client, shelf, **fields):
    answer = client.post(f"{shelf}add/?channel=webhook", HOOK | {"setting_secret": SECRET} | fields)
    assert answer.status_code == 302, text(answer)
    return Destination.objects.latest("pk")


def do(client, shelf, found, action, **fields):
    return client.post(f"{shelf}{found}/do/", {"action": action, "from": "list", **fields}, follow=True)


def test_the_account_address_comes_first_and_has_no_form(client, ana):
    page = text(client.get(MINE))
    assert "ana@example.org" in page
    assert "the address of your account" in page
    own = f"{MINE}account-email-{ana.pk}/"
    assert "Change it there." in text(client.get(own))
    assert client.post(own, {"label": "x"}).status_code == 404


def test_channels_are_offered_and_those_that_are_not_ready_say_so(client, shelf, settings):
    settings.TOCSIN = {**settings.TOCSIN, "SMS_GATEWAY_ADDRESS": ""}
    page = client.get(f"{shelf}add/").content.decode()
    assert 'href="?channel=webhook"' in page
    assert 'href="?channel=sms"' not in page
    assert "is not set up on this server" in page
    assert 'href="?channel=message"' not in page
    assert text(client.get(f"{shelf}add/?channel=nothing")) == text(client.get(f"{shelf}add/"))


def test_one_is_added_changed_and_keeps_its_secret(client, shelf, ana, acme):
    found = made(client, shelf)
    assert (found.user, found.organization) == ((ana, None) if shelf == MINE else (None, acme))
    sealed = found.secrets
    page = client.get(f"{shelf}{found.pk}/")
    assert SECRET not in page.content.decode()
    assert "Set. Leave it empty to keep it." in text(page)
    assert client.post(f"{shelf}{found.pk}/", HOOK | {"label": "Talk"}).status_code == 302
    found.refresh_from_db()
    assert (found.label, bool(found.secrets), bool(sealed)) == ("Talk", True, True)


def test_a_secret_that_was_made_is_shown_once_and_in_the_answer_itself(client, shelf):
    answer = client.post(f"{shelf}add/?channel=webhook", HOOK)
    assert answer.status_code == 200
    [secret] = re.findall(r'id="made-secret" value="(whsec_[^"]+)"', answer.content.decode())
    found = Destination.objects.get()
    assert secret not in client.get(f"{shelf}{found.pk}/").content.decode()
    assert secret not in str(dict(client.session))


def test_what_the_channel_refuses_is_said_beside_its_field_and_the_rest_stays(client, shelf):
    answer = client.post(f"{shelf}add/?channel=webhook", {"label": "Keep me", "setting_url": "ftp://x"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="Keep me"' in page
    field = re.search(r'<div class="tocsin-field tocsin-faulty">.*?</ul>', page, re.DOTALL)[0]
    assert "setting_url" in field
    assert "errorlist" in field
    assert not Destination.objects.exists()


def test_a_double_click_adds_one(client, shelf):
    made(client, shelf)
    answer = client.post(f"{shelf}add/?channel=webhook", HOOK)
    assert answer.status_code == 422
    assert "has a destination with this address already" in text(answer)
    assert Destination.objects.count() == 1


def test_settings_that_are_the_operators_are_offered_to_nobody_else(client, browse, person):
    answer = client.get(f"{MINE}add/?channel=email")
    assert "setting_email_address" in answer.content.decode()
    assert "setting_from_email" not in answer.content.decode()
    sent = {"label": "x", "setting_email_address": "x@example.org", "setting_from_email": "boss@example.org"}
    client.post(f"{MINE}add/?channel=email", sent)
    assert Destination.objects.get().settings == {"email_address": "x@example.org"}
    root = browse(person("root", is_superuser=True))
    assert "setting_from_email" in root.get(f"{MINE}add/?channel=email").content.decode()


def test_a_test_tells_the_real_outcome(client, shelf):
    client.post(f"{shelf}add/?channel=memory", {"label": "Box", "setting_name": "here"})
    found = Destination.objects.get()
    assert "“Box”: sent" in text(do(client, shelf, found.pk, "test"))
    assert "A test was sent there a moment ago." in text(do(client, shelf, found.pk, "test"))


def test_disabled_and_enabled_again_twice_is_once(client, shelf):
    found = made(client, shelf)
    for action, is_disabled in (("disable", True), ("disable", True), ("enable", False), ("enable", False)):
        do(client, shelf, found.pk, action)
        found.refresh_from_db()
        assert (found.disabled_at is not None) is is_disabled


def test_it_is_confirmed_by_the_code_that_was_sent(client, shelf, settings, monkeypatch):
    settings.TOCSIN = {**settings.TOCSIN, "VERIFY_DESTINATIONS": ["memory"]}
    monkeypatch.setattr("secrets.randbelow", lambda most: 42)
    answer = client.post(
        f"{shelf}add/?channel=memory", {"label": "Box", "setting_name": "there"}, follow=True
    )
    assert "A code was sent there." in text(answer)
    found = Destination.objects.get()
    assert "is not confirmed yet" in text(do(client, shelf, found.pk, "test"))
    assert "is another one" in text(do(client, shelf, found.pk, "confirm", code="1"))
    assert "is confirmed." in text(do(client, shelf, found.pk, "confirm", code="000042"))
    found.refresh_from_db()
    assert found.verified_at is not None


def test_one_that_rules_tell_stays_until_that_is_said_too(client, acme, ana):
    found = made(client, DESK)
    rule = save.save(
        {"name": "Page us", "event_types": ["*"], "destinations": [str(found.pk)]}, Place(acme.pk), "x"
    )
    assert "Page us" in text(client.get(f"{DESK}{found.pk}/"))
    assert "is told by “Page us”" in text(do(client, DESK, found.pk, "delete"))
    assert Destination.objects.exists()
    assert "is removed" in text(do(client, DESK, found.pk, "delete", force="on"))
    rule.refresh_from_db()
    assert (rule.active, Destination.objects.exists()) == (False, False)


def test_anothers_is_missing_byte_for_byte(ana, globex, person, browse):
    gil = person("gil", globex="owner")
    theirs = [add_destination(gil, "memory", {"name": "a"}), add_destination(globex, "memory", {"name": "b"})]
    client = browse(ana)
    for shelf in (MINE, DESK):
        answers = set()
        for number in (*(one.pk for one in theirs), 99_999_999, "account-email-77", "x", "٣"):
            for answer in (client.get(f"{shelf}{number}/"), do(client, shelf, number, "delete")):
                assert answer.status_code == 404
                answers.add(re.sub(rb"destinations/[^<]*/", b"", answer.content))
        assert len(answers) == 1
    assert client.get("/tocsin/desk/globex/destinations/").status_code == 404
    own = made(client, MINE)
    assert client.get(f"{DESK}{own.pk}/").status_code == 404
    shared = made(client, DESK)
    assert client.get(f"{MINE}{shared.pk}/").status_code == 404


def test_managers_keep_rules_and_not_the_destinations(acme, person, browse):
    client = browse(person("bo", acme="manager"))
    assert client.get(DESK).status_code == 403
    assert client.post(f"{DESK}add/?channel=memory", {"setting_name": "x"}).status_code == 403
    assert DESK not in client.get("/tocsin/desk/acme/rules/").content.decode()


def test_hostile_words_stay_words(client, shelf):
    found = made(client, shelf, label=HOSTILE)
    for answer in (
        client.get(shelf),
        client.get(f"{shelf}{found.pk}/"),
        do(client, shelf, found.pk, "disable"),
    ):
        assert "<img" not in answer.content.decode()
        assert HOSTILE in html.unescape(answer.content.decode())


def test_what_cannot_be_done_is_missing(client, shelf):
    found = made(client, shelf)
    assert do(client, shelf, found.pk, "burn").status_code == 404
    assert client.get(f"{shelf}{found.pk}/do/").status_code == 405


def test_a_destination_whose_channel_is_gone_can_only_go(client, shelf, settings, ana, acme):
    found = made(client, shelf)
    Destination.objects.update(channel="gone")
    page = text(client.get(f"{shelf}{found.pk}/"))
    assert "Its channel is not installed any more" in page
    assert "is removed" in text(do(client, shelf, found.pk, "delete"))


def test_the_number_of_queries_does_not_grow(client, shelf, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(40) as found:
            client.get(shelf)
        return len(found)

    made(client, shelf)
    few = queries()
    for number in range(5):
        made(client, shelf, label=f"n{number}", setting_url=f"https://hooks.example.org/{number}")
    assert queries() == few
