"""What a task wrote: its beginning and its end are kept, its lines counted, in bounded memory. Pure."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from tocsin.errors import invalid

ERROR, WARNING = rb"\bERROR\b", rb"\bWARNING\b"
"""The words as logging writes them."""
KEPT = 1_048_576
MOST_KEPT = 64 * KEPT
LONGEST_LINE = 16_384
"""Bytes of a line that are looked at; the rest of it is kept like any other byte, and counted with it."""
_LOOKS_FARTHER = (rb"\A", rb"\Z", b"(?", rb"\1")
"""What may match in a line and not in a text of lines, or cannot stand beside others."""
TAIL_LINES, TAIL_BYTES = 20, 4_096


@dataclass(slots=True)
class Log:
    """Fed with bytes as they come. A quarter of `most` bytes is for the beginning, the rest for the end."""

    errors_like: tuple[re.Pattern[bytes], ...] = (re.compile(ERROR),)
    warnings_like: tuple[re.Pattern[bytes], ...] = (re.compile(WARNING),)
    most: int = KEPT
    errors: int = 0
    warnings: int = 0
    size: int = 0
    """Of all that came, in bytes."""
    _head: bytearray = field(default_factory=bytearray)
    _end: deque[bytes] = field(default_factory=deque)
    _held: int = 0
    _lines: dict[str, bytearray] = field(default_factory=dict)
    _quick: re.Pattern[bytes] | None = None
    """Finds something wherever one of the patterns does; None where that is not sure."""

    def __post_init__(self) -> None:
        every = [one.pattern for one in (*self.errors_like, *self.warnings_like)]
        if not any(special in one for one in every for special in _LOOKS_FARTHER):
            self._quick = re.compile(b"|".join(b"(?:%s)" % one for one in every), re.MULTILINE)

    def feed(self, chunk: bytes, stream: str = "") -> None:
        """Take what came. Lines of different streams are told apart, and kept in the order in which they came."""
        self.size += len(chunk)
        self._keep(chunk)
        begun = self._lines.setdefault(stream, bytearray())
        last = chunk.rfind(b"\n")
        if last < 0:
            begun += chunk[: LONGEST_LINE - len(begun)]
            return
        if self._may_count(bytes(begun) + chunk[:last]):
            for line in chunk[:last].split(b"\n"):
                begun += line[: LONGEST_LINE - len(begun)]
                self._count(bytes(begun))
                begun.clear()
        begun[:] = chunk[last + 1 :][:LONGEST_LINE]

    def close(self) -> None:
        """Count the lines that had no end."""
        for begun in self._lines.values():
            if begun:
                self._count(bytes(begun))
                begun.clear()

    def count(self, text: str, *, error: bool = False, warning: bool = False) -> None:
        """Take a line of which it is known what it is."""
        line = text.encode(errors="backslashreplace") + b"\n"
        self.size += len(line)
        self._keep(line)
        self.errors += error
        self.warnings += warning

    def kept(self) -> bytes:
        """What is kept; where something is left out, a line says how much."""
        end = b"".join(self._end)
        left_out = self.size - len(self._head) - len(end)
        if left_out <= 0:
            return bytes(self._head) + end
        return bytes(self._head) + b"\n[... %d bytes are left out ...]\n" % left_out + end

    def tail(self) -> str:
        """The last lines as text, without the control characters that a terminal would act on."""
        data = (bytes(self._head) + b"".join(self._end))[-TAIL_BYTES:]
        return "\n".join(readable(data).strip("\n").split("\n")[-TAIL_LINES:])

    def _keep(self, chunk: bytes) -> None:
        room = self.most // 4 - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if not chunk:
            return
        limit = self.most - self.most // 4
        chunk = chunk[-limit:] if limit else b""
        self._end.append(chunk)
        self._held += len(chunk)
        while self._held > limit:
            first = self._end.popleft()
            over = self._held - limit
            self._held -= len(first)
            if len(first) > over:
                self._end.appendleft(first[over:])
                self._held += len(first) - over

    def _may_count(self, text: bytes) -> bool:
        """Whether there is anything in some lines: most output has nothing, and is looked at once as a whole."""
        return self._quick is None or self._quick.search(text) is not None

    def _count(self, line: bytes) -> None:
        if any(pattern.search(line) for pattern in self.errors_like):
            self.errors += 1
        elif any(pattern.search(line) for pattern in self.warnings_like):
            self.warnings += 1


_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b.?")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def readable(data: bytes) -> str:
    """Bytes of unknown origin as text that may be shown and stored: no escape codes, no NUL, no half characters."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return _UNFIT.sub("\ufffd", _ESCAPE.sub("", text))


def patterns(given: object, field_name: str, default: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Compiled patterns; those of the default where none are given. Raises `InvalidInput`."""
    if not isinstance(given, list | tuple) or not given:
        return (re.compile(default),)
    found = []
    for one in given:
        try:
            found.append(re.compile(str(one).encode()))
        except re.error as error:
            message = f"{str(one)[:80]!r} is no pattern: {error}."
            raise invalid(field_name, message, "Write a regular expression.") from None
    return tuple(found)
