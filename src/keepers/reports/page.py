"""The report as one HTML file that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

from keepers.reports.content import ReportContent
from keepers.reports.kept import keep_content
from keepers.reports.sections import chart_data, environment, sections_of, variables

_HERE = Path(__file__).parent


def write_report(content: ReportContent, path: Path) -> Path:
    """Write the report to `path`, and what it says as JSON beside it, each whole or not there.

    Parameters
    ----------
    content : ReportContent
        What the report says; a part that is None or empty is left out.
    path : Path
        Where the file goes; its folder must exist.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OSError
        The folder cannot be written to. Nothing half-written is left.
    """
    text = render_report(content)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    keep_content(content, path.with_suffix(".json"))
    return path


def render_report(content: ReportContent) -> str:
    """The report as the text of an HTML file."""
    known = variables(content)
    scripts = {"echarts": asset("echarts.min.js"), "charts": asset("charts.js"), "page": asset("report.js")}
    if not known["charts"]:
        del scripts["echarts"]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            known,
            sections=[section for section in sections_of(content) if section.filled],
            chart_data=chart_data(known["charts"]),
            style=Markup(style_sheet()),
            scripts={name: Markup(text) for name, text in scripts.items()},
            hashes=" ".join(f"'sha256-{_digest(text)}'" for text in (*scripts.values(), asset("theme.js"))),
            theme_script=Markup(asset("theme.js")),
        )
    )


@cache
def asset(name: str) -> str:
    """A script or style sheet of the report."""
    return (_HERE / "assets" / name).read_text(encoding="utf-8")


@cache
def _font() -> str:
    return base64.b64encode((_HERE / "assets" / "inter-latin.woff2").read_bytes()).decode()


@cache
def style_sheet() -> str:
    """The style sheet with its letters, and a class for each of the 21 strengths of a heat cell."""
    steps = []
    for step in range(21):
        ink = "ink" if step < 12 else "cell-low" if step < 13 else "cell-mid" if step < 17 else "cell-deep"
        steps.append(f".h{step} {{ --v: {step / 20:.2f}; color: var(--{ink}); }}")
    return asset("report.css").replace("FONT_DATA", _font()).replace("HEAT_STEPS", "\n".join(steps))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
