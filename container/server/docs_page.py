"""``/docs``: the model's columns, figures and requests to copy, as one page that needs no network."""

import shlex
from collections.abc import Sequence
from html import escape

from chem_endpoints.wire.content_types import CSV, JSON, JSON_LINES
from chem_endpoints.wire.manifest import (
    FIGURES,
    Feature,
    Manifest,
    Output,
    Standardisation,
    Training,
    answer_columns,
)
from chem_endpoints.wire.options import HEADER
from container.server.example_request import example_csv, example_json, example_json_lines
from container.server.openapi import OPTIONS

URL = "http://localhost:8080/invocations"
"""Where the container listens; SageMaker's own address needs signed requests."""

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
    "pre{background:#f3f3f3;padding:1rem;overflow:auto}"
)


POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""``Content-Security-Policy`` of the page: nothing runs in it, whatever a manifest says."""


def docs_page(
    endpoint: str, digest: str, manifest: Manifest | None, *, layout: str = "", features: Sequence[str] = ()
) -> str:
    """The page as HTML; ``layout`` and ``features`` say what is known of a bundle without a manifest."""
    body = _declared(manifest) if manifest else _foreign(layout, features)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(endpoint)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(endpoint)}</h1>{body}{_options()}"
        f"<p>Model digest <code>{escape(digest)}</code> · <a href='model'>model card</a> ·"
        " <a href='openapi.json'>OpenAPI</a> · <a href='health'>health</a> · <a href='./'>try it</a></p></html>"
    )


def example_requests(manifest: Manifest) -> dict[str, str]:
    """Title → shell command that runs as it stands."""
    lines = example_csv(manifest).splitlines()
    return {
        "CSV": _curl(lines, CSV),
        "JSON": _curl([example_json(manifest)], JSON),
        "JSON Lines, streamed as rows are predicted": _curl(
            example_json_lines(manifest).splitlines(), JSON_LINES, "-N", f"-H 'Accept: {JSON_LINES}'"
        ),
        "Refuse the whole request if a row does not fit": _curl(lines, CSV, f"-H '{HEADER}: strict=true'"),
    }


def _curl(lines: list[str], content_type: str, *arguments: str) -> str:
    sent = " ".join(shlex.quote(line) for line in lines)
    options = " ".join([*arguments, f"-H 'Content-Type: {content_type}'", "--data-binary @-"])
    return f"printf '%s\\n' {sent} | curl {options} {URL}"


def _declared(manifest: Manifest) -> str:
    examples = "".join(
        f"<h3>{escape(title)}</h3><pre>{escape(command)}</pre>" for title, command in example_requests(manifest).items()
    )
    on_request = "".join(
        f"<h3>With the option <code>{escape(option)}=true</code></h3>{_table(outputs)}"
        for option, outputs in manifest.on_request.items()
    )
    return (
        f"{''.join(_predicted(target) for target in manifest.targets)}"
        f"<p>{escape(manifest.framework)}{_trained(manifest.training)}{_structures(manifest.standardisation)}</p>"
        f"<h2>Columns to send</h2>{_table(manifest.features)}"
        f"<h2>Columns that come back</h2>{_table(answer_columns(manifest.outputs))}{on_request}"
        f"<h2>Examples</h2>{examples}{_errors(manifest.training)}"
    )


def _predicted(target: Output) -> str:
    return f"<p>Predicts <b>{escape(target.name)} {_in_unit(target.unit)}</b>. {escape(target.description)}</p>"


def _trained(training: Training | None) -> str:
    return f", trained on {training.rows} rows. {escape(' '.join(training.notes))}" if training else "."


def _structures(standardisation: Standardisation | None) -> str:
    if standardisation is None:
        return ""
    tautomer = " and turned into their canonical tautomer" if standardisation.tautomer else ""
    policies = {
        "none": "taken as they are sent",
        "parent": f"stripped of counterions, neutralised{tautomer}",
        "salt": f"neutralised with their counterions{tautomer}",
    }
    return f" Structures are {policies[standardisation.policy]}."


def _foreign(layout: str, features: Sequence[str]) -> str:
    items = "".join(f"<li><code>{escape(name)}</code></li>" for name in features)
    listed = f"<ul>{items}</ul>" if items else "<p>Its files do not name them; ask whoever trained it.</p>"
    return (
        f"<p>This model came without a manifest (layout: {escape(layout)}): what it reads, returns and was trained on"
        f" is known to its own script alone.</p><h2>Columns that its script reads</h2>{listed}"
    )


def _errors(training: Training | None) -> str:
    if training is None or not training.metrics:
        return ""
    figures = [name for name in FIGURES if any(name in metrics.figures for metrics in training.metrics)]
    header = "".join(f"<th>{escape(FIGURES[name])}</th>" for name in figures)
    rows = "".join(
        f"<tr><td>{escape(m.target)}, {escape(m.split)} split</td>"
        + "".join(f"<td>{m.figures[name]:.2f}</td>" if name in m.figures else "<td></td>" for name in figures)
        + "</tr>"
        for m in training.metrics
    )
    return f"<h2>Errors on compounds held out</h2><table><tr><th></th>{header}</tr>{rows}</table>{_coverage(training)}"


def _coverage(training: Training) -> str:
    if not training.coverage:
        return ""
    rows = "".join(
        f"<tr><td>{escape(c.target)}, {escape(c.among)}</td><td>{c.rows}</td><td>{c.covered:.0%}</td>"
        f"<td>{c.mean_width:.2f}</td><td>{'yes' if c.guaranteed else 'no'}</td></tr>"
        for c in training.coverage
    )
    return (
        "<h2>How often the 90 % interval held</h2><table><tr><th></th><th>rows</th><th>covered</th><th>mean width</th>"
        f"<th>guaranteed</th></tr>{rows}</table>"
    )


def _options() -> str:
    rows = "".join(f"<tr><td><code>{key}</code></td><td>{escape(told)}</td></tr>" for key, told in OPTIONS.items())
    return f"<h2>Options</h2><p>In the header <code>{HEADER}: key=value;…</code></p><table>{rows}</table>"


def _table(columns: tuple[Feature, ...] | tuple[Output, ...]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(column.name)}</code></td><td>{column.dtype}</td>"
        f"<td>{escape(column.unit or '')}</td><td>{escape(column.description)}</td></tr>"
        for column in columns
    )
    return f"<table><tr><th>column</th><th>type</th><th>unit</th><th>what it is</th></tr>{rows}</table>"


def _in_unit(unit: str | None) -> str:
    return f"in {escape(unit)}" if unit else ""
