"""`keepers budget` asks the curves of a result, and says in words what they answer."""

from __future__ import annotations

import json
from pathlib import Path

from advertised import curves
from keepers.acquisition.response_file import save_curves
from keepers.cli.show import _budget
from unit.cli.conftest import Keepers


def kept(folder: Path) -> Path:
    """A folder of results with curves."""
    folder.mkdir()
    save_curves(curves(), folder / "model-response.json")
    return folder


def test_it_plans_and_answers(keepers: Keepers, tmp_path: Path) -> None:
    folder = str(kept(tmp_path / "result"))
    plan = keepers("budget", folder)
    assert plan.code == 0
    assert "Expected gain over today's plan" in plan.out
    assert all(name in plan.out for name in curves().names)
    asked = keepers("budget", folder, "--what-if", "paid search=400", "--json")
    said = json.loads(asked.out)["what_if"]
    assert said["spends"]["paid search"] == 400
    assert said["gain"]["low"] <= said["gain"]["value"] <= said["gain"]["high"]
    assert "pays with" in keepers("budget", folder, "--next", "200").out
    goal = json.loads(keepers("budget", folder, "--customers", "30", "--json").out)["goal"]
    assert sum(one["planned"] for one in goal["plan"]["channels"]) <= goal["total_a_week"] * 1.001
    held = keepers("budget", folder, "--channel", "paid social=100:110", "--total", "500", "--spend-all", "--json")
    rows = {one["channel"]: one for one in json.loads(held.out)["plan"]["channels"]}
    assert 100 <= round(rows["paid social"]["planned"], 6) <= 110


def test_what_is_wrong_is_said(keepers: Keepers, tmp_path: Path) -> None:
    assert "Run `keepers run`" in keepers("budget", str(tmp_path)).message
    folder = str(kept(tmp_path / "result"))
    for words, said in (
        (("--what-if", "radio=10"), "no channel radio"),
        (("--what-if", "paid search"), "is not NAME=VALUE"),
        (("--channel", "paid search=100"), "the least and the most"),
        (("--channel", "paid search=a:b"), "is no amount"),
        (("--payback", "3years"), "longer than the horizon"),
        (("--move", "lots"), "is not a share"),
    ):
        ended = keepers("budget", folder, *words)
        assert ended.code == 2
        assert said in ended.message


def test_a_run_says_what_to_spend() -> None:
    money = {"currency": "USD"}
    channels = [{"channel": "paid search", "planned_a_week": 340.0, "today_a_week": 269.0}]
    plan = {"recommended": True, "channels": channels, "gain": {"value": 979.0}, "days": 28, "probability": 0.97}
    (said,) = _budget(plan, money)
    assert "paid search 340 USD instead of 269 USD" in said
    assert "979 USD more in 28 days" in said
    assert "Spend as you do now" in _budget(plan | {"recommended": False}, money)[0]
    assert _budget(None, money) == []
