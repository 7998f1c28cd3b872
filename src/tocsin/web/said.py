"""What a page says of what was just done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages

if TYPE_CHECKING:
    from django.http import HttpRequest


def say(request: HttpRequest, words: str) -> None:
    """One line on the next page; nothing where the host has no messages framework."""
    messages.info(request, words, fail_silently=True)


def warn(request: HttpRequest, words: str) -> None:
    """The same for what did not go as it was meant to."""
    messages.warning(request, words, fail_silently=True)
