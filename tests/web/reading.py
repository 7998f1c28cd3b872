"""A page as it is read: its words, without the marks between them."""

from __future__ import annotations

import html
import re
from typing import Any


def text(answer: Any) -> str:
    """The words of an answer's page, with single blanks."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())
