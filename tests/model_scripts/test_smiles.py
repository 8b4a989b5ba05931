"""Promise: a text that is not one compound is refused with a reason, and no reason quotes it."""

import pytest

from model_scripts.chemistry.smiles import SmilesError, parse_smiles


@pytest.mark.parametrize("smiles", ["CCO", " CCO\t", "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "[2H]C", "C" * 200])
def test_a_compound_is_read(smiles: str) -> None:
    assert parse_smiles(smiles).GetNumAtoms() > 0


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("", "invalid_smiles: the SMILES is empty"),
        ("   ", "invalid_smiles: the SMILES is empty"),
        ("CCO\nCCN", "printable ASCII"),  # RDKit would read the first line only
        ("CCO ethanol", "holds a blank"),  # RDKit would drop the name
        ("\u0421\u0421O", "printable ASCII"),  # Cyrillic: RDKit would read water
        ("\ufeffCCO", "printable ASCII"),
        ("C\x00C", "printable ASCII"),
        ("CCO>>CC=O", "is a reaction"),
        ("[99999C]", "out of range"),  # RDKit would wrap around
        ("[Fe+100000]", "out of range"),
        ("*CC*", "dummy atom"),
        ("C(C", "cannot be read"),
        ("CN(C)(C)(C)C", "cannot be read"),
        ("nan", "cannot be read"),
        ("C" * 201, "too_large: 201 heavy atoms"),
        ("C" * 2001, "too_large: 2001 characters"),
        ("(" * 1000, "cannot be read"),
    ],
)
def test_anything_else_is_refused_with_a_reason(smiles: str, reason: str) -> None:
    with pytest.raises(SmilesError, match=reason) as refusal:
        parse_smiles(smiles)
    assert len(smiles.strip()) < 6 or smiles not in str(refusal.value)


def test_rdkit_does_not_write_structures_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SmilesError):
        parse_smiles("C1CANARY(")
    assert capfd.readouterr().err == ""
