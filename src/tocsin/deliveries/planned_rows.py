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
from tocsin.deliveries.wave import columns_of
from tocsin.recipients import preferences, resolve, secrets, users
from tocsin.recipients.models import Destination, Person
from tocsin.rules import operator
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel
    from tocsin.deliveries.wave import Told, Wave
    from tocsin.recipients.audiences import Term

MAX_LABEL = 200
ACTION = "action"


def to_people(wave: Wave, channel: Channel, people: QuerySet[Any]) -> None:
    """Plan one channel for people, those who are not to be told included."""
    refusals = preferences.refusals(wave.type, channel.slug, wave.organizations)
    for part, refuses in wave.split(refusals.organizations):
        off = refuses if refusals.by_anybody else None
        fine, others = resolve.divide(people, channel, part.type, organization_refuses=off)
        _skipped(part, channel, others)
        if channel.in_app:
            _to_inboxes(part, channel, fine)
        else:
            to_addresses_of(part, channel, fine)


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


def literal(wave: Wave) -> set[str]:
    """Plan whatever is named by itself, and write down who was named but is not there, so that `explain` can say so.

    Returns the channels that have something to send.
    """
    rows = [
        *(row for told in wave.told for row in _missing(wave, told)),
        *(_to_address(wave, told, term) for told in wave.told for term in told.one.addresses),
        *(row for told in wave.told for ref in told.one.refs if (row := _to_setting(wave, told, ref))),
        *(_to_action(wave, told, number) for told in wave.told for number in told.one.actions),
        *_to_destinations(wave),
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.channel for row in rows if row.state == State.PENDING}


def _missing(wave: Wave, told: Told) -> list[Delivery]:
    return [_unknown(wave, told, channel, str(term)) for term in told.missing for channel in wave.channels]


def _to_destinations(wave: Wave) -> Iterator[Delivery]:
    """To destinations named by number."""
    named = [(told, pk) for told in wave.told for pk in told.one.destinations]
    if not named:
        return
    rows = Destination.objects.filter(pk__in={pk for _, pk in named})
    found: dict[int, Any] = {
        row.pk: row for row in rows.annotate(tocsin_locale=_locale_of_owner(wave.locale))
    }
    members = resolve.members_among(wave.organizations, {row.user_id for row in found.values()} - {None})
    for told, pk in named:
        to, organization = found.get(pk), told.event.organization_id
        if to is None or not _may_name(organization, to, members):
            yield _unknown(wave, told, "", f"destination:{pk}")
            continue
        row = _row(wave, told, to.channel, identity=to.identity, label=to.label, locale=to.tocsin_locale)
        row.user_id, row.destination_id = to.user_id, to.pk
        yield row


def _may_name(organization: int, to: Destination, members: set[tuple[int, Any]]) -> bool:
    """Whether it is the organization's own, or of one of its people."""
    if to.user_id is None:
        return to.organization_id == organization
    return is_implicit(organization) or (organization, to.user_id) in members


def _to_address(wave: Wave, told: Told, term: Term) -> Delivery:
    """To a bare address, which is kept encrypted."""
    channel = registry.get(term.kind)
    cleaned = clean_settings(channel.form, channel.address_settings(term.value))
    sealed = secrets.seal(cleaned.open | cleaned.secret)
    label = cleaned.identity[:MAX_LABEL]
    return _row(
        wave, told, term.kind, identity=cleaned.identity, label=label, address=sealed, locale=wave.locale
    )


def _to_action(wave: Wave, told: Told, number: str) -> Delivery:
    """One for each rule that code is registered for."""
    return _row(wave, told, ACTION, identity=f"rule:{number}", label=told.one.name[:MAX_LABEL])


def _to_setting(wave: Wave, told: Told, ref: str) -> Delivery | None:
    """To a target of an operator's rule; None for one taken out of the settings since the event met it."""
    if (found := operator.target(ref)) is None:
        return None
    rule, cleaned = found
    return _row(
        wave,
        told,
        rule.channel,
        identity=cleaned.identity,
        label=rule.name,
        locale=wave.locale,
        destination_ref=ref,
    )


def channel_gone(wave: Wave, channel: str) -> None:
    """Write down that events name a channel that is not installed any more."""
    rows = [
        _row(
            wave,
            told,
            channel,
            identity="*",
            state=State.SKIPPED,
            reason=Reason.CHANNEL_GONE,
            finished_at=wave.now,
        )
        for told in wave.told
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _unknown(wave: Wave, told: Told, channel: str, name: str) -> Delivery:
    return _row(
        wave, told, channel, identity=name[:320], label=name[:MAX_LABEL],
        state=State.SKIPPED, reason=Reason.UNKNOWN_RECIPIENT, finished_at=clock.now(),
    )  # fmt: skip


def _row(wave: Wave, told: Told, channel: str, **columns: Any) -> Delivery:
    values = wave.columns(channel) | columns_of(told) | columns
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
