"""A chemprop ``MPNN`` as a `Network`: what our training makes, or what a user has trained with chemprop himself."""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch

from model_scripts.mpnn.encoding import EncodedColumn
from model_scripts.mpnn.graphs import WIDTHS
from model_scripts.mpnn.member import ChempropMember
from model_scripts.mpnn.network import Activation, Aggregation, Architecture, AtomFeatures, Head, Network

T = TypeVar("T")

_SERVED = ("message_passing.W_", "bn.", "X_d_transform.", "predictor.ffn.", "predictor.output_transform.")
_HEADS: dict[str, Head] = {
    "RegressionFFN": "regression",
    "BinaryClassificationFFN": "binary",
    "MulticlassClassificationFFN": "multiclass",
}
_AGGREGATIONS: dict[str, Aggregation] = {
    "MeanAggregation": "mean",
    "SumAggregation": "sum",
    "NormAggregation": "norm",
}
_ACTIVATIONS: dict[str, Activation] = {"ReLU": "relu", "LeakyReLU": "leakyrelu", "Tanh": "tanh", "ELU": "elu"}


def from_mpnn(mpnn: Any, atom_features: AtomFeatures = "V2") -> ChempropMember:
    """The member that predicts what a chemprop 2 ``MPNN`` predicts.

    Args:
        mpnn: ``chemprop.models.MPNN`` with bond message passing; of one converted from chemprop 1 the atom features are
            ``V1``.
        atom_features: the featuriser's mode at training; the weights do not tell.

    Raises:
        ValueError: the model has a part that is not served; names it.
    """
    architecture, tensors = _architecture(mpnn, atom_features), _tensors(mpnn)
    descriptors = mpnn.predictor.input_dim - mpnn.message_passing.output_dim
    columns = (EncodedColumn(),) * descriptors
    return ChempropMember(network=Network(architecture=architecture, tensors=tensors, columns=columns))


def _architecture(mpnn: Any, atom_features: AtomFeatures) -> Architecture:
    passing, predictor = mpnn.message_passing, mpnn.predictor
    _only("message passing", passing, ("BondMessagePassing",))
    if passing.W_d is not None or list(passing.graph_transform.buffers()):
        raise ValueError("a model with atom descriptors, or extra atom or bond features, is not served")
    if passing.W_i.in_features != WIDTHS[atom_features]:
        raise ValueError(
            f"the model reads {passing.W_i.in_features} features per bond, {atom_features} are {WIDTHS[atom_features]}:"
            " it was trained with another set, or with features of its own"
        )
    head = _named("predictor", predictor, _HEADS)
    if head == "multiclass" and predictor.n_tasks != 1:
        raise ValueError("a multiclass model of several targets is not served")
    return Architecture(
        atom_features=atom_features,
        depth=passing.depth,
        undirected=passing.undirected,
        activation=_named("activation", passing.tau, _ACTIVATIONS),
        ffn_activation=_named("activation", predictor.ffn[1][0], _ACTIVATIONS) if len(predictor.ffn) > 1 else "relu",
        aggregation=_named("aggregation", mpnn.agg, _AGGREGATIONS),
        norm=float(getattr(mpnn.agg, "norm", 1.0)),
        head=head,
        batch_norm_epsilon=float(getattr(mpnn.bn, "eps", 0.0)),
    )


def _named(part: str, module: Any, names: Mapping[str, T]) -> T:
    _only(part, module, tuple(names))
    return names[type(module).__name__]


def _only(part: str, module: Any, allowed: tuple[str, ...]) -> None:
    if (found := type(module).__name__) not in allowed:
        raise ValueError(f"a model whose {part} is {found} is not served; {', '.join(allowed)} can be")


def _tensors(mpnn: Any) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = mpnn.state_dict()
    return {
        name: tensor.detach().clone()
        for name, tensor in sorted(state.items())
        if name.startswith(_SERVED) and tensor.is_floating_point()  # a batch norm counts its batches
    }
