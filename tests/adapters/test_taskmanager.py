"""Handlers of the taskmanager, as its documentation writes them into the settings, and its reports."""

from __future__ import annotations

import copy
import sys

import pytest

from tests.channels.email.mails import SMTP, use_backend
from tests.servers.slack import TOKEN, SlackServer
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import checks, pipeline
from tocsin.adapters import taskmanager
from tocsin.deliveries.models import Delivery
from tocsin.rules import operator
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]

SETTING = "UWSGI_TASKMANAGER_NOTIFICATION_HANDLERS"
SLACK = {"class": "taskmanager.notifications.SlackNotificationHandler", "level": "errors",
         "token": TOKEN, "channel": "ops,U0123ABCD"}  # fmt: skip
MAIL = {"class": "taskmanager.notifications.MailNotificationHandler", "level": "errors",
        "from_email": "tasks@example.org", "recipients": "a@example.org, b@example.org"}  # fmt: skip
OWN = {"class": "tests.adapters.handlers.Ledger", "level": "ok", "book": "red"}


@pytest.fixture
def handlers(switch_on, monkeypatch):
    """Puts handlers into the settings; gives the rules that came of them."""
    monkeypatch.setattr(taskmanager, "_before", {})

    def put(tocsin=None, **given):
        switch_on("taskmanager", tocsin=tocsin, **{SETTING: given})
        from tests.adapters import handlers

        handlers.emitted.clear()
        return operator.operator_rules()

    return put


@pytest.fixture
def report_of(handlers):
    def make(result: str = "errors", **fields):
        from taskmanager.models import Report, Task

        return Report(Task("nightly import"), result, **fields)

    return make


def said(kind) -> list[str]:
    return [str(one.msg) for one in checks.check_rules() if isinstance(one, kind)]


def emitted() -> list[tuple]:
    return sys.modules["tests.adapters.handlers"].emitted


def states() -> dict[str, str]:
    return {row.layer: row.state for row in Delivery.objects.all()}


def test_the_documented_handlers_are_carried_out_by_our_channels(handlers, report_of, settings) -> None:
    with SlackServer() as slack, SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        handlers(slack=SLACK, mail=MAIL, tocsin={"SLACK_API_URL": slack.api_url})
        report_of(log="one\nERROR two", n_log_errors=1, n_log_warnings=0).emit_notifications()
        deliver_now()
        assert len(slack.messages) == 2
        assert sorted(mail.recipients[0] for mail in relay.accepted) == ["a@example.org", "b@example.org"]
        mail = relay.accepted[0]
        assert mail.sender == "tasks@example.org"
        assert "nightly import: 1 error" in mail.parsed["Subject"]
        assert b"ERROR two" in mail.content


def test_a_report_tells_once_however_often_it_is_asked(handlers, report_of) -> None:
    handlers(own=OWN)
    report = report_of(log="ERROR x", n_log_errors=3)
    report.emit_notifications()
    report.emit_notifications()
    deliver_now()
    assert emitted() == [("red", "nightly import", "errors", 3, "ERROR x")]
    report_of().emit_notifications()
    deliver_now()
    assert len(emitted()) == 2


@pytest.mark.parametrize(
    ("level", "heard"),
    [("ok", ["ok", "warnings", "errors", "failed"]), ("warnings", ["warnings", "errors", "failed"]),
     (20, ["errors", "failed"]), ("failed", ["failed"]), (0, ["ok", "warnings", "errors", "failed"])],
)  # fmt: skip
def test_each_level_hears_itself_and_what_is_graver(handlers, report_of, level, heard) -> None:
    handlers(own={**OWN, "level": level})
    for result in ("ok", "warnings", "errors", "failed", ""):
        report_of(result).emit_notifications()
    deliver_now()
    assert sorted(one[2] for one in emitted()) == sorted(heard)


def test_a_failing_handler_stops_no_other(handlers, report_of) -> None:
    broken = {"class": "tests.adapters.handlers.Broken", "level": "ok"}
    handlers(a=broken, b=OWN, c={"class": "tests.adapters.handlers.Plain", "level": "ok"})
    report_of().emit_notifications()
    deliver_now()
    assert [one[0] for one in emitted()] == ["red", "plain"] or [one[0] for one in emitted()] == [
        "plain",
        "red",
    ]
    assert states() == {
        "settings:taskmanager-a": "retrying",
        "settings:taskmanager-b": "sent",
        "settings:taskmanager-c": "sent",
    }


def test_a_derived_handler_sends_its_own_words(handlers, report_of, settings) -> None:
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        handlers(polite={**MAIL, "class": "tests.adapters.handlers.Polite"})
        report_of(n_log_errors=2).emit_notifications()
        deliver_now()
        assert {mail.parsed["Subject"] for mail in relay.accepted} == {
            "Dear all, nightly import had 2 errors."
        }
        assert len(relay.accepted) == 2


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({**SLACK, "level": "grave"}, "level"),
        ({**OWN, "level": True}, "level"),
        ({**SLACK, "chanel": "x"}, "chanel"),
        ({**OWN, "bok": "x"}, "bok"),
        ({**OWN, "class": "tests.adapters.nowhere.Handler"}, "cannot be imported"),
        ({**OWN, "class": "tests.adapters.handlers.emitted"}, "no handle() and no emit()"),
        ({"level": "ok"}, "class"),
        ("slack", "class"),
        ({**MAIL, "recipients": "nobody"}, "email_address"),
    ],
)
def test_what_is_wrong_is_said_by_its_place_and_harms_no_other(handlers, entry, words) -> None:
    rules = handlers(wrong=entry, own=OWN)
    assert [rule.name for rule in rules] == ["taskmanager-own"]
    [told] = said(checks.checks.Error)
    assert told.startswith(f"{SETTING}['wrong']")
    assert words in told


def test_a_setting_that_is_no_dict_is_said(switch_on) -> None:
    switch_on("taskmanager", **{SETTING: ["slack"]})
    assert said(checks.checks.Error) == [f"{SETTING}.taskmanager must be a dict."]


@pytest.mark.parametrize("entry", [{**SLACK, "token": ""}, {**MAIL, "recipients": []}, {**OWN, "book": None}])
def test_an_empty_value_of_an_unset_variable_switches_a_handler_off(handlers, report_of, entry) -> None:
    assert [rule.name for rule in handlers(off=entry, own=OWN)] == ["taskmanager-own"]
    [told] = said(checks.checks.Warning)
    assert f"{SETTING}['off'] is switched off" in told
    report_of().emit_notifications()
    deliver_now()
    assert list(states()) == ["settings:taskmanager-own"]


def test_the_setting_is_left_as_it_is(handlers, settings) -> None:
    given = {"slack": SLACK, "own": OWN}
    before = copy.deepcopy(given)
    handlers(**given)
    assert getattr(settings, SETTING) == before


def test_what_the_taskmanager_takes_out_of_the_settings_counts_all_the_same(handlers, monkeypatch) -> None:
    monkeypatch.setattr(taskmanager, "_before", {"own": OWN})
    [rule] = handlers(own={name: value for name, value in OWN.items() if name not in ("class", "level")})
    assert rule.name == "taskmanager-own"


def test_without_the_adapter_the_setting_means_nothing(settings) -> None:
    setattr(settings, SETTING, {"own": OWN})
    assert operator.operator_rules() == ()


def test_a_log_file_is_read_and_one_that_is_gone_is_not_missed(handlers, report_of, tmp_path) -> None:
    handlers(own=OWN)
    file = tmp_path / "task.log"
    file.write_text("from the file\n")
    report_of(logfile=str(file)).emit_notifications()
    report_of(logfile=str(tmp_path / "gone"), log="from the row").emit_notifications()
    deliver_now()
    assert sorted(one[4].strip() for one in emitted()) == ["from the file", "from the row"]


def test_a_handler_that_is_gone_when_it_is_due_is_skipped(handlers, report_of) -> None:
    handlers(own=OWN)
    report_of().emit_notifications()
    pipeline.run("plan", 10)
    handlers(other=OWN)
    deliver_now()
    assert Delivery.objects.values_list("state", "reason").get() == ("skipped", "rule_gone")


def test_an_unknown_result_is_an_error(handlers, report_of) -> None:
    from tocsin.errors import InvalidInput

    handlers(own=OWN)
    with pytest.raises(InvalidInput, match="level"):
        report_of("splendid").emit_notifications()
