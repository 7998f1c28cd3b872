"""Rules: one event matched against many of one type and organization, and the one query that finds the same."""

from __future__ import annotations

from typing import Any

from django.db import connection

from bench.inside import people
from tocsin import clock
from tocsin.rules import index, match
from tocsin.rules.conditions import condition_of, parse
from tocsin.rules.match import Subject
from tocsin.rules.models import Rule, RuleField, RuleKey, RuleVersion
from tocsin.rules.spec import Spec, as_json
from tocsin.tenants.models import Organization

TYPE = "message:internal"
MATCHING = 10
"""Rules that are about the event's host."""
HOST = "db7"


def prepare(count: int) -> None:
    """An organization with `count` rules, of which MATCHING are about HOST; put in as saving puts them in."""
    organization = Organization.objects.create(slug=f"o{count}").pk
    now = clock.now()
    every = max(1, count // MATCHING)
    specs = [_spec(number, HOST if number % every == 0 else f"host-{number}") for number in range(count)]
    Rule.objects.bulk_create(
        [
            Rule(
                organization_id=organization, name=spec.name, event_types=list(spec.event_types), level=spec.level,
                condition=spec.condition, to=list(spec.to), channels=list(spec.channels), created_at=now,
                updated_at=now,
            )
            for spec in specs
        ],
        people.BATCH,
    )  # fmt: skip
    rules = list(Rule.objects.filter(organization=organization).order_by("pk").values_list("pk", flat=True))
    RuleVersion.objects.bulk_create(
        [
            RuleVersion(
                rule_id=pk,
                number=1,
                organization_id=organization,
                spec=as_json(spec),
                action="create",
                at=now,
            )
            for pk, spec in zip(rules, specs, strict=True)
        ],
        people.BATCH,
    )
    RuleField.objects.create(organization_id=organization, pattern=TYPE, field="data.host", kind="is")
    RuleKey.objects.bulk_create(
        [
            RuleKey(rule_id=pk, key=index.digest(organization, TYPE, key))
            for pk, spec in zip(rules, specs, strict=True)
            for key in condition_of(spec.condition).keys() or ()
        ],
        people.BATCH,
    )
    people.settle()


def _spec(number: int, host: str) -> Spec:
    condition = parse(
        {
            "all": [
                {"field": "data.host", "op": "is", "value": host},
                {"field": "data.free", "op": "lte", "value": 5},
            ]
        }
    )
    return Spec(f"rule {number}", (TYPE,), condition=condition, to=("user:ana",), channels=("memory",))


def tocsin(count: int, events: int) -> float:
    """Events per second, one at a time, with nothing kept from the round before but what a process keeps."""
    subject = _subject(count)
    assert len(match.matching([subject])[0]) == MATCHING
    return events / people.seconds(lambda: [match.matching([subject]) for _ in range(events)])


def limit(count: int, events: int) -> float:
    """One indexed query that returns the same candidates, by the bare driver."""
    organization = _subject(count).organization
    [key] = condition_of(_spec(0, HOST).condition).keys() or ()
    wanted = index.digest(organization, TYPE, key)
    sql = (
        "SELECT r.id, r.version FROM tocsin_rule r JOIN tocsin_rulekey k ON k.rule_id = r.id "
        "WHERE k.key = %s AND r.active AND r.deleted_at IS NULL"
    )
    with connection.cursor() as cursor:

        def ask() -> list[Any]:
            cursor.execute(sql, [wanted])
            return cursor.fetchall()

        assert len(ask()) == MATCHING
        return events / people.seconds(lambda: [ask() for _ in range(events)])


def _subject(count: int) -> Subject:
    facts = {
        "type": TYPE, "level": "error", "title": people.TITLE, "body": people.BODY, "status": "open", "group_key": "",
        "actor": "", "about": "", "url": "", "organization": f"o{count}", "project": "",
        "data": {"host": HOST, "free": 3, "labels": {"severity": "page", "env": "prod"}},
    }  # fmt: skip
    return Subject(Organization.objects.get(slug=f"o{count}").pk, None, facts)
