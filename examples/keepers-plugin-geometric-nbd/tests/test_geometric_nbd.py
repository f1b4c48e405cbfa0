"""The plug-in keeps the contract and works by name in a backtest and a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keepers_geometric_nbd import GeometricNBD, family

import keepers as kp
from keepers.models.catalogue import model_class, model_names
from keepers.testing import check_model


def test_it_keeps_the_contract() -> None:
    proof = check_model(GeometricNBD)
    assert proof.not_applicable == ()


def test_it_is_known_by_name() -> None:
    assert "GeometricNBD" in model_names()
    assert model_class("geometric-nbd") is GeometricNBD


def test_without_leaving_it_is_the_nbd() -> None:
    from keepers.numerics.likelihoods import nbd

    x, t_x, T = np.array([0.0, 3.0, 12.0]), np.array([0.0, 20.0, 39.0]), np.array([39.0, 30.0, 40.0])
    found = family.log_likelihood((0.4, 12.0, 1e-12), x, t_x, T)
    assert found == pytest.approx(nbd.log_likelihood((0.4, 12.0), x, t_x, T), rel=1e-9)


def test_it_competes_and_runs(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    ages = np.full(400, 700.0)
    x, _ = family.sample_new((0.9, 120.0, 0.15), ages, rng)
    who = np.repeat(np.arange(400), x.astype(int) + 1)
    first = np.repeat(rng.integers(0, 300, 400), x.astype(int) + 1)
    when = np.datetime64("2022-01-01") + first + rng.integers(0, 300, who.size)
    lines = [f"c{one},{day},{20 + one % 7}" for one, day in zip(who, when, strict=True)]
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date,amount\n" + "\n".join(lines) + "\n")
    found = kp.backtest([GeometricNBD(), kp.MBGNBD()], kp.read_orders(str(path)))
    assert {row.model for row in found.rows if row.of == "purchases"} >= {"GeometricNBD", "MBGNBD"}
    options = ["--into", str(tmp_path / "out"), "--model", "geometric-nbd", "--no-report", "--quiet"]
    subprocess.run([sys.executable, "-m", "keepers", "run", str(path), *options], check=True)
    again = kp.load_model(tmp_path / "out" / "model-buying.json")
    assert isinstance(again, GeometricNBD)
