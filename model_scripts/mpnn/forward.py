"""The forward pass of a directed message-passing network, without chemprop and Lightning.

Importing those takes seconds and 250 MB, and their forward pass spends half of its time on sums that torch does faster
otherwise. Definitions: Yang et al. 2019, https://doi.org/10.1021/acs.jcim.9b00237, equations 1 to 5.
"""

from collections.abc import Callable, Mapping

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own documentation calls it so

from model_scripts.mpnn.graphs import Graphs
from model_scripts.mpnn.network import Activation, Architecture, Network

_ACTIVATIONS: Mapping[Activation, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": torch.relu,
    "leakyrelu": lambda x: F.leaky_relu(x, 0.1),  # chemprop's slope
    "tanh": torch.tanh,
    "elu": F.elu,
}
_LEAST_ROWS = 8
_COLUMNS = 16


def forward(network: Network, graphs: Graphs, descriptors: torch.Tensor | None = None) -> torch.Tensor:
    """What the network predicts, float64 ``[molecules, outputs]``, in the targets' units or as probabilities.

    A binary network of one target gives the probabilities of both classes, one of several that of the second class per
    target.

    Args:
        network: on the device of the others.
        graphs: the molecules, one or more.
        descriptors: encoded, float32 ``[molecules, columns]``; ``None`` where it reads none.
    """
    values = logits(network, graphs, descriptors).double()
    match network.architecture.head:
        case "regression":
            return _unscaled(network.tensors, values)
        case "binary":
            probability = values.sigmoid()
            return torch.cat([1 - probability, probability], dim=1) if values.shape[1] == 1 else probability
        case "multiclass":
            return values.softmax(dim=1)


def logits(
    network: Network, graphs: Graphs, descriptors: torch.Tensor | None = None, *, dropout: float = 0.0
) -> torch.Tensor:
    """The last layer's numbers, float32 ``[molecules, outputs]``, before they become units or probabilities.

    Differentiable; ``dropout`` is for training: the share of hidden units that is left out.
    """
    atoms = _atom_states(network, graphs, dropout)
    fingerprint = _normalised(network, _aggregated(network.architecture, atoms, graphs))
    if descriptors is not None:
        fingerprint = torch.cat([fingerprint, _scaled(network.tensors, descriptors)], dim=1)
    return _feed_forward(network, fingerprint, dropout)


def _atom_states(network: Network, graphs: Graphs, dropout: float) -> torch.Tensor:
    """Hidden state of each atom after message passing along the bonds, ``[atoms, hidden]``."""
    activation = _ACTIVATIONS[network.architecture.activation]
    weights = network.tensors
    leaving = torch.cat([graphs.atoms.index_select(0, graphs.source), graphs.bonds], dim=1)
    first = _linear(leaving, weights, "message_passing.W_i")
    bonds = activation(first)
    for _ in range(1, network.architecture.depth):
        if network.architecture.undirected:
            bonds = (bonds + bonds.index_select(0, graphs.reverse)) / 2
        arriving = _sum_by(bonds, graphs.target, len(graphs.atoms))
        message = arriving.index_select(0, graphs.source).sub_(bonds.index_select(0, graphs.reverse))
        bonds = activation(_linear(message, weights, "message_passing.W_h").add_(first))
        bonds = _thinned(bonds, dropout)
    arriving = _sum_by(bonds, graphs.target, len(graphs.atoms))
    atoms = activation(_linear(torch.cat([graphs.atoms, arriving], dim=1), weights, "message_passing.W_o"))
    return _thinned(atoms, dropout)


def _aggregated(architecture: Architecture, atoms: torch.Tensor, graphs: Graphs) -> torch.Tensor:
    total = _sum_by(atoms, graphs.molecule, len(graphs))
    match architecture.aggregation:
        case "sum":
            return total
        case "norm":
            return total / architecture.norm
        case "mean":
            return total / torch.bincount(graphs.molecule, minlength=len(graphs)).unsqueeze(1)


def _normalised(network: Network, fingerprint: torch.Tensor) -> torch.Tensor:
    weights = network.tensors
    if "bn.running_mean" not in weights:
        return fingerprint
    deviation = (weights["bn.running_var"] + network.architecture.batch_norm_epsilon).sqrt()
    return (fingerprint - weights["bn.running_mean"]) / deviation * weights["bn.weight"] + weights["bn.bias"]


def _scaled(weights: Mapping[str, torch.Tensor], descriptors: torch.Tensor) -> torch.Tensor:
    if "X_d_transform.mean" not in weights:
        return descriptors
    return (descriptors - weights["X_d_transform.mean"]) / weights["X_d_transform.scale"]


def _feed_forward(network: Network, hidden: torch.Tensor, dropout: float) -> torch.Tensor:
    activation = _ACTIVATIONS[network.architecture.ffn_activation]
    hidden = _linear(hidden, network.tensors, "predictor.ffn.0.0")
    layer = 1
    while (name := f"predictor.ffn.{layer}.2") + ".weight" in network.tensors:
        hidden = _linear(_thinned(activation(hidden), dropout), network.tensors, name)
        layer += 1
    return hidden


def _thinned(hidden: torch.Tensor, dropout: float) -> torch.Tensor:
    return F.dropout(hidden, dropout) if dropout else hidden


def _unscaled(weights: Mapping[str, torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    if "predictor.output_transform.mean" not in weights:
        return values
    return values * weights["predictor.output_transform.scale"] + weights["predictor.output_transform.mean"]


def _sum_by(rows: torch.Tensor, index: torch.Tensor, count: int) -> torch.Tensor:
    """Sums of the rows that share an index, ``[count, columns]``."""
    return rows.new_zeros(count, rows.shape[1]).index_add_(0, index, rows)


def _linear(rows: torch.Tensor, weights: Mapping[str, torch.Tensor], name: str) -> torch.Tensor:
    """A linear layer whose numbers for a row do not depend on how many rows stand beside it.

    BLAS has other kernels, which round otherwise, for a few rows and for one column; so neither is ever asked for.
    """
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    count, columns = len(rows), len(weight)
    if columns < _COLUMNS:
        weight = F.pad(weight, (0, 0, 0, _COLUMNS - columns))
        bias = None if bias is None else F.pad(bias, (0, _COLUMNS - columns))
    if count < _LEAST_ROWS:
        rows = F.pad(rows, (0, 0, 0, _LEAST_ROWS - count))
    return F.linear(rows, weight, bias)[:count, :columns]
