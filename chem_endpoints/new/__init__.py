"""A new model in one command: its draft declaration, training command and test; `write_model` writes them."""

from chem_endpoints.new.data import DataError, TrainingData, example_data, holds_classes, look_at
from chem_endpoints.new.drafts import untrained
from chem_endpoints.new.writing import NewModel, NewModelError, next_commands, require_valid, write_model

__all__ = [
    "DataError",
    "NewModel",
    "NewModelError",
    "TrainingData",
    "example_data",
    "holds_classes",
    "look_at",
    "next_commands",
    "require_valid",
    "untrained",
    "write_model",
]
