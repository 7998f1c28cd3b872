"""The pages of tasks: what is missing comes first, a log is only text, and another's is like what never was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin.sources.tasks.models import Task, TaskRun
from tocsin.testing import deliver_now, frozen

TASKS = "/tocsin/tasks/"


@pytest.fixture
def root(acme, person, browse):
    return browse(person("root", acme="owner"))


def run(name: str, organization: str = "acme", **given) -> TaskRun:
    with tocsin.task(name, organization=organization, **given) as task:
        task.write("<script>alert(1)</script> \x1b[31mred")
    return TaskRun.objects.get(task__name=name, task__organization__slug=organization)


def test_what_is_missing_is_first_and_said(root) -> None:
    assert "No task has been reported yet." in root.get(TASKS).content.decode()
    run("a task")
    run("the import", every=60)
    with frozen(datetime.now(UTC) + timedelta(minutes=2)):
        deliver_now()
    html = root.get(TASKS).content.decode()
    assert html.index("the import") < html.index("a task")
    assert html.count("did not run") == 1


def test_a_run_shows_its_log_as_text(root) -> None:
    one = run("a task")
    html = root.get(f"{TASKS}{one.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; red" in html
    assert "<script>alert" not in html
    assert "who heard of it" in html
    assert f"{TASKS}{one.pk}/" in root.get(TASKS).content.decode()


def test_anothers_is_missing(root, globex) -> None:
    theirs = run("their task", "globex")
    assert "their task" not in root.get(TASKS).content.decode()
    answers = [root.get(f"{TASKS}{pk}/") for pk in (theirs.pk, "0198c0de-0000-7000-8000-000000000000")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert Task.objects.count() == 1
