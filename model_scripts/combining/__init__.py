"""Several bundles in one: which they are, how their columns are joined, averaged or counted as votes."""
