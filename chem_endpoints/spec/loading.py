"""Reading the folder of declarations: all of it, or one error with everything that is wrong in it."""

from collections.abc import Iterable
from pathlib import Path

from chem_endpoints.spec.artifact_check import artifact_violations
from chem_endpoints.spec.endpoint_spec import EndpointSpec
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint
from chem_endpoints.spec.violation import DeclarationError, Violation
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping


def load_endpoints(folder: Path, root: Path) -> tuple[EndpointSpec, ...]:
    """The declarations of ``folder`` (``*.yaml``), sorted by endpoint name; none where the folder is empty.

    Args:
        folder: where the declarations lie.
        root: what the paths of local artifacts start from (the repository's root).

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
            specs[label] = parse_endpoint(read_mapping(file))
        except (UnreadableFileError, InvalidDeclarationError) as error:
            lines += _lines(label, error.violations)
        else:
            lines += _lines(label, artifact_violations(specs[label].model, root))
    lines += _doubled_names(specs)
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
