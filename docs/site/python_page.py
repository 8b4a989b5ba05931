"""The page on the Python API: what there is at a glance; on the site every name with its whole docstring."""

import inspect
from importlib import import_module

from page_parts import code, generated_page, prose, table

import chem_endpoints

INTRODUCTION = """\
What you may import; everything else may change. The tables say what there is. On the site each name follows with
its arguments, defaults and errors, from its docstring; on the repository's web page read the modules that are
named. How to use it: [predict from Python](../client.md)."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Ask endpoints": (
        "chem_endpoints.client.endpoint.Endpoint",
        "chem_endpoints.client.cache.cache.InferenceCache",
        "chem_endpoints.client.meta.endpoint.MetaEndpoint",
    ),
    "What they return": (
        "chem_endpoints.client.jobs.job.Job",
        "chem_endpoints.client.batch.result.BatchResult",
        "chem_endpoints.client.description.EndpointDescription",
    ),
    "Judge a model": (
        "chem_endpoints.client.quality.metrics.metrics",
        "chem_endpoints.client.quality.feedback.feedback",
    ),
    "Write a model script": ("chem_endpoints.wire.rows.each_row", "chem_endpoints.wire.columns.Reason"),
    "Test with a local AWS": (
        "chem_endpoints.local.pytest_plugin.local_aws",
        "chem_endpoints.local.pytest_plugin.local_aws_environment",
        "chem_endpoints.local.pytest_plugin.local_aws_options",
        "chem_endpoints.local.running.RunningLocalAws",
    ),
}
"""What the page shows, in its order; `chem_endpoints.__all__` is in it."""


def python_page() -> str:
    """The page.

    Raises:
        AssertionError: a public name is missing from it, or has no docstring.
    """
    shown = {place.rpartition(".")[2] for places in SECTIONS.values() for place in places}
    missing = set(chem_endpoints.__all__) - shown - {"EndpointError"}
    assert not missing, f"public, but not on the page: {sorted(missing)}"
    parts = []
    for title, places in SECTIONS.items():
        parts.append(f"## {title}")
        parts.append(table(["name", "import it from", "what it is"], [_row(place) for place in places]))
        parts += [f"::: {place}" for place in places]
    parts.append(
        "## Errors\n\nThe hierarchy below `EndpointError`, each with when it is raised: "
        "[errors](errors.md#errors-of-the-client)."
    )
    return generated_page("Python", INTRODUCTION, parts)


def _row(place: str) -> tuple[str, str, str]:
    module, _, name = place.rpartition(".")
    value = getattr(import_module(module), name)
    text = inspect.getdoc(getattr(value, "__wrapped__", value)) or ""
    assert text, f"{place}: has no docstring"
    shorter = "chem_endpoints" if name in chem_endpoints.__all__ else module
    return code(name), code(shorter), prose(text.partition("\n\n")[0])
