"""The Slack channel against a loopback Slack that keeps what it is told and refuses what Slack would."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import Reply
from tests.servers.slack import TOKEN, SlackServer
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.channels.slack import SlackChannel
from tocsin.levels import Level
from tocsin.testing import make_message

channel = SlackChannel()
BY_TOKEN = {"token": TOKEN, "channel": "C0123ABCD"}
EVENT = make_message().event


@pytest.fixture
def slack(settings):
    http.forget_rests()
    with SlackServer() as server:
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "SLACK_API_URL": server.api_url,
            "BASE_URL": "https://tocsin.example",
        }
        yield server
    http.forget_rests()


def send(*_, given=BY_TOKEN, **changes):
    return channel.send(make_message(given, **changes))


@pytest.mark.parametrize("text", ["word ", "слово ", "\U0001f600 "])
def test_a_long_message_is_sent_once_though_slack_answers_with_all_of_it(slack, text):
    actions = tuple({"label": "Open", "url": f"https://x.example/{'y' * 1900}{n}"} for n in range(10))
    assert send(body=text * 8000, actions=actions) == Sent("C0123ABCD/1700000000.000100")


def test_a_message_is_shown_with_its_level_and_its_links(slack):
    outcome = send(level=Level.ERROR, title="Disk <full> & hot", project="web")
    assert outcome == Sent("C0123ABCD/1700000000.000100")
    shown = slack.shown(outcome.provider_id).split("\n")
    assert shown[0] == "■ Disk <full> & hot"
    assert "*1 200 €*, see the invoice." in shown
    assert "Error · Invoice paid · acme · web" in shown
    kept = slack.messages[outcome.provider_id]
    assert kept["attachments"][0]["color"] == "#b3461f"
    assert kept["text"] == "[error] Disk &lt;full&gt; &amp; hot"
    [button] = kept["attachments"][0]["blocks"][-2]["elements"]
    assert (button["text"]["text"], button["url"]) == ("Open", "https://shop.example/invoices/42")
    assert (kept["unfurl_links"], kept["unfurl_media"]) == (False, False)
    assert kept["metadata"]["event_payload"]["key"] == make_message().key


@pytest.mark.parametrize("given", [BY_TOKEN, "webhook"])
def test_words_that_slack_takes_for_mentions_stay_words(slack, given):
    given = {"webhook_url": slack.hook_url} if given == "webhook" else given
    assert isinstance(send(given=given, title="@channel <!here>", body="@here, @everyone: <!channel>"), Sent)
    assert slack.refused == []
    assert "@here, @everyone: <!channel>" in slack.shown(next(iter(slack.messages)))


def test_each_level_has_a_shape_and_a_colour_of_its_own(slack):
    seen = set()
    for level in Level:
        kept = slack.messages[send(level=level).provider_id]
        seen.add((kept["blocks"][0]["text"]["text"][0], kept["attachments"][0]["color"]))
    assert len({shape for shape, _ in seen}) == len({color for _, color in seen}) == len(Level)


def test_a_group_is_one_thread_and_its_first_message_shows_the_state(slack):
    root = send(title="Disk at 91 %").provider_id
    assert send(title="Disk at 97 %", thread=root, action="update") == Sent(root)
    assert slack.calls == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert slack.shown(root).startswith("● Disk at 97 %")
    assert send(title="Disk at 40 %", thread=root, action="resolve", status="resolved") == Sent(root)
    assert slack.shown(root).startswith("✔ Disk at 40 %")
    assert "Resolved · Info" in slack.shown(root)
    replies = [kept for name, kept in slack.messages.items() if name != root]
    assert [kept["thread_ts"] for kept in replies] == [root.partition("/")[2]] * 2
    assert "thread_ts" not in slack.messages[root]


def test_a_conversation_with_a_person_goes_on_where_it_began(slack):
    person = {"token": TOKEN, "channel": "U0123ABCD"}
    root = send(given=person).provider_id
    assert root.startswith("D0123ABCD/")
    assert send(given=person, thread=root, action="update") == Sent(root)
    assert len(slack.messages) == 2


def test_where_the_first_message_was_deleted_the_group_begins_anew(slack):
    root = send().provider_id
    del slack.messages[root]
    again = send(thread=root, action="update").provider_id
    assert list(slack.messages) == [again]
    assert "thread_ts" not in slack.messages[again]


@pytest.mark.parametrize("word", ["cant_update_message", "edit_window_closed"])
def test_what_may_not_be_changed_is_replied_to(slack, word):
    root = send().provider_id
    slack.answers = [word]
    assert send(thread=root, action="update") == Sent(root)
    assert len(slack.messages) == 2


@pytest.mark.parametrize("answer", ["internal_error", Reply(503), Reply(fault="drop")])
def test_nothing_is_posted_while_the_first_message_cannot_be_reached(slack, answer):
    root = send().provider_id
    slack.answers = [answer] * 4
    assert isinstance(send(thread=root, action="update"), Retry)
    assert "chat.postMessage" not in slack.calls[1:]


@pytest.mark.parametrize(
    "thread", ["msg-7", "C0123ABCD", "C1/x", "../C0123ABCD/1.1", "#ops/1700000000.000100"]
)
def test_a_thread_that_is_no_name_of_slacks_is_none(slack, thread):
    assert send(thread=thread, action="update") == Sent("C0123ABCD/1700000000.000100")


def test_many_messages_of_two_requests_each_end_once(slack):
    root = send().provider_id
    made = [make_message(BY_TOKEN, delivery_id=n, thread=root, action="update") for n in range(1, 31)]
    outcomes = list(channel.send_batch(ListFeed(made[:20], made[20:])))
    assert sorted(message.delivery_id for message, _ in outcomes) == list(range(1, 31))
    assert {outcome for _, outcome in outcomes} == {Sent(root)}
    assert slack.calls.count("chat.update") == 30
    assert len(slack.messages) == 31


def test_an_incoming_webhook_takes_the_same_message_and_always_a_new_one(slack):
    given = {"webhook_url": slack.hook_url}
    for thread in ("", "C0123ABCD/1700000000.000100"):
        assert send(given=given, thread=thread, action="update" if thread else "open") == Sent()
    assert [slack.shown(name)[:6] for name in slack.messages] == ["● Invo", "● Invo"]
    assert slack.sink.requests[0].headers.get("authorization") is None


@pytest.mark.parametrize("kind", ["workflows", "triggers"])
def test_a_workflow_takes_texts_by_name(slack, kind):
    slack.answers = [Reply(200, b'{"ok": true}')]
    url = f"{slack.sink.url}{kind}/T0/A0/1/s3cret"
    assert send(given={"webhook_url": url}, title="Paid", body="**1** <!here>", url="/42") == Sent()
    sent = json.loads(slack.sink.requests[0].body)
    assert sent["title"] == "Paid"
    assert sent["text"] == "*1* &lt;!here&gt;"
    assert sent["url"] == "https://tocsin.example/42"
    assert all(isinstance(value, str) for value in sent.values())


@pytest.mark.parametrize(
    ("word", "kind", "cause", "disables"),
    [
        ("channel_not_found", Rejected, Cause.GONE, True),
        ("is_archived", Rejected, Cause.GONE, True),
        ("user_not_found", Rejected, Cause.GONE, True),
        ("invalid_auth", Rejected, Cause.NOT_AUTHORISED, True),
        ("token_revoked", Rejected, Cause.NOT_AUTHORISED, True),
        ("account_inactive", Rejected, Cause.NOT_AUTHORISED, True),
        ("not_in_channel", Rejected, Cause.REFUSED_RECIPIENT, False),
        ("missing_scope", Rejected, Cause.NOT_AUTHORISED, False),
        ("restricted_action", Rejected, Cause.NOT_AUTHORISED, False),
        ("msg_too_long", Rejected, Cause.TOO_LARGE, False),
        ("invalid_blocks", Rejected, Cause.REFUSED_CONTENT, False),
        ("a_new_error_of_next_year", Rejected, Cause.REFUSED_CONTENT, False),
        ("ratelimited", Retry, Cause.THROTTLED, None),
        ("rate_limited", Retry, Cause.THROTTLED, None),
        ("fatal_error", Retry, Cause.SERVER_ERROR, None),
        ("internal_error", Retry, Cause.SERVER_ERROR, None),
        ("service_unavailable", Retry, Cause.SERVER_ERROR, None),
    ],
)
def test_each_error_of_the_api_has_its_outcome(slack, word, kind, cause, disables):
    slack.answers = [word]
    outcome = send()
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert f"Slack answered {word}" in outcome.detail
    assert getattr(outcome, "disable_destination", None) is disables


@pytest.mark.parametrize(
    ("status", "text", "kind", "cause"),
    [
        (404, "no_service", Rejected, Cause.GONE),
        (410, "channel_is_archived", Rejected, Cause.GONE),
        (404, "no_team", Rejected, Cause.GONE),
        (403, "invalid_token", Rejected, Cause.GONE),
        (403, "action_prohibited", Rejected, Cause.NOT_AUTHORISED),
        (400, "posting_to_general_channel_denied", Rejected, Cause.NOT_AUTHORISED),
        (400, "invalid_payload", Rejected, Cause.REFUSED_CONTENT),
        (404, "<html>not found</html>", Rejected, Cause.REFUSED_RECIPIENT),
        (410, "", Rejected, Cause.GONE),
        (500, "rollup_error", Retry, Cause.SERVER_ERROR),
        (502, "<html>bad gateway</html>", Retry, Cause.SERVER_ERROR),
        (200, "<html>a portal</html>", Retry, Cause.SERVER_ERROR),
        (200, "", Retry, Cause.SERVER_ERROR),
    ],
)
def test_each_answer_of_a_webhook_has_its_outcome(slack, status, text, kind, cause):
    slack.answers = [Reply(status, text.encode())]
    outcome = send(given={"webhook_url": slack.hook_url})
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert getattr(outcome, "disable_destination", False) is (cause == Cause.GONE)
    assert "<html>" not in outcome.detail


def test_words_that_are_none_of_slacks_are_not_repeated(slack):
    slack.answers = [Reply(200, b'{"ok": false, "error": "Bearer xoxb-9 \\u001b[31m"}')]
    outcome = send()
    assert isinstance(outcome, Retry)
    assert "xoxb" not in outcome.detail


def test_a_limit_of_one_token_holds_no_other(slack):
    other = TOKEN.replace("s3cret", "0ther")
    slack.tokens.add(other)
    slack.answers = [Reply(429, b'{"ok": false, "error": "ratelimited"}', {"Retry-After": "30"})]
    assert send() == Retry(Cause.THROTTLED, "Slack answered ratelimited.", 30.0)
    assert isinstance(send(), Later)
    assert isinstance(send(given=BY_TOKEN | {"token": other}), Sent)
    assert len(slack.calls) == 2


def test_a_long_text_is_cut_into_sections_and_says_so(slack):
    body = "# Log\n\n" + "line & more \U0001f600 <x> " * 3000
    outcome = send(body=body)
    kept = slack.messages[outcome.provider_id]["attachments"][0]["blocks"]
    sections = [block["text"]["text"] for block in kept if block["type"] == "section"]
    assert sum(map(len, sections)) > 9000
    assert "… The text was shortened. Read the rest" in slack.shown(outcome.provider_id)


def test_a_title_that_the_header_cannot_hold_is_shown_whole_below(slack):
    title = "<" + "long " * 50 + "end>"
    shown = slack.shown(send(title=title).provider_id)
    assert title in shown
    assert shown.split("\n")[0].endswith("…")


def test_several_events_are_shown_in_one_message(slack):
    events = tuple(replace(EVENT, title=f"Nr {number}", body="word " * 5000) for number in range(12))
    outcome = send(events=events)
    shown = slack.shown(outcome.provider_id)
    assert all(f"Nr {number}" in shown for number in range(10))
    assert "… and 2 more" in shown


def test_links_that_are_no_buttons_are_links(slack):
    actions = (
        {"label": "Write <us>", "url": "mailto:ops@example.com"},
        {"label": "Plain", "url": "http://shop.example/42"},
        {"label": "Nowhere", "url": "javascript:alert(1)"},
        {"label": "Here", "url": "/42"},
    )
    outcome = send(actions=actions, url="https://shop.example/e/1")
    blocks = slack.messages[outcome.provider_id]["attachments"][0]["blocks"]
    urls = [button["url"] for button in blocks[-2]["elements"]]
    assert urls == ["https://tocsin.example/42", "https://shop.example/e/1"]
    assert blocks[-3]["text"]["text"] == (
        "<mailto:ops@example.com|Write &lt;us&gt;> · <http://shop.example/42|Plain>"
    )


@pytest.mark.parametrize("given", [{}, {"token": TOKEN}, {"channel": "C0123ABCD"}])
def test_broken_settings_are_rejected(slack, given):
    assert send(given=given).cause == Cause.BAD_SETTINGS
    assert slack.calls == []


def identity(given):
    return clean_settings(SlackChannel.form, given).identity


def test_the_same_address_is_the_same_destination(settings):
    hook = "https://hooks.slack.com/services/T0AB/B0AB/s3cret"
    assert identity({"webhook_url": hook}) == identity(
        {"webhook_url": hook.replace(".com/", ".COM:443/") + "/"}
    )
    rotated = TOKEN.replace("s3cret", "rotated")
    other = TOKEN.replace("123456789012", "999999999999")
    for place in ("C0123ABCD", "#ops"):
        assert identity({"token": TOKEN, "channel": place}) == identity({"token": rotated, "channel": place})
    assert identity({"token": TOKEN, "channel": "#Ops"}) == identity({"token": TOKEN, "channel": "#ops"})
    assert identity({"token": TOKEN, "channel": "#ops"}) != identity({"token": other, "channel": "#ops"})
    assert identity({"token": TOKEN, "channel": "C0123ABCD"}) == identity(
        {"token": other, "channel": "C0123ABCD"}
    )
    assert identity({"token": TOKEN, "channel": "C0123ABCD"}) != identity({"token": TOKEN, "channel": "#ops"})


def test_what_is_kept_of_the_settings_and_shown():
    cleaned = clean_settings(SlackChannel.form, {"token": TOKEN, "channel": "#ops"})
    assert cleaned.open == {"channel": "#ops", "workspace": "123456789012"}
    assert cleaned.secret == {"token": TOKEN}
    assert channel.target_label(cleaned.open | cleaned.secret) == "#ops"
    hook = {"webhook_url": "https://hooks.slack-gov.com/services/T0AB/B0AB/s3cret"}
    assert (
        channel.target_label(clean_settings(SlackChannel.form, hook).secret) == "https://hooks.slack-gov.com"
    )
