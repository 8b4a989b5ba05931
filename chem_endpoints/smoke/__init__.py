"""Asks a real AWS account what no document and no local run proves (docs/unverified.md)."""
