"""The inference server: HTTP in one process, the model in workers that are forked from a host."""
