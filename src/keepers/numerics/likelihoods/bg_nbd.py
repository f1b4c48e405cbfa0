"""The BG/NBD model: a chance to leave at each repeat purchase (Fader, Hardie and Lee 2005, Marketing Science 24).

A customer without a repeat purchase has had no chance to leave and is alive with certainty. Every function here is
documented in `keepers.numerics.likelihoods.beta_geometric`.
"""

from __future__ import annotations

from keepers.numerics.likelihoods.beta_geometric import BetaGeometric

FAMILY = BetaGeometric(chances=0)
"""The model as one object; its methods stand below by name."""

PARAMETERS = FAMILY.PARAMETERS
TIME_POWERS = FAMILY.TIME_POWERS
starts = FAMILY.starts
log_likelihood = FAMILY.log_likelihood
log_likelihood_sum = FAMILY.log_likelihood_sum
log_likelihood_sums = FAMILY.log_likelihood_sums
log_likelihood_rows = FAMILY.log_likelihood_rows
log_likelihood_clocked = FAMILY.log_likelihood_clocked
probability_alive = FAMILY.probability_alive
expected_purchases = FAMILY.expected_purchases
expected_purchases_gradient = FAMILY.expected_purchases_gradient
purchase_distribution = FAMILY.purchase_distribution
purchase_moments = FAMILY.purchase_moments
discounted_expected_purchases = FAMILY.discounted_expected_purchases
expected_purchases_new = FAMILY.expected_purchases_new
purchase_distribution_new = FAMILY.purchase_distribution_new
discounted_expected_purchases_new = FAMILY.discounted_expected_purchases_new
expected_lifetime = FAMILY.expected_lifetime
median_lifetime = FAMILY.median_lifetime
truncated_lifetime = FAMILY.truncated_lifetime
median_waiting_time = FAMILY.median_waiting_time
sample_new = FAMILY.sample_new
sample_future = FAMILY.sample_future
essentials = FAMILY.essentials
forecast = FAMILY.forecast
