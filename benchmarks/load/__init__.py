"""Open-loop load test of an inference endpoint; see docs/load-testing.md."""
