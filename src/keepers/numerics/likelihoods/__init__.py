"""Likelihoods and predictions of the models, one file a family, as functions of arrays."""
