"""Promise: a type that AWS does not host, or that no image runs on, is refused; the others' sizes are known."""

import gzip
import json
from pathlib import Path
from typing import Any

import botocore
import pytest
from pydantic import TypeAdapter, ValidationError

from chem_endpoints.spec.instance_types import (
    Instance,
    InstanceType,
    has_gpu,
    has_local_storage,
    instance,
    instances,
    is_burstable,
    schedulable_memory_mib,
)


def checked(name: str) -> str:
    return TypeAdapter(InstanceType).validate_python(name)


@pytest.fixture(scope="module")
def hosted_by_aws() -> list[str]:
    file = next((Path(botocore.__file__).parent / "data/sagemaker").glob("*/service-2.json*"))
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    model: dict[str, Any] = json.loads(text)
    return list(model["shapes"]["ProductionVariantInstanceType"]["enum"])


@pytest.mark.parametrize("name", ["ml.g4dn.xlarge", "ml.g6e.2xlarge", "ml.p3.2xlarge", "ml.p6-b200.48xlarge"])
def test_gpu_types(name: str) -> None:
    assert has_gpu(name)


@pytest.mark.parametrize("name", ["ml.c7i.large", "ml.m5d.large", "ml.t2.medium", "nonsense"])
def test_types_without_a_gpu(name: str) -> None:
    assert not has_gpu(name)


def test_burstable_types() -> None:
    assert is_burstable("ml.t2.medium")
    assert not is_burstable("ml.trn1.2xlarge")


@pytest.mark.parametrize("name", ["ml.c7g.large", "ml.r7gd.xlarge", "ml.p6e-gb200.36xlarge"])
def test_arm_types_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="not for Arm"):
        checked(name)


@pytest.mark.parametrize("name", ["ml.g4dn.xlarge", "ml.g6e.2xlarge", "ml.p6-b200.48xlarge"])
def test_gpu_types_beside_x86_processors_are_accepted(name: str) -> None:
    assert checked(name) == name


def test_a_type_of_the_right_shape_that_nobody_knows_is_refused_with_the_nearest_and_how_to_add_it() -> None:
    with pytest.raises(ValidationError, match=r"nearest are .*ml\.c7i\.xlarge.* add its line to chem_endpoints/spec/"):
        checked("ml.c7i.xxlarge")
    with pytest.raises(LookupError, match=r"ml\.m6id\.large is not in instance_catalog\.yaml"):
        instance("ml.m6id.large")


def test_the_catalogue_lists_only_what_aws_hosts_and_every_type_of_the_families_it_has(
    hosted_by_aws: list[str],
) -> None:
    families = {name.split(".")[1] for name in instances()}
    assert set(instances()) == {name for name in hosted_by_aws if name.split(".")[1] in families}


def test_every_type_of_the_catalogue_passes_as_a_declared_one() -> None:
    assert [checked(name) for name in instances()] == list(instances())


def test_sizes() -> None:
    assert instance("ml.g5.12xlarge") == Instance(
        vcpus=48, memory_mib=192 * 1024, gpus=4, gpu_memory_mib=96 * 1024, local_storage=True
    )
    assert instance("ml.c7i.large") == Instance(
        vcpus=2, memory_mib=4 * 1024, gpus=0, gpu_memory_mib=0, local_storage=False
    )


def test_exactly_the_types_with_a_gpu_in_their_name_have_one() -> None:
    assert {name for name, found in instances().items() if found.gpus} == {
        name for name in instances() if has_gpu(name)
    }


@pytest.mark.parametrize(
    ("name", "disks"),
    [
        ("ml.m5d.large", True),
        ("ml.c5d.18xlarge", True),
        ("ml.g4dn.xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.m5.large", False),
        ("ml.p3.2xlarge", False),
        ("ml.t2.medium", False),
    ],
)
def test_local_disks(name: str, disks: bool) -> None:
    assert has_local_storage(name) is disks


def test_components_may_not_ask_for_the_whole_memory() -> None:
    assert schedulable_memory_mib("ml.g5.xlarge") == 3072  # 1024 MB was accepted there, 4096 MB rejected
    assert schedulable_memory_mib("ml.g5.12xlarge") == 98_304  # what JumpStart asks for
    assert all(0 < schedulable_memory_mib(name) <= found.memory_mib / 2 for name, found in instances().items())
