"""Reads every migration as PostgreSQL would run it, and refuses what holds a lock for long, or breaks the release
before, which still runs beside it: `python scripts/migrations.py`. The rules are those of squawk.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations import Migration
    from django.db.migrations.state import ProjectState

OLDEST = "14.0"
"""The oldest PostgreSQL that our oldest Django runs on."""
TASTE = (
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "require-lock-timeout",
    "require-statement-timeout",
)
"""Rules about how tables should look, and about what the operator says when he migrates."""
REMEDIES = {
    "adding-field-with-default": "Add it with null=True, fill it in batches, and forbid null a release later.",
    "adding-foreign-key-constraint": "Use db_constraint=False.",
    "adding-not-nullable-field": "AddCheckGently(… IS NOT NULL), then ValidateGently, then null=False.",
    "adding-required-field": "Give it null=True or db_default=….",
    "ban-drop-column": "Stop using it in one release, and drop it in the next; then say so in `accepted`.",
    "ban-drop-default": "Give it db_default=…: the release before inserts rows without this column.",
    "ban-drop-table": "Stop using it in one release, and drop it in the next; then say so in `accepted`.",
    "changing-column-type": "Add another column, write both, and move over in the next release.",
    "constraint-missing-not-valid": "Use AddCheckGently, and ValidateGently in the next release.",
    "renaming-column": "Add another column, write both, and drop the old one in the next release.",
    "renaming-table": "Keep its name by db_table.",
    "require-concurrent-index-creation": "Use AddIndexGently, in a migration of its own with atomic = False.",
}
"""What to write in Django's words, by rule; the others have squawk's own."""


def sql_of(connection: BaseDatabaseWrapper, migration: Migration, state: ProjectState) -> str:
    """The statements of a migration, a line each, that PostgreSQL would run; `state` is what was there before."""
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    lines = [" ".join(re.sub(r"--.*", "", one).split()) for one in editor.collected_sql]
    return "\n".join(filter(None, ["BEGIN;", *lines, "COMMIT;"] if migration.atomic else lines))


def faults(migration: Migration, sql: str) -> list[str]:
    """What is wrong with it, and the remedy. Tables that it makes itself are nobody's yet: they may be locked."""
    lines, made = sql.splitlines(), set(re.findall(r'CREATE TABLE "(\w+)"', sql))
    accepted = getattr(migration, "accepted", {})
    found = []
    for one in _judged(sql):
        statement = lines[one["line"]]
        table = re.search(r'ALTER TABLE (?:ONLY )?"(\w+)"| ON "(\w+)"', statement)
        if accepted.get(one["rule_name"]) or (table and made & set(table.groups())):
            continue
        remedy = REMEDIES.get(one["rule_name"]) or one["help"] or ""
        found.append(
            f"{migration.name}: {statement[:200]}\n    {one['message']}\n    {remedy} [{one['rule_name']}]"
        )
    return found


def _judged(sql: str) -> list[dict[str, str]]:
    """What squawk says, an object for each finding; its "line" counts from 0."""
    program = Path(sys.executable).with_name("squawk")
    options = ["--reporter", "json", "--pg-version", OLDEST, *(f"--exclude={rule}" for rule in TASTE)]
    done = subprocess.run([program, *options], input=sql, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"squawk ended with {done.returncode}: {done.stderr}")
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def main() -> int:
    """Judge all migrations; how many faults they have."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "TOCSIN_TEST_DATABASE": "postgresql"}
    import django

    django.setup()
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from tests.postgres import Postgres

    found = []
    with Postgres() as server:
        connection.settings_dict["PORT"] = server.port
        loader = MigrationLoader(connection, replace_migrations=False)
        for key, migration in sorted(loader.disk_migrations.items()):
            if key[0] == "tocsin":
                before = loader.project_state(key, at_end=False)
                found += faults(migration, sql_of(connection, migration, before))
        connection.close()
    for one in found:
        sys.stderr.write(f"{one}\n")
    return len(found)


if __name__ == "__main__":
    sys.exit(bool(main()))
