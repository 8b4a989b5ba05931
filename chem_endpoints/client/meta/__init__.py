"""Several deployed endpoints asked as one: a graph of endpoints and combinations of their answers."""
