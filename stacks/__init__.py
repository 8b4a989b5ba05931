"""The stacks: one that all endpoints share, and one per endpoint."""
