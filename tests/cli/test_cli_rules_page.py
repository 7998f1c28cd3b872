"""The file of "Rules as a file, with tests" is checked and applied as it is printed there."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model

from tests.house.tree import ROOT, text
from tocsin.recipients.destinations import add_destination
from tocsin.rules.models import Rule
from tocsin.tenants.models import Membership, Organization, Role

PAGE = text(ROOT / "docs/how-to/rules-as-code.md")


@pytest.fixture
def page(db, tmp_path):
    """The file, and what it names."""
    acme = Organization.objects.create(slug="acme")
    ana = get_user_model().objects.create_user("ana", "ana@example.org")
    Membership.objects.create(organization=acme, user=ana, role=Role.ADMIN)
    hook = {"webhook_url": "https://hooks.slack.com/services/T0/B0/secret"}
    add_destination(acme, "slack", hook, label="On call")
    path = tmp_path / "rules.yaml"
    [code] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path.write_text(code)
    return path


def test_the_file_of_the_page_is_checked_and_applied(invoke, page):
    said = invoke("rules", "check", str(page)).stdout
    assert re.findall(r"^[+✓] ", said, re.MULTILINE) == ["+ "] * 2 + ["✓ "] * 3
    invoke("rules", "apply", str(page))
    assert invoke("rules", "apply", str(page)).stdout.startswith(
        "= Backups that failed\n= Whatever is critical\n"
    )
    assert Rule.objects.count() == 2


def test_what_the_page_shows_of_a_test_that_fails_is_what_is_said(invoke, page):
    wrong = page.read_text().replace(
        "destinations: [{channel: slack, label: On call}]", 'to: ["email:x@example.org"]'
    )
    page.write_text(wrong)
    said = invoke("rules", "check", str(page), code=1).stdout.splitlines()
    shown = re.findall(r"^(?:[+✓✗]|    slack).*$", PAGE, re.MULTILINE)
    assert [line for line in shown if line not in said] == []
