"""Promise: a combination reads what its parts read, refuses for all only what none could take, and lets no unreadable
cell pass for a missing one."""

import pytest

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import Feature, Manifest
from manifests import small_manifest
from model_scripts.combining.features import combined_features


def reading(**features: Feature) -> Manifest:
    return small_manifest(
        features=tuple(feature.model_copy(update={"name": name}) for name, feature in features.items())
    )


NEEDED = Feature(name="f", dtype="float64")
GAPS = Feature(name="f", dtype="float64", missing="allow")
LENIENT = Feature(name="f", dtype="float64", missing="allow", unusable="missing")


@pytest.mark.parametrize(
    ("parts", "missing", "unusable"),
    [
        ([{"f": NEEDED}, {"f": NEEDED}], "error", "error"),  # no part could take the row
        ([{"f": NEEDED}, {"f": GAPS}], "allow", "error"),
        ([{"f": GAPS}, {"f": GAPS}], "allow", "error"),
        ([{"f": LENIENT}, {"f": LENIENT}], "allow", "missing"),
        ([{"f": NEEDED}, {"f": LENIENT}], "allow", "missing"),
        ([{"f": NEEDED}, {"g": NEEDED}], "allow", "missing"),
        ([{"f": GAPS}, {"g": NEEDED}], "allow", "error"),  # an unreadable value must not pass for a missing one
        ([{"f": GAPS}, {"f": LENIENT}], "allow", "error"),
    ],
)
def test_no_unreadable_cell_reaches_a_strict_part_as_a_missing_one(
    parts: list[dict[str, Feature]], missing: str, unusable: str
) -> None:
    manifests = {f"p{number}": reading(**features) for number, features in enumerate(parts)}
    (feature,) = (feature for feature in combined_features(manifests) if feature.name == "f")
    assert (feature.missing, feature.unusable) == (missing, unusable)


def test_features_are_joined_by_name_and_must_mean_the_same() -> None:
    water, oil = (Feature(name="s", dtype="text", categories=(label, "air")) for label in ("water", "oil"))
    joined = combined_features({"p": reading(s=water, f=NEEDED), "q": reading(g=NEEDED, s=oil)})
    assert [feature.name for feature in joined] == ["s", "f", "g"]
    assert joined[0].categories == ("water", "air", "oil")
    with pytest.raises(BundleError, match="'f' is read differently: p as float64, q as a category"):
        combined_features({"p": reading(f=NEEDED), "q": reading(f=water)})
    with pytest.raises(BundleError, match="different units: p in mg, q in g"):
        combined_features(
            {unit[0]: reading(f=NEEDED.model_copy(update={"unit": unit[1]})) for unit in [("p", "mg"), ("q", "g")]}
        )
