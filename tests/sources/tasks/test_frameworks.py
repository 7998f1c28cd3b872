"""Management commands, Celery's tasks and Django's are reported where the settings name them, and not elsewhere."""

from __future__ import annotations

import importlib.util
import logging

import pytest
from celery import Celery
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection

from tocsin.sources.tasks import commands, signals
from tocsin.sources.tasks.models import TaskRun
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

has_tasks = pytest.mark.skipif(
    importlib.util.find_spec("django.tasks") is None, reason="django.tasks comes with Django 6.0"
)


@pytest.fixture
def name(settings, tmp_path):
    """Names in a setting."""

    def change(**given) -> None:
        settings.TOCSIN = {**settings.TOCSIN, "HOME": str(tmp_path), **given}

    return change


def runs() -> list[tuple[str, str, str]]:
    deliver_now()
    return [(run.task.name, run.status, run.problem) for run in TaskRun.objects.order_by("started_at")]


@pytest.fixture
def hooked(monkeypatch):
    monkeypatch.setattr(BaseCommand, "execute", BaseCommand.execute)
    commands.install()
    commands.install()


def test_commands_that_are_named_are_reported(hooked, name, capsys) -> None:
    name(TASKS_OF_COMMANDS=["check", "sqlmig*"])
    call_command("check")
    call_command("diffsettings")
    with pytest.raises(CommandError):
        call_command("sqlmigrate", "no-such-app", "0001")
    found = runs()
    assert found[0] == ("manage.py check", "ok", "")
    assert found[1][:2] == ("manage.py sqlmigrate", "failed")
    assert found[1][2].startswith("CommandError: ")
    assert len(found) == 2


@pytest.mark.parametrize("command", sorted(commands.NEVER))
def test_those_that_go_on_are_never_reported(name, command) -> None:
    name(TASKS_OF_COMMANDS=["*"])
    assert not commands.is_wanted(command)
    assert commands.is_wanted("import_all")


app = Celery("shop", broker="memory://", backend=None)
app.conf.update(task_always_eager=True, task_eager_propagates=False)


@app.task(name="shop.add")
def add(one: int, other: int) -> int:
    return one + other


@app.task(name="shop.fails")
def fails() -> None:
    logging.getLogger("shop").error("before")
    raise ValueError("no\nway")


@app.task(name="shop.again", bind=True, max_retries=1)
def again(self) -> str:
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return "done"


@pytest.fixture
def celery(name):
    name(TASKS_OF_CELERY=["shop.*"])
    signals.install()
    yield
    from celery import signals as theirs

    theirs.task_prerun.disconnect(dispatch_uid="tocsin.begins")
    theirs.task_postrun.disconnect(dispatch_uid="tocsin.ends")


def test_celerys_tasks_are_reported_when_they_have_ended(celery) -> None:
    add.delay(1, 2)
    fails.delay()
    again.delay()
    found = runs()
    assert found.count(("shop.add", "ok", "")) == 1
    assert ("shop.fails", "failed", "ValueError: no way") in found
    assert [one for one in found if one[0] == "shop.again"] == [("shop.again", "ok", "")]


def test_others_of_celery_are_not(celery, name) -> None:
    name(TASKS_OF_CELERY=["billing.*"])
    add.delay(1, 2)
    assert runs() == []


@has_tasks
@pytest.mark.django_db(transaction=True)
def test_djangos_tasks_are_reported(name, settings) -> None:
    from django.tasks import signals as theirs

    from tests.sources.tasks.some_tasks import failing, fine

    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    name(TASKS_OF_DJANGO=["tests.*"])
    signals.install()
    fine.enqueue()
    failing.enqueue()
    name(TASKS_OF_DJANGO=["other.*"])
    fine.enqueue()
    theirs.task_finished.disconnect(dispatch_uid="tocsin.ends")
    found = runs()
    assert [one[:2] for one in found] == [
        ("tests.sources.tasks.some_tasks.fine", "ok"), ("tests.sources.tasks.some_tasks.failing", "failed"),
    ]  # fmt: skip
    assert found[1][2] == "ValueError"
    assert not connection.in_atomic_block


def test_what_is_wanted_and_not_installed_is_said(name, caplog, monkeypatch) -> None:
    def no(module: str) -> None:
        raise ImportError(module)

    monkeypatch.setattr(signals, "import_module", no)
    name(TASKS_OF_CELERY=["*"], TASKS_OF_DJANGO=["*"])
    signals.install()
    assert "Celery is not installed" in caplog.text
    assert "there is no django.tasks" in caplog.text


def test_what_never_ends_is_not_remembered_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(signals, "MOST_KNOWN", 3)
    monkeypatch.setattr(signals, "_began", {})
    for number in range(9):
        signals.celery_begins(task_id=str(number))
    assert list(signals._began) == ["6", "7", "8"]
