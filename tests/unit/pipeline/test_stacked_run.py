"""A run whose past has chosen a mix of models: values, report and saved model are those of the mix."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

import keepers as kp
from keepers.domain.time import TimeUnit
from keepers.evaluation import backtest, compare
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import pareto_nbd
from keepers.pipeline.options import RunOptions


def one_sided(*_: object) -> tuple[kp.MBGNBD, kp.ParetoNBD]:
    """Two models that may not learn: one expects too few purchases, the other too many."""

    def fixed(**values: float) -> Prior:
        return Prior({name: LogNormal(value, 0.02) for name, value in values.items()}, TimeUnit.WEEK)

    return kp.MBGNBD(fixed(r=0.5, alpha=40, a=0.8, b=2)), kp.ParetoNBD(fixed(r=0.9, alpha=4, s=0.6, beta=12))


def test_a_run_with_a_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    ages = rng.integers(20, 540, 900).astype(float)
    x, t_x = pareto_nbd.sample_new((0.55, 74.0, 0.6, 80.0), ages, rng)
    lines = ["customer_id,order_date,amount"]
    for who, (age, count, last) in enumerate(zip(ages, x, t_x, strict=True)):
        first = dt.date(2023, 6, 30) - dt.timedelta(int(age))
        days = [0, *np.floor(rng.random(max(int(count) - 1, 0)) * last), *([np.floor(last)] if count else [])]
        lines += [f"c{who},{first + dt.timedelta(int(day))},{rng.gamma(6.0, 5.0):.2f}" for day in days]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    for module in (backtest, compare):
        monkeypatch.setattr(module, "default_models", one_sided)
    result = kp.run([str(path)], RunOptions(into=tmp_path / "out"))
    assert result.report is not None
    assert "stack of" in result.report.read_text(encoding="utf-8")
    stack = kp.load_model(tmp_path / "out" / "model-buying.json")
    assert isinstance(stack, kp.Stack)
    assert stack.weights.sum() == pytest.approx(1)
    assert result.summary["backtest"]["winner"] == "Stack"
