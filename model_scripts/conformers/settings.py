"""What an ensemble of conformers is computed with; the defaults are those of the endpoints that we ship."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from chem_endpoints.wire.bundle import BundleError

Setting = float | int | str | bool
EnergySetting = Literal["mmff94s", "gfn2-xtb"]


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings:
    """The settings of one endpoint, as they stand in `Manifest.settings`.

    Attributes:
        conformers: how many are embedded; ``auto``: 50 up to 7 rotatable bonds, 200 up to 12, else 300 (Ebejer et al.
            2012, doi 10.1021/ci2004658).
        energy: what weighs the conformers; ``gfn2-xtb`` adds the electronic columns.
        fallback: whether a structure that ``energy`` cannot treat is weighed by a force field instead, which
            ``desc3d_energy_method`` then tells; by default it comes back with a reason.
        temperature: of the Boltzmann weights, in K.
        window: conformers further above the lowest one do not count, in kcal/mol.
        isomers: first geometries that are compared where a centre or a double bond is undefined; the stereoisomer of
            the lowest one is embedded. 1: that of the first geometry.
        steps: most steps of a minimisation.
        energy_tolerance: minimised conformers that differ by less may be duplicates, in kcal/mol.
        rmsd_tolerance: and are, where they differ by less than this as well, in Å.
        seconds: after how long a structure's embedding stops with the conformers that are finished (``partial``);
            0: never. What comes back then depends on the machine.
        max_heavy_atoms: larger structures are not embedded.
        max_rotatable_bonds: nor are more flexible ones.
        max_rings: nor those with more rings (smallest set).
        max_ring_complexity: nor those with more rings, bridgeheads and spiro atoms together.
        max_cost: nor those with more heavy atoms times conformers.
    """

    conformers: Literal["auto"] | Annotated[int, Field(ge=1, le=10_000)] = "auto"
    energy: EnergySetting = "mmff94s"
    fallback: bool = False
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 298.15
    window: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    isomers: Annotated[int, Field(ge=1, le=100)] = 1
    steps: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    energy_tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    rmsd_tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.2
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    max_heavy_atoms: Annotated[int, Field(ge=1)] = 150
    max_rotatable_bonds: Annotated[int, Field(ge=0)] = 50
    max_rings: Annotated[int, Field(ge=0)] = 10
    max_ring_complexity: Annotated[int, Field(ge=0)] = 15
    max_cost: Annotated[int, Field(ge=1)] = 20_000


def read_settings(given: Mapping[str, Setting]) -> EnsembleSettings:
    """The settings that a manifest gives, as values or their texts, and the defaults for the rest.

    Raises:
        BundleError: no such setting, or not such a value; names both.
    """
    known = [field.name for field in fields(EnsembleSettings)]
    for name in given:
        if name not in known:
            raise BundleError(f"3D structures have no setting {name!r}; they have {', '.join(known)}")
    try:
        return _SETTINGS.validate_python(dict(given))
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        told = ", or ".join(each["msg"] for each in error.errors() if each["loc"][0] == name)
        raise BundleError(f"setting {name}={given[name]!r} of 3D structures: {told}") from None


_SETTINGS = TypeAdapter(EnsembleSettings)
