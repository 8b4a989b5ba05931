"""Promise: what would take too long is refused at once, with the word that chemists know from Workbench."""

import json
from pathlib import Path

import pytest
from rdkit import Chem

from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.limits import check_limits, conformers_wanted
from model_scripts.conformers.settings import EnsembleSettings

DEFAULT = EnsembleSettings()


def status(smiles: str, settings: EnsembleSettings = DEFAULT) -> str:
    try:
        check_limits(Chem.MolFromSmiles(smiles), settings)
    except NoEnsembleError as error:
        return error.status
    return "ok"


def test_the_reason_ends_with_the_status() -> None:
    with pytest.raises(NoEnsembleError, match=r"^too_large: 97 rotatable bonds, .* \(skip:rot_bonds\)$") as refused:
        check_limits(Chem.MolFromSmiles("C" * 100), DEFAULT)
    assert refused.value.status == "skip:rot_bonds"


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", "ok"),
        ("C" * 53, "ok"),
        ("C" * 54, "skip:rot_bonds"),
        ("N1CC1" * 51, "skip:heavy_atoms"),
        (".".join(["c1ccccc1"] * 10), "ok"),
        (".".join(["c1ccccc1"] * 11), "skip:rings"),
        ("C12C3C4C1C5C2C3C45", "ok"),
        (".".join(["C1CC2CCC1C2"] * 4), "skip:ring_complexity"),
        ("C(C)" * 33, "ok"),
        ("C(C)" * 34, "skip:cost"),
    ],
)
def test_each_limit(smiles: str, expected: str) -> None:
    assert status(smiles) == expected


@pytest.mark.parametrize(("bonds", "conformers"), [(0, 50), (7, 50), (8, 200), (12, 200), (13, 300)])
def test_flexible_structures_get_more_conformers(bonds: int, conformers: int) -> None:
    """Ebejer et al. 2012, doi 10.1021/ci2004658."""
    chain = Chem.MolFromSmiles("C" * (bonds + 3))
    assert conformers_wanted(chain, DEFAULT) == conformers
    assert conformers_wanted(chain, EnsembleSettings(conformers=17)) == 17


def test_limits_are_settings() -> None:
    assert status("CCO", EnsembleSettings(max_heavy_atoms=2)) == "skip:heavy_atoms"
    assert status("CCO", EnsembleSettings(max_cost=149)) == "skip:cost"
    assert status("CCO", EnsembleSettings(max_cost=150)) == "ok"


def test_the_statuses_of_workbench(reference_data: Path) -> None:
    table = json.loads((reference_data / "workbench" / "ref_complexity_skips.json").read_text())["compounds"]
    assert len(table) == 12
    for compound in table:
        expected = compound["expected_status"]
        assert status(compound["smiles"]) == ("ok" if expected == "skip:embed" else expected), compound["name"]
