"""Promise: a stored network comes back bit for bit, is always stored as the same bytes, and holds no pickle."""

import dataclasses
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from chemprop_models import served_models
from model_scripts.mpnn.conversion import from_mpnn
from model_scripts.mpnn.encoding import EncodedColumn
from model_scripts.mpnn.network import Architecture, Network, from_safetensors, to_safetensors

architectures = st.builds(
    Architecture,
    atom_features=st.sampled_from(["V1", "V2", "ORGANIC", "RIGR"]),
    depth=st.integers(1, 9),
    undirected=st.booleans(),
    activation=st.sampled_from(["relu", "leakyrelu", "tanh", "elu"]),
    ffn_activation=st.sampled_from(["relu", "leakyrelu", "tanh", "elu"]),
    aggregation=st.sampled_from(["mean", "sum", "norm"]),
    norm=st.floats(1e-3, 1e6),
    head=st.sampled_from(["regression", "binary", "multiclass"]),
    batch_norm_epsilon=st.floats(0, 1),
)
encodings = st.lists(
    st.builds(EncodedColumn, categories=st.integers(0, 9), gaps=st.booleans(), fill=st.floats(-1e30, 1e30)), max_size=4
)


@settings(max_examples=50)
@given(architecture=architectures, columns=encodings, seed=st.integers(0, 2**32 - 1))
def test_what_is_stored_comes_back(architecture: Architecture, columns: list[EncodedColumn], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors = {f"layer.{number}": torch.randn(number, 3, generator=generator) for number in range(4)}
    network = Network(architecture=architecture, tensors=tensors, columns=tuple(columns))
    stored = to_safetensors(network)
    again = from_safetensors(stored)
    assert again.architecture == architecture
    assert again.columns == tuple(columns)
    assert sorted(again.tensors) == sorted(tensors)
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in tensors.items())
    assert to_safetensors(again) == stored


def test_a_file_without_our_description_is_refused() -> None:
    with pytest.raises(ValueError, match="no message-passing network"):
        from_safetensors(save({"x": torch.zeros(1)}))
    with pytest.raises(ValueError, match="later version"):
        from_safetensors(save({"x": torch.zeros(1)}, metadata={"network": json.dumps({"format": 2})}))


def test_a_network_that_this_code_cannot_compute_is_refused_by_name() -> None:
    network = from_mpnn(served_models()["regression"]()).network
    other = dataclasses.replace(network.architecture, activation="swish")  # type: ignore[arg-type]
    stored = to_safetensors(dataclasses.replace(network, architecture=other))
    with pytest.raises(ValueError, match="activation is 'swish'"):
        from_safetensors(stored)


def test_the_tensors_go_back_into_chemprop() -> None:
    mpnn, fresh = served_models()["batch norm"](), served_models()["batch norm"]()
    for parameter in fresh.parameters():
        parameter.data.zero_()
    stored = to_safetensors(from_mpnn(mpnn).network)
    missing, unexpected = fresh.load_state_dict(load(stored), strict=False)
    assert not unexpected
    assert all(name.startswith(("metrics.", "predictor.criterion.", "bn.num_batches")) for name in missing)
    for name, tensor in mpnn.state_dict().items():
        if name not in missing:
            assert torch.equal(tensor, fresh.state_dict()[name])


@pytest.mark.parametrize("kind", served_models())
def test_the_number_of_outputs_is_that_of_the_predictions(kind: str) -> None:
    member = from_mpnn(served_models()[kind]())
    expected = {"twelve targets": 12, "descriptors": 2, "two classes": 2, "five binary targets": 5, "four classes": 4}
    assert member.network.outputs == expected.get(kind, 1)
