"""`field__among=[…]`: IN with the whole list as one parameter, so that 500 keys cost no more to prepare than one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import Field, ForeignObject, Lookup

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):
    """`= ANY(array)` on PostgreSQL, `IN (SELECT … json_each)` on SQLite."""

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s)", [*params, list(self.rhs)]

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        field: Any = getattr(self.lhs.output_field, "target_field", self.lhs.output_field)
        values = [field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{lhs} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(values)]  # noqa: S608
