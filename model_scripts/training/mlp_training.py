"""The training of a multilayer perceptron: which rows, in which order, against which loss, how fast."""

import copy
import math
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch.nn import functional

from model_scripts.torch_mlp import Network, Plan

HELD_OUT = 0.1


@dataclass(frozen=True, kw_only=True)
class TorchSettings:
    """Hyperparameters.

    The defaults predicted the validation parts of three random splits and of a scaffold split of ESOL (Delaney 2004)
    among the best of eight settings on RDKit's 2D descriptors; it mattered little.

    Attributes:
        epochs: passes over the training rows.
        width: numbers of a layer.
        layers: how many.
        dropout: share of a layer's numbers that a training step leaves out.
        learning_rate: of AdamW at the start; it falls to zero along a cosine.
        weight_decay: of AdamW.
        batch_size: rows of a training step.
        early_stopping: whether a tenth of the training rows is held out, and the weights that predict it best are kept.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 80
    width: Annotated[int, Field(ge=1, le=4096)] = 256
    layers: Annotated[int, Field(ge=1, le=20)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-2
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 64
    early_stopping: bool = False


def train(
    network: Network,
    plan: Plan,
    inputs: tuple[torch.Tensor, torch.Tensor],
    wanted: torch.Tensor,
    settings: TorchSettings,
) -> None:
    """Trains in place, with torch's own random numbers: AdamW, the learning rate along half a cosine
    (Loshchilov and Hutter, arXiv:1711.05101 and arXiv:1608.03983).

    Args:
        network: with its initial weights.
        plan: what it predicts.
        inputs: numbers and codes of all training rows, see `model_scripts.torch_mlp.network_inputs`.
        wanted: float32 ``[rows, targets]``, NaN where a target was not measured.
        settings: how.
    """
    training, held_out = _split(len(wanted), settings.early_stopping)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    steps = settings.epochs * -(-len(training) // settings.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    least, best = math.inf, None
    for _ in range(settings.epochs):
        network.train()
        for rows in torch.split(training[torch.randperm(len(training))], settings.batch_size):
            optimiser.zero_grad()
            _loss(network, plan, inputs, wanted, rows).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        error = _held_out_loss(network, plan, inputs, wanted, held_out)
        if error < least:
            least, best = error, copy.deepcopy(network.state_dict())
    if best is not None:
        network.load_state_dict(best)


def _split(rows: int, early_stopping: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions of the rows to train on, and of those to stop by."""
    shuffled = torch.randperm(rows)
    held_out = max(1, int(rows * HELD_OUT)) if early_stopping and rows > 1 else 0
    return shuffled[held_out:], shuffled[:held_out]


def _held_out_loss(
    network: Network, plan: Plan, inputs: tuple[torch.Tensor, torch.Tensor], wanted: torch.Tensor, rows: torch.Tensor
) -> float:
    """Infinite where no row is held out: no epoch is better than the last."""
    if not len(rows):
        return math.inf
    network.eval()
    with torch.no_grad():
        return float(_loss(network, plan, inputs, wanted, rows))


def _loss(
    network: Network, plan: Plan, inputs: tuple[torch.Tensor, torch.Tensor], wanted: torch.Tensor, rows: torch.Tensor
) -> torch.Tensor:
    """Mean over the values that were measured: squared error, or cross-entropy."""
    numbers, codes = inputs
    answers, target = network(numbers[rows], codes[rows]), wanted[rows]
    if plan.classes > 2:
        return functional.cross_entropy(answers, target[:, 0].long())
    measured = ~torch.isnan(target)
    known = torch.where(measured, target, 0.0)
    if plan.kind == "regression":
        losses = (answers - known) ** 2
    else:
        losses = functional.binary_cross_entropy_with_logits(answers, known, reduction="none")
    return torch.where(measured, losses, 0.0).sum() / measured.sum().clamp(min=1)
