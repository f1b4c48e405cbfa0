"""Every block of Python in the documentation runs, and prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
PAGES = [
    page
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    if _BLOCK.search(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples(page: Path, cdnow_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a page run one after the other, where the CDNOW sample lies under the name that pages give it."""
    shutil.copy(cdnow_path, tmp_path / "CDNOW_sample.txt")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(found[1], str(page), "exec"), names)
        assert printed.getvalue() == (found[2] or ""), found[1]


def test_both_first_pages_have_examples() -> None:
    assert {"README.md", "analysts.md"} <= {page.name for page in PAGES}
