"""Untrained chemprop models of every kind that is served, and molecules of all sorts for them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from chemprop.models import MPNN
from chemprop.nn import (
    BinaryClassificationFFN,
    BondMessagePassing,
    MeanAggregation,
    MulticlassClassificationFFN,
    NormAggregation,
    RegressionFFN,
    SumAggregation,
)
from chemprop.nn.transforms import ScaleTransform, UnscaleTransform

from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.inputs import Inputs, MatrixColumn

COMPOUNDS = (
    "C", "[Na+].[Cl-]", "O", "[H][H]", "CCO", "c1ccccc1O", "CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "F/C=C/F",
    "F/C=C\\F", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C#N", "[NH4+].[Cl-]", "OB(O)c1ccccc1",
    "CS(=O)(=O)c1ccc(cc1)C1=C(c2ccccc2)C(=O)OC1", "FC(F)(F)c1ccc(cc1)I", "C1CC2CCC1C2", "O=C=O", "CC[Hg]Cl",
    "CN(C)CCCN1c2ccccc2Sc2ccc(Cl)cc21", "C[N+](C)(C)CC(=O)[O-]", "OP(=O)(O)O", "S1SSSSSSS1", "C[Si](C)(C)C",
    "N->[Pt](Cl)(Cl)<-N", "[2H]OC", "[Fe+2]", "CC(=O)Nc1ccc(O)cc1", "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O",
)  # fmt: skip

HIDDEN = 40
DESCRIPTORS = 3


def inputs_of(smiles: Sequence[str], descriptors: int = 0) -> Inputs:
    """Rows with these structures, and reproducible numbers beside them."""
    matrix = np.random.default_rng(3).normal(size=(len(smiles), descriptors)).astype(np.float32)
    columns = tuple(MatrixColumn(name=f"x{number}") for number in range(descriptors))
    return Inputs(matrix=matrix, columns=columns, molecules=[parse_smiles(text) for text in smiles])


def served_models() -> dict[str, Callable[[], MPNN]]:
    """Name → what makes the model, the same each time."""
    return {
        "regression": lambda: model(regression(1), NormAggregation()),
        "twelve targets": lambda: model(regression(12), MeanAggregation()),
        "descriptors": lambda: model(regression(2, descriptors=DESCRIPTORS), SumAggregation(), scaled=True),
        "descriptors, not scaled": lambda: model(regression(1, descriptors=DESCRIPTORS), NormAggregation()),
        "batch norm": lambda: model(regression(1), MeanAggregation(), batch_norm=True),
        "undirected": lambda: model(regression(1), NormAggregation(), undirected=True, depth=5),
        "one step": lambda: model(regression(1), NormAggregation(), depth=1),
        "biased messages": lambda: model(regression(1), NormAggregation(), bias=True),
        "tanh": lambda: model(regression(1, activation="tanh"), NormAggregation(), activation="tanh"),
        "elu": lambda: model(regression(1, activation="elu"), NormAggregation(), activation="elu"),
        "leaky": lambda: model(
            regression(1, activation="leakyrelu"), NormAggregation(norm=7.0), activation="leakyrelu"
        ),
        "three layers": lambda: model(regression(1, n_layers=3), NormAggregation()),
        "no hidden layer": lambda: model(regression(1, n_layers=0), NormAggregation()),
        "two classes": lambda: model(BinaryClassificationFFN(input_dim=HIDDEN), NormAggregation()),
        "five binary targets": lambda: model(BinaryClassificationFFN(n_tasks=5, input_dim=HIDDEN), NormAggregation()),
        "four classes": lambda: model(MulticlassClassificationFFN(n_classes=4, input_dim=HIDDEN), NormAggregation()),
    }


def regression(tasks: int, *, descriptors: int = 0, **layers: Any) -> RegressionFFN:
    """A head whose targets have means and scales of their own."""
    scale = UnscaleTransform(np.linspace(-3, 50, tasks), np.linspace(2, 9, tasks))
    return RegressionFFN(n_tasks=tasks, input_dim=HIDDEN + descriptors, output_transform=scale, **layers)


def model(head: Any, aggregation: Any, *, batch_norm: bool = False, scaled: bool = False, **passing: Any) -> MPNN:
    """In evaluation mode, with weights and running statistics drawn from a seed."""
    scale = ScaleTransform([0.5, -1.0, 3.0], [1.5, 2.0, 0.1]) if scaled else None
    mpnn = MPNN(
        BondMessagePassing(d_h=HIDDEN, **passing), aggregation, head, batch_norm=batch_norm, X_d_transform=scale
    )
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in mpnn.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
        if batch_norm:
            mpnn.bn.running_mean.copy_(torch.randn(HIDDEN, generator=generator))
            mpnn.bn.running_var.copy_(torch.rand(HIDDEN, generator=generator) + 0.5)
    return mpnn.eval()
