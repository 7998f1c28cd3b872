"""Plugins of Argus as channels: destinations, validation, sending, each outcome for each destination."""

from __future__ import annotations

from collections import Counter

import pytest

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import conf
from tocsin.channels import registry
from tocsin.channels.forms import json_schema
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.errors import Conflict, InvalidInput
from tocsin.recipients import destinations
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]

ALL = ("Pager", "Chat", "SchemaOnly", "Duck", "Ours", "Polite")


@pytest.fixture
def argus(switch_on):
    """Switches the adapter on with these plugins; gives the module that they are in."""

    def put(*names: str, **others):
        paths = [name if "." in name else f"tests.adapters.plugins.{name}" for name in names or ALL]
        switch_on("argus", MEDIA_PLUGINS=paths, **others)
        from tests.adapters import plugins

        plugins.sent.clear()
        return plugins

    return put


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", "ana@example.org", "x")


def tell(*where, **fields) -> dict[int, Delivery]:
    to = [f"destination:{one.pk}" for one in where]
    tocsin.notify("message:internal", title="Disk full", to=to, **fields)
    deliver_now()
    return {row.destination_id: row for row in Delivery.objects.all()}


def test_a_plugin_of_the_guide_sends_to_each_destination_by_itself(argus, ana) -> None:
    plugins = argus()
    good, refused, away = (destinations.add_destination(ana, "pager", {"number": n}) for n in (42, 1, 2))
    rows = tell(good, refused, away, level="error", group_key="disk-1", url="/disks/1")
    assert {pk: row.state for pk, row in rows.items()} == {
        good.pk: "sent",
        refused.pk: "retrying",
        away.pk: "retrying",
    }
    [(number, text, kind, level, media, pk, label, columns)] = plugins.sent
    assert (number, kind, level, media, pk, label) == (42, "STA", 2, "pager", good.pk, "Pager 42")
    assert text.startswith("'Incident start': Disk full, ")
    assert {"id", "start_time", "end_time", "source_id", "description", "level", "details_url"} <= set(
        columns
    )
    assert columns["details_url"] == "http://testserver/disks/1"
    why = dict(Attempt.objects.values_list("delivery__destination_id", "detail"))
    assert "False" in why[refused.pk]
    assert "ConnectionError" in why[away.pk]


def test_a_resolved_group_is_the_end_of_an_incident(argus, ana) -> None:
    plugins = argus("Pager")
    pager = destinations.add_destination(ana, "pager", {"number": 42})
    tell(pager, group_key="g", level="critical")
    tell(pager, group_key="g", level="warning")
    tell(pager, group_key="g", status="resolved")
    tell(pager)
    assert [(one[2], one[3]) for one in plugins.sent] == [("STA", 1), ("CHI", 3), ("END", 5), ("LES", 5)]
    assert [one[7]["end_time"] is None for one in plugins.sent] == [False, False, False, True]


def test_one_that_hangs_is_left_behind_and_delays_no_other(argus, ana, monkeypatch) -> None:
    plugins = argus("Pager")
    monkeypatch.setattr(registry.get("pager"), "deadline_seconds", 0.2, raising=False)
    monkeypatch.setattr("tocsin.deliveries.foreign.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("tocsin.deliveries.foreign._abandoned", Counter())
    try:
        hanging, good = (destinations.add_destination(ana, "pager", {"number": n}) for n in (3, 42))
        rows = tell(hanging, good)
    finally:
        plugins.released.set()
    assert rows[good.pk].state == "sent"
    assert rows[hanging.pk].state == "retrying"
    plugins.released.clear()


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        (("pager", {"number": "x"}), "settings.number", "whole number"),
        (("pager", {"number": 13}), "settings.number", "bad luck"),
        (("pager", {"number": 14}), "settings", "no fourteens"),
        (("pager", {"number": 15}), "settings", "KeyError"),
        (("pager", {}), "settings.number", "required"),
        (("pager", {"nummer": 1}), "settings.nummer", "number"),
        (("chat", {"webhook": "not a url"}), "settings.webhook", "valid URL"),
        (("schemaonly", {"loud": True}), "settings.room", "required"),
    ],
)
def test_what_a_plugin_refuses_is_refused_by_field(argus, ana, given, field, words) -> None:
    argus()
    with pytest.raises(InvalidInput) as caught:
        destinations.add_destination(ana, *given)
    [error] = caught.value.errors
    assert error.field == field
    assert words in f"{error.message} {error.remedy}"


def test_duplicates_are_the_plugins_to_find(argus, ana) -> None:
    argus("Pager")
    destinations.add_destination(ana, "pager", {"number": 42}, label="one")
    with pytest.raises(InvalidInput, match="already"):
        destinations.add_destination(ana, "pager", {"number": 42}, label="two")
    acme = Organization.objects.create(slug="acme", name="Acme")
    destinations.add_destination(acme, "pager", {"number": 42})


def test_settings_are_cleaned_and_secrets_kept_apart(argus, ana) -> None:
    plugins = argus("Chat")
    chat = destinations.add_destination(ana, "chat", {"webhook": "https://chat.example.org/s3cr3t/"})
    assert chat.settings == {}
    assert "s3cr3t" not in chat.label + chat.identity
    tell(chat, actor="ben")
    assert plugins.sent == [("https://chat.example.org/s3cr3t", "ben", "")]
    assert Delivery.objects.get().state == "sent"


def test_a_plugin_with_nothing_but_a_schema(argus, ana) -> None:
    plugins = argus("SchemaOnly")
    form = registry.get("schemaonly").form
    assert json_schema(form)["properties"]["size"]["type"] == "integer"
    where = destinations.add_destination(ana, "schemaonly", {"room": "b", "loud": True, "size": 3})
    tell(where)
    assert plugins.sent == [{"room": "b", "loud": True, "size": 3}]


def test_a_plugin_on_the_real_base_is_taken_by_its_looks(argus, ana) -> None:
    plugins = argus("Duck")
    where = destinations.add_destination(ana, "duck", {"pond": "NORTH"})
    tell(where)
    assert plugins.sent == [("v3", "north")]


def test_update_and_deletion_are_asked(argus, ana) -> None:
    argus("Pager")
    pager = destinations.add_destination(ana, "pager", {"number": 42})
    assert destinations.change(pager, {"number": 43}).destination.settings == {"number": 43}
    assert destinations.change(pager, {"number": 99}).destination.settings == {"number": 100}
    seven = destinations.add_destination(ana, "pager", {"number": 7})
    with pytest.raises(Conflict, match=r"Seven stays\."):
        destinations.delete(seven)
    destinations.delete(pager)


def test_argus_own_plugins_are_our_channels(argus) -> None:
    media = "argus.notificationprofile.media"
    argus(f"{media}.email.EmailNotification", f"{media}.sms_as_email.SMSNotification")
    assert registry.provider("email") == registry.provider("sms") == "tocsin"
    assert registry.problems() == []


def test_a_plugin_derived_from_argus_mail_sends_by_ours(argus, ana, settings) -> None:
    argus("Polite")
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        where = destinations.add_destination(ana, "politemail", {"email_address": "x@example.org"})
        tell(where)
        assert [mail.recipients for mail in relay.accepted] == [["x@example.org"]]


def test_argus_settings_are_read_where_ours_are_not_given(argus, settings) -> None:
    argus("Pager", SMS_GATEWAY_ADDRESS="sms@example.com", NOTIFICATION_SUBJECT_PREFIX="[Argus] ")
    assert conf.get("SMS_GATEWAY_ADDRESS") == "sms@example.com"
    assert conf.get("SUBJECT_PREFIX") == "[Argus] "
    settings.TOCSIN = {**settings.TOCSIN, "SMS_GATEWAY_ADDRESS": "other@example.com"}
    assert conf.get("SMS_GATEWAY_ADDRESS") == "other@example.com"
    settings.TOCSIN = {**settings.TOCSIN, "ADAPTERS": []}
    assert conf.get("SUBJECT_PREFIX") == ""


def test_the_prefix_stands_before_every_subject(argus, ana, settings) -> None:
    argus("Pager", NOTIFICATION_SUBJECT_PREFIX="[Argus] ")
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        tocsin.notify("message:internal", title="Disk full", to=["email:x@example.org"], level="error")
        deliver_now()
        assert relay.accepted[0].parsed["Subject"] == "[Argus] [error] Disk full"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("tests.adapters.plugins.Nameless", "MEDIA_NAME, send"), ("tests.adapters.nowhere.Plugin", "no module"),
        ("tests.adapters.plugins.Missing", "Missing"), (7, "is 7"),
        ("tests.adapters.plugins.Numbered", "MEDIA_SLUG"), ("tests.adapters.plugins.Oddly", "AttributeError"),
    ],
)  # fmt: skip
def test_a_plugin_that_cannot_be_loaded_is_told_and_costs_the_others_nothing(switch_on, path, words) -> None:
    switch_on("argus", MEDIA_PLUGINS=[path, "tests.adapters.plugins.Pager"])
    [problem] = registry.problems()
    assert words in str(problem)
    assert problem.field == "MEDIA_PLUGINS[0]"
    assert "pager" in registry.channels()


def test_two_plugins_of_one_slug_are_told(switch_on) -> None:
    switch_on("argus", MEDIA_PLUGINS=["tests.adapters.plugins.Pager", "tests.adapters.plugins.Pager"])
    [problem] = registry.problems()
    assert problem.field == "MEDIA_PLUGINS[1]"
    assert "MEDIA_PLUGINS[0]" in problem.message
    assert "pager" in registry.channels()


def test_a_plugin_that_fails_when_it_is_asked_is_named(argus, ana) -> None:
    argus("Failing")
    with pytest.raises(InvalidInput, match="KeyError"):
        destinations.add_destination(ana, "failing", {"a": "twin"})
    with pytest.raises(Conflict, match="KeyError"):
        destinations.delete(destinations.add_destination(ana, "failing", {"a": "x"}))


def test_without_the_adapter_the_setting_means_nothing(argus, settings) -> None:
    argus("Pager")
    settings.TOCSIN = {**settings.TOCSIN, "ADAPTERS": []}
    assert "pager" not in registry.channels()
