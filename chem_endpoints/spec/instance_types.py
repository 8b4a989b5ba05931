"""SageMaker instance types that one of the images runs on, and what each has to offer.

Sources: ``instance_catalog.yaml`` beside this module, which names its own; "Instance type naming conventions" in the
EC2 user guide (``g`` after the generation is an Arm processor), "Amazon EC2 P6e" (``gb``: NVIDIA's Grace, Arm too).
"""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter

from chem_endpoints.spec.strict_model import StrictModel, refusal
from chem_endpoints.spec.yaml_file import read_mapping

CATALOG = Path(__file__).with_name("instance_catalog.yaml")
"""The table of instance types."""

MIB_PER_GIB = 1024
_SHAPE = re.compile(r"ml\.(?P<family>[a-z]+)(?P<generation>\d+)(?P<attributes>[a-z0-9-]*)\.[a-z0-9]+")
_GPU_FAMILIES = frozenset({"g", "p"})
_BURSTABLE_FAMILIES = frozenset({"t"})
_ARM_ATTRIBUTES = re.compile(r"g|.*-gb\d")
_CUSTOM_CHIP_FAMILIES = frozenset({"inf", "trn", "dl"})
_SMALL_INSTANCE_MIB = 16 * MIB_PER_GIB
_SMALL_SHARE, _SHARE = 3 / 16, 1 / 2


@dataclass(frozen=True, kw_only=True)
class Instance:
    """What an instance type has.

    Attributes:
        vcpus: virtual CPUs (hardware threads).
        memory_mib: main memory, MiB.
        gpus: NVIDIA devices; 0 on CPU types.
        gpu_memory_mib: memory of all devices together, MiB.
        local_storage: NVMe disks in the instance.
    """

    vcpus: int
    memory_mib: int
    gpus: int
    gpu_memory_mib: int
    local_storage: bool


class _Row(StrictModel):
    vcpus: int = Field(ge=1)
    memory_gib: int | float = Field(gt=0)
    gpus: int = Field(default=0, ge=0)
    gpu_memory_gib: int = Field(default=0, ge=0)
    local_storage: bool

    def instance(self) -> Instance:
        return Instance(
            vcpus=self.vcpus,
            memory_mib=round(self.memory_gib * MIB_PER_GIB),
            gpus=self.gpus,
            gpu_memory_mib=self.gpu_memory_gib * MIB_PER_GIB,
            local_storage=self.local_storage,
        )


@cache
def instances() -> dict[str, Instance]:
    """The whole catalogue, by type."""
    rows = TypeAdapter(dict[str, _Row]).validate_python(read_mapping(CATALOG)["instances"])
    return {name: row.instance() for name, row in rows.items()}


def instance(instance_type: str) -> Instance:
    """What the catalogue says of a type.

    Raises:
        LookupError: the type is not in the catalogue; the message names the nearest ones and how to add it.
    """
    found = instances().get(instance_type)
    if found is None:
        raise LookupError(_unknown(instance_type))
    return found


def has_gpu(instance_type: str) -> bool:
    """True for ``ml.g*`` and ``ml.p*``."""
    return _part(instance_type, "family") in _GPU_FAMILIES


def is_burstable(instance_type: str) -> bool:
    """True for ``ml.t*``, which Application Auto Scaling refuses."""
    return _part(instance_type, "family") in _BURSTABLE_FAMILIES


def has_local_storage(instance_type: str) -> bool:
    """True where the instance has NVMe disks: SageMaker encrypts those itself and refuses our key for the volume.

    Source: KmsKeyId of CreateEndpointConfig, SageMaker API reference.

    Raises:
        LookupError: the type is not in the catalogue.
    """
    return instance(instance_type).local_storage


def schedulable_memory_mib(instance_type: str) -> int:
    """Memory that the copies of inference components on one instance may ask for together, in MiB.

    AWS documents no figure: SageMaker keeps an unnamed part for itself. The rule is conservative, between public
    reports: on 16 GiB (ml.g5.xlarge) 1024 MB was accepted (aws-samples/generative-ai-on-amazon-sagemaker PR 335) and
    4096 MB rejected (stdapi-ai/stdapi.ai issue 43), so up to 16 GiB it is three sixteenths; AWS's own JumpStart
    specifications ask for half of larger instances (98 304 MB of the 192 GiB of ml.g5.12xlarge), so beyond it is half.

    Raises:
        LookupError: the type is not in the catalogue.
    """
    memory = instance(instance_type).memory_mib
    return int(memory * (_SMALL_SHARE if memory <= _SMALL_INSTANCE_MIB else _SHARE))


def _part(instance_type: str, part: str) -> str:
    shape = _SHAPE.fullmatch(instance_type)
    return shape[part] if shape else ""


def _unknown(instance_type: str) -> str:
    near = difflib.get_close_matches(instance_type, instances(), n=3, cutoff=0)
    return (
        f"{instance_type} is not in {CATALOG.name}; the nearest are {', '.join(near)}. If AWS offers it for hosting,"
        f" add its line to chem_endpoints/spec/{CATALOG.name}"
    )


def _runs_our_images(instance_type: str) -> str:
    if not _SHAPE.fullmatch(instance_type):
        raise refusal("must be a SageMaker instance type such as ml.c7i.xlarge")
    if _part(instance_type, "family") in _CUSTOM_CHIP_FAMILIES:
        raise refusal("no image runs on Inferentia, Trainium or Gaudi; choose a CPU (ml.c7i…) or GPU (ml.g5…) type")
    if _ARM_ATTRIBUTES.match(_part(instance_type, "attributes")):
        raise refusal("the images are built for x86-64, not for Arm; choose for example ml.c7i.xlarge")
    if instance_type not in instances():
        raise refusal(_unknown(instance_type))
    return instance_type


InstanceType = Annotated[str, AfterValidator(_runs_our_images)]
"""A SageMaker instance type that one of the images runs on."""
