"""What an instance type's name says."""

import pytest

from chem_endpoints.spec.instance_types import has_gpu, is_burstable


@pytest.mark.parametrize("name", ["ml.g4dn.xlarge", "ml.g6e.2xlarge", "ml.p3.2xlarge", "ml.p6-b200.48xlarge"])
def test_gpu_types(name: str) -> None:
    assert has_gpu(name)


@pytest.mark.parametrize("name", ["ml.c7i.large", "ml.m5d.large", "ml.t2.medium", "nonsense"])
def test_types_without_a_gpu(name: str) -> None:
    assert not has_gpu(name)


def test_burstable_types() -> None:
    assert is_burstable("ml.t2.medium")
    assert not is_burstable("ml.trn1.2xlarge")
