"""From claimed rows to messages: everything is looked up in sets, judged, and laid before the channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from tocsin import clock, conf
from tocsin.channels.base import EventView, Message, Recipient, Target
from tocsin.deliveries import action
from tocsin.deliveries.judge import Facts, Verdict, judge
from tocsin.deliveries.meanwhile import Meanwhile, meanwhile_of
from tocsin.deliveries.states import Reason, State
from tocsin.deliveries.threads import Heard, action_of, heard_of
from tocsin.deliveries.turns import Turns, turns_of
from tocsin.deliveries.wording.apply import Said, Wordings
from tocsin.deliveries.wording.choose import words_now
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.events.states import Status
from tocsin.levels import Level
from tocsin.recipients import preferences, proof, secrets, unsubscribe, users
from tocsin.recipients.models import Destination
from tocsin.rules import operator
from tocsin.schedule.openings import hours_for, opening
from tocsin.schedule.windows import HORIZON, first_zone

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.channels.base import Channel
    from tocsin.deliveries.claim import Claimed
    from tocsin.deliveries.wording.choose import Words


@dataclass(slots=True)
class Surroundings:
    """What the deliveries of one claim speak of, each loaded with one query."""

    events: dict[uuid.UUID, Event]
    people: dict[Any, users.Known]
    destinations: dict[int, Known]
    wishes: Wishes
    broken_accounts: set[tuple[Any, str]]
    now: datetime
    heard: Heard
    turns: Turns
    put_off: frozenset[int]
    """Those that may go in one message with others."""
    meanwhile: Meanwhile
    words: dict[tuple[int, str], dict[str, Words]]
    views: dict[int, EventView] = field(default_factory=dict)
    wordings: Wordings = field(default_factory=Wordings)

    def view(self, event: Event) -> EventView:
        """The event as channels see it; made once for all its deliveries."""
        view = self.views.get(id(event))
        if view is None:
            view = self.views[id(event)] = view_of(event)
        return view

    def said(self, event: Event, locale: str) -> Said:
        """The event as it is told in a language on this channel."""
        among = self.words.get((event.organization_id, event.type), {}) if self.words else {}
        return self.wordings.said(self.view(event), among, locale) if among else Said(self.view(event))


def look_around(channel: Channel, claimed: Iterable[Claimed]) -> Surroundings:
    """Load all that judging and sending these deliveries needs."""
    now = clock.now()
    claimed = list(claimed)
    keys = {row.user_id for row in claimed if row.user_id is not None}
    events = Event.objects.select_related("organization", "project").in_bulk(
        {row.event_id for row in claimed}
    )
    people = users.known(keys, channel.slug)
    turns = turns_of(channel, claimed, events, now)
    put_off = frozenset(row.id for row in claimed if channel.joins and (row.was_put_off or row.leads))
    going = [
        row.id for row in claimed if row.id in turns.grouped and (row.id in put_off or turns.is_next(row))
    ]
    broken = Destination.objects.filter(
        user_id__among=keys, channel=channel.slug, managed=True, disabled_at__isnull=False
    )
    return Surroundings(
        events=events,
        people=people,
        destinations=_destinations({row.destination_id for row in claimed if row.destination_id is not None}),
        wishes=_wishes(channel, events, people),
        broken_accounts=set(broken.values_list("user", "identity")) if channel.uses_account_email else set(),
        now=now,
        heard=heard_of(channel, turns.grouped, going),
        turns=turns,
        put_off=put_off,
        meanwhile=meanwhile_of([row for row in claimed if row.was_put_off], events),
        words=words_now(
            {event.organization_id for event in events.values()},
            {event.type for event in events.values()},
            channel.slug,
        ),
    )


class Wishes(NamedTuple):
    """What was said of a channel: by people, and by organizations."""

    own: dict[Any, dict[str, bool]]
    organizations: dict[int, dict[str, bool]]

    @property
    def said_anything(self) -> bool:
        return bool(self.own or self.organizations)

    def refusal(self, user: Any, event: Event) -> str:
        """The layer that refuses an event; empty where it is wanted."""
        own, theirs = self.own.get(user, {}), self.organizations.get(event.organization_id, {})
        wish = preferences.decide(own, theirs, event.type) if own or theirs else None
        return "" if wish is None or wish.wanted else wish.layer


def _wishes(channel: Channel, events: dict[uuid.UUID, Event], people: dict[Any, users.Known]) -> Wishes:
    """Who refuses nothing is asked only where an organization does: then they may have said yes."""
    theirs = preferences.said_by_organizations(
        {event.organization_id for event in events.values()}, channel.slug
    )
    asked = list(people) if theirs else [key for key, known in people.items() if known.refuses]
    keys = {key for event in events.values() for key in preferences.keys_of(event.type)}
    return Wishes(preferences.said_by_people(asked, channel.slug, keys) if asked else {}, theirs)


class Known(NamedTuple):
    """What sending needs of a destination: columns, without a model around each."""

    pk: int
    identity: str
    label: str
    settings: dict[str, Any]
    secrets: str
    disabled_at: datetime | None
    verified_at: datetime | None


def _destinations(pks: set[int]) -> dict[int, Known]:
    if not pks:
        return {}
    found = Destination.objects.filter(pk__among=pks).values_list(*Known._fields)
    return {row[0]: Known(*row) for row in found}


NOBODY = users.Known(None, active=False, refuses=False, time_zone="", dnd_until=None, windows=[])


def prepare(channel: Channel, row: Claimed, around: Surroundings) -> Message | Verdict:
    """The message of one delivery, or why there is none."""
    event = around.events.get(row.event_id)
    known = around.people.get(row.user_id, NOBODY)
    destination = around.destinations.get(row.destination_id) if row.destination_id is not None else None
    verdict = judge(_facts(channel, row, around, known, destination))
    if verdict is not None or event is None:
        return verdict or Verdict(State.CANCELLED, Reason.EVENT_CANCELLED)
    if channel.slug == action.SLUG:
        target = action.target_of(row, event)
    elif row.destination_ref:
        target = _of_settings(row)
    else:
        target = target_of(channel, row, destination, known.recipient)
    if isinstance(target, Verdict):
        return target
    thread = _thread_of(row, event, target, around)
    since = around.heard.since.get(row.id, "")
    if verdict := _why_late(event, since) or _its_turn(row, event, around, was_told=bool(thread)):
        return verdict
    view, row.template_version, row.fault = around.said(event, row.locale)
    return Message(
        delivery_id=row.id,
        attempt=row.attempt,
        key=f"{view.id}-{row.id}",
        events=(view,),
        target=target,
        recipient=known.recipient,
        locale=row.locale,
        thread=thread,
        action=action_of(event.status, thread),
        is_late=bool(since),
        unsubscribe_url=unsubscribe_url(channel, row.user_id, (event.type,)),
    )


def _thread_of(row: Claimed, event: Event, target: Target, around: Surroundings) -> str:
    """What its group goes on with; nothing where the destination leads elsewhere now than when this was planned."""
    if target.identity != row.identity:
        return ""
    return around.heard.threads.get((row.organization_id, event.group_key, row.identity), "")


def _why_late(event: Event, since: str) -> Verdict | None:
    """What is over is not opened again by news from before, nor is what goes on closed by them."""
    if since == Status.RESOLVED:
        return Verdict(State.SKIPPED, Reason.RESOLVED)
    if since and event.status == Status.RESOLVED:
        return Verdict(State.SKIPPED, Reason.NO_LONGER_VALID)
    return None


def _its_turn(row: Claimed, event: Event, around: Surroundings, *, was_told: bool) -> Verdict | None:
    along = around.put_off if row.id in around.put_off else frozenset[int]()
    return around.turns.wait_of(row, event, was_told=was_told, along=along)


def unsubscribe_url(channel: Channel, user: Any, event_types: Iterable[str]) -> str:
    """Where a person ends such messages; empty for channels that do not say it, and for addresses of nobody."""
    return (
        unsubscribe.link(user, channel.slug, event_types) if channel.unsubscribes and user is not None else ""
    )


def _facts(
    channel: Channel, row: Claimed, around: Surroundings, known: users.Known, destination: Known | None
) -> Facts:
    event = around.events.get(row.event_id)
    refusal = ""
    if around.wishes.said_anything and event is not None and row.user_id is not None:
        refusal = around.wishes.refusal(row.user_id, event)
    return Facts(
        now=around.now,
        event_state=event.state if event else None,
        expires_at=event.expires_at if event else None,
        mandatory=bool(event and types.find(event.type).mandatory),
        to_person=row.user_id is not None,
        person_exists=known.recipient is not None,
        person_active=known.active,
        opted_out=refusal == preferences.OWN,
        organization_off=refusal == preferences.ORGANIZATION,
        dnd_until=known.dnd_until,
        opens_at=_opens_at(channel.slug, row, event, known, around.now) if event else None,
        passes=bool(event and _passes(event)),
        was_put_off=row.was_put_off,
        has_read=(row.event_id, row.user_id) in around.meanwhile.read,
        is_over=row.id in around.meanwhile.over,
        destination_known=row.destination_id is None or destination is not None,
        destination_disabled=bool(destination and destination.disabled_at)
        or (row.destination_id is None and (row.user_id, row.identity) in around.broken_accounts),
        destination_unverified=destination is not None
        and proof.is_missing(channel.slug, destination.verified_at),
    )


def _opens_at(channel: str, row: Claimed, event: Event, known: users.Known, now: datetime) -> datetime | None:
    """When the windows are open that hold for this delivery: the person's on the channel, and the rule's."""
    rule = event.trace.get("hours")
    if not known.windows and rule is None:
        return None
    hours = hours_for(known.windows, channel)
    if rule and row.layer in rule:
        hours.append(rule[row.layer])
    if not hours:
        return None
    zone = first_zone(known.time_zone, event.organization.time_zone)
    moment = max(now, known.dnd_until or now)
    return opening(hours, zone, moment) or moment + HORIZON


def _passes(event: Event) -> bool:
    return event.level >= Level.CRITICAL and types.find(event.type).critical_passes


def target_of(
    channel: Channel, row: Claimed, destination: Known | None, person: Recipient | None
) -> Target | Verdict:
    """Where a delivery goes, with its secrets; an account address is read from the user row again."""
    try:
        if destination is not None:
            settings = destination.settings | secrets.unseal(destination.secrets)
            return Target(destination.identity, destination.label, settings, destination.pk)
        if row.address:
            return Target(row.identity, row.label, secrets.unseal(row.address))
    except secrets.SecretUnreadable:
        return Verdict(State.SKIPPED, Reason.SECRET_UNREADABLE)
    if channel.in_app:
        return Target(row.identity, row.label, {})
    if person is None or not person.email:
        return Verdict(State.SKIPPED, Reason.NO_DESTINATION)
    return Target(row.identity, row.label, channel.address_settings(users.ascii_lower(person.email)))


def _of_settings(row: Claimed) -> Target | Verdict:
    """The target of an operator's rule, as the settings have it now."""
    found = operator.target(row.destination_ref)
    if found is None or found[1].identity != row.identity:
        return Verdict(State.SKIPPED, Reason.RULE_GONE)
    return Target(row.identity, row.label, found[1].open | found[1].secret)


def view_of(event: Event) -> EventView:
    """The event as plain values, with absolute links."""
    return EventView(
        id=str(event.pk),
        type=event.type,
        type_label=str(types.find(event.type).label),
        level=Level(event.level),
        title=event.title,
        body=event.body,
        data=event.data,
        url=absolute(event.url),
        actions=tuple({"label": action["label"], "url": absolute(action["url"])} for action in event.actions),
        actor=event.actor,
        about=event.about,
        group_key=event.group_key,
        status=event.status,
        organization=event.organization.slug,
        project=event.project.slug if event.project else "",
        created_at=event.created_at,
        expires_at=event.expires_at,
    )


def absolute(url: str) -> str:
    """`url` against `TOCSIN["BASE_URL"]`, as it is where there is none."""
    base = conf.get("BASE_URL")
    return urljoin(base, url) if url and base else url
