"""Pages of things that somebody owns, a person or an organization: the same ones, in the frame of either."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Where the pages are, and what is around them."""

    pages: str
    """What the names of the pages' addresses begin with; the list's has an "s" more."""
    frame: str
    """The template around them."""
    args: tuple[Any, ...] = ()
    """What the addresses have before what a page adds."""
    context: dict[str, Any] = field(default_factory=dict)
    """What the frame needs."""

    @property
    def is_own(self) -> bool:
        """Whether a person looks at what is theirs, and not at what is an organization's."""
        raise NotImplementedError

    def url(self, name: str, *args: Any) -> str:
        """The address of one of the pages."""
        return reverse(f"{self.pages}{name}", args=[*self.args, *args])

    def render(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        """A page in its frame."""
        shared = {"frame": self.frame, "here": self.url("s"), "is_own": self.is_own}
        return render(request, template, self.context | shared | context, status=status)
