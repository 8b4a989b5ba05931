"""Descriptors of weighted conformers: averages over an ensemble."""
