"""What templates may do, and what neither they nor data can."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.channels.text import to_html, to_text
from tocsin.deliveries.wording.budget import MOST_BYTES, Spent
from tocsin.deliveries.wording.choose import choose
from tocsin.deliveries.wording.language import BadTemplate, compiled, made
from tocsin.deliveries.wording.literal import literal

EVENT = {
    "title": "Disk *full*",
    "body": "**now**",
    "level": "error",
    "data": {
        "items": ["a", "b"],
        "host": {"name": "db_1", "ports": [80, 443]},
        "many": list(range(400)),
        "empty": [[]] * 20_000,
        "pairs": [[1, 2]] * 20_000,
        "long": "x" * 60_000,
        "amount": 1200.5,
        "at": "2026-03-01T12:00:00+00:00",
        "none": None,
    },
    "created_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
}


def body(source, **data):
    event = EVENT | {"data": EVENT["data"] | data}
    return made(compiled(source), {"event": event}, markdown=True)


def title(source):
    return made(compiled(source), {"event": EVENT}, markdown=False)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ event.title }}", "Disk *full*"),
        ("{{ event.title|upper|truncatechars:5 }}", "DISK…"),
        ("{% if event.level == 'error' %}!{% else %}?{% endif %}", "!"),
        ("{% for n in event.data.host.ports %}{{ n }}{% if not forloop.last %}, {% endif %}{% endfor %}", "80, 443"),
        ("{{ event.data.host.ports|join:' and ' }}", "80 and 443"),
        ("{{ event.data.host.ports.1 }}{{ event.data.host.ports.9 }}", "443"),
        ("{{ event.data.amount|floatformat:2 }}", "1200.50"),
        ("{{ event.created_at|date:'j F Y' }} {{ event.created_at|time:'H:i' }}", "2 January 2026 03:04"),
        ("{{ event.data.at|date:'Y-m-d' }}", "2026-03-01"),
        ("{% firstof event.nothing event.data.none event.level %}", "error"),
        ("{% with n=event.data.many|length %}{{ n }} item{{ n|pluralize }}{% endwith %}", "400 items"),
        ("{% for key, value in event.data.host.items %}{{ key }} {% endfor %}", "name ports "),
        ("{{ event.data.items|join:'' }}", "ab"),
        ("{{ event.data.host }}", '{"name": "db_1", "ports": [80, 443]}'),
        ("{{ event.missing.deeply }}{{ event.data.none|first }}{# a comment #}", ""),
    ],
)  # fmt: skip
def test_a_template_says(source, says) -> None:
    assert title(source) == says


@pytest.mark.parametrize(
    ("source", "line", "complaint"),
    [
        ("{% include 'secrets' %}", 1, "no tag 'include'"),
        ("\n{% load i18n %}", 2, "no tag 'load'"),
        ("{% debug %}", 1, "no tag 'debug'"),
        ("{% extends 'base.html' %}", 1, "no tag 'extends'"),
        ("{% url 'admin:index' %}", 1, "no tag 'url'"),
        ("{% autoescape off %}{% endautoescape %}", 1, "no tag 'autoescape'"),
        ("a\n\n{{ event.body|safe }}", 3, "no filter 'safe'"),
        ("{{ event.body|ljust:999999999 }}", 1, "no filter 'ljust'"),
        ("{{ event.body|add:event.body }}", 1, "no filter 'add'"),
        ("{{ event.level|stringformat:'999999999s' }}", 1, "no filter 'stringformat'"),
        ("{{ event.body|marcdown }}", 1, "Did you mean 'markdown'"),
        ("{% if event.level %}\nx", 1, "Unclosed tag"),
        ("{{ event.__class__ }}", 1, "underscores"),
        ("{{ }}", 1, "Empty variable"),
        ("{% for x event.data.many %}{% endfor %}", 1, "for"),
        ("{% if event.level %}" * 21 + "{% endif %}" * 21, 1, "deeper than 20"),
        ("{% if " + "not " * 2400 + "x %}{% endif %}", 1, "recursion"),
        ("{{ event.title|truncatechars }}", 1, "requires 2 arguments"),
    ],
)
def test_what_is_no_template_is_told_with_its_line(source, line, complaint) -> None:
    with pytest.raises(BadTemplate) as caught:
        compiled(source)
    assert complaint in str(caught.value)
    assert caught.value.line == line


LOOP = "{% for a in event.data.empty %}"


@pytest.mark.parametrize(
    "source",
    [
        f"{LOOP}{LOOP}{{% endfor %}}{{% endfor %}}",
        "{% for a in event.data.many %}" * 3 + "{% endfor %}" * 3,
        f"{LOOP}{{% for b, c in event.data.pairs %}}{{% endfor %}}{{% endfor %}}",
        f"{LOOP}{{% if event.data.long|upper|lower in event.data.long %}}{{% endif %}}{{% endfor %}}",
        "{{ event.data.empty|join:event.data.long }}",
        "{% for c in event.data.long %}{% for d in event.data.long %}{{ c }}{% endfor %}{% endfor %}",
        "{{ event.data.long" + "|upper|lower" * 700 + " }}",
        "{{ event.data.long }}" * 400,
        f"{LOOP}{{% with x=event.data.long|title %}}{{% endwith %}}{{% endfor %}}",
    ],
    ids=["empty-loops", "three-loops", "unpacking", "if-swallows", "join", "characters", "filters", "output", "with"],
)  # fmt: skip
def test_a_template_that_does_too_much_is_ended(source) -> None:
    with pytest.raises(Spent):
        body(source)


def test_what_is_made_is_no_longer_than_the_limit() -> None:
    assert len(title("{{ event.data.long }}" + "y" * 5_000)) == 65_000
    with pytest.raises(Spent, match=str(MOST_BYTES)):
        title("{{ event.data.long }}" + "y" * 6_000)


@pytest.mark.parametrize(
    "source",
    [
        "{{ event.data.clear }}",
        "{{ event.data.popitem }}",
        "{{ event.data.many.clear }}",
        "{{ event.data.many.reverse }}",
        "{{ event.title.upper }}",
        "{{ event.title.encode.hex.encode.hex }}",
        "{{ event.created_at.tzinfo }}",
        "{{ event.created_at.now }}",
        "{{ forloop }}{{ self }}{{ request }}{{ settings }}{{ block.super }}",
    ],
)
def test_nothing_is_called_and_no_attribute_is_read(source) -> None:
    before = repr(EVENT)
    assert title(source) == ""
    assert repr(EVENT) == before


def test_the_number_of_digits_and_the_length_of_a_format_are_bounded() -> None:
    assert title("{{ event.data.amount|floatformat:99999999 }}") == "1200.5"
    assert title("{{ event.created_at|date:event.data.long }}") == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "[click](http://evil.example)", "![x](http://evil.example/pixel)", "<script>alert(1)</script>", "&lt;b&gt;",
        "**bold** _em_ ~~gone~~ `code`", "# Heading", "- item", "+ item", "1. item", "1) item", "> quote", "===",
        "---",
        "```\ncode\n```", "a | b\n--|--\n1 | 2", ":-: | :-:", "\n\n    indented", "one\n\ntwo\n# three", "x\n===",
        "http://evil.example) [y](http://evil.example", "\\", "\\*x\\*", "<http://evil.example>",
        "[a]: http://evil.example",
        "line  \nbreak", "*", "_", "a\r\n# b", "-", ". x", "~~~\nx",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "place", ["{{ v }}", "Said: {{ v }}", "- {{ v }}", "**x** {{ v }} {{ v }}", "1{{ v }}"]
)
def test_data_in_a_body_is_text_and_makes_no_markup(hostile, place) -> None:
    source = place.replace("v", "event.data.hostile")
    html = to_html(body(source, hostile=hostile))
    plain = to_html(body(source, hostile="word"))
    assert _tags(html) - {"br"} == _tags(plain)
    shown = "".join(to_text(body(source, hostile=hostile)).split())
    for line in hostile.replace("\r", "").split("\n"):
        assert "".join(line.split()) in shown


def _tags(html):
    return {piece.split(">")[0].strip("/").split(" ")[0] for piece in html.split("<")[1:]} - {"/p"}


@given(st.text(max_size=60))
def test_any_text_comes_out_of_markdown_as_it_went_in(text) -> None:
    html = to_html(f"Said: {literal(text)} end")
    assert _tags(html) <= {"p", "br"}


def test_an_address_in_the_data_becomes_a_link_only_where_the_author_made_one_of_a_safe_one() -> None:
    source = "[Open]({{ event.data.url }})"
    assert 'href="https://example.org/a_b?c=(d)"' in to_html(
        body(source, url="https://example.org/a_b?c=(d)")
    )
    assert "<a" not in to_html(body(source, url="javascript:alert(1)"))
    assert (
        "evil"
        not in to_html(body(source, url="/x) [y](http://evil.example")).split("href=")[-1].split(">")[0]
    )


def test_an_author_takes_a_value_as_markdown_on_purpose() -> None:
    assert to_html(body("{{ event.body|markdown }}")) == "<p><strong>now</strong></p>\n"
    assert "<strong>" not in to_html(body("{{ event.body|markdown|upper }}"))


def test_code_shows_what_it_is_given_whatever_marks_it_has() -> None:
    assert "<code>rm `x` _y_</code>" in to_html(body("{{ event.data.c|code }}", c="rm `x` _y_"))
    assert "<pre><code>a\n```\n# b\n</code></pre>" in to_html(
        body("{{ event.data.c|code }}", c="a\n```\n# b")
    )


@pytest.mark.parametrize(
    ("locale", "chosen"),
    [("fr-ca", "fr-ca"), ("fr-be", "fr"), ("FR_CA", "fr-ca"), ("de", ""), ("", ""), ("fr", "fr")],
)
def test_the_nearest_language_is_chosen(locale, chosen) -> None:
    assert choose(locale, {"": "", "fr": "fr", "fr-ca": "fr-ca"}) == chosen


def test_without_a_template_for_all_the_others_are_told_in_the_events_own_words() -> None:
    assert choose("de", {"fr": "fr"}) is None
