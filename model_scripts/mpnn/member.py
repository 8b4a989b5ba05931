"""A ChemProp model as a member of an ensemble."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from model_scripts.inputs import Inputs
from model_scripts.member import Floats
from model_scripts.mpnn.encoding import encode
from model_scripts.mpnn.forward import forward
from model_scripts.mpnn.graphs import Graphs, canonical_smiles, graphs_of
from model_scripts.mpnn.network import Network, from_safetensors, to_safetensors

FOLDER = "members"
SUFFIX = ".safetensors"
BATCH = 16
"""Molecules per forward pass; those of more do not fit the processor's cache, and each takes longer."""
GPU_BATCH = 1_024


@dataclass(frozen=True, kw_only=True)
class ChempropMember:
    """A directed message-passing network that predicts from molecules, and from descriptors beside them if it has any.

    Attributes:
        network: on the device that computes.
    """

    network: Network

    def predict(self, inputs: Inputs) -> Floats:
        """Predictions float64 ``[rows, outputs]``; probabilities for classes.

        A row that lacks a value which no training row lacked is NaN: nothing is filled in for it.

        Raises:
            ValueError: there are no molecules, or not the columns that the network was trained with.
        """
        (predicted,) = predict_together([self], inputs)
        return np.asarray(predicted)

    def files(self, name: str) -> dict[str, bytes]:
        """The member as a file of a bundle."""
        return {f"{FOLDER}/{name}{SUFFIX}": to_safetensors(self.network)}


def predict_together(members: Sequence[ChempropMember], inputs: Inputs) -> Floats:
    """What each of several members predicts, float64 ``[members, rows, outputs]``; graphs are made once for all.

    Raises:
        ValueError: see `ChempropMember.predict`; or the members are not of one kind.
    """
    if inputs.molecules is None:
        raise ValueError("the model reads structures, and got none")
    networks = [member.network for member in members]
    kinds = {(network.architecture.atom_features, network.outputs, network.device) for network in networks}
    if len(kinds) != 1:
        raise ValueError("the members are not of one kind")
    ((features, outputs, device),) = kinds
    if device.type == "cpu":  # several threads would cut the rows among them, and round by how many there are
        torch.set_num_threads(1)
    smiles = canonical_smiles(inputs.molecules)
    predicted = np.empty((len(members), len(inputs), outputs))
    size = BATCH if device.type == "cpu" else GPU_BATCH
    with torch.inference_mode():
        for start in range(0, len(inputs), size):
            rows = slice(start, start + size)
            graphs = graphs_of(smiles[rows], features).to(device)
            for number, network in enumerate(networks):
                predicted[number, rows] = _predict(network, graphs, inputs.matrix[rows])
    return predicted


def _predict(network: Network, graphs: Graphs, matrix: npt.NDArray[np.float32]) -> Floats:
    # A value that is missing is NaN throughout its row, and in no other.
    encoded = encode(network.columns, matrix)
    descriptors = torch.from_numpy(encoded).to(network.device) if network.columns else None
    return np.asarray(forward(network, graphs, descriptors).cpu().numpy())


def load_member(folder: Path, name: str) -> ChempropMember:
    """Reads the member that `ChempropMember.files` wrote below ``folder``; onto the GPU if there is one.

    Raises:
        FileNotFoundError: there is no such member.
        ValueError: the file holds no network that this code can compute.
    """
    torch.set_num_threads(1)  # before the first use: the pool that torch would start does not survive a fork
    network = from_safetensors((folder / FOLDER / f"{name}{SUFFIX}").read_bytes())
    return ChempropMember(network=network.to("cuda" if torch.cuda.is_available() else "cpu"))
