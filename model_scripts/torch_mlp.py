"""A multilayer perceptron for tables: how it is built, how rows become its inputs, and how it lies in a bundle."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from model_scripts.task import Kind

METADATA = "plan"
MOST_DEVIATIONS = 10.0
"""Numbers further than this many standard deviations from the training mean count as this many: beyond, a network has
learned nothing and answers with anything."""

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """A column of numbers.

    Attributes:
        position: in the matrix.
        mean: of the training rows, in the column's unit.
        sd: standard deviation of the training rows; 0 for a column of one value, which then counts for nothing.
        marked: whether training rows lacked it, so that the network has a second input that is 1 where it is missing.
    """

    position: int
    mean: float
    sd: float
    marked: bool


@dataclass(frozen=True, kw_only=True)
class CategoryColumn:
    """A column of categories; a missing one is one more category.

    Attributes:
        position: in the matrix.
        categories: how many there are.
    """

    position: int
    categories: int

    @property
    def dimensions(self) -> int:
        """Numbers that stand for a category: half the categories, at most 50."""
        return min(50, (self.categories + 1) // 2)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All about a network but its weights.

    Attributes:
        kind: what it predicts.
        classes: number of classes of a classification with one target; 0 otherwise.
        numbers: its columns of numbers.
        categories: its columns of categories.
        complete: positions of the columns that must hold a value: no training row lacked one.
        target_means: of the training rows, one per target of a regression, in the targets' units; else empty.
        target_sds: standard deviations likewise.
        outputs: numbers that the network itself gives per row.
        width: of a layer.
        layers: how many.
        dropout: share of a layer's numbers that training leaves out.
    """

    kind: Kind
    classes: int
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    complete: tuple[int, ...]
    target_means: tuple[float, ...]
    target_sds: tuple[float, ...]
    outputs: int
    width: int
    layers: int
    dropout: float

    @property
    def inputs(self) -> int:
        """Numbers that the network gets per row."""
        marks = sum(column.marked for column in self.numbers)
        return len(self.numbers) + marks + sum(column.dimensions for column in self.categories)


class Network(nn.Module):
    """Blocks of linear layer, layer normalisation, SiLU and dropout, and a linear layer at the end."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(_embedding(column) for column in plan.categories)
        widths = [plan.inputs, *[plan.width] * plan.layers]
        blocks = [_block(before, after, plan.dropout) for before, after in itertools.pairwise(widths)]
        self.body = nn.Sequential(*blocks, nn.Linear(widths[-1], plan.outputs))

    def forward(self, numbers: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Numbers float32 ``[rows, outputs]`` from `network_inputs`: scaled targets, or log-odds."""
        embedded = [embedding(codes[:, place]) for place, embedding in enumerate(self.embeddings)]
        answer: torch.Tensor = self.body(torch.cat([numbers, *embedded], dim=1))
        return answer


def _embedding(column: CategoryColumn) -> nn.Embedding:
    embedding = nn.Embedding(column.categories + 1, column.dimensions)
    with torch.no_grad():
        embedding.weight[-1] = 0.0  # a missing category means nothing until training says otherwise
    return embedding


def _block(before: int, after: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(before, after), nn.LayerNorm(after), nn.SiLU(), nn.Dropout(dropout))


def network_inputs(plan: Plan, matrix: Matrix) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network gets for float32 ``[rows, columns]``: numbers float32 ``[rows, numbers and marks]``,
    standardised in float64, and positions of categories int64 ``[rows, categories]``."""
    numbers = matrix[:, [column.position for column in plan.numbers]].astype(np.float64)
    missing = np.isnan(numbers)
    means = np.array([column.mean for column in plan.numbers])
    sds = np.array([column.sd for column in plan.numbers])
    scaled = (numbers - means) * np.divide(1.0, sds, out=np.zeros_like(sds), where=sds > 0)
    scaled = np.where(missing, 0.0, np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS))
    marks = missing[:, [place for place, column in enumerate(plan.numbers) if column.marked]]
    codes = matrix[:, [column.position for column in plan.categories]].astype(np.float64)
    codes = np.where(np.isnan(codes), [column.categories for column in plan.categories], codes)
    together = np.concatenate([scaled, marks], axis=1).astype(np.float32)
    return torch.from_numpy(together), torch.from_numpy(codes.astype(np.int64))


def to_safetensors(network: Network, plan: Plan) -> bytes:
    """Weights and plan in one safetensors file; the same network gives the same bytes."""
    weights = dict(sorted(network.state_dict().items()))
    return safetensors.torch.save(weights, metadata={METADATA: json.dumps(asdict(plan), sort_keys=True)})


def from_safetensors(weights: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> tuple[Network, Plan]:
    """The network, ready to predict, and its plan."""
    plan = _plan(json.loads(metadata[METADATA]))
    network = Network(plan)
    network.load_state_dict(dict(weights))
    return network.eval(), plan


def _plan(told: dict[str, Any]) -> Plan:
    told["numbers"] = tuple(NumberColumn(**column) for column in told["numbers"])
    told["categories"] = tuple(CategoryColumn(**column) for column in told["categories"])
    for name in ("complete", "target_means", "target_sds"):
        told[name] = tuple(told[name])
    return Plan(**told)
