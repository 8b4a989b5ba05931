"""``chem-endpoints``: one command for model authors, chemists and platform teams."""

from chem_endpoints.cli.main import main

__all__ = ["main"]
