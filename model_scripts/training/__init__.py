"""Training: from a CSV file to a bundle, with honest figures about new compounds."""
