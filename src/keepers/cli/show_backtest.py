"""What `keepers backtest` prints."""

from __future__ import annotations

from keepers.cli.tables import print_json, print_table, print_text
from keepers.evaluation.results import Backtest, Standing


def show_backtest(found: Backtest, json: bool) -> None:
    """Print the trust table and the verdict."""
    if json:
        print_json(found.to_dict())
        return
    if found.rows:
        cuts = ", ".join(str(window.calibration_end) for window in found.windows)
        print_table(
            f"Purchases in the {found.holdout} after {cuts}",
            ("model", "error of total", "mean error", "RMSE", "ranking (Gini)", "80% intervals hold", ""),
            [_row(one) for one in found.standings()],
            right=(1, 2, 3, 4, 5),
        )
        print_text(found.leaderboard().sentence)
        if found.stacking is not None:
            print_text(found.stacking.sentence)
    print_text(found.verdict)
    for reservation in found.verdict_.reservations:
        print_text(f"- {reservation}")


def _row(one: Standing) -> tuple[str, ...]:
    held = next((c.plain for c in one.coverage if c.level == 0.80), None)
    return (
        one.title + (" (naive rule)" if one.baseline else ""),
        _share(one.total_error, sign=True),
        f"{one.mae:.3f}",
        f"{one.rmse:.3f}",
        "" if one.gini is None else f"{one.gini:.2f}",
        _share(held),
        "chosen" if one.chosen else "",
    )


def _share(value: float | None, sign: bool = False) -> str:
    if value is None:
        return ""
    return f"{value:+.0%}" if sign else f"{value:.0%}"
