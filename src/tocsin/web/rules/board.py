"""Rules of one owner, at the desk of an organization and on a person's own page: listed, built, tried, put back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.http import Http404, HttpResponseRedirect
from django.utils.translation import gettext as _

from tocsin import clock
from tocsin.deliveries.lint import lint
from tocsin.errors import Conflict, InvalidInput
from tocsin.events.ids import number_of
from tocsin.recipients import users
from tocsin.rules import registrations, save
from tocsin.rules.bodies import bodies_of
from tocsin.rules.history import history_of
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.web.changes import action_in_words, doers
from tocsin.web.owned import Owned
from tocsin.web.rules import builder, form, spans, words
from tocsin.web.rules.choices import choices_of
from tocsin.web.rules.trial import try_on
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.models import Organization
    from tocsin.web.changes import Difference
    from tocsin.web.rules.choices import Choices

SHOWN, LATELY, VERSIONS = 200, timedelta(days=30), 20
CONDITION = "condition"
"""The part of the page that the builder's buttons ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Owned):
    """Whose rules they are, and who changes them."""

    organizations: tuple[Organization, ...]
    """Where a new rule may be: the one itself, of a person those whose events they may read."""
    by: str
    user_pk: Any = None
    """The person, where the rules are their own."""

    @property
    def is_own(self) -> bool:
        return self.user_pk is not None

    def rules(self) -> QuerySet[Rule]:
        """Those of the owner, deleted ones too."""
        rows: QuerySet[Rule] = Rule.objects.select_related("organization")
        if self.is_own:
            return rows.filter(user=self.user_pk)
        return rows.filter(organization__in=self.organizations, user=None)

    def find(self, number: int) -> Rule:
        """One of them. Raises `Http404` for one that is missing or another's."""
        found = self.rules().filter(pk=number).first()
        if found is None:
            raise Http404("There is no such rule.")
        return found


def listing(request: HttpRequest, board: Board) -> HttpResponse:
    """All of them in the order in which they are asked, and those that were deleted lately."""
    rows = list(board.rules().filter(deleted_at=None).order_by("position", "pk")[: SHOWN + 1])
    gone = board.rules().filter(deleted_at__gt=clock.now() - LATELY).order_by("-deleted_at")[:10]
    context = {
        "rules": _told(rows[:SHOWN], board),
        "gone": _told(list(gone), board),
        "more": len(rows) > SHOWN,
        "shown": SHOWN,
        "add": board.url("-add"),
        "can_add": bool(board.organizations),
        "many_places": len({rule.organization_id for rule in rows}) > 1,
    }
    return board.render(request, "tocsin/rules.html", context)


def _told(rules: Sequence[Rule], board: Board) -> list[dict[str, Any]]:
    bodies = bodies_of(save.specs_of(rules)) if rules else []
    return [
        {
            "rule": rule,
            "words": words.of(body),
            "url": board.url("", rule.pk),
            "act": board.url("-act", rule.pk),
        }
        for rule, body in zip(rules, bodies, strict=True)
    ]


class Work(NamedTuple):
    """What is being edited: a rule, or a new one, with what can be chosen in it."""

    place: Place
    rule: Rule | None
    choices: Choices


def edit(request: HttpRequest, board: Board, number: int | None) -> HttpResponse:
    """A rule's form. Its buttons that change the form itself, and the trial, save nothing."""
    rule = board.find(number) if number is not None else None
    if rule is not None and rule.deleted_at is not None:
        raise Http404("This rule is deleted.")
    place = save.place_of(rule) if rule else _place(request, board)
    if place is None:
        return board.render(request, "tocsin/rule_nowhere.html", {})
    work = Work(place, rule, choices_of(place))
    if request.method != "POST":
        return _show(request, board, work, _kept(rule, work.choices) if rule else form.RuleForm())
    shown = form.of_post(request.POST)
    if wanted := request.POST.get("build", ""):
        shown.condition = builder.changed(shown.condition, wanted)
    elif "try" not in request.POST:
        saved = _saved(board, work, shown)
        if saved is None:
            return _show(request, board, work, shown, status=422)
        _say_saved(request, saved)
        return HttpResponseRedirect(board.url("", saved.pk))
    return _show(request, board, work, shown)


def _saved(board: Board, work: Work, shown: form.RuleForm) -> Rule | None:
    """The rule that the form means; None where it is wrong, or was overtaken, which the form then says."""
    version = number_of(shown.version) if work.rule else None
    try:
        body = form.body_of(shown, is_own=board.is_own)
        return save.save(body, work.place, board.by, work.rule, version=version)
    except InvalidInput as error:
        form.place(shown, error.errors)
    except Conflict as error:
        shown.wrong("", str(error))
    return None


def _place(request: HttpRequest, board: Board) -> Place | None:
    """Where a new rule is to be; the first place where none is asked for."""
    asked = request.GET.get("organization", "")
    for organization in board.organizations:
        if asked in ("", str(organization.pk)):
            return Place(organization.pk, board.user_pk)
    if asked:
        raise Http404("You have no such organization.")
    return None


def _kept(rule: Rule, choices: Choices) -> form.RuleForm:
    [body] = bodies_of([save.spec_of(rule)])
    terms = [term for term in body["to"] if term.startswith("user:")]
    keys = users.matching(term.removeprefix("user:") for term in terms)
    named = {user.pk: user.get_username() for user in users.users().filter(pk__in=set(keys.values()))}
    names = {f"user:{value}": named[key] for value, key in keys.items() if key in named}
    return form.of_body(body, rule.version, choices, names)


def _show(
    request: HttpRequest, board: Board, work: Work, shown: form.RuleForm, *, status: int = 200
) -> HttpResponse:
    """The page; where a script asks for a part of it alone, without what costs something and is not in that part."""
    part = request.headers.get("HX-Target", "")
    rule = work.rule
    history = history_of(rule)[:VERSIONS] if rule and not part else []
    context = {
        "form": shown,
        "rule": rule,
        "choices": work.choices,
        "kinds": builder.KINDS.items(),
        "operators": builder.CHOICES,
        "days": words.DAY_NAMES,
        "hours": [*shown.hours, *(spans.Span([], "", "") for _spare in range(spans.SPARE))],
        "history": _told_versions(history),
        "trial": try_on(request.POST or request.GET, shown, work) if part != CONDITION else None,
        "place": work.place,
        "organizations": board.organizations if rule is None else (),
        "action_url": request.get_full_path(),
        "act": board.url("-act", rule.pk) if rule else "",
    }
    return board.render(request, "tocsin/rule.html", context, status)


def _told_versions(history: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[Difference]]]:
    """Each version with who made it, what they did and what it changed, in words."""
    by = doers(one["by"] for one in history)
    return [
        (one | {"by": by[one["by"]], "action": action_in_words(f"rule.{one['action']}")},
         words.of_version(one["differs"]))
        for one in history
    ]  # fmt: skip


def _say_saved(request: HttpRequest, saved: Rule) -> None:
    spec = save.spec_of(saved)
    say(request, _("“%(name)s” is kept, and holds from the next event on.") % {"name": saved.name})
    for finding in lint(spec, save.place_of(saved), saved.pk):
        warn(request, finding.sentence)
    if note := registrations.note_of(spec):
        warn(request, note)


def act(request: HttpRequest, board: Board, number: int) -> HttpResponse:
    """Switch a rule on or off, delete it, or bring back what it was."""
    rule = board.find(number)
    name = {"name": rule.name}
    match request.POST.get("action", ""):
        case "on" | "off" as wanted if rule.deleted_at is None:
            if rule.active is not (wanted == "on"):
                save.switch(rule, board.by, active=wanted == "on")
            said = (
                _("“%(name)s” is on.")
                if wanted == "on"
                else _("“%(name)s” is off. It is kept, and asks nothing.")
            )
            say(request, said % name)
        case "delete":
            save.delete(rule, board.by)
            say(request, _("“%(name)s” is deleted. You find it below for 30 days.") % name)
        case "undo":
            return _undo(request, board, rule)
        case other:
            raise Http404(f"{other!r} cannot be done.")
    return HttpResponseRedirect(board.url("s"))


def _undo(request: HttpRequest, board: Board, rule: Rule) -> HttpResponse:
    try:
        back = save.undo(rule, board.by)
    except (Conflict, InvalidInput) as error:
        warn(request, str(error))
        return HttpResponseRedirect(board.url("s"))
    say(request, _("“%(name)s” is as it was before its last change.") % {"name": back.name})
    return HttpResponseRedirect(board.url("", back.pk))
