"""The posterior of BG/NBD and Pareto/NBD as `pymc-marketing` samples it; runs in an environment of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

MARK = "benchmark:"
CHAINS, DRAWS, TUNE = 4, 1000, 1000
SEED = 1


def main(model: str, histories: Path, sampler: str) -> None:
    """Sample the posterior and print seconds and the smallest effective sample size of any parameter.

    Parameters
    ----------
    model : str
        "BGNBD" or "ParetoNBD".
    histories : path
        CSV with frequency, recency and T, a row a customer.
    sampler : str
        "nutpie" or "pymc", as pymc-marketing names its samplers.
    """
    warnings.simplefilter("ignore")
    import arviz
    import pandas as pd
    from pymc_marketing.clv import BetaGeoModel, ParetoNBDModel

    table = pd.read_csv(histories)
    table["customer_id"] = table.index
    build = {"BGNBD": BetaGeoModel, "ParetoNBD": ParetoNBDModel}[model]
    settings: dict[str, Any] = {"chains": CHAINS, "draws": DRAWS, "tune": TUNE, "random_seed": SEED}
    started, cpu = time.perf_counter(), _cpu()
    fitted = build(table)
    method = {"method": "mcmc", "fit_method": "mcmc"}
    # ParetoNBDModel fits by its own default otherwise; the name of the argument differs between versions.
    accepted = build.fit.__code__.co_varnames
    how = {key: value for key, value in method.items() if key in accepted} or {"method": "mcmc"}
    trace = fitted.fit(**how, nuts_sampler=sampler, progressbar=False, **settings)
    seconds, used = time.perf_counter() - started, _cpu() - cpu
    posterior = (trace if trace is not None else fitted.idata).posterior
    names = [name for name in ("r", "alpha", "a", "b", "s", "beta") if name in posterior]
    effective = arviz.ess(posterior, var_names=names)
    hat = arviz.rhat(posterior, var_names=names)
    result = {
        "version": version("pymc-marketing"),
        "effective": float(min(effective[name].item() for name in names)),
        "r_hat": float(max(hat[name].item() for name in names)),
        "mean": {name: float(posterior[name].mean()) for name in names},
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(MARK + json.dumps({"seconds": seconds, "cpu": used, "peak_mb": peak, "result": result}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
