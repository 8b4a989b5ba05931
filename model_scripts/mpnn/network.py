"""A fitted directed message-passing network as plain tensors, and the safetensors file that holds it.

The tensors bear the names that chemprop 2 gives them, so a file can go back into a chemprop ``MPNN``. What a name does
not tell, `Architecture`, is JSON in the file's metadata.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

import torch
from safetensors.torch import load, save

from model_scripts.mpnn.encoding import EncodedColumn

AtomFeatures = Literal["V1", "V2", "ORGANIC", "RIGR"]
"""Chemprop's sets of atom and bond features; models of chemprop 1 use ``V1``."""
Activation = Literal["relu", "leakyrelu", "tanh", "elu"]
Aggregation = Literal["mean", "sum", "norm"]
Head = Literal["regression", "binary", "multiclass"]

FORMAT = 1
_METADATA_KEY = "network"  # one key alone: safetensors writes several in no fixed order


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What the tensors of a network do not tell.

    Attributes:
        atom_features: what an atom and a bond are described by.
        depth: message passing steps, the first included.
        undirected: whether both directions of a bond share their message.
        activation: between message passing steps.
        ffn_activation: between the layers of the feed-forward network.
        aggregation: how the atoms of a molecule are combined.
        norm: what ``norm`` divides the sum by.
        head: what the last layer's numbers mean: values, a logit per target, or a logit per class.
        batch_norm_epsilon: added to the variance where the network has a batch norm.
    """

    atom_features: AtomFeatures = "V2"
    depth: int = 3
    undirected: bool = False
    activation: Activation = "relu"
    ffn_activation: Activation = "relu"
    aggregation: Aggregation = "norm"
    norm: float = 100.0
    head: Head = "regression"
    batch_norm_epsilon: float = 1e-5


@dataclass(frozen=True, kw_only=True)
class Network:
    """A fitted network.

    Attributes:
        architecture: see there.
        tensors: float32, by chemprop's names: ``message_passing.W_i.weight`` ``[hidden, atom + bond features]`` and so
            on. ``bn.*``, ``X_d_transform.*`` and ``predictor.output_transform.*`` may be absent.
        columns: how the descriptors beside the molecules are encoded; empty: the network reads molecules alone.
    """

    architecture: Architecture
    tensors: Mapping[str, torch.Tensor]
    columns: tuple[EncodedColumn, ...] = ()

    @property
    def outputs(self) -> int:
        """Numbers that the network predicts per molecule; for one binary target the probabilities of both classes."""
        last = [name for name in self.tensors if name.startswith("predictor.ffn.") and name.endswith(".weight")]
        count = len(self.tensors[max(last, key=_layer)])
        return 2 if self.architecture.head == "binary" and count == 1 else count

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.tensors["message_passing.W_i.weight"].device

    def to(self, device: str | torch.device) -> "Network":
        """The same network on another device."""
        tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return dataclasses.replace(self, tensors=tensors)


def _layer(name: str) -> int:
    return int(name.split(".")[2])


def to_safetensors(network: Network) -> bytes:
    """The file's bytes; the same network always gives the same bytes."""
    description = {
        "format": FORMAT,
        "architecture": dataclasses.asdict(network.architecture),
        "columns": [dataclasses.asdict(column) for column in network.columns],
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.tensors.items()}
    return save(tensors, metadata={_METADATA_KEY: json.dumps(description, sort_keys=True)})


def from_safetensors(contents: bytes) -> Network:
    """The network of a file that `to_safetensors` wrote.

    Raises:
        ValueError: the file is none of ours, or of a later version.
    """
    description = json.loads(_metadata(contents).get(_METADATA_KEY, "{}"))
    if description.get("format") != FORMAT:
        raise ValueError("this file holds no message-passing network, or one that a later version wrote")
    return Network(
        architecture=_architecture(description["architecture"]),
        tensors=load(contents),
        columns=tuple(EncodedColumn(**column) for column in description["columns"]),
    )


def _metadata(contents: bytes) -> dict[str, str]:
    # A safetensors file begins with the length of its header (8 bytes, little-endian) and the header as JSON.
    length = int.from_bytes(contents[:8], "little")
    metadata: dict[str, str] = json.loads(contents[8 : 8 + length]).get("__metadata__", {})
    return metadata


def _architecture(description: dict[str, Any]) -> Architecture:
    for name, hint in get_type_hints(Architecture).items():
        if (allowed := get_args(hint)) and description[name] not in allowed:
            raise ValueError(f"a network whose {name} is {description[name]!r} cannot be served: {allowed} can")
    return Architecture(**description)
