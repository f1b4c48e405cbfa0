"""Take the pictures of the report that the documentation shows, of the demo store, in light and dark."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ASSETS = Path(__file__).parent / "assets"
WIDTH, HEIGHT = 1180, 1440
SCALE = 1.35
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


def main() -> None:
    """Run the demo and take both pictures."""
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        result = Path(folder) / "keepers-demo"
        subprocess.run([sys.executable, "-m", "keepers", "demo", "--quiet", "--into", str(result)], check=True)
        found = next((path for path in map(shutil.which, _NAMES) if path), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            picture = take(browser, result / "report.html", scheme)
            print(f"{picture}: {picture.stat().st_size // 1000} KB")
        browser.close()


if __name__ == "__main__":
    main()
