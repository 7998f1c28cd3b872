"""States of a delivery and the reasons for them. Vocabulary only: one sentence of meaning each."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """Where a delivery is. `pending → sending → sent`, or `retrying → … → dead`, or none of it, with a reason."""

    PENDING = "pending", _("Waits for a worker.")
    SENDING = "sending", _("A worker is sending it.")
    RETRYING = "retrying", _("Did not get through yet; will be tried again.")
    DEFERRED = "deferred", _("Waits for a better moment.")
    MERGED = "merged", _("Goes with another one, in one message.")
    SENT = "sent", _("The far side took it.")
    DEAD = "dead", _("Given up. It can be replayed.")
    SKIPPED = "skipped", _("Was not to be sent.")
    CANCELLED = "cancelled", _("Cancelled before it was sent.")
    EXPIRED = "expired", _("Was no longer wanted when its turn came.")


READY = (State.PENDING, State.RETRYING, State.DEFERRED)
UNSENT = (*READY, State.MERGED)
ON_THE_WAY = (State.PENDING, State.RETRYING, State.SENDING)
FINAL = (State.SENT, State.DEAD, State.SKIPPED, State.CANCELLED, State.EXPIRED)


class Reason(TextChoices):
    """Why a delivery is in its state, where the state alone does not say it."""

    NONE = "", ""
    INACTIVE = "inactive", _("The account is not active.")
    OPTED_OUT = "opted_out", _("They switched this kind of message off on this channel.")
    ORGANIZATION_OFF = (
        "organization_off",
        _(
            "Their organization switched this kind of message off on this channel, and they did not switch it on."
        ),
    )
    NO_DESTINATION = "no_destination", _("They have no address on this channel.")
    DESTINATION_DISABLED = "destination_disabled", _("Their address on this channel is disabled.")
    DESTINATION_UNVERIFIED = "destination_unverified", _("They have not confirmed this address yet.")
    RECIPIENT_GONE = "recipient_gone", _("The account no longer exists.")
    DESTINATION_GONE = "destination_gone", _("The destination no longer exists.")
    SECRET_UNREADABLE = "secret_unreadable", _("The destination's secret cannot be read with today's keys.")
    RULE_GONE = "rule_gone", _("The rule it came from no longer exists.")
    ACTION_GONE = "action_gone", _("The code that was registered for it is not installed any more.")
    CHANNEL_GONE = "channel_gone", _("The channel is not installed any more.")
    DO_NOT_DISTURB = "do_not_disturb", _("They asked not to be disturbed until then.")
    WINDOW_CLOSED = "window_closed", _("It waited, or waits, for the hours in which they want to be told.")
    READ = "read", _("They had read it in their inbox by then.")
    RESOLVED = "resolved", _("It was over by then.")
    GROUP_FIRST = "group_first", _("An earlier one of its group is still on its way, and goes first.")
    NOTHING_OPEN = "nothing_open", _("Nothing of it was open there, so there was nothing to do.")
    MERGED = "merged", _("It was told together with others, in one message.")
    EVENT_CANCELLED = "event_cancelled", _("The event was cancelled.")
    EVENT_EXPIRED = "event_expired", _("The event's time was over.")
    NO_LONGER_VALID = "no_longer_valid", _("The event was no longer true when it was due.")
    GAVE_UP = "gave_up", _("It was tried as often, or as long, as the settings allow.")
    REJECTED = "rejected", _("The far side refused it for good.")
    POISON = "poison", _("It took its worker down three times.")
    TOO_MANY = "too_many", _("It names more people than it may without a confirmation.")
    PLAN_FAILED = "plan_failed", _("Planning failed.")
    UNKNOWN_RECIPIENT = "unknown_recipient", _("Nobody and nothing goes by this name any more.")
    HOST_RESTS = "host_rests", _("The far side failed, or asked for a pause; it is left alone until then.")
    BUDGET = "budget", _("It waits for its turn: only so many a second are allowed.")
    RETRY = "retry", _("The last attempt failed; see its cause.")
    REPLAYED = "replayed", _("An operator sent it on its way again.")


PUT_OFF = frozenset({Reason.DO_NOT_DISTURB, Reason.WINDOW_CLOSED, Reason.MERGED})
"""Reasons of deliveries that waited for a better moment."""


class AttemptOutcome(TextChoices):
    """How one try ended."""

    SENT = "sent", _("sent")
    RETRY = "retry", _("failed, will be tried again")
    REJECTED = "rejected", _("refused")
    UNKNOWN = "unknown", _("not known")
