"""Promise: columns that say the same in every part are given once."""

from chem_endpoints.wire.manifest import Output, Standardisation
from manifests import small_manifest
from model_scripts.combining.averaging import average_outputs
from model_scripts.combining.joining import concat_outputs

PARENT = Standardisation(policy="parent")


def test_structures_are_told_once_where_all_parts_standardise_alike() -> None:
    structure = (Output(name="smiles_used", dtype="text"), Output(name="prediction", dtype="float64"))
    alike = {name: small_manifest(outputs=structure, standardisation=PARENT) for name in "pq"}
    assert [output.name for output in concat_outputs(alike)] == [
        "smiles_used", "p_prediction", "p_error", "q_prediction", "q_error",
    ]  # fmt: skip
    salt = Standardisation(policy="salt")
    apart = {**alike, "q": small_manifest(outputs=structure, standardisation=salt)}
    assert "p_smiles_used" in [output.name for output in concat_outputs(apart)]
    assert "smiles_used" not in [output.name for output in concat_outputs(apart)]
    assert "smiles_used" not in [output.name for output in average_outputs(apart)]
