"""Accepting: drafts become rows in the caller's transaction, once per dedupe key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError, OperationalError, connections, router, transaction

from tocsin.errors import DedupeConflict, TocsinError
from tocsin.events.ids import uuid7
from tocsin.events.insert import ROWS_PER_STATEMENT, insert
from tocsin.events.models import Event

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from tocsin.events.draft import Draft

    Known = dict[tuple[int, str], tuple[uuid.UUID, str]]


REFUSALS = (DatabaseError, ValueError, OverflowError)
"""What the database raises for a row that it does not take, and its driver for one that it cannot write."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is stored. `created` is False where an equal one with the same dedupe key was there."""

    id: uuid.UUID
    created: bool


def accept_all(drafts: Sequence[Draft]) -> list[Accepted]:
    """Store the events of one request, all or none. Raises `DedupeConflict`.

    A key that is known with equal content gives the event that is there. Races are settled by ON CONFLICT
    DO NOTHING, so that the caller's PostgreSQL transaction stays usable.
    """
    with transaction.atomic(using=router.db_for_write(Event)):
        known = _existing(drafts)
        answers, new = _answer_known(drafts, known)
        inserted = insert(new)
        lost = {pk: draft for pk, draft in new if pk not in inserted}
        if lost:
            winners = _existing(lost.values())
            moved = {pk: _same(draft, winners) for pk, draft in lost.items()}
            answers = [moved.get(answer.id, answer) for answer in answers]
    return answers


def accept_group(requests: Sequence[Sequence[Draft]]) -> list[list[Accepted] | Exception]:
    """Store the events of many requests by one statement and one commit; each gets an answer of its own.

    A request that cannot go with the others (a known key, a lost race, a row the database refuses) is run
    again alone and harms no other.
    """
    answers: Sequence[list[Accepted] | None] = [None] * len(requests)
    if requests:
        try:
            if _are_plain(requests):
                return _plainly(requests)
            with transaction.atomic(using=router.db_for_write(Event)):
                answers = _together(requests)
        except OperationalError as error:  # the database itself is away: asking for each would make all wait
            return [error] * len(requests)
        except REFUSALS:
            answers = [None] * len(requests)
    return [answer or _alone(request) for answer, request in zip(answers, requests, strict=True)]


def _are_plain(requests: Sequence[Sequence[Draft]]) -> bool:
    """Whether one statement does it all: no key can be known, and no transaction has begun."""
    drafts = [draft for request in requests for draft in request]
    begun = connections[router.db_for_write(Event)].in_atomic_block
    return not begun and len(drafts) <= ROWS_PER_STATEMENT and not any(draft.dedupe_key for draft in drafts)


def _plainly(requests: Sequence[Sequence[Draft]]) -> list[list[Accepted] | Exception]:
    """Store plain requests by one statement, which is a transaction by itself."""
    rows = [[(uuid7(), draft) for draft in request] for request in requests]
    insert([row for request in rows for row in request])
    return [[Accepted(pk, True) for pk, _ in request] for request in rows]


def _together(requests: Sequence[Sequence[Draft]]) -> list[list[Accepted] | None]:
    known = _existing(draft for request in requests for draft in request)
    plain = [
        [] if any(_key(draft) in known for draft in request) else [(uuid7(), draft) for draft in request]
        for request in requests
    ]
    inserted = insert([row for rows in plain for row in rows])
    answers: list[list[Accepted] | None] = []
    unwanted = []
    for rows in plain:
        if all(pk in inserted for pk, _ in rows):
            answers.append([Accepted(pk, True) for pk, _ in rows])
        else:
            unwanted += [pk for pk, _ in rows]
            answers.append(None)
    if unwanted:
        Event.objects.filter(pk__in=unwanted).delete()
    return answers


def _alone(request: Sequence[Draft]) -> list[Accepted] | Exception:
    try:
        return accept_all(request)
    except (TocsinError, *REFUSALS) as error:
        return error


def _answer_known(
    drafts: Sequence[Draft], known: Known
) -> tuple[list[Accepted], list[tuple[uuid.UUID, Draft]]]:
    """(an answer for each draft, the rows that are new); a key given twice in one request is one event."""
    answers, new = [], []
    for draft in drafts:
        key = _key(draft)
        if key in known:
            answers.append(_same(draft, known))
            continue
        pk = uuid7()
        answers.append(Accepted(pk, True))
        new.append((pk, draft))
        if draft.dedupe_key:
            known[key] = (pk, draft.body_hash())
    return answers, new


def _key(draft: Draft) -> tuple[int, str]:
    return (draft.organization, draft.dedupe_key or "")


def known_keys(drafts: Sequence[Draft]) -> set[str]:
    """The dedupe keys of these drafts, all of one organization, that belong to stored events."""
    return {key for _, key in _existing(drafts)}


def _existing(drafts: Iterable[Draft]) -> Known:
    """The stored events that have a dedupe key of these drafts."""
    keys = {_key(draft) for draft in drafts if draft.dedupe_key}
    if not keys:
        return {}
    rows = Event.objects.filter(
        organization__in={organization for organization, _ in keys}, dedupe_key__in={key for _, key in keys}
    ).values_list("organization", "dedupe_key", "id", "body_hash")
    return {(organization, key): (pk, digest) for organization, key, pk, digest in rows}


def _same(draft: Draft, known: Known) -> Accepted:
    pk, digest = known[_key(draft)]
    if digest != draft.body_hash():
        raise DedupeConflict(draft.dedupe_key or "", str(pk))
    return Accepted(pk, False)
