"""The rows that planning writes: for each channel those to send, and those that say why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Substr

from tocsin import clock
from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.deliveries.insert_select import insert_select
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import Reason, State
from tocsin.recipients import resolve, secrets, users
from tocsin.recipients.models import Destination, Person
from tocsin.tenants.models import Membership, Organization
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel
    from tocsin.events.models import Event
    from tocsin.recipients.audiences import Term

MAX_LABEL = 200


def to_people(event: Event, channel: Channel, people: QuerySet[Any], layer: str, *, mandatory: bool) -> int:
    """Plan one channel for a chunk of people, those who are not to be told included. Returns rows written."""
    judged = resolve.with_reason(people, channel, event.type, mandatory=mandatory)
    fine = judged.filter(tocsin_reason="")
    rows = _skipped(event, channel, judged, layer)
    if channel.in_app:
        return rows + _to_inboxes(event, channel, fine, layer)
    return rows + to_addresses_of(event, channel, fine, layer)


def to_addresses_of(
    event: Event, channel: Channel, people: QuerySet[Any], layer: str, *, turn: int = 0, among: Any = None
) -> int:
    """Plan deliveries to the addresses of these people; only to the identities `among`, where given."""
    shared = _common(event, channel.slug, layer) | {"turn": turn}
    own = resolve.own_destinations(people, channel.slug)
    if among is not None:
        own = own.filter(identity__in=among)
    rows = insert_select(
        Delivery,
        own,
        shared | {
            "user": F("user_id"),
            "destination": F("pk"),
            "identity": F("identity"),
            "label": F("label"),
            "locale": _locale_of_owner(event),
        },
    )  # fmt: skip
    if not channel.uses_account_email:
        return rows
    reached = people.filter(resolve.account_address(channel)).annotate(
        tocsin_identity=resolve.account_identity()
    )
    if among is not None:
        reached = reached.filter(tocsin_identity__in=among)
    return rows + insert_select(
        Delivery,
        reached,
        shared | {
            "user": F("pk"),
            "identity": F("tocsin_identity"),
            "label": _label(),
            "locale": users.locale_of(_fallback_locale(event)),
        },
    )  # fmt: skip


def _to_inboxes(event: Event, channel: Any, people: QuerySet[Any], layer: str) -> int:
    """In-app items at once; a delivery for those who are to be left alone now."""
    resting = Exists(Person.objects.filter(user=OuterRef("pk"), dnd_until__gt=clock.now()))
    rows = channel.plan_items(event, people.filter(~resting), layer)
    return int(rows) + insert_select(
        Delivery, people.filter(resting), _common(event, channel.slug, layer) | _person_columns()
    )


def _skipped(event: Event, channel: Channel, judged: QuerySet[Any], layer: str) -> int:
    return insert_select(
        Delivery,
        judged.exclude(tocsin_reason=""),
        _common(event, channel.slug, layer) | _person_columns() | {
            "state": State.SKIPPED.value,
            "reason": F("tocsin_reason"),
            "finished_at": clock.now(),
        },
    )  # fmt: skip


def to_destinations(event: Event, pks: Iterable[int], layer: str) -> tuple[set[str], list[int]]:
    """Plan deliveries to destinations named by number: (their channels, the numbers nobody here owns)."""
    visible = Q(organization=event.organization_id)
    if is_implicit(event.organization_id):
        visible |= Q(user__isnull=False)
    else:
        visible |= Q(user__in=Membership.objects.filter(organization=event.organization_id).values("user"))
    wanted = Destination.objects.filter(visible, pk__in=list(pks))
    found = dict(wanted.values_list("pk", "channel"))
    for channel in sorted(set(found.values())):
        insert_select(
            Delivery,
            wanted.filter(channel=channel),
            _common(event, channel, layer) | {
                "user": F("user_id"),
                "destination": F("pk"),
                "identity": F("identity"),
                "label": F("label"),
                "locale": _locale_of_owner(event),
            },
        )  # fmt: skip
    return set(found.values()), [pk for pk in pks if pk not in found]


def to_addresses(event: Event, terms: Iterable[Term], layer: str) -> set[str]:
    """Plan deliveries to bare addresses; the address is kept encrypted. Returns the channels."""
    rows = []
    for term in terms:
        channel = registry.get(term.kind)
        cleaned = clean_settings(channel.form, channel.address_settings(term.value))
        rows.append(
            _row(event, term.kind, layer, identity=cleaned.identity, label=cleaned.identity[:MAX_LABEL],
                 address=secrets.seal(cleaned.open | cleaned.secret), locale=_fallback_locale(event))
        )  # fmt: skip
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.channel for row in rows}


def not_planned(
    event: Event,
    named: Iterable[str],
    channels: Iterable[str],
    layer: str,
    reason: Reason = Reason.UNKNOWN_RECIPIENT,
) -> None:
    """Write down who was named in vain, so that `explain` can say so."""
    Delivery.objects.bulk_create(
        [
            _row(event, channel, layer, identity=name[:320], label=name[:MAX_LABEL], state=State.SKIPPED,
                 reason=reason, finished_at=clock.now())
            for name in named
            for channel in channels
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _row(event: Event, channel: str, layer: str, **columns: Any) -> Delivery:
    common = _common(event, channel, layer) | columns
    return Delivery(organization_id=common.pop("organization"), event_id=common.pop("event"), **common)


def _common(event: Event, channel: str, layer: str) -> dict[str, Any]:
    """The columns that all rows of one statement share."""
    return {
        "organization": event.organization_id,
        "event": event.pk,
        "channel": channel,
        "layer": layer,
        "turn": 0,
        "state": State.PENDING.value,
        "reason": Reason.NONE.value,
        "priority": event.priority,
        "group_key": event.group_key,
        "due_at": event.due_at,
        "created_at": clock.now(),
        "fence": 0,
        "claims": 0,
        "attempt": 0,
        "address": "",
        "destination_ref": "",
        "provider_id": "",
        "locale": "",
    }


def _person_columns() -> dict[str, Any]:
    """A row about a person rather than about an address of theirs."""
    return {
        "user": F("pk"),
        "identity": Concat(Value("user:"), Cast("pk", CharField())),
        "label": _label(),
    }


def _label() -> Any:
    return Substr(users.text_of("name"), 1, MAX_LABEL)


def _locale_of_owner(event: Event) -> Any:
    fallback = _fallback_locale(event)
    owner = users.users().filter(pk=OuterRef("user_id")).annotate(tocsin_locale=users.locale_of(fallback))
    return Coalesce(NullIf(Subquery(owner.values("tocsin_locale")[:1]), Value("")), Value(fallback))


def _fallback_locale(event: Event) -> str:
    """The language of those who chose none: the organization's, else the site's."""
    chosen = Organization.objects.filter(pk=event.organization_id).values_list("locale", flat=True).first()
    return chosen or settings.LANGUAGE_CODE
