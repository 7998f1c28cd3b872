"""JSON on the command line, read by the same strict reader as that of the HTTP API."""

from __future__ import annotations

from typing import Any

import click

REMEDY = "Write an object such as '{\"amount\": 1200}'."


def json_option(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, Any] | None:
    """Callback of an option that is a JSON object."""
    from tocsin.errors import InvalidInput
    from tocsin.sources import strict_json

    if value is None:
        return None
    try:
        found = strict_json.loads(value.encode(errors="surrogateescape"))
    except InvalidInput as error:
        said = " ".join(f"{one.message} {one.remedy}" for one in error.errors)
    except strict_json.Unparsable as error:
        said = str(error).replace("The body", "It")
    else:
        if isinstance(found, dict):
            return found
        said = "It is no object."
    raise click.BadParameter(f"{said} {REMEDY}", ctx, param)
