"""What an update of a result keeps of the decisions in it, and what it says of what it does not keep."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEPT: dict[str, tuple[str, ...]] = {
    "offers": ("offers.parquet", "offers.csv"),
    "offers_made": (),
    "drivers": (),
    "next_products": ("next_products.parquet", "next_products.csv"),
}
"""Parts of summary.json that stay as the run found them, with their files."""

_WORDS = {
    "offers": "Offers",
    "offers_made": "what offers earned",
    "drivers": "drivers",
    "next_products": "next products",
}


@dataclass(frozen=True)
class KeptDecisions:
    """Parts of the summary, and what a person must know of them."""

    told: dict[str, Any]
    remarks: tuple[str, ...]


def keep_decisions(earlier: dict[str, Any], place: Path, folder: Path, csv: bool = True) -> KeptDecisions:
    """Take over who gets what, as it was decided, with the files; and say what is not taken over.

    Decisions hold until the next run: new orders neither change what an experiment showed nor whom it chose.

    Parameters
    ----------
    earlier : dict
        The summary of the earlier result.
    place, folder : Path
        Of the earlier result, and of the new one.
    csv : bool
        Whether files for spreadsheets are taken over too.
    """
    told: dict[str, Any] = {}
    kept, remarks = [], []
    day = earlier.get("decided_on") or earlier["store"]["last_day"]
    for part, files in _KEPT.items():
        if not earlier.get(part):
            continue
        told[part] = earlier[part]
        kept.append(_WORDS[part])
        for name in files:
            if (place / name).exists() and (csv or not name.endswith(".csv")):
                shutil.copy2(place / name, folder / name)
    if kept:
        told["decided_on"] = day
        text = " and ".join((", ".join(kept[:-1]), kept[-1])) if len(kept) > 1 else kept[0]
        remarks.append(
            f"{text[:1].upper()}{text[1:]} are those of {day}: new orders do not change them, and who has come since "
            "has none. Run `keepers run` over all files to decide anew."
        )
    return KeptDecisions(told, tuple(remarks))
