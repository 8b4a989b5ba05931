"""Energies that weigh conformers: of the force field that relaxed them, or of GFN2-xTB single points on them.

GFN2-xTB: Bannwarth, Ehlert and Grimme 2019, doi 10.1021/acs.jctc.8b01176, by the library tblite. One row never mixes
methods: where the method asked for cannot treat a structure, all its conformers are weighed by another one, and only if
the settings allow it.
"""

import importlib
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from rdkit import Chem

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import Reason
from model_scripts.conformers.boltzmann import Floats
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.minimisation import ForceField
from model_scripts.conformers.settings import EnsembleSettings

GFN2_XTB = "GFN2-xTB"
KCAL_PER_HARTREE = 627.509474063
BOHR_PER_ANGSTROM = 1 / 0.529177210903


@dataclass(frozen=True, kw_only=True)
class SinglePoint:
    """The electronic structure of one conformer, in atomic units.

    Attributes:
        energy: Hartree.
        charges: of the atoms, e, ``[atoms]``.
        dipole: e·a0, ``[3]``, about the centre of mass, which matters for ions.
        quadrupole: traceless, e·a0², ``[6]``: xx, xy, yy, xz, yz, zz, about the centre of mass.
        orbital_energies: Hartree, ascending, ``[orbitals]``.
        occupations: electrons, ``[orbitals]``.
    """

    energy: float
    charges: Floats
    dipole: Floats
    quadrupole: Floats
    orbital_energies: Floats
    occupations: Floats


@dataclass(frozen=True, kw_only=True)
class Energies:
    """What weighs the conformers.

    Attributes:
        method: for ``desc3d_energy_method``: ``MMFF94s``, ``UFF`` or ``GFN2-xTB``.
        kcal_per_mol: ``[conformers]``.
        single_points: one per conformer; empty for a force field.
    """

    method: str
    kcal_per_mol: Floats
    single_points: tuple[SinglePoint, ...] = ()


def energies_of(molecule: Chem.Mol, force_field: ForceField, relaxed: Floats, settings: EnsembleSettings) -> Energies:
    """The energies of minimised conformers by the method that the settings ask for.

    Args:
        molecule: with explicit hydrogens.
        force_field: what relaxed the conformers.
        relaxed: their energies there, kcal/mol, ``[conformers]``.
        settings: method and fallback.

    Raises:
        NoEnsembleError: ``error:ForceField`` or ``error:XTB``; the method cannot treat the structure, and the settings
            allow no other.
    """
    if settings.energy == "gfn2-xtb":
        try:
            return _xtb_energies(molecule)
        except NoEnsembleError:
            if not settings.fallback:
                raise
    elif force_field != "MMFF94s" and not settings.fallback:
        raise NoEnsembleError(
            Reason.PREDICTION_FAILED,
            "MMFF94s has no parameters for this structure, and the endpoint allows no other energy",
            status="error:ForceField",
        )
    return Energies(method=force_field, kcal_per_mol=relaxed)


def load_xtb() -> ModuleType:
    """tblite's interface; starts no thread where ``OMP_NUM_THREADS`` is 1, so that a server may fork after it.

    Raises:
        BundleError: it is not installed; Linux on arm64 has none.
    """
    try:
        return importlib.import_module("tblite.interface")
    except ImportError as error:
        raise BundleError(
            "the setting energy='gfn2-xtb' needs tblite, which is not installed here; Linux on arm64 has none"
        ) from error


def _xtb_energies(molecule: Chem.Mol) -> Energies:
    points = tuple(single_point(molecule, conformer.GetId()) for conformer in molecule.GetConformers())
    hartree = np.array([point.energy for point in points])
    return Energies(method=GFN2_XTB, kcal_per_mol=hartree * KCAL_PER_HARTREE, single_points=points)


def single_point(molecule: Chem.Mol, conformer: int) -> SinglePoint:
    """GFN2-xTB of one conformer in vacuum, at tblite's electronic temperature of 300 K.

    The charge is the formal charge; a radical's electrons are unpaired.

    Raises:
        NoEnsembleError: ``error:XTB``; an element beyond radon, or no self-consistent charges.
    """
    xtb = load_xtb()
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
    masses = np.array([atom.GetMass() for atom in molecule.GetAtoms()])
    positions = molecule.GetConformer(conformer).GetPositions()
    positions = (positions - np.average(positions, axis=0, weights=masses)) * BOHR_PER_ANGSTROM
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    try:
        calculator = xtb.Calculator(
            GFN2_XTB, numbers, positions, charge=float(Chem.GetFormalCharge(molecule)), uhf=unpaired
        )
        calculator.set("verbosity", 0)
        result = calculator.singlepoint()
    except (RuntimeError, ValueError) as error:
        raise NoEnsembleError(
            Reason.PREDICTION_FAILED, f"{GFN2_XTB} cannot treat this structure", status="error:XTB"
        ) from error
    return SinglePoint(
        energy=float(result.get("energy")),
        charges=np.asarray(result.get("charges"), dtype=np.float64),
        dipole=np.asarray(result.get("dipole"), dtype=np.float64),
        quadrupole=np.asarray(result.get("quadrupole"), dtype=np.float64),
        orbital_energies=np.asarray(result.get("orbital-energies"), dtype=np.float64),
        occupations=np.asarray(result.get("orbital-occupations"), dtype=np.float64),
    )
