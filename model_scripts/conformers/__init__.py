"""Conformer ensembles: embedded, minimised, pruned and weighted."""
