"""A log line is one line, whatever was in the data."""

from __future__ import annotations

import json
import logging
import logging.config
import sys

import pytest

from tocsin.errors import InvalidInput
from tocsin.server.logs import LONGEST, JsonLines, OneLine, logging_settings
from tocsin.server.variables import log_format

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


def test_json_is_one_object_a_line():
    try:
        raise ValueError("one\ntwo")
    except ValueError:
        line = JsonLines().format(record("a\nb\u202e \u00e9", sys.exc_info()))
    assert line.isascii()
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["logger"], said["message"]) == ("info", "x", "a\nb\u202e \u00e9")
    assert said["traceback"].endswith("ValueError: one\ntwo")
    assert said["time"].endswith("+00:00")
    assert len(json.loads(JsonLines().format(record("x" * 100_000)))["message"]) == LONGEST


def test_the_format_is_chosen_or_refused():
    assert [log_format(given) for given in ({}, {"TOCSIN_LOG_FORMAT": "json"})] == ["line", "json"]
    assert logging_settings("json")["handlers"]["stderr"]["formatter"] == "json"
    with pytest.raises(InvalidInput, match="Write line or json"):
        log_format({"TOCSIN_LOG_FORMAT": "xml"})
