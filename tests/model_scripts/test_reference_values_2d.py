"""Promise: what we compute, and what the installed libraries compute, agrees with values that others published."""

import csv
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from mordred import Calculator, Polarizability, descriptors, is_missing
from rdkit import Chem
from rdkit.Chem import Descriptors

from model_scripts.chemistry.descriptors_2d import COLUMNS, describe
from model_scripts.chemistry.smiles import SmilesError, parse_smiles

DIFFER = {
    ("InformationContent", "EllagicAcid", f"{kind}{order}")
    for kind in ("IC", "TIC", "SIC", "CIC", "BIC")
    for order in range(2, 6)
}
"""Table, molecule and descriptor of the published Mordred values that the installed Mordred does not repeat."""

PUBLISHED_VALUES = 8313
OF_CONFORMERS = 292


def column(values: Any, name: str) -> float:
    return float(values[COLUMNS.index(name)])


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as table:
        return [row for row in csv.reader(table) if not row[0].startswith("#")]


def test_polar_surface_areas_of_thousands(reference_data: Path) -> None:
    """Daylight's toolkit and P. Ertl's own program; within 0.01 Å². The column ``tpsa`` is this function's value."""
    agree = 0
    for smiles, expected in rows(reference_data / "rdkit" / "NCI_5K_TPSA.csv"):
        try:
            molecule = parse_smiles(smiles)
        except SmilesError:
            continue
        assert Descriptors.TPSA(molecule) == pytest.approx(float(expected), abs=0.01), smiles
        agree += 1
    assert agree == 4978


def test_drug_likeness(reference_data: Path) -> None:
    """G. R. Bickerton's own program; within 0.0001."""
    table = rows(reference_data / "rdkit" / "NCI_200_qed.csv")
    computed = [column(describe(parse_smiles(smiles)), "qed") for smiles, _ in table]
    assert computed == pytest.approx([float(expected) for _, expected in table], abs=1e-4)
    assert len(computed) == 200


def test_log_p_and_molar_refractivity(reference_data: Path) -> None:
    """S. A. Wildman and G. M. Crippen, J. Chem. Inf. Comput. Sci. 1999, 39, 868."""
    table = rows(reference_data / "rdkit" / "Crippen.csv")
    computed = [describe(parse_smiles(smiles)) for smiles, *_ in table]
    assert [column(values, "mollogp") for values in computed] == pytest.approx([float(row[1]) for row in table])
    assert [column(values, "molmr") for values in computed] == pytest.approx([float(row[2]) for row in table])
    assert len(computed) == 8


@dataclass(frozen=True, kw_only=True)
class Published:
    """One published value; NaN: the descriptor is undefined for the molecule."""

    table: str
    molecule: str
    descriptor: str
    value: float
    tolerance: float


def published(folder: Path) -> Iterator[Published]:
    for path in sorted(folder.glob("*.yaml")):
        for block in yaml.load(path.read_text(), Loader=yaml.CSafeLoader):
            names = block["names"] if isinstance(block["names"], list) else [block["names"]]
            tolerance = 1.5 * 10.0 ** -(block.get("digit") or 0)
            for molecule, values in block["results"].items():
                for name, value in zip(names, values if isinstance(values, list) else [values], strict=False):
                    if value != "skip":
                        yield Published(
                            table=path.stem, molecule=molecule, descriptor=name, value=value, tolerance=tolerance
                        )


def agrees(found: Any, expected: Published) -> bool:
    if is_missing(found) or math.isnan(expected.value):
        return is_missing(found) and math.isnan(expected.value)
    return bool(abs(float(found) - expected.value) < expected.tolerance)


def test_mordred_repeats_its_published_values(reference_data: Path) -> None:
    values = list(published(reference_data / "mordred" / "references"))
    wanted = {value.descriptor for value in values} - {"apol", "bpol"}
    calculator = Calculator(item for item in Calculator(descriptors).descriptors if str(item) in wanted)
    calculator.register([Polarizability.APol(True), Polarizability.BPol(True)])
    conformers = {str(item) for item in calculator.descriptors if item.require_3D}
    computed = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for molecule in Chem.SDMolSupplier(str(reference_data / "mordred" / "structures.sdf"), removeHs=False):
            names = [str(item) for item in calculator.descriptors]
            computed[molecule.GetProp("_Name")] = dict(zip(names, calculator(molecule), strict=True))
    differing = {
        (value.table, value.molecule, value.descriptor)
        for value in values
        if not agrees(computed[value.molecule][value.descriptor], value)
    }
    assert differing == DIFFER
    assert len(values) == PUBLISHED_VALUES
    assert sum(value.descriptor in conformers for value in values) == OF_CONFORMERS
