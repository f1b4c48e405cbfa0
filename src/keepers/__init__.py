"""Keepers: what every customer is worth over their life with a business, how sure that is, and what to do about it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepers.acquisition.attribution.attribute import attribute as attribute
    from keepers.acquisition.attribution.experiments import holdout_lift as holdout_lift
    from keepers.acquisition.attribution.experiments import lift_study as lift_study
    from keepers.acquisition.attribution.experiments import place_lift as place_lift
    from keepers.acquisition.attribution.path_table import attribute_paths as attribute_paths
    from keepers.acquisition.budget import BudgetLimits as BudgetLimits
    from keepers.acquisition.budget import plan_budget as plan_budget
    from keepers.acquisition.budget_experiment import propose_spend_experiments as propose_spend_experiments
    from keepers.acquisition.budget_questions import budget_for as budget_for
    from keepers.acquisition.budget_questions import next_money as next_money
    from keepers.acquisition.budget_questions import what_if as what_if
    from keepers.acquisition.economics import channel_economics as channel_economics
    from keepers.acquisition.outside_curves import OutsideCurve as OutsideCurve
    from keepers.acquisition.outside_curves import labelled_curves as labelled_curves
    from keepers.acquisition.outside_curves import outside_curves as outside_curves
    from keepers.acquisition.response import SpendExperiment as SpendExperiment
    from keepers.acquisition.response import response_curves as response_curves
    from keepers.data.orders import Orders as Orders
    from keepers.data.read import read as read
    from keepers.data.read import read_orders as read_orders
    from keepers.data.warehouse import connect as connect
    from keepers.domain.acquisition import AcquisitionRules as AcquisitionRules
    from keepers.domain.money import Margin as Margin
    from keepers.domain.money import annual_rate as annual_rate
    from keepers.domain.money import continuous_rate as continuous_rate
    from keepers.domain.money import periodic_rate as periodic_rate
    from keepers.domain.store_clock import StoreClock as StoreClock
    from keepers.domain.time import ObservationWindow as ObservationWindow
    from keepers.domain.time import days as days
    from keepers.domain.time import months as months
    from keepers.domain.time import weeks as weeks
    from keepers.domain.time import years as years
    from keepers.domain.version import VERSION
    from keepers.evaluation.backtest import backtest as backtest
    from keepers.evaluation.compare import choose_model as choose_model
    from keepers.evaluation.contract_backtest import backtest_subscriptions as backtest_subscriptions
    from keepers.evaluation.contract_backtest import choose_subscription_model as choose_subscription_model
    from keepers.evaluation.contract_drift import contract_drift as contract_drift
    from keepers.evaluation.drift import parameter_drift as parameter_drift
    from keepers.evaluation.early_backtest import backtest_early_value as backtest_early_value
    from keepers.evaluation.goodness import goodness_of_fit as goodness_of_fit
    from keepers.evaluation.leaks import find_leaks as find_leaks
    from keepers.evaluation.learned_drift import watch_drift as watch_drift
    from keepers.evaluation.policy.gate import policy_gate as policy_gate
    from keepers.evaluation.policy.logged import logged_decisions as logged_decisions
    from keepers.evaluation.policy.support import policy_support as policy_support
    from keepers.evaluation.policy.values import policy_value as policy_value
    from keepers.evaluation.published import grade_published as grade_published
    from keepers.evaluation.spend_ratio import SpendRatio as SpendRatio
    from keepers.models.baselines import NaiveRate as NaiveRate
    from keepers.models.btyd.bg_bb import BGBB as BGBB
    from keepers.models.btyd.bg_cnbd import BGCNBD as BGCNBD
    from keepers.models.btyd.bg_nbd import BGNBD as BGNBD
    from keepers.models.btyd.ggompertz_nbd import GGompertzNBD as GGompertzNBD
    from keepers.models.btyd.hierarchical_pareto_nbd import HierarchicalParetoNBD as HierarchicalParetoNBD
    from keepers.models.btyd.mbg_cnbd import MBGCNBD as MBGCNBD
    from keepers.models.btyd.mbg_nbd import MBGNBD as MBGNBD
    from keepers.models.btyd.nbd import NBD as NBD
    from keepers.models.btyd.pareto_ggg import ParetoGGG as ParetoGGG
    from keepers.models.btyd.pareto_nbd import ParetoNBD as ParetoNBD
    from keepers.models.btyd.pareto_nbd_abe import ParetoNBDAbe as ParetoNBDAbe
    from keepers.models.catalogue import load_model as load_model
    from keepers.models.contractual.beta_discrete_weibull import BetaDiscreteWeibull as BetaDiscreteWeibull
    from keepers.models.contractual.exponential_gamma import ExponentialGamma as ExponentialGamma
    from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric as ShiftedBetaGeometric
    from keepers.models.contractual.weibull_gamma import WeibullGamma as WeibullGamma
    from keepers.models.covariates.specification import Covariates as Covariates
    from keepers.models.covariates.varying import TimeVarying as TimeVarying
    from keepers.models.covariates.varying import calendar_covariates as calendar_covariates
    from keepers.models.learned.early_value import EarlyValue as EarlyValue
    from keepers.models.learned.learned_value import LearnedValue as LearnedValue
    from keepers.models.likelihood_ratio import likelihood_ratio_test as likelihood_ratio_test
    from keepers.models.pooled import PooledModel as PooledModel
    from keepers.models.spend.correlated_spend import CorrelatedSpend as CorrelatedSpend
    from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma as DriftingGammaGamma
    from keepers.models.spend.gamma_gamma import GammaGamma as GammaGamma
    from keepers.models.spend.signed_spend import SignedSpend as SignedSpend
    from keepers.models.spend.trait_tests import trait_tests as trait_tests
    from keepers.models.stack import Stack as Stack
    from keepers.pipeline.run import run as run
    from keepers.pipeline.update import update as update
    from keepers.retention.churn import early_warnings as early_warnings
    from keepers.retention.effects import offer_effects as offer_effects
    from keepers.retention.experiment_plan import plan_experiment as plan_experiment
    from keepers.retention.loyalty import LoyaltyRule as LoyaltyRule
    from keepers.retention.loyalty import loyalty_tiers as loyalty_tiers
    from keepers.retention.next_plans import next_plans as next_plans
    from keepers.retention.next_products import next_products as next_products
    from keepers.retention.offer_record import grade_offer as grade_offer
    from keepers.retention.offers import choose_offers as choose_offers
    from keepers.retention.profit import profit_curve as profit_curve
    from keepers.retention.subscription_churn import subscription_warnings as subscription_warnings
    from keepers.retention.value_drivers import value_drivers as value_drivers
    from keepers.summaries.clocked import by_clock as by_clock
    from keepers.summaries.customer_base import CustomerBase as CustomerBase
    from keepers.summaries.features import features_at as features_at
    from keepers.summaries.features import features_at_age as features_at_age
    from keepers.summaries.opportunities import summarise_opportunities as summarise_opportunities
    from keepers.summaries.subscriptions import summarise_subscriptions as summarise_subscriptions
    from keepers.summaries.summary import summarise as summarise
    from keepers.valuation import formulas as formulas
    from keepers.valuation.lifetime_value import lifetime_value as lifetime_value
    from keepers.valuation.season import season_of as season_of
    from keepers.valuation.subscription_value import subscription_value as subscription_value

    __version__ = VERSION

_HOMES = {
    "__version__": ("domain.version", "VERSION"),
    "AcquisitionRules": ("domain.acquisition", "AcquisitionRules"),
    "BudgetLimits": ("acquisition.budget", "BudgetLimits"),
    "OutsideCurve": ("acquisition.outside_curves", "OutsideCurve"),
    "SpendExperiment": ("acquisition.response", "SpendExperiment"),
    "StoreClock": ("domain.store_clock", "StoreClock"),
    "budget_for": ("acquisition.budget_questions", "budget_for"),
    "by_clock": ("summaries.clocked", "by_clock"),
    "labelled_curves": ("acquisition.outside_curves", "labelled_curves"),
    "next_money": ("acquisition.budget_questions", "next_money"),
    "outside_curves": ("acquisition.outside_curves", "outside_curves"),
    "plan_budget": ("acquisition.budget", "plan_budget"),
    "propose_spend_experiments": ("acquisition.budget_experiment", "propose_spend_experiments"),
    "response_curves": ("acquisition.response", "response_curves"),
    "what_if": ("acquisition.budget_questions", "what_if"),
    "BGBB": ("models.btyd.bg_bb", "BGBB"),
    "BGCNBD": ("models.btyd.bg_cnbd", "BGCNBD"),
    "BGNBD": ("models.btyd.bg_nbd", "BGNBD"),
    "BetaDiscreteWeibull": ("models.contractual.beta_discrete_weibull", "BetaDiscreteWeibull"),
    "Covariates": ("models.covariates.specification", "Covariates"),
    "ExponentialGamma": ("models.contractual.exponential_gamma", "ExponentialGamma"),
    "GGompertzNBD": ("models.btyd.ggompertz_nbd", "GGompertzNBD"),
    "CorrelatedSpend": ("models.spend.correlated_spend", "CorrelatedSpend"),
    "CustomerBase": ("summaries.customer_base", "CustomerBase"),
    "DriftingGammaGamma": ("models.spend.drifting_gamma_gamma", "DriftingGammaGamma"),
    "GammaGamma": ("models.spend.gamma_gamma", "GammaGamma"),
    "HierarchicalParetoNBD": ("models.btyd.hierarchical_pareto_nbd", "HierarchicalParetoNBD"),
    "MBGCNBD": ("models.btyd.mbg_cnbd", "MBGCNBD"),
    "MBGNBD": ("models.btyd.mbg_nbd", "MBGNBD"),
    "Margin": ("domain.money", "Margin"),
    "NBD": ("models.btyd.nbd", "NBD"),
    "NaiveRate": ("models.baselines", "NaiveRate"),
    "ObservationWindow": ("domain.time", "ObservationWindow"),
    "Orders": ("data.orders", "Orders"),
    "LoyaltyRule": ("retention.loyalty", "LoyaltyRule"),
    "ParetoGGG": ("models.btyd.pareto_ggg", "ParetoGGG"),
    "ParetoNBD": ("models.btyd.pareto_nbd", "ParetoNBD"),
    "ParetoNBDAbe": ("models.btyd.pareto_nbd_abe", "ParetoNBDAbe"),
    "ShiftedBetaGeometric": ("models.contractual.shifted_beta_geometric", "ShiftedBetaGeometric"),
    "WeibullGamma": ("models.contractual.weibull_gamma", "WeibullGamma"),
    "Stack": ("models.stack", "Stack"),
    "PooledModel": ("models.pooled", "PooledModel"),
    "TimeVarying": ("models.covariates.varying", "TimeVarying"),
    "SignedSpend": ("models.spend.signed_spend", "SignedSpend"),
    "backtest_early_value": ("evaluation.early_backtest", "backtest_early_value"),
    "EarlyValue": ("models.learned.early_value", "EarlyValue"),
    "LearnedValue": ("models.learned.learned_value", "LearnedValue"),
    "SpendRatio": ("evaluation.spend_ratio", "SpendRatio"),
    "watch_drift": ("evaluation.learned_drift", "watch_drift"),
    "grade_offer": ("retention.offer_record", "grade_offer"),
    "grade_published": ("evaluation.published", "grade_published"),
    "annual_rate": ("domain.money", "annual_rate"),
    "attribute": ("acquisition.attribution.attribute", "attribute"),
    "attribute_paths": ("acquisition.attribution.path_table", "attribute_paths"),
    "backtest": ("evaluation.backtest", "backtest"),
    "backtest_subscriptions": ("evaluation.contract_backtest", "backtest_subscriptions"),
    "calendar_covariates": ("models.covariates.varying", "calendar_covariates"),
    "channel_economics": ("acquisition.economics", "channel_economics"),
    "choose_offers": ("retention.offers", "choose_offers"),
    "choose_model": ("evaluation.compare", "choose_model"),
    "choose_subscription_model": ("evaluation.contract_backtest", "choose_subscription_model"),
    "continuous_rate": ("domain.money", "continuous_rate"),
    "connect": ("data.warehouse", "connect"),
    "days": ("domain.time", "days"),
    "features_at": ("summaries.features", "features_at"),
    "features_at_age": ("summaries.features", "features_at_age"),
    "find_leaks": ("evaluation.leaks", "find_leaks"),
    "holdout_lift": ("acquisition.attribution.experiments", "holdout_lift"),
    "lift_study": ("acquisition.attribution.experiments", "lift_study"),
    "place_lift": ("acquisition.attribution.experiments", "place_lift"),
    "early_warnings": ("retention.churn", "early_warnings"),
    "formulas": ("valuation.formulas", ""),
    "goodness_of_fit": ("evaluation.goodness", "goodness_of_fit"),
    "lifetime_value": ("valuation.lifetime_value", "lifetime_value"),
    "likelihood_ratio_test": ("models.likelihood_ratio", "likelihood_ratio_test"),
    "load_model": ("models.catalogue", "load_model"),
    "logged_decisions": ("evaluation.policy.logged", "logged_decisions"),
    "loyalty_tiers": ("retention.loyalty", "loyalty_tiers"),
    "months": ("domain.time", "months"),
    "contract_drift": ("evaluation.contract_drift", "contract_drift"),
    "parameter_drift": ("evaluation.drift", "parameter_drift"),
    "periodic_rate": ("domain.money", "periodic_rate"),
    "next_plans": ("retention.next_plans", "next_plans"),
    "next_products": ("retention.next_products", "next_products"),
    "offer_effects": ("retention.effects", "offer_effects"),
    "plan_experiment": ("retention.experiment_plan", "plan_experiment"),
    "policy_gate": ("evaluation.policy.gate", "policy_gate"),
    "policy_support": ("evaluation.policy.support", "policy_support"),
    "policy_value": ("evaluation.policy.values", "policy_value"),
    "profit_curve": ("retention.profit", "profit_curve"),
    "score_leads": ("acquisition.leads.scores", "score_leads"),
    "read": ("data.read", "read"),
    "read_orders": ("data.read", "read_orders"),
    "run": ("pipeline.run", "run"),
    "season_of": ("valuation.season", "season_of"),
    "subscription_value": ("valuation.subscription_value", "subscription_value"),
    "subscription_warnings": ("retention.subscription_churn", "subscription_warnings"),
    "summarise": ("summaries.summary", "summarise"),
    "summarise_opportunities": ("summaries.opportunities", "summarise_opportunities"),
    "summarise_subscriptions": ("summaries.subscriptions", "summarise_subscriptions"),
    "trait_tests": ("models.spend.trait_tests", "trait_tests"),
    "update": ("pipeline.update", "update"),
    "value_drivers": ("retention.value_drivers", "value_drivers"),
    "weeks": ("domain.time", "weeks"),
    "years": ("domain.time", "years"),
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Load a public name where it lives when it is first asked for, so that start-up pays for nothing else."""
    try:
        module, attribute = _HOMES[name]
    except KeyError:
        raise AttributeError(f"keepers has no `{name}`; see dir(keepers)") from None
    home = importlib.import_module(f"keepers.{module}")
    value = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
