"""What `make check` says of migrations: what holds a lock for long, or breaks the release before, has a remedy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import F, Q

from scripts.migrations import REMEDIES, faults, sql_of
from tocsin.migrations._gently import AddCheckGently, AddIndexGently, ValidateGently

no_squawk = shutil.which("squawk", path=Path(sys.executable).parent) is None
reads_sql = [
    pytest.mark.django_db,
    pytest.mark.only_on("postgresql"),
    pytest.mark.skipif(no_squawk, reason="squawk is not installed: make check installs it"),
]
INDEX = models.Index(fields=["label"], name="x_label")
TEXT = migrations.AddField("delivery", "x", models.CharField(max_length=9, db_default="soon"))
CHECK = models.CheckConstraint(condition=Q(attempt__gte=0), name="x_attempt")


def migration(*operations, **fields):
    made = type("Migration", (migrations.Migration,), {"operations": operations, **fields})
    return made("0002_next", "tocsin")


def state():
    return MigrationLoader(connection, replace_migrations=False).project_state()


def said(*operations, **fields):
    made = migration(*operations, **fields)
    return "\n".join(faults(made, sql_of(connection, made, state())))


def added(**options):
    return migrations.AddField("delivery", "x", models.IntegerField(**options))


@pytest.mark.parametrize(
    ("rule", "operation"),
    [
        ("ban-drop-default", added(default=3)),
        ("adding-field-with-default", migrations.AddField(
            "delivery", "x", models.GeneratedField(
                expression=F("attempt") + 1, output_field=models.IntegerField(), db_persist=True))),
        ("require-concurrent-index-creation", migrations.AddIndex("delivery", INDEX)),
        ("constraint-missing-not-valid", migrations.AddConstraint("delivery", CHECK)),
        ("disallowed-unique-constraint", migrations.AddConstraint(
            "delivery", models.UniqueConstraint(fields=["label"], name="x"))),
        ("adding-foreign-key-constraint", migrations.AddField(
            "delivery", "x", models.ForeignKey("tocsin.Team", models.CASCADE, null=True))),
        ("changing-column-type", migrations.AlterField("delivery", "attempt", models.BigIntegerField())),
        ("adding-not-nullable-field", migrations.AlterField("delivery", "started_at", models.DateTimeField())),
        ("ban-drop-column", migrations.RemoveField("delivery", "locale")),
        ("renaming-column", migrations.RenameField("delivery", "locale", "language")),
        ("ban-drop-table", migrations.DeleteModel("Pause")),
        ("require-concurrent-index-creation", migrations.RunSQL(
            "-- soon\nCREATE INDEX x ON tocsin_delivery (label); -- ready")),
    ],
)  # fmt: skip
class TestRefused:
    pytestmark = reads_sql

    def test_what_locks_or_breaks_is_refused_with_a_remedy(self, rule, operation) -> None:
        told = said(operation)
        assert f"[{rule}]" in told
        assert told.startswith("0002_next: ")
        assert rule not in REMEDIES or REMEDIES[rule] in told


class TestLet:
    pytestmark = reads_sql

    @pytest.mark.parametrize(
        "operation", [added(null=True), added(db_default=3), TEXT, ValidateGently("delivery", "x")]
    )
    def test_what_takes_no_time_is_let(self, operation) -> None:
        assert said(operation) == ""

    def test_the_gentle_operations_are_let(self) -> None:
        assert said(AddIndexGently("delivery", INDEX), atomic=False) == ""
        assert said(AddCheckGently("delivery", CHECK)) == ""
        assert "[ban-concurrent-index-creation-in-transaction]" in said(AddIndexGently("delivery", INDEX))

    def test_tables_of_its_own_may_be_locked(self) -> None:
        own = migrations.CreateModel(
            "Own", [("id", models.BigAutoField(primary_key=True)), ("x", models.TextField())]
        )
        index = models.Index(fields=["x"], name="x_x")
        assert said(own, migrations.AddIndex("own", index)) == ""

    def test_what_is_accepted_needs_a_reason(self) -> None:
        drop = migrations.RemoveField("delivery", "locale")
        assert said(drop, accepted={"ban-drop-column": "nothing has read it since 0.9"}) == ""
        assert "[ban-drop-column]" in said(drop, accepted={"ban-drop-column": ""})


@pytest.mark.django_db(transaction=True)
def test_the_gentle_operations_work_on_every_database() -> None:
    index = models.Index(fields=["by"], name="x_by")
    check = models.CheckConstraint(condition=~Q(by="nobody"), name="x_nobody")
    parts = [
        AddIndexGently("pause", index),
        AddCheckGently("pause", check),
        ValidateGently("pause", "x_nobody"),
    ]
    before = state()
    after = before.clone()
    if connection.vendor == "postgresql":  # what a try that was interrupted leaves
        with connection.cursor() as cursor:
            cursor.execute('CREATE INDEX x_by ON tocsin_pause ("by")')
    for part in parts:
        with connection.schema_editor(atomic=False) as editor:
            migration(part, atomic=False).apply(after, editor)
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "tocsin_pause")
    assert {"x_by", "x_nobody"} <= set(found)
    with connection.schema_editor(atomic=False) as editor:
        migration(*parts, atomic=False).unapply(before, editor)
    with connection.cursor() as cursor:
        assert not {"x_by", "x_nobody"} & set(
            connection.introspection.get_constraints(cursor, "tocsin_pause")
        )
