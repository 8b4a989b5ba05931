"""Writes the bundle of a combination: the files of its parts as they are, and how they are combined."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from chem_endpoints.wire.bundle import BundleError, read_archive, verify_files, write_bundle
from chem_endpoints.wire.bundle_contents import digests, version_of
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import MANIFEST_NAME, Cell, Feature, Manifest, Output, answer_columns
from model_scripts.combination import outputs
from model_scripts.combining.features import combined_features
from model_scripts.combining.joining import Manifests, requested_outputs
from model_scripts.combining.parts import SCRIPT, script_of
from model_scripts.combining.plan import COMBINATION_FILE, PARTS_FOLDER, How, Plan, PlannedPart
from model_scripts.training.golden_rows import UNKNOWN, golden_rows

GOLDEN_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class RequestedPart:
    """A bundle to combine.

    Attributes:
        name: begins the names of its columns: small letters, digits and underscores.
        bundle: its ``model.tar.gz``.
        weight: of its prediction in a weighted mean; ``None``: 1 there, and none elsewhere.
    """

    name: str
    bundle: Path
    weight: float | None = None


@dataclass(frozen=True, kw_only=True)
class _SourcePart:
    """A bundle to combine, read and verified."""

    planned: PlannedPart
    manifest: Manifest
    files: Mapping[str, bytes]


def write_combination(how: How, parts: Sequence[RequestedPart], out: Path, *, require_all: bool = False) -> str:
    """Writes the bundle of a combination and returns its model digest.

    Args:
        how: see `Plan.how`.
        parts: at least two, in the order in which they are to run.
        out: ``model.tar.gz`` to write.
        require_all: see `Plan.require_all`.

    Raises:
        BundleError: a part is no sound bundle, computes other golden rows here than where it was made, or does not go
            with the others in this way.
    """
    _check_weights(how, parts)
    sources = [_read(part) for part in parts]
    plan = _plan(how, sources, require_all)
    files = {
        COMBINATION_FILE: plan.to_bytes(),
        **{f"{PARTS_FOLDER}/{s.planned.name}/{path}": data for s in sources for path, data in s.files.items()},
    }
    manifests = {source.planned.name: source.manifest for source in sources}
    draft = _manifest(plan, manifests, digests(files))
    for source in sources:
        _check_golden_rows(source)
    rows = read_features(_golden_inputs(draft.features, manifests), draft.features).frame
    tolerance = max(manifest.golden.relative_tolerance for manifest in manifests.values())
    golden = golden_rows(draft, files, rows, tolerance)
    return write_bundle(out, draft.model_copy(update={"golden": golden}), files)


def _check_weights(how: How, parts: Sequence[RequestedPart]) -> None:
    given = [part.name for part in parts if part.weight is not None]
    if how == "weighted" and not given:
        raise BundleError("a weighted mean needs the weight of a part at least; mean weighs all alike")
    if how != "weighted" and given:
        raise BundleError(f"part {given[0]!r} has a weight, which {how!r} does not use; weighted does")


def _read(part: RequestedPart) -> _SourcePart:
    files = read_archive(part.bundle)
    verified = verify_files(files, where=str(part.bundle))
    script_of(verified.manifest, part.name)
    planned = _planned(part, verified.digest)
    return _SourcePart(planned=planned, manifest=verified.manifest, files=files)


def _planned(part: RequestedPart, digest: str) -> PlannedPart:
    try:
        return PlannedPart(name=part.name, digest=digest, weight=1.0 if part.weight is None else part.weight)
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)[0]
        raise BundleError(f"part {part.name!r}: its {told['loc'][0]}: {told['msg']}") from None


def _plan(how: How, sources: Sequence[_SourcePart], require_all: bool) -> Plan:
    try:
        return Plan(how=how, require_all=require_all, parts=tuple(source.planned for source in sources))
    except ValidationError as error:
        raise BundleError("; ".join(told["msg"] for told in error.errors(include_input=False))) from None


def _manifest(plan: Plan, parts: Manifests, files: dict[str, str]) -> Manifest:
    features, added, on_request = combined_features(parts), outputs(plan.how, parts), requested_outputs(parts)
    _check_names(features, (*added, *(output for outputs in on_request.values() for output in outputs)))
    first = next(iter(parts.values()))
    policies = {part.standardisation for part in parts.values() if part.standardisation is not None}
    return Manifest(
        script=SCRIPT,
        framework=f"{plan.how} of " + "; ".join(f"{name}: {part.framework}" for name, part in parts.items()),
        task="features" if plan.how == "concat" else first.task,
        targets=() if plan.how == "concat" else (_target(plan.how, parts),),
        classes=first.classes if plan.how == "vote" else (),
        features=features,
        outputs=added,
        on_request=on_request,
        standardisation=next(iter(policies)) if len(policies) == 1 else None,
        settings=_settings(plan),
        libraries=_libraries(parts),
        files=files,
        golden=UNKNOWN,
    )


def _check_names(features: Sequence[Feature], added: Sequence[Output]) -> None:
    names = [feature.name for feature in features] + [output.name for output in answer_columns(added)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise BundleError(f"two columns would be called {', '.join(doubled)}: give the parts other names")


def _target(how: How, parts: Manifests) -> Output:
    first = next(iter(parts.values())).targets[0]
    described = (
        f"{'Vote' if how == 'vote' else 'Mean'} of {', '.join(parts)}. The combination was not judged itself: the"
        " errors on compounds held out are those of its parts, on their own cards."
    )
    return first.model_copy(update={"description": " ".join(filter(None, [first.description, described]))})


def _settings(plan: Plan) -> dict[str, float | int | str | bool]:
    """For the card: how, and the model digest of each part."""
    settings: dict[str, float | int | str | bool] = {"how": plan.how, "require_all": plan.require_all}
    for part in plan.parts:
        settings[f"{part.name}_sha256"] = part.digest
        if plan.how == "weighted":
            settings[f"{part.name}_weight"] = part.weight
    return settings


def _libraries(parts: Manifests) -> dict[str, str]:
    """Of all parts; where they were made with different versions, each of these."""
    versions = {"pandas": {version_of("pandas")}}
    for part in parts.values():
        for library, version in part.libraries.items():
            versions.setdefault(library, set()).add(version)
    return {library: ", ".join(sorted(known)) for library, known in sorted(versions.items())}


def _check_golden_rows(source: _SourcePart) -> None:
    """What a part computes here is what it computed where it was made; the combination's golden rows rest on it."""
    own, golden = source.manifest, source.manifest.golden
    rows = read_features(pd.DataFrame(golden.input, dtype=object), own.features).frame
    artifacts = {path: data for path, data in source.files.items() if path != MANIFEST_NAME}
    again = golden_rows(own, artifacts, rows, golden.relative_tolerance)
    for column, expected in golden.output.items():
        for row, (want, got) in enumerate(zip(expected, again.output[column], strict=True)):
            if not _equal(want, got, golden.relative_tolerance):
                raise BundleError(
                    f"part {source.planned.name!r} computes another {column!r} of golden row {row} here than where it"
                    " was made: the libraries differ. Combine with those of its training, or train it again"
                )


def _equal(want: Cell, got: Cell, tolerance: float) -> bool:
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=tolerance, abs_tol=tolerance)
    return want == got


def _golden_inputs(features: Sequence[Feature], parts: Manifests) -> pd.DataFrame:
    """Rows in which each part in turn gives what it reads, and the others the rest."""
    golden = [part.golden.input for part in parts.values()]
    shifted = [golden[row % len(golden) :] + golden[: row % len(golden)] for row in range(GOLDEN_ROWS)]
    columns: dict[str, list[Cell]] = {
        feature.name: [_cell(feature.name, row, inputs) for row, inputs in enumerate(shifted)] for feature in features
    }
    return pd.DataFrame(columns, dtype=object)


def _cell(name: str, row: int, inputs: Sequence[Mapping[str, Sequence[Cell]]]) -> Cell:
    cells = next(own[name] for own in inputs if name in own)
    return cells[row % len(cells)]
