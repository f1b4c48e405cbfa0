"""Models of contracts against published numbers.

The survivors of two segments of 1,000 customers are those of Fader and Hardie (2007), "How to Project Customer
Retention", Journal of Interactive Marketing 21, table 1, years 0 to 7. Estimates: sBG there and in the authors' notes;
BdW by Fader, Hardie, Liu, Davin, Steenburgh (2018), Journal of Interactive Marketing 43. Discounted lifetimes: Fader
and Hardie (2010), "Customer-Base Valuation in a Contractual Setting", Marketing Science 29.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaln, hyp2f1

from keepers.domain.contracts import ContractCells
from keepers.domain.money import periodic_rate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, years
from keepers.models.contractual.beta_discrete_weibull import BetaDiscreteWeibull
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric

SURVIVORS = {
    "regular": [1000, 631, 468, 382, 326, 289, 262, 241],
    "high-end": [1000, 869, 743, 653, 593, 551, 517, 491],
}
PUBLISHED = [
    (ShiftedBetaGeometric, "regular", (0.704077, 1.182043), -1680.2652),
    (ShiftedBetaGeometric, "high-end", (0.668088, 3.806095), -1611.1581),
    (BetaDiscreteWeibull, "regular", (0.455614, 0.779326, 1.283451), -1679.6028),
    (BetaDiscreteWeibull, "high-end", (0.214253, 1.426575, 1.723565), -1605.3142),
]


def table(segment: str, periods: int = 8) -> dict[str, list[int]]:
    """The survivors of a segment in its first years."""
    return {"age": list(range(periods)), "survivors": SURVIVORS[segment][:periods]}


@pytest.mark.parametrize(("model", "segment", "theta", "log_likelihood"), PUBLISHED)
def test_estimates(model, segment, theta, log_likelihood) -> None:
    fitted = model(prior=None).fit(table(segment), unit="year")
    assert fitted.outcome_ is FitOutcome.CONVERGED
    assert fitted.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-4)
    # The likelihood of the high-end BdW is flat: six digits of its parameters move it by less than 1e-9 of itself.
    assert list(fitted.parameters_.values()) == pytest.approx(theta, rel=1e-5)


def test_both_segments_at_once() -> None:
    both = {name: table("regular")[name] + table("high-end")[name] for name in ("age", "survivors")}
    both["plan"] = ["regular"] * 8 + ["high-end"] * 8
    both["cohort"] = both["plan"]
    fitted = ShiftedBetaGeometric(prior=None).fit(both, unit="year", by="plan")
    for _, segment, theta, _ in PUBLISHED[:2]:
        assert list(fitted.plans_[segment].parameters_.values()) == pytest.approx(theta, rel=1e-5)
    together = ShiftedBetaGeometric(prior=None).fit(both, unit="year")
    assert fitted.parameters_ == pytest.approx(together.parameters_, rel=1e-8)


def test_an_often_copied_value_is_not_the_optimum() -> None:
    fitted = ShiftedBetaGeometric(prior=None).fit(table("regular"), unit="year")
    beta = fitted.parameters_["beta"]
    deaths = -np.diff(SURVIVORS["regular"])

    def log_likelihood(alpha: float) -> float:
        log_s = betaln(alpha, beta + np.arange(8)) - betaln(alpha, beta)
        return float(deaths @ np.log(-np.diff(np.exp(log_s))) + SURVIVORS["regular"][-1] * log_s[-1])

    assert log_likelihood(fitted.parameters_["alpha"]) == pytest.approx(fitted.log_likelihood_, abs=1e-8)
    assert log_likelihood(0.688) < fitted.log_likelihood_ - 0.02


@pytest.mark.parametrize("theta", [(0.704077, 1.182043), (3.8, 15.2), (0.067, 0.267), (30.0, 20.0)])
@pytest.mark.parametrize("renewals", [0, 1, 4, 40])
def test_discounted_lifetimes_are_the_closed_forms(theta, renewals) -> None:
    """DEL = 2F1(1, beta; alpha + beta; 1 / (1 + d)) and DERL, equations 4 and 6 of Fader and Hardie (2010)."""
    alpha, beta = theta
    model = ShiftedBetaGeometric(prior=None).fit(table("regular"), unit="year")
    model.parameters_ = {"alpha": alpha, "beta": beta}
    rate = 0.1
    new = model.discounted_expected_tenure_new_customer(discount=periodic_rate(rate))
    assert new == pytest.approx(hyp2f1(1, beta, alpha + beta, 1 / (1 + rate)), rel=1e-10)
    row = ContractCells(np.zeros(1), np.array([float(renewals)]), np.zeros(1), np.ones(1), TimeUnit.YEAR)
    n = renewals + 1
    closed = (beta + n - 1) / (alpha + beta + n - 1) * hyp2f1(1, beta + n, alpha + beta + n, 1 / (1 + rate))
    assert model.discounted_expected_tenure(row, discount=periodic_rate(rate))[0] == pytest.approx(closed, rel=1e-10)


@pytest.mark.parametrize("segment", SURVIVORS)
def test_the_holdout_of_both_segments_beats_constant_churn(segment) -> None:
    """Fitted on years 0 to 4, years 5 to 7 are forecast two to four times as well as by the churn seen."""
    seen, actual = table(segment, 5), np.array(SURVIVORS[segment][5:])
    share = np.array(SURVIVORS[segment][:5])
    kept = 1 - (share[0] - share[4]) / share[:4].sum()
    naive = np.abs(share[4] * kept ** np.arange(1, 4) - actual).mean()
    for model, better in ((ShiftedBetaGeometric, 1.9), (BetaDiscreteWeibull, 4.0)):
        fitted = model(prior=None).fit(seen, unit="year")
        error = np.abs(1000 * fitted.survival_new_customer([5, 6, 7]) - actual).mean()
        assert error * better < naive, (error, naive)


def test_renewal_and_survival_of_the_regular_segment() -> None:
    """Retention is (beta + t - 1) / (alpha + beta + t - 1), equation 8 of Fader and Hardie (2007)."""
    model = ShiftedBetaGeometric(prior=None).fit(table("regular"), unit="year")
    alpha, beta = model.parameters_.values()
    t = np.arange(1, 9)
    curve = model.retention_curve(8)
    assert curve["renewal_probability"][1:] == pytest.approx((beta + t - 1) / (alpha + beta + t - 1), rel=1e-12)
    assert curve["survival"] == pytest.approx(np.cumprod(curve["renewal_probability"]), rel=1e-12)
    assert np.all(curve["survival_low"] <= curve["survival"])
    assert np.all(curve["survival"] <= curve["survival_high"])
    now = model.survival({"tenure": [3.0]}, years(2))["survival"][0]
    assert now == pytest.approx(curve["survival"][5] / curve["survival"][3], rel=1e-12)
