"""The client: a DataFrame in, the same DataFrame with answers out."""
