"""Operations that hold no lock for long on PostgreSQL, and are the ordinary ones elsewhere. See CONTRIBUTING.md."""

from __future__ import annotations

from django.db.migrations.operations import AddConstraint, AddIndex
from django.db.migrations.operations.base import Operation


def _is_postgresql(schema_editor):
    return schema_editor.connection.vendor == "postgresql"


class AddIndexGently(AddIndex):
    """An index that is made while others write. Its migration says `atomic = False` and does nothing else.

    One of this name was left, invalid, by a try that was interrupted; it is dropped first.
    """

    atomic = False

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if not _is_postgresql(schema_editor):
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            name = schema_editor.quote_name(self.index.name)
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", params=None)
            schema_editor.add_index(model, self.index, concurrently=True)
        return None


class AddCheckGently(AddConstraint):
    """A check that holds for what is written from now on; `ValidateGently`, a release later, looks at the rest."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if not _is_postgresql(schema_editor):
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.execute(
                f"{self.constraint.create_sql(model, schema_editor)} NOT VALID", params=None
            )
        return None


class ValidateGently(Operation):
    """Look whether a check holds for every row, while others write. In a migration of its own."""

    def __init__(self, model_name, name):
        self.model_name, self.name = model_name, name

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        if _is_postgresql(schema_editor) and self.allow_migrate_model(schema_editor.connection.alias, model):
            table, name = map(schema_editor.quote_name, (model._meta.db_table, self.name))
            schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", params=None)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        pass

    def describe(self):
        return f"Validate constraint {self.name} on model {self.model_name}"
