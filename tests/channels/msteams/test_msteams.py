"""The Teams channel against a loopback workflow that refuses what Teams would."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import Reply
from tests.servers.teams import LIMIT, TeamsServer, error, shown_message, weight
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.channels.msteams import MsteamsChannel
from tocsin.channels.msteams.card import RESERVED
from tocsin.errors import InvalidInput
from tocsin.levels import Level
from tocsin.testing import make_message

channel = MsteamsChannel()
EVENT = make_message().event
SIGNED = "/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=x"
FAILED = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error %d with Context"


@pytest.fixture
def teams(settings):
    http.forget_rests()
    with TeamsServer() as server:
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "BASE_URL": "https://tocsin.example",
            "MSTEAMS_HOSTS": ["127.0.0.1"],
        }
        yield server
    http.forget_rests()


def send(teams, **changes):
    return channel.send(make_message({"url": teams.url}, **changes))


def card(teams):
    return teams.cards[-1]["attachments"][0]["content"]


def test_a_card_shows_the_event_its_level_and_its_links(teams):
    assert send(teams, level=Level.ERROR, title="Disk *full* <b>", project="web_1") == Sent()
    assert shown_message(teams.cards[0]).split("\n") == [
        "Disk *full* <b>",
        "■ Error",
        "1 200 €, see the invoice.",
        "Type Invoice paid",
        "Organization acme",
        "Project web_1",
        "Open",
    ]
    head, body, *_ = card(teams)["body"]
    assert (head["style"], head["items"][1]["color"]) == ("attention", "Attention")
    assert body["text"] == "**1 200 €**, see the [invoice](https://shop.example/invoices/42)."
    assert card(teams)["actions"][0]["url"] == "https://shop.example/invoices/42"
    assert teams.sink.requests[0].headers["x-ms-client-tracking-id"] == make_message().key


def test_each_level_has_a_shape_and_what_is_resolved_another(teams):
    seen = set()
    for level in Level:
        send(teams, level=level)
        seen.add(card(teams)["body"][0]["items"][1]["text"])
    send(teams, level=Level.CRITICAL, action="resolve", status="resolved")
    assert seen == {"● Info", "▲ Warning", "■ Error", "◆ Critical"}
    assert card(teams)["body"][0]["items"][1]["text"] == "✔ Resolved · Critical"
    assert card(teams)["body"][0]["style"] == "good"


@pytest.mark.parametrize(
    "body",
    [
        '"quoted" \\ ' * 8000,
        "\U0001f600e\u0301" * 20_000,
        "x" * 100_000,
        "```\n" + 'a "b" <c>\n' * 5000 + "```",
        "- item *one* [x](https://a.example)\n" * 2000,
        "para\n\n" * 5000,
    ],
)
def test_a_long_body_is_cut_to_the_limit_and_says_so(teams, body):
    assert send(teams, body=body) == Sent()
    assert LIMIT - RESERVED - 800 < weight(teams.cards[0]) <= LIMIT - RESERVED + 2
    shown = shown_message(teams.cards[0])
    assert "… The text was shortened." in shown
    assert "Type Invoice paid" in shown


def test_a_body_that_just_fits_is_whole(teams):
    send(teams, body="")
    room = LIMIT - RESERVED - weight(teams.cards[-1])
    for more, is_cut in ((-60, False), (60, True)):
        send(teams, body="x" * (room - 60 + more))
        assert ("… The text was shortened." in shown_message(teams.cards[-1])) is is_cut


def test_an_event_that_is_too_large_without_its_body_is_rejected(teams):
    actions = tuple(
        {"label": "\U0001f600" * 200, "url": f"https://a.example/{n}?{'x' * 1900}"} for n in range(10)
    )
    outcome = send(teams, actions=actions, url="https://a.example/" + "y" * 1900, title='"' * 300)
    assert (type(outcome), outcome.cause) == (Rejected, Cause.TOO_LARGE)
    assert teams.sink.requests == []


def test_several_events_share_the_room(teams):
    events = tuple(replace(EVENT, title=f"Nr {number}", body="word " * 5000) for number in range(12))
    assert send(teams, events=events) == Sent()
    shown = shown_message(teams.cards[0])
    assert all(f"Nr {number}\n" in shown for number in range(10))
    assert "… and 2 more" in shown


def test_what_is_over_six_buttons_is_a_link(teams):
    actions = tuple({"label": f"Go {n}", "url": f"/go/{n}"} for n in range(7))
    mail = {"label": "Write [us]", "url": "mailto:ops@example.com"}
    send(teams, actions=(*actions, mail, {"label": "Bad", "url": "javascript:x"}), url="/go/1")
    assert [action["title"] for action in card(teams)["actions"]] == [f"Go {n}" for n in range(6)]
    assert card(teams)["body"][-1]["text"] == (
        "[Go 6](https://tocsin.example/go/6) · [Write \\[us\\]](mailto:ops@example.com)"
    )


@pytest.mark.parametrize(
    ("reply", "kind", "cause", "disables"),
    [
        (error(404, "WorkflowNotFound"), Rejected, Cause.GONE, True),
        (error(400, "WorkflowTriggerIsNotEnabled"), Rejected, Cause.GONE, True),
        (error(401, "DirectApiAuthorizationRequired"), Rejected, Cause.NOT_AUTHORISED, True),
        (Reply(401, b""), Rejected, Cause.NOT_AUTHORISED, True),
        (Reply(410), Rejected, Cause.GONE, True),
        (Reply(404, b"no such route"), Rejected, Cause.REFUSED_RECIPIENT, False),
        (error(400, "TriggerInputSchemaMismatch"), Rejected, Cause.REFUSED_CONTENT, False),
        (error(413, "RequestEntityTooLarge"), Rejected, Cause.TOO_LARGE, False),
        (Reply(400, b'{"error": {"message": "MessageSizeExceeded-x"}}'), Rejected, Cause.TOO_LARGE, False),
        (Reply(429, headers={"Retry-After": "7"}), Retry, Cause.THROTTLED, None),
        (error(502, "NoResponse"), Retry, Cause.SERVER_ERROR, None),
        (error(504, "GatewayTimeout"), Retry, Cause.SERVER_ERROR, None),
        (Reply(200, FAILED % 429, {"Retry-After": "7"}), Retry, Cause.THROTTLED, None),
        (Reply(200, FAILED % 503), Retry, Cause.SERVER_ERROR, None),
        (Reply(200, FAILED % 413), Rejected, Cause.TOO_LARGE, False),
        (Reply(200, FAILED % 400), Rejected, Cause.REFUSED_CONTENT, False),
        (Reply(200, b"Summary or Text is required."), Rejected, Cause.REFUSED_CONTENT, False),
    ],
)
def test_each_answer_has_its_outcome(teams, reply, kind, cause, disables):
    teams.answers = [reply]
    outcome = send(teams)
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert getattr(outcome, "disable_destination", None) is disables
    assert "in words" not in outcome.detail


@pytest.mark.parametrize(
    "reply", [Reply(202), Reply(200, b"1"), Reply(200, b'{"told": "RequestEntityTooLarge"}')]
)
def test_what_is_taken_is_sent(teams, reply):
    teams.answers = [reply]
    assert send(teams) == Sent()


def test_a_limit_of_one_workflow_holds_no_other(teams):
    teams.answers = [Reply(429, headers={"Retry-After": "30"})]
    assert send(teams) == Retry(Cause.THROTTLED, f"{teams.sink.url[:-1]} answered 429", 30.0)
    assert isinstance(send(teams), Later)
    other = channel.send(make_message({"url": teams.url.replace("0a1b2c", "another")}))
    assert other.cause == Cause.NOT_AUTHORISED
    assert len(teams.sink.requests) == 2


def test_one_that_is_too_large_costs_no_other(teams):
    large = tuple({"label": "x", "url": f"https://a.example/{'é' * 950}{n}"} for n in range(10))
    made = [make_message({"url": teams.url}, delivery_id=n) for n in range(1, 4)]
    made[1] = make_message({"url": teams.url}, delivery_id=2, actions=large * 2)
    outcomes = {message.delivery_id: outcome for message, outcome in channel.send_batch(ListFeed(made))}
    assert (outcomes[1], outcomes[2].cause, outcomes[3]) == (Sent(), Cause.TOO_LARGE, Sent())


@pytest.mark.parametrize(
    "host",
    [
        "prod-96.westeurope.logic.azure.com:443/workflows/a",
        "default0a1b.2c.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/a",
        "0a1b.2.environment.api.gov.powerplatform.microsoft.us/workflows/a",
        "0a1b.2.environment.api.high.powerplatform.microsoft.us/workflows/a",
        "prod-1.usgovtexas.logic.azure.us/workflows/a",
    ],
)
def test_workflows_of_every_cloud_are_taken(host):
    cleaned = clean_settings(MsteamsChannel.form, {"url": f"https://{host}{SIGNED}"})
    assert cleaned.open == {}
    assert cleaned.secret["url"] == f"https://{host.replace(':443', '')}{SIGNED}"
    upper = f"https://{host.partition('/')[0].upper()}/{host.partition('/')[2]}{SIGNED}"
    assert clean_settings(MsteamsChannel.form, {"url": upper}).identity == cleaned.identity
    assert channel.target_label(cleaned.secret) == "https://" + host.partition("/")[0].replace(":443", "")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "channel slack"),
        ("https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d", "retired"),
        ("https://prod-1.westeurope.logic.azure.com/workflows/a/triggers/manual/paths/invoke", "signature"),
        ("https://example.com/x", "MSTEAMS_HOSTS"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_remedy(url, told):
    with pytest.raises(InvalidInput, match=told) as caught:
        clean_settings(MsteamsChannel.form, {"url": url})
    assert [found.field for found in caught.value.errors] == ["settings.url"]
    assert "/T0/" not in str(caught.value)
