"""What goes wrong while a secret is in hand is told without the secret."""

from __future__ import annotations

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from tocsin.recipients import destinations, secrets
from tocsin.recipients.models import Destination

pytestmark = pytest.mark.django_db

CANARY = "c4nary-in-a-url"
HOOK = f"https://example.org/hook/{CANARY}"


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


def report_of(act) -> str:
    """The report that Django mails to the admins when `act` raises: the traceback with the locals of each frame."""
    try:
        act()
    except RuntimeError:
        return ExceptionReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_html()
    raise AssertionError("nothing was raised")


def broken(*args, **kwargs):
    raise RuntimeError("the disk is on fire")


def test_a_report_of_an_error_while_saving_has_no_secret(ana, monkeypatch) -> None:
    hook = destinations.create(ana, "webhook", {"url": HOOK}).destination
    monkeypatch.setattr(Destination, "save", broken)
    for act in (
        lambda: destinations.add_destination(ana, "webhook", {"url": HOOK + "2"}),
        lambda: destinations.change(hook, {"url": HOOK + "3"}),
        lambda: destinations.change(hook, {}),
    ):
        said = report_of(act)
        assert "the disk is on fire" in said
        assert CANARY not in said


def test_a_report_of_an_error_in_a_form_has_no_secret(ana, monkeypatch) -> None:
    from tocsin.channels.webhook import WebhookForm

    monkeypatch.setattr(WebhookForm, "full_clean", broken)
    assert CANARY not in report_of(lambda: destinations.add_destination(ana, "webhook", {"url": HOOK}))


def test_a_report_of_an_error_while_a_secret_is_used_has_no_secret(ana) -> None:
    hook = destinations.create(ana, "webhook", {"url": HOOK}).destination

    def use() -> None:
        opened = secrets.unseal(hook.secrets)
        assert opened["url"] == HOOK
        broken()

    said = report_of(use)
    assert "opened" in said
    assert CANARY not in said
