"""`manage.py tocsin …` in a project whose users have UUIDs, no user name, no groups and no `is_active`."""

from __future__ import annotations

import json

import pytest

from tests.host.project import Project, eventually
from tests.servers.http_sink import HttpSink


def notify(shop, *arguments):
    return shop.tocsin("notify", "invoice:due", "--title", "Invoice 7 is due", *arguments)


def test_the_project_checks_clean_and_needs_no_migration(shop):
    assert "no issues" in shop.manage("check")
    assert "No changes" in shop.manage("makemigrations", "--check", "--dry-run")


def test_a_customer_is_told_by_name_and_by_key(shop, relay):
    key = shop.shell("from shop.models import Customer; print(Customer.objects.get().pk)")
    by_name, by_key = notify(shop, "--to", "user:ana@example.com"), notify(shop, "--to", f"user:{key}")
    assert [m.recipients for m in relay.messages] == [["ana@example.com"], ["ana@example.com"]]
    for event in (by_name, by_key):
        said = shop.tocsin("explain", event, "--user", "ana@example.com")
        assert "ana@example.com" in said
        assert "It is in their inbox." in said


def test_a_line_is_in_the_ledger_for_each_channel(shop):
    notify(shop, "--to", "user:ana@example.com")
    lines = eventually(lambda: shop.tocsin_json("deliveries", "list"))
    assert {(line["channel"], line["state"]) for line in lines} == {("message", "sent"), ("email", "sent")}


def test_the_projects_own_audience_is_asked_when_the_event_is_due(shop, relay):
    shop.tocsin("user", "create", "ben@example.com")
    shop.shell(
        "from shop.models import *\n"
        "for email, amount in [('ana@example.com', 50), ('ben@example.com', 500)]:\n"
        "    Invoice.objects.create(customer=Customer.objects.get(email=email), amount=amount)"
    )
    notify(shop, "--to", "debtors:100")
    assert [m.recipients for m in relay.messages] == [["ben@example.com"]]


COMPANY = """
from shop.models import *
boss = Customer.objects.create(email="boss@shop.example")
acme = Company.objects.create(name="Acme", account_manager=boss)
Employee.objects.create(company=acme, customer=Customer.objects.get(email="ana@example.com"))
Customer.objects.create(email="stranger@example.com")
print(acme.pk)
"""


def test_a_company_of_the_projects_own_and_who_looks_after_it(shop, relay):
    number = shop.shell(COMPANY)
    notify(shop, "--to", f"company:{number}", "--channel", "email")
    assert [m.recipients for m in relay.messages] == [["ana@example.com"]]
    told = shop.tocsin_json(
        "simulate", "invoice:due", "--to", f"company:{number}", "--to", f"company_manager:{number}"
    )["told"]
    reached = {one["address"] for one in told if (one["state"], one["channel"]) == ("sent", "email")}
    assert reached == {"boss@shop.example", "ana@example.com"}
    assert "stranger" not in json.dumps(told)
    shop.shell(
        f"from shop.models import *; Employee.objects.all().delete(); Company.objects.get(pk={number})"
    )
    notify(shop, "--to", f"company:{number}", "--channel", "email")
    assert len(relay.messages) == 1
    refused = shop.try_manage("tocsin", "notify", "invoice:due", "--title", "x", "--to", "company:Acme")
    assert refused.returncode == 2
    assert "is no company. Give its number." in refused.stderr


def test_groups_are_refused_by_name_where_users_have_none(shop, relay):
    done = shop.try_manage("tocsin", "notify", "invoice:due", "--title", "x", "--to", "group:managers")
    assert done.returncode == 2
    assert "group" in done.stderr
    assert "debtors" in done.stderr
    refused = shop.try_manage("tocsin", "user", "create", "ben@example.com", "--group", "managers")
    assert refused.returncode == 2
    assert "no groups" in refused.stderr


def test_a_webhook_of_a_customer(shop):
    with HttpSink() as sink:
        number = shop.tocsin(
            "destinations", "add", "user:ana@example.com", "webhook", "--set", f"url={sink.url}"
        )
        assert number.isdigit()
        notify(shop, "--to", "user:ana@example.com", "--channel", "webhook")
        assert json.loads(eventually(lambda: sink.requests)[0].body)["type"] == "invoice:due"
    listed = shop.tocsin("destinations", "list", "--user", "ana@example.com")
    assert "webhook" in listed
    assert "whsec_" not in listed


def test_paused_is_kept_and_resumed_is_sent(shop, relay):
    shop.tocsin("pause", "--channel", "email")
    notify(shop, "--to", "user:ana@example.com")
    assert relay.messages == []
    shop.tocsin("resume", "--channel", "email")
    with shop.site():
        eventually(lambda: relay.messages)


def test_a_worker_does_what_the_web_does_not(database, relay):
    web = Project(database, relay.port, engine="worker")
    web.tocsin("user", "create", "ana@example.com")
    done = web.try_manage("tocsin", "notify", "invoice:due", "--title", "Due", "--to", "user:ana@example.com")
    assert done.returncode == 0
    assert "worker" in done.stderr
    assert relay.messages == []
    with web.running("tocsin", "worker") as worker:
        eventually(lambda: relay.messages)
        assert worker.poll() is None
    assert worker.returncode == 0
    assert len(relay.messages) == 1


@pytest.mark.parametrize(("arguments", "named"), [
    (["notify", "invoice:dew", "--title", "x"], "invoice:due"),
    (["notify", "invoice:due", "--title", "x", "--to", "user"], "--to"),
    (["notify", "invoice:due", "--title", "a\nb"], "title"),
    (["explain", "nonsense"], "nonsense"),
    (["destinations", "add", "user:zoe@example.com", "webhook"], "zoe@example.com"),
    (["ledger"], "ledger"),
])  # fmt: skip
def test_wrong_input_is_a_line_that_names_it(shop, arguments, named):
    done = shop.try_manage("tocsin", *arguments)
    assert done.returncode in (1, 2)
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_on_postgresql(postgres_url, relay):
    shop = Project(postgres_url, relay.port)
    shop.manage("migrate", "-v", "0")
    shop.tocsin("user", "create", "ana@example.com")
    event = notify(shop, "--to", "user:ana@example.com")
    assert [m.recipients for m in relay.messages] == [["ana@example.com"]]
    assert "ana@example.com" in shop.tocsin("explain", event)
