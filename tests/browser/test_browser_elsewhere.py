"""The element in a page of another origin: with a token, where the settings name the origin."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import run
from tests.browser.other_site import OtherSite
from tests.browser.visitor import PATIENCE, Site, Visitor
from tests.cli.shell import Shell

GOOD, EXPIRED = "timedelta(hours=1)", "timedelta(microseconds=1)"


@pytest.fixture(scope="module")
def shop():
    with OtherSite() as other:
        yield other


@pytest.fixture(scope="module")
def open_site(shell, shop):
    """The server of the same home, which lets the shop's pages ask."""
    home = Shell(shell.home, {"TOCSIN_INBOX_ORIGINS": shop.url})
    with home.started("serve", "--port", "0") as server:
        yield Site(server.line_with("tocsin is at").split()[3], shell)


@pytest.fixture
def token(shell, ana):
    def make(expires):
        who = "django.contrib.auth.get_user_model().objects.get(username=given)"
        return run(shell, f"tocsin.inbox_token({who}, __import__('datetime').{expires})", ana)

    return make


@pytest.fixture
def customer(browser):
    """Somebody who is signed in nowhere."""
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield Visitor(context, context.new_page())
    context.close()


def test_it_counts_up_and_what_is_read_there_is_read_here(
    open_site, shop, *, browser, customer, ana, token, tell
):
    shop.show(open_site, token(GOOD))
    customer.page.goto(shop.url)
    customer.listening()
    here = open_site.visit(browser, ana)
    here.listening()
    tell(ana, "Paid", url="/inbox/?show=unread")
    for tab in (customer, here):
        tab.see_count("1")
    panel = customer.open_panel()
    assert (
        panel.get_by_role("link", name="Paid").get_attribute("href") == f"{open_site.url}/inbox/?show=unread"
    )
    panel.get_by_role("button", name="Mark as read: Paid").click()
    for tab in (customer, here):
        tab.see_count("")
    panel.get_by_role("button", name="Dismiss: Paid").click()
    here.page.locator(".tocsin-item", has_text="Paid").wait_for(state="detached")
    assert customer.complaints + here.complaints == []
    here.context.close()


def test_where_a_token_has_expired_the_page_gives_the_next(open_site, shop, *, customer, ana, token, tell):
    tell(ana, "one")
    shop.show(open_site, token(EXPIRED), then=token(GOOD))
    customer.page.goto(shop.url)
    customer.see_count("1")
    assert customer.page.evaluate("window.asked") == 1


def test_where_it_gives_none_the_reader_is_told(open_site, shop, *, customer, ana, token, tell):
    tell(ana, "one")
    shop.show(open_site, token(EXPIRED))
    customer.page.goto(shop.url)
    customer.bell().click()
    customer.page.get_by_text("The inbox cannot be reached just now.").wait_for()
    customer.page.evaluate(
        "(next) => document.querySelector('tocsin-inbox').setAttribute('token', next)", token(GOOD)
    )
    customer.see_count("1")


def test_a_page_of_an_origin_that_is_not_listed_learns_nothing(open_site, customer, ana, token, tell):
    tell(ana, "Secret")
    with OtherSite() as stranger:
        stranger.show(open_site, token(GOOD))
        customer.page.goto(stranger.url)
        customer.bell().click()
        customer.page.get_by_text("The inbox cannot be reached just now.").wait_for()
        customer.see_count("")
        expect(customer.page.locator("tocsin-inbox .item")).to_have_count(0)
    assert any("CORS policy" in said for said in customer.complaints)
