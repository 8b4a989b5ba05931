"""``/docs``: the model's columns, figures and a request to copy, as one page that needs no network."""

import shlex
from html import escape

from chem_endpoints.wire.manifest import Feature, Manifest, Output, answer_columns
from container.server.openapi import example_csv

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
    "pre{background:#f3f3f3;padding:1rem;overflow:auto}"
)


def docs_page(endpoint: str, digest: str, manifest: Manifest) -> str:
    """The page as HTML."""
    target = f"{manifest.target.name} {_in_unit(manifest.target.unit)}"
    lines = " ".join(shlex.quote(line) for line in example_csv(manifest).splitlines())
    curl = (
        f"printf '%s\\n' {lines} | curl -H 'Content-Type: text/csv' --data-binary @- http://localhost:8080/invocations"
    )
    figures = "".join(
        f"<tr><td>{escape(m.split)} split</td><td>{m.rmse:.2f}</td><td>{m.mae:.2f}</td><td>{m.r2:.2f}</td>"
        f"<td>{m.mean_baseline_rmse:.2f}</td></tr>"
        for m in manifest.training.metrics
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(endpoint)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(endpoint)}</h1>"
        f"<p>Predicts <b>{escape(target)}</b>. {escape(manifest.target.description)}</p>"
        f"<p>{escape(manifest.framework)}, trained on {manifest.training.rows} rows. {escape(manifest.training.note)}"
        f" Structures: {escape(manifest.standardisation)}.</p>"
        f"<h2>Columns to send</h2>{_table(manifest.features)}"
        f"<h2>Columns that come back</h2>{_table(answer_columns(manifest.outputs))}"
        f"<h2>Example</h2><pre>{escape(curl)}</pre>"
        "<h2>Errors on compounds held out</h2><table><tr><th></th><th>RMSE</th><th>MAE</th><th>R²</th>"
        f"<th>RMSE of the training mean</th></tr>{figures}</table>"
        f"<p>Model digest <code>{escape(digest)}</code> · <a href='/model'>model card</a> ·"
        " <a href='/openapi.json'>OpenAPI</a> · <a href='/health'>health</a></p></html>"
    )


def _table(columns: tuple[Feature, ...] | tuple[Output, ...]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(column.name)}</code></td><td>{column.dtype}</td>"
        f"<td>{escape(column.unit or '')}</td><td>{escape(column.description)}</td></tr>"
        for column in columns
    )
    return f"<table><tr><th>column</th><th>type</th><th>unit</th><th>what it is</th></tr>{rows}</table>"


def _in_unit(unit: str | None) -> str:
    return f"in {unit}" if unit else ""
