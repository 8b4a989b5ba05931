"""Reading the folder of declarations: all of it, or one error with everything that is wrong in it."""

from collections.abc import Iterable
from pathlib import Path

from chem_endpoints.spec.artifact_check import artifact_violations
from chem_endpoints.spec.endpoint_spec import EndpointSpec, models_of
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint
from chem_endpoints.spec.stage_check import crowded_callers, stage_violations, unknown_overrides
from chem_endpoints.spec.stages import Stage
from chem_endpoints.spec.violation import DeclarationError, Violation
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping


def load_endpoints(folder: Path, root: Path, *, stage: Stage | None = None) -> tuple[EndpointSpec, ...]:
    """The declarations of ``folder`` (``*.yaml``), sorted by endpoint name; none where the folder is empty.

    Args:
        folder: where the declarations lie.
        root: what the paths of local artifacts start from (the repository's root).
        stage: whose overrides and offers count; default: none, the declarations as they are written.

    Raises:
        DeclarationError: one line per mistake, over all files.
    """
    if not folder.is_dir():
        raise DeclarationError([f"{folder.name}: no such folder. Create it, or name another with -c endpoints=FOLDER"])
    specs: dict[str, EndpointSpec] = {}
    lines = [f"{folder.name}/{file.name}: rename it to {file.stem}.yaml" for file in sorted(folder.glob("*.yml"))]
    for file in sorted(folder.glob("*.yaml")):
        label = f"{folder.name}/{file.name}"
        try:
            written = read_mapping(file)
            specs[label] = parse_endpoint(stage.applied_to(written.get("name"), written) if stage else written)
        except (UnreadableFileError, InvalidDeclarationError) as error:
            lines += _lines(label, error.violations)
        else:
            for field, model in models_of(specs[label]):
                lines += _lines(label, artifact_violations(model, root, field=field))
            lines += _lines(label, stage_violations(specs[label], stage) if stage else ())
    lines += _doubled_names(specs)
    if stage and not lines:
        lines += unknown_overrides(stage, {spec.name for spec in specs.values()})
        lines += crowded_callers(stage, specs)
    if lines:
        raise DeclarationError(lines)
    return tuple(sorted(specs.values(), key=lambda spec: spec.name))


def _lines(file: str, violations: Iterable[Violation]) -> list[str]:
    return [violation.in_file(file) for violation in violations]


def _doubled_names(specs: dict[str, EndpointSpec]) -> list[str]:
    first: dict[str, str] = {}
    lines = []
    for file, spec in specs.items():
        if spec.name in first:
            reason = f"is declared in {first[spec.name]} too; an endpoint has one file, so rename or delete one"
            lines.append(Violation(field="name", reason=reason, value=spec.name).in_file(file))
        first.setdefault(spec.name, file)
    return lines
