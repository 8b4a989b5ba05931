"""HTML without anything from elsewhere: every text escaped, no link, no script tag."""

import html
from collections.abc import Iterable, Sequence

from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.manifest import Cell, Feature, Manifest, Output, answer_columns

MOST_COLUMNS = 20
"""Columns of a model that are listed; the others are counted."""


def endpoint_html(description: EndpointDescription, status: str | None = None) -> str:
    """What a notebook shows of an endpoint: name, kind, status, model, columns with units, and a call to copy.

    Args:
        description: what AWS told of it.
        status: SageMaker's status, such as ``InService``; default: not shown.
    """
    manifest = description.manifest
    facts = {"kind": description.kind.replace("_", " ")}
    if status:
        facts["status"] = status
    if manifest is not None:
        facts |= _model_facts(manifest)
    facts["model digest"] = description.digest[:12] or "unknown: not deployed by Chem Endpoints"
    parts = [f"<h4>{html.escape(description.name)}</h4>", _facts(facts)]
    if manifest is not None:
        parts += [
            _listed("reads", manifest.features, ("column", "type", "unit", "missing values", "what it is")),
            _listed("adds", answer_columns(manifest.outputs), ("column", "type", "unit", "what it is")),
            f"<pre>{html.escape(example_call(description.name, manifest))}</pre>",
        ]
    return "<div>" + "".join(parts) + "</div>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table of texts."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def example_call(name: str, manifest: Manifest) -> str:
    """Python code that asks the endpoint for one row; ethanol stands for structures, as the bundle's may be secret."""
    features = manifest.features[:MOST_COLUMNS]
    cells = ", ".join(f"{feature.name!r}: [{_example(feature, manifest)!r}]" for feature in features)
    more = f"  # and {len(manifest.features) - MOST_COLUMNS} more" if len(manifest.features) > MOST_COLUMNS else ""
    return f"Endpoint({name!r}).inference(pd.DataFrame({{{cells}}})){more}"


def _example(feature: Feature, manifest: Manifest) -> Cell:
    if feature.dtype == "text":
        return feature.categories[0] if feature.categories else "CCO" if feature.name == SMILES else "…"
    return next((cell for cell in manifest.golden.input.get(feature.name, []) if cell is not None), 1)


def _model_facts(manifest: Manifest) -> dict[str, str]:
    targets = ", ".join(f"{one.name} ({one.unit})" if one.unit else one.name for one in manifest.targets)
    facts = {"model": f"{manifest.framework}, {manifest.task}"}
    return {**facts, "target": targets} if targets else facts


def _facts(facts: dict[str, str]) -> str:
    return table(("", ""), facts.items())


def _listed(verb: str, columns: Sequence[Feature | Output], header: Sequence[str]) -> str:
    rows = [_cells(column) for column in columns[:MOST_COLUMNS]]
    more = f"<p>and {len(columns) - MOST_COLUMNS} more</p>" if len(columns) > MOST_COLUMNS else ""
    return f"<p><b>{verb}</b></p>{table(header, rows)}{more}"


def _cells(column: Feature | Output) -> tuple[str, ...]:
    told = (column.name, column.dtype, column.unit or "")
    if isinstance(column, Feature):
        return (*told, "refused" if column.missing == "error" else "allowed", column.description)
    return (*told, column.description)
