"""How a page hears of changes when things are not at their best: no ASGI, hidden tabs, restarts, sign-out."""

from __future__ import annotations

import contextlib
import subprocess
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import FEED, Site
from tests.cli.shell import eventually
from tests.postgres import free_port
from tests.warm import warm

HIDE = """(hidden) => {
    Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@contextlib.contextmanager
def serving(shell, port):
    with shell.started("serve", "--port", str(port)) as server:
        yield Site(server.line_with("tocsin is at").split()[3], shell)


@pytest.fixture(scope="module")
def wsgi_site(shell):
    """The same pages under a WSGI server, where a stream cannot be kept open."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = shell.environment | {"DJANGO_SETTINGS_MODULE": "tocsin.server.settings"}
    command = ["-m", "django", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

    def answers():
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=30):
            return True
        return False

    with warm().start(command, environment, shell.home, **silent):
        eventually(answers)
        yield Site(url, shell)


def test_under_wsgi_the_page_asks_for_the_count(wsgi_site, browser, ana, tell):
    visitor = wsgi_site.visit(browser, ana)
    visitor.until(f"{FEED}.polling")
    visitor.page.clock.install()
    visitor.page.reload()
    visitor.until(f"{FEED}.state")
    tell(ana, "one")
    for _ in range(3):
        visitor.page.clock.run_for(20_000)
    visitor.see_count("1")
    assert visitor.complaints == []
    visitor.context.close()


def test_unchanged_counts_are_not_sent_again(wsgi_site, browser, ana):
    visitor = wsgi_site.visit(browser, ana)
    visitor.until(f"{FEED}.state?.tag")
    with visitor.page.expect_response("**/inbox/count") as found:
        visitor.page.evaluate(f"{FEED}.refresh()")
    assert found.value.status == 304
    visitor.context.close()


def test_whoever_signs_out_elsewhere_sees_no_bell_any_more(wsgi_site, browser, ana):
    visitor = wsgi_site.visit(browser, ana)
    visitor.see_count("")
    visitor.context.clear_cookies()
    visitor.page.evaluate(f"{FEED}.refresh()")
    expect(visitor.bell()).to_be_hidden()
    visitor.context.close()


def test_an_answer_from_before_the_sign_out_does_not_bring_the_bell_back(wsgi_site, browser, ana, tell):
    visitor = wsgi_site.visit(browser, ana)
    visitor.until(f"{FEED}.state?.tag")
    tell(ana, "one")
    late = []
    visitor.page.route("**/inbox/count", lambda route: late.append((route, route.fetch())), times=1)
    visitor.page.evaluate(f"() => {{ window.late = {FEED}.refresh(); }}")
    eventually(lambda: late or visitor.page.wait_for_timeout(30))
    visitor.context.clear_cookies()
    visitor.page.evaluate(f"{FEED}.refresh()")
    expect(visitor.bell()).to_be_hidden()
    [(route, answer)] = late
    assert answer.json()["unread"] == 1
    route.fulfill(response=answer)
    hidden = "document.querySelector('tocsin-inbox').hidden"
    assert visitor.page.evaluate(f"async () => {{ await window.late; return {hidden}; }}")
    visitor.context.close()


def test_a_hidden_tab_lets_go_of_the_stream_and_comes_back(site, browser, ana, tell):
    visitor = site.visit(browser, ana)
    visitor.page.clock.install()
    visitor.page.reload()
    visitor.listening()
    visitor.page.evaluate(HIDE, True)
    visitor.page.clock.run_for(6_000)
    visitor.until(f"{FEED}.source === null")
    tell(ana, "meanwhile")
    visitor.see_count("")
    visitor.page.evaluate(HIDE, False)
    visitor.see_count("1")
    visitor.context.close()


def test_a_restarted_server_is_found_again(shell, browser, ana, tell):
    port = free_port()
    with serving(shell, port) as site:
        visitor = site.visit(browser, ana)
        visitor.listening()
    visitor.until(f"{FEED}.source?.readyState !== 1")
    with serving(shell, port):
        tell(ana, "after the restart")
        visitor.see_count("1")
    visitor.context.close()
