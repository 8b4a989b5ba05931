"""Fits a network: chemprop's learning rates, our forward pass and a plain loop.

The loop needs no Trainer: nothing is printed, nothing is written to disk, and no row is held out.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own documentation calls it so

from model_scripts.mpnn.forward import logits
from model_scripts.mpnn.graphs import graphs_of
from model_scripts.mpnn.network import Head, Network


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What is learnt from.

    Attributes:
        smiles: canonical, one per row.
        descriptors: encoded, float32 ``[rows, columns]``; ``None``: molecules alone.
        targets: float32 ``[rows, targets]``: values, scaled; or 0 and 1; or positions of classes. NaN where one was not
            measured.
    """

    smiles: Sequence[str]
    descriptors: torch.Tensor | None
    targets: torch.Tensor

    def batches(self, order: npt.NDArray[np.intp], size: int) -> Iterator["Examples"]:
        """These rows in this order, ``size`` at a time; the last batch may be smaller."""
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield Examples(
                smiles=[self.smiles[row] for row in rows],
                descriptors=None if self.descriptors is None else self.descriptors[rows],
                targets=self.targets[rows],
            )


@dataclass(frozen=True, kw_only=True)
class Course:
    """How long, how fast and how is learnt; see `model_scripts.training.chemprop_family.ChempropSettings`."""

    epochs: int
    batch_size: int
    dropout: float
    warm_up_epochs: int
    initial_rate: float
    highest_rate: float
    final_rate: float


def fitted(start: Network, examples: Examples, course: Course, *, seed: int) -> Network:
    """The network with its layers' weights trained, from those of ``start`` and on its device.

    On a CPU the same seed gives the same bits.
    """
    network = _trainable(start)
    optimizer = torch.optim.Adam([tensor for tensor in network.tensors.values() if tensor.requires_grad], lr=1.0)
    steps = -(-len(examples.smiles) // course.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate(course, step / steps))
    shuffle = np.random.default_rng(seed)
    with seeded(seed):
        for _ in range(course.epochs):
            for batch in examples.batches(shuffle.permutation(len(examples.smiles)), course.batch_size):
                optimizer.zero_grad()
                _loss(network, batch, course.dropout).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
    return dataclasses.replace(network, tensors={name: tensor.detach() for name, tensor in network.tensors.items()})


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's random numbers follow the seed inside, and go on outside as if nothing had been drawn."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _trainable(network: Network) -> Network:
    tensors = {
        name: tensor.detach().clone().requires_grad_(name.startswith(("message_passing.", "predictor.ffn.")))
        for name, tensor in network.tensors.items()
    }
    return dataclasses.replace(network, tensors=tensors)


def learning_rate(course: Course, epoch: float) -> float:
    """It rises linearly, then falls exponentially; Vaswani et al. 2017 as chemprop has it."""
    if epoch < course.warm_up_epochs:
        return course.initial_rate + (course.highest_rate - course.initial_rate) * epoch / course.warm_up_epochs
    falling = max(course.epochs - course.warm_up_epochs, 1)
    share = min((epoch - course.warm_up_epochs) / falling, 1.0)
    return float(course.highest_rate * (course.final_rate / course.highest_rate) ** share)


def _loss(network: Network, batch: Examples, dropout: float) -> torch.Tensor:
    """Mean loss over the values of the batch that were measured."""
    graphs = graphs_of(batch.smiles, network.architecture.atom_features).to(network.device)
    predicted = logits(network, graphs, batch.descriptors, dropout=dropout)
    measured = ~batch.targets.isnan()
    losses = _losses(network.architecture.head, predicted, batch.targets.nan_to_num())
    return (losses * measured).sum() / measured.sum().clamp(min=1)


def _losses(head: Head, predicted: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    match head:
        case "regression":
            return F.mse_loss(predicted, targets, reduction="none")
        case "binary":
            return F.binary_cross_entropy_with_logits(predicted, targets, reduction="none")
        case "multiclass":
            return F.cross_entropy(predicted, targets[:, 0].long(), reduction="none").unsqueeze(1)
