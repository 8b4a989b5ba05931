"""Promise: a signature shows every column that a model reads and adds, and its example can be sent as it is."""

import re
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from chem_endpoints.client.sent_columns import model_columns
from chem_endpoints.client.signature import COLUMNS, Signature
from chem_endpoints.wire.bundle import verify_archive
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Feature, GoldenRows, Manifest, Output
from manifests import small_manifest

BUNDLES = Path(__file__).parents[2] / "examples/bundles"

FEATURES = (
    Feature(name="smiles", dtype="text"),
    Feature(name="pH", dtype="float64", unit="pH units", missing="allow", description="of the <buffer>"),
    Feature(name="solvent", dtype="text", categories=tuple(f"solvent {letter}" for letter in "abcdefghij")),
    Feature(name="count", dtype="int64", missing="allow"),
)


def manifest() -> Manifest:
    golden = GoldenRows(
        input={"smiles": ["C", "CC"], "pH": [7.4, None], "solvent": ["solvent a"] * 2},
        output={"prediction": [1.0, 2.0]},
        relative_tolerance=1e-6,
    )
    return small_manifest(
        {},
        features=FEATURES,
        outputs=(Output(name="prediction", dtype="float64", unit="log10(mol/L)", description="solubility"),),
        on_request={"explain": (Output(name="explain_base", dtype="float64"),)},
        golden=golden,
    )


def test_the_table_has_every_column_of_the_manifest() -> None:
    table = Signature.of(manifest()).to_frame()
    assert tuple(table.columns) == COLUMNS
    assert table["name"].tolist() == [
        *("smiles", "pH", "solvent", "count", "prediction", PREDICTION_ERROR, "explain_base")
    ]
    assert table["role"].tolist() == ["input"] * 4 + ["output"] * 2 + ["output with explain=True"]
    assert table.iloc[1].tolist() == ["input", "pH", "float64", "pH units", "allow", "", "of the <buffer>"]
    assert table["categories"].iloc[2].split(", ") == list(FEATURES[2].categories or ())
    assert Signature.of(manifest()).options == ("explain",)


def test_the_text_is_aligned_and_names_units_and_cut_lists() -> None:
    lines = str(Signature.of(manifest())).splitlines()
    assert len({line.index(name) for line, name in zip(lines[1:3], ("smiles", "pH"), strict=True)}) == 1
    assert re.search(r"^output +prediction +float64 +log10\(mol/L\) .*solubility$", "\n".join(lines), re.MULTILINE)
    assert "solvent h, and 2 more" in lines[3]
    assert "solvent i" not in lines[3]
    assert all(line == line.rstrip() for line in lines)


def test_a_bare_name_at_the_prompt_shows_the_text_too() -> None:
    signature = Signature.of(manifest())
    assert repr(signature) == str(signature)


def test_the_notebook_table_is_text_not_markup() -> None:
    html = Signature.of(manifest())._repr_html_()
    assert html.count("<tr>") == 1 + 7
    assert "of the &lt;buffer&gt;" in html
    assert "<buffer>" not in html


def test_the_example_has_the_types_that_the_model_reads() -> None:
    example = Signature.of(manifest()).example()
    assert {name: str(dtype).replace("object", "str") for name, dtype in example.dtypes.items()} == {
        "smiles": "str",
        "pH": "float64",
        "solvent": "str",
        "count": "Int64",
    }
    assert example["pH"].isna().tolist() == [False, True]
    assert example["count"].isna().all()  # the golden rows do without it


@pytest.mark.parametrize("bundle", sorted(BUNDLES.glob("*.tar.gz")), ids=lambda path: path.name)
def test_the_example_of_each_bundle_fits_its_model(bundle: Path) -> None:
    found = verify_archive(bundle).manifest
    example = Signature.of(found).example()
    assert len(example) == len(next(iter(found.golden.input.values()))) > 0
    travelling = model_columns(example, found.features, {})
    assert travelling.reasons == {}
    assert_frame_equal(travelling.frame[[feature.name for feature in found.features]], example)


def test_hundreds_of_columns_are_counted_in_text_and_named_in_the_table() -> None:
    explained = tuple(Output(name=f"explain_{number}", dtype="float64") for number in range(200))
    signature = Signature.of(manifest().model_copy(update={"on_request": {"explain": explained}}))
    text = str(signature)
    assert "explain_2 " in text
    assert "explain_3 " not in text
    assert "… and 197 more" in text
    assert signature.to_frame()["name"].tolist()[-1] == "explain_199"
