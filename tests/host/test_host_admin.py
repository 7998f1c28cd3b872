"""The shop's back office: Django's admin, with customers that have UUIDs and no permissions of Django's."""

from __future__ import annotations

import re

from tests.host.project import PATIENCE, sign_in
from tests.servers.http_sink import HttpSink

PASSWORD = "correct-horse-battery"
LIST = "/office/tocsin/destination/"


def post(browser, url, **fields):
    page = browser.get(url, timeout=PATIENCE)
    assert page.ok, page.text
    fields["csrfmiddlewaretoken"] = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    answer = browser.post(url, fields, headers={"Referer": url}, timeout=PATIENCE)
    assert answer.ok, answer.text
    return answer.text


def test_a_customers_webhook_is_made_tested_and_switched_off(shop):
    shop.tocsin("user", "create", "boss@shop.example", "--password-stdin", stdin=PASSWORD)
    key = shop.shell(
        "from shop.models import Customer; print(Customer.objects.get(email='ana@example.com').pk)"
    )
    with HttpSink() as sink, shop.site() as site:
        ana, boss = (sign_in(site, name, PASSWORD) for name in ("ana@example.com", "boss@shop.example"))
        assert ana.get(site + LIST, timeout=PATIENCE, allow_redirects=False).status_code == 302
        secret = f"{sink.url}c4n4ry"
        given = {"user": key, "label": "CI", "setting_url": secret}
        said = [post(boss, f"{site}{LIST}add/?channel=webhook", **given)]
        said.append(post(boss, site + LIST, action="send_test", _selected_action="1"))
        assert "“CI” (webhook): sent" in said[-1]
        said.append(post(boss, site + LIST, action="disable", _selected_action="1"))
        said.append(boss.get(f"{site}{LIST}1/change/", timeout=PATIENCE).text)
        assert "Disabled by boss@shop.example." in said[-1]
    assert len(sink.requests) == 1
    assert "c4n4ry" not in "".join(said)
    assert "disabled: Disabled by" in shop.tocsin("destinations", "list")
