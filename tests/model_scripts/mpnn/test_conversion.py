"""Promise: a chemprop model with a part that is not served is refused by that part's name, never served without it."""

from collections.abc import Callable

import pytest
import torch
from chemprop.models import MPNN
from chemprop.nn import (
    AtomMessagePassing,
    AttentiveAggregation,
    BondMessagePassing,
    EvidentialFFN,
    MeanAggregation,
    MulticlassClassificationFFN,
    MveFFN,
    NormAggregation,
    RegressionFFN,
)
from chemprop.nn.transforms import GraphTransform, ScaleTransform

from chemprop_models import served_models
from model_scripts.mpnn.conversion import from_mpnn

REFUSED: dict[str, tuple[Callable[[], MPNN], str]] = {
    "atom messages": (lambda: MPNN(AtomMessagePassing(), MeanAggregation(), RegressionFFN()), "AtomMessagePassing"),
    "attention": (
        lambda: MPNN(BondMessagePassing(), AttentiveAggregation(output_size=300), RegressionFFN()),
        "AttentiveAggregation",
    ),
    "mean and variance": (lambda: MPNN(BondMessagePassing(), MeanAggregation(), MveFFN()), "MveFFN"),
    "evidential": (lambda: MPNN(BondMessagePassing(), MeanAggregation(), EvidentialFFN()), "EvidentialFFN"),
    "multiclass of two targets": (
        lambda: MPNN(BondMessagePassing(), MeanAggregation(), MulticlassClassificationFFN(n_classes=3, n_tasks=2)),
        "several targets",
    ),
    "atom descriptors": (
        lambda: MPNN(BondMessagePassing(d_vd=4), NormAggregation(), RegressionFFN(input_dim=304)),
        "atom descriptors",
    ),
    "extra atom features": (
        lambda: MPNN(BondMessagePassing(d_v=75), NormAggregation(), RegressionFFN()),
        "89 features per bond, V2 are 86",
    ),
    "scaled atom features": (
        lambda: MPNN(
            BondMessagePassing(
                graph_transform=GraphTransform(ScaleTransform([0.0] * 72, [2.0] * 72), torch.nn.Identity())
            ),
            NormAggregation(),
            RegressionFFN(),
        ),
        "extra atom or bond features",
    ),
    "another activation": (
        lambda: MPNN(BondMessagePassing(activation="prelu"), NormAggregation(), RegressionFFN()),
        "activation is PReLU",
    ),
    "another activation of the head": (
        lambda: MPNN(BondMessagePassing(), NormAggregation(), RegressionFFN(activation="prelu")),
        "activation is PReLU",
    ),
}


@pytest.mark.parametrize("part", REFUSED)
def test_a_part_that_is_not_served_is_named(part: str) -> None:
    make, named = REFUSED[part]
    with pytest.raises(ValueError, match=named):
        from_mpnn(make())


def test_the_wrong_set_of_atom_features_is_refused() -> None:
    with pytest.raises(ValueError, match="86 features per bond, V1 are 147"):
        from_mpnn(served_models()["regression"](), atom_features="V1")


def test_the_member_keeps_its_weights_when_the_model_is_trained_on() -> None:
    mpnn = served_models()["regression"]()
    member = from_mpnn(mpnn)
    before = member.network.tensors["message_passing.W_h.weight"].clone()
    mpnn.message_passing.W_h.weight.data.zero_()
    assert torch.equal(member.network.tensors["message_passing.W_h.weight"], before)
    assert not any(tensor.requires_grad for tensor in member.network.tensors.values())
