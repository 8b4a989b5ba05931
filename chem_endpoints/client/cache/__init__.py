"""Answers that are kept: `InferenceCache` sends only the rows that nobody has asked this model before."""
