"""The rows that planning writes: for each channel those to send, and those that say why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Substr

from tocsin import clock
from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.deliveries.insert_select import insert_select
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import Reason, State
from tocsin.deliveries.wave import of_event
from tocsin.recipients import resolve, secrets, users
from tocsin.recipients.models import Destination, Person
from tocsin.rules import operator
from tocsin.tenants.models import Membership
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tocsin.channels.base import Channel
    from tocsin.deliveries.wave import Wave
    from tocsin.events.models import Event
    from tocsin.recipients.audiences import Term

MAX_LABEL = 200
ACTION = "action"


def to_people(wave: Wave, channel: Channel, people: QuerySet[Any]) -> None:
    """Plan one channel for people, those who are not to be told included."""
    fine, others = resolve.divide(people, channel, wave.type, wave.organization, mandatory=wave.mandatory)
    _skipped(wave, channel, others)
    if channel.in_app:
        _to_inboxes(wave, channel, fine)
    else:
        to_addresses_of(wave, channel, fine)


def to_addresses_of(
    wave: Wave, channel: Channel, people: QuerySet[Any], *, turn: int = 0, among: Any = None
) -> int:
    """Plan deliveries to the addresses of these people; only to the identities `among`, where given."""
    shared = wave.columns(channel.slug) | {"turn": turn}
    own = resolve.own_destinations(people, channel.slug)
    if among is not None:
        own = own.filter(identity__in=among)
    to_own = shared | {
        "user": F("user_id"),
        "destination": F("pk"),
        "identity": F("identity"),
        "label": F("label"),
        "locale": _locale_of_owner(wave.locale),
    }
    rows = insert_select(Delivery, own, to_own, wave.pairs())
    if not channel.uses_account_email:
        return rows
    reached = people.filter(resolve.account_address(channel)).annotate(tocsin_same=resolve.account_identity())
    if among is not None:
        reached = reached.filter(tocsin_same__in=among)
    to_account = shared | {
        "user": F("pk"),
        "identity": F("tocsin_same"),
        "label": _label(),
        "locale": users.locale_of(wave.locale),
    }
    return rows + insert_select(Delivery, reached, to_account, wave.pairs())


def _to_inboxes(wave: Wave, channel: Any, people: QuerySet[Any]) -> None:
    """In-app items at once; a delivery for those who have hours of their own, or rest."""
    choosy = Person.objects.filter(Q(dnd_until__gt=wave.now) | Q(windows__isnull=False))
    if wave.has_hours:
        choosing = people
    elif not choosy.exists():
        channel.plan_items(wave, people)
        return
    else:
        chooses = Exists(choosy.filter(user=OuterRef("pk")))
        channel.plan_items(wave, people.filter(~chooses))
        choosing = people.filter(chooses)
    insert_select(Delivery, choosing, wave.columns(channel.slug) | _of_person(), wave.pairs())


def _skipped(wave: Wave, channel: Channel, people: QuerySet[Any]) -> None:
    why = {"state": State.SKIPPED.value, "reason": F("tocsin_reason"), "finished_at": wave.now}
    columns = wave.columns(channel.slug) | _of_person() | why
    insert_select(Delivery, people, columns, wave.pairs())


def to_destinations(wave: Wave, named: list[tuple[Event, list[int]]]) -> set[str]:
    """Plan deliveries to destinations named by number; returns their channels."""
    wanted = Destination.objects.filter(
        _visible(wave.organization), pk__in={pk for _, pks in named for pk in pks}
    )
    found = {row.pk: row for row in wanted.annotate(tocsin_locale=_locale_of_owner(wave.locale))}
    rows = []
    for event, pks in named:
        for pk in pks:
            if (to := found.get(pk)) is None:
                rows.append(_unknown(wave, event, "", f"destination:{pk}"))
                continue
            row = _row(wave, event, to.channel, identity=to.identity, label=to.label, locale=to.tocsin_locale)  # type: ignore[attr-defined]
            row.user_id, row.destination_id = to.user_id, to.pk
            rows.append(row)
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {to.channel for to in found.values()}


def _visible(organization: int) -> Q:
    """Destinations that an organization's events may name: its own and its people's."""
    if is_implicit(organization):
        return Q(organization=organization) | Q(user__isnull=False)
    members = Membership.objects.filter(organization=organization).values("user")
    return Q(organization=organization) | Q(user__in=members)


def to_addresses(wave: Wave, named: list[tuple[Event, list[Term]]]) -> set[str]:
    """Plan deliveries to bare addresses; the address is kept encrypted. Returns the channels."""
    rows = []
    for event, terms in named:
        for term in terms:
            channel = registry.get(term.kind)
            cleaned = clean_settings(channel.form, channel.address_settings(term.value))
            sealed = secrets.seal(cleaned.open | cleaned.secret)
            label = cleaned.identity[:MAX_LABEL]
            rows.append(
                _row(
                    wave,
                    event,
                    term.kind,
                    identity=cleaned.identity,
                    label=label,
                    address=sealed,
                    locale=wave.locale,
                )
            )
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.channel for row in rows}


def to_actions(wave: Wave, named: list[tuple[Event, list[str]]], label: str) -> set[str]:
    """Plan one delivery for each rule that code is registered for. Returns the channel."""
    rows = [
        _row(wave, event, ACTION, identity=f"rule:{number}", label=label[:MAX_LABEL])
        for event, numbers in named
        for number in numbers
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {ACTION}


def to_settings(wave: Wave, named: list[tuple[Event, tuple[str, ...]]]) -> set[str]:
    """Plan deliveries to targets of the operator's rules. Returns the channels."""
    rows = []
    for event, refs in named:
        for ref in refs:
            if (found := operator.target(ref)) is None:
                continue  # taken out of the settings since the event met it
            rule, cleaned = found
            row = _row(
                wave, event, rule.channel, identity=cleaned.identity, label=rule.name, locale=wave.locale
            )
            row.destination_ref = ref
            rows.append(row)
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.channel for row in rows}


def unknown(wave: Wave, named: list[tuple[Event, list[Term]]]) -> None:
    """Write down who was named but is not there, so that `explain` can say so."""
    rows = [
        _unknown(wave, event, channel, str(term))
        for event, terms in named
        for term in terms
        for channel in wave.channels
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def channel_gone(wave: Wave, channel: str) -> None:
    """Write down that events name a channel that is not installed any more."""
    rows = [
        _row(
            wave,
            event,
            channel,
            identity="*",
            state=State.SKIPPED,
            reason=Reason.CHANNEL_GONE,
            finished_at=wave.now,
        )
        for event in wave.events
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _unknown(wave: Wave, event: Event, channel: str, name: str) -> Delivery:
    return _row(
        wave, event, channel, identity=name[:320], label=name[:MAX_LABEL],
        state=State.SKIPPED, reason=Reason.UNKNOWN_RECIPIENT, finished_at=clock.now(),
    )  # fmt: skip


def _row(wave: Wave, event: Event, channel: str, **columns: Any) -> Delivery:
    values = wave.columns(channel) | of_event(event) | columns
    return Delivery(organization_id=values.pop("organization"), event_id=values.pop("event"), **values)


def _of_person() -> dict[str, Any]:
    """A row about a person rather than about an address of theirs."""
    return {
        "user": F("pk"),
        "identity": Concat(Value("user:"), Cast("pk", CharField())),
        "label": _label(),
    }


def _label() -> Any:
    return Substr(users.text_of("name"), 1, MAX_LABEL)


def _locale_of_owner(fallback: str) -> Any:
    owner = users.users().filter(pk=OuterRef("user_id")).annotate(tocsin_locale=users.locale_of(fallback))
    return Coalesce(NullIf(Subquery(owner.values("tocsin_locale")[:1]), Value("")), Value(fallback))
