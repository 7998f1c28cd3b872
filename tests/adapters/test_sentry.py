"""Sentry's notification actions: registrations as its guide writes them."""

from __future__ import annotations

from enum import IntEnum

import pytest

import tocsin
from tests.adapters.sentry_world import fired
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.inbox.models import InboxItem
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Team, TeamMember
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.adapters.sentry_urls")]


@pytest.mark.parametrize("target", ["user", "team", "specific"])
def test_sentry_notification_is_in_app_and_mail(sentry, acme, target, django_user_model, settings) -> None:
    ana = django_user_model.objects.create_user("ana", "ana@example.org", "x")
    Membership.objects.create(organization=acme, user=ana, role="owner")
    team = Team.objects.create(organization=acme, slug="ops", name="Ops")
    TeamMember.objects.create(team=team, user=ana)
    tocsin.event_type("spike-protection", label="Spike")
    named = {"user": str(ana.pk), "team": str(team.pk), "specific": ""}[target]
    save.save(
        {"name": "spikes", "event_types": ["spike-protection"], "service": "sentry_notification", "target": target,
         "target_identifier": named},
        Place(acme.pk), "test",
    )  # fmt: skip
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        tocsin.notify("spike-protection", title="A spike", organization="acme")
        for _ in range(2):
            deliver_now()
        assert [mail.recipients for mail in relay.accepted] == [["ana@example.org"]]
    assert InboxItem.objects.get().event.title == "A spike"


def test_others_extend_triggers_services_and_targets(sentry, acme) -> None:
    class HouseTrigger(sentry.FlexibleIntEnum):
        LEAK = 300

        @classmethod
        def as_choices(cls):
            return ((cls.LEAK.value, "water-leak"),)

    assert HouseTrigger.get_name(300) == "water-leak"
    action = sentry.NotificationAction
    for value, text in HouseTrigger.as_choices():
        action.register_trigger_type(value, text)
    action.register_service_type(value=30, display_text="siren")
    action.register_target_type(value=30, display_text="house")

    @action.register_action(trigger_type=HouseTrigger.LEAK, service_type=30, target_type=30)
    class Siren(sentry.ActionRegistration):
        def fire(self, data):
            fired.append((self.action.trigger_type, data["title"]))

    save.save(
        {"name": "leaks", "event_types": ["water-leak"], "service": "siren", "target": "house",
         "target_identifier": "12"},
        Place(acme.pk), "test",
    )  # fmt: skip
    tocsin.notify("water-leak", title="In the cellar", organization="acme")
    deliver_now()
    assert fired == [(300, "In the cellar")]


def test_double_and_unknown_registrations_are_refused(sentry, audit) -> None:
    register = sentry.NotificationAction.register_action
    with pytest.raises(AttributeError, match="already"):
        register(trigger_type=0, service_type=2, target_type=0)(audit)
    for key in ((9, 2, 0), (0, 99, 0), (0, 2, 99)):
        with pytest.raises(AttributeError, match="not known"):
            register(*key)
    with pytest.raises(AttributeError, match="taken"):
        sentry.NotificationAction.register_trigger_type(0, "another")
    with pytest.raises(AttributeError, match="taken"):
        sentry.NotificationAction.register_trigger_type(400, "audit-log")


def test_an_action_can_be_fired_at_once(sentry, audit, caplog) -> None:
    made = sentry.NotificationAction(0, 2, 0, target_identifier="C1")
    made.fire({"title": "now"})
    assert fired == [("C1", "", "now")]
    sentry.NotificationAction(100, 2, 0, id=5).fire({})
    assert "nothing is registered for the action 5" in caplog.text


def test_the_numbers_and_names_of_the_original(sentry) -> None:
    assert issubclass(sentry.ActionService, IntEnum)
    assert sentry.ActionService.get_name(5) == "sentry_notification"
    assert sentry.ActionTarget.get_value("team") == sentry.ActionTarget.TEAM == 2
    assert sentry.NotificationAction.get_trigger_text(sentry.ActionTrigger.AUDIT_LOG) == "audit-log"
    assert sentry.NotificationAction.get_registry() == {}


def test_the_older_path_of_the_module_is_served_too(sentry) -> None:
    from sentry.models.notificationaction import NotificationAction

    assert NotificationAction is sentry.NotificationAction
