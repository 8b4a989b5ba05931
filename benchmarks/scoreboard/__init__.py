"""Runs the benchmarks, keeps what they found, and writes docs/benchmarks.md from it."""
