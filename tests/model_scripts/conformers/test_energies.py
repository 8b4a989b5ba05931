"""Promise: xTB energies and properties are those of the whole molecule at its charge and spin, on one thread, or the
row is refused; methods never mix within a row."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from chem_endpoints.wire.bundle import BundleError
from model_scripts.conformers.energies import GFN2_XTB, load_xtb, single_point
from model_scripts.conformers.ensemble import build_ensemble
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.settings import EnsembleSettings

tblite = pytest.importorskip("tblite", reason="tblite is not installed; Linux on arm64 has none")
XTB = EnsembleSettings(energy="gfn2-xtb", conformers=6)


def lone_atom(smiles: str, z: float) -> Chem.Mol:
    molecule = Chem.MolFromSmiles(smiles)
    conformer = Chem.Conformer(1)
    conformer.SetAtomPosition(0, (0.0, 0.0, z))
    molecule.AddConformer(conformer)
    return molecule


def test_an_ion_has_no_dipole_about_its_own_centre_wherever_it_stands() -> None:
    point = single_point(lone_atom("[Li+]", 10.0), 0)
    assert point.charges.tolist() == pytest.approx([1.0])
    assert np.abs(point.dipole).max() < 1e-9
    assert np.abs(point.quadrupole).max() < 1e-9


@pytest.mark.parametrize(
    ("smiles", "charge"), [("CC(=O)[O-]", -1), ("C[N+](C)(C)C", 1), ("CCO", 0), ("[CH3]", 0), ("[O][O]", 0)]
)
def test_charges_sum_to_the_formal_charge_radicals_too(smiles: str, charge: int) -> None:
    built = build_ensemble(Chem.CanonSmiles(smiles), XTB)
    assert built.energy_method == GFN2_XTB
    assert len(built.single_points) == len(built.weights)
    for point in built.single_points:
        assert point.charges.sum() == pytest.approx(charge, abs=1e-6)


def test_the_spin_is_that_of_the_radical_electrons() -> None:
    triplet = build_ensemble("[O][O]", XTB).single_points[0]
    assert np.sort(triplet.occupations)[-9:].sum() == pytest.approx(12, abs=0.01)
    assert ((triplet.occupations > 0.5) & (triplet.occupations < 1.5)).sum() == 2


def test_methods_differ_and_say_so() -> None:
    """Butane's gauche forms: 0.78 kcal/mol by MMFF94s, 0.6 by GFN2-xTB."""
    butane = build_ensemble("CCCC", EnsembleSettings(energy="gfn2-xtb", conformers=20))
    assert butane.energies.tolist() == pytest.approx([0, 0.594, 0.594], abs=0.02)
    assert butane.force_field == "MMFF94s"


def test_what_xtb_cannot_treat_is_refused_unless_a_fallback_is_allowed() -> None:
    with pytest.raises(NoEnsembleError, match=r"prediction_failed: GFN2-xTB cannot treat .*\(error:XTB\)"):
        single_point(lone_atom("[U]", 0.0), 0)


def test_a_whole_row_falls_back_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second conformer fails: without a fallback the row is refused, with one no conformer keeps its xTB energy."""
    import model_scripts.conformers.energies as energies

    def fails_once(molecule: Chem.Mol, conformer: int):
        if conformer == 1:
            raise NoEnsembleError(energies.Reason.PREDICTION_FAILED, "no", status="error:XTB")
        return single_point(molecule, conformer)

    monkeypatch.setattr(energies, "single_point", fails_once)
    butane = EnsembleSettings(energy="gfn2-xtb", conformers=20)
    with pytest.raises(NoEnsembleError, match="error:XTB"):
        build_ensemble("CCCC", butane)
    fallen = build_ensemble("CCCC", EnsembleSettings(energy="gfn2-xtb", conformers=20, fallback=True))
    assert (fallen.energy_method, fallen.single_points) == ("MMFF94s", ())
    assert fallen.energies.tolist() == pytest.approx([0, 0.782, 0.782], abs=0.01)


def test_without_tblite_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    with pytest.raises(BundleError, match="energy='gfn2-xtb' needs tblite"):
        load_xtb()


FORKING = """
import os, sys
import numpy as np
from pathlib import Path
from model_scripts.conformers.energies import load_xtb, single_point
from rdkit import Chem

load_xtb()
threads = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Threads")]
assert threads[0].split()[1] == "1", threads
child = os.fork()
if child == 0:
    molecule = Chem.MolFromSmiles("[Ne]")
    molecule.AddConformer(Chem.Conformer(1))
    os._exit(0 if np.isfinite(single_point(molecule, 0).energy) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the server forks on Linux only, and counts threads in /proc")
def test_xtb_starts_no_thread_and_works_in_a_fork(root: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FORKING], cwd=root, env=environment, check=True, timeout=60, capture_output=True
    )
    assert done.stdout + done.stderr == b""
