"""What a task wrote is counted by lines and kept within bounds, however it is cut into pieces."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.sources.tasks.log import ERROR, LONGEST_LINE, TAIL_LINES, Log, patterns, readable

words = st.sampled_from(
    [b"ERROR x", b"WARNING y", b"all is well", b"ERRORS", b"error", b"", b"WARNING ERROR", b"\xff\x00"]
)
chunks = st.lists(st.tuples(st.sampled_from(["1", "2"]), st.binary(max_size=40)), max_size=30)


def fed(text: bytes, cut: list[int], **given) -> Log:
    log = Log(**given)
    places = sorted({0, *(at % (len(text) + 1) for at in cut), len(text)})
    for start, end in zip(places, [*places[1:], len(text)], strict=True):
        log.feed(text[start:end])
    log.close()
    return log


@given(st.lists(words, max_size=20), st.lists(st.integers(0, 500), max_size=20), st.booleans())
def test_lines_are_counted_however_they_come(lines, cut, ends) -> None:
    log = fed(b"\n".join(lines) + (b"\n" if ends and lines else b""), cut)
    errors = sum(bool(re.search(rb"\bERROR\b", line)) for line in lines)
    warnings = sum(bool(re.search(rb"\bWARNING\b", line)) for line in lines) - lines.count(b"WARNING ERROR")
    assert (log.errors, log.warnings) == (errors, warnings)


@given(chunks, st.integers(0, 60))
def test_the_beginning_and_the_end_are_kept(given_chunks, most) -> None:
    log = Log(most=most)
    for stream, chunk in given_chunks:
        log.feed(chunk, stream)
    whole = b"".join(chunk for _, chunk in given_chunks)
    kept = log.kept()
    assert log.size == len(whole)
    if len(whole) <= most - most // 4:
        assert kept == whole
    found = re.search(rb"\n\[\.\.\. (\d+) bytes are left out \.\.\.\]\n", kept)
    if found is None:
        assert kept == whole
    else:
        head, end = kept[: found.start()], kept[found.end() :]
        assert whole.startswith(head)
        assert whole.endswith(end)
        assert len(head) + len(end) + int(found[1]) == len(whole)
        assert len(head) + len(end) <= most


def test_lines_of_two_streams_are_told_apart() -> None:
    log = Log()
    for chunk, stream in ((b"ERR", "1"), (b"WARN", "2"), (b"OR a\n", "1"), (b"ING b\n", "2")):
        log.feed(chunk, stream)
    assert (log.errors, log.warnings) == (1, 1)


def test_a_line_without_end_costs_little() -> None:
    log = Log(most=1000)
    tracemalloc.start()
    for _ in range(2_000):
        log.feed(b"x" * 65_536)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    log.feed(b" ERROR\nERROR\n")
    assert peak < 2_000_000
    assert log.size == 2_000 * 65_536 + 13
    assert log.errors == 1  # what stands behind the first LONGEST_LINE bytes of a line is not looked at
    assert LONGEST_LINE < 65_536


def test_the_tail_is_the_last_lines() -> None:
    log = fed("".join(f"line {number}\n" for number in range(100)).encode(), [])
    assert log.tail().split("\n") == [f"line {number}" for number in range(100 - TAIL_LINES, 100)]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\x1b]0;title\x07", "red0;title\ufffd"),
        (b"a\x00b\x08c\r\nd\re", "a\ufffdb\ufffdc\nd\ufffde"),
        (b"\xff\xfe\xc3", "\ufffd\ufffd\ufffd"),
        ("caf\u00e9 \u202egnp".encode(), "caf\u00e9 \ufffdgnp"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    ],
)
def test_what_is_shown_has_nothing_that_acts(data, shown) -> None:
    assert readable(data) == shown


def test_patterns_are_chosen_or_refused() -> None:
    assert patterns((), "--error", ERROR)[0].search(b"an ERROR")
    assert [bool(one.search(b"FATAL")) for one in patterns(["FATAL", "x$"], "--error", ERROR)] == [
        True,
        False,
    ]
    with pytest.raises(InvalidInput, match="is no pattern"):
        patterns(["(("], "--error", ERROR)


PATTERNS = st.sampled_from(["^a", "b$", "(?i)C", r"\Aab", "a(?!b)", "(a)b", "x|", r"b\Z", "^$"])


@given(st.lists(st.text("abCc\n", max_size=12), max_size=8), PATTERNS, PATTERNS)
def test_every_pattern_sees_lines_however_quickly_they_are_looked_at(pieces, error, warning) -> None:
    log = Log(patterns([error], "x", ERROR), patterns([warning], "x", ERROR))
    for piece in pieces:
        log.feed(piece.encode())
    log.close()
    lines = "".join(pieces).encode().split(b"\n")
    lines = lines[:-1] if lines[-1] == b"" else lines
    errors = [line for line in lines if re.search(error.encode(), line)]
    warnings = [line for line in lines if line not in errors and re.search(warning.encode(), line)]
    assert (log.errors, log.warnings) == (len(errors), len(warnings))
