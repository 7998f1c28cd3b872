"""The contract suite itself: a good channel passes all of it, and each bad one fails where it is bad."""

from __future__ import annotations

import pytest

from tests.testing import bad_answers, bad_http, bad_settings, bad_texts
from tests.testing.pagers import BAD, PagerAuthor, PagerContract, run
from tocsin.testing import ChannelContract

NOT_FOR_PAGERS = {"test_a_bare_address_is_the_same_destination", "test_strange_answers_are_no_bug"}
FILES = (bad_answers, bad_http, bad_settings, bad_texts)
REMEDIES = ("AssertionError: ", "a timeout, so that all ends")


def promises(kind):
    return {name for name in dir(kind) if name.startswith("test_")}


def test_a_good_channel_passes_all_of_it(tmp_path):
    notes = run(PagerContract, tmp_path)
    assert notes.told == {}
    assert notes.outcomes["skipped"] == NOT_FOR_PAGERS
    assert notes.outcomes["passed"] == promises(ChannelContract) - NOT_FOR_PAGERS


@pytest.mark.parametrize("name", BAD)
def test_a_bad_channel_fails_exactly_where_it_is_bad(name, tmp_path):
    """Of the kinds of promises that it breaks, all tests pass but those that must fail, and these say why."""
    channel, broken, of_contract = BAD[name]
    kinds = [kind for kind in ChannelContract.__bases__ if promises(kind) & broken or not broken]
    contract = type("BadContract", (PagerAuthor, *kinds), {**of_contract, "channel_class": channel})
    notes = run(contract, tmp_path)
    assert notes.outcomes["failed"] == broken, notes.told
    assert [told for told in notes.told.values() if not any(remedy in told for remedy in REMEDIES)] == []


def test_every_promise_is_broken_by_somebody():
    assert promises(ChannelContract) - set().union(*(broken for _, broken, _ in BAD.values())) == set()
