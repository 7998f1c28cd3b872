"""`tocsin.task`: a block or function is reported when it ends, whatever ends it, and never fails by that."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

import tocsin
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.inbox.queries import list_items
from tocsin.sources.tasks import report, spool
from tocsin.sources.tasks.models import Task, TaskRun
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

log = logging.getLogger("shop.imports")


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.TOCSIN = {**settings.TOCSIN, "HOME": str(tmp_path)}
    return tmp_path


def run() -> TaskRun:
    return TaskRun.objects.get()


def event() -> Event:
    return Event.objects.get(type="task:finished")


def test_what_is_well_is_told_at_the_level_ok() -> None:
    with tocsin.task("nightly import") as task:
        task.write("9,800 lines")
        log.info("not kept back")
    assert (run().status, run().errors, run().warnings, run().exit_code) == ("ok", 0, 0, None)
    found = event()
    assert (found.level, found.status, found.group_key) == (20, "resolved", "task:nightly import")
    assert found.title.startswith("nightly import: ok in 0.")
    assert "9,800 lines" in found.body
    assert found.data["task"] == "nightly import"
    assert found.url == f"/tocsin/tasks/{run().pk}/"
    assert report.log_of(run().log).startswith("9,800 lines\n")


@pytest.mark.parametrize(
    ("said", "status", "level", "title"),
    [
        ([logging.WARNING], "warnings", 30, "import: 1 warning in"),
        ([logging.WARNING, logging.ERROR, logging.CRITICAL], "errors", 40, "import: 2 errors, 1 warning in"),
        ([logging.INFO, logging.DEBUG], "ok", 20, "import: ok in"),
    ],
)
def test_what_is_logged_within_is_counted(said, status, level, title) -> None:
    log.error("before")
    with tocsin.task("import"):
        for gravity in said:
            log.log(gravity, "a line with %s", "words")
    log.error("after")
    assert (run().status, event().level) == (status, level)
    assert event().title.startswith(title)
    assert "ERROR shop.imports: a line with words" in report.log_of(run().log) or status != "errors"


def test_its_own_words_count_too() -> None:
    with tocsin.task("import") as task:
        task.warning("line 7 is empty")
        task.error("line 8 is worse")
    assert (run().errors, run().warnings) == (1, 1)


def test_what_is_logged_elsewhere_does_not_count() -> None:
    def other() -> None:
        log.error("of somebody else")

    with tocsin.task("import"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert run().status == "ok"


def test_tasks_within_tasks_count_for_themselves() -> None:
    with tocsin.task("outer"):
        with tocsin.task("inner"):
            log.error("x")
        log.warning("y")
    assert {one.task.name: one.status for one in TaskRun.objects.all()} == {
        "inner": "errors",
        "outer": "warnings",
    }


def failing(**given) -> None:
    with tocsin.task("import", **given):
        raise ValueError("line 7\nis wrong")


def test_an_exception_makes_it_failed_and_goes_on_its_way(home) -> None:
    with pytest.raises(ValueError, match="line 7"):
        failing()
    assert len(spool.waiting()) == 1  # it failed in the transaction of this test, which could be rolled back
    deliver_now()
    assert (run().status, run().problem) == ("failed", "ValueError: line 7 is wrong")
    found = event()
    assert (found.level, found.status) == (50, "open")
    assert found.title.startswith("import failed after 0.0 s: ValueError: line 7 is wrong")
    assert "Traceback" in found.body
    assert spool.waiting() == []


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_told_although_its_transaction_is_rolled_back(home) -> None:
    def work() -> None:
        with transaction.atomic():
            Organization.objects.create(slug="half-done")
            failing()

    with pytest.raises(ValueError, match="line 7"):
        work()
    assert not Organization.objects.filter(slug="half-done").exists()
    assert not TaskRun.objects.exists()
    deliver_now()
    assert run().status == "failed"


@pytest.mark.django_db(transaction=True)
def test_a_failure_outside_a_transaction_is_told_at_once(home) -> None:
    with pytest.raises(ValueError, match="line 7"):
        failing()
    assert run().status == "failed"


@pytest.mark.parametrize(("code", "status"), [(0, "ok"), (None, "ok"), (3, "failed")])
def test_an_exit_is_an_end_like_any_other(code, status) -> None:
    with pytest.raises(SystemExit), tocsin.task("import"):
        raise SystemExit(code)
    deliver_now()
    assert run().status == status


def test_a_function_is_reported_each_time_it_is_called() -> None:
    @tocsin.task("import")
    def work(count: int) -> int:
        if count == 2:
            log.warning("two")
        return count

    assert [work(1), work(2), work(3)] == [1, 2, 3]
    assert [one.status for one in TaskRun.objects.order_by("started_at")] == ["ok", "warnings", "ok"]
    assert work.__name__ == "work"


def test_who_is_told_and_by_which_rules(django_user_model, settings) -> None:
    ana = django_user_model.objects.create_user("ana")
    settings.TOCSIN |= {"RULES": [
        {"name": "all", "channel": "memory", "level": "ok", "event_types": ["task:*"], "settings": {"name": "all"}},
        {"name": "grave", "channel": "memory", "level": "errors", "event_types": ["task:*"],
         "settings": {"name": "grave"}},
    ]}  # fmt: skip
    from tocsin.channels.memory import MemoryChannel

    MemoryChannel.clear()
    with tocsin.task("fine", to=["user:ana"]):
        pass
    with tocsin.task("not so") as task:
        task.error("x")
    deliver_now()
    told = [(message.target.settings["name"], message.events[0].title[:6]) for message in MemoryChannel.sent]
    assert sorted(told) == [("all", "fine: "), ("all", "not so"), ("grave", "not so")]
    MemoryChannel.clear()
    assert list_items(ana).items == []  # the type is told by e-mail


def test_reports_wait_while_the_database_is_away_and_come_once(home, monkeypatch) -> None:
    with monkeypatch.context() as away:
        away.setattr(report, "store", lambda _: (_ for _ in ()).throw(DatabaseError("no")))
        away.setattr("tocsin.sources.tasks.send.store", report.store)
        with tocsin.task("import") as task:
            task.write("kept \udcff \x00")
    [path] = spool.waiting()
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert spool.send_waiting() == 1
    path.write_text(text)  # a process that died before it could delete it
    assert spool.send_waiting() == 1
    assert TaskRun.objects.count() == Event.objects.count() == 1
    assert report.log_of(run().log) == "kept \\udcff \ufffd\n"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"log": 3}', "\x00", '{"id": "x", "log": "!!"}'])
def test_a_file_that_is_no_report_is_put_aside(home, text) -> None:
    place = spool.folder()
    place.mkdir(parents=True)
    (place / "0.report").write_text(text)
    assert spool.send_waiting() == 0
    assert [path.name for path in place.iterdir()] == ["0.unreadable"]


def test_a_report_that_nobody_can_keep_is_in_the_log(home, monkeypatch, caplog) -> None:
    (home / "spool").write_text("a file where a folder should be")
    monkeypatch.setattr("tocsin.sources.tasks.send.store", lambda _: 1 / 0)
    with tocsin.task("import"):
        pass
    assert "the report of import is lost: ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("given", [{"to": ["nobody"]}, {"organization": "no-such"}])
def test_a_report_that_is_refused_is_in_the_log(home, caplog, given) -> None:
    with tocsin.task("import", **given):
        pass
    assert "the report of import is refused" in caplog.text
    assert spool.waiting() == []


@pytest.mark.parametrize(
    "given", [{"every": -1}, {"every": "1d"}, {"grace": timedelta(days=400)}, {"every": True}]
)
def test_what_cannot_be_is_refused_when_it_is_written(given) -> None:
    with pytest.raises(InvalidInput):
        tocsin.task("import", **given)


def test_it_needs_a_name_and_no_coroutine() -> None:
    with pytest.raises(InvalidInput, match="is missing"):
        tocsin.task(lambda: None)

    async def work() -> None:
        """Nothing."""

    with pytest.raises(InvalidInput, match="coroutine"):
        tocsin.task("import")(work)


NOW = datetime.now(UTC)


def missed() -> list[str]:
    return list(Event.objects.filter(type="task:missed").values_list("title", flat=True))


def test_a_task_that_does_not_come_again_is_told_once() -> None:
    with tocsin.task("import", every=timedelta(days=1), grace=timedelta(hours=1)):
        pass
    for hours in (24, 24.9):
        with frozen(NOW + timedelta(hours=hours)):
            deliver_now()
    assert missed() == []
    for hours in (25.1, 26, 50):
        with frozen(NOW + timedelta(hours=hours)):
            deliver_now()
    assert missed() == ["import did not run"]
    found = Event.objects.get(type="task:missed")
    assert (found.level, found.group_key) == (40, "task:import")
    assert "every 24 h 0 min" in found.body
    assert Task.objects.get().missed_at is not None
    with tocsin.task("import"):
        pass
    task = Task.objects.get()
    assert (task.missed_at, task.every_seconds) == (None, 86_400)
    assert task.expected_by is not None


def test_nobody_expects_it_where_nobody_said_so_or_any_more() -> None:
    with tocsin.task("import"):
        pass
    assert Task.objects.get().expected_by is None
    with tocsin.task("import", every=60):
        pass
    with tocsin.task("import", every=0):
        pass
    assert Task.objects.get().expected_by is None


def test_a_late_report_of_an_older_run_changes_nothing_of_what_is_expected() -> None:
    with tocsin.task("import", every=60) as newer:
        pass
    expected = Task.objects.get().expected_by
    old = report.Report(id="0198c0de-0000-7000-8000-000000000000", name="import", host="x", problem="old",
                        started_at=(NOW - timedelta(days=1)).isoformat(), seconds=1.0)  # fmt: skip
    report.store(old)
    task = Task.objects.get()
    assert (task.expected_by, task.last_status) == (expected, "ok")
    assert newer.name == "import"


def test_of_another_organization() -> None:
    Organization.objects.create(slug="acme")
    for slug in ("", "acme"):
        with tocsin.task("import", organization=slug):
            pass
    assert {task.organization.slug for task in Task.objects.all()} == {"default", "acme"}
