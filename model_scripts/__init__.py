"""One script per model family, and the chemistry they share."""
