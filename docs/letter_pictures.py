"""Take the pictures of the weekly letter and the quarterly report for the documentation, of a simulated store."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from keepers.pipeline.letters import letter_of
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.quarterly import quarterly_pages
from keepers.pipeline.run import run
from keepers.reports.letter_page import letter_html
from keepers.simulate import demo_store

ASSETS = Path(__file__).parent / "assets"
AGES = (200, 100, 7, 0)
"""Days before the end of the data that runs see."""

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_SHOWN = 2


def made(folder: Path) -> Project:
    """A project with runs of several days."""
    store = demo_store(seed=6, customers=1_500)
    store.write(folder / "files")
    begin_project(Project(folder, ("files",), name="Fernhollow"))
    project = project_of(folder)
    assert project is not None
    for age in AGES:
        as_of = store.last_day - dt.timedelta(days=age)
        tested = {"backtest": False, "model": "pareto-nbd"} if age else {}
        options = RunOptions(folder / f"run-{age}", "Fernhollow", as_of=as_of, project=project, **tested)
        morning = dt.datetime.combine(as_of, dt.time(3), dt.UTC) + dt.timedelta(days=1)
        run(project.locations, options, now=lambda morning=morning: morning)
    return project


def take(browser: Browser, project: Project, now: dt.datetime) -> list[Path]:
    """The letter, light and dark, and the first pages of the report."""
    found = []
    with project.open_state() as state:
        letter, _ = letter_of(project, state, now)
        pages = quarterly_pages(project, state, now)
    for scheme in ("light", "dark"):
        window = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 660, "height": 1_240},
            device_scale_factor=1.35,
        )  # fmt: skip
        page = window.new_page()
        page.set_content(letter_html(letter))
        found.append(ASSETS / f"letter-{scheme}.png")
        page.screenshot(path=found[-1])
        window.close()
    for number, picture in enumerate(pages[:_SHOWN], start=1):
        found.append(ASSETS / f"quarterly-{number}.png")
        found[-1].write_bytes(picture)
    return found


def main() -> None:
    """Make the runs, or take those of a project that is named, and take the pictures."""
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = project_of(Path(sys.argv[1])) if sys.argv[1:] else made(Path(folder))
        assert project is not None
        found = next((path for path in map(shutil.which, _NAMES) if path), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        with project.open_state() as state, state.reading() as books:
            day = max(one.as_of for one in books.runs.listed())
        for picture in take(browser, project, dt.datetime.combine(day, dt.time(7), dt.UTC) + dt.timedelta(days=1)):
            print(f"{picture}: {picture.stat().st_size // 1000} KB")
        browser.close()


if __name__ == "__main__":
    main()
