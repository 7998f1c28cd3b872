"""The channel of registrations: one delivery for each rule and event, carried out by the code that is registered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tocsin.channels.base import Channel, Message, Outcome, Rendered, Sent, Target
from tocsin.channels.event_json import event_json
from tocsin.channels.text import to_text
from tocsin.deliveries.judge import Verdict
from tocsin.deliveries.states import Reason, State
from tocsin.rules import registrations
from tocsin.rules.match import specs_of
from tocsin.rules.models import Rule
from tocsin.tenants.organizations import organization_slug

if TYPE_CHECKING:
    from tocsin.deliveries.claim import Claimed
    from tocsin.events.models import Event

SLUG = "action"
LAYER = re.compile(r"\Arule:(\d+)@(\d+)\Z")


class ActionChannel(Channel):
    """Never offered to anybody: a rule with a service and a target leads here."""

    slug = SLUG
    label = _("Action")
    joins = False
    runs_foreign_code = True

    def render(self, message: Message) -> Rendered:
        return Rendered(message.event.title, to_text(message.event.body))

    def send(self, message: Message) -> Outcome:
        rule = message.target.settings
        action = registrations.find(message.event.type, rule["service"], rule["target"])
        if action is None:
            raise LookupError(f"nothing is registered for {rule['service']} and {rule['target']} any more")
        outcome: Any = action(rule).fire({**event_json(message.event), "rule": dict(rule)})
        return Sent() if outcome is None else outcome


def target_of(row: Claimed, event: Event) -> Target | Verdict:
    """The rule in the version that the event met; or that it, or the code for it, is gone."""
    layer = LAYER.match(row.layer)
    if layer is None:  # a simulated one
        return Target(row.identity, row.label, {})
    number, version = int(layer[1]), int(layer[2])
    spec = specs_of([(number, version)]).get((number, version))
    if spec is None or not Rule.objects.filter(pk=number, deleted_at=None).exists():
        return Verdict(State.SKIPPED, Reason.RULE_GONE)
    if registrations.find(event.type, spec.service, spec.target) is None:
        return Verdict(State.SKIPPED, Reason.ACTION_GONE)
    shown = registrations.about(spec, organization_slug(row.organization_id))
    return Target(row.identity, row.label, {"id": str(number), "version": version, **shown})
