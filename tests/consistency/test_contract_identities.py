"""Identities of the models of contracts: nested models agree, and the same data told differently give the same fit."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.contracts import ContractCells
from keepers.domain.money import annual_rate
from keepers.domain.time import TimeUnit, months
from keepers.models.contractual.beta_discrete_weibull import BetaDiscreteWeibull
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.exponential_gamma import ExponentialGamma
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.models.contractual.weibull_gamma import WeibullGamma
from keepers.numerics.likelihoods import beta_discrete_weibull, exponential_gamma, weibull_gamma
from keepers.numerics.likelihoods import shifted_beta_geometric as sbg
from keepers.numerics.likelihoods.contract_family import ContractTables, log_likelihood_sum

MODELS: list[type[ContractModel]] = [ShiftedBetaGeometric, BetaDiscreteWeibull, ExponentialGamma, WeibullGamma]
RNG = np.random.default_rng(8)


def contracts(n: int = 500, entry: bool = False) -> ContractCells:
    """Contracts in whole months, half of them observed from a later age on where asked."""
    rng = np.random.default_rng(8)
    tenure = np.ceil(rng.exponential(1 / rng.gamma(2.0, 1 / 10.0, n)))
    ages = rng.integers(2, 25, n).astype(float)
    late = np.where(rng.random(n) < 0.5, rng.integers(0, 8, n), 0).astype(float) if entry else np.zeros(n)
    ended = tenure <= ages
    seen = np.minimum(tenure, ages)
    kept = (seen > late) | (~ended & (seen >= late))
    columns = (late[kept], seen[kept], ended[kept].astype(float), np.ones(kept.sum()))
    return ContractCells(*columns, TimeUnit.MONTH)


@pytest.mark.parametrize(
    ("family", "parent"), [(beta_discrete_weibull, sbg), (weibull_gamma, exponential_gamma)], ids=["BdW", "WG"]
)
def test_without_change_with_age_the_parent_model(family, parent) -> None:
    cells = contracts(entry=True)
    tables = ContractTables.of(cells, family.DISCRETE)
    own = log_likelihood_sum(family, (0.8, 6.0, 1.0), tables)
    of_parent = log_likelihood_sum(parent, (0.8, 6.0), tables)
    assert own.value == pytest.approx(of_parent.value, rel=1e-13)
    assert own.gradient[:2] == pytest.approx(of_parent.gradient, rel=1e-10)
    assert own.hessian[:2, :2] == pytest.approx(of_parent.hessian, rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_a_table_of_survivors_is_its_contracts(model) -> None:
    survivors = [400, 310, 255, 221, 199, 180, 171]
    lost = -np.diff(survivors)
    tenure = np.concatenate([np.repeat(np.arange(1, 7), lost), np.full(survivors[-1], 6)]).astype(float)
    ended = np.concatenate([np.ones(lost.sum()), np.zeros(survivors[-1])])
    ones = np.ones(tenure.size)
    one_by_one = ContractCells(np.zeros(tenure.size), tenure, ended, ones, TimeUnit.MONTH, tenure - ended)
    by_table = model(prior=None).fit({"age": range(7), "survivors": survivors}, unit="month")
    by_contract = model(prior=None).fit(one_by_one)
    assert by_table.parameters_ == pytest.approx(by_contract.parameters_, rel=1e-8)
    assert by_table.log_likelihood_ == pytest.approx(by_contract.log_likelihood_, rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_truncation_at_the_start_is_none(model) -> None:
    cells = contracts()
    columns = {"tenure": cells.tenure, "ended": cells.ended}
    plain = model().fit(columns, unit="month")
    assert model().fit({**columns, "entry": 0 * cells.tenure}, unit="month").parameters_ == plain.parameters_
    assert model().fit(cells).parameters_ == plain.parameters_


@pytest.mark.parametrize("model", MODELS)
def test_a_cohort_first_counted_later_is_truncated_there(model) -> None:
    """A table from age 2 on says what the same contracts say that were observed from age 2 on."""
    table = {"age": [2, 3, 4, 5, 6], "survivors": [255, 221, 199, 180, 171]}
    lost = -np.diff(table["survivors"])
    tenure = np.array([3.0, 4.0, 5.0, 6.0, 6.0])
    weight = np.array([*lost, 171.0])
    since = np.array([2.0, 3.0, 4.0, 5.0, 6.0])
    cells = ContractCells(np.full(5, 2.0), tenure, np.array([1.0] * 4 + [0.0]), weight, TimeUnit.MONTH, since)
    fitted = model().fit(table, unit="month")
    assert fitted.parameters_ == pytest.approx(model().fit(cells).parameters_, rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_weights_are_contracts_and_plans_are_fits_of_their_own(model) -> None:
    cells = contracts()
    merged = cells.merged()
    assert merged.size < cells.size / 2
    columns = {
        "tenure": cells.tenure,
        "ended": cells.ended,
        "plan": np.where(np.arange(cells.size) % 3, "big", "small"),
    }
    both = model().fit(columns, unit="month", by="plan")
    assert both.parameters_ == pytest.approx(model().fit(merged).parameters_, rel=1e-9)
    small = {name: column[::3] for name, column in columns.items()}
    alone = model().fit(small, unit="month")
    assert both.plans_["small"].parameters_ == pytest.approx(alone.parameters_, rel=1e-9)
    answer = both.survival(columns, months(6))["survival"]
    assert answer[::3] == pytest.approx(alone.survival(small, months(6))["survival"], rel=1e-9)
    unseen = both.survival({"tenure": [4.0], "plan": ["new"]}, months(6))["survival"][0]
    assert unseen == pytest.approx(both.survival({"tenure": [4.0]}, months(6))["survival"][0], rel=1e-12)


@pytest.mark.parametrize("model", [ExponentialGamma, WeibullGamma])
def test_the_unit_of_time_only_scales(model) -> None:
    cells = contracts()
    per_month = model(prior=None).fit(cells)
    per_day = model(prior=None).fit({"tenure": cells.tenure * TimeUnit.MONTH.days, "ended": cells.ended}, unit="day")
    assert per_day.parameters_["alpha"] == pytest.approx(per_month.parameters_["alpha"] * TimeUnit.MONTH.days, rel=1e-6)
    assert per_day.parameters_["r"] == pytest.approx(per_month.parameters_["r"], rel=1e-6)
    shift = cells.endings * np.log(TimeUnit.MONTH.days)
    assert per_day.log_likelihood_ == pytest.approx(per_month.log_likelihood_ - shift, rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_answers_hang_together(model) -> None:
    fitted = model(prior=None).fit(contracts(3000))
    now = {"tenure": np.array([0.0, 1.0, 5.0, 20.0])}
    survive = fitted.survival(now, months(6))["survival"]
    assert fitted.churn_probability(now, months(6))["churn_probability"] == pytest.approx(1 - survive, rel=1e-12)
    assert fitted.renewal_probability(now)["renewal_probability"] == pytest.approx(
        fitted.survival(now, months(1))["survival"], rel=1e-12
    )
    residual = fitted.expected_residual_tenure(now, months(24))["expected_residual_tenure"]
    total = fitted.expected_tenure(now, months(24))["expected_tenure"]
    assert total == pytest.approx(now["tenure"] + residual, rel=1e-12)
    assert fitted.expected_tenure_new_customer(months(24)) == pytest.approx(residual[0], rel=1e-12)
    # Without discount, what is still to come within a horizon is what is left of the tenure within it.
    undiscounted = fitted.discounted_expected_tenure(now, months(24), annual_rate(0.0), next_renewal=1.0)
    undiscounted = undiscounted["discounted_expected_tenure"]
    if model.family.DISCRETE:
        ages = np.arange(1, 25)
        by_hand = np.array([fitted.survival({"tenure": now["tenure"]}, months(k))["survival"] for k in ages]).sum(
            axis=0
        )
        assert undiscounted == pytest.approx(by_hand, rel=1e-10)
    else:
        assert undiscounted == pytest.approx(residual, rel=1e-10)
    median = fitted.median_residual_tenure(now)["median_residual_tenure"]
    for age, half in zip(now["tenure"], median, strict=True):
        assert fitted.survival({"tenure": [age]}, months(half))["survival"][0] <= 0.5 + 1e-9
        before = months(half - (1 if model.family.DISCRETE else 1e-6 * half)) if half > 1 else months(1e-9)
        assert fitted.survival({"tenure": [age]}, before)["survival"][0] > 0.5 - 1e-5
    endless = fitted.discounted_expected_tenure(now, discount=annual_rate(0.1))["discounted_expected_tenure"]
    long = fitted.discounted_expected_tenure(now, months(12 * 200), annual_rate(0.1))["discounted_expected_tenure"]
    assert endless == pytest.approx(long, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_draws_follow_the_answers(model) -> None:
    fitted = model(prior=None).fit(contracts(3000))
    rng = np.random.default_rng(3)
    now = {"tenure": np.full(40_000, 3.0)}
    left = fitted.sample_future(now, rng)["residual_tenure"]
    for later in (1.0, 4.0, 12.0):
        expected = fitted.survival({"tenure": [3.0]}, months(later))["survival"][0]
        assert np.mean(left > later) == pytest.approx(expected, abs=4 * np.sqrt(0.25 / left.size))
    new = fitted.sample(40_000, rng, months(12))
    assert np.mean(new.ended == 0) == pytest.approx(
        fitted.survival_new_customer(months(12))[0], abs=4 * np.sqrt(0.25 / left.size)
    )
