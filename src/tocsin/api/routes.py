"""The one way to declare a route: path, authorization decision and shape of the answer, in one place."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from tocsin.api import answers
from tocsin.api.auth import PUBLIC, Needs
from tocsin.api.openapi import describe, with_problems
from tocsin.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

    View = Callable[..., HttpResponse]


class Api(NinjaAPI):
    """ninja's API, whose description knows problems."""

    def get_openapi_schema(self, **given: Any) -> Any:
        return with_problems(super().get_openapi_schema(**given))


api = Api(
    title="tocsin",
    version="1",
    description="Notifications: send events, read what became of them, and read an inbox.",
    urls_namespace="tocsin-api",
    docs_url=None,
    openapi_url="/openapi.json",
)


def route(
    method: str, path: str, decision: str, *, shape: Any = None, status: int = 200, **schema: Any
) -> Callable[[View], View]:
    """Declare a view of the API.

    `decision` is the scope that is needed, or one of `auth.PUBLIC`, `SIGNED_IN`, `READER`, `INBOX`. Query parameters
    are those of the view's signature; any other is refused. `schema` goes to `openapi.describe`.
    """

    def register(view: View) -> View:
        in_path = set(re.findall(r"{(\w+)}", path))
        parameters = frozenset(inspect.signature(view).parameters) - in_path - {"request"}
        declare = api.api_operation(
            [method],
            path,
            auth=None if decision == PUBLIC else Needs(decision, parameters),
            response={status: shape},
            by_alias=True,
            operation_id=view.__name__,
            url_name=re.sub(r"\W+", "-", path).strip("-"),
            summary=view.__name__.replace("_", " ").capitalize(),
            tags=[path.split("/")[1]],
            openapi_extra=describe(decision, **schema),
        )
        registered: View = declare(view)
        return registered

    return register


def scope_of(request: HttpRequest) -> Scope:
    """Whom `Needs` let in."""
    scope: Scope = request.auth  # type: ignore[attr-defined]
    return scope


def _answer(request: HttpRequest, error: Any) -> HttpResponse:
    return answers.of_error(error).as_response()


def _of_parameters(request: HttpRequest, error: Any) -> HttpResponse:
    """The complaints of ninja about query parameters."""
    errors = [
        FieldError(str(one["loc"][-1]), f"{one['msg']}.", "See the description of the API at openapi.json.")
        for one in error.errors
    ]
    return answers.problem(422, answers.FIELDS, errors).as_response()


def _of_ninja(request: HttpRequest, error: Any) -> HttpResponse:
    return answers.problem(error.status_code, str(error)).as_response()


for kind in (Exception, Http404):
    api.add_exception_handler(kind, _answer)
api.add_exception_handler(ValidationError, _of_parameters)
api.add_exception_handler(HttpError, _of_ninja)
