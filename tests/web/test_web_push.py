"""Notifications on a device, as the server sees it: whose subscription it is, and which of what is shown is over."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers.push_service import PushService, encode, make_vapid_key, point
from tocsin.channels import registry
from tocsin.channels.outcomes import Cause
from tocsin.recipients import destinations
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.tenants.organizations import organization_id
from tocsin.web.devices import device_name

URL, OVER, WORKER, INBOX = "/tocsin/push/", "/tocsin/push/over/", "/tocsin/worker.js", "/tocsin/inbox/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINE = "Notifications on this device"


@pytest.fixture(autouse=True)
def key(settings):
    """The operator has made keys; the public one."""
    private, public = make_vapid_key()
    settings.TOCSIN = {**settings.TOCSIN, "WEBPUSH_KEYS": [private]}
    return public


@pytest.fixture
def unset(settings):
    settings.TOCSIN = {**settings.TOCSIN, "WEBPUSH_KEYS": []}


@pytest.fixture
def said(key):
    """What a browser says of its subscription."""

    def make(number=1, **fields):
        p256dh = point(ec.generate_private_key(ec.SECP256R1()))
        given = {
            "endpoint": f"https://push.example.org/{number}",
            "p256dh": p256dh,
            "auth": encode(b"a" * 16),
        }
        return given | {"key": key} | fields

    return make


def do(client, action, fields, **options):
    headers = {"User-Agent": FIREFOX, **options.pop("headers", {})}
    return client.post(URL, {"action": action, **fields}, headers=headers, **options)


def state(client, fields):
    return do(client, "look", fields).json()["state"]


def rows(user):
    return list(Destination.objects.filter(user=user, channel="webpush").order_by("pk"))


def test_what_a_browser_says_becomes_a_destination_named_after_it(browse, ana, said):
    client, given = browse(ana), said()
    assert do(client, "on", given).json() == {"state": "on"}
    [row] = rows(ana)
    assert row.label == "Firefox on Linux"
    assert row.settings == {"key": given["key"]}
    assert given["endpoint"] not in row.identity
    assert state(client, given) == "on"


def test_saying_it_again_changes_nothing(browse, ana, said):
    client, given = browse(ana), said()
    do(client, "on", given)
    [before] = rows(ana)
    assert do(client, "on", given).json() == {"state": "on"}
    [after] = rows(ana)
    assert (after.pk, after.label, after.identity) == (before.pk, before.label, before.identity)


def test_a_second_browser_of_the_same_kind_gets_a_number(browse, ana, said):
    for number in (1, 2, 3):
        assert do(browse(ana), "on", said(number)).status_code == 200
    assert [row.label for row in rows(ana)] == [
        "Firefox on Linux",
        "Firefox on Linux (2)",
        "Firefox on Linux (3)",
    ]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Firefox/1", "Firefox"),
        ("<script>", "A browser"),
        ("", "A browser"),
    ],
)  # fmt: skip
def test_a_device_is_named_by_what_is_known_of_it(agent, name):
    assert device_name(agent) == name


def test_off_takes_it_away_and_out_of_rules(browse, ana, said):
    client, given = browse(ana), said()
    do(client, "on", given)
    rule = {"name": "Mine", "event_types": ["*"], "destinations": [str(rows(ana)[0].pk)]}
    kept = save.save(rule, Place(organization_id(), ana.pk), "ana")
    assert do(client, "off", given).json() == {"state": "off"}
    assert rows(ana) == []
    assert state(client, given) == "unknown"
    assert not Rule.objects.get(pk=kept.pk).active
    assert do(client, "off", given).status_code == 200


def test_who_signs_in_next_in_the_same_browser_takes_it_over(browse, ana, ben, said):
    given = said()
    do(browse(ana), "on", given)
    assert state(browse(ben), given) == "other"
    assert rows(ben) == []
    do(browse(ben), "on", given)
    assert rows(ana) == []
    assert state(browse(ben), given) == "on"
    assert state(browse(ana), given) == "other"


def test_who_signs_in_next_can_end_it_for_both(browse, ana, ben, said):
    given = said()
    do(browse(ana), "on", given)
    do(browse(ben), "off", given)
    assert rows(ana) == rows(ben) == []


def test_another_browsers_subscription_is_left_alone(browse, ana, ben, said):
    do(browse(ana), "on", said(1))
    do(browse(ben), "on", said(2))
    do(browse(ben), "off", said(3))
    assert len(rows(ana)) == len(rows(ben)) == 1


def test_what_an_organization_made_of_a_browser_goes_too(browse, ben, said, acme):
    given = said()
    destinations.add_destination(acme, "webpush", given)
    assert state(browse(ben), given) == "other"
    do(browse(ben), "on", given)
    assert not Destination.objects.filter(organization=acme).exists()


def test_a_new_subscription_in_the_place_of_an_old_one_is_the_same_destination(browse, ana, said):
    client, old, new = browse(ana), said(1), said(2)
    do(client, "on", old)
    [before] = rows(ana)
    assert do(client, "on", new | {"old": old["endpoint"]}).json() == {"state": "on"}
    [after] = rows(ana)
    assert (after.pk, after.label) == (before.pk, before.label)
    assert after.identity != before.identity
    assert state(client, old) == "unknown"


def test_an_endpoint_is_known_however_it_is_written(browse, ana, said):
    do(browse(ana), "on", said(endpoint="https://push.example.org/x"))
    assert state(browse(ana), said(endpoint="  https://push.example.org/x ")) == "on"


def test_a_browser_renews_only_what_its_reader_had(browse, ana, ben, said):
    old, new = said(1), said(2)
    do(browse(ana), "on", old)
    for client, before in (
        (browse(ben), old["endpoint"]),
        (browse(ana), "https://push.example.org/7"),
        (browse(ana), ""),
    ):
        assert do(client, "renew", new | {"old": before}).json() == {"state": "unknown"}
    assert rows(ben) == []
    assert state(browse(ana), old) == "on"
    assert do(browse(ana), "renew", new | {"old": old["endpoint"]}).json() == {"state": "on"}
    assert len(rows(ana)) == 1


def test_what_comes_in_the_place_of_several_is_one(browse, ana, said):
    for number in (1, 2):
        do(browse(ana), "on", said(number))
    old = [said(number)["endpoint"] for number in (7, 1, 2)]
    assert do(browse(ana), "renew", said(3) | {"old": old}).json() == {"state": "on"}
    assert [row.label for row in rows(ana)] == ["Firefox on Linux"]


def test_what_somebody_disabled_stays_so_when_the_browser_renews_or_they_sign_out(browse, ana, said):
    client, given = browse(ana), said(1)
    do(client, "on", given)
    destinations.disable(rows(ana)[0], "It was disabled by hand.")
    do(client, "rest", given)
    for number in (2, 3):
        new = said(number) | {"old": given["endpoint"]}
        assert do(client, "renew", new).json() == {"state": "disabled"}
        given = new
    assert [row.disabled_reason for row in rows(ana)] == ["It was disabled by hand."]
    assert do(client, "on", given).json() == {"state": "on"}


@pytest.mark.parametrize(("language", "again"), [("en", 1), ("fr", 1), ("fr", 2)])
def test_who_signs_out_is_not_told_there_until_they_are_back(browse, ana, ben, said, language, again):  # noqa: PLR0917
    client, given = browse(ana), said(1)
    do(client, "on", given)
    do(browse(ben), "rest", given)
    assert state(client, given) == "on"
    do(client, "rest", given, headers={"Accept-Language": language})
    assert state(client, given) == "rested"
    assert rows(ana)[0].disabled_at is not None
    assert do(client, "renew", said(again) | {"old": given["endpoint"]}).json() == {"state": "on"}
    [row] = rows(ana)
    assert row.disabled_at is None


@pytest.mark.parametrize(
    ("reason", "told"), [(str(Cause.GONE.label), "gone"), ("It was disabled by hand.", "disabled")]
)
def test_what_the_push_service_ended_is_told_from_what_a_person_did(browse, ana, said, reason, told):
    client, given = browse(ana), said()
    do(client, "on", given)
    destinations.disable(rows(ana)[0], reason)
    assert state(client, given) == told
    do(client, "on", given)
    assert state(client, given) == "on"


def test_a_code_is_sent_where_the_operator_asks_for_one(browse, ana, settings, key):
    settings.TOCSIN = {**settings.TOCSIN, "VERIFY_DESTINATIONS": ["webpush"]}
    with PushService() as service:
        browser = service.make_subscription(key)
        assert do(browse(ana), "on", browser.settings).json() == {"state": "confirm"}
        [pushed] = browser.pushed
    assert "code" in pushed.payload["title"]
    assert state(browse(ana), browser.settings) == "confirm"


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": ""}, {"endpoint": "javascript:alert(1)"}, {"endpoint": "http://example.org/x"}, {"p256dh": "x"},
        {"endpoint": "file:///etc/passwd"}, {"auth": ""}, {"key": "AAAA"}, {"endpoint": "\x00"}, {"p256dh": ""},
        {"endpoint": "https://push.example.org/" + "x" * 3000}, {"auth": "a\u2028b"},
    ],
)  # fmt: skip
def test_what_no_browser_says_is_refused_and_changes_nothing(browse, ana, said, wrong):
    client, good = browse(ana), said()
    do(client, "on", good)
    answer = do(client, "on", said(2) | {"old": good["endpoint"]} | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert state(client, good) == "on"
    assert len(rows(ana)) == 1


def test_a_refusal_takes_nothing_from_others(browse, ana, ben, said):
    given = said()
    do(browse(ana), "on", given)
    assert do(browse(ben), "on", given | {"auth": "x"}).status_code == 422
    assert state(browse(ana), given) == "on"


@pytest.mark.parametrize("action", ["", "drop", "test"])
def test_there_is_nothing_else_to_do(browse, ana, said, action):
    assert do(browse(ana), action, said()).status_code == 404


def test_nothing_is_said_to_strangers(browse, ana, said):
    for answer in (browse().get(URL), do(browse(), "on", said()), browse().get(OVER)):
        assert answer.status_code == 302
    assert browse(ana, strict=True).post(URL, {"action": "off"}).status_code == 403


def test_a_reader_learns_todays_key_and_what_a_form_needs(browse, ana, key):
    client = browse(ana, strict=True)
    answer = client.get(URL)
    assert (answer.json()["key"], answer.json()["me"]) == (key, str(ana.pk))
    assert "no-store" in answer["Cache-Control"]
    token = {"X-CSRFToken": answer.json()["csrf"]}
    assert client.post(URL, {"action": "look"}, headers=token).json() == {"state": "unknown"}


def test_without_keys_there_is_no_button_and_the_operator_is_told_why(browse, person, ana, unset, said):
    root = person("root", is_superuser=True)
    assert LINE not in browse(ana).get(INBOX).content.decode()
    assert "tocsin webpush keys" not in browse(ana).get(INBOX).content.decode()
    page = browse(root).get(INBOX).content.decode()
    assert LINE not in page
    assert "tocsin webpush keys" in page
    assert browse(ana).get(URL).json()["key"] == ""
    assert do(browse(ana), "on", said()).status_code == 422


def test_without_the_extra_too(browse, person, ana, said, monkeypatch):
    found = dict(registry.channels())
    del found["webpush"]
    monkeypatch.setattr(registry, "channels", lambda: found)
    assert LINE not in browse(ana).get(INBOX).content.decode()
    assert "are not set up" in browse(person("root", is_superuser=True)).get(INBOX).content.decode()
    assert state(browse(ana), said()) == "unknown"
    assert do(browse(ana), "off", said()).status_code == 200


def test_the_line_is_there_and_waits_for_the_script(browse, ana):
    page = browse(ana).get(INBOX).content.decode()
    assert LINE in page
    assert f'data-push="/tocsin/" data-me="{ana.pk}" hidden' in page


def test_the_worker_is_a_script_for_whoever_asks_and_is_not_kept(client, db):
    answer = client.get(WORKER)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    first, _, rest = answer.content.decode().partition("\n")
    given = json.loads(first.removeprefix("const GIVEN = ").removesuffix(";"))
    assert (given["inbox"], given["push"]) == (INBOX, URL)
    assert given["words"]["fr"].keys() == given["words"]["en"].keys()
    assert 'addEventListener("push"' in rest
