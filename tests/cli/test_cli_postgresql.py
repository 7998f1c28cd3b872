"""The same commands on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.servers.smtp_catcher import SmtpCatcher


@pytest.fixture
def shop(empty, postgres_url):
    empty.variables["TOCSIN_DATABASE_URL"] = postgres_url
    return empty


def test_from_nothing_to_a_mail(shop):
    assert "Run: tocsin migrate" in shop.refused("notify", "drill", "--title", "x", code=1)
    shop.run("migrate")
    with SmtpCatcher() as relay:
        shop.variables["TOCSIN_EMAIL_URL"] = f"smtp://127.0.0.1:{relay.port}"
        shop.run("user", "create", "ana", "--email", "ana@example.org")
        event = shop.run("notify", "message:system", "--title", "x", "--to", "user:ana")
        assert [mail.recipients for mail in relay.messages] == [["ana@example.org"]]
        told = {one["check"]: one for one in shop.json("doctor")}
    assert {one["state"] for one in shop.json("explain", event)["deliveries"]} == {"sent"}
    assert told["database"]["message"].startswith("PostgreSQL")
    assert {told[check]["status"] for check in ("database", "tables", "clock", "queue", "mail")} == {"ok"}


def test_a_database_that_was_never_made(shop, postgres_url):
    url = postgres_url.rpartition("/")[0] + "/nothing"
    said = shop.refused("migrate", code=1, TOCSIN_DATABASE_URL=url)
    assert "The database nothing on" in said
    assert "tocsin migrate" not in said
