"""Posteriors side by side: Keepers' two ways and `pymc-marketing` with its best sampler, into docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keepers as kp
from benchmarks.stores import orders_file

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- posterior table: begin -->", "<!-- posterior table: end -->"
PATIENCE = 480
"""Seconds after which a peer's sampler is stopped."""


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench posterior", description=__doc__)
    parser.add_argument("--models", nargs="*", default=["BGNBD", "ParetoNBD"], choices=["BGNBD", "ParetoNBD"])
    parser.add_argument("--no-peer", action="store_true", help="Keepers only")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds until the peer is stopped")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    window = kp.ObservationWindow(calibration_end="1997-09-30", end="1998-06-30", unit="week")
    summary = kp.summarise(kp.read_orders(str(orders_file("cdnow"))), window)
    rows: list[str] = []

    def add(row: str) -> None:
        rows.append(row)
        print(row, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        histories = Path(folder) / "histories.csv"
        summary.to_pandas()[["frequency", "recency", "T"]].to_csv(histories, index=False)
        for name in asked.models:
            kind = getattr(kp, name)
            add(
                _timed(
                    kind.title,
                    "Keepers, fit and Laplace with importance correction",
                    lambda kind=kind: _laplace(kind, summary),
                )
            )
            add(_timed(kind.title, "Keepers, fit and NUTS (nutpie)", lambda kind=kind: _nuts(kind, summary)))
            if not asked.no_peer:
                add(_peer(kind.title, name, histories, asked.patience))
    if not asked.no_write:
        _write(rows)


def _laplace(kind: Any, summary: Any) -> float:
    return float(kind().fit(summary).posterior_.effective_draws)


def _nuts(kind: Any, summary: Any) -> float:
    return float(kind().fit(summary).sample_posterior(draws=1000, chains=4, seed=1).effective_draws)


def _timed(title: str, how: str, work: Callable[[], float]) -> str:
    wall, cpu = time.perf_counter(), time.process_time()
    effective = work()
    return _row(title, how, time.perf_counter() - wall, time.process_time() - cpu, effective)


def _peer(title: str, name: str, histories: Path, patience: float) -> str:
    how = "pymc-marketing, NUTS (nutpie)"
    python = peers_environment()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [str(python), "-W", "ignore", str(HERE / "pymc_marketing_peer.py"), name, str(histories), "nutpie"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=patience, check=False, cwd=HERE
        )
    except subprocess.TimeoutExpired:
        return f"| {title} | {how} | not finished in {patience:,.0f} s | | | |"
    line = next((line for line in done.stdout.splitlines() if line.startswith("benchmark:")), None)
    if done.returncode or line is None:
        raise RuntimeError(f"pymc-marketing failed on {name}:\n{done.stderr[-2000:]}")
    found = json.loads(line.removeprefix("benchmark:"))
    how += f", {found['result']['version']}"
    return _row(title, how, found["seconds"], found["cpu"], found["result"]["effective"])


def peers_environment() -> Path:
    """The peer's own Python, made and filled when it is first needed."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        install = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "pymc-marketing==0.19.2",
            "nutpie",
            "numba",
            "pyarrow",
        ]
        subprocess.run(install, check=True)
    return python


def _row(title: str, how: str, seconds: float, cpu: float, effective: float) -> str:
    return f"| {title} | {how} | {seconds:.2f} s | {cpu:.2f} s | {effective:,.0f} | {effective / seconds:,.0f} |"


def _write(rows: list[str]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        "| model | how | wall time | CPU time | effective draws | effective draws a second |\n"
        "|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
