"""A running system that listens, and a window of a browser in which its owner has signed in."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, expect

from keepers.domain.alert import AlertProposal, AlertRules
from keepers.reports.content import ReportContent
from keepers.reports.kept import FILE, keep_content
from keepers.service.app import create_app
from keepers.storage.letters import KeptLetter
from keepers.storage.live_lists import Filter
from keepers.storage.state import State
from served import NOW, OWNER, PASSWORD, open_site, served_result

UNSAVED = """() => {
    const said = part => part.textContent.replace(/\\s+/g, " ").trim().slice(0, 60), missing = [];
    const named = (row, label) => row && [...row.querySelectorAll(".save")].some(one => one.textContent === label);
    const files = document.querySelectorAll('main a[href*=".csv"]');
    document.querySelectorAll("main table").forEach(table => {
        if (table.matches(".bounds") || !table.tHead) return;
        const figure = table.closest(".figure"), box = table.closest(".scroll") || table;
        const row = figure ? figure.querySelector(".save-row") : box.nextElementSibling;
        const saved = table.matches(".list") ? files.length : named(row, "CSV");
        if (!saved) missing.push("CSV: " + said(table));
    });
    document.querySelectorAll("main .chart").forEach(chart => {
        if (!named(chart.closest(".figure").querySelector(".save-row"), "PNG")) missing.push("PNG: " + chart.id);
    });
    return missing;
}"""
"""Tables of a page that are no file, and charts that are no picture."""


@dataclass(frozen=True)
class Served:
    """A server that listens, its write key, and the customer of most value."""

    address: str
    key: str
    first: str


def serving(
    result: Path, project: Path, content: ReportContent | None = None, add: Callable[[Path], None] | None = None
) -> Iterator[Served]:
    """Serve a small shop, with an alert, with a report where one is given, and with what `add` puts in the results."""
    served_result(result)
    with State(project, pooled=True) as state, closing(socket.create_server(("127.0.0.1", 0))) as listening:
        site, tokens = open_site(result / "result", project, state)
        if add is not None:
            add(project / "result")
        if content is not None:
            keep_content(content, project / "result" / FILE)
        with state.writing() as books:
            first = books.lists(1).page(Filter(), limit=1).customers[0].customer_key
            proposal = AlertProposal(first, "overdue", "customer", 0.8, 0.3, 90.0, 50.0, "no order lately", "Call them")
            books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
            day, to = dt.date(2023, 6, 30), ("ada@example.com",)
            books.letters.add(KeptLetter(NOW, NOW, None, day, "A letter with a subject", "", "<p>It</p>", to, "<1@x>"))
        server = uvicorn.Server(uvicorn.Config(create_app(site), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", tokens["ingest"], first)
        server.should_exit = True
        thread.join(20)


def window(browser: Browser, served: Served, **options: Any) -> Iterator[Page]:
    """A window in which the owner has signed in; any complaint of a page is a failure."""
    complaints: list[str] = []
    context = browser.new_context(base_url=served.address, **options)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.goto("/")
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What your customers are worth")
    yield page
    context.close()
    assert complaints == []
