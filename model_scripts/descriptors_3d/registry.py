"""The 3D descriptors in their order, with units and meaning, and their values for an ensemble."""

import numpy as np

from chem_endpoints.wire.manifest import Output
from model_scripts.conformers.boltzmann import Floats
from model_scripts.conformers.ensemble import Ensemble
from model_scripts.conformers.settings import EnsembleSettings
from model_scripts.descriptors_3d.electronic import electronic
from model_scripts.descriptors_3d.flexibility import flexibility
from model_scripts.descriptors_3d.pharmacophore import pharmacophore, sites_of
from model_scripts.descriptors_3d.shape import shape
from model_scripts.descriptors_3d.surface import gasteiger_charges, surface


def _column(name: str, unit: str | None, description: str) -> Output:
    return Output(name=name, dtype="float64", unit=unit, description=description)


_ELECTRONIC = (
    _column("elec_dipole", "Debye", "dipole moment about the centre of mass"),
    _column(
        "elec_quadrupole", "Debye Å", "norm of the quadrupole tensor (traceless, Buckingham) about the centre of mass"
    ),
    _column("elec_homo", "eV", "energy of the highest occupied orbital"),
    _column("elec_lumo", "eV", "energy of the lowest unoccupied orbital"),
    _column("elec_gap", "eV", "LUMO - HOMO"),
    _column("elec_hardness", "eV", "chemical hardness η, half the gap"),
    _column("elec_electrophilicity", "eV", "μ² / 2η, with μ halfway between HOMO and LUMO"),
    _column("elec_qmax", "e", "highest partial charge of an atom"),
    _column("elec_qmin", "e", "lowest partial charge of an atom"),
    _column("elec_qabs_mean", "e", "mean magnitude of the atoms' partial charges"),
)
_GEOMETRIC = (
    _column("surf_sasa_total", "Å²", "solvent-accessible surface, probe of 1.4 Å"),
    _column("surf_sasa_polar", "Å²", "its part of N, O, P, S and the hydrogens on them"),
    _column("surf_sasa_apolar", "Å²", "its other part"),
    _column("surf_frac_apolar", None, "apolar share of the surface"),
    _column("surf_psa_charge", "Å² e", "sum of each atom's surface times the magnitude of its partial charge"),
    _column("shape_npr1", None, "smallest over largest moment of inertia: rod 0, disc 0.5, sphere 1"),
    _column("shape_npr2", None, "middle over largest moment of inertia: rod 1, disc 0.5, sphere 1"),
    _column("shape_asphericity", None, "0 for a sphere, 1 for a rod"),
    _column("shape_rgyr", "Å", "radius of gyration, mass-weighted"),
    _column("shape_spherocity", None, "1 for a sphere, 0 for a plane"),
    _column("shape_pbf", "Å", "mean distance of heavy atoms from their best plane"),
    _column("pharm_amphiphilic_moment", "Å", "distance of the polar from the apolar atoms' centroid"),
    _column("pharm_charge_centroid_dist", "Å", "distance of nitrogens that are or may become charged from the centre"),
    _column("pharm_hba_centroid_dist", "Å", "distance of the pure acceptors from the centre"),
    _column("flex_index", None, "conformational entropy in units of R: 0 for one conformer, ln n for n equal ones"),
    _column("flex_confs_in_window", None, "conformers within the energy window"),
)


def columns(settings: EnsembleSettings) -> tuple[Output, ...]:
    """The descriptors of an endpoint, in order: 26 with GFN2-xTB energies, 16 without."""
    return (*_ELECTRONIC, *_GEOMETRIC) if settings.energy == "gfn2-xtb" else _GEOMETRIC


def describe(ensemble: Ensemble, settings: EnsembleSettings) -> dict[str, float]:
    """Boltzmann averages over an ensemble, one value per name of `columns`; NaN where a descriptor is undefined.

    Charges are those of GFN2-xTB where the settings ask for its energies, else Gasteiger's. Where a force field stands
    in for xTB, what needs its charges is NaN rather than of another kind.
    """
    molecule = ensemble.molecule
    sites, charges = sites_of(molecule), _charges(ensemble, settings)
    values = [
        {
            **(electronic(ensemble.single_points[number]) if ensemble.single_points else {}),
            **surface(molecule, number, charges[number]),
            **shape(molecule, number),
            **pharmacophore(molecule.GetConformer(number).GetPositions(), sites),
        }
        for number in range(len(ensemble.weights))
    ]
    averages = {name: float(ensemble.weights @ np.array([value[name] for value in values])) for name in values[0]}
    averages |= flexibility(ensemble.weights)
    return {column.name: averages.get(column.name, float("nan")) for column in columns(settings)}


def _charges(ensemble: Ensemble, settings: EnsembleSettings) -> list[Floats]:
    """Of each conformer's atoms."""
    if ensemble.single_points:
        return [point.charges for point in ensemble.single_points]
    if settings.energy == "gfn2-xtb":
        charges = np.full(ensemble.molecule.GetNumAtoms(), np.nan)
    else:
        charges = gasteiger_charges(ensemble.molecule)
    return [charges] * len(ensemble.weights)
