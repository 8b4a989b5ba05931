"""What an instance type's name says."""

import pytest
from pydantic import TypeAdapter, ValidationError

from chem_endpoints.spec.instance_types import InstanceType, has_gpu, is_burstable


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
        TypeAdapter(InstanceType).validate_python(name)


@pytest.mark.parametrize("name", ["ml.g4dn.xlarge", "ml.g6e.2xlarge", "ml.p6-b200.48xlarge"])
def test_gpu_types_beside_x86_processors_are_accepted(name: str) -> None:
    assert TypeAdapter(InstanceType).validate_python(name) == name
