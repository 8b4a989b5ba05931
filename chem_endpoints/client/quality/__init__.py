"""How good the predictions are: figures, live interval coverage, and captured requests to compute them from."""
