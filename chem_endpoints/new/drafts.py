"""Where a model's files lie in a clone, and which models have not been trained yet."""

from pathlib import Path

MODELS = "models"
DRAFT = "endpoint.yaml"
"""The declaration until the first training: no stack reads it, so an untrained model stops no other endpoint."""

TRAIN = "train.sh"
BUNDLE = "model.tar.gz"


def untrained(root: Path) -> list[str]:
    """One line for each draft of a clone: which model is not trained yet, and what trains it."""
    drafts = sorted((root / MODELS).glob(f"*/{DRAFT}"))
    return [f"{draft.parent.name}: not trained yet: run {MODELS}/{draft.parent.name}/{TRAIN}" for draft in drafts]
