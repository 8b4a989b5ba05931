"""The named sets of descriptors that a model can be trained on, each a module that is imported when it is wanted."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import DescriptorSet

MODULES: dict[str, str] = {
    "rdkit_2d": "model_scripts.chemistry.rdkit_2d",
    "descriptors_2d": "model_scripts.chemistry.descriptors_2d",
    "morgan_counts": "model_scripts.chemistry.morgan_counts",
}
"""Name of a set → module with ``NAME``, ``VERSION``, ``COLUMNS`` and ``describe(molecule)``."""


@dataclass(frozen=True, kw_only=True)
class Describe:
    """A set of descriptors, ready to be computed.

    Attributes:
        name, version, columns: what a bundle must name to get the same numbers.
        describe: values of one molecule, ``[columns]``, NaN where one is undefined or beyond float32.
    """

    name: str
    version: str
    columns: tuple[str, ...]
    describe: Callable[[Any], npt.NDArray[Any]]


def describe_by(name: str) -> Describe:
    """The set of this name.

    Raises:
        BundleError: there is none.
    """
    if name not in MODULES:
        raise BundleError(f"no descriptors are called {name!r}; there are {', '.join(MODULES)}")
    module = importlib.import_module(MODULES[name])
    return Describe(name=module.NAME, version=module.VERSION, columns=module.COLUMNS, describe=module.describe)


def describe_as_trained(wanted: DescriptorSet) -> Describe:
    """The set that a bundle was trained on.

    Raises:
        BundleError: this code computes another version of it, or other columns.
    """
    here = describe_by(wanted.name)
    if (wanted.version, wanted.columns) != (here.version, here.columns):
        raise BundleError(
            f"the model was trained on the descriptors {wanted.name} {wanted.version}, this image computes"
            f" {here.name} {here.version}: train it again, or serve it with the image of its time"
        )
    return here
