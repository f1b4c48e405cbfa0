"""The examples of docs/subscriptions.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "subscriptions.md").read_text(encoding="utf-8")


def test_the_examples_run() -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)
    values = names["values"].to_numpy()  # type: ignore[attr-defined]
    assert set(values["customer_key"]) == {"ann", "bob", "cem", "dee", "eva"}
    assert sum(values["clv_predicted_12m"]) > 0
    assert names["after"].moves[0].kind == "upgrade"  # type: ignore[attr-defined]
