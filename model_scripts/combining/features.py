"""What a combination reads: the features of its parts, by name."""

from collections.abc import Sequence

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import Feature
from model_scripts.combining.joining import Manifests


def combined_features(parts: Manifests) -> tuple[Feature, ...]:
    """The union of the parts' features; each part then judges the cells of its own.

    A cell is refused for all parts at once where no part could take it. Elsewhere it passes as a missing value, which
    the parts that need one refuse. Where a part takes a missing value, but not an unreadable one, an unreadable cell is
    refused for all: it must not pass for a missing one.

    Raises:
        BundleError: two parts read one column as different types, or in different units.
    """
    names = list(dict.fromkeys(feature.name for part in parts.values() for feature in part.features))
    return tuple(_merged(name, parts) for name in names)


def _merged(name: str, parts: Manifests) -> Feature:
    readers = {part: feature for part in parts for feature in parts[part].features if feature.name == name}
    _check_same_kind(name, readers)
    features = list(readers.values())
    by_all = len(readers) == len(parts)
    spared = not by_all or any(feature.unusable == "missing" for feature in features)
    silent = any(feature.unusable == "error" and feature.missing == "allow" for feature in features)
    needed = by_all and all(feature.missing == "error" for feature in features)
    return Feature(
        name=name,
        dtype=features[0].dtype,
        unit=next((feature.unit for feature in features if feature.unit), None),
        description=next((feature.description for feature in features if feature.description), ""),
        missing="error" if needed else "allow",
        categories=_categories(features),
        unusable="missing" if spared and not silent else "error",
    )


def _categories(features: Sequence[Feature]) -> tuple[str, ...] | None:
    """Of all parts, in their order; each part refuses those that it does not know."""
    if features[0].categories is None:
        return None
    return tuple(dict.fromkeys(label for feature in features for label in feature.categories or ()))


def _check_same_kind(name: str, readers: dict[str, Feature]) -> None:
    kinds = {part: (f.dtype, f.categories is None) for part, f in readers.items()}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{part} as {_kind(readers[part])}" for part in readers)
        raise BundleError(f"column {name!r} is read differently: {told}. Rename it in one of the parts")
    units = {part: f.unit for part, f in readers.items() if f.unit}
    if len(set(units.values())) > 1:
        told = ", ".join(f"{part} in {unit}" for part, unit in units.items())
        raise BundleError(f"column {name!r} is read in different units: {told}. Rename it in one of the parts")


def _kind(feature: Feature) -> str:
    return "a category" if feature.categories is not None else feature.dtype
