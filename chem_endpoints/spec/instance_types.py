"""What a SageMaker instance type's name says about the machine.

Source: "ProductionVariant" in the SageMaker API reference (the list of types), "Instance type naming conventions"
in the EC2 user guide (``g`` after the generation is an Arm processor), "Amazon EC2 P6e" (``gb``: NVIDIA's Grace, Arm
too).
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from chem_endpoints.spec.strict_model import refusal

_SHAPE = re.compile(r"ml\.(?P<family>[a-z]+)(?P<generation>\d+)(?P<attributes>[a-z0-9-]*)\.[a-z0-9]+")
_GPU_FAMILIES = frozenset({"g", "p"})
_BURSTABLE_FAMILIES = frozenset({"t"})
_ARM_ATTRIBUTES = re.compile(r"g|.*-gb\d")
_CUSTOM_CHIP_FAMILIES = frozenset({"inf", "trn", "dl"})


def has_gpu(instance_type: str) -> bool:
    """True for ``ml.g*`` and ``ml.p*``."""
    return _part(instance_type, "family") in _GPU_FAMILIES


def is_burstable(instance_type: str) -> bool:
    """True for ``ml.t*``, which Application Auto Scaling refuses."""
    return _part(instance_type, "family") in _BURSTABLE_FAMILIES


def _part(instance_type: str, part: str) -> str:
    shape = _SHAPE.fullmatch(instance_type)
    return shape[part] if shape else ""


def _runs_our_images(instance_type: str) -> str:
    if not _SHAPE.fullmatch(instance_type):
        raise refusal("must be a SageMaker instance type such as ml.c7i.xlarge")
    if _part(instance_type, "family") in _CUSTOM_CHIP_FAMILIES:
        raise refusal("no image runs on Inferentia, Trainium or Gaudi; choose a CPU (ml.c7i…) or GPU (ml.g5…) type")
    if _ARM_ATTRIBUTES.match(_part(instance_type, "attributes")):
        raise refusal("the images are built for x86-64, not for Arm; choose for example ml.c7i.xlarge")
    return instance_type


InstanceType = Annotated[str, AfterValidator(_runs_our_images)]
"""A SageMaker instance type that one of the images runs on."""
