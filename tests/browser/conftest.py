"""A browser for the tests that look at pages: the installed Chromium, driven without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """An installed Chromium, or the one that Playwright brought; `scripts/test` sees to it that there is one."""
    with sync_playwright() as playwright:
        found = next((path for path in map(shutil.which, NAMES) if path), None)
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.fail("No Chromium is installed: run scripts/browser.")
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a file in a fresh window; any complaint of the page and any request but for the file itself is a failure."""
    complaints: list[str] = []
    requests: list[str] = []
    with ExitStack() as windows:

        def opened(file: Path, **options: Any) -> Page:
            context: BrowserContext = browser.new_context(**options)
            windows.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)

            def allow(route: Route) -> None:
                if route.request.url != file.as_uri():
                    requests.append(route.request.url)
                    route.abort()
                else:
                    route.continue_()

            page.route("**/*", allow)
            page.goto(file.as_uri())
            page.wait_for_function("document.documentElement.classList.contains('is-ready')")
            return page

        yield opened
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == []
