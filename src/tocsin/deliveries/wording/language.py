"""The language of templates: Django's, with tags and filters of our own choice, over plain data, within a budget."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import (
    FilterExpression,
    Lexer,
    Node,
    Parser,
    Variable,
    VariableDoesNotExist,
    VariableNode,
)
from django.utils import timezone

from tocsin.conf import nearest
from tocsin.deliveries.wording.budget import MOST_BYTES, STEP, Budget, Spent, in_force
from tocsin.deliveries.wording.filters import library, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

    from django.template.base import NodeList, Token

MOST_CHARACTERS = 10_000
MOST_NESTED = 20
_CACHED = 512


class BadTemplate(Exception):
    """The text is no template. `line` is where, counted from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@lru_cache(maxsize=_CACHED)
def compiled(source: str) -> Template:
    """The template that is written here. Raises `BadTemplate`."""
    try:
        return _Template(source, engine=_engine())
    except Exception as error:  # tags raise what they like: each of them says that the text is no template
        line = getattr(getattr(error, "token", None), "lineno", 1)
        raise BadTemplate(str(error) or type(error).__name__, line) from error


def made(template: Template, values: Mapping[str, Any], *, markdown: bool) -> str:
    """What a template says of `values`, which are JSON and times. In `markdown` they are literal text.

    Times are on the site's clock, words in the active language. Raises `Spent` for what does too much, and
    whatever Django raises for values that a tag cannot take.
    """
    context = _Context(dict(values), markdown=markdown)
    token = in_force.set(context.budget)
    try:
        with timezone.override(timezone.get_default_timezone()):
            text = str(template.render(context))
    finally:
        in_force.reset(token)
    context.budget.charge(0)  # an `if` may have swallowed that it was spent
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise Spent(f"it makes more than {MOST_BYTES} bytes")
    return text


@lru_cache(maxsize=1)
def _engine() -> Engine:
    """Nothing of a host's templates reaches this one: no loaders, no libraries, no debugging."""
    return Engine(dirs=[], loaders=[], autoescape=False, debug=False)


class _Template(Template):
    """A template that is compiled by our parser."""

    def compile_nodelist(self) -> NodeList:
        parser = _Parser(Lexer(self.source).tokenize(), {}, [library], self.origin)
        self.extra_data: dict[str, Any] = {}
        return parser.parse()


class _Parser(Parser):
    """Knows no tag that loads, counts how deep it is, and has every node pay."""

    depth = 0

    def parse(self, parse_until: Iterable[str] | None = None) -> NodeList:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise RecursionError(f"Tags are nested deeper than {MOST_NESTED}.")
        nodes = super().parse(parse_until)
        self.depth -= 1
        return nodes

    def compile_filter(self, token: str) -> FilterExpression:
        expression: Any = FilterExpression(token, self)
        if isinstance(expression.var, Variable):
            expression.var = _Path(expression.var.var)
        for _function, arguments in expression.filters:
            arguments[:] = [(is_path, _Path(value.var) if is_path else value) for is_path, value in arguments]
        return expression  # type: ignore[no-any-return]

    def find_filter(self, filter_name: str) -> Any:
        if filter_name not in self.filters:
            known = nearest(filter_name, self.filters)
            raise TemplateSyntaxError(f"There is no filter {filter_name!r}. {known}")
        return self.filters[filter_name]

    def invalid_block_tag(self, token: Token, command: str, parse_until: Any = None) -> NoReturn:
        known = [*(parse_until or ()), *self.tags]
        raise self.error(token, f"There is no tag {command!r} here. {nearest(command, known)}")

    def extend_nodelist(self, nodelist: NodeList, node: Node, token: Token) -> None:
        if isinstance(node, VariableNode):
            node = _Value(node.filter_expression)
        super().extend_nodelist(nodelist, node, token)
        nodelist[-1] = _Charged(nodelist[-1])


class _Path(Variable):
    """A value by its path in the data: members of objects and lists, and never an attribute or a method."""

    def _resolve_lookup(self, context: Any) -> Any:
        current = context
        for step in self.lookups or ():
            try:
                if isinstance(current, list | tuple):
                    current = current[int(step)]
                elif isinstance(current, dict) and step == "items" and step not in current:
                    current = list(current.items())
                elif isinstance(current, dict | Context):
                    current = current[step]
                else:
                    raise KeyError(step)
            except (LookupError, ValueError):
                raise VariableDoesNotExist("There is no %s in the data.", (step,)) from None
        return current


class _Value(Node):
    """A value in double braces."""

    def __init__(self, expression: FilterExpression) -> None:
        self.expression = expression

    def render(self, context: Any) -> str:
        return words_of(self.expression.resolve(context), context)


class _Charged(Node):
    """A node that pays for itself and for what it makes."""

    child_nodelists = ()

    def __init__(self, node: Node) -> None:
        self.node = node

    def render(self, context: Any) -> str:
        text = self.node.render(context)
        context.budget.charge(STEP + len(text))
        return text


class _Context(Context):
    """Each round of a loop pays too, so that one without anything in it ends."""

    def __init__(self, values: dict[str, Any], *, markdown: bool) -> None:
        self.budget = Budget()
        self.is_markdown = markdown
        super().__init__(values, autoescape=False)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.budget.charge(STEP)
        super().__setitem__(key, value)

    def push(self, *args: Any, **kwargs: Any) -> Any:
        self.budget.charge(STEP)
        return super().push(*args, **kwargs)

    def update(self, other_dict: Any) -> Any:
        self.budget.charge(STEP)
        return super().update(other_dict)
