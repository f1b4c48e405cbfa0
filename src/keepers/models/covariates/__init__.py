"""Covariates: what is known of customers besides their purchases, as a part of any model of buying."""
