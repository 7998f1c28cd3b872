"""A log line is one line, whatever was in the data."""

from __future__ import annotations

import logging
import sys

from tocsin.server.logs import LONGEST, OneLine

FORMAT = OneLine("{levelname} {message}", style="{")


def record(message, exc_info=None):
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, None, exc_info)


def test_data_cannot_forge_a_line_or_steer_a_terminal():
    said = FORMAT.format(record("a\nERROR b\r\x1b[2J\u202e\u2028c\x00"))
    assert said.isprintable()
    assert said.startswith("INFO a\\nERROR b")


def test_a_traceback_keeps_its_lines_indented():
    try:
        raise ValueError("one\nINFO two")
    except ValueError:
        said = FORMAT.format(record("failed", sys.exc_info()))
    first, *rest = said.split("\n")
    assert first == "INFO failed"
    assert len(rest) > 2
    assert all(line.startswith("    ") for line in rest)


def test_a_long_line_is_cut():
    assert len(FORMAT.format(record("x" * 100_000))) <= LONGEST
