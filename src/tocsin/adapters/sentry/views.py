"""`/organizations/{slug}/notifications/actions/` as Sentry serves it, for programs that were written against that."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tocsin.adapters.sentry import bodies
from tocsin.api.answers import Refusal, of_error
from tocsin.api.auth import principal
from tocsin.api.bodies import refuse_unless_json
from tocsin.api.limits import read_capped
from tocsin.errors import InvalidInput, NotFound
from tocsin.rules import registrations, save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.sources import strict_json
from tocsin.tenants import rates
from tocsin.tenants.models import Organization, Project

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from tocsin.rules.spec import Spec
    from tocsin.tenants.scope import Scope

PERMISSION = "rules"
PAGE = 100
ALL = "-1"
View = Callable[..., "HttpResponse"]


def _entrance(view: View) -> Callable[..., HttpResponseBase]:
    """Who asks, for which organization, and errors in Sentry's form. Another's organization does not exist."""

    @login_not_required
    @csrf_exempt
    @wraps(view)
    def entered(request: HttpRequest, organization: str, **given: Any) -> HttpResponseBase:
        try:
            scope = principal(request).narrowed(PERMISSION)
            return view(request, _organization(organization, scope), scope, **given)
        except InvalidInput as error:
            return JsonResponse(bodies.errors_of(error), status=400)
        except Refusal as error:
            return JsonResponse({"detail": error.detail}, status=error.status, headers=dict(error.headers))
        except NotFound:
            return JsonResponse({"detail": "The requested resource does not exist"}, status=404)
        except strict_json.Unparsable as error:
            return JsonResponse({"detail": str(error)}, status=400)
        except Exception as error:
            return of_error(error).as_response()

    return entered


@_entrance
def actions(request: HttpRequest, organization: Organization, scope: Scope) -> HttpResponse:
    """GET: the organization's actions. POST: a new one."""
    if request.method == "GET":
        return _listed(request, organization)
    if request.method != "POST":
        return _not_allowed("GET, POST")
    rule = _save(request, organization, scope, None)
    return _answer(rule, 201)


@_entrance
def action(request: HttpRequest, organization: Organization, scope: Scope, action_id: int) -> HttpResponse:
    """GET, PUT, DELETE: one action."""
    found = Rule.objects.filter(organization=organization, user=None, deleted_at=None, pk=action_id).first()
    if found is None or not bodies.current([found]):
        raise NotFound(str(action_id))
    if request.method == "GET":
        return _answer(found, 200)
    if request.method == "PUT":
        return _answer(_save(request, organization, scope, found), 202)
    if request.method != "DELETE":
        return _not_allowed("GET, PUT, DELETE")
    save.delete(found, scope.name)
    response = JsonResponse({}, status=204)
    response.content = b""
    return response


@_entrance
def available(request: HttpRequest, organization: Organization, scope: Scope) -> HttpResponse:
    """What every registration offers in this organization."""
    if request.method != "GET":
        return _not_allowed("GET")
    offers = registrations.available(organization.pk)
    return JsonResponse({"actions": [one for offer in offers for one in offer["available"]]})


def _organization(named: str, scope: Scope) -> Organization:
    """By slug or number. Raises `NotFound`, and `Refusal` where the caller may not keep its rules."""
    rows = Organization.objects.filter(slug=named)
    if named.isdigit() and len(named) < 19:
        rows = rows | Organization.objects.filter(pk=int(named))
    found = rows.order_by("pk").first()
    if found is None or not scope.sees(found.pk):
        raise NotFound(named)
    if not scope.may(PERMISSION, found.pk):
        raise Refusal(403, "You do not have permission to perform this action.")
    rates.take(scope)
    return found


def _listed(request: HttpRequest, organization: Organization) -> HttpResponse:
    rows = Rule.objects.filter(organization=organization, user=None, deleted_at=None).exclude(service="")
    found = [
        (rule, spec) for rule, spec in bodies.current(list(rows.order_by("pk"))) if _wanted(request, spec)
    ]
    wanted = _project_keys(request, organization)
    if wanted is not None:
        found = [(rule, spec) for rule, spec in found if wanted & set(spec.projects)]
    start = _start(request)
    page = found[start : start + PAGE]
    response = JsonResponse([bodies.shown(rule, spec) for rule, spec in page], safe=False)
    response["Link"] = ", ".join(
        f'<{request.build_absolute_uri(request.path)}?cursor=0:{max(0, at)}:0>; rel="{name}"; '
        f'results="{str(there).lower()}"; cursor="0:{max(0, at)}:0"'
        for name, at, there in (
            ("previous", start - PAGE, start > 0),
            ("next", start + PAGE, start + PAGE < len(found)),
        )
    )
    return response


def _wanted(request: HttpRequest, spec: Spec) -> bool:
    triggers = request.GET.getlist("triggerType")
    return not triggers or spec.event_types[0] in triggers


def _project_keys(request: HttpRequest, organization: Organization) -> set[int] | None:
    """The projects that are asked for; None where none is. Those by slug count, where there are both."""
    rows = Project.objects.filter(organization=organization)
    slugs, numbers = request.GET.getlist("projectSlug"), request.GET.getlist("project")
    if slugs:
        return set(rows.filter(slug__in=slugs).values_list("pk", flat=True))
    if numbers and ALL not in numbers:
        known = [one for one in numbers if one.isdigit() and len(one) < 19]
        return set(rows.filter(pk__in=known).values_list("pk", flat=True))
    return None


def _start(request: HttpRequest) -> int:
    parts = request.GET.get("cursor", "0:0:0").split(":")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() and len(parts[1]) < 9 else 0


def _save(request: HttpRequest, organization: Organization, scope: Scope, rule: Rule | None) -> Rule:
    refuse_unless_json(request)
    given = strict_json.loads(read_capped(request))
    body = bodies.rule_of(given, organization, rule)
    return save.save(body, Place(organization.pk), scope.name, rule)


def _answer(rule: Rule, status: int) -> HttpResponse:
    [(rule, spec)] = bodies.current([rule])
    return JsonResponse(bodies.shown(rule, spec), status=status)


def _not_allowed(allowed: str) -> HttpResponse:
    return JsonResponse({"detail": "Method not allowed."}, status=405, headers={"Allow": allowed})
