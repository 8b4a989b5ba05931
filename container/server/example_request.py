"""A request to try, made for the model: in ``/docs``, in the OpenAPI document, and sent by the tests."""

import csv
import io
import json

from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.manifest import Cell, Dtype, Feature, Manifest

EXAMPLE_SMILES = "CCO"
"""Not a golden row's: those are training compounds, which are confidential."""

_NEUTRAL: dict[Dtype, Cell] = {"float64": 1.0, "int64": 1, "boolean": True, "text": "text"}


def example_row(manifest: Manifest) -> dict[str, Cell]:
    """Ethanol, where a structure is asked for, and a golden row's numbers, where there is one."""
    return {feature.name: _example_cell(feature, manifest) for feature in manifest.features}


def _example_cell(feature: Feature, manifest: Manifest) -> Cell:
    if feature.name.casefold() == SMILES:
        return EXAMPLE_SMILES
    if feature.categories:
        return feature.categories[0]
    known = [cell for cell in manifest.golden.input.get(feature.name, []) if cell is not None]
    return known[0] if known and feature.dtype != "text" else _NEUTRAL[feature.dtype]


def example_csv(manifest: Manifest) -> str:
    """The row as CSV."""
    text = io.StringIO()
    row = example_row(manifest)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row)
    writer.writerow("" if cell is None else cell for cell in row.values())
    return text.getvalue()


def example_json(manifest: Manifest) -> str:
    """The row as a JSON list of one object."""
    return json.dumps([example_row(manifest)], ensure_ascii=False)


def example_json_lines(manifest: Manifest) -> str:
    """The row as JSON Lines."""
    return json.dumps(example_row(manifest), ensure_ascii=False) + "\n"
