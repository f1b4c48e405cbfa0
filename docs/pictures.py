"""Take the pictures of the report and of the dashboard that the documentation shows, of the demo store."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from keepers.domain.access import Role, Scope
from keepers.domain.ports import silent
from keepers.pipeline.demo import Demo, run_demo
from keepers.pipeline.options import RunOptions
from keepers.pipeline.serving import serve_result
from keepers.service.app import create_app
from keepers.service.streaming import Shop
from keepers.storage.live_lists import Filter
from keepers.web.secrets import hash_password, new_token, token_hash
from keepers.web.site import Site

ASSETS = Path(__file__).parent / "assets"
WIDTH, HEIGHT = 1180, 1440
SCALE = 1.28
PAGE_HEIGHT = 860
CUSTOMERS, SEED = 4000, 7
SHOP_SECONDS = 20
"""How long the simulated shop sends orders before pictures are taken."""
OWNER, PASSWORD = "ada@example.com", "only for these pictures"
PAGES = {
    "/": "overview", "/decisions": "decisions", "/customers": "customers", "/base": "base", "/cohorts": "cohorts",
    "/subscriptions": "subscriptions", "/subscribers": "subscribers",
    "/leaving": "leaving", "/channels": "channels", "/value": "value",
    "/budget": "budget", "/leads": "leads", "/drivers": "drivers", "/trust": "trust",
    "/data": "data", "/access": "access",
}  # fmt: skip
"""Pages of the dashboard, and what their pictures are called."""
FIRST_OF = {"/subscribers": "subscriber", "/leads": "lead"}
"""Lists whose first row leads to a page of its own."""
_CARDS = ".hero-main"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def take(browser: Browser, report: Path, scheme: str) -> Path:
    """The top of the report, down to the end of the cards of value."""
    window = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SCALE,
    )
    page = window.new_page()
    page.goto(report.as_uri())
    page.wait_for_function("document.documentElement.classList.contains('is-ready')")
    page.wait_for_timeout(500)
    cards = page.locator(_CARDS).first.bounding_box()
    assert cards is not None
    picture = ASSETS / f"report-{scheme}.png"
    bottom = cards["y"] + cards["height"] + 24
    page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
    window.close()
    return picture


@contextlib.contextmanager
def served(made: Demo) -> Iterator[tuple[str, str]]:
    """The address of the demo's dashboard, some orders after it began, and the customer of most value."""
    now, key = dt.datetime.now(dt.UTC), new_token()
    with (
        contextlib.closing(made.project.open_state(pooled=True)) as state,
        contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening,
    ):
        serve_result(state, made.result.folder.resolve(), 0, now)
        with state.writing() as books:
            books.users.add(OWNER, hash_password(PASSWORD), Role.OWNER, now)
            books.users.add_token("simulated shop", token_hash(key), frozenset({Scope.INGEST}), OWNER, now)
            first = books.lists(1).page(Filter(), limit=1).customers[0].customer_key
        server = uvicorn.Server(uvicorn.Config(create_app(Site(made.project, state)), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        shop = Shop(address, key, made.onward.calls(), made.onward.orders_a_day)
        shop.start()
        time.sleep(SHOP_SECONDS)
        shop.stop()
        shop.join(20)
        yield address, first
        server.should_exit = True
        thread.join(20)


def take_pages(browser: Browser, address: str, first: str, scheme: str) -> list[Path]:
    """The top of every page of the dashboard; in dark the overview alone."""
    window = browser.new_context(
        base_url=address,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": WIDTH, "height": PAGE_HEIGHT},
    )
    page = window.new_page()
    page.goto("/")
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="What your customers are worth").wait_for()
    pages = PAGES | {f"/customers/{first}": "customer"} if scheme == "light" else {"/": "overview"}
    taken = []
    for path, name in pages.items():
        page.goto(path)
        page.wait_for_timeout(1_200)
        picture = ASSETS / (f"dashboard-{scheme}.png" if name == "overview" else f"page-{name}.png")
        page.screenshot(path=picture)
        taken.append(picture)
        if path in FIRST_OF:
            page.locator(f'a[href^="{path}/"]').first.click()
            page.wait_for_timeout(1_200)
            taken.append(ASSETS / f"page-{FIRST_OF[path]}.png")
            page.screenshot(path=taken[-1])
    window.close()
    return taken


def main() -> None:
    """Run the demo and take all pictures."""
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = run_demo(Path(folder) / "keepers-demo", CUSTOMERS, SEED, silent, RunOptions(keep=True))
        found = next((path for path in map(shutil.which, _NAMES) if path), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        with served(made) as (address, first):
            for scheme in ("light", "dark"):
                report = made.result.folder / "report.html"
                taken = [take(browser, report, scheme), *take_pages(browser, address, first, scheme)]
                for picture in taken:
                    print(f"{picture}: {picture.stat().st_size // 1000} KB")
        browser.close()


if __name__ == "__main__":
    main()
