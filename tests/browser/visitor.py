"""A person at a browser: signs in, looks, and notes whatever a page should not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.browser.aside import session_of
from tests.cli.shell import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.cli.shell import Shell

PATIENCE = 30_000
FEED = "document.querySelector('tocsin-inbox')?.feed?"


@dataclass
class Site:
    """Where a server is, and the home it works on."""

    url: str
    shell: Shell

    def visit(self, browser: Browser, name: str, path: str = "/inbox/", **options: Any) -> Visitor:
        """Open a page as `name`, who has signed in, in a browser of their own."""
        settings = {"locale": "en-GB", "reduced_motion": "reduce", **options}
        context = browser.new_context(base_url=self.url, **settings)
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{**session_of(self.shell, name), "url": self.url}])
        visitor = Visitor(context, context.new_page())
        visitor.page.goto(path)
        return visitor


class Visitor:
    """A signed-in person and their tab."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Note script errors, policy violations and pop-ups."""
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on(
            "dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )

    def _heard(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or (kind == "error" and "Failed to load resource" not in text):
            self.complaints.append(f"console: {text}")

    def another_tab(self, path: str = "/inbox/") -> Visitor:
        """The same person, the same browser, one more tab."""
        visitor = Visitor(self.context, self.context.new_page())
        visitor.page.goto(path)
        return visitor

    def bell(self) -> Any:
        return self.page.locator("tocsin-inbox .bell")

    def see_count(self, text: str) -> None:
        """Wait until the bell shows this number ("" for none)."""
        wanted = ".badge:empty" if not text else f'.badge:text-is("{text}")'
        self.page.locator(f"tocsin-inbox {wanted}").wait_for(state="attached")

    def open_panel(self) -> Any:
        """Open the bell's list; it."""
        self.bell().click()
        panel = self.page.locator("tocsin-inbox .panel")
        panel.locator("li").first.wait_for()
        return panel

    def until(self, expression: str) -> None:
        """Wait until this is true in the page. (Playwright's own way needs `eval`, which our policy forbids.)"""
        eventually(lambda: self.page.evaluate(expression) or self.page.wait_for_timeout(30))

    def listening(self) -> None:
        """Wait until the live stream is open, so that what follows is pushed and not found at the start."""
        self.until(f"{FEED}.source?.readyState === 1 && {FEED}.state !== null")
