"""Response curves in a file, so that questions about a budget need not learn them anew."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np

from keepers.acquisition.response import ChannelResponse, ResponseCurves
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.numerics.response_curve import CurveDraws

FILE = "model-response.json"
"""Its name among the results of a run."""
SCHEMA = 1
_CURVE = ("half_life", "half_saturation", "shape", "ceiling", "organic", "season")
_DIGITS = 6


def save_curves(curves: ResponseCurves, path: Path) -> Path:
    """Write curves as JSON, six digits a number; whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(json.dumps(_plain(curves), allow_nan=False, separators=(",", ":")), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def load_curves(path: Path) -> ResponseCurves:
    """Read curves that `save_curves` has written.

    Raises
    ------
    InputError
        The file is not there, or is of another kind or version.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"There is no {path}. Run `keepers run` with the files of orders and of marketing spend first: it learns "
            "how channels answer to money."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}. Run `keepers run` again.") from error
    if not isinstance(said, dict) or said.get("kind") != "response curves" or said.get("schema") != SCHEMA:
        raise InputError(f"{path} does not hold response curves of this version. Run `keepers run` again.")
    horizon = said["horizon"]
    return ResponseCurves(
        tuple(_channel(one) for one in said["channels"]),
        None if horizon is None else Horizon(horizon[0], TimeUnit.parse(horizon[1])),
        said["currency"],
        MoneyBasis(said["basis"]),
        said["discount"],
        dt.date.fromisoformat(said["first_day"]),
        dt.date.fromisoformat(said["last_day"]),
        tuple(said["notes"]),
    )


def _plain(curves: ResponseCurves) -> dict[str, Any]:
    horizon = curves.horizon
    return {
        "kind": "response curves",
        "schema": SCHEMA,
        "horizon": None if horizon is None else [horizon.length, horizon.unit.value],
        "currency": curves.currency,
        "basis": curves.basis.value,
        "discount": curves.discount,
        "first_day": curves.first_day.isoformat(),
        "last_day": curves.last_day.isoformat(),
        "notes": list(curves.notes),
        "channels": [
            {
                "channel": one.channel,
                "curve": {name: _numbers(getattr(one.curve, name)) for name in _CURVE},
                "pressure": _numbers(one.pressure),
                "worth": _numbers(one.worth) if curves.has_money else [],
                "course": [_numbers(part) for part in one.course],
                "dispersion": _numbers(one.dispersion),
                "today": one.today,
                "seen": list(one.seen),
                "weeks": one.weeks,
                "customers": one.customers,
                "prior_share": one.prior_share,
                "evidence": one.evidence.value,
                "demand": one.demand,
            }
            for one in curves.channels
        ],
    }


def _channel(said: dict[str, Any]) -> ChannelResponse:
    curve = CurveDraws(**{name: np.array(said["curve"][name], dtype=np.float64) for name in _CURVE})
    worth = np.array(said["worth"], dtype=np.float64) if said["worth"] else np.full(curve.count, np.nan)
    days, money = (np.array(part, dtype=np.float64) for part in said["course"])
    return ChannelResponse(
        said["channel"], curve, np.array(said["pressure"], dtype=np.float64), worth, (days, money), said["today"],
        (said["seen"][0], said["seen"][1]), said["weeks"], said["customers"], said["prior_share"],
        EvidenceGrade(said["evidence"]), said["demand"], np.array(said["dispersion"], dtype=np.float64),
    )  # fmt: skip


def _numbers(values: Any) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]
