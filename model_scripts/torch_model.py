"""Serves multilayer perceptrons on tables, stored as safetensors."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import safe_open

from chem_endpoints.wire.options import EXPLAIN_KEY
from model_scripts.explanations import atom_columns
from model_scripts.explanations import atoms_on_request as on_request
from model_scripts.inputs import Inputs
from model_scripts.member import Floats
from model_scripts.served_model import ServedModel, load_model, predict
from model_scripts.torch_mlp import Matrix, Network, Plan, from_safetensors, network_inputs, to_safetensors

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TorchMember", "load_member", "model_fn", "on_request", "predict_fn"]

FOLDER = "members"
SUFFIX = ".safetensors"
BLOCK = 32
"""Rows that the network gets at a time, filled up with zeros. Products of matrices of one size add up in one order; of
other sizes they differ by up to 4e-6, seen in 3 000 rows."""


@dataclass(frozen=True, kw_only=True)
class TorchMember:
    """A fitted network.

    Attributes:
        network: in its predicting mode.
        plan: how rows become its inputs, and its answers predictions.
    """

    network: Network
    plan: Plan

    def predict(self, inputs: Inputs) -> Floats:
        """Numbers float64 ``[rows, targets]``, or probabilities: ``[rows, classes]`` of one target, and of several
        targets ``[rows, targets]`` that each is 1.

        A row that lacks a value in a column of the plan's ``complete`` is NaN: nothing is filled in for it.
        """
        usable = np.flatnonzero(~np.isnan(inputs.matrix[:, list(self.plan.complete)]).any(axis=1))
        predicted = np.full((len(inputs), self.plan.classes or self.plan.outputs), np.nan)
        with torch.inference_mode():
            for start in range(0, len(usable), BLOCK):
                rows = usable[start : start + BLOCK]
                predicted[rows] = self._block(inputs.matrix[rows])
        return predicted

    def files(self, name: str) -> dict[str, bytes]:
        """The member as a file of a bundle."""
        return {f"{FOLDER}/{name}{SUFFIX}": to_safetensors(self.network, self.plan)}

    def _block(self, matrix: Matrix) -> Floats:
        block = np.zeros((BLOCK, matrix.shape[1]), dtype=np.float32)
        block[: len(matrix)] = matrix
        return _predictions(self.plan, self.network(*network_inputs(self.plan, block)).double())[: len(matrix)]


def _predictions(plan: Plan, answers: torch.Tensor) -> Floats:
    """Predictions from the network's own numbers float64 ``[rows, outputs]``."""
    if plan.kind == "regression":
        numbers: Floats = answers.numpy() * np.array(plan.target_sds) + np.array(plan.target_means)
        return numbers
    probabilities: Floats = (torch.softmax(answers, dim=1) if plan.classes > 2 else torch.sigmoid(answers)).numpy()
    return np.hstack([1.0 - probabilities, probabilities]) if plan.classes == 2 else probabilities


def load_member(folder: Path, name: str) -> TorchMember:
    """Reads the member that `TorchMember.files` wrote below ``folder``; torch then computes in one thread.

    Raises:
        FileNotFoundError: there is no such member.
    """
    torch.set_num_threads(1)
    with safe_open(folder / FOLDER / f"{name}{SUFFIX}", framework="pt") as file:
        network, plan = from_safetensors({key: file.get_tensor(key) for key in file.keys()}, file.metadata())  # noqa: SIM118
    return TorchMember(network=network, plan=plan)


def model_fn(model_dir: str) -> ServedModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: see `load_model`.
    """
    return load_model(model_dir, load_member)


def predict_fn(df: "pd.DataFrame", model: ServedModel, *, asked: Collection[str] = ()) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay."""
    return predict(df, model, asked, {EXPLAIN_KEY: atom_columns})
